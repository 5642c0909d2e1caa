"""A call whose row could not be written while it was made is in the ledger all the same, once there is room."""

import asyncio
import sqlite3
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from server.money import ledger
from tests.gateway.conftest import rows
from tests.house import House
from tests.upstream import Upstream

pytestmark = pytest.mark.anyio


async def test_a_call_that_could_not_be_held_is_refused_and_settled_when_there_is_room(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = ledger._HOLD

    def full(*_: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    monkeypatch.setattr("server.store.engine.AGAIN", 0.05)
    monkeypatch.setattr(ledger, "_HOLD", SimpleNamespace(run=full, run_many=full))
    body = {"model": "gpt-5.1", "input": "hello", "stream": True}
    answer = await tool.post("/v1/responses", json=body)
    assert answer.status_code == 503 and "the disk is full" in answer.text
    monkeypatch.setattr(ledger, "_HOLD", statement)
    async with asyncio.timeout(5):
        while len(await rows(house)) < len(upstream.calls):
            await asyncio.sleep(0.01)
    assert [row.settled_at is not None for row in await rows(house)] == [True] * len(upstream.calls)
