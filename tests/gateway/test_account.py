"""The bill is right: whatever ends however, the rows, the provider's own account and every report say the same."""

import asyncio
import csv
import io
import json
import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from server import ids
from server.money import budgets, ledger
from server.money.figures import NAMES
from server.store.tables import Call
from tests.books import check_rollups, sums
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

REQUESTS = 800
TURNS = 40
AT_ONCE = 16
WAYS = (("chat/completions", "compatible/qwen3"), ("responses", "gpt-5.1"), ("messages", "claude-sonnet-5-5"))
OTHER = ({"model": "openai/text-embedding-3-small", "input": ""}, {"model": "gpt-image-1", "prompt": ""})
BUCKETS = ("input", "cache_read", "cache_write_5m", "cache_write_long", "output", "reasoning")


class Story:
    """What happens at random, and the answers that the upstream gives to it."""

    def __init__(self, seed: int, upstream: Upstream) -> None:
        self.dice, self.upstream = random.Random(seed), upstream
        upstream.trust()
        upstream.default(self.good("and a title"))

    def good(self, text: str, **more: Any) -> Answer:
        dice = self.dice
        usage = {"input": dice.randint(50, 90), "cached": dice.randint(0, 50), "output": dice.randint(20, 40)}
        cost = {"cost": float(f"{dice.randint(1, 10**6)}e-9")} if dice.random() < 0.8 else {}
        return Answer(text=text, usage=usage | {"reasoning": dice.randint(0, 9)}, extra_usage=cost, **more)

    def happens(self, mark: str) -> bool:
        """Says what the upstream does when it reads the mark; True where it will never come to an end."""
        how = self.dice.choices(("done", "fails", "retried", "cut", "held"), (80, 5, 3, 6, 6))[0]
        answers = {
            "done": [self.good("word " * self.dice.randint(1, 9), match=mark)],
            "fails": [Answer(status=self.dice.choice((400, 404, 413)), match=mark)],
            "retried": [Answer(status=500, match=mark), self.good("at last", match=mark)],
            "cut": [Answer(text="word " * 50, cut_after=self.dice.randint(0, 9), match=mark)] * 3,
            "held": [Answer(text="word " * 200, hold_after=6, match=mark)],
        }
        self.upstream.script(*answers[how])
        return how == "held"


async def ask_other(story: Story, tool: httpx2.AsyncClient, number: int) -> None:
    """Embeddings or a picture, which the program may not wait for."""
    mark, body = f"<{number}>", dict(story.dice.choice(OTHER))
    path = "embeddings" if "input" in body else "images/generations"
    body["input" if path == "embeddings" else "prompt"] = f"hello {mark}"
    good = replace(story.good("made", match=mark), extra_usage={})
    how = story.dice.choices(("done", "fails", "retried", "left"), (70, 5, 10, 15))[0]
    answers = {
        "done": [good],
        "fails": [Answer(status=400, match=mark)],
        "retried": [Answer(status=500, match=mark), good],
        "left": [Answer(first_delay=60, match=mark)],
    }
    story.upstream.script(*answers[how])
    before = len(story.upstream.requests)
    asking = asyncio.create_task(tool.post(f"/v1/{path}", json=body))
    if how == "left":
        while not asking.done() and not any(mark in str(one.body) for one in story.upstream.requests[before:]):
            await asyncio.sleep(0.01)
        asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def ask(story: Story, tool: httpx2.AsyncClient, number: int) -> None:
    """One request of a program, in any wire to any provider, which it may leave in the middle."""
    mark = f"<{number}>"
    path, model = story.dice.choice(WAYS)[0], story.dice.choice([*(model for _, model in WAYS), "auto"])
    left = story.happens(mark)
    body: dict[str, Any] = {"model": model, "stream": left or story.dice.random() < 0.5, "max_tokens": 99}
    body["input" if path == "responses" else "messages"] = [{"role": "user", "content": f"hello {mark}"}]
    if path == "responses":
        body["max_output_tokens"] = body.pop("max_tokens")
    try:
        async with tool.stream("POST", f"/v1/{path}", json=body) as answer:
            async for _ in answer.aiter_bytes():
                if left:
                    break
    except httpx2.HTTPError:
        pass  # it was cut off, as the story wants it


async def talk(story: Story, phone: Phone, number: int) -> None:
    """A turn of a chat, which may be stopped, answered again, or asked of two models."""
    mark = f"<talk {number}>"
    left = story.happens(mark)
    conversation = await phone.conversation(model=story.dice.choice(["gpt-5.1", "claude-sonnet-5-5"]))
    more = {"models": ["gpt-5.1", "claude-sonnet-5-5"]} if not left and number % 5 == 0 else {}
    sent = await phone.send(conversation, f"hello {mark}", **more)
    if left:
        await phone.until(sent["reply"]["id"], lambda message: message["text"] or message["status"] == "failed")
        await phone.post(f"/api/messages/{sent['reply']['id']}/stop")
    reply = await phone.ended(sent["reply"]["id"])
    if number % 4 == 0 and reply["status"] == "done":
        again = await phone.post(f"/api/messages/{reply['id']}/retry", {"client_id": ids.new_id()})
        await phone.ended(again["reply"]["id"])


async def everything(database: Any) -> list[Any]:
    """The rows, once everything that was queued is written."""
    await database.write(lambda _: None)
    return await database.read(lambda c: list(c.execute(select(ledger.calls).order_by(ledger.calls.c.id))))


async def check_reports(house: House, root: Phone, rows: list[Any]) -> None:
    """Dashboard, both exports and the command line say what the rows say."""
    whole = sums(rows)
    as_figures = {name: whole[name] for name in (*NAMES, "tokens")} | {"estimated": whole["estimated"] > 0}
    found = await root.get("/api/usage?range=all&scope=all")
    assert found["total"] == as_figures == {name: found["cards"]["all"][name] for name in as_figures}
    for group in ("model", "provider", "kind", "user"):
        assert sum(line["cost_nanos"] for line in found["by"][group]) == whole["cost_nanos"], group
        assert sum(line["calls"] for line in found["by"][group]) == len(rows), group
    for moments in ("days", "hours"):
        for name in ("cost_nanos", "calls", "tokens"):
            assert sum(one[name] for one in found[moments]) == whole[name], (moments, name)
    assert (await root.get("/admin/usage-stats?range=today"))["total"] == as_figures

    text = (await root.http.get("/api/usage/export?scope=all")).text
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["id"] for line in lines] == [row.id for row in rows]
    assert sum(int(line["cost_nanos"] or 0) for line in lines) == whole["cost_nanos"]
    assert sum(Decimal(line["cost_usd"] or 0) for line in lines) * ids.NANOS_PER_DOLLAR == whole["cost_nanos"]
    calls = (await root.get("/api/usage/export?scope=all&format=json"))["calls"]
    assert sum(call["cost_nanos"] or 0 for call in calls) == whole["cost_nanos"] and len(calls) == len(rows)

    command = [sys.executable, "-m", "server.cli", "stats", "--since", "all", "--output", "json"]
    said = await asyncio.to_thread(
        subprocess.run, command, env=os.environ | house.environment, capture_output=True, check=True
    )
    assert json.loads(said.stdout)["total"] == as_figures


def check_account(upstream: Upstream, rows: list[Any]) -> None:
    """The provider's own account: what it was asked, and what it said that it used and charged."""
    asked = [one for one in upstream.requests if one.method == "POST"]
    assert len(rows) == len(asked)
    told = [one for one in asked if one.finished and one.usage is not None]
    done = [row for row in rows if row.status == "done"]
    assert len(done) == len(told) > REQUESTS / 2
    exact = sum(row.cost_nanos for row in done if row.cost_state == "exact")
    assert exact == sum(ids.nanos(Decimal(str(one.charged))) for one in told if one.charged is not None)
    read = sum(row.input + row.cache_read + row.cache_write_5m + row.cache_write_long for row in done)
    assert read == sum(one.usage["input"] for one in told if one.usage)
    talked = [row for row in done if row.kind != "image" and row.endpoint not in ("images/generations", "embeddings")]
    written = [one for one in told if not one.path.startswith(("/v1/images", "/v1/embeddings"))]
    assert sum(row.output + row.reasoning for row in talked) == sum(one.usage["output"] for one in written if one.usage)


async def test_the_rows_the_provider_and_every_report_agree_to_the_nanodollar(
    house: House, ada: str, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    for provider in ("compatible", "openai"):
        await house.services.credentials.create(None, provider, f"sk-test-{provider}-0004", upstream.openai)
    database = house.services.database
    much = 1000 * ids.NANOS_PER_DOLLAR
    budget = await database.write(lambda connection: budgets.put(connection, "user", ada, "month", much))
    phone, root = Phone(house.url), await Phone(house.url).sign_in(*ADMIN)
    await phone.sign_in("ada", "lovelace engine")
    story, turn = Story(6, upstream), asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with turn:
            if number % (REQUESTS // TURNS) == 0:
                await talk(story, phone, number)
            else:
                await (ask_other if number % 10 == 1 else ask)(story, tool, number)

    await asyncio.gather(*(one(number) for number in range(REQUESTS)))
    conversation = await phone.conversation()
    await phone.run("/image a lighthouse", conversation)
    picture = (await phone.get(f"/api/conversations/{conversation}"))["messages"][-1]
    await phone.ended(picture["id"])
    rows = await everything(database)
    assert {row.status for row in rows} == {"done", "stopped", "failed", "cut"}
    assert {row.kind for row in rows} == {"chat", "gateway", "image"} and len(rows) > REQUESTS
    assert all(row.settled_at and row.request_id for row in rows)
    assert {row.endpoint for row in rows if row.status == "stopped"} >= {"embeddings", "images/generations"}
    assert [row for row in rows if row.status in ("stopped", "cut") and row.cost_state == "free"] == []
    assert any("another credential" in row.reason for row in rows if row.endpoint == "embeddings")
    assert house.services.book.held(budget) == 0
    check_account(upstream, rows)
    await database.read(lambda connection: check_rollups(connection, rows))
    await check_reports(house, root, rows)

    # What a killed process leaves is settled when the next one begins, and counts like every other.
    left = [row._asdict() | {"id": ids.new_id(), "status": "held", "settled_at": None} for row in rows[:5]]
    await database.write(lambda connection: [ledger.hold(connection, Call(**row)) for row in left])
    await house.stop()
    await house.start()
    rows = await everything(house.services.database)
    assert Counter(row.status for row in rows)["killed"] == len(left)
    await house.services.database.read(lambda connection: check_rollups(connection, rows))
    await check_reports(house, root, rows)
    await phone.close()
    await root.close()
