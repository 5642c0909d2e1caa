"""A browser of each size in each theme, and what it sees as a small PNG."""

import io
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

HOST = "raspberrypi.local"
SIZES: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "has_touch": True,
        "is_mobile": True,
        "device_scale_factor": 2,
    },
    "desktop": {"viewport": {"width": 1280, "height": 800}, "device_scale_factor": 1.5},
}
THEMES = {"night": "dark", "day": "light"}
COLOURS = 256
EVENING = 21
TOKENS = Path(__file__).parents[1] / "web" / "styles" / "tokens.css"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@asynccontextmanager
async def browser(port: int) -> AsyncIterator[Browser]:
    """Chromium, for which ``http://raspberrypi.local`` is the program on ``port`` and as good as HTTPS."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    args = [
        *QUIET,
        f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{port}",
        f"--unsafely-treat-insecure-origin-as-secure=http://{HOST}",
    ]
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=found or None, args=args)
        yield running
        await running.close()


@asynccontextmanager
async def context(browser: Browser, size: str, theme: str, state: Any = None) -> AsyncIterator[BrowserContext]:
    opened = await browser.new_context(
        **SIZES[size],
        color_scheme=THEMES[theme],
        storage_state=state,
        service_workers="block",
        locale="en-GB",
        timezone_id=evening(),
    )
    opened.set_default_timeout(15_000)
    try:
        yield opened
    finally:
        await opened.close()


async def take(page: Page, path: Path) -> int:
    """Writes the picture; its size in bytes."""
    await page.evaluate("document.fonts.ready")
    raw = await page.screenshot(animations="disabled", caret="hide")
    picture = Image.open(io.BytesIO(raw)).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(palette=_palette(picture), dither=Image.Dither.NONE).save(path, optimize=True)
    return path.stat().st_size


def _palette(picture: Image.Image) -> Image.Image:
    """The page's own colours as they are, and the best of the rest."""
    ours = sorted(set(re.findall(r"#([0-9a-f]{6})\b", TOKENS.read_text())))
    rest = picture.quantize(COLOURS - len(ours), dither=Image.Dither.NONE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*(part for colour in ours for part in bytes.fromhex(colour)), *rest][: 3 * COLOURS])
    return palette


def evening() -> str:
    """A time zone in which it is nine in the evening."""
    ahead = (EVENING - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
