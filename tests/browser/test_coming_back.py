"""Coming back: whatever the page believed is old, and what it shows in the end is what the server has."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect
from sqlalchemy import Connection

from server.accounts import sessions
from tests.browser import past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand
from tests.browser.tunnel import Tunnel
from tests.conftest import ADA
from tests.house import House
from tests.phone import PATIENCE
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

LONG = "\n\n".join(f"Paragraph **{n}** with `code`." for n in range(40))
HALF = {"text": LONG, "hold_after": 25}
TRANSPORT = re.compile(
    "fail(ed)? to (fetch|load)|load failed|network ?error|connection lost|cannot be reached", re.IGNORECASE
)
HIDEABLE = """(() => {
  let hidden = false;
  Object.defineProperty(document, 'hidden', { get: () => hidden });
  Object.defineProperty(document, 'visibilityState', { get: () => (hidden ? 'hidden' : 'visible') });
  window.hide = (value) => { hidden = value; document.dispatchEvent(new Event('visibilitychange')); };
})()"""


class Streams:
    """How often the page asked for the stream."""

    def __init__(self, page: Page) -> None:
        self.count = 0
        page.on("request", self._see)

    def _see(self, request: Any) -> None:
        self.count += "/api/stream" in request.url


class Asking:
    """What the page asked and has no answer to yet, but for the stream, which has no end."""

    def __init__(self, page: Page) -> None:
        self._open: set[Any] = set()
        self._none = asyncio.Event()
        page.on("request", lambda request: self._see(request, "/api/stream" not in request.url))
        for end in ("requestfinished", "requestfailed"):
            page.on(end, lambda request: self._see(request, False))

    def _see(self, request: Any, begun: bool) -> None:
        if begun:
            self._open.add(request)
        else:
            self._open.discard(request)
        (self._none.clear if self._open else self._none.set)()

    async def answered(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._none.wait()


async def at_the_end_of(tunnel: Tunnel, screen: BrowserContext) -> Hand:
    return await Hand.inside(screen, tunnel.url, *ADA)


async def half_written(hand: Hand, upstream: Upstream) -> None:
    upstream.script(Answer(**HALF))
    await hand.say("hello")
    await expect(hand.replies.last).to_contain_text("Paragraph 4")


async def check_quiet(hand: Hand) -> None:
    """Nothing of the weather has come into the conversation, and no script failed."""
    await expect(hand.page.get_by_text(TRANSPORT)).to_have_count(0)
    assert hand.problems == []


async def test_a_server_that_was_restarted_under_an_open_page_goes_on_without_a_word(
    house: House, ada: Hand, upstream: Upstream
) -> None:
    upstream.script(Answer(text="before"), Answer(text="after"))
    await ada.say("hello")
    await ada.answered("before")
    await ada.type("half a thought")
    await house.stop()
    await expect(ada.status).to_contain_text("reconnecting…")
    await house.start()
    await expect(ada.status).to_contain_text("idle")
    await expect(ada.prompt).to_have_value("half a thought")
    await expect(ada.replies).to_have_count(1)
    await ada.send_button.tap()
    await ada.answered("after", count=2)
    await check_quiet(ada)


async def test_a_restart_in_the_middle_of_a_reply_offers_to_go_on(house: House, ada: Hand, upstream: Upstream) -> None:
    await half_written(ada, upstream)
    await house.stop()
    await house.start()
    await expect(ada.page.get_by_role("button", name="continue")).to_be_visible()
    await expect(ada.replies.last).to_contain_text("Paragraph 3")
    await expect(ada.stop_button).to_be_hidden()
    upstream.script(Answer(text="the rest of it"))
    await ada.page.get_by_role("button", name="continue").tap()
    await ada.answered("the rest of it", count=2)
    await check_quiet(ada)


async def end_all_sessions(house: House) -> None:
    user = await house.services.users.find(ADA[0])

    def work(connection: Connection) -> None:
        sessions.end_all(connection, user.id)

    await house.services.database.write(work)


async def test_a_session_that_ended_under_an_open_page_leads_back_to_the_place_and_the_draft(
    house: House, ada: Hand, upstream: Upstream
) -> None:
    upstream.script(Answer(text="before"), Answer(text="after"))
    await ada.say("hello")
    await ada.answered("before")
    url = ada.page.url
    await ada.type("a draft that matters")
    await end_all_sessions(house)
    await ada.page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(ada.page.get_by_role("button", name="log in")).to_be_visible()
    await ada.sign_in(*ADA)
    assert ada.page.url == url
    await expect(ada.prompt).to_have_value("a draft that matters")
    await expect(ada.replies.last).to_contain_text("before")
    await ada.send_button.tap()
    await ada.answered("after", count=2)
    await check_quiet(ada)


async def test_a_message_sent_into_an_ended_session_is_sent_once_after_the_login(
    house: House, ada: Hand, upstream: Upstream
) -> None:
    upstream.script(Answer(text="before"), Answer(text="after"))
    await ada.say("hello")
    await ada.answered("before")
    await end_all_sessions(house)
    await ada.say("are you still there")
    await ada.sign_in(*ADA)
    await ada.answered("after", count=2)
    await expect(ada.prompts.last).to_contain_text("are you still there")
    await expect(ada.prompt).to_have_value("")
    assert len(upstream.calls) == 2
    await check_quiet(ada)


@pytest.mark.parametrize("event", ["visibilitychange", "pageshow", "online", "focus"])
async def test_every_sign_of_coming_back_drops_a_dead_line_and_shows_what_was_missed(
    inn: Inn, provider: Upstream, phone_screen: BrowserContext, event: str
) -> None:
    tunnel = await Tunnel(inn.house.url).mend()
    hand = await at_the_end_of(tunnel, phone_screen)
    await half_written(hand, provider)
    tunnel.stall()
    provider.release()
    target = "document" if event == "visibilitychange" else "window"
    await hand.page.evaluate(f"{target}.dispatchEvent(new Event('{event}'))")
    await hand.answered("Paragraph 39")
    await check_quiet(hand)
    await tunnel.cut()


async def test_twenty_five_seconds_without_a_byte_are_a_reconnect_and_twenty_are_not(
    inn: Inn, provider: Upstream, phone_screen: BrowserContext
) -> None:
    await phone_screen.clock.install()
    tunnel = await Tunnel(inn.house.url).mend()
    hand = await at_the_end_of(tunnel, phone_screen)
    asking = Asking(hand.page)
    await half_written(hand, provider)
    await asking.answered()
    streams = Streams(hand.page)
    tunnel.stall()
    provider.release()
    await phone_screen.clock.fast_forward(20_000)
    assert await hand.page.evaluate("1 + 1") == 2
    assert streams.count == 0
    await phone_screen.clock.fast_forward(6_000)
    await hand.answered("Paragraph 39")
    assert streams.count >= 1
    await check_quiet(hand)
    await tunnel.cut()


async def test_nothing_is_judged_while_nobody_looks(inn: Inn, provider: Upstream, phone_screen: BrowserContext) -> None:
    await phone_screen.add_init_script(HIDEABLE)
    await phone_screen.clock.install()
    tunnel = await Tunnel(inn.house.url).mend()
    hand = await at_the_end_of(tunnel, phone_screen)
    await half_written(hand, provider)
    await hand.prompt.focus()
    await hand.page.evaluate("hide(true)")
    await expect(hand.prompt).not_to_be_focused()
    streams = Streams(hand.page)
    await tunnel.cut()
    provider.release()
    for _ in range(3):
        await phone_screen.clock.fast_forward(60_000)
        await hand.page.evaluate("new Promise((done) => requestAnimationFrame(done))")
    assert streams.count == 0
    await expect(hand.status).not_to_contain_text(re.compile("offline|reconnecting"))
    await check_quiet(hand)
    await tunnel.mend()
    await hand.page.evaluate("hide(false)")
    await hand.answered("Paragraph 39")
    await expect(hand.status).not_to_contain_text(re.compile("offline|reconnecting"))
    await check_quiet(hand)
    await tunnel.cut()


async def test_an_answer_that_was_read_elsewhere_meanwhile_is_here_too(
    inn: Inn, guest: Hand, guest_at_desk: Hand
) -> None:
    conversation = await past.held(inn.house, ADA[0], 5)
    for hand in (guest, guest_at_desk):
        await hand.open(conversation)
    await guest.page.context.set_offline(True)
    inn.upstream.script(Answer(text="said at the desk"))
    await guest_at_desk.say("something new")
    await guest_at_desk.answered("said at the desk", count=6)
    await guest.page.context.set_offline(False)
    await guest.answered("said at the desk", count=6)
    await expect(guest.prompts.last).to_contain_text("something new")
    await check_quiet(guest)
