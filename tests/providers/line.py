"""A way to one model, and what one hears over it."""

from dataclasses import dataclass
from typing import Any

from server.providers.base import Credential, Provider
from server.wire.events import Event, Reasoning, Text
from server.wire.request import Message, Request, TextPart


@dataclass(frozen=True)
class Line:
    """A way to one model."""

    provider: Any
    credential: Credential
    model: str

    def ask(self, text: str = "hi", **more: Any) -> Request:
        return Request(self.model, (Message("user", (TextPart(text),)),), **more)

    async def hear(self, text: str = "hi", **more: Any) -> list[Event]:
        return [event async for event in self.provider.stream(self.ask(text, **more), self.credential)]


WAYS = {
    "openai": ("gpt-5.1", "sk-test", "/v1"),
    "anthropic": ("claude-sonnet-4-5", "sk-ant-test", ""),
    "compatible": ("qwen3:8b", None, ""),
}


def line(providers: dict[str, Provider], name: str, base_url: str) -> Line:
    model, key, path = WAYS[name]
    return Line(providers[name], Credential("c", name, key, base_url + path), model)


def text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def reasoning(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Reasoning))
