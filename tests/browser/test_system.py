"""The system text, where there is room to write it: of this conversation, of the next one, of all new ones."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
async def phone(house: House, ada: Hand) -> AsyncIterator[Phone]:
    """Ada's view of the API, beside her page."""
    phone = await Phone(house.url).sign_in(*ADA)
    yield phone
    await phone.close()


def area(hand: Hand) -> Any:
    return hand.page.get_by_role("dialog").get_by_label("system text")


async def system(phone: Phone, conversation: str) -> Any:
    return (await phone.get(f"/api/conversations/{conversation}"))["conversation"]["system"]


async def save(hand: Hand, text: str) -> None:
    await area(hand).fill(text)
    await hand.page.get_by_role("dialog").get_by_role("button", name="save").tap()
    await expect(hand.page.get_by_role("dialog")).to_have_count(0)


async def test_it_is_read_edited_and_taken_back_in_a_sheet(ada: Hand, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="one"), Answer(text="two"))
    await ada.say("hello")
    await ada.answered("one")
    await ada.say("/system answer in verse")
    await expect(ada.page.locator("notice-bar")).to_contain_text("system text set")
    await ada.say("/system")
    await expect(area(ada)).to_have_value("answer in verse")
    await expect(area(ada)).to_be_focused()
    await save(ada, "answer in verse\nand rhyme")
    await ada.page.locator("notice-bar").get_by_role("button", name="undo").tap()
    (row,) = (await phone.get("/api/conversations"))["conversations"]
    async with asyncio.timeout(PATIENCE):
        while (await system(phone, row["id"])) != "answer in verse":
            await asyncio.sleep(0.02)
    await ada.say("/system append and be short")
    await expect(ada.page.locator("notice-bar")).to_contain_text("extended")
    await ada.say("again")
    await ada.answered("two", 2)
    assert upstream.calls[-1].body["instructions"] == "answer in verse\n\nand be short"
    await ada.say("/system clear")
    await expect(ada.page.locator("notice-bar")).to_contain_text("cleared")
    assert await system(phone, row["id"]) is None


async def test_a_text_chosen_before_the_first_word_goes_with_it(ada: Hand, upstream: Upstream) -> None:
    upstream.script(Answer(text="one"))
    await ada.say("/system")
    await save(ada, "be a pirate")
    await ada.say("hello")
    await ada.answered("one")
    assert upstream.calls[-1].body["instructions"] == "be a pirate"


async def test_the_persons_default_stands_in_new_chats_and_can_be_left_out_of_one(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="one"), Answer(text="two"))
    await ada.say("/keys")
    await ada.page.get_by_role("button", name="none, set one").tap()
    await save(ada, "be brief")
    await expect(ada.page.locator("settings-screen .system")).to_have_text("change")
    await ada.page.get_by_role("button", name="new chat").first.tap()
    await ada.say("/system")
    await expect(area(ada)).to_have_value("be brief")
    await ada.page.keyboard.press("Escape")
    await ada.say("hello")
    await ada.answered("one")
    assert upstream.calls[-1].body["instructions"] == "be brief"
    await ada.page.get_by_role("button", name="new chat").first.tap()
    await ada.say("/system")
    await ada.page.get_by_role("dialog").get_by_role("button", name="clear").tap()
    await ada.say("hello again")
    await ada.answered("two")
    assert "instructions" not in upstream.calls[-1].body


async def test_a_long_text_is_edited_comfortably_on_a_phone(ada: Hand) -> None:
    await ada.say("/system")
    await area(ada).fill("\n".join(f"rule {n}" for n in range(60)))
    box = await area(ada).bounding_box()
    assert box and box["height"] >= 200 and box["width"] >= 340
    assert await area(ada).evaluate("node => Number.parseFloat(getComputedStyle(node).fontSize)") >= 16
    await expect(ada.page.get_by_role("dialog")).to_contain_text("tok with every message")
    await expect(ada.page.get_by_role("dialog").get_by_role("button", name="save")).to_be_in_viewport(ratio=1)


async def test_a_text_that_cannot_be_saved_now_stays_in_its_sheet_with_the_reason(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="one"))
    await ada.say("hello")
    await ada.answered("one")
    (row,) = (await phone.get("/api/conversations"))["conversations"]
    sheet = ada.page.get_by_role("dialog")
    await ada.say("/system")
    await area(ada).fill("a whole page of rules")
    await ada.page.route(f"**/api/conversations/{row['id']}", lambda route: route.abort())
    await sheet.get_by_role("button", name="save").tap()
    await expect(sheet.get_by_role("alert")).to_have_text("the server cannot be reached")
    await expect(area(ada)).to_have_value("a whole page of rules")
    await area(ada).press("End")
    await ada.page.keyboard.type(" and one more")
    await ada.page.unroute(f"**/api/conversations/{row['id']}")
    await sheet.get_by_role("button", name="save").tap()
    await expect(sheet).to_have_count(0)
    await expect(ada.page.locator("notice-bar")).to_contain_text("system text set")
    assert await system(phone, row["id"]) == "a whole page of rules and one more"


async def test_a_text_under_which_the_session_ended_is_there_again_after_the_sign_in(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="one"))
    await ada.say("hello")
    await ada.answered("one")
    (row,) = (await phone.get("/api/conversations"))["conversations"]
    await ada.say("/system")
    await area(ada).fill("a whole page of rules")
    await ada.page.context.clear_cookies()
    await ada.page.get_by_role("dialog").get_by_role("button", name="save").tap()
    await ada.sign_in(*ADA)
    await ada.say("/system")
    await expect(area(ada)).to_have_value("a whole page of rules")
    await expect(ada.page.get_by_role("dialog").get_by_role("alert")).to_contain_text("not saved yet")
    await save(ada, "a whole page of rules")
    assert await system(phone, row["id"]) == "a whole page of rules"
    await ada.say("/system")
    await expect(area(ada)).to_have_value("a whole page of rules")
    await expect(ada.page.get_by_text("not saved yet")).to_have_count(0)


async def test_a_text_for_the_next_chat_is_kept_over_a_reload_and_used_once(ada: Hand, upstream: Upstream) -> None:
    upstream.script(Answer(text="one"), Answer(text="two"))
    await ada.say("/system")
    await save(ada, "be a pirate")
    await ada.page.reload()
    await ada.say("/system")
    await expect(area(ada)).to_have_value("be a pirate")
    await ada.page.keyboard.press("Escape")
    await ada.say("hello")
    await ada.answered("one")
    assert upstream.calls[-1].body["instructions"] == "be a pirate"
    await ada.page.get_by_role("button", name="new chat").first.tap()
    await ada.page.reload()
    await ada.say("hello again")
    await ada.answered("two")
    assert "instructions" not in upstream.calls[-1].body


async def test_a_selection_that_ends_outside_the_sheet_does_not_close_it(guest_at_desk: Hand) -> None:
    mouse = guest_at_desk.page.mouse
    await guest_at_desk.say("/system")
    await area(guest_at_desk).fill("what took an hour to write")
    box = await area(guest_at_desk).bounding_box()
    assert box
    await mouse.move(box["x"] + 60, box["y"] + 20)
    await mouse.down()
    await mouse.move(box["x"] + 60, 20, steps=5)
    await mouse.up()
    await expect(area(guest_at_desk)).to_have_value("what took an hour to write")
    await mouse.click(box["x"] + 60, 20)
    await expect(area(guest_at_desk)).to_have_count(0)


async def test_the_sheet_stays_open_when_the_first_message_gets_through_and_saves_for_its_conversation(
    ada: Hand, phone: Phone
) -> None:
    held = await ada.hold_back("**/api/conversations")
    await ada.say("hello")
    await held.asked()
    await ada.say("/system")
    await area(ada).fill("written while it was on its way")
    held.let_go()
    await expect(ada.page).to_have_url(re.compile("#/c/"))
    await expect(area(ada)).to_have_value("written while it was on its way")
    await save(ada, "written while it was on its way")
    await expect(ada.page.locator("notice-bar")).to_contain_text("system text set")
    (row,) = (await phone.get("/api/conversations"))["conversations"]
    assert await system(phone, row["id"]) == "written while it was on its way"


async def test_a_text_that_is_saved_while_the_first_message_is_on_its_way_follows_it(ada: Hand, phone: Phone) -> None:
    held = await ada.hold_back("**/api/conversations")
    await ada.say("hello")
    await held.asked()
    await ada.say("/system")
    await save(ada, "be a pirate")
    held.let_go()
    await expect(ada.page).to_have_url(re.compile("#/c/"))
    (row,) = (await phone.get("/api/conversations"))["conversations"]
    async with asyncio.timeout(PATIENCE):
        while (await system(phone, row["id"])) != "be a pirate":
            await asyncio.sleep(0.02)


async def test_a_text_for_the_next_chat_waits_in_the_sheet_of_one_that_a_command_begins(ada: Hand) -> None:
    await ada.say("/system")
    await save(ada, "be a pirate")
    await ada.say("/reasoning high")
    await expect(ada.page).to_have_url(re.compile("#/c/"))
    await ada.say("/system")
    await expect(area(ada)).to_have_value("be a pirate")
    await expect(ada.page.get_by_role("dialog").get_by_role("alert")).to_have_text("not saved yet")
