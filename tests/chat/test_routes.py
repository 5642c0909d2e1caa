"""A prompt to `auto`: the router picks, says why, and goes on to the next where the first fails before a word."""

import asyncio
import importlib
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from server.money.ledger import calls
from server.providers.models import ROUTED
from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

LONG = " ".join(f"word {n}" for n in range(200))


@pytest.fixture
async def ada(phone: Phone, upstream: Upstream) -> Phone:
    """Ada's phone, with three models on offer."""
    upstream.models(openai=["gpt-5.1", "gpt-5-mini"], anthropic=["claude-sonnet-4-5"])
    async with asyncio.timeout(PATIENCE):
        while any(one["source"] != "live" for one in (await phone.get("/api/models"))["providers"]):
            await asyncio.sleep(0.01)
    return phone


async def attempts(house: House, message_id: str) -> list[tuple[str, str]]:
    """(model, status) of each row in the ledger, in their order."""
    query = select(calls.c.model, calls.c.status).where(calls.c.message_id == message_id).order_by(calls.c.id)
    await house.services.database.write(lambda connection: None)  # what was deferred is committed with it
    rows = await house.services.database.read(lambda connection: list(connection.execute(query)))
    return [(row.model, row.status) for row in rows]


def asked(upstream: Upstream) -> list[str]:
    return [call.body["model"] for call in upstream.calls]


async def test_auto_asks_the_default_model_and_says_so(ada: Phone, upstream: Upstream) -> None:
    reply = await ada.ask("hello", model="auto")
    assert (reply["status"], reply["model"], asked(upstream)) == ("done", "gpt-5.1", ["gpt-5.1"])
    assert reply["route"] == {"asked": "auto", "picked": "gpt-5.1", "reason": "your default model", "tried": []}
    conversation = await ada.get(f"/api/conversations/{reply['conversation_id']}")
    assert conversation["conversation"]["model"] == "auto"


async def test_files_are_read_for_the_model_that_answers_and_not_to_choose_it(
    ada: Phone, house: House, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake, taken = house.services.intake, []
    read = intake.read

    async def counted(row: Any) -> bytes:
        taken.append(row.name)
        return bytes(await read(row))

    monkeypatch.setattr(intake, "read", counted)
    attachment = await ada.upload("notes.txt", b"some notes " * 100)
    sent = await ada.send(await ada.conversation(model="auto"), "what is in it?", attachments=[attachment["id"]])
    assert (await ada.ended(sent["reply"]["id"]))["status"] == "done"
    assert taken == ["notes.txt"] and "some notes" in str(upstream.calls[0].body)


async def test_the_cheapest_is_picked_by_price(ada: Phone, upstream: Upstream) -> None:
    reply = await ada.ask("hello", model="auto/cheapest")
    assert asked(upstream) == ["gpt-5-mini"]
    assert reply["route"]["reason"].startswith("cheapest that can: about $")


async def test_the_fastest_is_picked_by_what_the_ledger_measured(ada: Phone, upstream: Upstream) -> None:
    # Each SDK is loaded with its first call, which is not to be measured.
    await asyncio.to_thread(importlib.import_module, "openai")
    await asyncio.to_thread(importlib.import_module, "anthropic")
    upstream.script(Answer(text=LONG, first_delay=0.9), Answer(text=LONG), Answer(text=LONG, first_delay=0.8))
    for model in ("gpt-5-mini", "claude-sonnet-4-5", "gpt-5.1"):
        await ada.ask("hello", model=model)
    reply = await ada.ask("hello", model="auto/fastest")
    assert reply["model"] == "claude-sonnet-4-5"
    assert reply["route"]["reason"].startswith("fastest measured: ")


async def test_the_persons_own_rules_come_first(ada: Phone, upstream: Upstream) -> None:
    routes = [
        {"when": {"code": True}, "model": "claude-sonnet-4-5", "fallbacks": ["gpt-5.1"]},
        {"when": {"language": "de"}, "model": "gpt-5-mini"},
    ]
    saved = await ada.call("PATCH", "/api/preferences", {"routes": routes})
    assert [rule["model"] for rule in saved["preferences"]["routes"]] == ["claude-sonnet-4-5", "gpt-5-mini"]
    reply = await ada.ask("Was ist das und warum ist es nicht hier?", model="auto")
    assert (reply["model"], reply["route"]["reason"]) == ("gpt-5-mini", "your rule 2: in de")
    assert (await ada.ask("why?\ndef add(a, b): return a", model="auto"))["model"] == "claude-sonnet-4-5"


async def test_the_tags_of_a_conversation_decide_too(ada: Phone, upstream: Upstream) -> None:
    await ada.call("PATCH", "/api/preferences", {"routes": [{"when": {"tag": "Work"}, "model": "gpt-5-mini"}]})
    conversation = await ada.conversation(model="auto")
    await ada.call("PATCH", f"/api/conversations/{conversation}", {"tags": ["work"]})
    sent = await ada.send(conversation, "hello")
    assert (await ada.ended(sent["reply"]["id"]))["model"] == "gpt-5-mini"


async def test_a_failure_before_the_first_word_goes_on_to_the_next_and_says_so(
    house: House, ada: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(status=503), Answer(text="from the next"))
    reply = await ada.ask("hello", model="auto")
    assert (reply["status"], reply["text"], reply["model"]) == ("done", "from the next", "claude-sonnet-4-5")
    assert reply["route"]["picked"] == "claude-sonnet-4-5"
    assert [tried["model"] for tried in reply["route"]["tried"]] == ["gpt-5.1"]
    assert any("gpt-5.1 did not answer" in note and "claude-sonnet-4-5 instead" in note for note in reply["notes"])
    assert await attempts(house, reply["id"]) == [("gpt-5.1", "failed"), ("claude-sonnet-4-5", "done")]


async def test_nothing_is_tried_again_after_the_first_word(house: House, ada: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text=LONG, cut_after=12))
    reply = await ada.ask("hello", model="auto")
    assert reply["status"] == "failed" and reply["text"]
    assert reply["route"]["tried"] == []
    assert await attempts(house, reply["id"]) == [("gpt-5.1", "cut")]


async def test_when_all_fail_the_last_failure_is_told(house: House, ada: Phone, upstream: Upstream) -> None:
    upstream.default(Answer(status=401))
    reply = await ada.ask("hello", model="auto")
    assert (reply["status"], reply["error"]["code"]) == ("failed", "auth")
    assert [model for model, _ in await attempts(house, reply["id"])] == ["gpt-5.1", "claude-sonnet-4-5", "gpt-5-mini"]
    assert [tried["model"] for tried in reply["route"]["tried"]] == ["gpt-5.1", "claude-sonnet-4-5"]


async def test_trying_again_asks_the_router_again(ada: Phone, upstream: Upstream) -> None:
    first = await ada.ask("hello", model="auto")
    await ada.call("PATCH", "/api/preferences", {"routes": [{"model": "gpt-5-mini"}]})
    again = await ada.post(f"/api/messages/{first['id']}/retry", {"client_id": str(uuid.uuid4())})
    reply = await ada.ended(again["reply"]["id"])
    assert (reply["model"], reply["route"]["reason"]) == ("gpt-5-mini", "your rule 1: always")


async def test_routes_are_chosen_like_models(ada: Phone, upstream: Upstream) -> None:
    assert [one["id"] for one in (await ada.get("/api/models"))["routes"]] == list(ROUTED)
    conversation = await ada.conversation()
    await ada.post("/api/commands", {"conversation": conversation, "line": "/model auto/cheapest"})
    assert (await ada.get(f"/api/conversations/{conversation}"))["conversation"]["model"] == "auto/cheapest"
    await ada.call("PATCH", "/api/preferences", {"default_model": "auto"})
    assert (await ada.get("/api/models"))["default"] == "auto"
    reply = await ada.ask("hello")
    assert (reply["model"], reply["route"]["asked"], reply["notes"]) == ("gpt-5.1", "auto", [])


async def test_a_comparison_takes_routes_too_and_every_pick_is_told(ada: Phone, upstream: Upstream) -> None:
    sent = await ada.send(await ada.conversation(), "hello", models=["auto/cheapest", "claude-sonnet-4-5"])
    ended = [await ada.ended(reply["id"]) for reply in sent["replies"]]
    assert [reply["model"] for reply in ended] == ["gpt-5-mini", "claude-sonnet-4-5"]
    assert sorted(asked(upstream)) == ["claude-sonnet-4-5", "gpt-5-mini"]


async def test_watching_pages_hear_of_the_pick_before_the_first_word(ada: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text=LONG, first_delay=0.2))
    conversation = await ada.conversation(model="auto")
    async with ada.listening(conversation) as stream:
        await stream.next()
        await ada.send(conversation, "hello")
        told = await stream.until(lambda event: event.type == "message" and bool(event.data["route"]))
    assert (told.data["text"], told.data["model"]) == ("", "gpt-5.1")


@pytest.mark.parametrize(
    "route",
    [
        {"model": ""},
        {"when": {}},
        {"when": {"longer_than": 0}, "model": "gpt-5.1"},
        {"when": {"language": "klingon"}, "model": "gpt-5.1"},
        {"when": {"phase_of_moon": "full"}, "model": "gpt-5.1"},
        {"model": "gpt-5.1", "fallbacks": ["a"] * 6},
    ],
)
async def test_a_rule_that_means_nothing_is_not_stored(phone: Phone, route: dict[str, Any]) -> None:
    await phone.call("PATCH", "/api/preferences", {"routes": [route]}, expect=422)


async def test_a_route_that_does_not_exist_never_reaches_a_provider(ada: Phone, upstream: Upstream) -> None:
    reply = await ada.ask("hello", model="auto/best")
    assert (reply["status"], reply["error"]["code"], upstream.calls) == ("failed", "unknown_model", [])


class TestCommand:
    async def line(self, phone: Phone, line: str, conversation: str | None = None) -> list[Any]:
        body = {"line": line} | ({"conversation": conversation} if conversation else {})
        return list((await phone.post("/api/commands", body))["results"])

    async def test_route_shows_the_rules_and_what_holds_otherwise(self, ada: Phone) -> None:
        rule = {"when": {"longer_than": 500}, "model": "gpt-5-mini", "fallbacks": ["gpt-5.1"]}
        await ada.call("PATCH", "/api/preferences", {"routes": [rule]})
        (table,) = await self.line(ada, "/route")
        assert table["rows"] == [["1", "longer than 500", "gpt-5-mini → gpt-5.1"], ["", "otherwise", "gpt-5.1"]]

    async def test_route_test_tells_what_would_be_picked_and_asks_nobody(self, ada: Phone, upstream: Upstream) -> None:
        (table,) = await self.line(ada, "/route test why is the sky blue, and what is it to you?")
        assert table["title"] == "picked for: 43 characters, in en"
        assert [row[:2] for row in table["rows"]] == [
            ["auto", "gpt-5.1"],
            ["auto/cheapest", "gpt-5-mini"],
            ["auto/fastest", "claude-sonnet-4-5"],
        ]
        assert upstream.calls == []

    async def test_route_turns_on_and_off(self, ada: Phone) -> None:
        conversation = await ada.conversation(model="gpt-5-mini")
        _, notice = await self.line(ada, "/route cheapest", conversation)
        assert (notice["text"], notice["undo"]) == ("model: auto/cheapest", "/model gpt-5-mini")
        patch, _ = await self.line(ada, "/route off", conversation)
        assert patch["conversation"]["model"] == "gpt-5.1"

    @pytest.mark.parametrize("line", ["/route test", "/route on and on", "/route sideways"])
    async def test_what_route_does_not_understand_it_says(self, ada: Phone, line: str) -> None:
        await ada.post("/api/commands", {"line": line}, expect=400)
