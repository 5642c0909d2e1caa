"""Requests as clients send them, read."""

from typing import Any

from server.wire.request import Message, Request
from tests.wire.answers import KEY, WIRES

ASK = {"role": "user", "content": "hi"}
NEEDED: dict[str, dict[str, Any]] = {
    "messages": {"model": "m", "max_tokens": 10, "messages": [ASK]},
    "chat": {"model": "m", "messages": [ASK]},
    "responses": {"model": "m", "input": [ASK]},
}


def asked(wire: str, **fields: Any) -> Request:
    request: Request = WIRES[wire].read_request(NEEDED[wire] | fields, KEY)
    return request


def turns(wire: str, *given: dict[str, Any]) -> tuple[Message, ...]:
    return asked(wire, **{"input" if wire == "responses" else "messages": list(given)}).messages
