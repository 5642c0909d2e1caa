"""Anthropic's Messages wire: the events, or the one object, of an answer."""

import json
from collections.abc import Iterator
from typing import Any

from tests.upstream.answer import Answer
from tests.upstream.check import SIGNED
from tests.upstream.frames import Frame

_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "refusal": "refusal",
    "context_full": "model_context_window_exceeded",
}


class MessageWire:
    def __init__(self, answer: Answer, body: dict[str, Any], number: int, usage: dict[str, int]) -> None:
        self.id = f"msg_{number:06d}"
        self._answer = answer
        self._body = body
        self._usage = usage

    def final(self) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        if self._answer.reasoning:
            thinking = {"type": "thinking", "thinking": self._answer.reasoning, "signature": SIGNED}
            content.append(thinking)
        if self._answer.text or not self._answer.calls:
            content.append({"type": "text", "text": self._answer.text, "citations": None})
        for id, name, arguments in self._answer.asked_tools:
            content.append({"type": "tool_use", "id": id, "name": name, "input": json.loads(arguments)})
        return self._message(content) | self._stop() | {"usage": self.usage()}

    def usage(self) -> dict[str, Any]:
        counted = self._usage
        return {
            "input_tokens": counted["input"] - counted["cached"] - counted["cache_write"],
            "cache_creation_input_tokens": counted["cache_write"],
            "cache_read_input_tokens": counted["cached"],
            "cache_creation": {
                "ephemeral_5m_input_tokens": counted["cache_write"],
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": counted["output"],
            "output_tokens_details": {"thinking_tokens": counted["reasoning"]},
            "server_tool_use": None,
            "service_tier": "standard",
            "speed": "standard",
            "inference_geo": None,
        } | self._answer.extra_usage

    def events(self) -> Iterator[Frame]:
        answer = self._answer
        start = self._message([]) | {"stop_reason": None, "stop_sequence": None, "stop_details": None}
        # The real one has counted the input by now, and hardly any of the output.
        began = self.usage() | {"output_tokens": 1, "output_tokens_details": None}
        yield _frame("message_start", message=start | {"usage": began}, usage=True)
        yield _frame("ping")
        index = 0
        if answer.reasoning:
            block = {"type": "thinking", "thinking": "", "signature": ""}
            yield _frame("content_block_start", index=0, content_block=block)
            for piece in answer.pieces(answer.reasoning):
                yield _delta(0, {"type": "thinking_delta", "thinking": piece})
            yield _delta(0, {"type": "signature_delta", "signature": SIGNED})
            yield _frame("content_block_stop", index=0)
            index = 1
        if answer.text or not answer.calls:
            block = {"type": "text", "text": "", "citations": None}
            yield _frame("content_block_start", index=index, content_block=block)
            for piece in answer.pieces(answer.text):
                yield _delta(index, {"type": "text_delta", "text": piece}, piece)
            yield _frame("content_block_stop", index=index)
            index += 1
        for at, (id, name, arguments) in enumerate(answer.asked_tools, index):
            block = {"type": "tool_use", "id": id, "name": name, "input": {}}
            yield _frame("content_block_start", index=at, content_block=block)
            for piece in answer.pieces(arguments):
                yield _delta(at, {"type": "input_json_delta", "partial_json": piece})
            yield _frame("content_block_stop", index=at)
        usage = self.usage()
        fields = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
        counted = {field: usage[field] for field in (*fields, "output_tokens_details", "server_tool_use")}
        data = {"type": "message_delta", "delta": self._stop() | {"container": None}, "usage": counted}
        yield Frame(data, "message_delta", usage=True)
        yield _frame("message_stop")

    def error(self, number: int) -> Frame:
        error = {"type": "api_error", "message": "Internal server error"} | self._answer.error
        return Frame({"type": "error", "error": error, "request_id": "req_1"}, "error")

    def _message(self, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self._body["model"],
            "content": content,
            "container": None,
        }

    def _stop(self) -> dict[str, Any]:
        refused = self._answer.outcome == "refusal"
        details = {"type": "refusal", "category": None, "explanation": self._answer.refusal or None}
        return {
            "stop_reason": "tool_use" if self._answer.calls else _REASONS.get(self._answer.outcome, "end_turn"),
            "stop_sequence": None,
            "stop_details": details if refused else None,
        }


def _frame(kind: str, usage: bool = False, **data: Any) -> Frame:
    return Frame({"type": kind} | data, kind, usage=usage)


def _delta(index: int, delta: dict[str, Any], text: str = "") -> Frame:
    data = {"type": "content_block_delta", "index": index, "delta": delta}
    return Frame(data, "content_block_delta", text)


def error_body(status: int, error: dict[str, Any]) -> dict[str, Any]:
    kinds = {
        400: ("invalid_request_error", "The request is wrong."),
        401: ("authentication_error", "invalid x-api-key"),
        402: ("billing_error", "Your credit balance is too low to access the Anthropic API."),
        403: ("permission_error", "This key may not use this."),
        404: ("not_found_error", "model: not found"),
        413: ("request_too_large", "The request is too large."),
        429: ("rate_limit_error", "Rate limit reached."),
        529: ("overloaded_error", "Overloaded"),
    }
    kind, message = kinds.get(status, ("api_error", "Internal server error"))
    given = {key: value for key, value in error.items() if key in ("type", "message")}
    return {"type": "error", "error": {"type": kind, "message": message} | given, "request_id": "req_1"}
