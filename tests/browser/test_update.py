"""From one version of the page to the next: in the background, offered when idle, never half and half, never back."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect
from playwright.async_api import Route as Held
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.main import WEB
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = [pytest.mark.anyio, pytest.mark.worker]

LONG = "\n\n".join(f"Paragraph {n} of many." for n in range(40))
REGISTRATIONS = "navigator.serviceWorker.getRegistrations().then((all) => all.length)"
SOMEBODY_ELSE = """
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(caches.open("theirs").then(() => clients.claim())));
self.addEventListener("fetch", (event) => {
  const page = new Response("<h1>what was here before</h1>", { headers: { "Content-Type": "text/html" } });
  if (event.request.mode === "navigate") event.respondWith(page);
});
"""


def page_of(tmp_path: Path, version: str) -> Path:
    """A copy of the page whose help screen says which version it is."""
    folder = shutil.copytree(WEB, tmp_path / version)
    script = folder / "ui" / "help.js"
    source = script.read_text()
    assert 'customElements.define("help-screen"' in source
    script.write_text(
        f'{source}\ncustomElements.whenDefined("help-screen").then(() => console.info("help of {version}"));\n'
    )
    return folder


@pytest.fixture
async def ada_kept(ada: Hand) -> Hand:
    """Ada, whose browser has the page for later."""
    await ada.is_kept()
    return ada


async def upgrade(house: House, web: Path) -> str:
    """The server stops and comes back with another page; its version."""
    await house.stop()
    house.web = web
    await house.start()
    return str(house.app.state.assets.version)


def offer(hand: Hand) -> object:
    return hand.page.locator("notice-bar", has_text="new version")


async def is_waiting(hand: Hand) -> None:
    """Waits until the newer version has been fetched whole."""
    await hand.until("navigator.serviceWorker.getRegistration().then((one) => Boolean(one?.waiting))")


async def test_a_new_version_waits_until_nothing_is_going_on_and_loses_nothing(
    house: House, ada_kept: Hand, upstream: Upstream, tmp_path: Path
) -> None:
    ada = ada_kept
    upstream.script(Answer(text=LONG, hold_after=25), Answer(text=f"And the rest. {LONG}", hold_after=25))
    await ada.say("count")
    await expect(ada.replies.last).to_contain_text("Paragraph 4")
    await ada.type("half a sentence")
    before = await ada.version()
    newer = await upgrade(house, page_of(tmp_path, "newer"))
    await is_waiting(ada)
    await expect(ada.replies.last).to_contain_text("Paragraph 4")
    await expect(ada.page.get_by_text("the server stopped while this was being written")).to_be_visible()
    await expect(offer(ada)).to_have_count(0)
    await ada.page.get_by_role("button", name="continue").click()
    await expect(ada.stop_button).to_be_visible()
    await ada.prompt.fill("")
    await expect(offer(ada)).to_have_count(0)
    await expect(ada.replies.last).to_contain_text("And the rest.")
    upstream.release()
    await ada.answered("And the rest.", count=2)
    await expect(offer(ada)).to_be_visible()
    await ada.type("one thing more")
    await expect(offer(ada)).to_have_count(0)
    await ada.prompt.fill("")
    await expect(offer(ada)).to_be_visible()
    assert await ada.version() == before
    await ada.page.get_by_role("button", name="reload").click()
    await expect(ada.page.locator(f"meta[name=version][content='{newer}']")).to_have_count(1)
    await ada.answered("And the rest.", count=2)
    await expect(ada.prompts).to_have_count(1)
    await ada.has_handed_over()
    await expect(offer(ada)).to_have_count(0)


async def test_a_draft_of_another_conversation_is_there_after_the_reload(
    house: House, ada_kept: Hand, upstream: Upstream, tmp_path: Path
) -> None:
    ada = ada_kept
    upstream.script(Answer(text="hi"))
    await ada.say("hello")
    await ada.answered("hi")
    chat = ada.page.url
    await ada.page.evaluate("location.hash = '#/'")
    await ada.type("for later")
    await ada.page.evaluate("url => (location.href = url)", chat)
    await ada.answered("hi")
    newer = await upgrade(house, page_of(tmp_path, "newer"))
    await expect(offer(ada)).to_be_visible()
    await ada.page.get_by_role("button", name="reload").click()
    await expect(ada.page.locator(f"meta[name=version][content='{newer}']")).to_have_count(1)
    await ada.page.evaluate("location.hash = '#/'")
    await expect(ada.prompt).to_have_value("for later")


async def test_who_closes_the_offer_is_not_asked_again_and_the_next_opening_is_new(
    house: House, ada_kept: Hand, tmp_path: Path
) -> None:
    newer = await upgrade(house, page_of(tmp_path, "newer"))
    await expect(offer(ada_kept)).to_be_visible()
    await ada_kept.page.get_by_role("button", name="dismiss").click()
    await ada_kept.type("x")
    await ada_kept.prompt.fill("")
    await expect(offer(ada_kept)).to_have_count(0)
    await ada_kept.page.reload()
    assert await ada_kept.version() == newer


async def test_after_an_upgrade_the_old_page_is_never_opened_again(
    house: House, ada_kept: Hand, phone_screen: BrowserContext, tmp_path: Path
) -> None:
    await ada_kept.page.close()
    for name in ("second", "third"):
        version = await upgrade(house, page_of(tmp_path, name))
        first = await Hand.on(phone_screen, house.url)
        await first.until(
            f"async () => (await (await caches.match('/', {{cacheName: 'shell'}})).text()).includes('{version}')"
        )
        other = await Hand.on(phone_screen, house.url)
        assert await other.version() == version
        await expect(other.prompt).to_be_visible()
        await first.page.close()
        await other.has_handed_over()
        await other.page.close()
    await house.stop()
    offline = await Hand.on(phone_screen, house.url)
    await expect(offline.prompt).to_be_visible()
    assert await offline.version() == version
    names = await offline.page.evaluate("caches.keys()")
    assert len(names) == 3 and f"shell-{version}" in names, "the current shell, its files, those of the one before"
    assert offline.problems == []


async def test_an_open_page_of_the_old_version_goes_on_with_its_own_files(
    house: House, ada_kept: Hand, phone_screen: BrowserContext, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.script(Answer(text="still here"))
    said: list[str] = []
    ada_kept.page.on("console", lambda message: said.append(message.text))
    newer = await upgrade(house, page_of(tmp_path, "newer"))
    await is_waiting(ada_kept)
    other = await Hand.on(phone_screen, house.url)
    assert await other.version() == newer
    await other.has_handed_over()
    await expect(offer(ada_kept)).to_be_visible()
    await ada_kept.page.evaluate("location.hash = '#/help'")
    await expect(ada_kept.page.locator("help-screen")).not_to_be_empty()
    assert "help of newer" not in said
    await ada_kept.page.evaluate("location.hash = '#/'")
    await ada_kept.say("hello")
    await ada_kept.answered("still here")
    await expect(offer(ada_kept)).to_be_visible()


async def test_a_version_that_cannot_be_fetched_whole_is_not_opened(
    house: House, ada_kept: Hand, tmp_path: Path
) -> None:
    before = await ada_kept.version()
    await upgrade(house, page_of(tmp_path, "newer"))
    broken = house.app.state.assets
    del broken.files["ui/help.js"]
    await ada_kept.page.reload()
    await expect(ada_kept.prompt).to_be_visible()
    await ada_kept.until("navigator.serviceWorker.getRegistration().then((one) => !one.installing && !one.waiting)")
    await ada_kept.page.reload()
    assert await ada_kept.version() == before
    await expect(ada_kept.status).to_contain_text("idle")


async def test_the_worker_of_whatever_was_at_this_address_before_is_replaced(
    house: House, phone_screen: BrowserContext, tmp_path: Path
) -> None:
    theirs = page_of(tmp_path, "theirs")
    (theirs / "sw.js").write_text(SOMEBODY_ELSE)
    await house.services.users.create(*ADA)
    await upgrade(house, theirs)
    hand = await Hand.on(phone_screen, house.url)
    await hand.until("navigator.serviceWorker.controller?.state === 'activated'")
    await hand.page.reload()
    await expect(hand.page.get_by_text("what was here before")).to_be_visible()
    await upgrade(house, WEB)
    await hand.page.reload()
    await hand.is_kept()
    await hand.page.reload()
    await hand.sign_in(*ADA)
    assert "theirs" not in await hand.page.evaluate("caches.keys()")


async def test_switched_off_the_worker_leaves_and_takes_its_files_along(
    house: House, ada_kept: Hand, phone_screen: BrowserContext, upstream: Upstream
) -> None:
    upstream.script(Answer(text="without a worker"))
    house.environment["LLM_ROUTER_SERVICE_WORKER"] = "false"
    await upgrade(house, WEB)
    await ada_kept.until(f"async () => (await {REGISTRATIONS}) === 0")
    await ada_kept.until("async () => (await caches.keys()).length === 0")
    await ada_kept.say("hello")
    await ada_kept.answered("without a worker")
    await ada_kept.page.reload()
    await ada_kept.answered("without a worker")
    assert await ada_kept.page.evaluate(REGISTRATIONS) == 0
    del house.environment["LLM_ROUTER_SERVICE_WORKER"]
    await upgrade(house, WEB)
    await ada_kept.page.reload()
    await ada_kept.is_kept()


@pytest.mark.parametrize("status", [404, 410])
async def test_a_worker_that_the_server_no_longer_has_is_taken_away(house: House, ada_kept: Hand, status: int) -> None:
    async def gone(request: Request) -> Response:
        return Response(status_code=status)

    house.app.router.routes.insert(0, Route("/sw.js", gone))
    await ada_kept.page.reload()
    await ada_kept.until(f"async () => (await {REGISTRATIONS}) === 0")
    await ada_kept.until("async () => (await caches.keys()).length === 0")
    await ada_kept.page.reload()
    await expect(ada_kept.status).to_contain_text("idle")


async def test_without_a_worker_an_old_page_is_told_too(
    house: House, phone_screen: BrowserContext, tmp_path: Path
) -> None:
    await phone_screen.add_init_script("Object.defineProperty(Navigator.prototype, 'serviceWorker', {get() {}})")
    await house.services.users.create(*ADA)
    hand = await Hand.inside(phone_screen, house.url, *ADA)
    newer = await upgrade(house, page_of(tmp_path, "newer"))
    await expect(offer(hand)).to_be_visible()
    await hand.page.get_by_role("button", name="reload").click()
    await expect(hand.page.locator(f"meta[name=version][content='{newer}']")).to_have_count(1)
    await expect(hand.status).to_contain_text(re.compile("idle"))
    assert hand.problems == []


async def test_the_offer_is_there_again_after_a_reply_that_was_quicker_than_the_answer_to_its_message(
    house: House, ada_kept: Hand, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.script(Answer(text="quick"))
    await upgrade(house, page_of(tmp_path, "newer"))
    await expect(offer(ada_kept)).to_be_visible()
    ended = asyncio.Event()

    async def late(route: Held) -> None:
        answer = await route.fetch()
        await ended.wait()
        await route.fulfill(response=answer)

    await ada_kept.page.route("**/messages", late)
    await ada_kept.say("hello")
    await ada_kept.answered("quick")
    ended.set()
    await expect(ada_kept.prompt).to_have_value("")
    await expect(offer(ada_kept)).to_be_visible()
