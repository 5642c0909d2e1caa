"""Prices of an admin's own: they count from the next call on, wherever they are set, and change no call before it."""

import asyncio

import pytest

from server.money.price_book import PriceBook
from server.store.engine import Database, connect
from tests.house import House
from tests.money.list_file import with_price
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio
NEW = "gpt-99-unheard-of"


async def cost(phone: Phone, model: str = NEW) -> tuple[int | None, str]:
    reply = await phone.ask("hello", model=model)
    return reply["cost_nanos"], reply["cost_state"]


async def test_a_price_counts_from_the_next_call_on_and_never_for_one_before(
    phone: Phone, root: Phone, upstream: Upstream
) -> None:
    upstream.default(Answer(usage={"input": 1000, "cached": 400, "output": 500}))
    first = await phone.ask("hello", model=NEW)
    assert (first["cost_nanos"], first["cost_state"]) == (None, "unknown_price")
    listed = await root.get("/api/prices")
    assert listed["unknown"] == [{"provider": "openai", "model": NEW, "calls": 1, "known": False}]
    assert (await root.get(f"/api/prices/lookup?provider=openai&model={NEW}"))["price"] is None
    # 600 × 2 + 400 × 0.5 + 500 × 8 = 1200 + 200 + 4000 millionths of a dollar
    wanted = {"provider": "openai", "model": "GPT-99*", "rates": {"input": 2, "cache_read": "0.50", "output": "$8"}}
    made = await root.call("PUT", "/api/prices", wanted)
    assert made["rates"] == {"input": "2", "cache_read": "0.5", "output": "8"}
    assert await cost(phone) == (5_400_000, "computed")
    assert (await root.call("PUT", "/api/prices", wanted | {"rates": {"input": "1", "output": "1"}}))["id"] == made[
        "id"
    ]
    assert await cost(phone) == (None, "unknown_price"), "what reading from the cache costs is not known any more"
    closer = await root.call("PUT", "/api/prices", wanted | {"model": NEW, "rates": {"free": True}})
    assert await cost(phone) == (0, "free")
    listed = await root.get("/api/prices")
    assert [one["model"] for one in listed["overrides"]] == [NEW, "gpt-99*"]
    assert listed["unknown"] == [{"provider": "openai", "model": NEW, "calls": 2, "known": True}]
    for one in (closer, made):
        await root.call("DELETE", f"/api/prices/{one['id']}", expect=204)
    assert await cost(phone) == (None, "unknown_price")
    rows = (await phone.get("/api/usage/calls"))["calls"]
    assert [row["cost_nanos"] for row in reversed(rows)] == [None, 5_400_000, None, 0, None]
    explained = await phone.get(f"/api/usage/calls/{rows[3]['id']}")
    assert explained["attempts"][0]["price"] == {"source": "admin", "version": made["updated_at"]}
    await root.call("DELETE", f"/api/prices/{made['id']}", expect=404)
    refused = await root.call("PUT", "/api/prices", wanted | {"provider": "nobody"}, expect=400)
    assert refused["error"]["message"].startswith("there is no provider of that name")
    refused = await root.call("PUT", "/api/prices", wanted | {"model": "two words"}, expect=400)
    assert refused["error"]["message"].startswith("a model's name has")


async def test_the_price_of_a_listed_model_is_where_an_editor_begins(root: Phone) -> None:
    found = (await root.get("/api/prices/lookup?provider=anthropic&model=claude-haiku-5-5"))["price"]
    assert found["source"] == "genai-prices"
    assert found["rates"]["tiers"][0]["above"] == 100_000
    made = await root.call(
        "PUT", "/api/prices", {"provider": "anthropic", "model": "claude-haiku-5-5", "rates": found["rates"]}
    )
    assert made["rates"] == found["rates"], "what is taken over is the same price"


async def test_only_an_admin_sees_and_sets_prices(phone: Phone) -> None:
    body = {"provider": "openai", "model": "gpt-x", "rates": {"free": True}}
    await phone.get("/api/prices", expect=403)
    await phone.get("/api/prices/lookup?provider=openai&model=gpt-5.1", expect=403)
    await phone.call("PUT", "/api/prices", body, expect=403)
    await phone.call("DELETE", "/api/prices/any", expect=403)


async def test_what_another_process_sets_or_installs_is_seen_by_a_running_server(house: House) -> None:
    here: PriceBook = house.services.prices
    before = await here.price("openai", "gpt-5.1")
    assert before is not None and before.input == 1_250_000_000
    elsewhere = Database(connect(house.services.settings.database))
    there = PriceBook(elsewhere, house.data)

    async def until(input: int, model: str) -> None:
        async with asyncio.timeout(10):
            while (price := await here.price("openai", model)) is None or price.input != input:
                await asyncio.sleep(0.01)

    await there.install(with_price("gpt-5.1", input_mtok=9, output_mtok=90))
    await until(9_000_000_000, "gpt-5.1")
    await there.put("openai", "gpt-5.1", {"input": "7", "output": "70"})
    await until(7_000_000_000, "gpt-5.1")
    await elsewhere.close()
    assert before.input == 1_250_000_000


async def test_looking_up_a_known_price_asks_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    prices: PriceBook = house.services.prices
    first = await prices.price("openai", "gpt-5.1")

    def never(*_: object) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr(prices, "_looked", float("inf"))
    monkeypatch.setattr(house.services.database, "read", never)
    monkeypatch.setattr(asyncio, "to_thread", never)
    assert await prices.price("openai", "gpt-5.1") is first
