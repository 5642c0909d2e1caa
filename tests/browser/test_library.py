"""Favourites, tags, past prompts and the bin, by touch, by command and by keyboard."""

import pytest
from playwright.async_api import expect

from tests.browser import past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House
from tests.phone import Phone
from tests.upstream import Upstream

pytestmark = pytest.mark.anyio


async def test_a_message_is_made_a_favourite_from_its_sheet_and_undone(ada: Hand, upstream: Upstream) -> None:
    await ada.say("hello")
    await ada.answered("That is all.")
    await ada.page.locator("chat-message.assistant .figures").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="favourite").click()
    star = ada.page.locator("chat-message.assistant").get_by_label("favourite")
    await expect(star).to_be_visible()
    await ada.page.reload()
    await expect(star).to_be_visible()
    await ada.page.locator("chat-message.assistant .figures").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="not a favourite").click()
    await expect(star).to_have_count(0)
    await ada.page.get_by_role("button", name="undo").click()
    await expect(star).to_be_visible()


async def test_tags_are_given_in_their_sheet_and_stand_in_the_list(ada: Hand, upstream: Upstream) -> None:
    await ada.say("hello")
    await ada.answered("That is all.")
    await ada.page.get_by_role("button", name="more", exact=True).click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="tags").click()
    sheet = ada.page.get_by_role("dialog", name="tags")
    await sheet.get_by_label("new tag").fill("Green Trees")
    await sheet.get_by_role("button", name="add").click()
    tag = sheet.get_by_role("checkbox", name="#green-trees")
    await expect(tag).to_have_attribute("aria-checked", "true")
    await ada.page.keyboard.press("Escape")
    await ada.page.get_by_role("button", name="conversations", exact=True).click()
    await expect(ada.page.locator("conversation-row")).to_contain_text("#green-trees")


async def test_arrow_up_brings_back_what_was_written_before(ada_at_desk: Hand, upstream: Upstream) -> None:
    hand = ada_at_desk
    for count, text in enumerate(("the first", "the second\nof two lines", "the third"), 1):
        await hand.say(text)
        await hand.answered("That is all.", count)
    await hand.page.get_by_role("button", name="new chat").first.click()
    await hand.prompt.click()
    await hand.page.keyboard.press("ArrowUp")
    await expect(hand.prompt).to_have_value("the third")
    await hand.page.keyboard.press("ArrowUp")
    await expect(hand.prompt).to_have_value("the second\nof two lines")
    await hand.page.keyboard.press("ArrowUp")
    await hand.page.keyboard.press("ArrowUp")
    await expect(hand.prompt).to_have_value("the first")
    await hand.page.keyboard.press("ArrowDown")
    await expect(hand.prompt).to_have_value("the second\nof two lines")
    await hand.page.keyboard.type("!")
    await hand.page.keyboard.press("ArrowDown")
    await expect(hand.prompt).to_have_value("the second\nof two lines!")


async def test_arrow_up_while_my_last_message_is_edited_goes_to_the_one_before(
    ada_at_desk: Hand, upstream: Upstream
) -> None:
    hand = ada_at_desk
    for count, text in enumerate(("the first", "the second"), 1):
        await hand.say(text)
        await hand.answered("That is all.", count)
    await hand.prompt.click()
    await hand.page.keyboard.press("ArrowUp")
    await expect(hand.page.locator("chat-prompt .editing").first).to_be_visible()
    await hand.page.keyboard.press("ArrowUp")
    await expect(hand.prompt).to_have_value("the first")
    await expect(hand.page.locator("chat-prompt .editing").first).to_be_hidden()


async def test_slash_history_lists_past_prompts_and_a_tap_puts_one_into_the_prompt(
    ada: Hand, upstream: Upstream
) -> None:
    await ada.say("tell me about rivers\nand lakes")
    await ada.answered("That is all.")
    await ada.page.evaluate("location.hash = '#/'")
    await ada.type("/history")
    await ada.send_button.click()
    sheet = ada.page.get_by_role("dialog", name="past prompts")
    await sheet.get_by_label("search past prompts").fill("LAKES")
    await sheet.get_by_role("button", name="tell me about rivers").click()
    await expect(ada.prompt).to_have_value("tell me about rivers\nand lakes")
    await ada.type("/history riv")
    await expect(ada.page.locator("command-palette [role=option]")).to_contain_text(["tell me about rivers"])


async def test_the_bin_gives_back_and_takes_away_at_the_second_tap(ada: Hand, house: House) -> None:
    phone = await Phone(house.url).sign_in(*ADA)
    for title in ("kept after all", "gone for good"):
        await phone.call("DELETE", f"/api/conversations/{await phone.conversation(title=title)}")
    await ada.type("/bin")
    await ada.send_button.click()
    rows = ada.page.locator("bin-screen .binned")
    await expect(rows).to_have_count(2)
    await ada.page.get_by_role("button", name="restore kept after all").click()
    await expect(rows).to_have_count(1)
    remove = ada.page.get_by_role("button", name="delete gone for good for good")
    await remove.click()
    await expect(rows).to_have_count(1)
    await remove.click()
    await expect(ada.page.get_by_text("the bin is empty")).to_be_visible()
    assert [row["title"] for row in (await phone.get("/api/conversations"))["conversations"]] == ["kept after all"]
    await phone.close()


async def test_the_screens_are_fetched_when_they_are_wanted(guest: Hand, inn: Inn) -> None:
    await past.held(inn.house, ADA[0], 2)
    asked: list[str] = []
    guest.page.on("request", lambda request: asked.append(request.url))
    await guest.page.reload()
    await expect(guest.prompt).to_be_visible()
    assert not [url for url in asked if "/ui/search." in url or "/ui/bin." in url or "/ui/jump." in url]
    await guest.page.evaluate("location.hash = '#/search'")
    await expect(guest.page.get_by_label("search everything")).to_be_focused()
    assert any("/assets/ui/search.css?v=" in url for url in asked)
