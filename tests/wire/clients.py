"""The official SDKs as judges: they get our bytes over a pretended network, and say what they understood."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx2
from anthropic import Anthropic
from openai import OpenAI

ASKED: dict[str, dict[str, Any]] = {
    "chat": {
        "model": "house/model",
        "messages": [{"role": "user", "content": "hi"}],
        "stream_options": {"include_usage": True},
    },
    "responses": {"model": "house/model", "input": "hi", "include": ["reasoning.encrypted_content"]},
    "messages": {
        "model": "house/model",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 100,
        "thinking": {"type": "adaptive"},
    },
}
"""What the client of each wire asked."""


def rebuilt(wire: str, data: bytes) -> dict[str, Any]:
    """The answer that the SDK's own accumulator makes of a stream."""
    asked = ASKED[wire]
    if wire == "messages":
        with _anthropic(data, "text/event-stream").messages.stream(**asked) as messages:
            return messages.get_final_message().model_dump()
    client = _openai(data, "text/event-stream")
    if wire == "chat":
        with client.chat.completions.stream(**asked) as completion:
            # The final completion is the same, but raises where the answer was cut or refused.
            return completion.until_done().current_completion_snapshot.model_dump()
    with client.responses.stream(**asked) as responses:
        last: Any = list(responses)[-1]
        # The final response is this one, but only where it was completed.
        return last.response.model_dump()


def events(wire: str, data: bytes) -> list[Any]:
    """What somebody sees who reads the stream event by event. Raises the SDK's exceptions."""
    asked = ASKED[wire] | {"stream": True}
    if wire == "messages":
        return list(_anthropic(data, "text/event-stream").messages.create(**asked))
    client = _openai(data, "text/event-stream")
    return list(client.chat.completions.create(**asked) if wire == "chat" else client.responses.create(**asked))


def parsed(wire: str, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    """An answer that is not streamed. Raises the SDK's exceptions."""
    data = json.dumps(body).encode()
    if wire == "messages":
        return _anthropic(data, "application/json", status, headers).messages.create(**ASKED[wire]).model_dump()
    client = _openai(data, "application/json", status, headers)
    asked = {field: value for field, value in ASKED[wire].items() if field != "stream_options"}
    if wire == "chat":
        return client.chat.completions.create(**asked).model_dump()
    return client.responses.create(**asked).model_dump()


@dataclass
class _Network:
    """What the next request will be answered with."""

    response: httpx2.Response

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        return self.response


_NETWORK = _Network(httpx2.Response(500))


def _arrive(data: bytes, kind: str, status: int, headers: dict[str, str] | None) -> None:
    _NETWORK.response = httpx2.Response(status, content=data, headers={"content-type": kind} | (headers or {}))


def _openai(data: bytes, kind: str, status: int = 200, headers: dict[str, str] | None = None) -> OpenAI:
    _arrive(data, kind, status, headers)
    return _clients()[0]


def _anthropic(data: bytes, kind: str, status: int = 200, headers: dict[str, str] | None = None) -> Anthropic:
    _arrive(data, kind, status, headers)
    return _clients()[1]


@cache
def _clients() -> tuple[OpenAI, Anthropic]:
    """Made once: they are what takes longest."""
    http = httpx2.Client(transport=httpx2.MockTransport(_NETWORK.answer))
    return (
        OpenAI(api_key="sk-test", base_url="http://gateway/v1", max_retries=0, http_client=http),
        Anthropic(api_key="sk-test", base_url="http://gateway", max_retries=0, http_client=http),
    )


def facts(wire: str, answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, whatever wire it came on."""
    if wire == "messages":
        return _facts_of_message(answer)
    if wire == "chat":
        return _facts_of_completion(answer)
    return _facts_of_response(answer)


def _facts_of_message(answer: dict[str, Any]) -> dict[str, Any]:
    content, usage = answer["content"], answer["usage"]
    counted = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return {
        "text": "".join(block["text"] for block in content if block["type"] == "text"),
        "thinking": [block["thinking"] for block in content if block["type"] == "thinking"],
        "calls": [(b["id"], b["name"], b["input"]) for b in content if b["type"] == "tool_use"],
        "finish": {"tool_use": "calls", "end_turn": "stop", "max_tokens": "length"}[answer["stop_reason"]],
        "input": sum(usage[field] or 0 for field in counted),
        "output": usage["output_tokens"],
    }


def _facts_of_completion(answer: dict[str, Any]) -> dict[str, Any]:
    message, usage = answer["choices"][0]["message"], answer["usage"]
    calls = [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in message["tool_calls"] or []]
    thinking = message.get("reasoning_content")
    return {
        "text": message["content"] or "",
        "thinking": [thinking] if thinking else [],
        "calls": [(call_id, name, json.loads(arguments)) for call_id, name, arguments in calls],
        "finish": {"tool_calls": "calls", "stop": "stop", "length": "length"}[answer["choices"][0]["finish_reason"]],
        "input": usage["prompt_tokens"],
        "output": usage["completion_tokens"],
    }


def _facts_of_response(answer: dict[str, Any]) -> dict[str, Any]:
    output, usage = answer["output"], answer["usage"]
    calls = [
        (item["call_id"], item["name"], json.loads(item["arguments"]))
        for item in output
        if item["type"] == "function_call"
    ]
    ended = "stop" if answer["status"] == "completed" else "length"
    return {
        "text": "".join(part["text"] for item in output if item["type"] == "message" for part in item["content"]),
        "thinking": [part["text"] for item in output if item["type"] == "reasoning" for part in item["summary"]],
        "calls": calls,
        "finish": "calls" if calls and ended == "stop" else ended,
        "input": usage["input_tokens"],
        "output": usage["output_tokens"],
    }
