"""Gathers what ``pick`` weighs: the models on offer, the person's rules, prices, speeds. Decides nothing itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from server.money.price_book import PriceBook
from server.providers.base import Model, ProviderError
from server.providers.models import ROUTED, Choice, Directory, public_id
from server.routing import rules
from server.routing.facts import Facts
from server.routing.pick import Candidate, Pick, Rates, pick
from server.routing.speed import Measured
from server.store.engine import Database
from server.store.tables import User

users = User.__table__  # type: ignore[attr-defined]

ROUTES = dict(
    zip(ROUTED, ("your rules, else your default model", "the lowest price", "the shortest wait, measured"), strict=True)
)
"""What stands beside the ids where models are chosen."""


@dataclass(frozen=True, slots=True)
class Target:
    """A model that is to be asked, where it is served, and why it: empty where the person said so."""

    id: str
    choice: Choice
    reason: str = ""


class Router:
    def __init__(self, db: Database, directory: Directory, prices: PriceBook) -> None:
        self._db, self._directory, self._prices = db, directory, prices
        self._measured = Measured(db)

    async def rules(self, user_id: str) -> tuple[rules.Rule, ...]:
        return rules.read((await self._preferences(user_id)).get("routes"))

    async def route(self, user_id: str, asked: str, facts: Facts) -> list[Target]:
        """The models to ask, in this order; ``asked`` is one of ``ROUTED``. Raises ProviderError where none can."""
        picks = await self.picks(user_id, asked, facts)
        return [Target(one.id, await self._directory.choose(user_id, one.id), one.reason) for one in picks]

    async def picks(self, user_id: str, asked: str, facts: Facts) -> Sequence[Pick]:
        """Raises ProviderError."""
        if asked not in ROUTED:
            raise ProviderError("unknown_model", f"{asked} is none of {', '.join(ROUTED)}", provider="")
        models = await self._directory.models(user_id)
        preferences = await self._preferences(user_id)
        default, _ = await self._directory.default(user_id, _model(preferences.get("default_model")))
        measured = await self._measured.speeds(user_id) if asked == "auto/fastest" else {}
        rates = {} if asked == "auto/fastest" else await asyncio.to_thread(_rates, self._prices, models)
        found = pick(
            asked,
            [Candidate(public_id(model), model) for model in models],
            replace(facts, default=default),
            rules.read(preferences.get("routes")),
            {public_id(model): speed for model in models if (speed := measured.get((model.provider, model.name)))},
            rates,
        )
        if not found:
            wanted = "can take a picture" if facts.has_image else "is long enough for this conversation"
            sentence = f"no model here {wanted}" if models else "there is no model here yet"
            raise ProviderError("unknown_model", f"{sentence}: add a key in /keys, or pick a model", provider="")
        return found

    async def _preferences(self, user_id: str) -> dict[str, object]:
        def work(connection: Connection) -> dict[str, object]:
            query = select(users.c.preferences).where(users.c.id == user_id)
            return dict(connection.execute(query).scalar_one_or_none() or {})

        return await self._db.read(work)


def _model(preferred: object) -> str | None:
    return preferred if isinstance(preferred, str) and preferred not in ROUTED else None


def _rates(prices: PriceBook, models: Sequence[Model]) -> dict[str, Rates]:
    found = {}
    for model in models:
        price = prices.find(model.provider, model.name)
        input = price.input if price else model.input_price
        output = price.output if price else model.output_price
        if input is not None and output is not None:
            found[public_id(model)] = Rates(input, output)
    return found
