"""The providers of a running server, by name."""

from collections.abc import Callable

from server.providers.anthropic import Anthropic
from server.providers.base import Provider, Timeouts
from server.providers.compatible import Compatible
from server.providers.demo import Demo
from server.providers.known import PROVIDERS, ProviderInfo, recognise
from server.providers.openai import OpenAI

__all__ = ["PROVIDERS", "ProviderInfo", "create", "recognise"]


_SPEAKS: dict[str, Callable[[str, Timeouts], Provider]] = {
    "responses": OpenAI,
    "messages": Anthropic,
    "chat": Compatible,
    "demo": Demo,
}


def create(timeouts: Timeouts) -> dict[str, Provider]:
    """One object per provider. Costs nothing: an SDK is loaded when its first call is made."""
    return {info.name: _SPEAKS[info.wire](info.name, timeouts) for info in PROVIDERS.values()}
