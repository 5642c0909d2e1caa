"""What the ledger and the pool of credentials are told, whatever a request comes to."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, update

from server.money import ledger
from server.providers.base import ProviderError
from server.providers.models import public_id
from server.store.tables import User
from tests.gateway.conftest import new_key, rows
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "Hello"}]


async def test_what_is_refused_before_anybody_was_asked_holds_nothing(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    """An answer that is begun by the client is what OpenAI's format cannot carry."""
    begun = [*HELLO, {"role": "assistant", "content": "It is"}]
    answer = await tool.post("/v1/messages", json={"model": "gpt-5.1", "max_tokens": 9, "messages": begun})
    assert answer.status_code == 400, answer.text
    assert upstream.calls == []
    assert "held" not in [row.status for row in await rows(house)]


@pytest.mark.parametrize("path", ["chat/completions", "messages"])
async def test_a_credential_whose_stream_breaks_off_is_not_praised_for_it(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[str] = []
    worked: list[str] = []
    pool = house.services.pool
    monkeypatch.setattr(pool, "worked", lambda credential, model: worked.append(model))

    def note(credential: Any, model: str, error: ProviderError) -> None:
        failed.append(error.kind)

    monkeypatch.setattr(pool, "failed", note)
    upstream.script(Answer(text="first words of many, and more of them", chunk=4, cut_after=8))
    asked = {"model": "gpt-5.1", "max_tokens": 99, "stream": True, "messages": HELLO}
    assert (await tool.post(f"/v1/{path}", json=asked)).status_code == 200
    assert (failed, worked) == (["network"], [])
    assert [row.status for row in await rows(house)] == ["cut"]


async def test_the_models_that_are_tried_for_one_request_are_one_request_of_the_key(
    house: House, ada: str, upstream: Upstream
) -> None:
    upstream.script(*[Answer(status=500)] * 3, Answer(text="from the next one"))
    key = await new_key(house, ada, rpm=1)
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": key}, timeout=20) as http:
        answer = await http.post("/v1/chat/completions", json={"model": "auto", "messages": HELLO})
    assert answer.status_code == 200, answer.text
    assert len({row.model for row in await rows(house)}) == 2


async def test_what_the_money_does_not_reach_for_makes_way_for_the_next_model(
    house: House, ada: str, upstream: Upstream
) -> None:
    """First comes a dear model, and then one that is free on this machine."""
    await house.services.credentials.create(None, "ollama", "sk-test-ollama-0004", upstream.openai)
    house.services.pool.forget()
    (free,) = [one for one in await house.services.pool.credentials(ada) if one.provider == "ollama"]
    listed = await house.services.directory.fetch(free)
    rule = {"when": {}, "model": "gpt-5.1", "fallbacks": [public_id(listed.models[0])]}
    chosen = update(User).values(preferences={"routes": [rule]})
    await house.services.database.write(lambda connection: connection.execute(chosen))
    key = await new_key(house, ada, limit_nanos=1)
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": key}, timeout=20) as http:
        dear = await http.post("/v1/chat/completions", json={"model": "gpt-5.1", "messages": HELLO})
        answer = await http.post("/v1/chat/completions", json={"model": "auto", "messages": HELLO})
    assert dear.status_code == 429, dear.text
    assert answer.status_code == 200, answer.text
    (row,) = await rows(house)
    assert (row.provider, row.cost_nanos) == ("ollama", 0)
    assert "instead of gpt-5.1 after budget_exceeded" in row.reason


@pytest.mark.parametrize(
    ("path", "asked", "end"),
    [
        ("messages", {"model": "claude-sonnet-5-5", "stream": True}, b'"message_stop"}\n\n'),
        ("messages", {"model": "claude-sonnet-5-5"}, b"}"),
        ("messages", {"model": "gpt-5.1-codex", "stream": True}, b'"message_stop"}\n\n'),
        ("messages", {"model": "gpt-5.1-codex"}, b"}"),
        ("embeddings", {"model": "openai/text-embedding-3-small", "input": "one two"}, b"}"),
    ],
)
async def test_what_an_answer_cost_is_on_the_disk_before_its_last_word_has_left(
    house: House, tool: httpx2.AsyncClient, path: str, asked: dict[str, Any], end: bytes
) -> None:
    if path == "messages":
        asked = {"max_tokens": 99, "messages": HELLO} | asked
    async with tool.stream("POST", f"/v1/{path}", json=asked) as answer:
        read = b""
        async for chunk in answer.aiter_raw():
            read += chunk
            if read.endswith(end):
                assert _on_disk(house) == [("done", "provider")]
                break
        assert read.endswith(end)


@pytest.mark.parametrize("model", ["gpt-5.1-codex", "claude-sonnet-5-5"])
async def test_so_is_that_of_one_that_the_upstream_breaks_off_in_words_of_its_own(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream, model: str
) -> None:
    error = {"type": "overloaded_error", "message": "Overloaded"}
    upstream.script(Answer(text="first words of many, and more of them", chunk=4, error_after=8, error=error))
    asked = {"model": model, "max_tokens": 99, "stream": True, "messages": HELLO}
    async with tool.stream("POST", "/v1/messages", json=asked) as answer:
        read = b""
        async for chunk in answer.aiter_raw():
            read += chunk
            if b"event: error" in read:
                assert _on_disk(house) == [("cut", "estimated")]
                break
        assert b"overloaded_error" in read


@pytest.mark.parametrize("path", ["chat/completions", "messages"])
@pytest.mark.parametrize(
    "more",
    [
        {"usage": {"prompt_tokens": 5, "completion_tokens": 10**20}},
        {"usage": {"prompt_tokens": 5, "completion_tokens": 5, "cost_in_usd_ticks": 10**30}},
        {"id": "r\ud83d", "model": "m\ud83d"},
    ],
)
async def test_figures_and_names_that_no_ledger_can_hold_leave_no_call_open(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream, more: dict[str, Any], path: str
) -> None:
    choice = {"index": 0, "delta": {"role": "assistant", "content": "four words of text"}, "finish_reason": "stop"}
    frame = {"id": "r", "model": "m", "usage": {"prompt_tokens": 5, "completion_tokens": 5}} | more
    upstream.script(Answer(raw=f"data: {json.dumps(frame | {'choices': [choice]})}\n\ndata: [DONE]\n\n"))
    asked = {"model": "compatible/qwen3", "max_tokens": 99, "stream": True, "messages": HELLO}
    answer = await tool.post(f"/v1/{path}", json=asked)
    assert "four words" in answer.text
    (row,) = await rows(house)
    assert (row.status, row.cost_nanos) == ("done", None)
    assert 0 < row.output < 100


async def test_a_call_is_settled_as_soon_as_the_disk_takes_it_and_its_answer_does_not_wait_for_that(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.calls.entry.PATIENCE", 0.01)
    monkeypatch.setattr("server.store.engine.AGAIN", 0.01)
    usual, refused = ledger.settle, 0

    def settle(connection: Connection, end: ledger.Settlement) -> bool:
        nonlocal refused
        refused += 1
        if refused < 4:
            full = sqlite3.OperationalError("database or disk is full")
            full.sqlite_errorname = "SQLITE_FULL"
            raise full
        return usual(connection, end)

    monkeypatch.setattr("server.money.ledger.settle", settle)
    asked = {"model": "gpt-5.1", "max_tokens": 99, "messages": HELLO}
    assert (await tool.post("/v1/chat/completions", json=asked)).status_code == 200
    while (found := _on_disk(house)) != [("done", "provider")]:
        assert found == [("held", "estimated")]
        await house.services.database.write(lambda connection: None)
    assert refused == 4


def _on_disk(house: House) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(house.data / "llm-router.db")) as other:
        return other.execute("SELECT status, usage_source FROM calls").fetchall()
