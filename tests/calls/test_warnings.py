"""The people whom a budget concerns are told once, on their pages and on their devices."""

import json
from typing import Any

import pytest

from server.accounts.new_key import NewKey
from server.accounts.virtual_keys import VirtualKeys
from server.calls.warnings import DISCREET, Warnings
from server.live.ring import Live
from server.money import budgets
from server.store.engine import Database

pytestmark = pytest.mark.anyio
DOLLAR = 1_000_000_000


class Devices:
    """Stands for the notifications."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    def announce(self, user_id: str, tag: str, words: str, discreet: str, url: str) -> None:
        assert (discreet, url) == (DISCREET, "/#/settings")
        self.told.append((user_id, tag, words))


@pytest.mark.parametrize(
    ("scope", "subject", "people", "called"),
    [
        ("user", "ada", ["ada"], "your budget for this month"),
        ("key", "", ["ada"], "the budget of the key laptop for this month"),
        ("project", "home", ["ada"], "the budget of the project home for this month"),
        ("server", "", [], "this server's budget for this month"),
    ],
)
async def test_who_is_concerned_is_told_once(
    database: Database, keys: VirtualKeys, scope: Any, subject: str, people: list[str], called: str
) -> None:
    key, _ = await keys.create("ada", NewKey("laptop", project="home"))
    whose = key.id if scope == "key" else subject
    await database.write(lambda connection: budgets.put(connection, scope, whose, "month", 10 * DOLLAR))
    (budget,) = await database.read(lambda connection: budgets.every(connection, "UTC"))
    live, devices = Live(), Devices()
    warnings = Warnings(database, live, devices)  # type: ignore[arg-type]
    with live.attach("ada", None) as reader:
        reader.resume(None)
        reader.restart()
        for _ in range(2):
            warnings.near(budget, 8_300_000_000)
            await warnings.close()
        said = f"83 % of {called} is spent, $8.30 of $10.00"
        assert devices.told == [(one, f"budget-{budget.id}", said) for one in people]
        if people:
            (event,) = await reader.next()
            assert (event.type, json.loads(event.data)) == ("notice", {"text": said, "tone": "warn"})
