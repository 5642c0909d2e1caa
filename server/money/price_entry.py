"""A price as people write it, in dollars as text: in the shipped file, and where an admin overrides one. Pure."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from server.errors import BadRequest
from server.ids import nanos
from server.money.dollars import written
from server.money.prices import FREE, Card, Price, Rates, Tier

TOKENS = tuple(Rates.__dataclass_fields__)
"""Amounts per million tokens."""
EACH = ("web_search", "request")
"""Amounts for one."""
MOST = 100_000
"""Dollars: more is taken for a slip."""
MAX_PARTS = 20


def read(entry: Mapping[str, Any], source: str, version: str) -> Price:
    """What is left out has a price that is not known; reasoning then costs what output costs."""
    if entry.get("free"):
        return FREE
    searches = entry.get("web_search")
    return Price(
        _card(entry),
        {name: _card(card) for name, card in entry.get("special", {}).items()},
        None if searches is None else nanos(Decimal(searches)),
        nanos(Decimal(entry.get("request", 0))),
        {kind: nanos(Decimal(amount)) for kind, amount in entry.get("images", {}).items()},
        source=source,
        version=version,
    )


def write(price: Price) -> dict[str, Any]:
    """The price as ``check`` would have it: what an editor begins with."""
    if price.free:
        return {"free": True}
    found: dict[str, Any] = _written_card(price.standard)
    if price.web_search is not None:
        found["web_search"] = written(price.web_search)
    if price.request:
        found["request"] = written(price.request)
    if price.special:
        found["special"] = {name: _written_card(card) for name, card in price.special.items()}
    if price.images:
        found["images"] = {kind: written(each) for kind, each in price.images.items()}
    return found


def _written_card(card: Card) -> dict[str, Any]:
    found: dict[str, Any] = _written_rates(card.rates)
    if card.tiers:
        found["tiers"] = [{"above": tier.above} | _written_rates(tier.rates) for tier in card.tiers]
    return found


def _written_rates(rates: Rates) -> dict[str, str]:
    return {name: written(rate) for name in TOKENS if (rate := getattr(rates, name)) is not None}


def check(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The same price with every amount as text. Raises BadRequest."""
    if entry.get("free") is True and len(entry) == 1:
        return {"free": True}
    found = _amounts(entry, (*TOKENS, *EACH), ("tiers", "special", "images"))
    if tiers := _list(entry, "tiers"):
        found["tiers"] = [_tier(tier) for tier in tiers]
    if special := _mapping(entry, "special"):
        found["special"] = {_label(name): _special(card) for name, card in special.items()}
    if images := _mapping(entry, "images"):
        found["images"] = {_label(kind): _amount(kind, amount) for kind, amount in images.items()}
    if ("input" not in found or "output" not in found) and "images" not in found and "request" not in found:
        raise BadRequest("say what a million tokens of input and a million tokens of output cost")
    return found


def _special(card: Any) -> dict[str, Any]:
    if not isinstance(card, dict):
        raise BadRequest("a service tier has prices of its own: input, output …")
    found = _amounts(card, TOKENS, ("tiers",))
    if tiers := _list(card, "tiers"):
        found["tiers"] = [_tier(tier) for tier in tiers]
    return found


def _tier(tier: Any) -> dict[str, Any]:
    above = tier.get("above") if isinstance(tier, dict) else None
    if isinstance(above, bool) or not isinstance(above, int) or above < 1:
        raise BadRequest("a tier begins above a number of input tokens, such as 200000")
    return {"above": above} | _amounts(tier, TOKENS, ("above",))


def _amounts(entry: Mapping[str, Any], names: tuple[str, ...], others: tuple[str, ...]) -> dict[str, Any]:
    for name in entry:
        if name not in names and name not in others:
            raise BadRequest(f"{name!r:.40} is no part of a price: there are {', '.join((*names, *others))}")
    return {name: _amount(name, entry[name]) for name in names if entry.get(name) not in (None, "")}


def _amount(name: str, given: Any) -> str:
    try:
        amount = Decimal(str(given).strip().removeprefix("$")) if not isinstance(given, bool) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or not 0 <= amount <= MOST:
        raise BadRequest(f"{name}: write dollars, such as 1.25, and at most {MOST:,}")
    return f"{amount.normalize():f}"


def _label(name: Any) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= 60 or not name.isprintable():
        raise BadRequest("the name of a service tier or of a kind of picture has 1 to 60 characters")
    return name


def _list(entry: Mapping[str, Any], name: str) -> list[Any]:
    found = entry.get(name) or []
    if not isinstance(found, list) or len(found) > MAX_PARTS:
        raise BadRequest(f"{name} is a list of at most {MAX_PARTS}")
    return found


def _mapping(entry: Mapping[str, Any], name: str) -> dict[Any, Any]:
    found = entry.get(name) or {}
    if not isinstance(found, dict) or len(found) > MAX_PARTS:
        raise BadRequest(f"{name} has at most {MAX_PARTS} names, each with its price")
    return found


def _card(entry: Mapping[str, Any]) -> Card:
    tiers = [Tier(tier["above"], _rates(tier)) for tier in entry.get("tiers", ())]
    return Card(_rates(entry), tuple(sorted(tiers, key=lambda tier: tier.above)))


def _rates(entry: Mapping[str, Any]) -> Rates:
    return Rates(**{name: nanos(Decimal(entry[name])) for name in TOKENS if name in entry})
