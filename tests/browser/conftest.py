"""A browser, a phone-size context in it, and pages that are signed in."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright, expect

from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House
from tests.upstream import Upstream

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
NOT_NEEDED = (
    "AimEnabled",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
)
"""What Playwright switches off, and the address bar, which would be a page of its own beside every page."""
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    f"--disable-features={','.join(NOT_NEEDED)}",
)

PATIENCE = 30
"""Seconds that something may take on a busy machine before a test says that it does not happen."""

expect.set_options(timeout=PATIENCE * 1000)


def executable() -> str | None:
    """The machine's Chromium where there is one, else Playwright's own."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or None


@pytest.fixture(scope="session")
async def playwright(anyio_backend: str) -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest.fixture(scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    running = await playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
    yield running
    await running.close()


@pytest.fixture
def workers(request: pytest.FixtureRequest) -> str:
    """Whether a page may have its service worker; to fetch and to keep every file costs as much as the page itself."""
    return "allow" if request.node.get_closest_marker("worker") else "block"


async def screen(browser: Browser, workers: str, **kind: Any) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(**kind, color_scheme="dark", service_workers=workers)
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    await context.close()


@pytest.fixture
async def phone_screen(browser: Browser, workers: str) -> AsyncIterator[BrowserContext]:
    """A phone's browser that nobody has used yet."""
    async for context in screen(browser, workers, **PHONE):
        yield context


@pytest.fixture
async def desk_screen(browser: Browser, workers: str) -> AsyncIterator[BrowserContext]:
    async for context in screen(browser, workers, **DESKTOP):
        yield context


@pytest.fixture
async def ada(house: House, phone_screen: BrowserContext) -> AsyncIterator[Hand]:
    """Ada at her phone, signed in, at an empty chat. Ends with the check that no script failed."""
    await house.services.users.create(*ADA)
    hand = await Hand.inside(phone_screen, house.url, *ADA)
    yield hand
    assert hand.problems == []


@pytest.fixture
async def ada_at_desk(house: House, ada: Hand, desk_screen: BrowserContext) -> AsyncIterator[Hand]:
    """The same Ada at her laptop."""
    hand = await Hand.inside(desk_screen, house.url, *ADA)
    yield hand
    assert hand.problems == []


@dataclass(frozen=True, slots=True)
class Inn:
    """A house where many stay, one after the other: for tests that leave nothing that the next one would notice."""

    house: House
    upstream: Upstream
    signed_in: dict[str, Any]
    """What a browser keeps of Ada's session."""


@pytest.fixture(scope="session")
async def inn(empty_house: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Inn]:
    with Upstream() as upstream:
        house = House.over(
            empty_house,
            tmp_path_factory.mktemp("inn") / "data",
            OPENAI_API_KEY="sk-test-openai-0001",
            OPENAI_BASE_URL=upstream.openai,
            LLM_ROUTER_RETRY_WAIT_MAX="0.2",
            LLM_ROUTER_SERVICE_WORKER="false",
        )
        await house.start()
        await house.services.users.create(*ADA)
        context = await browser.new_context()
        await Hand.inside(context, house.url, *ADA)
        signed_in = await context.storage_state()
        await context.close()
        yield Inn(house, upstream, dict(signed_in))
        await house.stop()


@pytest.fixture
def provider(inn: Inn) -> Iterator[Upstream]:
    """The inn's upstream, told nothing yet."""
    inn.upstream.reset()
    yield inn.upstream
    inn.upstream.check()
    inn.upstream.reset()


async def staying(browser: Browser, inn: Inn, script: str = "", **screen: Any) -> AsyncIterator[Hand]:
    """Ada at a screen in the inn; ``script`` runs before everything else in her page."""
    context = await browser.new_context(**{"color_scheme": "dark", "storage_state": inn.signed_in, **screen})
    if script:
        await context.add_init_script(script)
    context.set_default_timeout(PATIENCE * 1000)
    hand = await Hand.on(context, inn.house.url)
    await expect(hand.prompt).to_be_visible()
    yield hand
    await context.close()
    assert hand.problems == []


@pytest.fixture
async def guest(browser: Browser, inn: Inn, provider: Upstream) -> AsyncIterator[Hand]:
    """Ada at her phone, in the inn, at an empty chat."""
    async for hand in staying(browser, inn, **PHONE):
        yield hand


@pytest.fixture
async def guest_at_desk(browser: Browser, inn: Inn, provider: Upstream) -> AsyncIterator[Hand]:
    """Ada at a desk, in the inn, at an empty chat."""
    async for hand in staying(browser, inn, **DESKTOP):
        yield hand
