"""The events of a streamed response, or the whole of one, to canonical events. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from server.wire.charged import charged
from server.wire.events import (
    Event,
    Failure,
    Finish,
    FinishReason,
    Reasoning,
    ReasoningEnd,
    Replace,
    Start,
    Text,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)
from server.wire.loose import count, has_audio, integer, mapping, mappings, name, string
from server.wire.provenance import Signature

_CALLS = ("function_call", "custom_tool_call")


class Reader:
    """Reads one streamed response, frame by frame. ``family`` is the provider's, whose signatures it will see."""

    def __init__(self, family: str = "openai") -> None:
        self._family = family
        self._started = False
        self._refused = False
        self._reasoned = False
        self._part: tuple[Any, Any] | None = None
        self._calls: dict[Any, _Call] = {}

    def read(self, frame: dict[str, Any]) -> Iterator[Event | Failure]:
        kind, position = string(frame.get("type")), integer(frame.get("sequence_number"))
        if kind == "response.output_text.delta":
            yield from _some(Text(string(frame.get("delta")), position))
        elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            yield from self._reasoning(frame, position)
        elif kind in ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta"):
            yield from self._arguments(frame, string(frame.get("delta")))
        elif kind == "response.output_item.added":
            yield from self._call(frame, mapping(frame.get("item")))
        elif kind in ("response.function_call_arguments.done", "response.custom_tool_call_input.done"):
            yield from self._whole(frame, string(frame.get("arguments")) or string(frame.get("input")))
        elif kind == "response.output_item.done":
            yield from self._done(frame, mapping(frame.get("item")))
        elif kind == "response.refusal.delta":
            self._refused = True
            yield from _some(Text(string(frame.get("delta")), position, refusal=True))
        elif kind in ("response.created", "response.queued"):
            yield from self._start(mapping(frame.get("response")))
        elif kind in ("response.completed", "response.incomplete", "response.failed", "response.cancelled"):
            status = kind.removeprefix("response.")
            yield from read_end(mapping(frame.get("response")), status, self._refused, called=bool(self._calls))
        elif kind == "error" or "error" in frame:
            yield _failure(mapping(frame.get("error")) or frame)

    def end(self, done: bool) -> Iterator[Event | Failure]:
        """The connection ended. A complete stream has said so itself, so there is nothing to add."""
        yield from ()

    def _start(self, response: dict[str, Any]) -> Iterator[Event]:
        if not self._started:
            self._started = True
            yield Start(name(response.get("id")), name(response.get("model")))

    def _reasoning(self, frame: dict[str, Any], position: int | None) -> Iterator[Event]:
        part = (frame.get("output_index"), frame.get("summary_index", frame.get("content_index")))
        text = string(frame.get("delta"))
        if text and self._reasoned and part != self._part and self._part is not None:
            # Each part is a paragraph of its own, and the wire does not carry the space between them.
            yield Reasoning("\n\n", position, between=part[0] != self._part[0])
        self._part, self._reasoned = part, self._reasoned or bool(text)
        yield from _some(Reasoning(text, position))

    def _call(self, frame: dict[str, Any], item: dict[str, Any]) -> Iterator[Event]:
        at = _at(frame)
        if item.get("type") in _CALLS and at not in self._calls:
            call = self._calls[at] = _Call(len(self._calls))
            call_id = name(item.get("call_id")) or string(item.get("id"))
            custom = item["type"] == "custom_tool_call"
            yield ToolCallStart(call.index, call_id, string(item.get("name")), custom)

    def _arguments(self, frame: dict[str, Any], text: str) -> Iterator[Event]:
        call = self._calls.get(_at(frame))
        if call is not None and text and not call.ended:
            call.silent = False
            yield ToolCallDelta(call.index, text)

    def _whole(self, frame: dict[str, Any], text: str) -> Iterator[Event]:
        """Some servers give the arguments only once, at the end."""
        call = self._calls.get(_at(frame))
        if call is not None and call.silent:
            yield from self._arguments(frame, text)

    def _done(self, frame: dict[str, Any], item: dict[str, Any]) -> Iterator[Event]:
        if item.get("type") == "reasoning":
            # Only now is it whole: what `added` carries may still change.
            data = string(item.get("encrypted_content"))
            if data:
                yield ReasoningEnd(Signature(self._family, data, name(item.get("id"))))
            elif self._part is not None and self._part[0] == frame.get("output_index"):
                yield ReasoningEnd()
            return
        yield from self._call(frame, item)
        yield from self._whole(frame, string(item.get("arguments")) or string(item.get("input")))
        call = self._calls.get(_at(frame))
        if call is not None and not call.ended:
            call.ended = True
            yield ToolCallEnd(call.index)


@dataclass(slots=True)
class _Call:
    index: int
    silent: bool = True
    ended: bool = False


def _at(frame: dict[str, Any]) -> int:
    return count(frame.get("output_index"))


def read_response(response: dict[str, Any]) -> Iterator[Event | Failure]:
    """A response that has ended, as ``GET /responses/{id}`` gives it: its whole text, then its end."""
    yield Start(name(response.get("id")), name(response.get("model")))
    parts = [part for item in mappings(response.get("output")) for part in mappings(item.get("content"))]
    text = {"output_text": "text", "refusal": "refusal"}
    yield Replace("".join(string(part.get(text[part["type"]])) for part in parts if string(part.get("type")) in text))
    yield from read_end(response, string(response.get("status")), refused=False)


def read_end(
    response: dict[str, Any], status: str, refused: bool, *, called: bool = False
) -> Iterator[Event | Failure]:
    """The usage and the outcome of a response object to which nothing more will come."""
    usage = mapping(response.get("usage"))
    if usage:
        yield read_usage(usage, response)
    if status == "failed":
        yield _failure(mapping(response.get("error")))
    elif status == "cancelled":
        yield Failure("the response was cancelled", code="cancelled")
    else:
        yield _finish(response, status, refused, called)


def _finish(response: dict[str, Any], status: str, refused: bool, called: bool) -> Finish:
    output = mappings(response.get("output"))
    refusal = "".join(
        string(part.get("refusal"))
        for item in output
        for part in mappings(item.get("content"))
        if part.get("type") == "refusal"
    )
    detail = name(mapping(response.get("incomplete_details")).get("reason"))
    if status == "incomplete":
        reasons: dict[str | None, FinishReason] = {"content_filter": "refusal"}
        return Finish(reasons.get(detail, "length"), detail)
    if refused or refusal:
        return Finish("refusal", refusal or None)
    if called or any(item.get("type") in _CALLS for item in output):
        return Finish("tool_calls")
    return Finish("stop")


def read_usage(usage: dict[str, Any], response: dict[str, Any]) -> Usage:
    """Cached and written tokens are part of the input, reasoning is part of the output.

    ``response`` says which tier was billed and how often the hosted web search ran.
    """
    of_input = mapping(usage.get("input_tokens_details"))
    read, write = count(of_input.get("cached_tokens")), count(of_input.get("cache_write_tokens"))
    write_long = min(count(mapping(of_input.get("cache_write_tokens_details")).get("ttl_12h_tokens")), write)
    total = count(usage.get("input_tokens"))
    output = count(usage.get("output_tokens"))
    reasoning = min(count(mapping(usage.get("output_tokens_details")).get("reasoning_tokens")), output)
    tools = mapping(response.get("tool_usage"))
    searches = mapping(tools.get("web_search")).get("num_requests")
    tier = name(response.get("service_tier"))
    return Usage(
        # Some servers count cached tokens beside the input; then there are more of them than input.
        input=total - read - write if read + write <= total else total,
        cache_read=read,
        cache_write_5m=write - write_long,
        cache_write_long=write_long,
        output=output - reasoning,
        reasoning=reasoning,
        web_searches=count(searches),
        provider_cost_nanos=charged(usage),
        # The transcriptions of this provider say `input_token_details`.
        unpriced=has_audio(of_input, mapping(usage.get("input_token_details")))
        or count(mapping(tools.get("image_gen")).get("total_tokens")) > 0,
        tier=None if tier in ("default", "auto", "standard") else tier,
        raw=usage,
    )


def _failure(error: dict[str, Any]) -> Failure:
    code = name(error.get("code")) or name(error.get("type"))
    return Failure(
        string(error.get("message")) or "the response failed",
        code=None if code == "error" else code,
        status=integer(error.get("code")) or integer(error.get("status")),
    )


def _some(event: Text | Reasoning) -> Iterator[Event]:
    if event.text:
        yield event
