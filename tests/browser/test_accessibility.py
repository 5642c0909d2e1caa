"""Everybody can use it: by screen reader, by keyboard, with a large thumb, in both themes."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.browser import past
from tests.browser.conftest import DESKTOP, PHONE, Inn, staying
from tests.browser.hand import Hand
from tests.browser.judge import SMALL_TARGETS, judged, needs_axe
from tests.conftest import ADA
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

RICH = """## What it is

Some *words*, `code`, a [link](https://example.com) and ~~nothing~~.

- [x] done
- [ ] not done

> Quoted.

```python
@cached
def first(items: list[int]) -> int:
    return items[0]  # the first, 42
```

| name | value |
|---|---:|
| pi | 3.14 |

$$E = mc^2$$

The end."""

UNSEEN_FOCUS = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const label = node.getAttribute('aria-label') || node.textContent.trim().slice(0, 30);
  const name = `${node.localName}.${node.className} ${label}`;
  const style = getComputedStyle(node);
  const hasOutline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
  const frame = node.closest('chat-prompt, .search');
  const framed = frame && [getComputedStyle(frame).borderTopColor, getComputedStyle(frame).boxShadow].join(' ');
  const blue = getComputedStyle(document.documentElement).getPropertyValue('--blue');
  const probe = document.createElement('p');
  probe.style.color = blue;
  document.body.append(probe);
  const rgb = getComputedStyle(probe).color;
  probe.remove();
  return { name, seen: hasOutline || Boolean(framed && framed.includes(rgb)) };
}"""

Screen = Callable[[Hand], Awaitable[None]]


async def at(hand: Hand, hash: str, heading: str) -> None:
    await hand.page.evaluate("hash => { location.hash = hash }", hash)
    await expect(hand.page.get_by_role("heading", name=heading)).to_be_visible()


async def escape(hand: Hand) -> None:
    await hand.page.keyboard.press("Escape")
    await expect(hand.page.locator("dialog[open]")).to_have_count(0)


async def tour(hand: Hand, inn: Inn, check: Callable[[str], Awaitable[None]]) -> None:
    """Through every screen that has something to show; ``check`` is called on each, with its name."""
    await check("empty chat")
    failing = [Answer(status=500)] * 3
    inn.upstream.script(Answer(text=RICH, reasoning="thinking of it " * 9), *failing)
    await hand.say("hello")
    await hand.answered("The end.")
    await check("chat")
    await hand.say("and now fail")
    await expect(hand.replies.last.locator(".problem-line")).to_be_visible()
    await check("chat with a failure")
    for line in ("/", "/model "):
        await hand.type(line)
        await expect(hand.page.locator("#palette.values")).to_have_count(int(line != "/"))
        await expect(hand.page.get_by_role("option").first).to_be_visible()
        await check(f"palette {line}")
    await hand.type("/temp 0.3")
    await hand.send_button.click()
    await expect(hand.page.locator("notice-bar")).to_contain_text("undo")
    await check("notice")
    await hand.replies.first.locator(".meta .figures").click()
    await expect(hand.page.get_by_role("dialog")).to_be_visible()
    await check("message actions")
    await escape(hand)
    await hand.page.get_by_role("button", name="more", exact=True).click()
    await expect(hand.page.get_by_role("dialog")).to_be_visible()
    await check("conversation actions")
    await escape(hand)
    for cell, name in ((".model", "choose a model"), (".figures", "statistics")):
        await hand.status.locator(cell).click()
        await expect(hand.page.get_by_role("dialog", name=name)).to_be_visible()
        await check(name)
        await escape(hand)
    menu = hand.page.get_by_role("button", name="conversations")
    if await menu.get_attribute("aria-expanded") == "false":
        await menu.click()
        await expect(menu).to_have_attribute("aria-expanded", "true")
        await check("drawer")
        await hand.page.keyboard.press("Escape")
    await at(hand, "#/settings", "devices")
    await check("settings")
    await at(hand, "#/help", "commands")
    await check("help")


@pytest.fixture(params=["phone night", "phone day", "desk night"])
async def visitor(
    request: pytest.FixtureRequest, browser: Browser, inn: Inn, provider: Upstream
) -> AsyncIterator[Hand]:
    screen, theme = request.param.split()
    scheme = {"night": "dark", "day": "light"}[theme]
    size = {"phone": PHONE, "desk": DESKTOP}[screen]
    async for hand in staying(browser, inn, **size, color_scheme=scheme, reduced_motion="reduce"):
        assert await hand.page.evaluate("document.documentElement.dataset.theme") == theme
        yield hand


async def test_axe_finds_nothing_on_any_screen(visitor: Hand, inn: Inn) -> None:
    needs_axe()
    found: dict[str, list[str]] = {}

    async def check(name: str) -> None:
        if against := await judged(visitor):
            found[name] = against

    await tour(visitor, inn, check)
    assert found == {}


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_axe_finds_nothing_on_the_way_in(empty_house: Path, tmp_path: Path, browser: Browser, theme: str) -> None:
    needs_axe()
    house = House.over(empty_house, tmp_path / "new", LLM_ROUTER_SERVICE_WORKER="false")
    del house.environment["LLM_ROUTER_ADMIN_USER"], house.environment["LLM_ROUTER_ADMIN_PASSWORD"]
    await house.start()
    context: BrowserContext = await browser.new_context(**PHONE, color_scheme=theme)  # type: ignore[arg-type]
    hand = await Hand.on(context, house.url)
    await expect(hand.page.get_by_label("set-up code")).to_be_visible()
    assert await judged(hand) == []
    assert await hand.page.evaluate(SMALL_TARGETS) == []
    await hand.page.get_by_label("set-up code").fill(house.services.setup_code.text)
    await hand.page.get_by_label("user", exact=True).fill("ada")
    await hand.page.get_by_label("password", exact=True).fill("lovelace engine")
    await hand.page.get_by_role("button", name="create account").click()
    await expect(hand.page.get_by_role("button", name="try the demo model first")).to_be_visible()
    assert await judged(hand) == []
    assert await hand.page.evaluate(SMALL_TARGETS) == []
    await context.clear_cookies()
    await hand.page.reload()
    await expect(hand.page.get_by_role("button", name="log in")).to_be_visible()
    await hand.page.get_by_label("user", exact=True).fill("ada")
    await hand.page.get_by_label("password", exact=True).fill("wrong")
    await hand.page.get_by_role("button", name="log in").click()
    await expect(hand.page.get_by_role("alert")).to_have_text("wrong user or password")
    assert await judged(hand) == []
    assert await hand.page.evaluate(SMALL_TARGETS) == []
    assert hand.problems == []
    await context.close()
    await house.stop()


async def test_every_target_is_as_large_as_a_thumb(guest: Hand, inn: Inn) -> None:
    found: dict[str, list[str]] = {}

    async def check(name: str) -> None:
        if small := await guest.page.evaluate(SMALL_TARGETS):
            found[name] = sorted(set(small))

    await tour(guest, inn, check)
    assert found == {}


async def test_the_focus_can_be_seen_wherever_it_goes(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    inn.upstream.script(Answer(text=RICH))
    await hand.say("hello")
    await hand.answered("The end.")
    unseen, names = set(), set()
    for path in (None, "#/settings", "#/help"):
        if path:
            await hand.page.evaluate("hash => { location.hash = hash }", path)
            await expect(hand.page.locator("main h2").first).to_be_visible()
        for _ in range(40):
            await hand.page.keyboard.press("Tab")
            focus = await hand.page.evaluate(UNSEEN_FOCUS)
            if focus:
                names.add(focus["name"])
                if not focus["seen"]:
                    unseen.add(focus["name"])
    assert unseen == set() and len(names) > 25


async def test_a_reply_is_announced_in_few_words_and_read_once_when_it_is_whole(
    inn: Inn, provider: Upstream, browser: Browser
) -> None:
    async for hand in staying(browser, inn, **PHONE):
        status, log = hand.page.locator("chat-announcer [role=status]"), hand.page.locator("chat-announcer [role=log]")
        await expect(log).to_have_attribute("aria-live", "polite")
        await expect(hand.scroller).to_have_attribute("role", "log")
        await expect(hand.scroller).to_have_attribute("aria-live", "off")
        await hand.page.evaluate(
            """() => {
              window.said = [];
              for (const role of ['status', 'log', 'alert']) {
                const node = document.querySelector(`chat-announcer [role=${role}]`);
                new MutationObserver(() => { if (node.textContent) said.push([role, node.textContent]); })
                  .observe(node, { childList: true, characterData: true, subtree: true });
              }
            }"""
        )
        await hand.page.clock.install()
        provider.script(Answer(text="The whole answer, said once.", chunk=4, hold_after=6))
        await hand.say("hello")
        await expect(hand.replies.last).to_contain_text("The who")
        await expect(status).to_have_text("sent")
        await hand.page.clock.fast_forward(1_000)
        await expect(status).to_have_text("answering")
        for _ in range(2):
            await hand.page.clock.fast_forward(7_000)
            await expect(status).to_have_text("still answering")
        provider.release()
        await hand.answered("The whole answer, said once.")
        await expect(status).to_have_text("done")
        await expect(log).to_have_text("The whole answer, said once.")
        said = await hand.page.evaluate("said")
        assert [text for role, text in said if role == "log"] == ["The whole answer, said once."]
        states = [text for role, text in said if role == "status"]
        assert states == ["sent", "answering", "still answering", "still answering", "done"]
        provider.script(Answer(text="one two three", chunk=1, hold_after=10), *[Answer(status=500)] * 3)
        await hand.say("again")
        await expect(hand.replies.last).to_contain_text("one")
        await hand.stop_button.tap()
        await expect(status).to_have_text("stopped")
        await hand.say("fail")
        await expect(hand.page.locator("chat-announcer [role=alert]")).not_to_be_empty()


async def test_the_keyboard_reaches_everything(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    await hand.open(await past.held(inn.house, ADA[0], 6))
    await hand.scroller.focus()
    focused = "document.activeElement.closest('chat-message')?.textContent ?? ''"
    await hand.page.keyboard.press("k")
    assert "Thing number 5" in await hand.page.evaluate(focused)
    await hand.page.keyboard.press("k")
    await hand.page.keyboard.press("k")
    assert "Thing number 4" in await hand.page.evaluate(focused)
    await hand.page.keyboard.press("j")
    assert "What was the **5**." in await hand.page.evaluate(focused)
    await hand.page.keyboard.press("Enter")
    await expect(hand.page.get_by_role("dialog")).to_be_visible()
    await hand.page.keyboard.press("j")
    await hand.page.keyboard.press("Escape")
    await expect(hand.page.get_by_role("dialog")).to_have_count(0)
    assert "What was the **5**." in await hand.page.evaluate(focused)
    await hand.page.keyboard.press("?")
    await expect(hand.page.locator("help-screen")).to_be_visible()
    await hand.page.keyboard.press("Escape")
    await expect(hand.page.locator("chat-transcript")).to_be_visible()
    await hand.page.keyboard.press("/")
    await expect(hand.prompt).to_be_focused()
    await hand.type("j k ? are letters here")
    await expect(hand.prompt).to_have_value("j k ? are letters here")


async def test_every_gesture_has_a_button(guest: Hand) -> None:
    menu = guest.page.get_by_role("button", name="conversations")
    await guest.finger((5, 400), (60, 402), (160, 404))
    await expect(menu).to_have_attribute("aria-expanded", "true")
    await guest.finger((250, 400), (150, 402), (60, 404))
    await expect(menu).to_have_attribute("aria-expanded", "false")
    await menu.tap()
    await expect(menu).to_have_attribute("aria-expanded", "true")


async def test_what_is_tapped_answers_at_once_and_icons_have_names(guest: Hand) -> None:
    slow = await guest.page.evaluate(
        "[...document.querySelectorAll('button, a, textarea, input')]"
        ".filter((node) => getComputedStyle(node).touchAction !== 'manipulation').map((node) => node.className)"
    )
    assert slow == []
    spoken = await guest.page.evaluate(
        "[...document.querySelectorAll('.icon')].filter((n) => n.ariaHidden !== 'true').length"
    )
    assert spoken == 0


async def test_a_conversation_of_thousands_opens_with_the_work_of_one_of_fifty(guest: Hand, inn: Inn) -> None:
    asked: list[str] = []
    guest.page.on("request", lambda request: asked.append(request.url))
    work = []
    for turns in (25, 2500):
        id = await past.held(inn.house, ADA[0], turns)
        asked.clear()
        async with guest.page.expect_request(re.compile(f"/api/stream.*{id}")):
            await guest.open(id)
        await guest.still()
        work.append(
            (
                sum(id in url for url in asked),
                await guest.page.locator("chat-message").count(),
                await guest.page.locator("chat-transcript *").count(),
            )
        )
        await guest.page.get_by_role("button", name="new chat").tap()
        await expect(guest.replies).to_have_count(0)
    assert work[0] == work[1]
    assert work[0][1] == 40
