"""The request log: every call with who, why and how much; one's own for a member, everybody's for an admin."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from server.ids import derived_id, now
from server.money import ledger, log
from server.store.tables import Call
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio
SECRET = "the colour of my front door is teal"


async def test_a_reply_that_took_two_attempts_is_explained_by_the_id_of_any_of_them(
    phone: Phone, bob: Phone, root: Phone, upstream: Upstream
) -> None:
    used = {"input": 1000, "cached": 400, "output": 500, "reasoning": 100}
    upstream.script(Answer(status=500), Answer(text=SECRET, usage=used))
    reply = await phone.ask(SECRET, model="gpt-5.1")
    listed = await phone.get("/api/usage/calls")
    second, first = listed["calls"]
    assert listed["next"] is None
    assert (first["status"], first["attempt"], first["reason"]) == ("failed", 1, "as asked")
    assert first["error"] == {"kind": "overloaded", "status": 500}
    assert (second["status"], second["attempt"]) == ("done", 2)
    assert second["reason"] == "as asked; again after overloaded (500)"
    assert second["request_id"] == first["request_id"]
    assert second["request_id"].startswith("req_")
    assert (second["user"]["name"], second["key"], second["kind"]) == ("ada", None, "chat")
    assert (second["credential"], second["message_id"]) == ("…0001", reply["id"])
    assert (second["input"], second["cache_read"], second["output"], second["reasoning"]) == (600, 400, 400, 100)
    assert (second["tokens"], second["estimated"], second["dropped"]) == (1500, False, [])
    assert second["cost_nanos"] == reply["cost_nanos"]
    assert second["first_token_ms"] <= second["duration_ms"]
    paths = [f"/api/usage/calls/{id}" for id in (first["id"], second["id"], second["request_id"], reply["id"])]
    explained = [await phone.get(path) for path in paths]
    assert all(one == explained[0] for one in explained)
    # gpt-5.1: 600 × 1.25 + 400 × 0.125 + 400 × 10 + 100 × 10 millionths of a dollar
    assert explained[0]["cost_nanos"] == 5_800_000
    made = explained[0]["attempts"][1]
    assert sum(line["tokens"] * line["nanos_per_million"] for line in made["arithmetic"]) == 5_800_000 * 1_000_000
    assert made["usage_said"]["output_tokens"] == 500
    assert explained[0]["lines"][-1] == "total     $0.005800"
    assert "  because     as asked; again after overloaded (500)" in explained[0]["lines"]
    for path in paths:
        await bob.get(path, expect=404)
        assert (await root.get(path))["user"] == "ada"
    assert (await bob.get("/api/usage/calls"))["calls"] == []
    await bob.get("/api/usage/calls?scope=all", expect=403)
    everything = [listed, explained, await root.get("/api/usage/calls?scope=all")]
    assert len(everything[2]["calls"]) == 2
    assert SECRET not in str(everything), "no text of anybody is in the log"


async def test_a_model_that_makes_up_for_another_says_so(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(status=529, match="gpt-5.1"), Answer())
    reply = await phone.ask("hello", model="auto")
    (second, first) = (await phone.get("/api/usage/calls"))["calls"]
    assert first["asked_model"] == second["asked_model"] == "auto"
    assert first["reason"] == "your default model"
    assert f"; instead of {first['model']} after " in second["reason"]
    explained = await phone.get(f"/api/usage/calls/{reply['id']}")
    assert [attempt["model"] for attempt in explained["attempts"]] == [first["model"], second["model"]]


def row(number: int, user_id: str, **values: Any) -> dict[str, Any]:
    at = now() - timedelta(days=10) + timedelta(minutes=number)
    made = {"id": derived_id(at, str(number)), "started_at": at, "settled_at": at, "user_id": user_id}
    shown = {"status": "done", "kind": "chat", "provider": "openai", "model": "gpt-5.1", "credential_id": "c"}
    return Call(**(made | shown | values)).model_dump()


async def test_the_log_is_filtered_and_paged_without_missing_or_repeating_a_call(
    house: House, phone: Phone, root: Phone
) -> None:
    ada, someone = phone.session["user"]["id"], "nobody-any-more"
    rows = [
        row(
            number,
            ada if number % 3 else someone,
            status="failed" if number % 50 == 0 else "done",
            model=f"model-{number % 4}",
            kind="gateway" if number % 2 else "chat",
            key_id="gone" if number % 2 else None,
        )
        for number in range(300)
    ]
    rows += [row(301, ada, imported_at=now()), row(302, ada, status="held")]
    await house.services.database.write(lambda connection: connection.execute(insert(ledger.calls), rows))
    mine = [one for one in reversed(rows[:300]) if one["user_id"] == ada]

    async def walk(phone: Phone, query: str) -> list[str]:
        found: list[str] = []
        before = ""
        while True:
            page = await phone.get(f"/api/usage/calls?limit=40{query}{before}")
            found += [call["id"] for call in page["calls"]]
            if page["next"] is None:
                return found
            before = f"&before={page['next']}"

    assert await walk(phone, "") == [one["id"] for one in mine]
    for query, fits in {
        "&model=model-1": lambda one: one["model"] == "model-1",
        "&kind=gateway&status=failed": lambda one: one["kind"] == "gateway" and one["status"] == "failed",
        "&status=failed&model=model-2": lambda one: one["status"] == "failed" and one["model"] == "model-2",
        "&key=gone&model=model-3": lambda one: one["key_id"] == "gone" and one["model"] == "model-3",
    }.items():
        assert await walk(phone, query) == [one["id"] for one in mine if fits(one)], query
    everybody = await walk(root, f"&scope=all&user={someone}")
    assert everybody == [one["id"] for one in reversed(rows[:300]) if one["user_id"] == someone]
    shown = (await root.get("/api/usage/calls?scope=all&kind=gateway&limit=1"))["calls"][0]
    assert shown["key"] == {"id": "gone", "name": "deleted key"}
    days = sorted({one["started_at"].date() for one in mine})
    inside = await walk(phone, f"&from={days[0]}&to={days[0]}")
    assert inside == [one["id"] for one in mine if one["started_at"].date() == days[0]]
    assert await walk(phone, f"&from={now().date() + timedelta(days=2)}") == []
    assert await walk(phone, f"&to={days[0]}") == inside
    for beyond in ("to=9999-12-31", "from=1900-01-01", "from=2026-02-01&to=2026-01-01"):
        await phone.get(f"/api/usage/calls?{beyond}", expect=400)


async def test_a_page_never_goes_through_the_rows_of_the_wider_filter(house: House) -> None:
    def plan(connection: Any) -> list[str | None]:
        connection.execute(insert(ledger.calls), [row(number, "ada", model="rare") for number in range(5)])
        connection.execute(insert(ledger.calls), [row(number, "ada") for number in range(10, 100)])
        given = [{"user_id": "ada", "model": "rare"}, {"model": "gpt-5.1", "status": "failed"}, {"kind": "chat"}, {}]
        return [log._narrowest(connection, one, []) for one in given]

    assert await house.services.database.write(plan) == ["model", "status", "kind", None]
