"""Speeds come from the person's own rows in the ledger, and are not asked for again at every message."""

import pytest

from server.routing.speed import Measured
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

LONG = " ".join(f"word {n}" for n in range(200))


async def test_the_first_word_and_the_pace_after_it_are_measured_for_each_model(
    house: House, phone: Phone, bob: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text=LONG, first_delay=0.2, delay=0.001), Answer(text=LONG, delay=0.002), Answer(status=401))
    models = ("gpt-5.1", "claude-sonnet-4-5", "gpt-5-mini")
    waits = [(await phone.ask("hello", model=model))["first_token_ms"] for model in models]
    measured = Measured(house.services.database)
    await house.services.database.write(lambda connection: None)
    speeds = await measured.speeds(phone.session["user"]["id"])
    assert set(speeds) == {("openai", "gpt-5.1"), ("anthropic", "claude-sonnet-4-5")}
    assert speeds["openai", "gpt-5.1"].first_token_ms == waits[0] >= 200
    assert speeds["anthropic", "claude-sonnet-4-5"].first_token_ms == waits[1]
    assert all(speed.tokens_per_second > 0 for speed in speeds.values())
    assert await measured.speeds(bob.session["user"]["id"]) == {}


async def test_what_was_measured_a_moment_ago_is_not_measured_again(house: House, phone: Phone) -> None:
    measured, person = Measured(house.services.database), phone.session["user"]["id"]
    assert await measured.speeds(person) == {}
    await phone.ask("hello")
    assert await measured.speeds(person) == {}
