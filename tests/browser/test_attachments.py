"""Files with a message: picked, pasted, dropped and shared, kept without a line, shown without a jump."""

import base64
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.hand import Hand
from tests.house import House
from tests.pictures import PDF, SVG, picture
from tests.upstream import Upstream

pytestmark = pytest.mark.anyio

CAT = {"name": "cat.png", "mimeType": "image/png", "buffer": picture(600, 300)}
PAPER = {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": PDF}
PASTE = """([type, encoded]) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], "photo.png", { type: "image/png" }));
  const how = { bubbles: true, cancelable: true };
  const event = type === "paste" ? new ClipboardEvent(type, { ...how, clipboardData: data })
    : new DragEvent(type, { ...how, dataTransfer: data });
  document.querySelector("#prompt").dispatchEvent(event);
}"""


async def attach(hand: Hand, *files: Any) -> None:
    async with hand.page.expect_file_chooser() as choosing:
        await hand.page.get_by_role("button", name="attach files").click()
    await (await choosing.value).set_files(list(files))


def chips(hand: Hand) -> Any:
    return hand.page.locator("file-chips .chip")


def pictures(hand: Hand) -> Any:
    return hand.page.locator("chat-message.user .files .picture")


async def test_a_photo_goes_with_the_words_and_stands_under_them(guest: Hand, provider: Upstream) -> None:
    await attach(guest, CAT, PAPER)
    await expect(chips(guest)).to_have_count(2)
    await expect(chips(guest).first.locator("img")).to_be_visible()
    await guest.say("what is this?")
    await guest.answered("A reply")
    await expect(chips(guest)).to_have_count(0)
    await expect(pictures(guest)).to_have_count(1)
    await expect(guest.page.locator("chat-message.user .files .file")).to_contain_text("paper.pdf")
    kinds = [part["type"] for part in provider.calls[-1].body["input"][-1]["content"]]
    assert kinds == ["input_image", "input_file", "input_text"]


async def test_a_picture_alone_can_be_sent_and_a_tap_shows_it_large(guest: Hand, provider: Upstream) -> None:
    await attach(guest, CAT)
    await expect(guest.send_button).to_be_enabled()
    await guest.send_button.click()
    await guest.answered("A reply")
    await pictures(guest).click()
    viewer = guest.page.locator("dialog .viewer img")
    await expect(viewer).to_be_visible()
    await guest.until("() => document.querySelector('dialog .viewer img').naturalWidth === 600")


@pytest.mark.parametrize("way", ["paste", "drop"])
async def test_a_picture_can_be_pasted_and_dropped(guest: Hand, provider: Upstream, way: str) -> None:
    await guest.page.evaluate(PASTE, [way, base64.b64encode(CAT["buffer"]).decode()])  # type: ignore[arg-type]
    await expect(chips(guest)).to_have_count(1)
    await guest.say("look")
    await guest.answered("A reply")
    await expect(pictures(guest)).to_have_count(1)


async def test_a_file_can_be_taken_away_again(guest: Hand, provider: Upstream) -> None:
    await attach(guest, CAT, PAPER)
    await guest.page.get_by_role("button", name="remove cat.png").click()
    await expect(chips(guest)).to_have_count(1)
    await guest.say("read")
    await guest.answered("A reply")
    assert "input_image" not in str(provider.calls[-1].body)


async def test_a_file_that_is_refused_goes_with_a_reason(guest: Hand) -> None:
    await attach(guest, {"name": "logo.png", "mimeType": "image/png", "buffer": SVG})
    await expect(guest.page.get_by_text("logo.png is not a picture")).to_be_visible()
    await expect(chips(guest)).to_have_count(0)


async def test_what_is_attached_is_still_there_after_a_reload(guest: Hand, provider: Upstream) -> None:
    await attach(guest, CAT)
    await expect(chips(guest)).to_have_count(1)
    await guest.page.reload()
    await expect(chips(guest)).to_have_count(1)
    await guest.say("look")
    await guest.answered("A reply")
    await expect(pictures(guest)).to_have_count(1)


async def test_a_message_written_without_a_line_takes_its_files_along_once(guest: Hand, provider: Upstream) -> None:
    await guest.say("first")
    await guest.answered("A reply")
    await attach(guest, CAT)  # fetches what it takes
    await guest.page.get_by_role("button", name="remove cat.png").click()
    await guest.page.context.set_offline(True)
    await attach(guest, CAT)
    await guest.say("seen from afar")
    await expect(guest.page.locator("queued-message")).to_contain_text("cat.png")
    await expect(chips(guest)).to_have_count(0)
    await guest.page.context.set_offline(False)
    await guest.answered("A reply", 2)
    await expect(guest.page.locator("queued-message")).to_have_count(0)
    await expect(pictures(guest)).to_have_count(1)
    sent = [asked for asked in provider.calls if "seen from afar" in str(asked.body)]
    assert len(sent) == 1 and "input_image" in str(sent[0].body)


async def test_a_model_that_cannot_see_says_so_and_offers_one_that_can(guest: Hand, provider: Upstream) -> None:
    await guest.say("/model gpt-3.5-turbo")
    await expect(guest.status).to_contain_text("3.5")
    asked = len(provider.calls)
    await attach(guest, CAT)
    await guest.say("what is this?")
    await expect(guest.page.get_by_text("cannot see pictures")).to_be_visible()
    assert len(provider.calls) == asked
    await guest.page.get_by_role("button", name="use gpt-").click()
    await expect(guest.status).not_to_contain_text("3.5")
    await guest.send_button.click()
    await guest.answered("A reply")
    assert "input_image" in str(provider.calls[-1].body)


async def test_a_picture_has_its_place_before_it_has_come(guest: Hand, provider: Upstream) -> None:
    await attach(guest, CAT)
    await guest.say("look")
    await guest.answered("A reply")
    held = await guest.hold_back("**/api/attachments/**")
    await guest.page.reload()
    await expect(pictures(guest)).to_have_count(1)
    await guest.still()
    before = await pictures(guest).bounding_box()
    held.let_go()
    await guest.until("() => document.querySelector('.files img').complete")
    assert await pictures(guest).bounding_box() == before and before["height"] >= 100


async def test_an_edited_prompt_brings_its_files_along(guest_at_desk: Hand, provider: Upstream) -> None:
    hand = guest_at_desk
    await attach(hand, CAT)
    await hand.say("what is this?")
    await hand.answered("A reply")
    await hand.prompt.press("ArrowUp")
    await expect(chips(hand)).to_have_count(1)
    await hand.say("what colour is this?")
    await expect(hand.prompts).to_contain_text("what colour is this?")
    await hand.answered("A reply")
    await expect(pictures(hand)).to_have_count(1)
    assert "input_image" in str(provider.calls[-1].body)


@pytest.mark.worker
async def test_pictures_that_are_shared_wait_over_the_prompt_of_a_new_chat(
    house: House, ada: Hand, phone_screen: BrowserContext, upstream: Upstream
) -> None:
    await ada.page.reload()
    await ada.is_kept()
    await ada.page.evaluate(
        """(encoded) => {
          const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
          const form = document.createElement("form");
          Object.assign(form, { method: "POST", action: "/share", enctype: "multipart/form-data" });
          const words = Object.assign(document.createElement("input"), { name: "text", value: "from the gallery" });
          const files = Object.assign(document.createElement("input"), { name: "files", type: "file" });
          const data = new DataTransfer();
          data.items.add(new File([bytes], "holiday.png", { type: "image/png" }));
          files.files = data.files;
          form.append(words, files);
          document.body.append(form);
          form.submit();
        }""",
        base64.b64encode(CAT["buffer"]).decode(),  # type: ignore[arg-type]
    )
    await expect(chips(ada)).to_have_count(1)
    await expect(chips(ada)).to_contain_text("holiday.png")
    await expect(ada.prompt).to_have_value("from the gallery")
    assert upstream.calls == []
    await ada.send_button.click()
    await ada.answered("A reply")
    assert "input_image" in str(upstream.calls[-1].body)


async def test_pictures_of_a_message_come_by_themselves_when_what_draws_them_could_not_be_fetched(
    guest: Hand, provider: Upstream
) -> None:
    await guest.page.clock.install()
    await guest.page.route("**/ui/attached.js*", lambda route: route.abort())
    await attach(guest, CAT)
    await guest.say("what is this?")
    await expect(guest.page.get_by_text("the files cannot be fetched now, trying again")).to_be_visible()
    await expect(guest.prompts).to_contain_text("what is this?")
    await guest.page.unroute_all()
    await guest.page.clock.fast_forward(3000)
    await expect(pictures(guest)).to_have_count(1)
