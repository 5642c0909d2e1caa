"""The screens beside the chat: what they show is so, and what they offer happens."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
async def phone(house: House, ada: Hand) -> AsyncIterator[Phone]:
    """Ada's other phone, which has no screen."""
    phone = await Phone(house.url).sign_in(*ADA)
    yield phone
    await phone.close()


async def open_drawer(hand: Hand) -> None:
    await hand.page.get_by_role("button", name="conversations", exact=True).click()
    await expect(hand.page.locator("side-drawer .rows")).to_be_in_viewport()


async def act_on_row(hand: Hand, title: str, action: str) -> None:
    await hand.page.get_by_role("button", name=f"actions for {title}").click()
    await hand.page.get_by_role("dialog").get_by_role("button", name=action).click()


async def test_a_swipe_from_the_left_edge_opens_the_drawer_and_one_back_closes_it(ada: Hand) -> None:
    drawer = ada.page.locator("side-drawer")
    await ada.finger((60, 300), (120, 302), (260, 304))
    await expect(drawer).to_be_hidden()
    await ada.finger((4, 300), (120, 302), (260, 304))
    await expect(drawer).to_be_visible()
    await ada.finger((260, 300), (120, 302), (20, 304))
    await expect(drawer).to_be_hidden()


async def test_a_sheet_that_could_not_be_fetched_opens_when_the_line_is_there_again(guest: Hand) -> None:
    await guest.page.route("**/ui/picker.js*", lambda route: route.abort())
    await guest.type("/model")
    await guest.prompt.press("Enter")
    await expect(guest.page.get_by_text("this cannot be fetched now")).to_be_visible()
    await guest.page.unroute_all()
    await guest.type("/model")
    await guest.prompt.press("Enter")
    await expect(guest.page.get_by_role("dialog", name="choose a model")).to_be_visible()


async def test_a_screen_that_could_not_be_fetched_says_so_and_comes_by_itself(guest: Hand) -> None:
    await guest.page.clock.install()
    await guest.page.route("**/ui/keylist.js*", lambda route: route.abort())
    await guest.page.evaluate("location.hash = '#/settings'")
    told = guest.page.get_by_role("status").filter(has_text="this cannot be fetched now, trying again…")
    await expect(told).to_be_visible()
    await guest.page.unroute_all()
    await guest.page.clock.fast_forward(3000)
    await expect(guest.page.get_by_role("heading", name="provider keys")).to_be_visible()
    await expect(told).to_have_count(0)


async def test_a_row_is_renamed_where_it_stands_and_leaving_the_field_saves(ada: Hand, phone: Phone) -> None:
    await phone.ask("hello there")
    await open_drawer(ada)
    await act_on_row(ada, "hello there", "rename")
    field = ada.page.locator("conversation-row input")
    await expect(field).to_be_focused()
    await field.fill("rivers")
    await ada.page.locator("side-drawer .search input").click()
    await expect(ada.page.locator("conversation-row .name")).to_have_text("rivers")
    async with asyncio.timeout(10):
        while (await phone.get("/api/conversations"))["conversations"][0]["title"] != "rivers":
            await asyncio.sleep(0.05)


async def test_escape_leaves_a_title_as_it_was(ada: Hand, phone: Phone) -> None:
    await phone.ask("hello there")
    await open_drawer(ada)
    await act_on_row(ada, "hello there", "rename")
    await ada.page.locator("conversation-row input").fill("rivers")
    await ada.page.keyboard.press("Escape")
    await expect(ada.page.locator("conversation-row .name")).to_have_text("hello there")
    assert (await phone.get("/api/conversations"))["conversations"][0]["title"] == "hello there"


async def test_what_is_deleted_comes_back_with_undo(ada: Hand, phone: Phone) -> None:
    await phone.ask("hello there")
    await open_drawer(ada)
    await act_on_row(ada, "hello there", "delete")
    await expect(ada.page.locator("conversation-row")).to_have_count(0)
    await ada.page.keyboard.press("Escape")
    await ada.page.get_by_role("button", name="undo").click()
    await open_drawer(ada)
    await expect(ada.page.locator("conversation-row .name")).to_have_text("hello there")


async def test_a_running_row_says_so_and_a_finished_one_that_nobody_saw_has_a_dot(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(hold_after=2))
    sent = await phone.send(await phone.conversation(title="far away"), "hello")
    await open_drawer(ada)
    row = ada.page.locator("conversation-row", has_text="far away")
    await expect(row).to_contain_text("writing…")
    await expect(row.locator("busy-spinner")).to_be_visible()
    await upstream.asked()
    upstream.release()
    await phone.ended(sent["reply"]["id"])
    await expect(row.get_by_label("unread")).to_be_visible()
    await row.locator(".open").click()
    await open_drawer(ada)
    await expect(row.get_by_label("unread")).to_be_hidden()


async def test_a_row_shows_what_the_conversation_cost_in_the_colour_of_money(ada: Hand, phone: Phone) -> None:
    await phone.ask("hello there", model="claude-haiku-4-5")
    await open_drawer(ada)
    row = ada.page.locator("conversation-row")
    await expect(row.locator(".sum.green")).to_have_text(re.compile(r"^\$0\.\d+$"))
    await expect(row.locator(".open > .teal")).to_have_text("○")


async def test_the_panel_has_the_turn_its_tries_the_day_and_both_sums(ada: Hand, phone: Phone) -> None:
    reply = await phone.ask("hello", model="gpt-5.1")
    body = {"client_id": "another-try", "model": "claude-haiku-4-5"}
    await phone.ended((await phone.post(f"/api/messages/{reply['id']}/retry", body))["reply"]["id"])
    await ada.page.evaluate("id => { location.hash = `#/c/${id}` }", reply["conversation_id"])
    await ada.answered("That is all.")
    await ada.status.locator(".figures").click()
    panel = ada.page.get_by_role("dialog").locator("statistics-panel")
    await expect(panel.locator(".box", has_text="turn")).to_contain_text("haiku-4.5")
    await expect(panel).to_contain_text("try 1 gpt-5.1")
    await expect(panel).to_contain_text("try 2 haiku-4.5")
    account = (await phone.get("/api/statistics"))["account"]
    await expect(panel.locator(".box", has_text="today")).to_contain_text(f"{account['calls']} calls")
    await expect(panel.locator(".sums tr", has_text="cache saved")).to_contain_text("$0.00")
    await panel.get_by_role("button", name="try 1").click()
    await expect(panel.locator("[aria-current=true]")).to_contain_text("gpt-5.1")


async def test_the_figures_of_another_device_do_not_count_as_this_ones(ada: Hand, phone: Phone) -> None:
    await phone.ask("hello")
    await open_drawer(ada)
    await expect(ada.page.locator("conversation-row .sum")).not_to_have_text("$0.00")
    await expect(ada.page.locator("side-drawer .usage .sum")).not_to_have_text(re.compile(r"^(\$0\.00)?$"))
    await expect(ada.status.locator(".overall")).to_have_text("Σ $0.00")


async def test_the_picker_tells_price_context_and_speed_and_marks_what_is_chosen(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="word " * 40, chunk=20, delay=0.02, usage={"input": 10, "output": 50}))
    await phone.ask("hello", model="gpt-5.1")
    await ada.page.reload()
    await ada.status.locator(".model").click()
    picker = ada.page.locator("model-picker")
    row = picker.get_by_role("button", name=re.compile(r"gpt-5\.1 \$1\.25 in · \$10 out · 400k · \d+ t.s"))
    await expect(row).to_have_attribute("aria-current", "true")
    await picker.locator(".item", has_text="claude-haiku-4-5").click()
    await expect(ada.status.locator(".model")).to_contain_text("haiku-4.5")


async def test_a_list_that_is_not_the_providers_own_says_so(ada: Hand, house: House, phone: Phone) -> None:
    await phone.post("/api/settings/api-keys", {"provider": "openai", "key": "sk-proj-wrong-key-of-ada-0123456789"})
    await ada.page.reload()
    await ada.status.locator(".model").click()
    await expect(ada.page.locator("model-picker")).to_contain_text("list: built-in")


async def test_a_key_is_tested_and_deleted_from_its_row_and_deleting_takes_two_taps(
    root: Phone, house: House, phone_screen: BrowserContext, upstream: Upstream
) -> None:
    key = {"provider": "openai", "key": "sk-proj-good-key-of-root-9876", "base_url": upstream.openai}
    await root.post("/api/settings/api-keys", key)
    hand = await Hand.inside(phone_screen, house.url, *ADMIN)
    await hand.page.evaluate("location.hash = '#/settings'")
    rows = hand.page.locator("key-list .key")
    mine = rows.filter(has_text="…9876")
    await mine.click()
    sheet = hand.page.get_by_role("dialog", name="key of openai")
    await sheet.get_by_role("button", name="test").click()
    await expect(hand.page.locator("notice-bar")).to_contain_text("it works")
    await mine.click()
    await sheet.get_by_role("button", name="delete").click()
    await expect(sheet.get_by_role("button", name="really delete")).to_be_visible()
    await sheet.get_by_role("button", name="really delete").blur()
    await expect(sheet.get_by_role("button", name="really delete")).to_have_count(0)
    assert len((await root.get("/api/settings/api-keys"))["keys"]) == 3
    await sheet.get_by_role("button", name="delete").click()
    await sheet.get_by_role("button", name="really delete").click()
    await expect(mine).to_have_count(0)
    await rows.filter(has_text="server").first.click()
    await expect(sheet.get_by_role("button", name="delete")).to_have_count(0)


async def test_settings_keep_what_is_chosen(ada: Hand, phone: Phone) -> None:
    await ada.page.evaluate("location.hash = '#/settings'")
    await ada.page.get_by_label("theme").select_option("day")
    await expect(ada.page.locator("html")).to_have_attribute("data-theme", "day")
    for label, value in (("default model", "claude-haiku-4-5"), ("thinking in new chats", "high")):
        async with ada.page.expect_response(lambda answer: "/api/preferences" in answer.url):
            await ada.page.get_by_label(label).select_option(value)
    await ada.page.reload()
    await expect(ada.page.get_by_label("thinking in new chats")).to_have_value("high")
    await expect(ada.page.get_by_label("default model")).to_have_value("claude-haiku-4-5")
    made = await phone.conversation()
    assert (await phone.get(f"/api/conversations/{made}"))["conversation"]["reasoning"] == "high"
    assert (await phone.get("/api/models"))["default"] == "claude-haiku-4-5"


async def test_another_device_is_signed_out_from_here(ada: Hand, ada_at_desk: Hand) -> None:
    await ada.page.evaluate("location.hash = '#/settings'")
    other = ada.page.locator(".devices .pair").filter(has_not_text="this one").first
    await other.get_by_role("button", name="sign out").click()
    await expect(ada_at_desk.page.get_by_role("button", name="log in")).to_be_visible()
    await expect(ada.page.locator("settings-screen")).to_be_visible()


async def test_help_has_every_command_the_keyboard_and_where_keys_come_from(ada: Hand, phone: Phone) -> None:
    await ada.page.evaluate("location.hash = '#/help'")
    screen = ada.page.locator("help-screen")
    for command in (await phone.get("/api/commands"))["commands"]:
        await expect(screen.get_by_text(command["usage"], exact=True)).to_be_visible()
    await expect(screen.locator("kbd", has_text="^K")).to_be_visible()
    for provider in (await phone.get("/api/settings/api-keys"))["providers"]:
        if provider["key_url"]:
            await expect(screen.locator(f'a[href="{provider["key_url"]}"]')).to_be_visible()
    await expect(screen).to_contain_text("docker compose -f docker-compose.vps.yml up -d")


async def test_sheets_and_screens_are_fetched_when_they_are_wanted(ada: Hand) -> None:
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    await ada.page.reload()
    await expect(ada.prompt).to_be_visible()
    late = ("settings", "help", "sheets", "menus", "picker", "statistics", "keylist", "theme", "usage", "calllog")
    assert not [url for url in asked if re.search(rf"/assets/(ui|actions)/({'|'.join(late)})\.js", url)]
    await ada.page.evaluate("location.hash = '#/help'")
    await expect(ada.page.locator("help-screen .box").first).to_be_visible()
    assert any("/assets/ui/help.js" in url for url in asked)


async def test_a_screen_stays_when_the_first_message_gets_through_and_the_way_back_leads_to_its_conversation(
    ada: Hand, upstream: Upstream
) -> None:
    upstream.script(Answer(text="I heard you"))
    held = await ada.hold_back("**/api/conversations")
    await ada.say("hello")
    await held.asked()
    await ada.page.evaluate("location.hash = '#/settings'")
    await ada.page.get_by_role("button", name="add a provider").click()
    key = ada.page.locator("settings-screen input[name=key]")
    await key.fill("sk-half-of-a-ke")
    held.let_go()
    await expect(ada.page.locator("chat-prompt textarea")).to_have_value("")
    await expect(key).to_have_value("sk-half-of-a-ke")
    await ada.page.go_back()
    await ada.answered("I heard you")
    await expect(ada.page).to_have_url(re.compile("#/c/"))
    await ada.page.get_by_role("button", name="new chat").first.click()
    await expect(ada.replies).to_have_count(0)


async def test_a_screen_stays_when_another_device_deletes_the_conversation_below_it(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="I heard you"))
    await ada.say("hello")
    await ada.answered("I heard you")
    await ada.page.evaluate("location.hash = '#/settings'")
    await expect(ada.page.locator("settings-screen")).to_be_visible()
    (row,) = (await phone.get("/api/conversations"))["conversations"]
    await phone.call("DELETE", f"/api/conversations/{row['id']}")
    await expect(ada.page.locator("conversation-row")).to_have_count(0)
    await expect(ada.page.locator("settings-screen")).to_be_visible()
    await ada.page.keyboard.press("Escape")
    await expect(ada.prompt).to_be_visible()
    assert ada.page.url.endswith("#/")
    await expect(ada.replies).to_have_count(0)
