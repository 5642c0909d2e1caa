"""The chunks of a completion, as many servers speak them, to canonical events. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from server.wire.charged import charged
from server.wire.events import Event, Failure, Finish, FinishReason, Reasoning, Start, Text, Usage
from server.wire.loose import count, has_audio, integer, items, mapping, mappings, name, string
from server.wire.openai_chat.call_reader import CallReader

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "refusal",
    "refusal": "refusal",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_REASONING = ("reasoning_content", "reasoning", "thinking")
"""What servers call the readable thinking; a delta that has two of them carries the same text twice."""


class Reader:
    """Reads one streamed completion, chunk by chunk. ``family`` is the provider's, whose extras it will see.

    The finish reason comes before the usage, so ``Finish`` waits for the end of the stream.
    """

    def __init__(self, family: str = "compatible") -> None:
        self._started = False
        self._finish: Finish | None = None
        self._spoke = False
        self._refusal = ""
        self._calls = CallReader(family)

    def read(self, frame: dict[str, Any]) -> Iterator[Event | Failure]:
        if frame.get("error"):
            yield read_error(frame["error"])
            return
        if not self._started:
            self._started = True
            yield Start(name(frame.get("id")), name(frame.get("model")))
        usage = mapping(frame.get("usage"))
        for choice in mappings(frame.get("choices")):
            if count(choice.get("index")) == 0:
                yield from self._choice(choice)
            usage = usage or mapping(choice.get("usage"))
        # Groq keeps it in a drawer of its own.
        usage = usage or mapping(mapping(frame.get("x_groq")).get("usage"))
        if usage:
            yield read_usage(usage, name(frame.get("service_tier")))

    def end(self, done: bool) -> Iterator[Event | Failure]:
        """``done``: the stream said ``[DONE]``, which some servers send without any finish reason."""
        if self._finish is None and done and (self._spoke or self._calls.any):
            self._finish = Finish("stop")
        if self._finish is not None:
            yield from self._calls.end()
            # A call beats the reason, and a reason without a call is none: the client would wait for it.
            if self._finish.reason in ("stop", "tool_calls") and not self._refusal:
                self._finish = replace(self._finish, reason="tool_calls" if self._calls.any else "stop")
            yield self._finish

    def _choice(self, choice: dict[str, Any]) -> Iterator[Event | Failure]:
        delta = mapping(choice.get("delta"))
        content = delta.get("content")
        thinking = next((text for field in _REASONING if (text := string(delta.get(field)))), "")
        thinking = thinking or "".join(_text(part.get("thinking")) for part in mappings(content))
        if thinking:
            self._spoke = True
            yield Reasoning(thinking)
        text = _text(content)
        if text:
            self._spoke = True
            yield Text(text)
        refusal = string(delta.get("refusal"))
        if refusal:
            self._refusal += refusal
            yield Text(refusal, refusal=True)
        if delta.get("tool_calls") or delta.get("function_call"):
            yield from self._calls.read(delta)
        reason = name(choice.get("finish_reason"))
        if reason == "error":
            yield read_error(choice.get("error"))
        elif reason is not None:
            self._finish = self._finished(reason, name(choice.get("stop_reason")))

    def _finished(self, reason: str, stopped_by: str | None) -> Finish:
        if self._refusal:
            return Finish("refusal", self._refusal)
        known = _REASONS.get(reason.lower())
        # vLLM says which of the stop sequences it was, in a field of its own.
        return Finish(known or "stop", None if known else reason, stopped_by if known == "stop" else None)


def read_usage(usage: dict[str, Any], tier: str | None = None) -> Usage:
    """Cached and written tokens are part of ``prompt_tokens``, reasoning is part of ``completion_tokens``.

    Three known exceptions are recognised by their sums: cached tokens beside the prompt, and reasoning
    beside the completion, either itemised (xAI) or only in the total (Gemini).
    """
    of_prompt = mapping(usage.get("prompt_tokens_details"))
    prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    read = count(of_prompt.get("cached_tokens")) or count(usage.get("prompt_cache_hit_tokens"))
    write = count(of_prompt.get("cache_write_tokens"))
    exclusive_cache = read + write > prompt
    of_completion = mapping(usage.get("completion_tokens_details"))
    reasoning = count(of_completion.get("reasoning_tokens"))
    beside = count(usage.get("total_tokens")) - prompt - completion
    if exclusive_cache:
        beside -= read + write
    if beside > 0 and reasoning in (0, beside):
        reasoning, visible = beside, completion
    else:
        visible = completion - reasoning if reasoning <= completion else completion
    return Usage(
        input=prompt if exclusive_cache else prompt - read - write,
        cache_read=read,
        cache_write_5m=write,
        output=visible,
        reasoning=reasoning,
        web_searches=count(mapping(usage.get("server_tool_use")).get("web_search_requests")),
        provider_cost_nanos=charged(usage),
        unpriced=has_audio(of_prompt, of_completion),
        tier=None if tier in ("default", "auto", "standard", "on_demand") else tier,
        raw=usage,
    )


def read_error(error: Any) -> Failure:
    """``error`` is an object in OpenAI's format, or just a sentence; OpenRouter's code is an HTTP status."""
    if not isinstance(error, dict):
        return Failure(string(error) or "the completion failed")
    return Failure(
        string(error.get("message")) or "the completion failed",
        code=name(error.get("code")) or name(error.get("type")),
        status=integer(error.get("code")) or integer(error.get("status")),
    )


def _text(content: Any) -> str:
    """A string, or the text parts of a list (Mistral)."""
    if isinstance(content, str):
        return content
    return "".join(string(mapping(part).get("text")) for part in items(content))
