"""Golden tables of the Responses format."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wire.events import Failure, Finish, Reasoning, Replace, Start, Text, Usage
from server.wire.openai_responses import Reader, read_response, read_usage, write_request
from tests.upstream.check import problems
from tests.wire.reading import read, reasoning
from tests.wire.requests import ask

BASE = {
    "model": "gpt-5.1",
    "input": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "how are you?"},
    ],
    "stream": True,
    "stream_options": {"include_obfuscation": False},
    "store": False,
}


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({}, {}),
        ({"system": "be kind"}, {"instructions": "be kind"}),
        ({"system": ""}, {}),
        ({"effort": "low"}, {"reasoning": {"effort": "low", "summary": "auto"}}),
        ({"effort": "low", "show_reasoning": False}, {"reasoning": {"effort": "low"}}),
        ({"effort": "none"}, {"reasoning": {"effort": "none"}}),
        ({"max_output_tokens": 100}, {"max_output_tokens": 100}),
        ({"background": True}, {"background": True, "store": True}),
        ({"cache_key": "conversation-1"}, {"prompt_cache_key": "conversation-1"}),
        ({"service_tier": "flex"}, {"service_tier": "flex"}),
    ],
)
def test_a_request_has_exactly_the_fields_that_were_asked_for(more: dict[str, Any], fields: dict[str, Any]) -> None:
    body = write_request(ask("gpt-5.1", **more))
    assert body == BASE | fields
    assert problems("responses", body, {}) == []


def test_a_temperature_is_sent_when_there_is_one() -> None:
    assert write_request(ask("gpt-4.1", temperature=0.0))["temperature"] == 0.0


@pytest.mark.parametrize(
    ("usage", "response", "expected"),
    [
        (
            {
                "input_tokens": 100,
                "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
                "output_tokens": 50,
                "output_tokens_details": {"reasoning_tokens": 20},
                "total_tokens": 150,
            },
            {"service_tier": "default"},
            Usage(input=30, cache_read=60, cache_write_5m=10, output=30, reasoning=20),
        ),
        (
            {
                "input_tokens": 100,
                "input_tokens_details": {
                    "cached_tokens": 0,
                    "cache_write_tokens": 30,
                    "cache_write_tokens_details": {"ttl_30m_tokens": 10, "ttl_12h_tokens": 20},
                },
                "output_tokens": 1,
            },
            {"service_tier": "priority"},
            Usage(input=70, cache_write_5m=10, cache_write_long=20, output=1, tier="priority"),
        ),
        (
            {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 90}, "output_tokens": 5},
            {},
            Usage(input=10, cache_read=90, output=5),
        ),
        (
            {"input_tokens": 10, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 7}},
            {},
            Usage(input=10, reasoning=5),
        ),
        (
            {"input_tokens": -3, "output_tokens": None, "input_tokens_details": None},
            {"tool_usage": {"web_search": {"num_requests": 2}}},
            Usage(web_searches=2),
        ),
    ],
)
def test_usage_is_put_into_disjoint_buckets(usage: dict[str, Any], response: dict[str, Any], expected: Usage) -> None:
    found = read_usage(usage, response)
    assert found == expected
    assert found.raw == usage


def ended(status: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{status}", "sequence_number": 9, "response": {"status": status} | more}


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (ended("completed"), Finish("stop")),
        (ended("completed", output=[{"type": "function_call"}]), Finish("tool_calls")),
        (
            ended("completed", output=[{"content": [{"type": "refusal", "refusal": "no"}]}]),
            Finish("refusal", "no"),
        ),
        (
            ended("incomplete", incomplete_details={"reason": "max_output_tokens"}),
            Finish("length", "max_output_tokens"),
        ),
        (
            ended("incomplete", incomplete_details={"reason": "content_filter"}),
            Finish("refusal", "content_filter"),
        ),
        (ended("incomplete"), Finish("length")),
        (
            ended("failed", error={"code": "server_error", "message": "broke"}),
            Failure("broke", code="server_error"),
        ),
        (ended("failed", error=None), Failure("the response failed")),
        (
            {"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "param": None},
            Failure("slow down", code="rate_limit_exceeded"),
        ),
        (
            {"error": {"type": "server_error", "message": "broke", "code": None}},
            Failure("broke", code="server_error"),
        ),
    ],
)
def test_every_end_is_named(frame: dict[str, Any], expected: Finish | Failure) -> None:
    assert read(Reader(), frame)[-1] == expected


def test_text_and_reasoning_keep_their_positions() -> None:
    at = {"output_index": 0, "summary_index": 0}
    assert read(
        Reader(),
        {"type": "response.queued", "sequence_number": 0, "response": {"id": "r", "model": "m"}},
        {"type": "response.created", "sequence_number": 1, "response": {"id": "r", "model": "m"}},
        {"type": "response.reasoning_summary_text.delta", "sequence_number": 2, "delta": "so", **at},
        {"type": "response.output_text.delta", "sequence_number": 3, "delta": "hi"},
        {"type": "response.output_text.delta", "sequence_number": 4, "delta": ""},
        {"type": "response.output_text.done", "sequence_number": 5, "text": "hi"},
        {"type": "response.something.new", "sequence_number": 6},
    ) == [Start("r", "m"), Reasoning("so", 2), Text("hi", 3)]


def test_the_parts_of_a_summary_are_paragraphs() -> None:
    deltas = [(0, "One"), (0, " two."), (1, "Three."), (2, "Four.")]
    frames = [
        {"type": "response.reasoning_summary_text.delta", "delta": delta, "summary_index": part}
        for part, delta in deltas
    ]
    assert reasoning(read(Reader(), *frames)) == "One two.\n\nThree.\n\nFour."


def test_a_stream_that_does_not_say_its_end_has_none() -> None:
    events = read(Reader(), {"type": "response.output_text.delta", "delta": "hi"}, done=True)
    assert events == [Text("hi")]


def test_a_finished_response_is_read_as_a_whole() -> None:
    response = {
        "id": "r",
        "model": "m",
        "status": "completed",
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "content": [{"type": "output_text", "text": "hel"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "lo"}]},
        ],
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    assert list(read_response(response)) == [
        Start("r", "m"),
        Replace("hello"),
        Usage(input=3, output=1),
        Finish("stop"),
    ]


def test_a_cancelled_response_is_a_failure() -> None:
    failure = list(read_response({"status": "cancelled"}))[-1]
    assert isinstance(failure, Failure)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["response", "delta", "error", "output_index", "sequence_number", "code", "message"]
KINDS = ["response.created", "response.completed", "response.failed", "response.output_text.delta", "error"]


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_shape_of_a_frame_is_an_exception(kind: str, frame: dict[str, Any]) -> None:
    read(Reader(), {"type": kind} | frame)


@given(st.dictionaries(st.sampled_from(["input_tokens", "output_tokens", "input_tokens_details"]), JSON))
def test_no_bucket_is_ever_negative(usage: dict[str, Any]) -> None:
    found = read_usage(usage, {})
    assert min(found.input, found.cache_read, found.cache_write_5m, found.output, found.reasoning) >= 0
