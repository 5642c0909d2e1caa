"""Budgets at the running gateway: however many programs ask at once, refused before anybody is asked."""

import asyncio

import httpx2
import pytest

from server.money import budgets
from tests.gateway.conftest import new_key, rows
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio
CENT = 10_000_000


async def ask(http: httpx2.AsyncClient, path: str = "/v1/chat/completions", model: str = "gpt-5.1") -> httpx2.Response:
    body = {"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}]}
    return await http.post(path, json=body)


@pytest.mark.parametrize("cents", [1, 20])
async def test_fifty_calls_at_once_on_a_key_with_little_left_overrun_by_one_of_them_at_most(
    house: House, ada: str, upstream: Upstream, cents: int
) -> None:
    """Each asks for 50 tokens and is billed for 1,000, so that every estimate is far too low."""
    upstream.default(Answer(usage={"input": 1, "output": 1000}))
    key = await new_key(house, ada, limit_nanos=cents * CENT)
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": key}, timeout=60) as http:
        answers = await asyncio.gather(*(ask(http) for _ in range(50)))
    made = await rows(house)
    assert {row.status for row in made} == {"done"}
    asked = [one for one in upstream.requests if one.method == "POST"]
    assert len(made) == len(asked) == [one.status_code for one in answers].count(200)
    costs = [row.cost_nanos for row in made]
    assert 0.8 * cents * CENT <= sum(costs) < cents * CENT + max(costs)
    (refused,) = {one.json()["error"]["message"] for one in answers if one.status_code == 429}
    assert refused.startswith("the budget of the key laptop is used up")


async def test_fifty_pictures_at_once_on_a_key_with_money_for_one_make_one(
    house: House, ada: str, upstream: Upstream
) -> None:
    key = await new_key(house, ada, limit_nanos=8 * CENT)
    asked = {"model": "openai/dall-e-3", "prompt": "a river", "quality": "hd", "size": "1024x1024"}
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": key}, timeout=60) as http:
        calls = (http.post("/v1/images/generations", json=asked) for _ in range(50))
        answers = await asyncio.gather(*calls)
    assert sorted(one.status_code for one in answers) == [200] + [429] * 49
    assert len(upstream.calls) == 1
    assert [row.cost_nanos for row in await rows(house)] == [8 * CENT]


@pytest.mark.parametrize("more", [{"n": 100}, {"max_tokens": 1, "max_completion_tokens": 5000}])
async def test_the_longest_of_the_lengths_and_every_one_of_the_answers_is_reckoned_with(
    house: House, ada: str, upstream: Upstream, more: dict[str, int]
) -> None:
    key = await new_key(house, ada, limit_nanos=CENT)
    asked = {"model": "gpt-5.1", "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}]}
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": key}, timeout=20) as http:
        assert (await http.post("/v1/chat/completions", json=asked | more)).status_code == 429
    assert upstream.calls == []


async def test_what_is_left_is_told_before_it_runs_out(house: House, ada: str, upstream: Upstream) -> None:
    upstream.default(Answer(usage={"input": 1000, "output": 700}))
    key = await new_key(house, ada, limit_nanos=CENT)
    await house.services.database.write(lambda connection: budgets.put(connection, "user", ada, "day", 100 * CENT))
    await house.services.book.change()
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": key}, timeout=20) as http:
        first, second = await ask(http), await ask(http)
        assert (first.headers["x-budget-scope"], first.headers["x-budget-limit"]) == ("user", "1.000000")
        assert first.headers["x-budget-reset"].endswith("T00:00:00Z")
        assert "x-budget-warning" not in first.headers
        assert second.headers["x-budget-scope"] == "key"
        assert second.headers["x-budget-warning"] == "82 % of the budget of the key laptop is spent"
        assert "x-budget-reset" not in second.headers
        third = await ask(http, "/v1/messages", "claude-sonnet-5-5")
        assert third.status_code == 402
        assert third.headers["x-should-retry"] == "false"
        assert third.json()["error"]["type"] == "billing_error"
