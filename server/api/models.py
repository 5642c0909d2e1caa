"""The models that the person can choose from, with what is known of each."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from server.api.deps import Here, Me
from server.ids import instant
from server.money import recent
from server.money.price_book import PriceBook
from server.providers.base import Model
from server.providers.models import public_id
from server.routing.router import ROUTES

router = APIRouter(prefix="/api")


@router.get("/models")
async def list_models(here: Here, me: Me) -> dict[str, Any]:
    """Answers from memory; what is stale is fetched meanwhile, and a `models` event says when it has come."""
    version = here.directory.version
    listings = await here.directory.listings(me.user.id)
    models = await here.directory.models(me.user.id)
    default, note = await here.directory.default(me.user.id, me.user.preferences.get("default_model"))
    measured = await here.database.read(lambda connection: recent.speeds(connection, me.user.id))
    speeds = {model: speed for model, (_, speed) in measured.items()}
    await here.prices.look()
    shown = await asyncio.to_thread(lambda: [_shown(here.prices, model, speeds) for model in models])
    return {
        "version": version,
        "models": shown,
        "routes": [{"id": id, "title": title} for id, title in ROUTES.items()] if shown else [],
        "default": default,
        "default_note": note,
        "providers": [
            {
                "provider": listing.provider,
                "source": listing.source,
                "error": listing.error,
                "fetched_at": instant(listing.fetched_at),
            }
            for _, listing in listings
        ],
    }


def _shown(prices: PriceBook, model: Model, speeds: Mapping[tuple[str, str], float]) -> dict[str, Any]:
    price = prices.find(model.provider, model.name)
    return {
        "id": public_id(model),
        "name": model.name,
        "provider": model.provider,
        "title": model.title,
        "source": model.source,
        "kind": model.kind,
        "created": model.created,
        "retires": model.retires,
        "context": model.context,
        "max_output": model.max_output,
        "vision": model.vision,
        "efforts": model.efforts,
        "temperature": model.temperature,
        "input_price": price.input if price else model.input_price,
        "output_price": price.output if price else model.output_price,
        "tokens_per_second": speeds.get((model.provider, model.name)),
        "tier": model.tier,
        "demo": model.provider == "demo",
    }
