"""Canonical requests for the codecs' tests."""

from typing import Any

from server.wire.request import Message, Request, TextPart


def message(role: Any, *texts: str) -> Message:
    return Message(role, tuple(TextPart(text) for text in texts))


def ask(model: str, **more: Any) -> Request:
    """A conversation of three messages."""
    messages = (message("user", "hi"), message("assistant", "hello"), message("user", "how are ", "you?"))
    return Request(**({"model": model, "messages": messages} | more))
