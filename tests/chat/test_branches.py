"""Branching copies the way to a message into a new conversation; the original, and what it cost, stay behind."""

import asyncio
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from server.chat import branches
from server.chat.bin import clear_some, expire
from server.ids import now
from server.store.tables import Call, Message
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

messages = Message.__table__  # type: ignore[attr-defined]
calls = Call.__table__  # type: ignore[attr-defined]


async def talk(phone: Phone, *prompts: str, **settings: Any) -> tuple[str, list[Any]]:
    """A conversation of so many turns: its id and its messages."""
    conversation = await phone.conversation(**settings)
    for prompt in prompts:
        sent = await phone.send(conversation, prompt)
        await phone.ended(sent["reply"]["id"])
    return conversation, (await opened(phone, conversation))["messages"]


async def opened(phone: Phone, conversation: str) -> Any:
    return await phone.get(f"/api/conversations/{conversation}")


async def branch(phone: Phone, conversation: str, *, expect: int = 201, **body: Any) -> Any:
    return await phone.post(f"/api/conversations/{conversation}/clone", body, expect=expect)


async def test_a_branch_has_the_history_up_to_the_message_and_the_original_stays_as_it_was(
    phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="**one**"), Answer(text="two", reasoning="hm"), Answer(text="three"))
    conversation, said = await talk(phone, "first", "second", "third")
    before = await opened(phone, conversation)
    made = await branch(phone, conversation, message_id=said[3]["id"])
    page = await opened(phone, made["id"])
    kept = ("role", "text", "reasoning", "html", "model", "status", "created_at", "cost_nanos", "usage", "duration_ms")
    assert [{key: row[key] for key in kept} for row in page["messages"]] == [
        {key: row[key] for key in kept} for row in said[:4]
    ]
    ids = [row["id"] for row in page["messages"]]
    assert not set(ids) & {row["id"] for row in said} and ids == sorted(ids)
    assert [row["parent_id"] for row in page["messages"]] == [None, *ids[:-1]]
    assert page["conversation"]["leaf_id"] == ids[-1]
    after = await opened(phone, conversation)
    assert after["messages"] == before["messages"]
    told = {"revision", "branches", "family"}
    assert {name for name, value in after["conversation"].items() if before["conversation"][name] != value} == told


async def test_parent_and_branch_are_linked_both_ways(phone: Phone) -> None:
    conversation, said = await talk(phone, "first", "second", title="rivers")
    revision = (await opened(phone, conversation))["conversation"]["revision"]
    made = await branch(phone, conversation, message_id=said[1]["id"])
    here = (await opened(phone, made["id"]))["messages"][-1]["id"]
    assert made["parent"] == {"id": conversation, "message_id": said[1]["id"], "title": "rivers", "deleted": False}
    assert (made["inherited"]["message_id"], made["inherited"]["messages"], made["family"]) == (here, 2, 2)
    parent = (await opened(phone, conversation))["conversation"]
    assert parent["revision"] > revision, "who has an older copy asks again"
    assert parent["branches"] == [{"id": made["id"], "title": "rivers (2)", "message_id": said[1]["id"]}]
    listed = {row["id"]: row for row in (await phone.get("/api/conversations"))["conversations"]}
    assert (listed[conversation]["family"], listed[made["id"]]["parent"]) == (2, made["parent"])


async def test_what_was_paid_once_is_counted_once(phone: Phone, house: House) -> None:
    conversation, said = await talk(phone, "first", "second")
    before = await phone.get(f"/api/statistics?conversation={conversation}")
    made = await branch(phone, conversation)
    assert made["figures"]["cost_nanos"] == made["figures"]["calls"] == 0
    assert made["inherited"]["figures"] == before["conversation"]
    assert made["context"] == (await opened(phone, conversation))["conversation"]["context"]
    assert (await phone.get(f"/api/statistics?conversation={conversation}")) == before
    sent = await phone.send(made["id"], "third")
    third = await phone.ended(sent["reply"]["id"])
    own = (await opened(phone, made["id"]))["conversation"]["figures"]
    assert (own["calls"], own["cost_nanos"]) == (1, third["cost_nanos"])
    family = await phone.get(f"/api/conversations/{conversation}/branches")
    account = (await phone.get("/api/statistics"))["account"]
    assert family["figures"] == account
    assert [row["figures"]["calls"] for row in family["conversations"]] == [2, 1]


async def test_a_branch_of_a_branch_shows_what_the_first_one_paid(phone: Phone) -> None:
    conversation, said = await talk(phone, "first")
    child = await branch(phone, conversation)
    sent = await phone.send(child["id"], "second")
    await phone.ended(sent["reply"]["id"])
    grandchild = await branch(phone, child["id"])
    costs = [row["cost_nanos"] for row in (await opened(phone, grandchild["id"]))["messages"]]
    assert costs == [row["cost_nanos"] for row in (await opened(phone, child["id"]))["messages"]]
    assert grandchild["inherited"]["figures"]["calls"] == 2 and grandchild["figures"]["calls"] == 0
    family = await phone.get(f"/api/conversations/{grandchild['id']}/branches")
    assert [row["parent_id"] for row in family["conversations"]] == [None, conversation, child["id"]]
    assert family["figures"]["calls"] == 2
    assert [row["title"] for row in family["conversations"]] == ["first", "first (2)", "first (3)"]


async def test_settings_survive(phone: Phone) -> None:
    values = {"model": "claude-sonnet-4-5", "temperature": 0.3, "reasoning": "high", "system": "be brief"}
    conversation, _ = await talk(phone, "first", **values)
    made = await branch(phone, conversation)
    assert {name: made[name] for name in values} == values


async def test_a_branch_goes_on_with_its_own_history(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="one"), Answer(text="two"), Answer(text="another two"))
    conversation, said = await talk(phone, "first", "second")
    made = await branch(phone, conversation, message_id=said[1]["id"], title="  the   other way ")
    assert made["title"] == "the other way"
    sent = await phone.send(made["id"], "instead")
    assert (await phone.ended(sent["reply"]["id"]))["text"] == "another two"
    asked = upstream.calls[-1].body["input"]
    assert [part["content"][0]["text"] if isinstance(part["content"], list) else part["content"] for part in asked] == [
        "first",
        "one",
        "instead",
    ]
    assert len((await opened(phone, conversation))["messages"]) == 4


async def test_a_branch_can_begin_on_a_version_that_is_not_the_one_shown(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="one"), Answer(text="other one"))
    conversation, said = await talk(phone, "first")
    again = await phone.post(f"/api/messages/{said[1]['id']}/retry", {"client_id": str(uuid.uuid4())})
    await phone.ended(again["reply"]["id"])
    made = await branch(phone, conversation, message_id=said[1]["id"])
    rows = (await opened(phone, made["id"]))["messages"]
    assert [row["text"] for row in rows] == ["first", "one"]
    assert all(len(row["siblings"]["ids"]) == 1 for row in rows)


async def test_a_branch_begins_at_a_prompt_too_and_its_answer_can_be_asked_for(
    phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="one"), Answer(text="other one"))
    conversation, said = await talk(phone, "first")
    made = await branch(phone, conversation, message_id=said[0]["id"])
    copied = (await opened(phone, made["id"]))["messages"][0]["id"]
    again = await phone.post(f"/api/messages/{copied}/retry", {"client_id": str(uuid.uuid4())})
    assert (await phone.ended(again["reply"]["id"]))["text"] == "other one"


async def test_branching_from_a_reply_that_is_being_written_is_refused_and_leaves_nothing(
    phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="word " * 50, hold_after=8), Answer(text="two"))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    await phone.until(sent["reply"]["id"], lambda message: message["text"])
    for body in ({}, {"message_id": sent["reply"]["id"]}):
        answer = await branch(phone, conversation, expect=409, **body)
        assert "still being written" in answer["error"]["message"]
    made = await branch(phone, conversation, message_id=sent["message"]["id"])
    assert [row["text"] for row in (await opened(phone, made["id"]))["messages"]] == ["hello"]
    await phone.post(f"/api/messages/{sent['reply']['id']}/stop")
    stopped = await branch(phone, conversation)
    assert (await opened(phone, stopped["id"]))["messages"][-1]["status"] == "stopped"
    assert len((await phone.get("/api/conversations"))["conversations"]) == 3


async def test_asking_twice_under_one_id_makes_one_branch(phone: Phone) -> None:
    conversation, _ = await talk(phone, "first")
    client_id = str(uuid.uuid4())
    made = await asyncio.gather(*(branch(phone, conversation, client_id=client_id) for _ in range(4)))
    assert len({one["id"] for one in made}) == 1
    assert len((await phone.get("/api/conversations"))["conversations"]) == 2


async def test_what_cannot_be_branched_from_says_so(phone: Phone, bob: Phone) -> None:
    conversation, said = await talk(phone, "first")
    empty = await phone.conversation()
    other, theirs = await talk(phone, "elsewhere")
    assert "write something first" in (await branch(phone, empty, expect=400))["error"]["message"]
    await branch(phone, conversation, expect=404, message_id="nothing")
    await branch(phone, conversation, expect=404, message_id=theirs[0]["id"])
    await branch(bob, conversation, expect=404, message_id=said[0]["id"])
    await bob.get(f"/api/conversations/{conversation}/branches", expect=404)
    await branch(phone, conversation, expect=422, message_id=7)
    assert len((await phone.get("/api/conversations"))["conversations"]) == 3


async def test_deleting_the_parent_leaves_its_branches_which_say_so(phone: Phone, house: House) -> None:
    conversation, _ = await talk(phone, "first")
    made = await branch(phone, conversation)
    cost = made["inherited"]["figures"]["cost_nanos"]
    assert cost > 0
    await phone.call("DELETE", f"/api/conversations/{conversation}")
    left = await opened(phone, made["id"])
    assert left["conversation"]["parent"]["deleted"] and left["conversation"]["family"] == 1
    assert left["messages"][-1]["cost_nanos"] == cost
    family = await phone.get(f"/api/conversations/{made['id']}/branches")
    assert [row["deleted"] for row in family["conversations"]] == [True, False]
    assert family["figures"]["cost_nanos"] == cost
    await phone.post(f"/api/conversations/{conversation}/restore")
    assert not (await opened(phone, made["id"]))["conversation"]["parent"]["deleted"]
    await phone.call("DELETE", f"/api/conversations/{conversation}")
    await house.services.database.write(_empty_bin)
    left = await opened(phone, made["id"])
    assert left["conversation"]["parent"]["deleted"] and left["conversation"]["parent"]["title"] == ""
    assert [row["cost_nanos"] for row in left["messages"]][-1] == cost
    family = await phone.get(f"/api/conversations/{made['id']}/branches")
    assert [row["id"] for row in family["conversations"]] == [made["id"]]


def _empty_bin(connection: Any) -> None:
    expire(connection, now())
    while clear_some(connection):
        pass


async def test_a_deleted_branch_is_gone_from_the_family_but_not_from_its_cost(phone: Phone) -> None:
    conversation, _ = await talk(phone, "first")
    made = await branch(phone, conversation)
    sent = await phone.send(made["id"], "second")
    await phone.ended(sent["reply"]["id"])
    await phone.call("DELETE", f"/api/conversations/{made['id']}")
    family = await phone.get(f"/api/conversations/{conversation}/branches")
    assert [row["id"] for row in family["conversations"]] == [conversation]
    assert family["figures"]["calls"] == 2
    assert (await opened(phone, conversation))["conversation"]["branches"] == []


async def test_open_pages_hear_of_a_branch_on_both_sides(phone: Phone, laptop: Phone) -> None:
    conversation, _ = await talk(phone, "first")
    async with laptop.listening(conversation) as stream:
        await stream.next()
        made = await branch(phone, conversation)
        told = await stream.until(
            lambda event: event.type == "conversation" and event.data["id"] == conversation and event.data["branches"]
        )
    assert told.data["branches"][0]["id"] == made["id"]


async def test_a_new_name_looks_at_the_family_as_often_however_large_it_is(
    phone: Phone, laptop: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation, _ = await talk(phone, "first")
    family = {(await branch(phone, conversation))["id"] for _ in range(6)}
    look, looks = branches._families, 0

    def counted(*given: Any) -> Any:
        nonlocal looks
        looks += 1
        return look(*given)

    monkeypatch.setattr(branches, "_families", counted)
    async with laptop.listening() as stream:
        await stream.next()
        await phone.call("PATCH", f"/api/conversations/{conversation}", {"title": "another name"})
        while family:
            told = await stream.until(lambda event: event.type == "conversation" and event.data["id"] in family)
            assert told.data["parent"]["title"] == "another name"
            family.remove(told.data["id"])
    assert 0 < looks < 6


async def test_nothing_of_the_call_is_copied_into_the_ledger(phone: Phone, house: House) -> None:
    conversation, _ = await talk(phone, "first")
    made = await branch(phone, conversation)

    def read(connection: Any) -> tuple[list[Any], list[Any]]:
        rows = connection.execute(select(calls.c.id).where(calls.c.conversation_id == made["id"])).all()
        copies = connection.execute(select(messages).where(messages.c.conversation_id == made["id"])).all()
        return rows, copies

    rows, copies = await house.services.database.read(read)
    assert rows == [] and len(copies) == 2 and all(copy.copied_from and copy.client_id is None for copy in copies)


async def test_files_go_along_and_outlive_the_original(phone: Phone, house: House) -> None:
    given = await phone.upload("notes.txt", b"what the river said")
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "read this", attachments=[given["id"]])
    await phone.ended(sent["reply"]["id"])
    made = await branch(phone, conversation)
    await phone.call("DELETE", f"/api/conversations/{conversation}")
    await house.services.database.write(_empty_bin)
    copied = (await opened(phone, made["id"]))["messages"][0]
    assert copied["attachments"] == [given]
    assert (await phone.http.get(f"/api/attachments/{given['id']}")).content == b"what the river said"


async def test_a_branch_carries_tags_but_is_nobodys_favourite(phone: Phone) -> None:
    conversation, said = await talk(phone, "first")
    await phone.call("PATCH", f"/api/conversations/{conversation}", {"tags": ["rivers"], "favorite": True})
    made = await branch(phone, conversation)
    assert (made["tags"], made["favorite"]) == (["rivers"], False)


async def test_what_was_copied_is_found_once_the_original_is_gone(phone: Phone, house: House) -> None:
    conversation, _ = await talk(phone, "zanzibar " * 3, "and then")
    made = await branch(phone, conversation)
    await phone.call("DELETE", f"/api/conversations/{conversation}")
    for _ in range(2):
        (found,) = (await phone.get("/api/search?q=zanzibar"))["hits"]
        assert found["conversation"]["id"] == made["id"]
        await house.services.database.write(_empty_bin)
