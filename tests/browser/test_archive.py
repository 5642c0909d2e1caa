"""Take away and bring along, by touch: a file comes out of the export sheet, a file goes in through the settings."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect
from pypdf import PdfReader

from tests.archive import samples
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House
from tests.phone import Phone

pytestmark = pytest.mark.anyio

SHARING = """
  Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)' });
  navigator.canShare = () => true;
  navigator.share = async ({ files }) => { window.shared = files[0].name; };
"""


@pytest.fixture
async def phone(house: House, ada: Hand) -> AsyncIterator[Phone]:
    """Ada's other phone, which has no screen."""
    phone = await Phone(house.url).sign_in(*ADA)
    yield phone
    await phone.close()


async def export(hand: Hand, choice: str) -> None:
    await hand.page.get_by_role("button", name="more").first.click()
    await hand.page.get_by_role("dialog").get_by_role("button", name="export").click()
    await hand.page.get_by_role("dialog", name="export").get_by_role("button", name=choice).click()


async def test_a_conversation_is_downloaded_as_pdf_with_its_words(ada: Hand) -> None:
    await ada.say("hello there")
    await ada.answered("hello")
    async with ada.page.expect_download() as downloading:
        await export(ada, "PDF")
    path = await (await downloading.value).path()
    text = PdfReader(io.BytesIO(Path(path).read_bytes())).pages[0].extract_text()
    assert "hello there" in text


async def test_where_downloads_do_not_work_a_second_tap_shares_the_file(house: House, ada: Hand, phone: Phone) -> None:
    answered = await phone.ask("hello there")
    await ada.page.add_init_script(SHARING)
    await ada.page.goto(f"{house.url}/#/c/{answered['conversation_id']}")
    await ada.page.reload()
    await expect(ada.replies).to_have_count(1)
    await export(ada, "Markdown")
    row = ada.page.get_by_role("dialog", name="export").get_by_role("button", name="Markdown")
    await expect(row).to_contain_text("tap to share")
    await row.click()
    assert str(await ada.until("() => window.shared")).endswith(".md")


async def test_an_import_says_what_came_in_and_the_conversations_are_there(ada: Hand, phone: Phone) -> None:
    await ada.page.evaluate("location.hash = '#/settings'")
    chooser = ada.page.locator("archive-settings input[type=file]")
    file = {"name": "chatgpt.zip", "mimeType": "application/zip", "buffer": samples.packed(samples.chatgpt_zip())}
    await chooser.set_input_files(file)  # type: ignore[arg-type]
    said = ada.page.locator("archive-settings .said")
    await expect(said).to_contain_text("1 conversation, 5 messages, 1 file from ChatGPT")
    [conversation] = (await phone.get("/api/conversations"))["conversations"]
    await ada.page.evaluate("id => { location.hash = `#/c/${id}` }", conversation["id"])
    await expect(ada.replies.last).to_contain_text("A red square.")
    await expect(ada.page.locator("chat-message.notice").first).to_contain_text("print(6 * 7)")


async def test_a_file_that_cannot_be_imported_says_why(ada: Hand) -> None:
    await ada.type("/import")
    await ada.send_button.click()
    cut = json.dumps(samples.chatgpt()).encode()[:-40]
    chooser = ada.page.get_by_role("dialog").locator("input[type=file]")
    await chooser.set_input_files({"name": "c.json", "mimeType": "application/json", "buffer": cut})  # type: ignore[arg-type]
    await expect(ada.page.get_by_role("dialog").locator(".said")).to_contain_text("cut off")
