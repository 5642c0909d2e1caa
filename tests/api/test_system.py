"""The system text: of one conversation by command, and the one that a person's new conversations begin with."""

from typing import Any

import pytest

from tests.phone import Phone
from tests.upstream import Upstream

pytestmark = pytest.mark.anyio


async def run(phone: Phone, line: str, conversation: str | None = None) -> list[Any]:
    answer = await phone.post("/api/commands", {"line": line, "conversation": conversation})
    return list(answer["results"])


async def system(phone: Phone, conversation: str) -> Any:
    return (await phone.get(f"/api/conversations/{conversation}"))["conversation"]["system"]


async def test_it_is_set_extended_cleared_and_each_can_be_taken_back(phone: Phone) -> None:
    conversation = await phone.conversation()
    undo = []
    for line, now in (
        ("/system be brief\nand kind", "be brief\nand kind"),
        ("/system append in French", "be brief\nand kind\n\nin French"),
        ("/system set clear", "clear"),
        ("/system append append x", "clear\n\nappend x"),
        ("/system clear", None),
        ("/system append alone", "alone"),
        ("/system clear as day", "clear as day"),
    ):
        _, notice = await run(phone, line, conversation)
        assert await system(phone, conversation) == now
        undo.append((notice["undo"], now))
    for number in range(len(undo) - 1, 0, -1):
        await run(phone, undo[number][0], conversation)
        assert await system(phone, conversation) == undo[number - 1][1]


async def test_without_a_word_it_is_shown(phone: Phone) -> None:
    assert await run(phone, "/system", await phone.conversation()) == [{"type": "open", "what": "system", "id": None}]


@pytest.mark.parametrize("line", ["/system append", "/system set"])
async def test_an_order_without_a_text_changes_nothing(phone: Phone, line: str) -> None:
    conversation = await phone.conversation(system="as it was")
    await phone.post("/api/commands", {"line": line, "conversation": conversation}, expect=400)
    assert await system(phone, conversation) == "as it was"


async def test_new_conversations_begin_with_the_persons_default(phone: Phone, bob: Phone, upstream: Upstream) -> None:
    await phone.call("PATCH", "/api/preferences", {"default_system": "answer in verse"})
    reply = await phone.ask("hello")
    assert upstream.calls[-1].body["instructions"] == "answer in verse"
    assert await system(phone, reply["conversation_id"]) == "answer in verse"
    assert await system(phone, await phone.conversation(system=None)) is None
    assert await system(phone, await phone.conversation(system="mine")) == "mine"
    assert await system(bob, await bob.conversation()) is None
    patch, _ = await run(phone, "/temp 0.5")
    assert await system(phone, patch["conversation"]["id"]) == "answer in verse"
    patch, notice = await run(phone, "/system append and rhyme")
    assert await system(phone, patch["conversation"]["id"]) == "answer in verse\n\nand rhyme"
    await run(phone, notice["undo"], patch["conversation"]["id"])
    assert await system(phone, patch["conversation"]["id"]) == "answer in verse"


async def test_a_default_that_is_taken_away_leaves_what_was_begun_with_it(phone: Phone) -> None:
    await phone.call("PATCH", "/api/preferences", {"default_system": "answer in verse"})
    conversation = await phone.conversation()
    assert (
        "default_system" not in (await phone.call("PATCH", "/api/preferences", {"default_system": None}))["preferences"]
    )
    assert await system(phone, conversation) == "answer in verse"
    assert await system(phone, await phone.conversation()) is None


@pytest.mark.parametrize("text", ["", "x" * 20_001, 7])
async def test_a_default_that_cannot_be_is_refused(phone: Phone, text: Any) -> None:
    await phone.call("PATCH", "/api/preferences", {"default_system": text}, expect=422)


async def test_a_text_that_is_too_long_is_refused_in_a_sentence(phone: Phone) -> None:
    conversation = await phone.conversation(system="x" * 199_999)
    body = {"line": "/system append more", "conversation": conversation}
    answer = await phone.post("/api/commands", body, expect=400)
    assert "200,000 characters" in answer["error"]["message"]
    assert len(await system(phone, conversation)) == 199_999
