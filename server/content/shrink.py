"""The short-lived process that opens pictures, so that none can harm the server: ``python -m server.content.shrink``.

Takes one job as JSON on stdin, writes the files that it names, answers with JSON on stdout. Nothing else imports it.
"""

import io
import json
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

MEMORY = 1 << 30
SECONDS = 30
MOST_BYTES = 3_500_000
"""What every provider takes, also as base64."""
KEPT = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


class Refused(Exception):
    """The picture cannot be taken; the message is for the person."""


def main() -> None:
    job = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        answer = shrink(job)
    except Refused as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "this picture needs more memory than there is: send a smaller one"}
    json.dump(answer, sys.stdout)


def shrink(job: dict[str, Any]) -> dict[str, Any]:
    """``source``, ``target``, ``thumb`` are paths; ``longest``, ``preview`` sides and ``most`` an area in pixels.

    Without ``longest`` the picture stays as it is, to the byte. Raises Refused.
    """
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the size is checked here, before anything is decoded
    try:
        picture = Image.open(job["source"])
    except UnidentifiedImageError:
        raise Refused("this picture cannot be read here: send it as JPEG or PNG") from None
    except (OSError, SyntaxError, ValueError):
        raise Refused("this picture is damaged: send it again") from None
    with picture:
        width, height = picture.size
        if width * height > job["most"]:
            size, most = width * height / 1e6, job["most"] / 1e6
            raise Refused(f"this picture has {size:.0f} megapixels, and {most:.0f} is the most: make it smaller")
        try:
            return _work(picture, job)
        except (OSError, SyntaxError, ValueError):
            raise Refused("this picture is damaged or cut off: send it again") from None


def _work(picture: "Image.Image", job: dict[str, Any]) -> dict[str, Any]:
    from PIL import Image, ImageOps

    kind = str(picture.format)
    if job.get("longest") and kind == "JPEG":
        picture.draft("RGB", (job["longest"], job["longest"]))  # decodes no more than is needed
    shown = _in_srgb(ImageOps.exif_transpose(picture))
    shown = _plain(shown)
    if longest := job.get("longest"):
        shown.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        media_type, data = _encoded(shown, kind)
        Path(job["target"]).write_bytes(data)
    else:
        media_type = KEPT.get(kind) or ("image/gif" if kind == "GIF" else "")
        if not media_type:
            raise Refused("this picture is in a format that cannot be shown")
        Path(job["target"]).write_bytes(Path(job["source"]).read_bytes())
    size = shown.size
    shown.thumbnail((job["preview"], job["preview"]), Image.Resampling.LANCZOS)
    shown.save(job["thumb"], "WEBP", quality=75)
    return {"type": media_type, "width": size[0], "height": size[1]}


def _plain(picture: "Image.Image") -> "Image.Image":
    """RGB, or RGBA where something shines through."""
    alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    wanted = "RGBA" if alpha else "RGB"
    return picture if picture.mode == wanted else picture.convert(wanted)


def _in_srgb(picture: "Image.Image") -> "Image.Image":
    """The colours as they are meant, since the profile that says so is not kept."""
    from PIL import ImageCms

    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        return picture
    return turned or picture


def _encoded(picture: "Image.Image", kind: str) -> tuple[str, bytes]:
    """As what it was where models take that; anew, so that no metadata comes along."""
    kept = kind if kind in KEPT else ("PNG" if picture.mode == "RGBA" or kind == "GIF" else "JPEG")
    if kept == "JPEG" and picture.mode == "RGBA":
        kept = "PNG"
    data = _saved(picture, kept)
    if len(data) > MOST_BYTES:
        kept = "WEBP" if picture.mode == "RGBA" else "JPEG"
        data = _saved(picture, kept)
    return KEPT[kept], data


def _saved(picture: "Image.Image", kind: str) -> bytes:
    picture.info.clear()
    buffer = io.BytesIO()
    if kind == "PNG":
        picture.save(buffer, "PNG", optimize=True)
    else:
        picture.save(buffer, kind, quality=85)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
