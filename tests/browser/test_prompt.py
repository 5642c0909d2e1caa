"""The prompt: it grows, sends, keeps drafts, and is emptied only when the server has the text."""

import pytest
from playwright.async_api import Route, expect

from tests.browser import past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.upstream import Answer

pytestmark = pytest.mark.anyio

LINE = 24


async def test_it_grows_from_one_line_to_eight_and_scrolls_from_there(guest: Hand) -> None:
    heights = []
    for lines in (1, 2, 8, 20):
        await guest.type("\n".join("line" for _ in range(lines)))
        heights.append(
            await guest.prompt.evaluate("node => [node.clientHeight - 24, getComputedStyle(node).overflowY]")
        )
    assert heights == [[LINE, "hidden"], [2 * LINE, "hidden"], [8 * LINE, "auto"], [8 * LINE, "auto"]]
    await guest.type("")
    assert await guest.prompt.evaluate("node => node.clientHeight") == LINE + 24


async def test_on_touch_enter_is_a_new_line_and_the_button_sends(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="two lines, I see"))
    await guest.prompt.tap()
    await guest.page.keyboard.type("one")
    await guest.page.keyboard.press("Enter")
    await guest.page.keyboard.type("two")
    await expect(guest.prompt).to_have_value("one\ntwo")
    await guest.page.get_by_role("button", name="send", exact=True).tap()
    await guest.answered("two lines, I see")
    assert len(inn.upstream.calls) == 1
    await expect(guest.prompts.first.locator(".said")).to_have_text("one\ntwo")


async def test_with_a_keyboard_enter_sends_and_shift_enter_is_a_new_line(guest_at_desk: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="two lines, I see"))
    await expect(guest_at_desk.prompt).to_be_focused()
    await guest_at_desk.page.keyboard.type("one")
    await guest_at_desk.page.keyboard.press("Shift+Enter")
    await guest_at_desk.page.keyboard.type("two")
    await guest_at_desk.page.keyboard.press("Enter")
    await guest_at_desk.answered("two lines, I see")
    await expect(guest_at_desk.prompts.first.locator(".said")).to_have_text("one\ntwo")


async def test_enter_that_ends_a_composition_never_sends(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    session = await hand.page.context.new_cdp_session(hand.page)
    composing = {"text": "にほん", "selectionStart": 3, "selectionEnd": 3}
    await session.send("Input.imeSetComposition", composing)
    await hand.prompt.evaluate(
        """(area) => {
          const enter = { key: 'Enter', bubbles: true, cancelable: true };
          area.dispatchEvent(new KeyboardEvent('keydown', { ...enter, isComposing: true }));
          area.dispatchEvent(new KeyboardEvent('keydown', { ...enter, keyCode: 229 }));
        }"""
    )
    await session.send("Input.insertText", {"text": "日本"})
    await expect(hand.prompt).to_have_value("日本")
    await expect(hand.prompts).to_have_count(0)
    inn.upstream.script(Answer(text="はい"))
    await hand.page.keyboard.press("Enter")
    await hand.answered("はい")
    assert len(inn.upstream.calls) == 1


async def test_arrow_up_in_an_empty_prompt_edits_my_last_message_into_a_new_version(
    guest_at_desk: Hand, inn: Inn
) -> None:
    hand = guest_at_desk
    inn.upstream.script(Answer(text="first answer"), Answer(text="second answer"))
    await hand.say("how are you")
    await hand.answered("first answer")
    await hand.prompt.press("ArrowUp")
    await expect(hand.prompt).to_have_value("how are you")
    await expect(hand.page.get_by_text("editing · a new version is made")).to_be_visible()
    await hand.type("how are you all")
    await hand.page.keyboard.press("Enter")
    await hand.answered("second answer")
    await expect(hand.prompts.first.locator(".said")).to_have_text("how are you all")
    await expect(hand.prompts.first).to_contain_text("2/2")
    await expect(hand.prompt).to_have_value("")


async def test_arrow_up_in_a_prompt_with_text_moves_the_caret_only(guest_at_desk: Hand, inn: Inn) -> None:
    await guest_at_desk.open(await past.held(inn.house, ADA[0], 10))
    await guest_at_desk.type("a draft")
    await guest_at_desk.page.keyboard.press("ArrowUp")
    await expect(guest_at_desk.prompt).to_have_value("a draft")


async def test_an_edit_keeps_the_draft_that_stood_there_whether_it_is_sent_or_not(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="first answer"), Answer(text="second answer"))
    await guest.say("question")
    await guest.answered("first answer")
    await guest.type("my draft")
    await guest.prompts.first.get_by_role("button", name="message actions").tap()
    await guest.page.get_by_role("button", name="edit prompt").tap()
    await expect(guest.prompt).to_have_value("question")
    await guest.page.get_by_role("button", name="cancel").tap()
    await expect(guest.prompt).to_have_value("my draft")
    await guest.prompts.first.get_by_role("button", name="message actions").tap()
    await guest.page.get_by_role("button", name="edit prompt").tap()
    await guest.say("a better question")
    await guest.answered("second answer")
    await expect(guest.prompt).to_have_value("my draft")


async def test_each_conversation_keeps_its_own_draft_also_over_a_reload(guest: Hand, inn: Inn) -> None:
    one, other = [await past.held(inn.house, ADA[0], 5) for _ in range(2)]
    await guest.type("for the new chat")
    await guest.open(one)
    await expect(guest.prompt).to_have_value("")
    await guest.type("for the first")
    await guest.open(other)
    await guest.type("for the other")
    await guest.page.reload()
    await expect(guest.prompt).to_have_value("for the other")
    await guest.open(one)
    await expect(guest.prompt).to_have_value("for the first")
    await guest.page.get_by_role("button", name="new chat").tap()
    await expect(guest.prompt).to_have_value("for the new chat")


async def test_the_text_stays_until_the_server_has_it_and_what_is_typed_meanwhile_stays_after(
    guest: Hand, inn: Inn
) -> None:
    held = await guest.hold_back("**/api/conversations/*/messages")
    inn.upstream.script(Answer(text="here I am"))
    await guest.say("are you there")
    await held.asked()
    await expect(guest.prompt).to_have_value("are you there")
    await expect(guest.send_button).to_be_disabled()
    await guest.prompt.press("End")
    await guest.page.keyboard.type(" and one more thing")
    held.let_go()
    await guest.answered("here I am")
    await expect(guest.prompt).to_have_value("and one more thing")
    await guest.page.reload()
    await expect(guest.prompt).to_have_value("and one more thing")


async def test_a_message_that_left_for_another_conversation_leaves_no_draft_behind(guest: Hand, inn: Inn) -> None:
    there = await past.held(inn.house, ADA[0], 5)
    held = await guest.hold_back("**/api/conversations/*/messages")
    inn.upstream.script(Answer(text="here I am"))
    await guest.say("are you there")
    await held.asked()
    url = guest.page.url
    await guest.open(there)
    held.let_go()
    await guest.page.goto(url)
    await guest.answered("here I am")
    await expect(guest.prompt).to_have_value("")


async def test_what_could_not_be_sent_stays_as_a_queued_message_that_a_tap_sends_once(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 5))
    broken = True

    async def fail(route: Route) -> None:
        await (route.abort() if broken else route.continue_())

    await guest.page.route("**/api/conversations/*/messages", fail)
    inn.upstream.script(Answer(text="it came through"))
    await guest.say("hello?")
    retry = guest.page.get_by_role("button", name="not sent, tap to retry")
    await expect(retry).to_be_visible()
    await expect(guest.page.locator("queued-message .said")).to_have_text("hello?")
    await expect(guest.prompt).to_have_value("")
    broken = False
    await retry.tap()
    await guest.answered("it came through", count=6)
    await expect(guest.page.locator("queued-message")).to_have_count(0)
    await expect(guest.prompts).to_have_count(6)
    assert len(inn.upstream.calls) == 1


async def test_while_a_reply_is_written_the_button_stops_and_typing_goes_on(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="one word after the other", chunk=4, hold_after=4), Answer(text="the second"))
    await guest.say("tell me")
    await expect(guest.stop_button).to_be_visible()
    await expect(guest.send_button).to_be_hidden()
    await guest.type("and then?")
    await expect(guest.stop_button).to_be_visible()
    await expect(guest.send_button).to_be_visible()
    await guest.send_button.tap()
    await expect(guest.prompts.last).to_contain_text("and then?")
    await expect(guest.replies.last).to_contain_text("queued")
    await expect(guest.prompt).to_have_value("")
    inn.upstream.release()
    await guest.answered("the second", count=2)
    await expect(guest.replies.first).to_contain_text("one word after the other")


async def test_stop_is_one_tap_and_escape_at_the_desk(guest_at_desk: Hand, inn: Inn) -> None:
    inn.upstream.script(*[Answer(text="one word after the other", chunk=4, hold_after=8) for _ in range(2)])
    await guest_at_desk.say("tell me")
    await expect(guest_at_desk.replies.last).to_contain_text("one word")
    await guest_at_desk.stop_button.click()
    await expect(guest_at_desk.replies.last).to_contain_text("stopped")
    await guest_at_desk.say("again")
    await expect(guest_at_desk.replies).to_have_count(2)
    await expect(guest_at_desk.replies.last).to_contain_text("one word")
    await expect(guest_at_desk.stop_button).to_be_visible()
    await guest_at_desk.page.keyboard.press("Escape")
    await expect(guest_at_desk.replies.last).to_contain_text("stopped")
    await expect(guest_at_desk.stop_button).to_be_hidden()


async def test_a_refused_message_stays_in_the_prompt_with_the_reason(guest: Hand) -> None:
    await guest.page.route(
        "**/api/conversations/*/messages",
        lambda route: route.fulfill(status=400, json={"error": {"code": "bad_request", "message": "that is too long"}}),
    )
    await guest.say("far too long")
    await expect(guest.page.get_by_text("that is too long")).to_be_visible()
    await expect(guest.prompt).to_have_value("far too long")


async def test_every_field_is_large_enough_that_a_phone_does_not_zoom(guest: Hand) -> None:
    await guest.page.get_by_role("button", name="conversations").tap()
    sizes = await guest.page.evaluate(
        "[...document.querySelectorAll('input, textarea, select')]"
        ".map((node) => parseFloat(getComputedStyle(node).fontSize))"
    )
    assert sizes and min(sizes) >= 16
