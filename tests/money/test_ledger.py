"""Every call is in the ledger once, settled, and the sums are the sums of the rows."""

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from server.ids import new_id, now
from server.money import ledger, rollup
from server.store.batch import Part
from server.store.tables import Call
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


def rows(connection: Connection) -> list[Any]:
    return list(connection.execute(select(ledger.calls).order_by(ledger.calls.c.id)))


async def check_sums(house: House) -> list[Any]:
    """Compares the kept totals with the rows; gives the rows."""
    found = await house.services.database.read(rows)
    assert all(row.status != "held" and row.settled_at for row in found)
    for scope, column in (("account", "user_id"), ("device", "device_id"), ("conversation", "conversation_id")):
        ids = {getattr(row, column) for row in found} - {None}
        kept = await house.services.database.read(lambda c, scope=scope, ids=ids: ledger.figures(c, scope, list(ids)))
        for id in ids:
            mine = [row for row in found if getattr(row, column) == id]
            figures = kept[id]
            assert figures.calls == len(mine)
            assert figures.cost_nanos == sum(row.cost_nanos or 0 for row in mine)
            assert figures.tokens == sum(
                row.input + row.cache_read + row.cache_write_5m + row.cache_write_long + row.output + row.reasoning
                for row in mine
            )
            assert figures.unknown == sum(row.cost_nanos is None for row in mine)
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_after_any_mixture_of_endings_the_sums_are_the_sums_of_the_rows(
    house: House, phone: Phone, upstream: Upstream, seed: int
) -> None:
    chance = random.Random(seed)
    endings = [
        Answer(usage={"input": 50, "cached": 20, "output": 30, "reasoning": 10}),
        Answer(status=500),
        Answer(text="x" * 900, cut_after=9),
        Answer(status=401),
        Answer(text="word " * 400, hold_after=20),
    ]
    upstream.script(*chance.choices(endings, k=25))
    upstream.default(Answer())
    stopped = []
    for _ in range(12):
        sent = await phone.send(
            await phone.conversation(model=chance.choice(["gpt-5.1", "claude-sonnet-4-5"])), "hello"
        )
        reply = await phone.until(
            sent["reply"]["id"],
            lambda message: message["status"] not in ("pending", "streaming") or len(message["text"]) > 300,
        )
        if reply["status"] == "streaming":
            stopped.append(phone.post(f"/api/messages/{reply['id']}/stop"))
    await asyncio.gather(*stopped)
    found = await check_sums(house)
    asked = [call for call in upstream.calls]
    assert len(found) == len(asked)
    reported = {"input": 0, "output": 0}
    for call in asked:
        if call.finished and call.usage:
            reported["input"] += call.usage["input"]
            reported["output"] += call.usage["output"]
    exact = [row for row in found if row.status == "done"]
    assert sum(row.input + row.cache_read + row.cache_write_5m for row in exact) == reported["input"]
    assert sum(row.output + row.reasoning for row in exact) == reported["output"]


async def test_a_settled_row_is_never_settled_again(house: House, phone: Phone) -> None:
    await phone.ask("hello")
    before = await check_sums(house)
    end = ledger.new_settlement(before[0].id, "failed", ledger.Usage(input=9), "provider", (9, "computed"))
    assert not await house.services.database.write(lambda connection: ledger.settle(connection, end))
    assert await check_sums(house) == before


async def test_calls_that_end_together_count_once_each_whichever_had_ended_or_was_never_held(house: House) -> None:
    database, ids = house.services.database, [new_id() for _ in range(40)]
    made = [
        Call(
            id=id,
            status="held",
            kind="gateway",
            user_id=f"user{number % 3}",
            key_id=f"key{number % 5}",
            provider="openai",
            model="gpt-5.1",
            credential_id="x",
            started_at=now(),
        ).model_dump()
        for number, id in enumerate(ids)
    ]
    ends = [
        ledger.new_settlement(row["id"], "done", ledger.Usage(input=9), "provider", (9, "computed")) for row in made
    ]
    held = [database.submit(Part(ledger.post, (row, None))) for row in made[1:]]
    for row, end in zip(made, ends, strict=True):
        database.defer(Part(ledger.post, (row, end)))
    database.defer(Part(ledger.post, (made[7], ends[7])))
    await asyncio.gather(*held)
    await database.write(lambda _: None)
    assert len(await check_sums(house)) == 40
    kept = await database.read(lambda connection: list(connection.execute(rollup.slots.select())))
    assert (sum(row.calls for row in kept), sum(row.cost_nanos for row in kept)) == (40, 360)


async def test_the_price_is_frozen_on_the_row(house: House, phone: Phone) -> None:
    await phone.ask("hello")
    (row,) = await check_sums(house)
    assert row.price and row.usage_raw and row.credential_last4 == "0001" and row.model_served


async def test_an_unknown_price_is_not_zero(house: House, phone: Phone) -> None:
    reply = await phone.ask("hello", model="gpt-99-unheard-of")
    assert (reply["cost_nanos"], reply["cost_state"]) == (None, "unknown_price")
    statistics = await phone.get("/api/statistics")
    assert statistics["account"]["unknown"] == 1
    await check_sums(house)


async def test_statistics_are_of_this_device_with_the_account_beside(phone: Phone, laptop: Phone) -> None:
    await phone.ask("hello")
    await laptop.ask("hello")
    reply = await laptop.ask("hello")
    mine, theirs = await phone.get("/api/statistics"), await laptop.get("/api/statistics")
    assert (mine["device"]["calls"], theirs["device"]["calls"]) == (1, 2)
    assert mine["account"] == theirs["account"] and mine["account"]["calls"] == 3
    here = await phone.get(f"/api/statistics?conversation={reply['conversation_id']}")
    assert here["conversation"]["calls"] == 1


async def test_titles_are_in_the_ledger_too(house: House, phone: Phone, upstream: Upstream) -> None:
    await house.stop()
    house.environment["LLM_ROUTER_TITLES"] = "true"
    await house.start()
    phone.http.base_url = house.url
    upstream.script(Answer(text="Blue, because of scattering."), Answer(text='"Sky colour"\n', match="Write a title"))
    async with phone.listening() as stream:
        reply = await phone.ask("why is the sky blue?")
        event = await stream.until(lambda event: event.type == "conversation" and event.data["title"] == "Sky colour")
    assert event.data["id"] == reply["conversation_id"]
    found = await check_sums(house)
    assert [row.kind for row in found] == ["chat", "title"]
    assert found[1].model != found[0].model, "a small model names it"
    named = await phone.get(f"/api/conversations/{reply['conversation_id']}")
    assert named["conversation"]["figures"]["calls"] == 2
    assert named["messages"][1]["usage"]["calls"] == 1


async def test_a_name_that_a_person_gave_is_never_overwritten(house: House, phone: Phone, upstream: Upstream) -> None:
    await house.stop()
    house.environment["LLM_ROUTER_TITLES"] = "true"
    await house.start()
    phone.http.base_url = house.url
    await phone.ask("hello", title="mine")
    assert len(upstream.calls) == 1


async def test_nothing_is_counted_twice_when_a_connection_asks_again(house: House, phone: Phone) -> None:
    conversation = await phone.conversation()
    sends = [phone.send(conversation, "hello", client_id="the-same-id") for _ in range(8)]
    replies = await asyncio.gather(*sends)
    await phone.ended(replies[0]["reply"]["id"])
    assert len(await check_sums(house)) == 1
    count = await house.services.database.read(
        lambda c: c.execute(select(func.count()).select_from(ledger.calls)).scalar_one()
    )
    assert count == 1
