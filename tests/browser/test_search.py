"""Search at the page: from the letters that are typed to the message that is marked."""

import re

import pytest
from playwright.async_api import expect

from tests.browser import past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.phone import Phone
from tests.upstream import Answer

pytestmark = pytest.mark.anyio


async def search(hand: Hand, words: str) -> None:
    await hand.page.evaluate("location.hash = '#/search'")
    await hand.page.get_by_label("search everything").fill(words)


async def test_a_tap_on_a_hit_far_up_goes_to_the_message_and_marks_it(guest: Hand, inn: Inn) -> None:
    await past.held(inn.house, ADA[0], 120, answer="answer {n} has the word xylophone{n} in it")
    await search(guest, "xylophone7 ")
    hit = guest.page.locator("search-screen .hit").first
    await expect(hit.locator("mark")).to_have_text("xylophone7")
    await search(guest, "xylophone42")
    await expect(guest.page.locator("search-screen .hit")).to_have_count(1)
    await hit.tap()
    found = guest.page.locator("chat-message[data-found]")
    await expect(found).to_contain_text("xylophone42")
    await expect(found).to_be_in_viewport()
    await expect(guest.page.get_by_role("button", name="▼ latest")).to_be_visible()


async def test_a_hit_in_another_branch_opens_that_branch(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="the quokka version"), Answer(text="the other version"))
    await guest.say("which one?")
    await guest.answered("quokka")
    await guest.page.locator("chat-message.assistant .figures").click()
    await guest.page.get_by_role("dialog").get_by_role("button", name=re.compile("^retry new branch|^retry$")).click()
    await guest.answered("the other version")
    await search(guest, "quokka")
    await guest.page.locator("search-screen .hit").first.tap()
    await expect(guest.page.locator("chat-message[data-found]")).to_contain_text("quokka")
    await expect(guest.replies).to_have_count(1)


async def test_slash_search_and_the_drawer_open_it_with_the_words(guest: Hand, inn: Inn) -> None:
    await past.held(inn.house, ADA[0], 3, answer="a marmalade sandwich {n}")
    await guest.type("/search marmalade")
    await guest.send_button.click()
    await expect(guest.page.get_by_label("search everything")).to_have_value("marmalade")
    await expect(guest.page.locator("search-screen .hit").first).to_contain_text("marmalade")
    await guest.page.get_by_role("button", name="conversations", exact=True).click()
    await guest.page.locator("side-drawer input").fill("sandwich")
    await guest.page.get_by_role("button", name="search in messages").click()
    await expect(guest.page.get_by_label("search everything")).to_have_value("sandwich")
    await expect(guest.page.locator("side-drawer")).to_be_hidden()


async def test_what_is_found_is_text_and_never_markup(guest: Hand, inn: Inn) -> None:
    await past.held(inn.house, ADA[0], 1, answer="<img src=x onerror=alert(1)> pangolin <b>bold</b>")
    await search(guest, "pangolin <b>")
    hit = guest.page.locator("search-screen .hit").first
    await expect(hit).to_contain_text("<img src=x onerror=alert(1)> pangolin <b>bold</b>")
    await expect(hit.locator("img, b")).to_have_count(0)
    await expect(hit.locator("mark").last).to_have_text("<b>")


async def test_the_middle_of_a_word_stands_second_and_nothing_found_says_so(guest: Hand, inn: Inn) -> None:
    await past.held(inn.house, ADA[0], 1, answer="moonwhistler")
    await search(guest, "whistler")
    await expect(guest.page.get_by_role("heading", name="in the middle of words")).to_be_visible()
    await expect(guest.page.locator("search-screen .hit mark")).to_have_text("whistler")
    await search(guest, "zzzqqq")
    await expect(guest.page.locator("search-screen .count")).to_have_text("nothing found")


async def test_on_a_keyboard_the_arrows_move_through_what_was_found(guest_at_desk: Hand, inn: Inn) -> None:
    hand = guest_at_desk
    await past.held(inn.house, ADA[0], 3, answer="a gherkin {n}")
    await search(hand, "gherkin")
    rows = hand.page.locator("search-screen .hit")
    await expect(rows).to_have_count(3)
    await hand.page.keyboard.press("ArrowDown")
    await expect(rows.nth(0)).to_be_focused()
    await hand.page.keyboard.press("ArrowDown")
    await expect(rows.nth(1)).to_be_focused()
    await hand.page.keyboard.press("ArrowUp")
    await hand.page.keyboard.press("ArrowUp")
    await expect(hand.page.get_by_label("search everything")).to_be_focused()
    await hand.page.keyboard.press("Enter")
    await expect(hand.page.locator("chat-message[data-found]")).to_contain_text("gherkin 2")


async def test_filters_narrow_by_favourite_tag_model_and_time(guest: Hand, inn: Inn) -> None:
    phone = await Phone(inn.house.url).sign_in(*ADA)
    starred = await past.held(inn.house, ADA[0], 1, answer="kumquat starred")
    await past.held(inn.house, ADA[0], 1, answer="kumquat plain")
    await phone.call("PATCH", f"/api/conversations/{starred}", {"favorite": True, "tags": ["fruit-salad"]})
    await phone.close()
    await search(guest, "kumquat")
    rows = guest.page.locator("search-screen .hit")
    await expect(rows).to_have_count(2)
    favorites = guest.page.locator(".chip.favorites")
    await favorites.tap()
    await expect(favorites).to_have_attribute("aria-pressed", "true")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("kumquat starred")
    await favorites.tap()
    await guest.page.locator(".chip", has_text="#fruit-salad").tap()
    await expect(rows).to_have_count(1)
    await guest.page.locator(".chip", has_text="#fruit-salad").tap()
    await guest.page.get_by_label("when").select_option("a year ago and more")
    await expect(rows).to_have_count(0)
    await guest.page.get_by_label("when").select_option("last 7 days")
    await expect(rows).to_have_count(2)


async def test_the_screen_fits_the_phone_and_its_targets_a_finger(guest: Hand, inn: Inn) -> None:
    await past.held(inn.house, ADA[0], 3, answer="a very long line about persimmons " * 30)
    await search(guest, "persimmons")
    await expect(guest.page.locator("search-screen .hit").first).to_be_visible()
    wide = await guest.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    small = await guest.page.evaluate(
        """() => [...document.querySelectorAll('search-screen :is(button, input, select)')]
          .map((node) => (node.closest('label') ?? node).getBoundingClientRect())
          .filter(({ height }) => height < 44).length"""
    )
    assert small == 0
