"""What a person sees of the server's secrets: the unlock screen, and a provider key that stays on the device."""

from dataclasses import replace

import pytest
from playwright.async_api import Browser, expect

from server.providers.known import PROVIDERS
from server.vault import password
from server.vault.vault import Vault
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

MASTER = "eine lange Kette"
KEY = "sk-device-0123456789"
LOOKS = """() => {
  const main = document.querySelector('unlock-screen > main');
  const button = main.querySelector('.primary').getBoundingClientRect();
  return { wide: document.documentElement.scrollWidth - innerWidth, button: button.height, bottom: button.bottom,
    chat: document.querySelector('app-shell') !== null };
}"""


async def test_a_page_that_was_open_asks_for_the_master_password_and_a_key_of_the_device_stays_there(
    house: House, ada: Hand, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password, "MEMORY_KIB", 64)
    monkeypatch.setattr(password, "PASSES", 1)
    page = ada.page
    await house.stop()
    Vault.open(house.data).set_password(MASTER)
    monkeypatch.setitem(PROVIDERS, "openai", replace(PROVIDERS["openai"], base_url=upstream.openai))
    await house.start()
    field = page.get_by_label("master password")
    await expect(field).to_be_visible()
    looks = await page.evaluate(LOOKS)
    assert looks["wide"] <= 0 and looks["button"] >= 44 and looks["bottom"] < 844 and not looks["chat"]
    await field.fill("guess")
    await page.get_by_role("button", name="unlock").tap()
    await expect(page.get_by_role("alert")).to_have_text("this is not the master password")
    await field.fill(MASTER)
    await page.get_by_role("button", name="unlock").tap()
    await expect(ada.prompt).to_be_visible()

    await page.evaluate("location.hash = '#/settings'")
    await page.get_by_role("button", name="add a provider").tap()
    form = page.locator("key-form")
    await form.locator("[name=key]").fill(KEY)
    await form.locator("[name=provider]").select_option("openai")
    await form.locator("[name=whose]").select_option("device")
    await form.get_by_role("button", name="save and test").tap()
    row = page.locator("key-list .key", has_text="this device")
    await expect(row).to_contain_text(f"…{KEY[-4:]}")
    kept = "Object.entries(localStorage).filter(([, value]) => value.includes('" + KEY + "')).map(([key]) => key)"
    (place,) = await page.evaluate(kept)
    assert place.startswith("llm-router:device-keys:")

    upstream.default(Answer(text="for this device alone"))
    await page.evaluate("location.hash = '#/'")
    await ada.say("hello")
    await ada.answered("for this device alone")
    assert upstream.calls[-1].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in await page.content()

    async with page.expect_response("**/api/settings/api-keys"):
        await page.evaluate("location.hash = '#/settings'")
    await row.tap()
    await page.get_by_role("button", name="delete").tap()
    await page.get_by_role("button", name="really delete").tap()
    await expect(row).to_have_count(0)
    assert await page.evaluate(kept) == []


async def test_whom_the_proxy_let_in_is_at_the_chat_at_once_or_is_told_why_not(house: House, browser: Browser) -> None:
    await house.services.users.create(*ADA)
    await house.stop()
    house.environment["LLM_ROUTER_PROXY_USER_HEADER"] = "Remote-User"
    house.environment["LLM_ROUTER_PROXY_ADDRESSES"] = "127.0.0.1"
    await house.start()
    for name, seen in ((ADA[0], "app-shell"), ("nobody", "login-screen")):
        context = await browser.new_context(extra_http_headers={"Remote-User": name})
        hand = await Hand.on(context, house.url)
        await expect(hand.page.locator(seen)).to_be_visible()
        if name == "nobody":
            await expect(hand.page.get_by_role("alert")).to_contain_text("nobody has no account on this server")
        await context.close()
