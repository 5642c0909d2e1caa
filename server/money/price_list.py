"""The price list of the genai-prices package, or a newer one in its format that an admin put into the data folder.

Nothing is fetched. A list is read when a price is first wanted.
"""

import json
import logging
import os
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from server.errors import BadRequest, Unavailable
from server.ids import instant, nanos, now
from server.money.prices import STANDARD_TIERS, Card, Price, Rates, Tier

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelPrice, Provider

log = logging.getLogger(__name__)

FILE = "prices.json"
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
_NEEDED = frozenset({"id", "name", "api_pattern", "model_match", "provider_match", "fallback_model_providers"})
_NEEDED_OF_MODEL = frozenset({"id", "match", "prices", "price_variants"})
"""What is kept of a list: the rest is half of it, and describes."""


@dataclass(frozen=True, slots=True)
class About:
    """Which list it is."""

    source: str
    """genai-prices (the package) | file"""
    version: str
    models: int

    def as_json(self) -> dict[str, Any]:
        return {"source": self.source, "version": self.version, "models": self.models}


class PriceList:
    """``folder`` is the data folder; without one there is only the package's list."""

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / FILE if folder else None
        self._read: tuple[tuple[int, int] | None, _List] | None = None

    def stamp(self) -> tuple[int, int] | None:
        """Differs when the file is another one; None: there is none."""
        try:
            found = os.stat(self._file) if self._file else None
        except OSError:
            found = None
        return (found.st_mtime_ns, found.st_size) if found else None

    def about(self) -> About:
        return self._list().about

    def find(self, provider: str, model: str, at: datetime) -> Price | None:
        """What ``model``, named as it is sent upstream, costs at that time; None: it is not listed."""
        return self._list().find(provider, model, at) if provider in _LISTED_AS else None

    def _list(self) -> "_List":
        stamp = self.stamp()
        if self._read is None or self._read[0] != stamp:
            found = _installed(self._file) if self._file and stamp else None
            self._read = stamp, found or _package()
        return self._read[1]


@dataclass(frozen=True, slots=True)
class _List:
    snapshot: "DataSnapshot"
    about: About

    def find(self, provider: str, model: str, at: datetime) -> Price | None:
        try:
            owner, found = self.snapshot.find_provider_model(model, None, _LISTED_AS[provider], None)
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
            source=self.about.source,
            version=self.about.version,
        )


def install(folder: Path, text: bytes) -> tuple[About, int]:
    """Makes a list in genai-prices' own format (its ``data.json``) the one that counts, all of it or nothing.

    Gives what it is, and how many models now have another price than before. Raises BadRequest, Unavailable.
    """
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest("this is not JSON: it has to be the data.json of genai-prices") from None
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise BadRequest("this is no price list: it has to be the data.json of genai-prices, a list of providers")
    wanted = set(_LISTED_AS.values())
    kept = [_thin(one) for one in given if one.get("id") in wanted]
    if missing := sorted(wanted - {one["id"] for one in kept}):
        raise BadRequest(f"this price list is not whole: it does not have {', '.join(missing)}")
    made = now()
    content = {"installed_at": instant(made), "package": _package_version(), "providers": kept}
    new = _parsed(content)
    if new is None:
        raise BadRequest("this price list cannot be read: it may be for another version of genai-prices")
    before, changed = PriceList(folder), 0
    for ours, theirs in _LISTED_AS.items():
        for model in next(one for one in new.snapshot.providers if one.id == theirs).models:
            price = new.find(ours, model.id, made)
            if price is not None and any((rate or 0) < 0 for rate in (price.input, price.output)):
                raise BadRequest(f"this price list is wrong: {model.id} has a negative price")
            changed += _amounts(price) != _amounts(before.find(ours, model.id, made))
    _replace(folder / FILE, json.dumps(content, separators=(",", ":")).encode())
    return new.about, changed


def _amounts(price: Price | None) -> Any:
    return price and (price.standard, price.special, price.web_search)


def _thin(provider: dict[str, Any]) -> dict[str, Any]:
    models = provider.get("models")
    thin = [
        {name: value for name, value in model.items() if name in _NEEDED_OF_MODEL}
        for model in (models if isinstance(models, list) else ())
        if isinstance(model, dict)
    ]
    return {name: value for name, value in provider.items() if name in _NEEDED} | {"models": thin}


def _replace(file: Path, content: bytes) -> None:
    made = None
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{FILE}-", delete=False) as made:
            made.write(content)
            made.flush()
            os.fsync(made.fileno())
        os.replace(made.name, file)
    except OSError as error:
        if made is not None:
            Path(made.name).unlink(missing_ok=True)
        raise Unavailable(f"the price list could not be written to {file.parent}: {error.strerror}") from None


def _installed(file: Path) -> _List | None:
    """The list in the data folder; None where the package has a later one, or where it cannot be read."""
    try:
        content = json.loads(file.read_bytes())
        # A release with another package has another list in it, which is the newer one.
        if content["package"] != _package_version():
            return None
        found = _parsed(content)
    except (OSError, ValueError, TypeError, KeyError):
        found = None
    if found is None:
        log.error("%s cannot be read: the price list of the program counts until it is installed again", file)
    return found


def _parsed(content: dict[str, Any]) -> _List | None:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import _providers_from_raw  # what the package reads its own download with

    try:
        providers = _providers_from_raw(content["providers"])
    except (ValueError, TypeError, KeyError, AssertionError):
        return None
    return _List(DataSnapshot(providers, from_auto_update=False), _about("file", content["installed_at"], providers))


@cache
def _package() -> _List:
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    return _List(snapshot, _about("genai-prices", _package_version(), snapshot.providers))


@cache
def _package_version() -> str:
    from importlib.metadata import version

    return version("genai-prices")


def _about(source: str, version: str, providers: "list[Provider]") -> About:
    ours = set(_LISTED_AS.values())
    return About(source, version, sum(len(one.models) for one in providers if one.id in ours))


def _card(prices: "ModelPrice") -> Card:
    names = ("input_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "output_mtok")
    starts = {tier.start for name in names for tier in getattr(getattr(prices, name), "tiers", ())}
    return Card(
        _rates(prices, 0),
        tuple(Tier(start, _rates(prices, start + 1)) for start in sorted(starts)),
    )


def _rates(prices: "ModelPrice", input_total: int) -> Rates:
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
