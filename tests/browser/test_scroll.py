"""The scroll contract: following or reading is a state that only the reader's own movement changes."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser import eyes, past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.upstream import Answer

pytestmark = pytest.mark.anyio

LINES = ".body > *"
LONG = " ".join(f"word{n}" + (".\n\n" if n % 20 == 19 else "") for n in range(150))
CODE = "Before.\n\n```python\n" + "\n".join(f"value_{n} = {n}" for n in range(120)) + "\n```\n\nAfter it.\n\n" + LONG
AT_SIXTY: dict[str, Any] = {"unit": "tokens", "chunk": 1, "delay": 1 / 60}


async def wheel(hand: Hand) -> None:
    await hand.page.mouse.move(600, 400)
    await hand.page.mouse.wheel(0, -200)


async def page_up(hand: Hand) -> None:
    await hand.scroller.focus()
    await hand.page.keyboard.press("PageUp")


async def touch(hand: Hand) -> None:
    await hand.swipe(200)


async def writing(hand: Hand, inn: Inn, answer: Answer, *, reasoning: str = "") -> None:
    """Ada asks one thing more in a long conversation, and the answer is being written at the end of it."""
    await hand.open(await past.held(inn.house, ADA[0], 20, reasoning=reasoning))
    inn.upstream.script(answer)
    await hand.say("and now?")
    await expect(hand.replies.last.locator(".body")).not_to_be_empty()


async def check_reading(hand: Hand) -> None:
    await expect(hand.page.get_by_role("button", name="latest")).to_be_visible()


async def check_following(hand: Hand) -> None:
    await expect(hand.page.get_by_role("button", name="latest")).to_be_hidden()
    await hand.until(
        "() => { const s = document.querySelector('chat-transcript .scroller');"
        " return s.scrollHeight - s.scrollTop - s.clientHeight <= 1 }"
    )


@pytest.fixture
def hand(request: pytest.FixtureRequest) -> Hand:
    """Ada at the screen that the test names."""
    chosen: Hand = request.getfixturevalue(request.param)
    return chosen


@pytest.mark.parametrize(
    ("hand", "upwards"),
    [("guest", touch), ("guest_at_desk", wheel), ("guest_at_desk", page_up)],
    indirect=["hand"],
    ids=["touch", "wheel", "key"],
)
async def test_a_reader_is_not_moved_by_sixty_tokens_a_second_nor_by_the_end_of_the_reply(
    inn: Inn, hand: Hand, upwards: Callable[[Hand], Awaitable[None]]
) -> None:
    await writing(hand, inn, Answer(text=LONG, **AT_SIXTY))
    await upwards(hand)
    await check_reading(hand)
    await hand.still()
    await eyes.watch(hand, LINES)
    await hand.answered("word149", count=21)
    seen = await eyes.seen(hand)
    assert seen["grown"] > 200 and seen["frames"] > 30
    assert seen["most"] <= 1
    await check_reading(hand)


async def test_a_follower_sees_the_end_in_every_frame(guest: Hand, inn: Inn) -> None:
    await writing(guest, inn, Answer(text=LONG, **AT_SIXTY))
    await guest.page.evaluate(
        """() => {
          const scroller = document.querySelector('chat-transcript .scroller');
          const latest = document.querySelector('chat-transcript .latest');
          window.seen = { most: 0, frames: 0, offered: 0 };
          const look = () => setTimeout(() => {
            const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
            seen.most = Math.max(seen.most, below);
            seen.frames += 1;
            seen.offered += latest.hidden ? 0 : 1;
            window.watching = requestAnimationFrame(look);
          });
          window.watching = requestAnimationFrame(look);
        }"""
    )
    await guest.answered("word149", count=21)
    seen = await eyes.seen(guest)
    assert seen["frames"] > 30 and seen["most"] <= 1 and seen["offered"] == 0


async def test_the_words_after_the_thinking_do_not_move_who_reads_the_thoughts(guest: Hand, inn: Inn) -> None:
    thoughts = "\n".join(f"thought number {n}" for n in range(80))
    await writing(guest, inn, Answer(text=LONG, reasoning=thoughts, **AT_SIXTY), reasoning="earlier thoughts")
    await guest.replies.last.locator("summary").click()
    await guest.still()
    await guest.swipe(500)
    await check_reading(guest)
    await guest.still()
    await eyes.watch(guest, "chat-message summary, " + LINES)
    await guest.answered("word149", count=21)
    seen = await eyes.seen(guest)
    assert seen["grown"] > 200 and seen["most"] <= 1


async def test_a_code_block_that_is_closed_under_the_eyes_of_a_reader_stays_in_its_place(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 5))
    inn.upstream.script(Answer(text=CODE, chunk=8, hold_after=150))
    await guest.say("write it")
    await expect(guest.replies.last).to_contain_text("value_60 = 60")
    await check_following(guest)
    await guest.swipe(150)
    await check_reading(guest)
    await guest.still()
    assert await guest.page.locator("figure.code").evaluate("node => node.getBoundingClientRect().top") < 48
    await eyes.watch(guest, "chat-message:last-of-type .body > *", 1)
    await guest.until("() => window.seen.frames > 2")
    inn.upstream.release()
    await guest.answered("word149", count=6)
    await expect(guest.replies.last.locator("figure.code code span").first).to_be_attached()
    assert (await eyes.seen(guest))["most"] <= 1


@pytest.mark.parametrize("hand", ["guest"], indirect=True)
@pytest.mark.parametrize("pixels", [200, -40], ids=["growth", "shrinking"])
async def test_what_changes_its_height_above_the_reader_does_not_move_them(hand: Hand, inn: Inn, pixels: int) -> None:
    await hand.open(await past.held(inn.house, ADA[0], 20))
    await hand.swipe(300)
    await check_reading(hand)
    await hand.still()
    before = await hand.offset()
    line = hand.page.locator(LINES).nth(await hand.page.evaluate(eyes.FIRST_VISIBLE, LINES))
    place = "node => node.getBoundingClientRect().top"
    seen = await line.evaluate(place)
    await hand.replies.nth(3).evaluate("(node, by) => { node.style.height = `${node.offsetHeight + by}px` }", pixels)
    await hand.until("from => document.querySelector('chat-transcript .scroller').scrollTop !== from", before)
    assert abs(await line.evaluate(place) - seen) <= 1
    assert abs(await hand.offset() - before - pixels) <= 1


async def test_the_phones_keyboard_moves_neither_reader_nor_follower(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 20))
    for height in (500, 844):
        await guest.page.set_viewport_size({"width": 390, "height": height})
        await check_following(guest)
    await guest.swipe(400)
    await check_reading(guest)
    await guest.still()
    await eyes.watch(guest, LINES)
    for height in (500, 844):
        await guest.page.set_viewport_size({"width": 390, "height": height})
        await guest.until("height => document.querySelector('app-shell').offsetHeight === height", height)
        await guest.still()
    assert (await eyes.seen(guest))["most"] <= 1
    await check_reading(guest)


async def test_turning_the_screen_keeps_the_readers_line_and_the_followers_end(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 20))
    for width, height in ((844, 390), (390, 844)):
        await guest.page.set_viewport_size({"width": width, "height": height})
        await check_following(guest)
    await guest.swipe(700)
    await check_reading(guest)
    await guest.still()
    index = await guest.page.evaluate(eyes.FIRST_VISIBLE, LINES)
    line = guest.page.locator(f"chat-transcript {LINES}").nth(index)
    for width, height in ((844, 390), (390, 844)):
        await guest.page.set_viewport_size({"width": width, "height": height})
        await guest.until("width => document.querySelector('app-shell').offsetWidth === width", width)
        await guest.still()
        await expect(line).to_be_in_viewport()
        assert await line.evaluate("node => node.getBoundingClientRect().top") < 48 + 24 * 8
    await check_reading(guest)


async def test_a_finger_that_hardly_moves_changes_nothing_and_one_that_travels_begins_to_read(
    guest: Hand, inn: Inn
) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 20))
    await guest.finger((195, 400), (195, 404), (195, 397))
    await expect(guest.page.get_by_role("dialog")).to_be_visible()
    await guest.page.keyboard.press("Escape")
    await check_following(guest)
    await guest.finger((100, 200), (100, 204), (100, 220), (100, 235))
    await guest.still()
    assert 0 < await guest.from_end() < 120
    await guest.replies.last.evaluate("node => { node.style.paddingBottom = '300px' }")
    await check_reading(guest)


async def rolled(hand: Hand, pixels: float, from_end: float) -> None:
    """Turns the wheel, and waits until that much is left below."""
    await hand.page.mouse.move(600, 400)
    await hand.page.mouse.wheel(0, pixels)
    await hand.until(
        "left => { const s = document.querySelector('chat-transcript .scroller');"
        " return Math.abs(s.scrollHeight - s.scrollTop - s.clientHeight - left) <= 1 }",
        from_end,
    )
    await hand.still()


async def test_following_comes_back_at_the_last_sixty_pixels_and_not_before(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    await hand.open(await past.held(inn.house, ADA[0], 20))
    await rolled(hand, -400, 400)
    await check_reading(hand)
    await rolled(hand, 320, 80)
    await check_reading(hand)
    await hand.page.mouse.wheel(0, 30)
    await expect(hand.page.get_by_role("button", name="latest")).to_be_hidden()
    await hand.replies.last.evaluate("node => { node.style.paddingBottom = '300px' }")
    await check_following(hand)


async def test_content_that_shrinks_to_the_reader_does_not_make_a_follower_of_them(
    guest_at_desk: Hand, inn: Inn
) -> None:
    hand = guest_at_desk
    await hand.open(await past.held(inn.house, ADA[0], 20))
    await hand.replies.last.evaluate("node => { node.style.paddingBottom = '600px' }")
    await check_following(hand)
    await rolled(hand, -500, 500)
    await check_reading(hand)
    await hand.replies.last.evaluate("node => { node.style.paddingBottom = '0' }")
    await hand.still()
    assert await hand.from_end() <= 60
    top = await hand.offset()
    await hand.replies.last.evaluate("node => { node.style.paddingBottom = '900px' }")
    await check_reading(hand)
    assert abs(await hand.offset() - top) <= 1


async def test_a_follower_stays_one_when_content_shrinks_under_them(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 20))
    await guest.replies.last.evaluate("node => { node.style.paddingBottom = '600px' }")
    await check_following(guest)
    await guest.replies.last.evaluate("node => { node.style.paddingBottom = '0' }")
    await guest.still()
    await guest.replies.last.evaluate("node => { node.style.paddingBottom = '300px' }")
    await check_following(guest)


async def test_latest_and_sending_bring_the_reader_to_the_end(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 20))
    await guest.swipe(500)
    await check_reading(guest)
    await guest.still()
    await guest.page.get_by_role("button", name="latest").tap()
    await check_following(guest)
    await guest.swipe(500)
    await check_reading(guest)
    inn.upstream.script(Answer(text=LONG, **AT_SIXTY))
    await guest.say("and now?")
    await guest.answered("word149", count=21)
    await check_following(guest)


async def test_thoughts_that_are_opened_stay_under_the_finger(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 6, reasoning="\n".join("thinking" for _ in range(60))))
    summary = guest.replies.last.locator("summary")
    before = await summary.evaluate("node => node.getBoundingClientRect().top")
    await summary.tap()
    await expect(guest.replies.last.locator("details > div")).to_be_visible()
    await guest.still()
    assert abs(await summary.evaluate("node => node.getBoundingClientRect().top") - before) <= 1
    await check_reading(guest)


async def test_a_prompt_that_grows_lets_the_follower_see_the_end_and_leaves_the_reader_alone(
    guest: Hand, inn: Inn
) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 20))
    await guest.type("\n".join("line" for _ in range(8)))
    await check_following(guest)
    await guest.page.keyboard.type("more words")
    await check_following(guest)
    await guest.swipe(400)
    await check_reading(guest)
    await eyes.watch(guest, LINES)
    await guest.page.keyboard.type(" and more")
    await guest.prompt.fill("short")
    await guest.still()
    assert (await eyes.seen(guest))["most"] <= 1
    await check_reading(guest)


async def test_nothing_scrolls_smoothly(guest: Hand) -> None:
    smooth = await guest.page.evaluate(
        "[...document.querySelectorAll('*')].filter((node) => getComputedStyle(node).scrollBehavior !== 'auto').length"
    )
    assert smooth == 0


SEEN = """() => {
  const edge = document.querySelector('chat-transcript .scroller').getBoundingClientRect().top;
  const messages = [...document.querySelectorAll('chat-message')];
  const first = messages.find((node) => node.getBoundingClientRect().top > edge);
  return { id: first.dataset.id, top: first.getBoundingClientRect().top, first: messages[0].dataset.id,
    last: messages.at(-1).dataset.id, count: messages.length };
}"""
OTHER_PAGE = """(before) => {
  const messages = [...document.querySelectorAll('chat-message')];
  return messages[0].dataset.id !== before.first || messages.at(-1).dataset.id !== before.last;
}"""
TOP_OF = "id => document.querySelector(`chat-message[data-id='${id}']`).getBoundingClientRect().top"


async def test_pages_of_a_long_past_come_and_go_without_moving_the_reader(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    await hand.open(await past.held(inn.house, ADA[0], 250))
    most = 0
    held = await hand.hold_back("**/api/conversations/*?*")
    await hand.page.mouse.move(600, 400)
    for turn, mark in ((-1, "**0**."), (1, "**249**.")):
        while not await hand.page.get_by_text(f"What was the {mark}").count():
            # Slowed down so far that the page comes when the wheel has stopped: then nothing else moves.
            held.hold()
            await hand.page.mouse.wheel(0, turn * 60_000)
            await held.asked()
            await hand.still()
            before = await hand.page.evaluate(SEEN)
            held.let_go()
            await hand.until(OTHER_PAGE, before)
            await hand.still()
            assert abs(await hand.page.evaluate(TOP_OF, before["id"]) - before["top"]) <= 1
            most = max(most, (await hand.page.evaluate(SEEN))["count"])
    assert most == 300


async def test_latest_goes_from_the_far_past_to_the_end_at_once(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    await hand.open(await past.held(inn.house, ADA[0], 200))
    await hand.page.mouse.move(600, 400)
    while await hand.page.get_by_text("What was the **199**.").count():
        await hand.page.mouse.wheel(0, -20_000)
        await hand.still()
    await hand.page.get_by_role("button", name="latest").click()
    await expect(hand.page.get_by_text("What was the **199**.")).to_be_in_viewport()
    await check_following(hand)
