"""Without a server: the page opens, what was seen can be read, what is written waits and is sent once."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.hand import Hand
from tests.browser.tunnel import Tunnel
from tests.conftest import ADA, BOB
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = [pytest.mark.anyio, pytest.mark.worker]

BLOCKED = """
  const refuse = { get() { throw new DOMException("refused", "SecurityError"); } };
  for (const name of ["localStorage", "indexedDB"]) Object.defineProperty(window, name, refuse);
"""
FULL = """
  const full = () => { throw new DOMException("full", "QuotaExceededError"); };
  Storage.prototype.setItem = full;
  IDBObjectStore.prototype.put = full;
  Cache.prototype.put = async () => full();
"""


@pytest.fixture
async def tunnel(house: House) -> AsyncIterator[Tunnel]:
    tunnel = await Tunnel(house.url).mend()
    yield tunnel
    await tunnel.cut()


@pytest.fixture
async def traveller(house: House, tunnel: Tunnel, phone_screen: BrowserContext) -> AsyncIterator[Hand]:
    """Ada on the train: signed in through a tunnel that can be cut, the page kept by her browser."""
    await house.services.users.create(*ADA)
    hand = await Hand.inside(phone_screen, tunnel.url, *ADA)
    await hand.is_kept()
    yield hand
    assert hand.problems == []


@pytest.fixture
async def phone(house: House, traveller: Hand) -> AsyncIterator[Phone]:
    """Ada's view of the API, which never loses its line."""
    phone = await Phone(house.url).sign_in(*ADA)
    yield phone
    await phone.close()


async def turns(phone: Phone) -> list[list[str]]:
    """What the server has: the person's messages of each conversation, oldest conversation first."""
    rows = (await phone.get("/api/conversations"))["conversations"]
    pages = [await phone.get(f"/api/conversations/{row['id']}") for row in reversed(rows)]
    return [[message["text"] for message in page["messages"] if message["role"] == "user"] for page in pages]


async def sign_out(hand: Hand) -> None:
    await hand.page.evaluate("location.hash = '#/settings'")
    devices = hand.page.locator("settings-screen .devices .pair", has_text="this one")
    await devices.get_by_role("button", name="sign out").click()


async def test_the_page_opens_without_a_server_and_takes_text(traveller: Hand, tunnel: Tunnel) -> None:
    await tunnel.cut()
    await traveller.page.reload()
    await traveller.type("written under ground")
    await expect(traveller.prompt).to_have_value("written under ground")
    await expect(traveller.page.get_by_text(", ada")).to_be_visible()


async def test_what_was_seen_is_read_without_a_server_and_goes_on_with_it(
    traveller: Hand, tunnel: Tunnel, upstream: Upstream, phone_screen: BrowserContext
) -> None:
    upstream.script(Answer(text="The **answer** is `42`."), Answer(text="And more."))
    await traveller.say("what is it?")
    await traveller.answered("The answer is 42.")
    await traveller.has_seen("The <strong>answer</strong>")
    url = traveller.page.url
    await traveller.page.close()
    await tunnel.cut()
    hand = await Hand.on(phone_screen, url, "")
    await expect(hand.prompts).to_have_text(re.compile("what is it"))
    await expect(hand.replies.locator(".body strong")).to_have_text("answer")
    await expect(hand.status).to_contain_text("gpt-5.1")
    await expect(hand.status).to_contain_text(re.compile("reconnecting|offline"))
    await hand.page.get_by_role("button", name="conversations").click()
    await expect(hand.page.locator("side-drawer .rows")).to_contain_text("what is it")
    await hand.page.keyboard.press("Escape")
    await tunnel.mend()
    await expect(hand.status).to_contain_text("idle")
    await hand.say("go on")
    await hand.answered("And more.", count=2)
    assert hand.problems == []


async def test_a_conversation_that_went_on_elsewhere_is_brought_up_to_date(
    traveller: Hand, phone: Phone, upstream: Upstream, phone_screen: BrowserContext
) -> None:
    upstream.script(Answer(text="first"), Answer(text="second"), Answer(text="first, anew"))
    await traveller.say("one")
    await traveller.answered("first")
    await traveller.has_seen("first")
    url = traveller.page.url
    await traveller.page.close()
    conversation = url.rpartition("/")[2]
    sent = await phone.post(f"/api/conversations/{conversation}/messages", {"client_id": "elsewhere-1", "text": "two"})
    await phone.ended(sent["reply"]["id"])
    hand = await Hand.on(phone_screen, url, "")
    await hand.answered("second", count=2)
    await hand.has_seen("second")
    await hand.page.close()
    path = (await phone.get(f"/api/conversations/{conversation}"))["messages"]
    again = await phone.post(f"/api/messages/{path[1]['id']}/retry", {"client_id": "elsewhere-2"})
    await phone.ended(again["reply"]["id"])
    hand = await Hand.on(phone_screen, url, "")
    await hand.answered("first, anew")
    await expect(hand.replies).to_contain_text(["2/2"])
    assert hand.problems == []


async def test_a_reply_cut_off_in_the_middle_is_read_as_far_as_it_was_seen(
    traveller: Hand, tunnel: Tunnel, upstream: Upstream
) -> None:
    upstream.script(Answer(text="Seen already.\n\n```python\nprint('and this')\n" + "x = 1\n" * 50, hold_after=20))
    await traveller.say("hello")
    await expect(traveller.replies.last).to_contain_text("and this")
    await traveller.has_seen("and this")
    await tunnel.cut()
    await traveller.page.reload()
    await expect(traveller.replies.last).to_contain_text("Seen already.")
    await expect(traveller.replies.last.locator("code")).to_contain_text("and this")
    upstream.release()
    await tunnel.mend()
    await expect(traveller.stop_button).to_be_hidden()
    await expect(traveller.replies.last).to_contain_text("x = 1")
    await expect(traveller.replies).to_have_count(1)


async def test_what_this_device_never_saw_is_said_so_and_comes_when_the_server_is_back(
    traveller: Hand, tunnel: Tunnel, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="from the laptop"))
    row = await phone.post("/api/conversations", {})
    sent = await phone.post(f"/api/conversations/{row['id']}/messages", {"client_id": "laptop-01", "text": "hello"})
    await phone.ended(sent["reply"]["id"])
    await tunnel.cut()
    await traveller.page.goto(f"{tunnel.url}/#/c/{row['id']}")
    await expect(traveller.page.get_by_text("cannot be reached")).to_be_visible()
    await tunnel.mend()
    await traveller.answered("from the laptop")


async def test_written_offline_sent_once_when_back(
    traveller: Hand, tunnel: Tunnel, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="first"), Answer(text="second"), Answer(text="third"))
    await traveller.say("one")
    await traveller.answered("first")
    await tunnel.cut()
    await traveller.say("two")
    await expect(traveller.page.get_by_text("not sent, tap to retry")).to_have_count(1)
    await traveller.say("three")
    await expect(traveller.page.get_by_text("not sent, tap to retry")).to_have_count(2)
    await expect(traveller.prompt).to_have_value("")
    await tunnel.mend()
    await traveller.answered("third", count=3)
    await expect(traveller.page.get_by_text("not sent")).to_have_count(0)
    assert await turns(phone) == [["one", "two", "three"]]
    assert len(upstream.calls) == 3


async def test_written_offline_and_closed_it_is_sent_once_when_opened_anew(
    traveller: Hand, tunnel: Tunnel, phone: Phone, upstream: Upstream, phone_screen: BrowserContext
) -> None:
    upstream.script(Answer(text="at last"))
    await tunnel.cut()
    await traveller.page.reload()
    await traveller.say("hello from under ground")
    await expect(traveller.page.get_by_text("not sent, tap to retry")).to_be_visible()
    await traveller.page.close()
    still = await Hand.on(phone_screen, tunnel.url)
    await expect(still.page.get_by_text("hello from under ground")).to_be_visible()
    await still.page.close()
    await tunnel.mend()
    hand = await Hand.on(phone_screen, tunnel.url)
    await hand.answered("at last")
    await hand.page.reload()
    await hand.answered("at last")
    assert await turns(phone) == [["hello from under ground"]]
    assert len(upstream.calls) == 1


async def test_two_messages_of_a_new_chat_written_offline_are_one_conversation(
    traveller: Hand, tunnel: Tunnel, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="first"), Answer(text="second"))
    await tunnel.cut()
    await traveller.say("one")
    await expect(traveller.page.get_by_text("not sent, tap to retry")).to_have_count(1)
    await traveller.say("two")
    await expect(traveller.page.get_by_text("not sent, tap to retry")).to_have_count(2)
    await tunnel.mend()
    await traveller.answered("second", count=2)
    assert await turns(phone) == [["one", "two"]]


async def test_a_message_taken_back_is_in_the_prompt_again(traveller: Hand, tunnel: Tunnel) -> None:
    await tunnel.cut()
    await traveller.say("better not")
    await traveller.type("something else")
    await traveller.page.get_by_role("button", name="take back").click()
    await expect(traveller.prompt).to_have_value("something else\n\nbetter not")
    await traveller.page.reload()
    await expect(traveller.prompt).to_have_value("something else\n\nbetter not")
    await expect(traveller.page.get_by_text("not sent")).to_have_count(0)


@pytest.mark.parametrize("weather", [BLOCKED, FULL], ids=["blocked", "full"])
async def test_a_browser_that_stores_nothing_says_so_and_loses_nothing_of_this_page(
    house: House, tunnel: Tunnel, phone_screen: BrowserContext, upstream: Upstream, weather: str
) -> None:
    upstream.script(Answer(text="kept in mind"))
    await house.services.users.create(*ADA)
    await phone_screen.add_init_script(weather)
    hand = await Hand.inside(phone_screen, tunnel.url, *ADA)
    await expect(hand.page.get_by_text("this browser stores nothing now")).to_be_visible()
    await tunnel.cut()
    await hand.say("do not forget this")
    await expect(hand.page.get_by_text("keep this page open until it is sent")).to_be_visible()
    await hand.type("nor this")
    await hand.page.evaluate("location.hash = '#/settings'")
    await expect(hand.page.locator("settings-screen")).to_be_visible()
    await hand.page.evaluate("location.hash = '#/'")
    await expect(hand.page.get_by_text("do not forget this")).to_be_visible()
    await expect(hand.prompt).to_have_value("nor this")
    await tunnel.mend()
    await hand.answered("kept in mind")
    await expect(hand.prompt).to_have_value("nor this")
    assert hand.problems == [] and len(upstream.calls) == 1


async def test_signing_out_leaves_nothing_behind(traveller: Hand, tunnel: Tunnel, upstream: Upstream) -> None:
    upstream.script(Answer(text="a secret answer"))
    await traveller.say("a secret question")
    await traveller.answered("a secret answer")
    await traveller.has_seen("a secret answer")
    await traveller.type("a secret draft")
    async with traveller.page.expect_file_chooser() as asked:
        await traveller.page.locator("chat-prompt .attach").click()
    secret = {"name": "secret.txt", "mimeType": "text/plain", "buffer": b"a secret file"}
    await (await asked.value).set_files([secret])
    await expect(traveller.page.locator("file-chips")).to_contain_text("secret.txt")
    await sign_out(traveller)
    await expect(traveller.page.get_by_label("password", exact=True)).to_be_visible()
    await traveller.until("async () => (await indexedDB.databases()).length === 0")
    assert "secret" not in await traveller.page.evaluate("JSON.stringify(localStorage)")
    assert "llm-router:session" not in await traveller.page.evaluate("Object.keys(localStorage)")
    kept = """async () => {
      const texts = [];
      for (const name of await caches.keys())
        for (const request of await (await caches.open(name)).keys()) texts.push(request.url);
      return texts;
    }"""
    assert not [url for url in await traveller.page.evaluate(kept) if "/api/" in url]
    await tunnel.cut()
    await traveller.page.goto(f"{tunnel.url}/")
    await expect(traveller.page.get_by_text("reconnecting")).to_be_visible()
    await expect(traveller.page.get_by_text("secret")).to_have_count(0)


async def test_another_person_at_the_same_browser_sees_and_sends_nothing_of_the_first(
    house: House, traveller: Hand, tunnel: Tunnel, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="for ada"), Answer(text="for bob"), Answer(text="for ada, later"))
    await house.services.users.create(*BOB)
    await traveller.say("ada asks")
    await traveller.answered("for ada")
    await traveller.has_seen("for ada")
    await tunnel.cut()
    await traveller.say("ada waits")
    await expect(traveller.page.get_by_text("not sent, tap to retry")).to_be_visible()
    await traveller.type("ada types")
    sessions: Any = (await phone.get("/api/sessions"))["sessions"]
    for row in sessions:
        if not row["current"]:
            await phone.call("DELETE", f"/api/sessions/{row['id']}")
    await tunnel.mend()
    await expect(traveller.page.get_by_label("password", exact=True)).to_be_visible()
    await traveller.sign_in(*BOB)
    await expect(traveller.page.get_by_text(", bob")).to_be_visible()
    await expect(traveller.prompt).to_have_value("")
    await traveller.say("bob asks")
    await traveller.answered("for bob")
    await expect(traveller.page.get_by_text("ada")).to_have_count(0)
    await sign_out(traveller)
    await traveller.sign_in(*ADA)
    await traveller.page.evaluate(
        f"location.hash = '#/c/{(await phone.get('/api/conversations'))['conversations'][0]['id']}'"
    )
    await traveller.answered("for ada, later", count=2)
    await expect(traveller.prompt).to_have_value("ada types")
    assert await turns(phone) == [["ada asks", "ada waits"]]


async def test_signing_out_in_one_tab_ends_the_others(
    traveller: Hand, tunnel: Tunnel, phone_screen: BrowserContext
) -> None:
    other = await Hand.on(phone_screen, tunnel.url)
    await expect(other.prompt).to_be_visible()
    await sign_out(traveller)
    await expect(other.page.get_by_label("password", exact=True)).to_be_visible()
    await traveller.page.evaluate("location.hash = '#/'")
    await traveller.sign_in(*ADA)
    await expect(other.prompt).to_be_visible()
    assert other.problems == []


async def test_only_the_newest_are_kept(traveller: Hand) -> None:
    kept = """async () => {
      const { Database, removeDatabases } = (await import("/assets/app.js")).$lib_database;
      const database = new Database("llm-router:test", ["pages"]);
      for (const key of ["a", "b", "c", "a", "d"]) {
        await database.put("pages", key, key.toUpperCase(), 3);
        const now = Date.now();
        while (Date.now() === now) await null;
      }
      const found = [];
      for (const key of ["a", "b", "c", "d"]) found.push((await database.get("pages", key))?.value ?? null);
      await removeDatabases("llm-router:test");
      return found;
    }"""
    assert await traveller.page.evaluate(kept) == ["A", None, "C", "D"]
