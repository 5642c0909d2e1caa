"""Prices in settings: a model without one is given one, with what a reply then costs; an admin's alone."""

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.hand import Hand
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_an_admin_gives_a_model_its_price_changes_it_and_takes_it_back(
    house: House, root: Phone, upstream: Upstream, phone_screen: BrowserContext
) -> None:
    upstream.default(Answer(usage={"input": 1000, "cached": 0, "output": 500}))
    await root.ask("hello", model="gpt-99")
    hand = await Hand.on(phone_screen, house.url)
    await hand.sign_in(*ADMIN)
    await hand.page.evaluate("location.hash = '#/settings'")
    prices = hand.page.locator("price-settings")
    await expect(prices.locator(".list")).to_contain_text("genai-prices")
    await expect(prices.locator(".missing")).to_contain_text("gpt-99 $? 1 call")
    await prices.get_by_role("button", name="set the price of gpt-99").click()
    form = prices.locator("form")
    await expect(form.locator("[name=provider]")).to_have_value("openai")
    await form.locator("[name=input]").fill("0.000002")
    await form.locator("[name=output]").fill("0.000008")
    await expect(form.locator(".hint")).to_have_text("1000 tokens in and 500 out: <$0.0001")
    await form.locator("[name=input]").fill("2")
    await form.locator("[name=output]").fill("lots")
    await form.get_by_role("button", name="set it").click()
    await expect(form.locator(".problem")).to_contain_text("output: write dollars")
    await form.locator("[name=output]").fill("8")
    await expect(form.locator(".hint")).to_have_text("1000 tokens in and 500 out: $0.006")
    await form.get_by_role("button", name="set it").click()
    await expect(prices.locator(".own")).to_contain_text("gpt-99 $2 in · $8 out")
    await expect(prices.locator(".missing")).to_have_count(0)
    assert (await root.ask("hello", model="gpt-99"))["cost_nanos"] == 6_000_000
    # A model of the list: the form begins with its price, and what it does not ask for stays.
    await prices.get_by_role("button", name="set a price").click()
    await form.locator("[name=model]").fill("gpt-6.1-sol")
    await form.locator("[name=model]").press("Tab")
    await expect(form.locator("[name=cache_read]")).to_have_value("0.1")
    await expect(form.locator(".hint")).to_contain_text("its prices for long requests and service tiers stay")
    # The next model is not in the list: nothing of the one before is saved with it.
    await form.locator("[name=model]").fill("gpt-0-nobody")
    await form.locator("[name=model]").press("Tab")
    await expect(form.locator("[name=cache_read]")).to_have_value("")
    await expect(form.locator(".hint")).to_be_empty()
    # What was typed stays when a model's own price comes.
    await form.locator("[name=input]").fill("3")
    await form.locator("[name=output]").fill("1,000")
    await form.locator("[name=model]").fill("gpt-6.1-sol")
    await form.get_by_role("button", name="set it").click()
    await expect(form.locator(".problem")).to_contain_text("1,000 can be read in two ways")
    await form.locator("[name=output]").fill("8,5")
    await expect(form.locator(".hint")).to_contain_text("$0.007 · its prices for long requests and service tiers stay")
    await expect(form.locator("[name=input]")).to_have_value("3")
    await form.locator("[name=free]").check()
    await expect(form.locator(".hint")).to_contain_text("$0.00")
    await expect(form.locator("[name=input]")).to_be_hidden()
    await form.get_by_role("button", name="cancel").click()
    await prices.get_by_role("button", name="change the price of gpt-99").click()
    await form.get_by_role("button", name="remove").click()
    await expect(prices.locator(".own")).to_have_count(0)
    await hand.page.get_by_role("button", name="undo").click()
    await expect(prices.locator(".own")).to_contain_text("gpt-99")
    assert hand.problems == []


async def test_a_member_is_shown_no_prices(ada: Hand) -> None:
    await ada.page.evaluate("location.hash = '#/settings'")
    await expect(ada.page.locator("budget-settings")).to_be_visible()
    await expect(ada.page.locator("price-settings")).to_have_count(0)
