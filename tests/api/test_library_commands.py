"""/favorite, /tag and /history: done, undone, and offered with what there is."""

from typing import Any

import pytest

from tests.phone import Phone

pytestmark = pytest.mark.anyio


async def run(phone: Phone, line: str, conversation: str | None = None, expect: int | None = None) -> list[Any]:
    answer = await phone.post("/api/commands", {"line": line, "conversation": conversation}, expect=expect)
    return list(answer["results"]) if expect is None else [answer]


async def values(phone: Phone, command: str, query: str = "", conversation: str = "") -> list[Any]:
    return list((await phone.get(f"/api/commands/{command}/values?q={query}&conversation={conversation}"))["values"])


async def test_a_conversation_is_made_a_favourite_and_that_is_undone(phone: Phone) -> None:
    conversation = await phone.conversation()
    patch, notice = await run(phone, "/favorite", conversation)
    assert patch["conversation"]["favorite"] is True
    patch, _ = await run(phone, notice["undo"], conversation)
    assert patch["conversation"]["favorite"] is False
    await run(phone, "/star", None, expect=400)


async def test_tags_are_added_and_taken_away_and_that_is_undone(phone: Phone) -> None:
    conversation = await phone.conversation(tags=["old"])
    patch, notice = await run(phone, "/tag #New -old old-2", conversation)
    assert patch["conversation"]["tags"] == ["new", "old-2"]
    patch, _ = await run(phone, notice["undo"], conversation)
    assert patch["conversation"]["tags"] == ["old"]
    (shown,) = await run(phone, "/tag", conversation)
    assert shown["text"] == "tags: old"
    _, notice = await run(phone, "/tag old", conversation)
    assert notice["undo"] is None


async def test_the_tags_there_are_are_offered_and_those_it_has_to_be_taken_away(phone: Phone) -> None:
    conversation = await phone.conversation(tags=["mine"])
    await phone.conversation(tags=["other"])
    offered = {value["value"]: value["current"] for value in await values(phone, "tag", conversation=conversation)}
    assert offered == {"-mine": True, "other": False}


async def test_a_past_prompt_is_offered_by_its_words_and_put_into_the_prompt_whole(phone: Phone, bob: Phone) -> None:
    reply = await phone.ask("first line of it\nand a second")
    (offered,) = await values(phone, "history", "SECOND")
    assert offered["value"] == reply["parent_id"] and offered["title"] == "first line of it"
    assert await run(phone, f"/history {offered['value']}") == [
        {"type": "insert", "text": "first line of it\nand a second"}
    ]
    assert await values(bob, "history") == []
    await run(bob, f"/history {offered['value']}", expect=404)
    assert await run(phone, "/history") == [{"type": "open", "what": "history", "id": None}]
