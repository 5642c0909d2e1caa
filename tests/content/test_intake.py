import hashlib
import io
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from server.content import attachments
from server.content.files import FRESH, Files
from server.content.intake import MAX_TEXT, Intake
from server.errors import BadRequest, TooLarge
from server.ids import now
from tests.house import House
from tests.phone import Phone
from tests.pictures import PDF, SVG, bomb, picture, turned_photo

pytestmark = pytest.mark.anyio


@pytest.fixture
async def intake(house: House) -> Intake:
    found: Intake = house.services.intake
    return found


@pytest.fixture
async def ada(phone: Phone) -> str:
    return str(phone.session["user"]["id"])


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 7000):
        yield content[at : at + 7000]


async def give(intake: Intake, user: str, name: str, content: bytes) -> Any:
    return await intake.take(user, name, pieces(content))


def shown(intake: Intake, row: Any) -> Image.Image:
    return Image.open(io.BytesIO(intake.files.path(row.sha256).read_bytes()))


async def test_a_file_lies_under_its_hash_for_its_owner_only(intake: Intake, ada: str) -> None:
    row = await give(intake, ada, "a.pdf", PDF)
    place = intake.files.path(row.sha256)
    assert row.sha256 == hashlib.sha256(PDF).hexdigest() == place.name
    assert place.parent.name == row.sha256[:2]
    assert place.stat().st_mode & 0o777 == 0o600 and place.parent.stat().st_mode & 0o077 == 0
    assert (row.type, row.size, row.width) == ("application/pdf", len(PDF), None)


async def test_the_same_content_is_stored_once_and_the_same_file_is_one_row(intake: Intake, ada: str) -> None:
    first, again = await give(intake, ada, "a.txt", b"hello"), await give(intake, ada, "a.txt", b"hello")
    other = await give(intake, ada, "b.txt", b"hello")
    assert first.id == again.id != other.id
    assert len(list(intake.files.folder.glob("??/*"))) == 1
    assert list(intake.files.folder.glob("new-*")) == []


async def test_a_photo_is_turned_upright_and_says_nothing_of_its_camera(intake: Intake, ada: str) -> None:
    row = await give(intake, ada, "photo.jpg", turned_photo())
    assert (row.type, row.width, row.height) == ("image/jpeg", 40, 80)
    kept = shown(intake, row)
    assert dict(kept.getexif()) == {} and b"Secret" not in intake.files.path(row.sha256).read_bytes()
    red, _, blue = kept.convert("RGB").getpixel((36, 3))  # type: ignore[misc]
    assert blue > red, "the corner that was on the left is on the right"


async def test_a_large_picture_is_made_smaller_and_gets_a_small_version(intake: Intake, ada: str) -> None:
    row = await give(intake, ada, "wide.jpg", picture(5000, 1000, "JPEG"))
    assert (row.width, row.height) == (2048, 410) == shown(intake, row).size
    with Image.open(intake.files.thumb(row.sha256)) as small:
        assert max(small.size) == 512 and small.format == "WEBP"


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("a.png", picture(mode="RGBA"), "image/png"),
        ("a.webp", picture(kind="WEBP"), "image/webp"),
        ("a.gif", picture(kind="GIF"), "image/png"),
        ("a.bmp", picture(kind="BMP"), "image/jpeg"),
        ("a.avif", picture(kind="AVIF"), "image/jpeg"),
        ("a.tiff", picture(kind="TIFF", mode="RGBA"), "image/png"),
    ],
)
async def test_pictures_are_kept_as_models_take_them(
    intake: Intake, ada: str, name: str, content: bytes, kept: str
) -> None:
    row = await give(intake, ada, name, content)
    assert row.type == kept and (row.width, row.height) == (60, 40)
    assert row.name.endswith({"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}[kept])


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.txt", b"", "empty"),
        ("big.png", bomb(10_000, 10_000), "100 megapixels, and 64 is the most"),
        ("a.png", picture()[:60], "damaged"),
        ("a.png", SVG, "not a picture"),
        ("a.pdf", b"no pdf at all", "not a PDF"),
        ("a.pdf", picture(), "not a PDF"),
        ("a.pdf", PDF[:30], "damaged or cut off"),
        ("tool.exe", b"MZ\x90\x00\x03", "no kind of file that models read"),
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "send it as JPEG or PNG"),
    ],
)
async def test_what_is_wrong_with_a_file_is_said_in_a_sentence(
    intake: Intake, ada: str, name: str, content: bytes, why: str
) -> None:
    with pytest.raises(BadRequest, match=why):
        await give(intake, ada, name, content)
    assert [path for path in intake.files.folder.rglob("*") if path.is_file()] == []


async def test_a_small_file_that_claims_to_be_huge_does_not_fill_the_memory(intake: Intake, ada: str) -> None:
    with pytest.raises(BadRequest, match=r"megapixels|damaged"):
        await give(intake, ada, "bomb.png", bomb(30_000, 30_000))
    with pytest.raises(BadRequest, match="damaged"):
        await give(intake, ada, "bomb.png", bomb(7000, 7000))


async def test_source_of_a_page_or_a_drawing_is_text_and_nothing_else(intake: Intake, ada: str) -> None:
    drawing = await give(intake, ada, "logo.svg", SVG)
    page = await give(intake, ada, "page.html", b"<!doctype html><script>alert(1)</script>")
    assert drawing.type == page.type == "text/plain"


async def test_a_file_over_the_limit_is_refused_before_it_is_all_here(intake: Intake, ada: str) -> None:
    intake.limit = 20_000
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        while True:
            seen += 8000
            yield b"x" * 8000

    with pytest.raises(TooLarge, match="too large"):
        await intake.take(ada, "a.txt", endless())
    assert seen == 24_000


async def test_a_text_that_no_model_could_read_whole_is_refused(intake: Intake, ada: str) -> None:
    with pytest.raises(TooLarge, match="this text is too long"):
        await give(intake, ada, "a.txt", b"x" * (MAX_TEXT + 1))


async def test_what_no_message_took_goes_after_a_day_and_its_file_with_it(
    house: House, intake: Intake, ada: str
) -> None:
    orphan = await give(intake, ada, "old.txt", b"old")
    fresh = await give(intake, ada, "new.txt", b"new")

    def age(connection: Any) -> None:
        table = attachments.attachments
        before = now() - timedelta(days=2)
        connection.execute(table.update().where(table.c.id == orphan.id).values(created_at=before))

    await house.services.database.write(age)
    make_old(intake.files.path(orphan.sha256))
    make_old(intake.files.path(fresh.sha256))
    await intake.sweep()
    assert not intake.files.path(orphan.sha256).exists() and intake.files.path(fresh.sha256).exists()


async def test_a_file_that_is_just_being_written_is_not_tidied_away(intake: Intake) -> None:
    under_way, left_over = intake.files.temporary(), intake.files.temporary()
    make_old(left_over)
    await intake.sweep()
    assert under_way.exists() and not left_over.exists()


def make_old(path: Path) -> None:
    before = path.stat().st_mtime - FRESH - 60
    os.utime(path, (before, before))


def test_a_file_that_is_discarded_while_strays_are_looked_for_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "new-discarded").symlink_to(tmp_path / "nothing")
    old = tmp_path / "new-old"
    old.touch()
    os.utime(old, (0, 0))
    assert list(Files(tmp_path).strays(frozenset())) == [old]
