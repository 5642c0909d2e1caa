"""Leaving the model to the router: chosen like a model, explained where it answers, ruled in settings."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PATIENCE, Inn
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
async def unruled(inn: Inn) -> AsyncIterator[Phone]:
    """Ada's other device; at the end she has no rules again."""
    phone = await Phone(inn.house.url).sign_in(*ADA)
    yield phone
    await phone.call("PATCH", "/api/preferences", {"routes": []})
    await phone.close()


def routes(hand: Hand) -> Any:
    return hand.page.locator("route-settings")


async def kept(phone: Phone) -> list[tuple[str, str, list[str]]]:
    """The rules that the server has."""
    rules = (await phone.get("/api/session"))["user"]["preferences"]["routes"]
    return [(rule["when"]["tag"], rule["model"], rule["fallbacks"]) for rule in rules]


async def test_auto_is_chosen_like_a_model_and_the_status_line_says_what_it_picked(
    guest_at_desk: Hand, provider: Upstream
) -> None:
    await guest_at_desk.status.locator(".model").click()
    await guest_at_desk.page.get_by_role("dialog").get_by_role("button", name="auto/cheapest").click()
    await expect(guest_at_desk.status.locator(".model")).to_contain_text("auto/cheapest")
    provider.script(Answer(text="picked for you"))
    await guest_at_desk.say("hello")
    await guest_at_desk.answered("picked for you")
    asked = provider.calls[-1].body["model"]
    await expect(guest_at_desk.status.locator(".model")).to_contain_text(f"auto/cheapest → {asked}")
    await expect(guest_at_desk.status.locator(".reason")).to_be_visible()
    await expect(guest_at_desk.status.locator(".reason")).to_contain_text("cheapest that can")
    await expect(guest_at_desk.replies.last.locator(".note")).to_contain_text(
        f"auto/cheapest → {asked}: cheapest that can"
    )


async def test_on_the_phone_the_pick_is_in_one_line_that_does_not_wrap(guest: Hand, provider: Upstream) -> None:
    await guest.type("/model auto")
    await guest.prompt.press("Escape")
    await guest.send_button.click()
    await expect(guest.status.locator(".model")).to_contain_text("auto")
    await guest.say("hello")
    await guest.answered("The fake upstream")
    await expect(guest.status.locator(".model")).to_contain_text("auto → gpt-5.1")
    box = await guest.status.bounding_box()
    assert box and box["height"] <= 48
    assert await guest.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


async def test_a_failure_before_the_first_word_is_told_where_the_answer_stands(
    guest_at_desk: Hand, provider: Upstream
) -> None:
    await guest_at_desk.type("/route on")
    await guest_at_desk.prompt.press("Enter")
    await expect(guest_at_desk.status.locator(".model")).to_contain_text("auto")
    provider.script(Answer(status=401), Answer(text="from the next one"))
    await guest_at_desk.say("hello")
    await guest_at_desk.answered("from the next one")
    await expect(guest_at_desk.replies.last.locator(".note")).to_contain_text("gpt-5.1 did not answer")


async def test_a_rule_is_made_tried_moved_and_deleted(guest: Hand, unruled: Phone) -> None:
    await guest.page.evaluate("() => { location.hash = '#/settings' }")
    for tag, model in (("work", "gpt-5-mini"), ("home", "gpt-4.1")):
        await routes(guest).get_by_role("button", name="add a rule").tap()
        await routes(guest).get_by_label("tag of the conversation").fill(tag)
        await routes(guest).locator("select[name=model]").select_option(model)
        await routes(guest).get_by_label("if it fails").select_option("gpt-5.1")
        await routes(guest).get_by_role("button", name="save rule").tap()
        await expect(routes(guest).locator(".rule").last).to_contain_text(f"tagged {tag}")
    await routes(guest).get_by_role("button", name="move rule 2 up").tap()
    await expect(routes(guest).locator(".rule").first).to_contain_text("tagged home")
    await routes(guest).get_by_role("button", name="delete rule 1").tap()
    await expect(routes(guest).locator(".rule")).to_have_count(1)
    await guest.page.get_by_role("button", name="undo").tap()
    await expect(routes(guest).locator(".rule")).to_have_count(2)
    async with asyncio.timeout(PATIENCE):
        while await kept(unruled) != [("home", "gpt-4.1", ["gpt-5.1"]), ("work", "gpt-5-mini", ["gpt-5.1"])]:
            await asyncio.sleep(0.05)


async def test_a_text_is_tried_in_settings_and_nobody_is_asked(guest: Hand, unruled: Phone, provider: Upstream) -> None:
    rule = {"when": {"code": True}, "model": "gpt-5-mini"}
    await unruled.call("PATCH", "/api/preferences", {"routes": [rule]})
    await guest.page.reload()
    await guest.page.evaluate("() => { location.hash = '#/settings' }")
    await expect(routes(guest).locator(".rule")).to_contain_text("about code")
    await routes(guest).get_by_label("try it on a text").fill("what does os.getcwd() give?")
    await routes(guest).get_by_role("button", name="what would be picked").tap()
    sheet = guest.page.get_by_role("dialog")
    await expect(sheet).to_contain_text("your rule 1: about code")
    assert provider.calls == []
