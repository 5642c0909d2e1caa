"""One prompt to several models, on the phone behind tabs and at the desk side by side."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.hand import Hand
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

LONG = " ".join(f"word {n}" for n in range(300))
ARM = "/compare gpt-5.1 gpt-5-mini"


def group(hand: Hand) -> Any:
    return hand.page.locator("compare-group")


def tabs(hand: Hand) -> Any:
    return group(hand).get_by_role("tab")


def panels(hand: Hand) -> Any:
    return group(hand).locator("section")


def told(upstream: Upstream, **more: Any) -> None:
    upstream.script(
        Answer(text="from the large one", match='"gpt-5.1"', **more),
        Answer(text="from the small one", match='"gpt-5-mini"', **more),
    )


def slow(upstream: Upstream) -> None:
    upstream.script(
        Answer(text=f"large {LONG}", match='"gpt-5.1"', hold_after=12),
        Answer(text=f"small {LONG}", match='"gpt-5-mini"', hold_after=12),
    )


async def compare(hand: Hand, text: str = "which one?") -> None:
    await expect(hand.status.locator(".model")).to_contain_text("gpt-5.1")
    await hand.type(ARM)
    await hand.prompt.press("Escape")
    await hand.send_button.click()
    await expect(hand.page.locator("chat-prompt .armed")).to_contain_text("compare gpt-5.1 · gpt-5-mini")
    await hand.say(text)
    await expect(panels(hand)).to_have_count(2)


async def compared(hand: Hand) -> None:
    await compare(hand)
    await expect(group(hand).locator(".meta .figures")).to_have_count(2)
    await expect(hand.stop_button).to_be_hidden()


async def test_on_the_phone_the_answers_stand_behind_tabs(guest: Hand, provider: Upstream) -> None:
    told(provider)
    await compared(guest)
    await expect(tabs(guest)).to_have_count(2)
    await expect(guest.page.get_by_role("tabpanel")).to_have_count(1)
    await expect(guest.page.get_by_role("tabpanel")).to_contain_text("from the large one")
    await tabs(guest).nth(1).tap()
    await expect(guest.page.get_by_role("tabpanel")).to_contain_text("from the small one")
    await expect(tabs(guest).nth(1)).to_have_attribute("aria-selected", "true")
    for tab in await tabs(guest).all():
        box = await tab.bounding_box()
        assert box and box["height"] >= 44
    assert await guest.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


async def test_the_tabs_move_with_the_keys(guest: Hand, provider: Upstream) -> None:
    told(provider)
    await compared(guest)
    await tabs(guest).first.focus()
    for key, at in (("ArrowRight", 1), ("ArrowRight", 0), ("End", 1), ("Home", 0), ("ArrowLeft", 1)):
        await guest.page.keyboard.press(key)
        await expect(tabs(guest).nth(at)).to_be_focused()
        await expect(tabs(guest).nth(at)).to_have_attribute("aria-selected", "true")
    assert await tabs(guest).first.get_attribute("tabindex") == "-1"


async def test_each_has_its_figures_and_all_of_it_is_there_after_a_reload(guest: Hand, provider: Upstream) -> None:
    told(provider)
    await compared(guest)
    figures = await group(guest).locator(".meta .figures").all_text_contents()
    assert all("tok" in one and "$" in one and " s" in one for one in figures)
    await guest.page.reload()
    await expect(tabs(guest)).to_have_count(2)
    await expect(panels(guest).first).to_contain_text("from the large one")
    await expect(group(guest).locator(".meta .figures")).to_have_text(figures)


async def test_at_the_desk_both_stream_side_by_side(guest_at_desk: Hand, provider: Upstream) -> None:
    slow(provider)
    await compare(guest_at_desk)
    for at, word in enumerate(("large word 0", "small word 0")):
        await expect(panels(guest_at_desk).nth(at)).to_contain_text(word)
    await expect(group(guest_at_desk)).to_have_class(re.compile(r"\bwide\b"))
    first, second = await panels(guest_at_desk).evaluate_all(
        "nodes => nodes.map((node) => node.getBoundingClientRect().toJSON())"
    )
    assert first["y"] == second["y"] and first["right"] <= second["left"]
    await expect(group(guest_at_desk).get_by_role("tablist")).to_be_hidden()
    provider.release()
    for panel in await panels(guest_at_desk).all():
        await expect(panel).to_contain_text("word 299")


async def test_one_is_stopped_then_all(guest_at_desk: Hand, provider: Upstream) -> None:
    slow(provider)
    await compare(guest_at_desk)
    first, second = await panels(guest_at_desk).all()
    await expect(first).to_contain_text("large word 0")
    await expect(second).to_contain_text("small word 0")
    await expect(group(guest_at_desk).get_by_role("button", name="stop all")).to_be_visible()
    await first.get_by_role("button", name="stop", exact=True).click()
    await expect(first.locator(".meta")).to_contain_text("stopped")
    await expect(second.get_by_role("button", name="stop", exact=True)).to_be_visible()
    await guest_at_desk.page.locator("chat-prompt .stop").click()
    await expect(second.locator(".meta")).to_contain_text("stopped")
    await expect(guest_at_desk.page.locator("chat-prompt .stop")).to_be_hidden()


async def test_a_model_that_fails_leaves_the_other(guest_at_desk: Hand, provider: Upstream) -> None:
    provider.script(
        Answer(status=401, match='"gpt-5.1"'),
        Answer(text="still here", match='"gpt-5-mini"'),
    )
    await compare(guest_at_desk)
    await expect(panels(guest_at_desk).first.locator(".problem-line")).to_be_visible()
    await expect(panels(guest_at_desk).nth(1)).to_contain_text("still here")
    await expect(group(guest_at_desk).get_by_role("button", name="merge into one answer")).to_be_hidden()


async def test_the_conversation_goes_on_with_the_chosen_one(guest_at_desk: Hand, provider: Upstream) -> None:
    told(provider)
    await compared(guest_at_desk)
    second = panels(guest_at_desk).nth(1)
    await second.get_by_role("button", name="go on with this one").click()
    await expect(second.get_by_text("goes on from here")).to_be_visible()
    provider.script(Answer(text="and so on"))
    await guest_at_desk.say("more")
    await expect(guest_at_desk.replies.last).to_contain_text("and so on")
    assert "from the small one" in str(provider.calls[-1].body)
    assert "from the large one" not in str(provider.calls[-1].body)
    await expect(group(guest_at_desk).get_by_role("tablist")).to_be_visible()
    await guest_at_desk.page.reload()
    await expect(tabs(guest_at_desk).nth(1)).to_have_attribute("aria-selected", "true")
    await expect(guest_at_desk.replies.last).to_contain_text("and so on")


async def test_a_merge_stands_with_its_sources_and_leads_to_them(guest: Hand, provider: Upstream) -> None:
    told(provider)
    await compared(guest)
    provider.script(Answer(text="both are right [1][2]"))
    await guest.page.get_by_role("button", name="merge into one answer").tap()
    await expect(tabs(guest)).to_have_count(3)
    panel = guest.page.get_by_role("tabpanel")
    await expect(panel).to_contain_text("both are right [1][2]")
    await expect(panel.locator(".sources")).to_contain_text("[1] gpt-5.1")
    await panel.get_by_role("button", name="[2] gpt-5-mini").tap()
    await expect(panel).to_contain_text("from the small one")
    await guest.page.reload()
    await expect(tabs(guest).nth(2)).to_have_attribute("aria-selected", "true")


async def test_the_picker_sends_what_is_typed_to_two_to_four_models(guest: Hand, provider: Upstream) -> None:
    told(provider)
    await expect(guest.status.locator(".model")).to_contain_text("gpt-5.1")
    await guest.type("which one?")
    await guest.page.get_by_role("button", name="more", exact=True).tap()
    await guest.page.get_by_role("button", name="compare models").tap()
    sheet = guest.page.get_by_role("dialog")
    await expect(sheet.get_by_role("button", name="choose two to four models")).to_be_disabled()
    await sheet.get_by_role("checkbox", name="gpt-5-mini", exact=True).check()
    await sheet.get_by_role("button", name="send to 2 models").tap()
    await expect(panels(guest)).to_have_count(2)
    await expect(guest.prompts).to_contain_text(["which one?"])
    await expect(guest.prompt).to_have_value("")


async def test_more_than_four_cannot_be_chosen(guest: Hand, provider: Upstream) -> None:
    await guest.type("/compare")
    await guest.prompt.press("Escape")
    await guest.send_button.click()
    sheet = guest.page.get_by_role("dialog")
    for name in ("gpt-5-mini", "gpt-4.1", "o4-mini"):
        await sheet.get_by_role("checkbox", name=name, exact=True).check()
    await expect(sheet.get_by_role("checkbox", name="gpt-4o-mini", exact=True)).to_be_disabled()
    await expect(sheet.get_by_role("button", name="next message to 4 models")).to_be_enabled()


async def test_what_is_armed_can_be_taken_back(guest: Hand, provider: Upstream) -> None:
    await expect(guest.status.locator(".model")).to_contain_text("gpt-5.1")
    await guest.type(ARM)
    await guest.prompt.press("Escape")
    await guest.send_button.click()
    armed = guest.page.locator("chat-prompt .armed")
    await armed.get_by_role("button", name="cancel").tap()
    await expect(armed).to_be_hidden()
    await guest.say("hello")
    await guest.answered("The fake upstream")
    await expect(group(guest)).to_have_count(0)


async def test_the_palette_completes_one_model_after_the_other(guest_at_desk: Hand, provider: Upstream) -> None:
    await expect(guest_at_desk.status.locator(".model")).to_contain_text("gpt-5.1")
    await guest_at_desk.type("/compare gpt-5.1 gpt-5-m")
    option = guest_at_desk.page.locator("command-palette").get_by_role("option", selected=True)
    await expect(option).to_contain_text("gpt-5-mini")
    await guest_at_desk.prompt.press("Tab")
    await expect(guest_at_desk.prompt).to_have_value("/compare gpt-5.1 gpt-5-mini")
