"""The price list of the installed package, in the format in which its makers publish it."""

import dataclasses
import json
from datetime import date, time
from decimal import Decimal
from functools import cache
from typing import Any


@cache
def published() -> str:
    """``data.json``"""
    from genai_prices.data_snapshot import get_snapshot

    return json.dumps(_written(get_snapshot().providers))


def with_price(model: str, **amounts: float) -> bytes:
    """The same list with other amounts (``input_mtok`` …) for one of OpenAI's models."""
    providers = json.loads(published())
    (found,) = (one for one in providers[_index(providers, "openai")]["models"] if one["id"] == model)
    found["prices"] = amounts
    found.pop("price_variants", None)
    return json.dumps(providers).encode()


def without(provider: str) -> bytes:
    return json.dumps([one for one in json.loads(published()) if one["id"] != provider]).encode()


def _index(providers: list[dict[str, Any]], id: str) -> int:
    return next(place for place, one in enumerate(providers) if one["id"] == id)


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return [_written(one) for one in value]
    if isinstance(value, dict):
        return {name: _written(one) for name, one in value.items()}
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if type(value).__name__ == "ModelPrice":
        return {name: _written(one) for name, one in vars(value).items() if one is not None}
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value) if not field.name.startswith("_")]
        # The clauses `or` and `and` cannot be called that in Python.
        return {name.rstrip("_"): _written(one) for name in fields if (one := getattr(value, name)) is not None}
    return value
