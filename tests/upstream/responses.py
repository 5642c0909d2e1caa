"""OpenAI's Responses wire: the objects and events of one answer."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.upstream.answer import Answer
from tests.upstream.check import ENCRYPTED
from tests.upstream.frames import Frame

_CODES = {429: "rate_limit_exceeded", 400: "invalid_prompt"}


class ResponseWire:
    """``events()`` is the stream, ``final()`` the finished object; both tell the same story."""

    def __init__(self, answer: Answer, body: dict[str, Any], number: int, usage: dict[str, int]) -> None:
        self.id = f"resp_{number:06d}"
        self._answer = answer
        self._body = body
        self._usage = usage
        self._created = int(time.time())

    def object(self, status: str, **more: Any) -> dict[str, Any]:
        asked = self._body
        response = {
            "id": self.id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": bool(asked.get("background")),
            "error": None,
            "incomplete_details": None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "metadata": asked.get("metadata") or {},
            "model": asked["model"],
            "output": [],
            "parallel_tool_calls": True,
            "previous_response_id": asked.get("previous_response_id"),
            "prompt_cache_key": asked.get("prompt_cache_key"),
            "reasoning": {"effort": (asked.get("reasoning") or {}).get("effort"), "summary": None},
            "service_tier": "default",
            "store": bool(asked.get("store", True)),
            "temperature": asked.get("temperature", 1.0),
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": None,
            "user": None,
        }
        return response | more

    def final(self) -> dict[str, Any]:
        outcome = self._answer.outcome
        if outcome == "failed":
            error = {"code": "server_error", "message": "The model failed."} | self._answer.error
            return self.object("failed", error={key: error[key] for key in ("code", "message")})
        whole = {"output": self._output(), "usage": self.usage()}
        if outcome in ("length", "context_full"):
            return self.object("incomplete", incomplete_details={"reason": "max_output_tokens"}, **whole)
        if outcome == "refusal" and not self._answer.refusal:
            return self.object("incomplete", incomplete_details={"reason": "content_filter"}, **whole)
        return self.object("completed", **whole)

    def usage(self) -> dict[str, Any]:
        counted = self._usage
        return {
            "input_tokens": counted["input"],
            "input_tokens_details": {
                "cached_tokens": counted["cached"],
                "cache_write_tokens": counted["cache_write"],
            },
            "output_tokens": counted["output"],
            "output_tokens_details": {"reasoning_tokens": counted["reasoning"]},
            "total_tokens": counted["input"] + counted["output"],
        } | self._answer.extra_usage

    def events(self) -> Iterator[Frame]:
        numbers = count()

        def frame(kind: str, carries: str = "", usage: bool = False, **data: Any) -> Frame:
            return Frame({"type": kind, "sequence_number": next(numbers)} | data, kind, carries, usage)

        if self._body.get("background"):
            yield frame("response.queued", response=self.object("queued"))
        yield frame("response.created", response=self.object("in_progress"))
        yield frame("response.in_progress", response=self.object("in_progress"))
        index = 0
        if self._answer.reasoning:
            yield from self._reasoning(frame)
            index = 1
        if self._answer.text or not self._answer.calls:
            yield from self._message(frame, index)
            index += 1
        for at, call in enumerate(self._calls(), index):
            yield from self._call(frame, at, call)
        final = self.final()
        yield frame(f"response.{final['status']}", usage=final["usage"] is not None, response=final)

    def error(self, number: int) -> Frame:
        error = {"code": "server_error", "message": "The server had an error."} | self._answer.error
        data = {key: error[key] for key in ("code", "message")} | {"param": None, "sequence_number": number}
        return Frame({"type": "error"} | data, "error")

    def _reasoning(self, frame: Any) -> Iterator[Frame]:
        at = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
        text = self._answer.reasoning
        part = {"type": "summary_text", "text": ""}
        item: dict[str, Any] = {"id": "rs_1", "type": "reasoning", "summary": []}
        yield frame("response.output_item.added", output_index=0, item=item)
        yield frame("response.reasoning_summary_part.added", **at, part=part)
        for piece in self._answer.pieces(text):
            yield frame("response.reasoning_summary_text.delta", **at, delta=piece)
        yield frame("response.reasoning_summary_text.done", **at, text=text)
        yield frame("response.reasoning_summary_part.done", **at, part=part | {"text": text})
        yield frame("response.output_item.done", output_index=0, item=self._output()[0])

    def _message(self, frame: Any, index: int) -> Iterator[Frame]:
        refusal = self._answer.refusal
        text = refusal or self._answer.text
        empty = {"type": "refusal", "refusal": ""} if refusal else _text_part("")
        at = {"item_id": "msg_1", "output_index": index, "content_index": 0}
        item = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "in_progress",
            "content": [],
        }
        yield frame("response.output_item.added", output_index=index, item=item)
        yield frame("response.content_part.added", **at, part=empty)
        kind = "response.refusal" if refusal else "response.output_text"
        more: dict[str, Any] = {} if refusal else {"logprobs": []}
        for piece in self._answer.pieces(text):
            yield frame(f"{kind}.delta", carries=piece, **at, delta=piece, **more)
        yield frame(f"{kind}.done", **at, **({"refusal": text} if refusal else {"text": text}), **more)
        done = self._output()[index]
        yield frame("response.content_part.done", **at, part=done["content"][0])
        yield frame("response.output_item.done", output_index=index, item=done)

    def _call(self, frame: Any, index: int, call: dict[str, Any]) -> Iterator[Frame]:
        at = {"item_id": call["id"], "output_index": index}
        begun = call | {"status": "in_progress", "arguments": ""}
        yield frame("response.output_item.added", output_index=index, item=begun)
        for piece in self._answer.pieces(call["arguments"]):
            yield frame("response.function_call_arguments.delta", **at, delta=piece)
        whole = {"name": call["name"], "arguments": call["arguments"]}
        yield frame("response.function_call_arguments.done", **at, **whole)
        yield frame("response.output_item.done", output_index=index, item=call)

    def _calls(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"fc_{id}",
                "type": "function_call",
                "status": "completed",
                "call_id": id,
                "name": name,
                "arguments": arguments,
            }
            for id, name, arguments in self._answer.asked_tools
        ]

    def _output(self) -> list[dict[str, Any]]:
        answer = self._answer
        part = {"type": "refusal", "refusal": answer.refusal} if answer.refusal else _text_part(answer.text)
        output: list[dict[str, Any]] = self._calls()
        if answer.text or not output:
            output.insert(
                0, {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
            )
        if answer.reasoning:
            summary = [{"type": "summary_text", "text": answer.reasoning}]
            hidden = "reasoning.encrypted_content" in (self._body.get("include") or ())
            encrypted = {"encrypted_content": ENCRYPTED} if hidden else {}
            output.insert(0, {"id": "rs_1", "type": "reasoning", "summary": summary} | encrypted)
        return output


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def error_body(status: int, error: dict[str, Any]) -> dict[str, Any]:
    """An OpenAI error answer, for every wire of theirs."""
    kinds = {
        400: ("invalid_request_error", None, "The request is wrong."),
        401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
        402: ("insufficient_quota", "insufficient_quota", "Payment is required."),
        403: ("invalid_request_error", None, "This key may not use this."),
        404: ("invalid_request_error", "model_not_found", "The model does not exist."),
        429: ("rate_limit_error", "rate_limit_exceeded", "Rate limit reached."),
    }
    kind, code, message = kinds.get(status, ("server_error", None, "The server had an error."))
    return {"error": {"message": message, "type": kind, "param": None, "code": code} | error}
