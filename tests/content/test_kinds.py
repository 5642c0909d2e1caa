import pytest

from server.content import kinds
from server.content.kinds import TextCheck
from server.errors import BadRequest
from tests.pictures import PDF, SVG, picture


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (picture(), "image/png"),
        (picture(kind="JPEG"), "image/jpeg"),
        (picture(kind="WEBP"), "image/webp"),
        (picture(kind="GIF"), "image/gif"),
        (picture(kind="AVIF"), "image/avif"),
        (picture(kind="TIFF"), "image/tiff"),
        (picture(kind="BMP"), "image/bmp"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic"),
        (PDF, "application/pdf"),
        (b"junk before it\n" + PDF, "application/pdf"),
        (SVG, None),
        (b"<!doctype html><script>", None),
        (b"hello", None),
        (b"MZ\x90\0", None),
    ],
)
def test_the_content_says_what_a_file_is(content: bytes, kind: str | None) -> None:
    assert kinds.of(content[:4096], content[-4096:]) == kind


def test_a_pdf_that_was_cut_off_is_none() -> None:
    with pytest.raises(BadRequest, match="damaged or cut off"):
        kinds.of(PDF[:40], PDF[:40])


@pytest.mark.parametrize(
    ("name", "found"), [("a.png", "text/plain"), ("a.JPG", "application/pdf"), ("a.pdf", "text/plain")]
)
def test_a_name_that_lies_is_refused(name: str, found: str) -> None:
    with pytest.raises(BadRequest, match="whatever its name says"):
        kinds.honest(name, found)


@pytest.mark.parametrize(
    ("name", "found"), [("a.png", "image/jpeg"), ("a.pdf", "application/pdf"), ("a.svg", "text/plain")]
)
def test_a_name_that_is_near_enough_is_taken(name: str, found: str) -> None:
    kinds.honest(name, found)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a/b/../c.txt", "c.txt"),
        ("..", "file"),
        (".hidden", "hidden"),
        ("", "file"),
        ("line\nbreak\0.txt", "linebreak.txt"),
        ("annual\u202efdp.exe", "annualfdp.exe"),
        ("фото 1.png", "фото 1.png"),
        ("x" * 300 + ".png", "x" * 108 + ".png"),
    ],
)
def test_a_name_keeps_nothing_that_could_lead_elsewhere(given: str, kept: str) -> None:
    assert kinds.clean_name(given) == kept


def test_a_picture_in_another_format_gets_its_ending() -> None:
    assert kinds.renamed("a.heic", "image/jpeg") == "a.jpg"
    assert kinds.renamed("a.JPEG", "image/jpeg") == "a.JPEG"
    assert kinds.renamed("picture", "image/png") == "picture.png"


def test_text_may_be_cut_anywhere_between_its_bytes() -> None:
    check = TextCheck()
    for byte in "naïve 日本語 👩‍💻".encode():
        check.feed(bytes([byte]))
    check.feed(b"", final=True)
    assert check.good


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b", "half a é".encode()[:-1]])
def test_what_is_no_utf8_text_is_no_text(content: bytes) -> None:
    check = TextCheck()
    check.feed(content)
    check.feed(b"", final=True)
    assert not check.good
