"""What a price is: integer nano-dollars per million tokens of each bucket, and what is billed beside the tokens. Pure.

A price that is not known is None, never zero.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

STANDARD_TIERS = frozenset({None, "", "default", "standard"})


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
    request: int = 0
    """Nano-dollars for the request itself, whatever it uses."""
    images: dict[str, int] = field(default_factory=dict)
    """Nano-dollars for one picture, by ``quality size``, where it is billed by the piece."""
    source: str = ""
    version: str = ""
    free: bool = field(init=False, compare=False)
    """Whether nothing that is used of it costs anything: worked out once, for it is asked twice a call."""

    @property
    def input(self) -> int | None:
        return self.standard.rates.input

    @property
    def output(self) -> int | None:
        return self.standard.rates.output

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", self._is_free())

    def _is_free(self) -> bool:
        if self.input != 0 or self.output != 0 or self.web_search or self.request or self.images:
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
            **({"request": self.request} if self.request else {}),
            **({"images": self.images} if self.images else {}),
            "source": self.source,
            "version": self.version,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Price":
        special = {name: _card_from_dict(card) for name, card in data.get("special", {}).items()}
        return cls(
            _card_from_dict(data["standard"]),
            special,
            data["web_search"],
            data.get("request", 0),
            data.get("images", {}),
            data["source"],
            data["version"],
        )


FREE = Price(Card(Rates(0, 0, 0, 0, 0)), web_search=0, source="free", version="1")
"""It runs on a machine of one's own."""


def _card_to_dict(card: Card) -> dict[str, Any]:
    tiers = [{"above": tier.above, **asdict(tier.rates)} for tier in card.tiers]
    return {**asdict(card.rates), **({"tiers": tiers} if tiers else {})}


def _card_from_dict(data: dict[str, Any]) -> Card:
    rest = {name: value for name, value in data.items() if name != "tiers"}
    tiers = [dict(tier) for tier in data.get("tiers", ())]
    return Card(Rates(**rest), tuple(Tier(tier.pop("above"), Rates(**tier)) for tier in tiers))
