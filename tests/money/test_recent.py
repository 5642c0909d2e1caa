"""A day by its hours, and how fast each model wrote: read from the latest rows of the ledger."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from server import ids
from server.ids import first_id, new_id
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


def test_an_id_sorts_after_the_first_one_of_its_time() -> None:
    before = first_id(ids.now() - timedelta(seconds=1))
    made = new_id()
    assert before < made < first_id(ids.now() + timedelta(seconds=1))


async def test_a_day_has_the_calls_that_began_in_it_by_the_hour(phone: Phone, bob: Phone) -> None:
    await phone.ask("hello")
    await phone.ask("hello")
    await bob.ask("hello")
    now = datetime.now(UTC)

    async def day(since: datetime) -> dict[str, object]:
        answer = await phone.get(f"/api/statistics?since={quote(since.isoformat())}")
        return dict(answer["day"])

    today = await day(now - timedelta(hours=3, minutes=30))
    account = (await phone.get("/api/statistics"))["account"]
    assert {name: today[name] for name in account} == account and account["calls"] == 2
    assert today["hours"] == [0, 0, 0, account["cost_nanos"], *[0] * 20]
    assert (await day(now + timedelta(minutes=1)))["calls"] == 0
    assert (await day(now - timedelta(days=2)))["calls"] == 0


async def test_a_day_needs_a_time_zone(phone: Phone) -> None:
    await phone.get("/api/statistics?since=2026-01-01T00:00:00", expect=422)


async def test_how_fast_a_model_writes_is_known_once_it_has_written(phone: Phone, upstream: Upstream) -> None:
    async def speeds() -> dict[str, float | None]:
        models = (await phone.get("/api/models"))["models"]
        return {model["id"]: model["tokens_per_second"] for model in models}

    upstream.script(Answer(text="word " * 40, chunk=20, delay=0.02, usage={"input": 10, "output": 50}))
    await phone.ask("hello", model="gpt-5.1")
    found = await speeds()
    assert found["claude-sonnet-4-5-20250929"] is None
    assert found["gpt-5.1"] is not None and 10 < found["gpt-5.1"] < 50 / 0.15
