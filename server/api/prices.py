"""What models cost, for an admin: the prices of their own, the models without one, and what a model costs now."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from server.api.deps import Here
from server.api.virtual_keys import Admin
from server.errors import BadRequest
from server.ids import now
from server.money import price_book, price_entry
from server.money.prices import Price
from server.providers.known import PROVIDERS

router = APIRouter(prefix="/api/prices")

LATELY = timedelta(days=30)


class Wanted(BaseModel):
    """``rates`` in dollars, as text: ``input``, ``output`` … per million tokens."""

    model_config = ConfigDict(extra="forbid")

    provider: str
    model: Annotated[str, Field(max_length=price_book.MAX_NAME)]
    rates: dict[str, Any]


@router.get("")
async def list_prices(here: Here, _admin: Admin) -> dict[str, Any]:
    overrides, about = await here.prices.all(), await here.prices.about()
    since = now() - LATELY
    unknown = await here.database.read(lambda connection: price_book.unknown(connection, since))

    def known(one: dict[str, Any]) -> dict[str, Any]:
        return one | {"known": here.prices.find(one["provider"], one["model"]) is not None}

    return {
        "list": about.as_json(),
        "overrides": [one.as_json() for one in overrides],
        "unknown": await asyncio.to_thread(lambda: [known(one) for one in unknown]),
        "providers": [{"id": one.name, "title": one.title} for one in PROVIDERS.values() if not one.local],
    }


@router.get("/lookup")
async def look_up(here: Here, _admin: Admin, provider: Annotated[str, Query()], model: str) -> dict[str, Any]:
    """What a model costs from now on, in dollars as ``rates`` has them; None: not known."""
    price = await here.prices.price(_known(provider), model)
    return {"price": None if price is None else _shown(price)}


@router.put("")
async def set_price(here: Here, _admin: Admin, wanted: Wanted) -> dict[str, Any]:
    """Makes or changes one. It counts from the next call on; what was called before keeps its cost."""
    return (await here.prices.put(_known(wanted.provider), wanted.model, wanted.rates)).as_json()


@router.delete("/{id}", status_code=204)
async def remove_price(here: Here, _admin: Admin, id: str) -> Response:
    await here.prices.remove(id)
    return Response(status_code=204)


def _known(provider: str) -> str:
    if provider not in PROVIDERS:
        raise BadRequest(f"there is no provider of that name: it is one of {', '.join(PROVIDERS)}")
    return provider


def _shown(price: Price) -> dict[str, Any]:
    return {"rates": price_entry.write(price), "source": price.source, "version": price.version}
