"""What a person has written: never lost and never sent twice, whatever answers for the server or comes between."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, Route, expect

from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

MESSAGES, STREAM = "**/messages", "**/api/stream*"


@pytest.fixture
async def phone(house: House, ada: Hand) -> Any:
    """Ada's view of the API."""
    phone = await Phone(house.url).sign_in(*ADA)
    yield phone
    await phone.close()


async def asked(phone: Phone) -> list[list[str]]:
    """The person's messages of each conversation."""
    rows = (await phone.get("/api/conversations"))["conversations"]
    pages = [await phone.get(f"/api/conversations/{row['id']}") for row in rows]
    return [[message["text"] for message in page["messages"] if message["role"] == "user"] for page in pages]


async def proxy_without_a_server(route: Route) -> None:
    await route.fulfill(status=404, content_type="text/plain", body="404 page not found")


async def sign_in_page(route: Route) -> None:
    await route.fulfill(status=200, content_type="text/html", body="<h1>welcome to our wireless network</h1>")


async def line_lost(route: Route) -> None:
    await route.abort()


def come_back(hand: Hand) -> Any:
    return hand.page.evaluate("dispatchEvent(new Event('online'))")


async def test_what_a_proxy_says_for_a_server_that_restarts_ends_nothing(ada: Hand, upstream: Upstream) -> None:
    upstream.script(Answer(text="first"), Answer(text="second"))
    await ada.say("one")
    await ada.answered("first")
    await ada.page.route(STREAM, proxy_without_a_server)
    async with ada.page.expect_response(lambda response: "/api/stream" in response.url and response.status == 404):
        await come_back(ada)
    await expect(ada.page.get_by_text("does not exist")).to_have_count(0)
    await ada.page.unroute(STREAM)
    await ada.say("two")
    await ada.answered("second", 2)


async def test_a_conversation_that_comes_back_is_followed_again(ada: Hand, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="first"), Answer(text="second"))
    await ada.say("one")
    await ada.answered("first")
    (row,) = (await phone.get("/api/conversations"))["conversations"]
    await ada.page.route(STREAM, line_lost)
    async with ada.page.expect_event("requestfailed", lambda request: "/api/stream" in request.url):
        await come_back(ada)
    await phone.call("DELETE", f"/api/conversations/{row['id']}")
    async with ada.page.expect_response(lambda response: "/api/stream" in response.url and response.status == 404):
        await ada.page.unroute(STREAM)
    await expect(ada.page.get_by_text("this conversation does not exist")).to_be_visible()
    await phone.call("POST", f"/api/conversations/{row['id']}/restore")
    await come_back(ada)
    await ada.say("two")
    await ada.answered("second", 2)


async def test_a_sign_in_page_of_the_network_takes_no_message(ada: Hand, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="first"), Answer(text="second"))
    await ada.say("one")
    await ada.answered("first")
    await ada.page.route(MESSAGES, sign_in_page)
    await ada.say("two, which is long")
    retry = ada.page.get_by_role("button", name="not sent, tap to retry")
    await expect(retry).to_be_visible()
    async with ada.page.expect_response(MESSAGES):
        await retry.click()
    await expect(retry).to_be_visible()
    await ada.page.reload()
    await expect(ada.page.get_by_text("two, which is long")).to_be_visible()
    await ada.page.unroute(MESSAGES)
    await come_back(ada)
    await ada.answered("second", 2)
    assert await asked(phone) == [["one", "two, which is long"]]


async def test_of_what_waits_each_goes_when_the_one_before_it_is_there(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="first"), Answer(text="second"))
    await ada.page.route("**/api/conversations", line_lost)
    for number, text in enumerate(("one", "two"), 1):
        await ada.say(text)
        await expect(ada.page.locator("queued-message")).to_have_count(number)
    await ada.page.unroute("**/api/conversations")
    held = await ada.hold_back("**/api/conversations")
    await held.asked()
    await expect(ada.page.get_by_role("button", name="sending…")).to_have_count(1)
    await expect(ada.page.get_by_role("button", name="sent next")).to_be_visible()
    held.let_go()
    await ada.answered("second", 2)
    assert await asked(phone) == [["one", "two"]]


async def test_what_is_on_its_way_cannot_be_taken_back(ada: Hand, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="it came"))
    await ada.page.route("**/api/conversations", line_lost)
    await ada.say("only once")
    back = ada.page.get_by_role("button", name="take back")
    await expect(back).to_be_enabled()
    await ada.page.unroute("**/api/conversations")
    held = await ada.hold_back("**/api/conversations")
    await held.asked()
    await expect(back).to_be_disabled()
    held.let_go()
    await ada.answered("it came")
    assert await asked(phone) == [["only once"]]


async def test_a_message_that_came_although_no_answer_said_so_waits_no_longer(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="first"), Answer(text="second"))
    await ada.say("one")
    await ada.answered("first")

    async def answer_lost(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await ada.page.route(MESSAGES, answer_lost)
    await ada.say("two")
    await ada.answered("second", 2)
    await expect(ada.page.locator("queued-message")).to_have_count(0)
    assert await asked(phone) == [["one", "two"]]


async def test_words_for_a_conversation_that_was_deleted_meanwhile_are_in_the_new_chat(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="first"))
    await ada.say("one")
    await ada.answered("first")
    (row,) = (await phone.get("/api/conversations"))["conversations"]
    for pattern in (MESSAGES, STREAM):
        await ada.page.route(pattern, line_lost)
    await ada.say("a long letter")
    await expect(ada.page.get_by_text("not sent, tap to retry")).to_be_visible()
    await phone.call("DELETE", f"/api/conversations/{row['id']}")
    for pattern in (MESSAGES, STREAM):
        await ada.page.unroute(pattern)
    await come_back(ada)
    await expect(ada.page.locator("queued-message")).to_have_count(0)
    await ada.page.evaluate("location.hash = '#/'")
    await expect(ada.prompt).to_have_value("a long letter")


async def test_a_tab_keeps_what_stands_in_its_prompt_although_another_one_cleared_it(
    ada: Hand, house: House, phone_screen: BrowserContext
) -> None:
    await ada.type("thought of for long")
    other = await Hand.on(phone_screen, house.url)
    await expect(other.prompt).to_have_value("thought of for long")
    await other.type("")
    await other.page.close()
    await ada.page.reload()
    await expect(ada.prompt).to_have_value("thought of for long")


async def test_what_was_typed_after_a_message_on_its_way_is_all_that_a_reload_brings_back(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="first"))
    held = await ada.hold_back("**/api/conversations")
    await ada.say("one")
    await held.asked()
    await ada.type("one and something else")
    await ada.page.reload()
    await ada.page.unroute("**/api/conversations")  # not before: it would let the first try go
    await ada.answered("first")
    await expect(ada.prompt).to_have_value("and something else")
    assert await asked(phone) == [["one"]]
