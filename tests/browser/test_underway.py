"""What has left the prompt and is not safe yet: nothing of it is lost, and nothing goes twice."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.browser import past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand, HeldBack
from tests.browser.test_attachments import CAT, attach, chips, pictures
from tests.conftest import ADA
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

MESSAGES = "**/api/conversations/*/messages"


@pytest.fixture
async def writer(guest_at_desk: Hand, inn: Inn) -> Hand:
    """Ada at a desk, in a conversation of five turns."""
    await guest_at_desk.open(await past.held(inn.house, ADA[0], 5))
    return guest_at_desk


async def enter(hand: Hand, text: str) -> None:
    await hand.prompt.focus()
    await hand.page.keyboard.press("Control+End")
    await hand.page.keyboard.type(text)
    await hand.page.keyboard.press("Enter")


async def send_two(hand: Hand, held: HeldBack, first: str, second: str) -> None:
    """The second is typed after the first, and sent, while that is on a slow line."""
    await enter(hand, first)
    await held.asked()
    await enter(hand, second)
    await expect(hand.prompt).to_have_value(first + second)
    await expect(hand.send_button).to_be_disabled()


async def test_what_is_typed_after_a_message_on_its_way_is_sent_without_it(writer: Hand, provider: Upstream) -> None:
    provider.script(Answer(text="one"), Answer(text="two"))
    held = await writer.hold_back(MESSAGES)
    await send_two(writer, held, "hello", " are you there")
    held.let_go()
    await writer.answered("two", count=7)
    await expect(writer.prompts.locator(".said").nth(5)).to_have_text("hello")
    await expect(writer.prompts.locator(".said").nth(6)).to_have_text("are you there")
    await expect(writer.prompt).to_have_value("")
    assert len(provider.calls) == 2


async def test_two_messages_of_a_new_chat_on_a_slow_line_are_one_conversation(
    guest_at_desk: Hand, provider: Upstream
) -> None:
    provider.script(Answer(text="one"), Answer(text="two"))
    held = await guest_at_desk.hold_back("**/api/conversations")
    await send_two(guest_at_desk, held, "hello", " are you there")
    held.let_go()
    await expect(guest_at_desk.prompts.locator(".said")).to_have_text(["hello", "are you there"])
    await expect(guest_at_desk.prompt).to_have_value("")
    await guest_at_desk.answered("two", count=2)


async def test_a_space_that_a_keyboard_adds_sends_nothing_again(guest: Hand, provider: Upstream) -> None:
    provider.script(Answer(text="here I am"))
    held = await guest.hold_back(MESSAGES)
    await guest.say("hello")
    await held.asked()
    await guest.prompt.press("End")
    await guest.page.keyboard.type(" ")
    await expect(guest.send_button).to_be_disabled()
    await guest.prompt.press("Control+Enter")
    held.let_go()
    await guest.answered("here I am")
    await expect(guest.prompt).to_have_value("")
    await expect(guest.prompts).to_have_count(1)
    assert len(provider.calls) == 1


async def test_two_new_versions_on_a_slow_line_leave_the_prompt_empty(writer: Hand, provider: Upstream) -> None:
    provider.script(Answer(text="one"), Answer(text="two"))
    await writer.prompt.press("ArrowUp")
    await writer.prompt.fill("")
    held = await writer.hold_back(MESSAGES)
    await send_two(writer, held, "hello", " are you there")
    held.let_go()
    await expect(writer.prompts.last).to_contain_text("3/3")
    await expect(writer.prompts.last.locator(".said")).to_have_text("are you there")
    await expect(writer.page.get_by_text("editing · a new version is made")).to_be_hidden()
    await expect(writer.prompt).to_have_value("")
    await writer.page.reload()
    await expect(writer.prompt).to_have_value("")


async def test_a_picture_on_its_way_does_not_go_with_the_next_words(writer: Hand) -> None:
    await attach(writer, CAT)
    held = await writer.hold_back(MESSAGES)
    await send_two(writer, held, "look", " over there")
    held.let_go()
    await writer.answered("A reply", count=7)
    await expect(pictures(writer)).to_have_count(1)
    await expect(chips(writer)).to_have_count(0)


async def test_of_two_messages_on_their_way_the_refused_one_stays(writer: Hand, provider: Upstream) -> None:
    provider.script(Answer(text="two"))
    asked, answer = asyncio.Event(), asyncio.Event()
    no = {"error": {"code": "bad_request", "message": "that is too long"}}

    async def refuse(route: Route) -> None:
        if "far too long" not in str(route.request.post_data):
            return await route.continue_()
        asked.set()
        await answer.wait()
        return await route.fulfill(status=400, json=no)

    await writer.page.route(MESSAGES, refuse)
    await enter(writer, "far too long")
    await asked.wait()
    await enter(writer, " and this")
    await expect(writer.send_button).to_be_disabled()
    answer.set()
    await writer.answered("two", count=6)
    await expect(writer.prompts.last.locator(".said")).to_have_text("and this")
    await expect(writer.prompt).to_have_value("far too long")
    await expect(writer.send_button).to_be_enabled()


LINE = "/system You are terse."


class Answering:
    """Command lines that have arrived and are not answered yet."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self._answer = asyncio.Event()
        self._refusal: tuple[int, str] | None = None

    @classmethod
    async def at(cls, hand: Hand) -> "Answering":
        answering = cls()
        await hand.page.route("**/api/commands", answering.take)
        return answering

    async def take(self, route: Route) -> None:
        self._came.set()
        await self._answer.wait()
        if not self._refusal:
            return await route.continue_()
        status, code = self._refusal
        return await route.fulfill(status=status, json={"error": {"code": code, "message": "that cannot be"}})

    async def asked(self) -> None:
        async with asyncio.timeout(30):
            await self._came.wait()

    def agree(self) -> None:
        self._answer.set()

    def refuse(self, status: int = 400, code: str = "bad_request") -> None:
        self._refusal = (status, code)
        self._answer.set()


async def test_a_command_line_without_an_answer_is_there_after_a_reload(writer: Hand) -> None:
    answering = await Answering.at(writer)
    await enter(writer, LINE)
    await answering.asked()
    await expect(writer.prompt).to_have_value("")
    await writer.page.reload()
    await expect(writer.prompt).to_have_value(LINE)
    answering.refuse()


@pytest.mark.parametrize("fails", [True, False], ids=["fails", "succeeds"])
async def test_a_command_line_comes_back_only_where_it_failed(writer: Hand, fails: bool) -> None:
    answering = await Answering.at(writer)
    await enter(writer, LINE)
    await answering.asked()
    await writer.page.keyboard.type("meanwhile")
    if fails:
        answering.refuse()
        await expect(writer.page.get_by_text("that cannot be")).to_be_visible()
    else:
        answering.agree()
        await writer.until("() => !JSON.stringify({ ...localStorage }).includes('You are terse')")
    left = f"meanwhile\n\n{LINE}" if fails else "meanwhile"
    await expect(writer.prompt).to_have_value(left)
    await writer.page.reload()
    await expect(writer.prompt).to_have_value(left)


async def test_a_command_line_that_fails_comes_back_in_its_own_conversation(writer: Hand, inn: Inn) -> None:
    here, there = writer.page.url, await past.held(inn.house, ADA[0], 5)
    answering = await Answering.at(writer)
    await enter(writer, LINE)
    await answering.asked()
    await writer.open(there)
    answering.refuse()
    await expect(writer.page.get_by_text("that cannot be")).to_be_visible()
    await expect(writer.prompt).to_have_value("")
    await writer.page.goto(here)
    await expect(writer.prompt).to_have_value(LINE)


async def test_a_command_line_into_an_ended_session_is_there_after_the_login(writer: Hand) -> None:
    answering = await Answering.at(writer)
    await writer.type("a draft")
    await writer.page.keyboard.press("Control+k")
    await writer.page.keyboard.type(LINE[1:])
    await writer.page.keyboard.press("Enter")
    await answering.asked()
    answering.refuse(401, "not_signed_in")
    await writer.sign_in(*ADA)
    await expect(writer.prompt).to_have_value(f"a draft\n\n{LINE}")


async def test_a_picture_is_drawn_where_it_was_asked_for(writer: Hand, inn: Inn) -> None:
    here, there = writer.page.url, await past.held(inn.house, ADA[0], 5)
    held = await writer.hold_back("**/api/attachments?*")
    await attach(writer, CAT)
    await held.asked()
    await enter(writer, "/image a red fox")
    await expect(writer.prompt).to_have_value("")
    await writer.open(there)
    async with writer.page.expect_response("**/api/commands"):
        held.let_go()
    await writer.page.goto(here)
    await expect(writer.page.locator("chat-message.assistant .files .picture")).to_have_count(1)
    await expect(chips(writer)).to_have_count(0)
