"""Bad weather: what browsers, phones and models do to a page. It keeps its shape, and nothing is lost."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser import past
from tests.browser.conftest import DESKTOP, PHONE, Inn, staying
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }"
BLOCKED = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } });"
    "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('no', 'SecurityError') } })"
)
NO_CLIPBOARD = (
    "navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));"
    "document.execCommand = () => false"
)
KEYBOARD_OVER_THE_PAGE = """(() => {
  const view = new EventTarget();
  Object.assign(view, { height: 844, width: 390, offsetTop: 0, scale: 1 });
  Object.defineProperty(window, 'visualViewport', { get: () => view });
  window.keyboard = (height) => { view.height = 844 - height; view.dispatchEvent(new Event('resize')); };
})()"""
SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"
WIDE = """| {head} |
|{rule}|
| {cells} |

A word: {word}

```text
{line}
```

The end.""".format(
    head=" | ".join(f"column number {n}" for n in range(14)),
    rule="|".join(["---"] * 14),
    cells=" | ".join(f"cell{n}" * 3 for n in range(14)),
    word="Donaudampfschifffahrt" * 20,
    line="x = " + "1 + " * 300,
)


async def check_shape(hand: Hand) -> None:
    """The page does not scroll sideways, and the prompt is there to be used."""
    assert await hand.page.evaluate(SIDEWAYS) <= 0
    await expect(hand.prompt).to_be_in_viewport(ratio=1)


@pytest.fixture
async def screens(browser: Browser, inn: Inn, provider: Upstream) -> AsyncIterator[Any]:
    """Opens Ada's page in the inn on a screen of the test's own."""
    hands = []

    async def open_one(script: str = "", **screen: Any) -> Hand:
        hand = staying(browser, inn, script, **(screen if "viewport" in screen else PHONE | screen))
        hands.append(hand)
        return await anext(hand)

    yield open_one
    for hand in hands:
        async for _ in hand:
            pass


@pytest.mark.parametrize("script", [FULL, BLOCKED], ids=["full", "blocked"])
async def test_without_storage_drafts_and_messages_live_as_long_as_the_page(
    screens: Any, inn: Inn, script: str
) -> None:
    hand = await screens(script)
    there = await past.held(inn.house, ADA[0], 5)
    await hand.type("a draft for the new chat")
    await hand.open(there)
    inn.upstream.script(Answer(text="it works all the same"))
    await hand.say("hello")
    await hand.answered("it works all the same", count=6)
    await hand.page.get_by_role("button", name="new chat").tap()
    await expect(hand.prompt).to_have_value("a draft for the new chat")


async def test_where_the_clipboard_is_refused_the_text_is_shown_selected(screens: Any, inn: Inn) -> None:
    hand = await screens(NO_CLIPBOARD)
    inn.upstream.script(Answer(text="Here:\n\n```py\na = 1\nb = 2\n```\n"))
    await hand.say("hello **you**")
    await hand.answered("a = 1")
    shown = hand.page.get_by_label("text to copy")
    selected = "node => node.value.slice(node.selectionStart, node.selectionEnd)"
    for button, text in (
        (hand.replies.last.locator("figure.code .copy"), "a = 1\nb = 2\n"),
        (hand.replies.last.locator(".copy-message"), "Here:\n\n```py\na = 1\nb = 2\n```\n"),
        (hand.prompts.last.locator(".copy-message"), "hello **you**"),
    ):
        await button.tap()
        await expect(shown).to_be_focused()
        assert (await shown.evaluate(selected)).strip() == text.strip()
        await hand.page.keyboard.press("Escape")
        await expect(shown).to_have_count(0)


async def test_the_prompt_stands_on_the_keyboard_where_the_browser_makes_room_for_it(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 10))
    for height in (470, 844):
        await guest.page.set_viewport_size({"width": 390, "height": height})
        await guest.until("height => document.querySelector('app-shell').offsetHeight === height", height)
        box = await guest.page.locator("chat-prompt").bounding_box()
        assert box and abs(box["y"] + box["height"] - height) <= 1
        assert await guest.page.evaluate("scrollY") == 0
        await check_shape(guest)


async def test_the_prompt_stands_on_the_keyboard_where_the_browser_lays_it_over_the_page(
    screens: Any, inn: Inn
) -> None:
    hand = await screens(KEYBOARD_OVER_THE_PAGE)
    await hand.open(await past.held(inn.house, ADA[0], 10))
    bottom = "document.querySelector('chat-prompt').getBoundingClientRect().bottom"
    await hand.prompt.tap()
    await hand.page.evaluate("keyboard(350)")
    await hand.until(f"() => {bottom} === 494")
    assert await hand.from_end() <= 1
    await hand.type("/")
    palette = hand.page.locator("command-palette")
    await expect(palette.get_by_role("option").first).to_be_visible()
    assert await palette.evaluate("node => node.offsetHeight") <= 0.4 * 494 + 1
    await hand.prompt.evaluate("node => node.blur()")
    await hand.page.evaluate("keyboard(0)")
    await hand.until(f"() => {bottom} === 844")


async def test_a_screen_that_is_turned_keeps_everything_within_reach(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 10))
    await guest.page.set_viewport_size({"width": 844, "height": 390})
    await guest.until("() => document.querySelector('app-shell').offsetWidth === 844")
    await check_shape(guest)
    await expect(guest.status).to_be_in_viewport(ratio=1)
    assert await guest.scroller.evaluate("node => node.clientHeight") > 150


@pytest.mark.parametrize("how", ["zoom", "text"])
async def test_at_twice_the_size_all_can_be_read_and_used(screens: Any, inn: Inn, how: str) -> None:
    zoomed = {**PHONE, "viewport": {"width": 195, "height": 422}, "device_scale_factor": 4}
    hand = await screens(**zoomed) if how == "zoom" else await screens()
    if how == "text":
        await hand.page.evaluate("document.documentElement.style.font = '400 32px / 48px var(--font)'")
    inn.upstream.script(Answer(text=WIDE))
    await check_shape(hand)
    await hand.say("hello")
    await hand.answered("The end.")
    await check_shape(hand)
    outside = await hand.page.locator("button").evaluate_all(
        """(nodes, width) => nodes.filter((node) => {
          const { left, right } = node.getBoundingClientRect();
          const seen = node.checkVisibility({ visibilityProperty: true }) && !node.closest('.scroller, [inert]');
          return seen && (left < -1 || right > width + 1);
        }).map((node) => node.outerHTML)""",
        195 if how == "zoom" else 390,
    )
    assert outside == []
    await hand.type("/")
    await expect(hand.page.get_by_role("option").first).to_be_visible()
    await check_shape(hand)
    await hand.type("")
    for place in ("settings", "help"):
        await hand.page.evaluate("name => { location.hash = `#/${name}` }", place)
        await expect(hand.page.locator(f"{place}-screen h2").first).to_be_visible()
        assert await hand.page.evaluate(SIDEWAYS) <= 0


async def test_long_words_wide_tables_and_long_lines_stay_in_their_own_boxes(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text=WIDE, chunk=400))
    await guest.say("W" * 500 + " and https://example.com/" + "path/" * 60)
    await guest.answered("The end.")
    await check_shape(guest)
    assert await guest.scroller.evaluate("node => { node.scrollLeft = 100; return node.scrollLeft }") == 0
    for box in (guest.replies.last.locator(".scroll"), guest.replies.last.locator("figure.code pre")):
        wide = await box.evaluate(
            "node => [node.scrollWidth > node.clientWidth, getComputedStyle(node).overscrollBehaviorX,"
            " getComputedStyle(node).overflowX]"
        )
        assert wide == [True, "contain", "auto"]
        assert await box.evaluate("node => { node.scrollLeft = 100; return node.scrollLeft }") == 100


async def test_a_megabyte_of_code_can_be_received_scrolled_and_copied(screens: Any, inn: Inn) -> None:
    hand = await screens("navigator.clipboard.writeText = async (text) => { window.copied = text }")
    code = "\n".join(f"value_{n:06} = compute({n}, 'some words', other={n % 7})" for n in range(17_500))
    assert len(code) > 900_000
    inn.upstream.script(Answer(text=f"Here:\n\n```python\n{code}\n```\n\nThat was it.", chunk=30_000))
    await hand.say("all of it")
    await hand.answered("That was it.")
    await check_shape(hand)
    await hand.swipe(300)
    await expect(hand.page.get_by_role("button", name="latest")).to_be_visible()
    await hand.replies.last.locator("figure.code .copy").evaluate("node => node.click()")
    assert (await hand.until("() => window.copied")).strip() == code
    await hand.page.reload()
    await hand.answered("That was it.")


async def test_a_reply_of_three_hundred_blocks_is_whole(guest: Hand, inn: Inn) -> None:
    parts = [f"Paragraph {n} of many." if n % 3 else f"- item {n}\n- another" for n in range(300)]
    inn.upstream.script(Answer(text="\n\n".join(parts), chunk=60))
    await guest.say("a lot")
    await guest.answered("Paragraph 299 of many.")
    assert await guest.replies.last.locator(".body > *").count() == 300
    assert await guest.from_end() <= 1


async def test_where_motion_is_not_wanted_nothing_moves(screens: Any, inn: Inn) -> None:
    hand = await screens(reduced_motion="reduce")
    inn.upstream.script(Answer(text="slowly", chunk=1, hold_after=3))
    await hand.say("go")
    spinner = hand.status.locator("busy-spinner")
    await expect(spinner).to_have_text("⠹")
    # The line's words change, and with them the spinner's node: what counts is what it says.
    changes = await hand.page.evaluate(
        """async () => {
          let changes = 0;
          const line = document.querySelector('status-line');
          const all = { childList: true, characterData: true, subtree: true };
          const look = () => { changes += line.querySelector('busy-spinner')?.textContent !== '⠹'; };
          new MutationObserver(look).observe(line, all);
          const from = performance.now();
          while (performance.now() - from < 350) await new Promise((done) => requestAnimationFrame(done));
          return changes;
        }"""
    )
    assert changes == 0
    await hand.status.locator(".model").tap()
    dialog = hand.page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    moving = await hand.page.evaluate(
        "[...document.querySelectorAll('*')].filter((node) => { const s = getComputedStyle(node);"
        " return parseFloat(s.animationDuration) > 0 || parseFloat(s.transitionDuration) > 0 }).length"
    )
    assert moving == 0


async def test_motion_where_it_is_wanted_takes_120_ms_and_is_only_the_sheet_and_the_drawer(screens: Any) -> None:
    hand = await screens(**{**DESKTOP, "has_touch": False})
    await hand.status.locator(".model").click()
    await expect(hand.page.get_by_role("dialog")).to_be_visible()
    moving = await hand.page.evaluate(
        "[...document.querySelectorAll('*')].map((node) => { const s = getComputedStyle(node);"
        " return [node.localName, parseFloat(s.animationDuration) || parseFloat(s.transitionDuration)] })"
        ".filter(([, seconds]) => seconds > 0)"
    )
    assert moving and {name for name, _ in moving} <= {"dialog", "side-drawer"}
    assert {seconds for _, seconds in moving} == {0.12}
