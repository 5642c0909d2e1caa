"""A browser, a phone-size context in it, and pages that are signed in."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright, expect

from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
async def playwright(anyio_backend: str) -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest.fixture(scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """The machine's Chromium where there is one, else Playwright's own."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    running = await playwright.chromium.launch(executable_path=found or None, args=list(QUIET))
    yield running
    await running.close()


@pytest.fixture
async def phone_screen(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A phone's browser that nobody has used yet."""
    context = await browser.new_context(**PHONE, color_scheme="dark")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    yield context
    await context.close()


@pytest.fixture
async def desk_screen(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(**DESKTOP, color_scheme="dark")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    yield context
    await context.close()


@pytest.fixture
async def ada(house: House, phone_screen: BrowserContext) -> AsyncIterator[Hand]:
    """Ada at her phone, signed in, at an empty chat. Ends with the check that no script failed."""
    await house.services.users.create(*ADA)
    hand = await Hand.on(phone_screen, house.url)
    await hand.sign_in(*ADA)
    yield hand
    assert hand.problems == []


@pytest.fixture
async def ada_at_desk(house: House, ada: Hand, desk_screen: BrowserContext) -> AsyncIterator[Hand]:
    """The same Ada at her laptop."""
    hand = await Hand.on(desk_screen, house.url)
    await hand.sign_in(*ADA)
    yield hand
    assert hand.problems == []
