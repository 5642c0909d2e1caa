"""OpenAI's Chat Completions wire: the chunks, or the one object, of an answer."""

import time
from collections.abc import Iterator
from typing import Any

from tests.upstream.answer import Answer
from tests.upstream.frames import Frame

_REASONS = {"stop": "stop", "length": "length", "context_full": "length", "refusal": "content_filter"}


class ChatWire:
    def __init__(self, answer: Answer, body: dict[str, Any], number: int, usage: dict[str, int]) -> None:
        self.id = f"chatcmpl-{number:06d}"
        self._answer = answer
        self._body = body
        self._usage = usage
        self._created = int(time.time())
        self._reason = "tool_calls" if answer.calls else _REASONS.get(answer.outcome, "stop")

    def final(self) -> dict[str, Any]:
        answer = self._answer
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if answer.refusal else answer.text,
            "refusal": answer.refusal or None,
        }
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if answer.calls:
            message["tool_calls"] = [
                {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
                for id, name, arguments in answer.asked_tools
            ]
        choice = {"index": 0, "message": message, "finish_reason": self._reason, "logprobs": None}
        return self._object("chat.completion") | {"choices": [choice], "usage": self.usage()}

    def usage(self) -> dict[str, Any]:
        counted = self._usage
        return {
            "prompt_tokens": counted["input"],
            "completion_tokens": counted["output"],
            "total_tokens": counted["input"] + counted["output"],
            "prompt_tokens_details": {
                "cached_tokens": counted["cached"],
                "cache_write_tokens": counted["cache_write"],
                "audio_tokens": 0,
            },
            "completion_tokens_details": {
                "reasoning_tokens": counted["reasoning"],
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        } | self._answer.extra_usage

    def events(self) -> Iterator[Frame]:
        asks_usage = bool((self._body.get("stream_options") or {}).get("include_usage"))
        more: dict[str, Any] = {"usage": None} if asks_usage else {}
        answer = self._answer
        yield self._chunk({"role": "assistant", "content": "", "refusal": None}, **more)
        for piece in answer.pieces(answer.reasoning):
            yield self._chunk({"reasoning_content": piece}, **more)
        field = "refusal" if answer.refusal else "content"
        for piece in answer.pieces(answer.refusal or answer.text):
            yield self._chunk({field: piece}, text=piece, **more)
        for index, (id, name, arguments) in enumerate(answer.asked_tools):
            begun = {"id": id, "type": "function", "function": {"name": name, "arguments": ""}}
            yield self._chunk({"tool_calls": [{"index": index} | begun]}, **more)
            for piece in answer.pieces(arguments):
                yield self._chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, **more)
        yield self._chunk({}, reason=self._reason, **more)
        if asks_usage:
            usage = self._object("chat.completion.chunk") | {"choices": [], "usage": self.usage()}
            yield Frame(usage, usage=True)
        yield Frame("[DONE]")

    def error(self, number: int) -> Frame:
        error = {"message": "The server had an error.", "type": "server_error", "param": None, "code": None}
        return Frame({"error": error | self._answer.error})

    def _object(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self._created, "model": self._body["model"]}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None, text: str = "", **more: Any) -> Frame:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return Frame(self._object("chat.completion.chunk") | {"choices": [choice]} | more, text=text)
