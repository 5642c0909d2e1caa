"""Text that comes to the prompt from elsewhere joins what is written there, and takes the place of nothing."""

import pytest
from playwright.async_api import Route, expect

from tests.browser import past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand
from tests.conftest import ADA

pytestmark = pytest.mark.anyio


async def queue(hand: Hand, text: str) -> None:
    """A message that does not leave, because the line is dead for messages."""

    async def fail(route: Route) -> None:
        await route.abort()

    await hand.page.route("**/api/conversations/*/messages", fail)
    await hand.say(text)
    await expect(hand.page.get_by_role("button", name="take back")).to_be_enabled()
    await expect(hand.prompt).to_have_value("")


async def take_back(hand: Hand) -> None:
    await hand.page.get_by_role("button", name="take back").click()
    await expect(hand.page.locator("queued-message")).to_have_count(0)


async def test_a_message_taken_back_waits_until_the_edit_that_is_written_is_over(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 5))
    await queue(guest, "better not")
    await guest.prompts.last.get_by_role("button", name="message actions").click()
    await guest.page.get_by_role("button", name="edit prompt").click()
    await guest.type("a much better question")
    await take_back(guest)
    await expect(guest.prompt).to_have_value("a much better question")
    await guest.page.reload()
    await expect(guest.prompt).to_have_value("better not")
    await guest.prompts.last.get_by_role("button", name="message actions").click()
    await guest.page.get_by_role("button", name="edit prompt").click()
    await expect(guest.prompt).to_have_value("a much better question")
    await guest.page.get_by_role("button", name="cancel").click()
    await expect(guest.prompt).to_have_value("better not")


@pytest.mark.parametrize("draft", ["a draft", ""], ids=["over a draft", "alone"])
async def test_a_message_taken_back_leaves_a_command_line_alone(guest_at_desk: Hand, inn: Inn, draft: str) -> None:
    hand = guest_at_desk
    await hand.open(await past.held(inn.house, ADA[0], 5))
    await queue(hand, "better not")
    await hand.type(draft)
    await hand.page.keyboard.press("Control+k")
    await hand.page.keyboard.type("system You are terse.")
    await take_back(hand)
    await expect(hand.prompt).to_have_value("/system You are terse.")
    await hand.type("")
    waiting = "\n\n".join(filter(None, [draft, "better not"]))
    await expect(hand.prompt).to_have_value(waiting)
    await hand.page.reload()
    await expect(hand.prompt).to_have_value(waiting)


async def test_a_command_line_over_a_draft_is_still_there_after_a_reload(guest_at_desk: Hand) -> None:
    hand = guest_at_desk
    await hand.type("a draft")
    await hand.page.keyboard.press("Control+k")
    await hand.page.keyboard.type("system You are terse.")
    await hand.page.reload()
    await expect(hand.prompt).to_have_value("a draft\n\n/system You are terse.")
