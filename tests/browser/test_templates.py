"""Templates at the prompt and on their screen, by touch and by command."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
async def phone(house: House, ada: Hand) -> AsyncIterator[Phone]:
    """Ada's view of the API, beside her page."""
    phone = await Phone(house.url).sign_in(*ADA)
    yield phone
    await phone.close()


def sheet(hand: Hand) -> Any:
    return hand.page.get_by_role("dialog")


def rows(hand: Hand) -> Any:
    return hand.page.locator("templates-screen .own .use .name")


async def test_variables_are_asked_for_and_the_text_goes_into_the_prompt(ada: Hand, phone: Phone) -> None:
    await phone.post("/api/templates", {"name": "letter", "text": "write to {{whom}} about {{what, in a word}}"})
    await ada.say("/template letter")
    await expect(sheet(ada).get_by_label("whom")).to_be_focused()
    await sheet(ada).get_by_label("whom").fill("{{what}} & <b>co</b>")
    await sheet(ada).get_by_label("what, in a word").fill(" ")
    await sheet(ada).get_by_role("button", name="insert").tap()
    await expect(sheet(ada).get_by_role("alert")).to_have_text("fill in what, in a word")
    await sheet(ada).get_by_label("what, in a word").fill("rain")
    await sheet(ada).get_by_role("button", name="insert").tap()
    await expect(sheet(ada)).to_have_count(0)
    await expect(ada.prompt).to_have_value("write to {{what}} & <b>co</b> about rain")


async def test_the_palette_offers_templates_and_one_without_variables_is_there_at_once(ada: Hand, phone: Phone) -> None:
    await phone.post("/api/templates", {"name": "good morning", "text": "what is new today?"})
    await ada.type("/template good")
    option = ada.page.locator("command-palette").get_by_role("option").first
    await expect(option).to_contain_text("good morning")
    await option.tap()
    await expect(ada.prompt).to_have_value("/template good morning")
    await ada.send_button.click()
    await expect(ada.prompt).to_have_value("what is new today?")


async def test_the_screen_keeps_changes_deletes_and_takes_back(ada: Hand, phone: Phone) -> None:
    await ada.say("/template")
    await ada.page.get_by_role("button", name="new template").tap()
    await sheet(ada).get_by_label("name").fill("weather")
    await sheet(ada).get_by_label("text").fill("how is the weather in {{ }}")
    await sheet(ada).get_by_role("button", name="save").tap()
    await expect(sheet(ada).get_by_role("alert")).to_contain_text("has no name")
    await sheet(ada).get_by_label("text").fill("how is the weather in {{town}}")
    await sheet(ada).get_by_role("button", name="save").tap()
    await expect(rows(ada)).to_have_text(["weather"])
    await ada.page.get_by_role("button", name="change weather").tap()
    await sheet(ada).get_by_label("name").fill("the weather")
    await sheet(ada).get_by_role("button", name="save").tap()
    await expect(rows(ada)).to_have_text(["the weather"])
    await ada.page.get_by_role("button", name="undo").tap()
    await expect(rows(ada)).to_have_text(["weather"])
    await ada.page.get_by_role("button", name="change weather").tap()
    await sheet(ada).get_by_role("button", name="delete this template").tap()
    await expect(rows(ada)).to_have_count(0)
    await ada.page.get_by_role("button", name="undo").tap()
    await expect(rows(ada)).to_have_text(["weather"])
    await rows(ada).first.tap()
    await sheet(ada).get_by_label("town").fill("Oslo")
    await sheet(ada).get_by_role("button", name="insert").tap()
    await expect(ada.prompt).to_have_value("how is the weather in Oslo")


async def test_a_built_in_one_is_made_ones_own_under_its_name(ada: Hand, phone: Phone) -> None:
    await ada.say("/template")
    await ada.page.get_by_role("button", name="make your own of explain").tap()
    await expect(sheet(ada).get_by_label("name")).to_have_value("explain")
    await sheet(ada).get_by_label("text").fill("my way: {{what}}")
    await sheet(ada).get_by_role("button", name="save").tap()
    await expect(rows(ada)).to_have_text(["explain"])
    await expect(ada.page.locator("templates-screen .built-in .name", has_text="explain")).to_have_count(0)


async def test_a_prompt_is_kept_from_its_sheet(ada: Hand, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="the sky is"))
    await ada.say("why is {{thing}} blue")
    await ada.answered("the sky is")
    await ada.prompts.first.get_by_role("button", name="message actions").tap()
    await sheet(ada).get_by_role("button", name="save as template").tap()
    await expect(sheet(ada).get_by_label("text")).to_have_value("why is {{thing}} blue")
    await sheet(ada).get_by_label("name").fill("why blue")
    await sheet(ada).get_by_role("button", name="save").tap()
    await expect(ada.page.locator("notice-bar")).to_contain_text("template “why blue” saved")
    kept = [one for one in (await phone.get("/api/templates"))["templates"] if not one["built_in"]]
    assert [(one["name"], one["variables"]) for one in kept] == [("why blue", ["thing"])]


async def test_they_are_taken_away_as_a_file_and_brought_along(ada: Hand, phone: Phone, tmp_path: Path) -> None:
    await phone.post("/api/templates", {"name": "mine", "text": "привет {{кто}}"})
    await ada.say("/template")
    async with ada.page.expect_download() as download:
        await ada.page.get_by_role("link", name="export yours").tap()
    file = tmp_path / "templates.json"
    await (await download.value).save_as(file)
    assert [one["name"] for one in json.loads(file.read_text())["templates"]] == ["mine"]
    chooser = ada.page.get_by_label("file with templates")
    await chooser.set_input_files(file)
    await expect(ada.page.locator("notice-bar")).to_contain_text("0 templates imported · 1 there already")
    file.write_text(file.read_text().replace("привет", "пока"))
    await chooser.set_input_files(file)
    await expect(ada.page.locator("notice-bar")).to_contain_text("1 template imported · now called mine (2)")
    await expect(rows(ada)).to_have_text(["mine", "mine (2)"])
    file.write_text(file.read_text()[:-20])
    await chooser.set_input_files(file)
    await expect(ada.page.locator("notice-bar")).to_contain_text("not complete JSON")


async def test_the_screen_fits_a_phone(ada: Hand) -> None:
    await ada.say("/template")
    await expect(ada.page.locator("templates-screen .built-in .use")).not_to_have_count(0)
    assert await ada.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    await ada.page.get_by_role("button", name="import a file").scroll_into_view_if_needed()
    await expect(ada.page.get_by_role("button", name="import a file")).to_be_in_viewport()
    sizes = await ada.page.locator("templates-screen button:visible").evaluate_all(
        "nodes => nodes.filter((node) => !node.matches('.act')).map((node) => node.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 44
