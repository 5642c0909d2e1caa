"""What we know about models by their names, and what the providers' own lists say, which wins.

``catalog.json`` holds families (the first whose pattern fits the start of a name counts) and the lists that
are shown while a provider cannot be asked.
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from server.ids import NANOS_PER_DOLLAR
from server.providers.base import Model
from server.providers.known import PROVIDERS
from server.wire.anthropic_messages import Thinking
from server.wire.loose import count, integer, items, mapping, string
from server.wire.loose import name as nonempty
from server.wire.request import EFFORTS, Effort

_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")
_CONTEXT = (
    "context_length",
    "context_window",
    "max_context_length",
    "max_model_len",
    "max_input_tokens",
    "inputTokenLimit",
)
_MAX_OUTPUT = ("max_completion_tokens", "max_output_tokens", "outputTokenLimit")
_TIERS = {
    "small": re.compile(r"(^|[-.:])(nano|mini|lite|tiny|small|flash|instant|haiku|luna|[0-9]b)($|[-.:])"),
    "large": re.compile(r"(^|[-.:])(opus|pro|ultra|large|max|[1-9][0-9]{2}b|[4-9][0-9]b)($|[-.:])"),
}
_MAKERS = {
    "openai": re.compile(r"(gpt-(?!oss)|chatgpt-|o\d|codex-|dall-e|text-embedding-)"),
    "anthropic": re.compile(r"claude-"),
    "gemini": re.compile(r"gemini-"),
    "xai": re.compile(r"grok-"),
    "deepseek": re.compile(r"deepseek-(chat|reasoner)"),
    "mistral": re.compile(r"(mistral|ministral|magistral|codestral|devstral|pixtral)-.*-(latest|\d{4})$"),
}
_SPECIAL_IMAGE = re.compile(r"mini|lite|latest|preview|\d{4}-\d{2}-\d{2}|flare")
_SPECIAL = re.compile(r"codex|-pro|-chat|preview|search|deep-research|mini|nano|luna|mythos|oss")


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Path(__file__).with_name("catalog.json").read_text("utf-8"))
    for traits in data["families"]:
        traits["match"] = re.compile(traits["match"])
    return data


def describe(provider: str, name: str, listed: dict[str, Any] | None = None) -> Model:
    """A model with everything known about it. ``listed`` is its entry in the provider's list, if any."""
    traits, entry = _traits(name), listed or {}
    capabilities = mapping(entry.get("capabilities"))
    known: dict[str, Any] = {
        "title": _title(provider, name, entry),
        "created": integer(entry.get("created")) or _timestamp(entry.get("created_at")),
        "context": _first(entry, _CONTEXT) or traits.get("context"),
        "max_output": _max_output(provider, entry) or traits.get("max_output"),
        "vision": _vision(entry, capabilities, traits.get("vision")),
        "efforts": _efforts(entry, capabilities, traits),
        "temperature": _temperature(entry, traits.get("temperature")),
        "tier": traits.get("tier") or _tier(name),
        "kind": traits.get("kind", "chat"),
        "retires": _day(entry.get("shutdown_date") or entry.get("retires_at")) or _data()["retires"].get(name),
    }
    prices = mapping(entry.get("pricing"))
    if PROVIDERS.get(provider) is not None and PROVIDERS[provider].local:
        known |= {"input_price": 0, "output_price": 0}
    elif prices:
        known |= {
            "input_price": _price(prices.get("prompt")),
            "output_price": _price(prices.get("completion")),
        }
    return Model(name, provider, source="built-in" if listed is None else "live", **known)


def built_in(provider: str) -> list[Model]:
    """What to offer while the provider's own list cannot be had."""
    return [describe(provider, name) for name in _data()["built_in"].get(provider, ())]


def thinking(name: str, listed: dict[str, Any] | None = None) -> Thinking:
    """How an Anthropic model is told to think."""
    said = mapping(mapping(mapping(listed).get("capabilities")).get("thinking"))
    types = mapping(said.get("types"))
    if said.get("supported") is False:
        return "none"
    if _supported(types.get("adaptive")):
        return "adaptive"
    if _supported(types.get("enabled")):
        return "enabled"
    known: Thinking = _traits(name).get("thinking", "adaptive")
    return known


def newest_general(models: Iterable[Model]) -> Model | None:
    """The newest all-round chat model of a list: the stand-in for a default that is no longer there."""
    chat = [model for model in models if model.kind == "chat"]
    general = [model for model in chat if not _SPECIAL.search(model.name)] or chat
    return max(general, key=lambda model: (model.created or 0, _version(model.name)), default=None)


def newest_image(models: Iterable[Model]) -> Model | None:
    """The newest model of a list that makes pictures: no small one and no dated copy where there is another."""
    makers = [model for model in models if model.kind == "image"]
    general = [model for model in makers if not _SPECIAL_IMAGE.search(model.name)] or makers
    return max(general, key=lambda model: (model.name.startswith("gpt-image"), _version(model.name)), default=None)


def family(name: str) -> str | None:
    """The provider that makes models of this name, where the name alone says so."""
    if "/" in name:
        return None
    return next((maker for maker, pattern in _MAKERS.items() if pattern.match(name.lower())), None)


def _traits(name: str) -> dict[str, Any]:
    """Without the vendor's name, tag and date: ``openai/gpt-4o-2024-08-06:free`` is ``gpt-4o``."""
    bare = name.lower().removeprefix("~").rsplit("/", 1)[-1].split(":", 1)[0]
    bare = _DATE.sub("", bare)
    if bare.startswith("claude"):
        bare = bare.replace(".", "-")
    families: list[dict[str, Any]] = _data()["families"]
    return next((traits for traits in families if traits["match"].match(bare)), {})


def _title(provider: str, name: str, entry: dict[str, Any]) -> str:
    given = nonempty(entry.get("display_name")) or nonempty(entry.get("name"))
    if given and given.removeprefix("models/") != name:
        return given
    if provider == "anthropic" and (match := re.match(r"claude-([a-z]+)-(\d+)(?:-(\d{1,2}))?(?:-|$)", name)):
        version = ".".join(part for part in match.groups()[1:] if part)
        return f"Claude {match[1].capitalize()} {version}"
    return re.sub(r"^gpt-", "GPT-", name)


def _first(entry: dict[str, Any], fields: Iterable[str]) -> int | None:
    places = (entry, mapping(entry.get("top_provider")), mapping(entry.get("meta")))
    return next((found for place in places for field in fields if (found := count(place.get(field)))), None)


def _max_output(provider: str, entry: dict[str, Any]) -> int | None:
    # Anthropic's plain max_tokens is the limit of the output; elsewhere the word means many things.
    return _first(entry, ("max_tokens", *_MAX_OUTPUT) if provider == "anthropic" else _MAX_OUTPUT)


def _vision(entry: dict[str, Any], capabilities: dict[str, Any], known: bool | None) -> bool | None:
    if "image_input" in capabilities:
        return _supported(capabilities["image_input"])
    if isinstance(capabilities.get("vision"), bool):
        return bool(capabilities["vision"])
    modalities = mapping(entry.get("architecture")).get("input_modalities") or entry.get("input_modalities")
    return "image" in modalities if isinstance(modalities, list) else known


def _efforts(entry: dict[str, Any], capabilities: dict[str, Any], traits: dict[str, Any]) -> tuple[Effort, ...] | None:
    known = traits.get("efforts")
    if "thinking" in capabilities:
        return _claude_efforts(capabilities, known or ())
    parameters = entry.get("supported_parameters")
    if isinstance(parameters, list) and not {"reasoning", "reasoning_effort"} & {*map(string, parameters)}:
        return ()
    offered = items(mapping(entry.get("reasoning")).get("supported_efforts")) or known
    if not offered and isinstance(parameters, list):
        # OpenRouter turns a level into whatever the model understands.
        offered = ("low", "medium", "high")
    return None if offered is None else tuple(effort for effort in EFFORTS if effort in offered)


def _claude_efforts(capabilities: dict[str, Any], known: Iterable[str]) -> tuple[Effort, ...]:
    think, effort = mapping(capabilities.get("thinking")), mapping(capabilities.get("effort"))
    types = mapping(think.get("types"))
    if think.get("supported") is False:
        return ()
    levels = [level for level in EFFORTS if _supported(effort.get(level))]
    if not _supported(types.get("adaptive")) or not levels:
        # Without levels of its own it takes a budget, and ours stand for three of them.
        levels = [level for level in EFFORTS if level in (known or ("low", "medium", "high"))]
    off = _supported(types.get("disabled")) if "disabled" in types else "none" in known
    return (*(("none",) if off else ()), *(level for level in levels if level != "none"))


def _temperature(entry: dict[str, Any], known: bool | None) -> bool | None:
    parameters = entry.get("supported_parameters")
    return "temperature" in parameters if isinstance(parameters, list) else known


def _tier(name: str) -> str:
    bare = name.lower().rsplit("/", 1)[-1]
    return next((tier for tier, pattern in _TIERS.items() if pattern.search(bare)), "medium")


def _price(value: Any) -> int | None:
    """Dollars per token, as a string, into nano-dollars per million; OpenRouter's -1 means that it varies."""
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    if not price.is_finite() or not 0 <= price < 1:
        return None
    return int((price * 1_000_000 * NANOS_PER_DOLLAR).to_integral_value())


def _supported(value: Any) -> bool:
    return mapping(value).get("supported") is True


def _timestamp(value: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(string(value)).timestamp()) or None
    except ValueError:
        return None


def _day(value: Any) -> str | None:
    return value[:10] if isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}", value) else None


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", name)[:2])
