"""Slash commands over HTTP: offered with live values, run, undone; never sent to a model."""

from pathlib import Path
from typing import Any

import pytest

from commands import registry
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def run(phone: Phone, line: str, conversation: str | None = None) -> list[Any]:
    answer = await phone.post("/api/commands", {"line": line, "conversation": conversation})
    return list(answer["results"])


async def test_the_page_gets_the_table_and_what_makes_sense_now(phone: Phone, upstream: Upstream) -> None:
    names = {entry["name"]: entry for entry in (await phone.get("/api/commands"))["commands"]}
    assert set(names) == {entry.name for entry in registry.table()}
    assert names["new"]["available"] and not names["stop"]["available"]
    upstream.script(Answer(hold_after=1))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    names = {
        entry["name"]: entry for entry in (await phone.get(f"/api/commands?conversation={conversation}"))["commands"]
    }
    assert names["stop"]["available"] and not names["retry"]["available"]
    await run(phone, "/stop", conversation)
    assert (await phone.message(sent["reply"]["id"]))["status"] == "stopped"


@pytest.mark.parametrize(
    ("line", "field", "value", "undo"),
    [
        ("/model claude-sonnet-4-5", "model", "claude-sonnet-4-5", "/model gpt-5.1"),
        ("/temp 0.4", "temperature", 0.4, "/temp default"),
        ("/reasoning high", "reasoning", "high", "/reasoning default"),
        ("/system be brief\nand kind", "system", "be brief\nand kind", "/system clear"),
        ("/title  better  name", "title", "better name", "/title hello"),
    ],
)
async def test_a_setting_is_set_and_can_be_taken_back(
    phone: Phone, line: str, field: str, value: object, undo: str
) -> None:
    reply = await phone.ask("hello")
    conversation = reply["conversation_id"]
    before = (await phone.get(f"/api/conversations/{conversation}"))["conversation"]
    patch, notice = await run(phone, line, conversation)
    assert patch["type"] == "patch" and patch["conversation"][field] == value
    assert notice["type"] == "notice" and notice["undo"] == undo
    await run(phone, notice["undo"], conversation)
    after = (await phone.get(f"/api/conversations/{conversation}"))["conversation"]
    assert after[field] == before[field]


async def test_a_setting_on_the_empty_screen_begins_a_conversation(phone: Phone) -> None:
    patch, _ = await run(phone, "/model claude-sonnet-4-5")
    made = (await phone.get(f"/api/conversations/{patch['conversation']['id']}"))["conversation"]
    assert made["model"] == "claude-sonnet-4-5"


async def test_a_line_on_the_empty_screen_that_is_sent_again_begins_one_conversation(phone: Phone) -> None:
    lost = await phone.post("/api/conversations", {"client_id": "new-chat-0001"})
    for _ in range(2):
        patch, *_ = await phone.run("/temp 0.4", client_id="new-chat-0001")
        assert (patch["conversation"]["id"], patch["conversation"]["temperature"]) == (lost["id"], 0.4)
    for _ in range(2):
        await phone.run("/temp 0.5", client_id="new-chat-0002")
    assert len((await phone.get("/api/conversations"))["conversations"]) == 2


async def test_a_branch_line_that_is_sent_again_gives_the_same_branch(phone: Phone, upstream: Upstream) -> None:
    conversation = (await phone.ask("hello"))["conversation_id"]
    first = await phone.run("/branch", conversation, client_id="branch-0001")
    assert await phone.run("/branch", conversation, client_id="branch-0001") == first
    assert len((await phone.get("/api/conversations"))["conversations"]) == 2


async def test_retry_answers_the_last_prompt_again_with_another_model(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="one"), Answer(text="two"))
    reply = await phone.ask("hello")
    await run(phone, "/retry claude-sonnet-4-5", reply["conversation_id"])
    page = await phone.get(f"/api/conversations/{reply['conversation_id']}")
    second = await phone.ended(page["messages"][-1]["id"])
    assert (second["text"], second["model"], second["siblings"]["index"]) == ("two", "claude-sonnet-4-5", 1)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("/modle x", "unknown_command"),
        ("/title", "unknown_command"),
        ("/temp hot", "bad_request"),
        ("/temp 9", "bad_request"),
        ("/reasoning deep", "bad_request"),
        ("/model zzz-nine", "unknown_model"),
        ("/stop", "not_now"),
        ("hello", "unknown_command"),
    ],
)
async def test_a_line_that_cannot_run_is_refused_and_asks_no_model(
    phone: Phone, upstream: Upstream, line: str, code: str
) -> None:
    conversation = await phone.conversation()
    body = {"line": line, "conversation": conversation}
    answer = await phone.post("/api/commands", body, expect=400)
    assert answer["error"]["code"] == code
    assert upstream.calls == []


async def test_values_are_live_and_narrow_as_one_types(phone: Phone) -> None:
    everything = (await phone.get("/api/commands/model/values"))["values"]
    assert next(value for value in everything if value["current"])["value"] == "gpt-5.1"
    assert "$1.25/$10" in next(value for value in everything if value["value"] == "gpt-5.1")["detail"]
    some = (await phone.get("/api/commands/model/values?q=sonnet%204"))["values"]
    assert some and all("sonnet" in value["value"] for value in some)
    conversation = await phone.conversation(model="gpt-5.1", reasoning="high")
    levels = (await phone.get(f"/api/commands/reasoning/values?conversation={conversation}"))["values"]
    assert [level["value"] for level in levels if level["current"]] == ["high"]
    await phone.get("/api/commands/nothing/values", expect=404)


async def test_help_lists_every_command(phone: Phone) -> None:
    (table,) = await run(phone, "/help")
    assert [row[0] for row in table["rows"]] == [entry.usage for entry in registry.table()]
    (one,) = await run(phone, "/help /temp")
    assert one["rows"]


def test_the_documentation_shows_the_table_as_it_is() -> None:
    page = Path(__file__).parents[2] / "docs" / "commands.md"
    assert page.read_text() == registry.markdown(), "run: llm-router commands > docs/commands.md"


async def test_a_conversation_goes_into_the_bin_and_comes_back(phone: Phone, bob: Phone) -> None:
    conversation = (await phone.ask("hello"))["conversation_id"]
    opened, notice = await run(phone, "/delete", conversation)
    assert opened == {"type": "open", "what": "new", "id": None}
    assert (await phone.get("/api/conversations"))["conversations"] == []
    assert [value["value"] for value in (await phone.get("/api/commands/restore/values"))["values"]] == [conversation]
    assert (await bob.get("/api/commands/restore/values"))["values"] == []
    await bob.post("/api/commands", {"line": notice["undo"]}, expect=404)
    opened, _ = await run(phone, notice["undo"])
    assert opened == {"type": "open", "what": "conversation", "id": conversation}
    assert [one["id"] for one in (await phone.get("/api/conversations"))["conversations"]] == [conversation]


async def test_deleting_stops_what_is_being_written(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(hold_after=1))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    opened, notice = await run(phone, "/delete", conversation)
    await run(phone, notice["undo"])
    assert (await phone.message(sent["reply"]["id"]))["status"] == "stopped"
