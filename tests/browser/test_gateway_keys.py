"""Gateway keys and the page that connects a tool: made, shown once, tried, revoked; with the lines to paste."""

import re
from datetime import UTC, datetime

import httpx2
import pytest
from playwright.async_api import BrowserContext, expect
from sqlalchemy import update

from server.store.tables import StoredKey
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import ADMIN, House
from tests.phone import Phone

pytestmark = pytest.mark.anyio
KEY = re.compile(r"sk-llmr-[\w-]{43}")


async def settings(hand: Hand) -> None:
    await hand.page.evaluate("location.hash = '#/settings'")
    await expect(hand.page.locator("gateway-keys")).to_be_visible()


async def make(hand: Hand, name: str, **fields: str) -> str:
    """Fills in the form; the key that is shown."""
    await hand.page.get_by_role("button", name="make a key").click()
    form = hand.page.locator("gateway-keys form")
    for field, value in {"name": name, **fields}.items():
        await form.locator(f"[name={field}]").fill(value)
    await form.get_by_role("button", name="make the key").click()
    shown = hand.page.locator("gateway-keys made-key code")
    await expect(shown).to_have_text(KEY)
    return str(await shown.text_content())


async def test_a_key_is_made_shown_once_and_works(house: House, ada: Hand) -> None:
    await settings(ada)
    key = await make(ada, "laptop", project="home", models="claude-*, gpt-5*", limit="2.50", rpm="60", days="30")
    await ada.page.locator("gateway-keys").get_by_role("button", name="test").click()
    await expect(ada.page.locator("made-key .said")).to_have_text(re.compile(r"✓ it works, \d+ models"))
    row = ada.page.locator("gateway-keys .rows .pair")
    await expect(row).to_contain_text("laptop")
    for fact in (
        f"sk-llmr-…{key[-4:]}",
        "home",
        "claude-* gpt-5*",
        "60/min",
        "never used",
        "$0.00 of $2.50",
        "until 20",
    ):
        await expect(row).to_contain_text(fact)
    async with httpx2.AsyncClient(base_url=house.url, headers={"Authorization": f"Bearer {key}"}) as program:
        assert (await program.get("/v1/models")).status_code == 200
    await ada.page.get_by_role("button", name="change laptop").click()
    form = ada.page.locator("gateway-keys form")
    await expect(form.locator("[name=limit]")).to_have_value("2.5")
    # What somebody else changes while the form is open stays.
    (stored,) = await house.services.keys.all(None)
    await house.services.keys.change(stored.id, None, {"tpm": 9000})
    await form.locator("[name=rpm]").fill("")
    await form.locator("[name=limit]").fill("7")
    await form.get_by_role("button", name="change the key").click()
    await expect(row).to_contain_text("$0.00 of $7.00")
    await expect(row).not_to_contain_text("60/min")
    await expect(row).to_contain_text("9k tok/min")
    await expect(form).to_have_count(0)
    long_ago = update(StoredKey.__table__).values(expires_at=datetime(2026, 1, 2, tzinfo=UTC))  # type: ignore[arg-type]
    await house.services.database.write(lambda connection: connection.execute(long_ago))
    await ada.page.reload()
    await expect(row).to_contain_text("laptop")
    await expect(row).to_contain_text("expired 2026-01-02")
    await ada.page.get_by_role("button", name="change laptop").click()
    await form.get_by_label("it never expires").check()
    await form.get_by_role("button", name="change the key").click()
    await expect(row).not_to_contain_text("expired")
    assert (await house.services.keys.all(None))[0].expires_at is None
    await expect(ada.page.locator("gateway-keys made-key code")).to_have_count(0)
    assert key not in await ada.page.content()


async def test_the_made_key_can_be_copied(ada: Hand) -> None:
    await ada.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await settings(ada)
    key = await make(ada, "laptop")
    await ada.page.locator("made-key .copy").click()
    await expect(ada.page.locator("notice-bar")).to_contain_text("copied")
    assert await ada.page.evaluate("navigator.clipboard.readText()") == key


async def test_revoking_takes_a_second_tap_and_ends_the_key(house: House, ada: Hand) -> None:
    await settings(ada)
    key = await make(ada, "laptop")
    revoke = ada.page.get_by_role("button", name="revoke laptop")
    await revoke.click()
    await expect(revoke).to_have_accessible_name("revoke laptop: really?")
    await revoke.blur()
    await expect(revoke).to_have_text("revoke")
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": key}) as program:
        assert (await program.get("/v1/models")).status_code == 200
        for _ in range(2):
            await revoke.click()
        await expect(ada.page.locator("notice-bar")).to_contain_text("laptop is revoked")
        assert (await program.get("/v1/models")).status_code == 401
    await expect(ada.page.locator("gateway-keys .rows .pair")).to_have_count(0)
    await expect(ada.page.locator("made-key code")).to_have_count(0)


async def test_what_makes_no_sense_is_said_in_the_form_and_nothing_is_lost(ada: Hand) -> None:
    await settings(ada)
    await ada.page.get_by_role("button", name="make a key").click()
    form = ada.page.locator("gateway-keys form")
    await form.locator("[name=name]").fill("laptop")
    await form.locator("[name=limit]").fill("lots")
    await form.get_by_role("button", name="make the key").click()
    await expect(form.get_by_role("alert")).to_have_text("lots is not an amount of dollars, such as 2.50")
    await expect(form.locator("[name=name]")).to_have_value("laptop")
    await form.locator("[name=limit]").fill("1,000")
    await form.get_by_role("button", name="make the key").click()
    await expect(form.get_by_role("alert")).to_contain_text("1,000 can be read in two ways")
    await form.locator("[name=limit]").fill("2,50")
    await form.get_by_role("button", name="make the key").click()
    await expect(ada.page.locator("gateway-keys .rows")).to_contain_text("of $2.50")


async def test_an_admin_sees_whose_keys_there_are_and_ends_any(
    house: House, ada: Hand, desk_screen: BrowserContext
) -> None:
    phone = await Phone(house.url).sign_in(*ADA)
    await phone.post("/api/virtual-keys", {"name": "laptop"})
    root = await Hand.on(desk_screen, house.url)
    await root.sign_in(*ADMIN)
    await settings(root)
    row = root.page.locator("gateway-keys .rows .pair")
    await expect(row).to_contain_text("ada")
    for _ in range(2):
        await root.page.get_by_role("button", name="revoke laptop").click()
    await expect(row).to_have_count(0)
    assert (await phone.get("/api/virtual-keys"))["keys"][0]["state"] == "revoked"
    await phone.close()
    assert root.problems == []


async def test_the_page_that_connects_a_tool_makes_a_key_and_fills_in_the_lines(house: House, ada: Hand) -> None:
    await ada.say("/connect")
    lines = ada.page.locator("connect-screen .lines")
    await expect(lines).to_contain_text(f"ANTHROPIC_BASE_URL={house.url}")
    await expect(lines).to_contain_text("sk-llmr-…")
    await ada.page.get_by_role("button", name="make a key for Claude Code").click()
    await expect(lines).to_contain_text(KEY)
    await ada.page.locator("connect-screen made-key").get_by_role("button", name="test").click()
    await expect(ada.page.locator("made-key .said")).to_contain_text("✓ it works")
    phone = await Phone(house.url).sign_in(*ADA)
    assert [key["name"] for key in (await phone.get("/api/virtual-keys"))["keys"]] == ["Claude Code"]
    await phone.close()


async def test_every_tool_has_lines_with_the_chosen_model(house: House, ada: Hand) -> None:
    await ada.page.evaluate("location.hash = '#/connect'")
    model = ada.page.locator("connect-screen [name=model]")
    await expect(model.locator("option", has_text="claude-haiku-4-5").first).to_be_attached()
    await model.select_option("claude-haiku-4-5")
    tool = ada.page.locator("connect-screen [name=tool]")
    names = await tool.locator("option").all_text_contents()
    assert len(names) == 11
    for name in names:
        await tool.select_option(label=name)
        lines = ada.page.locator("connect-screen .lines")
        await expect(lines).to_contain_text(house.url)
        if name != "Open WebUI":
            await expect(lines).to_contain_text("claude-haiku-4-5")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await ada.page.evaluate(wide)


async def test_of_several_keys_of_one_provider_it_is_said_which_is_asked_when(house: House, ada: Hand) -> None:
    phone = await Phone(house.url).sign_in(*ADA)
    for key in ("sk-ant-first-7001", "sk-ant-other-7002"):
        await phone.post("/api/settings/api-keys", {"provider": "anthropic", "key": key})
    await ada.page.evaluate("location.hash = '#/settings'")
    first = ada.page.locator("key-list .key", has_text="…7001")
    other = ada.page.locator("key-list .key", has_text="…7002")
    await expect(first).to_contain_text("50% of the work")
    await other.click()
    await ada.page.locator("[name=weight]").fill("3")
    await ada.page.locator("[name=weight]").press("Tab")
    await expect(other).to_contain_text("75% of the work")
    await ada.page.get_by_role("button", name="ask earlier").click()
    await expect(other).to_contain_text("asked first")
    await expect(first).to_contain_text("asked after 1 other")
    await first.click()
    await ada.page.get_by_role("button", name="share the work").click()
    await expect(first).to_contain_text("25% of the work")
    kept = (await phone.get("/api/settings/api-keys"))["keys"]
    assert [(key["last4"], key["position"], key["weight"]) for key in kept if key["position"] is not None] == [
        ("7001", 0, 1),
        ("7002", 0, 3),
    ]
    await phone.close()
