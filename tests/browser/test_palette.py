"""The slash palette: what can be done now, best match first, never in the way of what was written."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser import past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.upstream import Answer

pytestmark = pytest.mark.anyio


def palette(hand: Hand) -> Any:
    return hand.page.locator("command-palette")


def options(hand: Hand) -> Any:
    return palette(hand).get_by_role("option")


def chosen(hand: Hand) -> Any:
    return palette(hand).get_by_role("option", selected=True)


async def test_a_slash_opens_it_above_the_prompt_in_at_most_two_fifths_of_what_is_seen(guest: Hand) -> None:
    for height in (844, 420):
        await guest.page.set_viewport_size({"width": 390, "height": height})
        await guest.until("height => document.querySelector('app-shell').offsetHeight === height", height)
        await guest.type("/")
        await expect(options(guest).first).to_be_visible()
        box = await palette(guest).bounding_box()
        prompt = await guest.page.locator("chat-prompt").bounding_box()
        assert box and prompt and box["height"] <= 0.4 * height + 1 and box["y"] + box["height"] <= prompt["y"]
        rows = await options(guest).evaluate_all("nodes => nodes.map((node) => node.offsetHeight)")
        assert len(rows) > 3 and set(rows) == {48}
        await guest.type("")
        await expect(palette(guest)).to_be_hidden()


async def test_the_best_match_is_first_and_selected_with_its_letters_bold(guest: Hand) -> None:
    await guest.type("/mo")
    await expect(chosen(guest)).to_have_count(1)
    await expect(chosen(guest).locator("b")).to_have_text(["m", "o"])
    await expect(options(guest).first).to_have_attribute("aria-selected", "true")
    await expect(options(guest).first.locator(".name")).to_contain_text("/model [id]")
    await expect(options(guest).first.locator("b").first).to_have_css("font-weight", "700")


async def test_the_present_value_stands_dim_at_the_right(guest: Hand) -> None:
    await guest.type("/model")
    now = options(guest).first.locator(".now")
    await expect(now).to_have_text("gpt-5.1")
    muted = await guest.page.evaluate(
        "() => { const p = document.createElement('p'); p.className = 'muted'; document.body.append(p);"
        " const colour = getComputedStyle(p).color; p.remove(); return colour }"
    )
    await expect(now).to_have_css("color", re.compile(f"^({re.escape(muted)}|{re.escape('rgb(169, 177, 214)')})$"))
    # Both edges in one look: the rows are drawn anew when the list of models comes.
    await guest.until(
        """() => {
          const now = document.querySelector('command-palette [role=option] .now');
          const right = (node) => node?.getBoundingClientRect().right;
          const gap = right(now?.closest('[role=option]')) - right(now);
          return now?.isConnected && gap >= 0 && gap <= 17;
        }"""
    )
    await guest.type("/model gpt")
    await expect(palette(guest).get_by_text("✓ now")).to_have_count(1)


@pytest.mark.parametrize("how", ["Tab", "ArrowRight", "tap"])
async def test_tab_right_and_a_tap_complete(guest: Hand, how: str) -> None:
    await guest.type("/reaso")
    await expect(options(guest)).to_have_count(1)
    if how == "tap":
        await options(guest).first.tap()
    else:
        await guest.page.keyboard.press(how)
    await expect(guest.prompt).to_have_value("/reasoning ")
    await expect(guest.prompt).to_be_focused()
    await expect(options(guest).get_by_text("high", exact=True)).to_be_visible()


async def test_values_come_from_the_server_with_price_context_and_speed_where_known(guest: Hand) -> None:
    await guest.type("/model ")
    row = options(guest).filter(has_text="gpt-5.1").first
    await expect(row.locator(".detail")).to_contain_text("$")
    await expect(row.locator(".detail")).to_contain_text("400k")


async def test_enter_runs_and_the_answer_is_one_notice_with_undo(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    await hand.open(await past.held(inn.house, ADA[0], 5))
    await hand.type("/reasoning hi")
    await expect(options(hand).get_by_text("high", exact=True)).to_be_visible()
    await hand.page.keyboard.press("Enter")
    notice = hand.page.locator("notice-bar")
    await expect(notice).to_contain_text("reasoning: high")
    await expect(hand.prompt).to_have_value("")
    await expect(palette(hand)).to_be_hidden()
    await expect(hand.page.locator("notice-bar:visible")).to_have_count(1)
    await notice.get_by_role("button", name="undo").click()
    await expect(notice).to_contain_text("reasoning: default")
    assert len(inn.upstream.calls) == 0


async def test_enter_on_a_phone_runs_a_command_line_too(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 5))
    await guest.type("/temp 0.3")
    await guest.page.keyboard.press("Enter")
    await expect(guest.page.locator("notice-bar")).to_contain_text("temperature: 0.3")


async def test_a_line_typed_in_one_go_finds_a_command_that_has_just_become_possible(guest: Hand, inn: Inn) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 5))
    await guest.type("/title")
    await expect(options(guest).locator(".name")).to_contain_text(["/title"])


async def test_the_details_of_all_rows_begin_in_one_column(guest: Hand) -> None:
    for line in ("/", "/model "):
        await guest.type(line)
        await expect(palette(guest).locator("#palette.values")).to_have_count(int(line != "/"))
        await expect(options(guest).nth(2)).to_be_visible()
        starts = (
            await palette(guest)
            .locator(".detail")
            .evaluate_all("nodes => nodes.map((node) => Math.round(node.getBoundingClientRect().left))")
        )
        assert len(set(starts)) == 1


async def test_enter_before_the_values_came_runs_what_was_typed(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    await hand.open(await past.held(inn.house, ADA[0], 5))
    held = await hand.hold_back("**/api/commands/*/values*")
    await hand.type("/temp")
    await expect(options(hand).first).to_contain_text("/temp")
    await hand.page.keyboard.type(" 0.7")
    await held.asked()
    await hand.page.keyboard.press("Enter")
    await expect(hand.page.locator("notice-bar")).to_contain_text("temperature: 0.7")
    held.let_go()


async def test_escape_closes_it_and_keeps_the_text_until_something_else_is_typed(guest_at_desk: Hand) -> None:
    hand = guest_at_desk
    await hand.type("/mod")
    await expect(palette(hand)).to_be_visible()
    await hand.page.keyboard.press("Escape")
    await expect(palette(hand)).to_be_hidden()
    await expect(hand.prompt).to_have_value("/mod")
    await hand.page.keyboard.type("e")
    await expect(palette(hand)).to_be_visible()


async def test_two_slashes_send_one(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="a path, I guess"))
    await guest.type("//etc/hosts is what")
    await expect(palette(guest)).to_be_hidden()
    await guest.send_button.tap()
    await guest.answered("a path, I guess")
    await expect(guest.prompts.first.locator(".said")).to_have_text("/etc/hosts is what")
    assert "/etc/hosts is what" in str(inn.upstream.calls[0].body) and "//etc" not in str(inn.upstream.calls[0].body)


@pytest.mark.parametrize("line", ["/teleport home", "/etc/hosts is what", "/modle.", "/teleport\nhome"])
async def test_an_unknown_command_never_goes_to_a_model(guest: Hand, inn: Inn, line: str) -> None:
    await guest.type(line)
    await guest.send_button.tap()
    await expect(guest.page.locator("notice-bar")).to_contain_text("unknown command /")
    await expect(guest.prompt).to_have_value(line)
    await expect(guest.prompts).to_have_count(0)
    assert inn.upstream.calls == []


async def test_only_commands_that_make_sense_now_are_offered(guest: Hand, inn: Inn) -> None:
    names = options(guest).locator(".name")
    await guest.type("/")
    await expect(options(guest).first).to_be_visible()
    offered = " ".join(await names.all_inner_texts())
    assert "/model" in offered and "/retry" not in offered and "/title" not in offered and "/stop" not in offered
    await guest.type("")
    await guest.open(await past.held(inn.house, ADA[0], 5))
    await guest.type("/")
    await expect(names.filter(has_text="/retry")).to_have_count(1)
    await expect(names.filter(has_text="/title")).to_have_count(1)
    await expect(names.filter(has_text="/stop")).to_have_count(0)
    await guest.type("")
    inn.upstream.script(Answer(text="slowly", chunk=1, hold_after=3))
    await guest.say("go on")
    await expect(guest.stop_button).to_be_visible()
    await guest.type("/")
    await expect(names.filter(has_text="/stop")).to_have_count(1)
    await expect(names.filter(has_text="/retry")).to_have_count(0)


async def test_the_prompt_is_a_combobox_and_the_arrows_move_through_the_list(guest_at_desk: Hand) -> None:
    hand = guest_at_desk
    states = ("aria-expanded", "aria-activedescendant")
    assert [await hand.prompt.get_attribute(name) for name in ("role", "aria-autocomplete", "aria-controls")] == [
        "combobox",
        "list",
        "palette",
    ]
    assert [await hand.prompt.get_attribute(name) for name in states] == ["false", None]
    await hand.type("/")
    await expect(options(hand).first).to_be_visible()
    assert await hand.prompt.get_attribute("aria-expanded") == "true"
    count = await options(hand).count()
    for presses, index in (("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", count - 1), ("ArrowDown", 0)):
        await hand.page.keyboard.press(presses)
        assert await chosen(hand).get_attribute("id") == f"option-{index}"
        assert await hand.prompt.get_attribute("aria-activedescendant") == f"option-{index}"
        await expect(chosen(hand)).to_be_in_viewport()
    await expect(hand.prompt).to_be_focused()
    await hand.page.keyboard.press("Escape")
    assert [await hand.prompt.get_attribute(name) for name in states] == ["false", None]


@pytest.mark.parametrize("key", ["Control+k", "Meta+k"])
async def test_control_k_opens_it_from_anywhere_and_the_draft_comes_back_after(guest_at_desk: Hand, key: str) -> None:
    hand = guest_at_desk
    await hand.type("a draft that matters")
    await hand.page.keyboard.press(key)
    await expect(hand.prompt).to_have_value("/")
    await expect(options(hand).first).to_be_visible()
    await hand.page.reload()
    await expect(hand.prompt).to_have_value("a draft that matters")
    await hand.page.keyboard.press(key)
    await hand.page.keyboard.type("theme night")
    await hand.page.keyboard.press("Enter")
    await expect(hand.prompt).to_have_value("a draft that matters")
    await hand.page.keyboard.press(key)
    await hand.page.keyboard.press("Escape")
    await hand.page.keyboard.press("Backspace")
    await expect(hand.prompt).to_have_value("a draft that matters")
    await hand.page.evaluate("location.hash = '#/settings'")
    await expect(hand.page.get_by_role("heading", name="devices")).to_be_visible()
    await hand.page.keyboard.press(key)
    await expect(hand.prompt).to_have_value("/")
    await expect(hand.prompt).to_be_focused()


async def test_a_slash_anywhere_else_comes_to_the_prompt_and_leaves_a_draft_alone(guest_at_desk: Hand) -> None:
    hand = guest_at_desk
    await hand.scroller.focus()
    await hand.page.keyboard.press("/")
    await expect(hand.prompt).to_have_value("/")
    await expect(hand.prompt).to_be_focused()
    await hand.type("a draft")
    await hand.scroller.focus()
    await hand.page.keyboard.press("/")
    await expect(hand.prompt).to_be_focused()
    await expect(hand.prompt).to_have_value("a draft")
