"""What a file is, decided by its content. The name and what the sender says only tell whether somebody is mistaken."""

import codecs
import re
from pathlib import PurePosixPath

from server.errors import BadRequest

PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""What models take; every other picture becomes one of these."""
PDF = "application/pdf"
TEXT = "text/plain"

MAX_NAME = 120
_HEAD = 1024
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"mif1": "image/heic", b"msf1": "image/heic"}
_CLAIMS = {
    "a picture": re.compile(r"\.(png|jpe?g|webp|gif|heic|heif|avif|bmp|tiff?)$", re.IGNORECASE),
    "a PDF": re.compile(r"\.pdf$", re.IGNORECASE),
}
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def of(head: bytes, tail: bytes) -> str | None:
    """The media type of what begins and ends like this, in some KB each; None for what may be text, or nothing known.

    Raises BadRequest for a file that only begins like a PDF.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return _BRANDS.get(brand) or ("image/heic" if brand[:2] in (b"he", b"hv") else None)
    if head.startswith((b"II*\x00", b"MM\x00*")):
        return "image/tiff"
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if b"%PDF-" in head[:_HEAD]:
        if b"%%EOF" not in tail or b"startxref" not in tail:
            raise BadRequest("this PDF is damaged or cut off: send it again, whole", code="damaged")
        return PDF
    return None


def honest(name: str, found: str) -> None:
    """Raises BadRequest when the name claims that the file is something else."""
    for claim, pattern in _CLAIMS.items():
        fits = found == PDF if claim == "a PDF" else found.startswith("image/")
        if pattern.search(name) and not fits:
            raise BadRequest(f"{name} is not {claim}, whatever its name says", code="not_what_it_says")


class TextCheck:
    """Feed it a file in pieces: ``good`` as long as it is UTF-8 text."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.good = True

    def feed(self, chunk: bytes, final: bool = False) -> None:
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self.good = False
        else:
            self.good = self.good and "\0" not in text


def clean_name(name: str) -> str:
    """A name without folders, control characters and tricks of direction, of bounded length."""
    last = PurePosixPath(_UNSEEN.sub("", name).replace("\\", "/")).name.strip().lstrip(".")
    if len(last) > MAX_NAME:
        stem, dot, suffix = last.rpartition(".")
        last = f"{stem[: MAX_NAME - 12]}{dot}{suffix[:10]}" if dot else last[:MAX_NAME]
    return last or "file"


def renamed(name: str, media_type: str) -> str:
    """The name with the ending of a picture's new format."""
    suffix = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif"}[media_type]
    stem = name.rpartition(".")[0] or name
    same = name.lower().endswith((suffix, ".jpeg") if suffix == ".jpg" else suffix)
    return name if same else stem + suffix
