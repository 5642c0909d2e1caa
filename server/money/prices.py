"""What a model costs: our own table first, then the list in the genai-prices package, read when first needed.

Nothing is fetched. Prices are integer nano-dollars per million tokens. A model that neither knows has no price: None,
never zero.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.ids import nanos

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

OVERRIDES = Path(__file__).with_name("overrides.json")

STANDARD_TIERS = frozenset({None, "", "default", "standard"})

_LISTED_AS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "openrouter": "openrouter",
    "groq": "groq",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "xai": "x-ai",
}
"""Our provider name → the price list's."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Nano-dollars per million tokens of each bucket. None: it has a price, but it is not known to us."""

    input: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_long: int | None = None
    output: int | None = None
    reasoning: int | None = None
    """None: the same as output."""
    image_input: int | None = None
    image_output: int | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """The rates of a whole request whose total input is more than ``above`` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Card:
    """The rates of one service tier, by the size of the request."""

    rates: Rates
    tiers: tuple[Tier, ...] = ()

    def at(self, input_total: int) -> Rates:
        found = self.rates
        for tier in self.tiers:
            if input_total > tier.above:
                found = tier.rates
        return found


@dataclass(frozen=True, slots=True)
class Price:
    """Everything needed to compute a cost; kept on the ledger row, so that no later price ever changes it."""

    standard: Card
    special: dict[str, Card] = field(default_factory=dict)
    """Service tiers and speeds with prices of their own: flex, priority, fast, batch …"""
    web_search: int | None = None
    """Nano-dollars for one search."""
    images: dict[str, int] = field(default_factory=dict)
    """Nano-dollars for one picture, by ``quality size``, where it is billed by the piece."""
    source: str = ""
    version: str = ""

    @property
    def input(self) -> int | None:
        return self.standard.rates.input

    @property
    def output(self) -> int | None:
        return self.standard.rates.output

    @property
    def free(self) -> bool:
        if self.input != 0 or self.output != 0 or self.web_search or self.images:
            return False
        cards = (self.standard, *self.special.values())
        rates = [rates for card in cards for rates in (card.rates, *(tier.rates for tier in card.tiers))]
        return all(set(asdict(each).values()) <= {0, None} for each in rates)

    def card(self, tier: str | None) -> Card | None:
        """None: a service tier whose price is not known, which is not the standard price."""
        return self.standard if tier in STANDARD_TIERS else self.special.get(tier or "")

    def only(self, tier: str | None) -> "Price":
        """The same price without the service tiers that a call was not billed at."""
        return replace(self, special={name: card for name, card in self.special.items() if name == tier})

    def to_dict(self) -> dict[str, Any]:
        return {
            "standard": _card_to_dict(self.standard),
            **({"special": {name: _card_to_dict(card) for name, card in self.special.items()}} if self.special else {}),
            "web_search": self.web_search,
            **({"images": self.images} if self.images else {}),
            "source": self.source,
            "version": self.version,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Price":
        special = {name: _card_from_dict(card) for name, card in data.get("special", {}).items()}
        standard, images = _card_from_dict(data["standard"]), data.get("images", {})
        return cls(standard, special, data["web_search"], images, data["source"], data["version"])


FREE = Price(Card(Rates(0, 0, 0, 0, 0)), web_search=0, source="free", version="1")
"""It runs on a machine of one's own."""


def find(provider: str, model: str, at: datetime) -> Price | None:
    """What ``model``, named as it is sent upstream, costs at that time; None: not known."""
    return _find(provider, model, at.astimezone(UTC).replace(second=0, microsecond=0))


@lru_cache(maxsize=256)
def _find(provider: str, model: str, at: datetime) -> Price | None:
    return _override(provider, model, at.date()) or _listed(provider, model, at)


def _override(provider: str, model: str, day: date) -> Price | None:
    """The last entry of the file that fits wins, so that later prices are simply added below."""
    for entry in reversed(_overrides()):
        fits = entry["provider"] == provider and fnmatchcase(model.lower(), entry["model"])
        if fits and date.fromisoformat(entry["from"]) <= day:
            return _from_entry(entry)
    return None


@cache
def _overrides() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(OVERRIDES.read_text("utf-8"))["prices"]
    return entries


def _from_entry(entry: dict[str, Any]) -> Price:
    """An entry of the override file. Its amounts are dollars, written as text."""
    if entry.get("free"):
        return FREE
    searches = entry.get("web_search")
    return Price(
        _card_from_entry(entry),
        {name: _card_from_entry(card) for name, card in entry.get("special", {}).items()},
        None if searches is None else nanos(Decimal(searches)),
        {kind: nanos(Decimal(amount)) for kind, amount in entry.get("images", {}).items()},
        source="override",
        version=entry["from"],
    )


def _card_from_entry(entry: dict[str, Any]) -> Card:
    tiers = [Tier(tier["above"], _rates(tier)) for tier in entry.get("tiers", ())]
    return Card(_rates(entry), tuple(sorted(tiers, key=lambda tier: tier.above)))


def _rates(entry: dict[str, Any]) -> Rates:
    return Rates(**{name: nanos(Decimal(entry[name])) for name in Rates.__dataclass_fields__ if name in entry})


def _listed(provider: str, model: str, at: datetime) -> Price | None:
    if provider not in _LISTED_AS:
        return None
    from genai_prices.data_snapshot import get_snapshot

    try:
        owner, found = get_snapshot().find_provider_model(model, None, _LISTED_AS[provider], None)
    except LookupError:
        return None
    prices = found.get_prices(at)
    if getattr(prices, "requests_kcount", None) is not None or prices.input_mtok is None:
        return None
    special: dict[str, Card] = {}
    own = any(model is found for model in owner.models)
    for variant in found.price_variants or () if own else ():
        if len(variant.when) == 1 and (variant.constraint is None or variant.constraint.active(at)):
            name = next(iter(variant.when.values()))
            special.setdefault(name, _card(found.get_prices(at, variant.when)))
    searches = _amount(prices.web_searches_kcount, 0)
    return Price(
        _card(prices),
        {name: card for name, card in special.items() if name not in STANDARD_TIERS},
        None if searches is None else searches // 1000,
        source="genai-prices",
        version=_version(),
    )


def _card(prices: "ModelPrice") -> Card:
    names = ("input_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "output_mtok")
    starts = {tier.start for name in names for tier in getattr(getattr(prices, name), "tiers", ())}
    return Card(
        _listed_rates(prices, 0),
        tuple(Tier(start, _listed_rates(prices, start + 1)) for start in sorted(starts)),
    )


def _listed_rates(prices: "ModelPrice", input_total: int) -> Rates:
    """As the list reads: cached tokens without a price of their own are ordinary input.

    Not so the long time-to-live: where it exists it costs more than the short one; without a price it is unknown.
    """
    ordinary = _amount(prices.input_mtok, input_total)
    read = _amount(prices.cache_read_mtok, input_total)
    write = _amount(prices.cache_write_mtok, input_total)
    return Rates(
        input=ordinary,
        cache_read=ordinary if read is None else read,
        cache_write_5m=ordinary if write is None else write,
        cache_write_long=_amount(prices.cache_write_1h_mtok, input_total),
        output=_amount(prices.output_mtok, input_total),
        image_input=_amount(prices.input_image_mtok, input_total),
        image_output=_amount(_image_output(prices), input_total),
        reasoning=_amount(prices.output_reasoning_mtok, input_total),
    )


def _image_output(prices: "ModelPrice") -> Any:
    """Where pictures are read at a price of their own and made at none, they are all that the model makes."""
    if prices.output_image_mtok is not None or prices.input_image_mtok is None:
        return prices.output_image_mtok
    return prices.output_mtok


def _amount(price: Any, input_total: int) -> int | None:
    """Nano-dollars, of the tier that a request of this size is in."""
    if price is None:
        return None
    if isinstance(price, Decimal):
        return nanos(price)
    chosen = price.base
    for tier in price.tiers:
        if input_total > tier.start:
            chosen = tier.price
    return nanos(chosen)


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("genai-prices")


def _card_to_dict(card: Card) -> dict[str, Any]:
    tiers = [{"above": tier.above, **asdict(tier.rates)} for tier in card.tiers]
    return {**asdict(card.rates), **({"tiers": tiers} if tiers else {})}


def _card_from_dict(data: dict[str, Any]) -> Card:
    rest = {name: value for name, value in data.items() if name != "tiers"}
    tiers = [dict(tier) for tier in data.get("tiers", ())]
    return Card(Rates(**rest), tuple(Tier(tier.pop("above"), Rates(**tier)) for tier in tiers))
