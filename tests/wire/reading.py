"""Runs frames through a reader, as a provider does."""

from collections.abc import Iterable
from typing import Any, Protocol

from server.wire.events import Event, Failure, Reasoning, Text


class Reader(Protocol):
    def read(self, frame: dict[str, Any]) -> Iterable[Event | Failure]: ...

    def end(self, done: bool) -> Iterable[Event | Failure]: ...


def read(reader: Reader, *frames: dict[str, Any], done: bool = True) -> list[Event | Failure]:
    return [event for frame in frames for event in reader.read(frame)] + [*reader.end(done)]


def text(events: Iterable[Event | Failure]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def reasoning(events: Iterable[Event | Failure]) -> str:
    return "".join(event.text for event in events if isinstance(event, Reasoning))
