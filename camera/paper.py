"""A page of a conversation's PDF, as it comes out of the export."""

from pathlib import Path

import pypdfium2
from PIL import Image
from playwright.async_api import expect

from camera.lens import COLOURS
from camera.screens import Shot

WIDTH = 780
"""Pixels, as a picture of the phone has."""


async def take(shot: Shot, path: Path) -> int:
    """Writes the picture of the first page; its size in bytes."""
    await shot.to("rust lifetimes")
    await shot.hand.say("/export pdf")
    async with shot.hand.page.expect_download(timeout=60_000) as coming:
        await expect(shot.hand.page.get_by_role("dialog")).to_contain_text("PDF")
    document = pypdfium2.PdfDocument(await (await coming.value).path())
    page = document[0]
    picture: Image.Image = page.render(scale=WIDTH / page.get_width()).to_pil().convert("RGB")
    document.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    return path.stat().st_size
