"""Versions and branches: made with a tap, a command or a key, seen where they are, linked both ways."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser import past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.upstream import Answer

pytestmark = pytest.mark.anyio


def sheet(hand: Hand) -> Any:
    return hand.page.get_by_role("dialog")


def marks(hand: Hand) -> Any:
    return hand.page.locator(".branch-mark")


async def act(hand: Hand, message: Any, action: str) -> None:
    await message.get_by_role("button", name="message actions").click()
    await sheet(hand).get_by_role("button", name=action, exact=False).first.click()


async def address(hand: Hand) -> str:
    return str(await hand.page.evaluate("() => location.hash"))


async def talk(hand: Hand, inn: Inn, *words: str) -> None:
    inn.upstream.script(*(Answer(text=f"answer to {word}") for word in words))
    for count, word in enumerate(words, 1):
        await hand.say(word)
        await hand.answered(f"answer to {word}", count)


async def test_branch_from_here_opens_the_history_up_to_there_and_links_both_ways(guest: Hand, inn: Inn) -> None:
    await talk(guest, inn, "first", "second")
    original = await address(guest)
    await act(guest, guest.replies.first, "branch from here")
    await expect(guest.page.locator("top-bar h1")).to_have_text("first (2)")
    await expect(guest.replies).to_have_count(1)
    await expect(guest.page.locator("notice-bar")).to_contain_text("branched from “first”")
    await expect(marks(guest)).to_have_text("┌─ branched from first")
    inn.upstream.script(Answer(text="another way"))
    await guest.say("instead")
    await guest.answered("another way", 2)
    branch = await address(guest)
    await marks(guest).get_by_role("link").click()
    await guest.until("start => location.hash.startsWith(start)", original)
    await expect(guest.replies).to_have_count(2)
    await expect(guest.replies.first.locator(".branch-mark")).to_have_text("└─ branch: first (2)")
    await marks(guest).get_by_role("link").click()
    await guest.answered("another way", 2)
    assert await address(guest) == branch


async def test_the_number_in_the_bar_opens_the_family_with_what_each_cost(guest: Hand, inn: Inn) -> None:
    await talk(guest, inn, "rivers")
    button = guest.page.locator("top-bar .branches")
    await expect(button).to_be_hidden()
    await guest.say("/branch")
    await expect(guest.page.locator("top-bar h1")).to_have_text("rivers (2)")
    await guest.say("/branch the third way")
    await expect(guest.page.locator("top-bar h1")).to_have_text("the third way")
    await expect(button).to_have_attribute("aria-label", "3 branches")
    await button.tap()
    rows = sheet(guest).locator(".relative")
    await expect(rows.locator(".name")).to_have_text(["rivers", "rivers (2)", "the third way"])
    await expect(rows.locator(".stem")).to_have_text(["", "└─", "   └─"])
    await expect(rows.nth(2)).to_have_attribute("aria-current", "true")
    await expect(rows.nth(0).locator(".green")).to_contain_text("$0.0")
    await expect(rows.nth(2).locator(".green")).to_have_text("$0.00")
    await expect(sheet(guest)).to_contain_text("2 messages came along from before")
    total = await sheet(guest).locator(".kin-sum .green").text_content()
    assert total == await rows.nth(0).locator(".green").text_content()
    wide = await guest.page.evaluate("() => document.querySelector('dialog').scrollWidth <= innerWidth")
    assert wide, "the tree fits the phone"
    await rows.nth(0).tap()
    await expect(guest.page.locator("top-bar h1")).to_have_text("rivers")


async def test_a_branch_whose_parent_is_deleted_says_so(guest: Hand, inn: Inn) -> None:
    await talk(guest, inn, "hello")
    original = await address(guest)
    await guest.say("/branch other")
    await expect(marks(guest)).to_contain_text("branched from hello")
    branch = await address(guest)
    await guest.page.evaluate("(hash) => { location.hash = hash }", original)
    await expect(guest.page.locator("top-bar h1")).to_have_text("hello")
    await guest.say("/delete")
    await expect(guest.page.locator("notice-bar")).to_contain_text("deleted")
    await guest.page.evaluate("(hash) => { location.hash = hash }", branch)
    await expect(marks(guest)).to_have_text("┌─ branched from “hello”: parent deleted")
    await guest.answered("answer to hello")


async def test_a_reply_that_is_being_written_is_not_branched_from(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="word " * 60, hold_after=8))
    await guest.say("hello")
    await expect(guest.replies.last).to_contain_text("word")
    await guest.say("/branch")
    await expect(guest.page.locator("notice-bar")).to_contain_text("still being written")
    await guest.stop_button.click()
    await expect(guest.stop_button).to_be_hidden()


async def test_versions_of_prompts_and_replies_turn_by_button(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="one"), Answer(text="two"), Answer(text="three"))
    await guest.say("question")
    await guest.answered("one")
    await act(guest, guest.replies.first, "retry")
    await guest.answered("two")
    await expect(guest.replies.first.locator(".turner")).to_contain_text("2/2")
    await act(guest, guest.prompts.first, "edit prompt")
    await guest.type("better question")
    await guest.send_button.click()
    await guest.answered("three")
    turner = guest.prompts.first.locator(".turner")
    await expect(turner).to_contain_text("2/2")
    await turner.get_by_role("button", name="previous version").click()
    await expect(guest.prompts.first.locator(".said")).to_have_text("question")
    await expect(guest.replies.first).to_contain_text("two")
    await guest.replies.first.get_by_role("button", name="previous version").click()
    await expect(guest.replies.first).to_contain_text("one")
    await guest.page.reload()
    await guest.answered("one")
    await expect(guest.prompts.first.locator(".said")).to_have_text("question")


async def test_arrow_keys_turn_the_message_in_focus_and_the_focus_stays(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    inn.upstream.script(Answer(text="one"), Answer(text="two"))
    await hand.say("question")
    await hand.answered("one")
    await hand.say("/retry")
    await hand.answered("two")
    await hand.replies.first.focus()
    for key, text in (("ArrowLeft", "one"), ("ArrowRight", "two"), ("ArrowLeft", "one")):
        await hand.page.keyboard.press(key)
        await expect(hand.replies.first).to_contain_text(text)
        await expect(hand.replies.first).to_be_focused()


async def test_retry_with_another_model_makes_a_version_by_it(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="one"), Answer(text="two"))
    await guest.say("question")
    await guest.answered("one")
    await act(guest, guest.replies.first, "retry with…")
    await sheet(guest).get_by_role("button", name="gpt-5-mini").first.click()
    await guest.answered("two")
    await expect(guest.replies.first.locator(".meta")).to_contain_text("gpt-5-mini")
    await expect(guest.replies.first.locator(".turner")).to_contain_text("2/2")


async def test_a_version_far_up_is_turned_where_it_stands(guest: Hand, inn: Inn) -> None:
    conversation = await past.held(inn.house, ADA[0], 12)
    inn.upstream.script(Answer(text="another beginning"))
    await guest.open(conversation)
    prompt = guest.prompts.nth(3)
    await prompt.scroll_into_view_if_needed()
    await act(guest, prompt, "edit prompt")
    await guest.type("said otherwise")
    await guest.send_button.click()
    await guest.answered("another beginning", 4)
    turner = guest.prompts.nth(3).locator(".turner")
    await guest.still()
    before = await turner.bounding_box()
    await turner.get_by_role("button", name="previous version").click()
    await expect(guest.replies).to_have_count(12)
    await guest.still()
    after = await guest.prompts.nth(3).locator(".turner").bounding_box()
    assert before and after and abs(before["y"] - after["y"]) <= 24
