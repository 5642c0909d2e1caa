"""`/image` at the page: what it takes is offered, its progress and its result are shown, and it can be changed."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.hand import Hand
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


def made(hand: Hand) -> Any:
    return hand.page.locator("chat-message.assistant .files .picture")


async def test_a_picture_is_drawn_shown_and_can_be_downloaded(guest: Hand, provider: Upstream) -> None:
    provider.script(Answer(hold_after=1))
    await guest.say("/image a red fox --size 1024x1024")
    sketch = guest.page.locator("chat-message.assistant .files .sketch")
    await expect(sketch).to_contain_text("drawing")
    await expect(sketch.locator("img")).to_be_visible()
    await expect(guest.status).to_contain_text("drawing")
    provider.release()
    await expect(made(guest)).to_have_count(1)
    await expect(sketch).to_have_count(0)
    await expect(guest.prompts).to_contain_text("/image a red fox")
    await made(guest).click()
    async with guest.page.expect_download() as downloading:
        await guest.page.get_by_role("button", name="download").click()
    assert (await downloading.value).suggested_filename == "a-red-fox.png"


async def test_stop_ends_it_and_retry_makes_it_after_all(guest: Hand, provider: Upstream) -> None:
    provider.script(Answer(hold_after=0))
    await guest.say("/image a red fox")
    await guest.stop_button.click()
    await expect(guest.stop_button).to_be_hidden()
    await expect(guest.replies.last).to_contain_text("stopped")
    await guest.replies.last.get_by_role("button", name="message actions").click()
    await guest.page.get_by_role("button", name="retry new branch").click()
    await expect(made(guest)).to_have_count(1)


async def test_a_picture_is_changed_from_where_it_is_seen_large(guest: Hand, provider: Upstream) -> None:
    await guest.say("/image a red fox")
    await made(guest).click()
    await guest.page.get_by_role("button", name="change it").click()
    await expect(guest.prompt).to_have_value(re.compile(r"^/image --edit \w+ $"))
    await guest.prompt.press_sequentially("make it blue")
    await guest.send_button.click()
    await expect(made(guest)).to_have_count(2)
    assert provider.calls[-1].path == "/v1/images/edits" and provider.calls[-1].body["prompt"] == "make it blue"


async def test_options_and_their_values_are_offered_while_typing(guest_at_desk: Hand, provider: Upstream) -> None:
    hand = guest_at_desk
    await hand.type("/image a fox --")
    options, drawn_for = hand.page.get_by_role("option"), hand.page.locator("command-palette .typed")
    await expect(options).to_have_count(4)
    await hand.prompt.press_sequentially("qu")
    await expect(drawn_for).to_have_text("/image a fox --qu")
    await expect(options).to_have_count(1)
    await hand.page.keyboard.press("Tab")
    await expect(hand.prompt).to_have_value("/image a fox --quality ")
    await expect(options).to_have_count(4)
    await hand.prompt.press_sequentially("lo")
    await expect(drawn_for).to_have_text("/image a fox --quality lo")
    await expect(options).to_have_count(1)
    await hand.page.keyboard.press("Tab")
    await expect(hand.prompt).to_have_value("/image a fox --quality low ")
    await hand.page.keyboard.press("Enter")
    await expect(made(hand)).to_have_count(1)
    assert provider.calls[-1].body["quality"] == "low"
