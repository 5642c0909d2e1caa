"""Golden tables of the Chat Completions format, and of what servers make of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wire.events import Failure, Finish, FinishReason, Reasoning, Start, Text, Usage
from server.wire.loose import MOST
from server.wire.openai_chat import Reader, read_usage, write_request
from tests.upstream.check import problems
from tests.wire.reading import read, reasoning, text
from tests.wire.requests import ask
from tests.wire.test_openai_responses import JSON

BASE = {
    "model": "m",
    "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "how are you?"},
    ],
    "stream": True,
    "stream_options": {"include_usage": True},
}


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({}, {}),
        ({"system": "be kind"}, {"messages": [{"role": "system", "content": "be kind"}, *BASE["messages"]]}),
        ({"effort": "low"}, {"reasoning_effort": "low"}),
        ({"temperature": 0.3}, {"temperature": 0.3}),
        ({"max_output_tokens": 100}, {"max_tokens": 100}),
    ],
)
def test_a_request_has_exactly_the_fields_that_were_asked_for(more: dict[str, Any], fields: dict[str, Any]) -> None:
    body = write_request(ask("m", **more))
    assert body == BASE | fields
    assert problems("chat", body, {}) == []


def test_servers_that_refuse_the_wish_for_usage_do_not_get_it() -> None:
    assert "stream_options" not in write_request(ask("m"), ask_usage=False)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param(
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(input=35, cache_read=60, cache_write_5m=5, output=30, reasoning=20),
            id="openai",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40},
            Usage(input=10, output=5, reasoning=25),
            id="gemini counts thoughts only in the total",
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 40,
                "completion_tokens_details": {"reasoning_tokens": 25},
            },
            Usage(input=10, output=5, reasoning=25),
            id="xai counts reasoning beside the completion",
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 9},
            },
            Usage(input=10, output=5, reasoning=9),
            id="more reasoning than completion",
        ),
        pytest.param(
            {"prompt_tokens": 100, "prompt_cache_hit_tokens": 64, "completion_tokens": 1},
            Usage(input=36, cache_read=64, output=1),
            id="deepseek",
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 105,
                "prompt_tokens_details": {"cached_tokens": 90},
            },
            Usage(input=10, cache_read=90, output=5),
            id="cached tokens beside the prompt",
        ),
        pytest.param(
            {"prompt_tokens": 8, "completion_tokens": 11, "total_tokens": 19, "cost": 0.00078},
            Usage(input=8, output=11, provider_cost_nanos=780_000),
            id="openrouter says what it cost",
        ),
        pytest.param(
            {
                "prompt_tokens": 8,
                "completion_tokens": 11,
                "cost": 0.0001,
                "is_byok": True,
                "cost_details": {"upstream_inference_cost": 0.002},
            },
            Usage(input=8, output=11, provider_cost_nanos=2_100_000),
            id="openrouter with the person's own upstream key",
        ),
        pytest.param({"cost": "free", "prompt_tokens": "8"}, Usage(), id="wrong types"),
        pytest.param({"cost": -1, "prompt_tokens": -8}, Usage(), id="negative"),
    ],
)
def test_usage_is_put_into_disjoint_buckets(usage: dict[str, Any], expected: Usage) -> None:
    assert read_usage(usage) == expected


@pytest.mark.parametrize(
    ("reason", "expected", "detail"),
    [
        ("stop", "stop", None),
        ("STOP", "stop", None),
        ("length", "length", None),
        ("content_filter", "refusal", None),
        ("tool_calls", "stop", None),
        ("function_call", "stop", None),
        ("because", "stop", "because"),
    ],
)
def test_every_finish_reason_is_mapped(reason: str, expected: FinishReason, detail: str | None) -> None:
    # A reason of calls without a call is none: a client would wait for it.
    frame = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    assert read(Reader(), frame)[-1] == Finish(expected, detail)


def chunk(delta: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"delta": delta, **more}]}


def test_the_finish_comes_after_the_usage_that_follows_it() -> None:
    assert read(
        Reader(),
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "hi"}),
        chunk({}, finish_reason="stop"),
        {"id": "c", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
    ) == [Start("c", "m"), Text("hi"), Usage(input=1, output=2), Finish("stop")]


@pytest.mark.parametrize(
    "frame",
    [
        {"usage": {"prompt_tokens": 1, "completion_tokens": 2}, "choices": []},
        {"choices": [{"delta": {}, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}]},
        {"x_groq": {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}, "choices": []},
    ],
)
def test_usage_is_found_where_servers_put_it(frame: dict[str, Any]) -> None:
    assert Usage(input=1, output=2) in read(Reader(), frame)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_has_three_names(field: str) -> None:
    assert reasoning(read(Reader(), chunk({field: "so", "content": None}))) == "so"


def test_reasoning_that_comes_under_two_names_is_read_once() -> None:
    frame = chunk({"reasoning_content": "so", "reasoning": "so", "content": "hi"})
    assert read(Reader(), frame)[1:] == [Reasoning("so"), Text("hi"), Finish("stop")]


def test_a_list_of_parts_is_read_too() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    events = read(Reader(), chunk({"content": [thinking, {"type": "text", "text": "hi"}]}))
    assert (reasoning(events), text(events)) == ("hm", "hi")


@pytest.mark.parametrize(
    "frame",
    [
        chunk({"content": "hi", "tool_calls": None}),
        chunk({"content": "hi"}, index=0, finish_reason=None),
        {"choices": [{"delta": {"content": "hi"}}], "usage": None},
        {"choices": [{"delta": {"content": "hi"}}, {"index": 1, "delta": {"content": "other"}}, None]},
    ],
)
def test_odd_chunks_lose_nothing(frame: dict[str, Any]) -> None:
    assert text(read(Reader(), frame)) == "hi"


def test_a_server_that_gives_no_reason_ends_with_its_last_frame() -> None:
    assert read(Reader(), chunk({"content": "hi"}), done=True)[-1] == Finish("stop")
    assert read(Reader(), chunk({"content": "hi"}), done=False)[-1] == Text("hi")
    assert read(Reader(), chunk({}), done=True)[-1] == Start("c", "m")


def test_a_refusal_is_shown_and_named() -> None:
    events = read(Reader(), chunk({"refusal": "I will "}), chunk({"refusal": "not"}, finish_reason="stop"))
    assert text(events) == "I will not"
    assert events[-1] == Finish("refusal", "I will not")


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ({"error": {"message": "broke", "code": 502}}, Failure("broke", status=502)),
        ({"error": {"message": "slow", "type": "rate_limit_error"}}, Failure("slow", code="rate_limit_error")),
        ({"error": "broke"}, Failure("broke")),
        ({"error": {}, "choices": []}, None),
        (
            chunk({}, finish_reason="error", error={"message": "upstream died", "code": 503}),
            Failure("upstream died", status=503),
        ),
    ],
)
def test_errors_in_the_stream_are_failures(frame: dict[str, Any], expected: Failure | None) -> None:
    failures = [event for event in read(Reader(), frame) if isinstance(event, Failure)]
    assert failures == ([expected] if expected else [])


@given(st.dictionaries(st.sampled_from(["choices", "usage", "error", "id", "x_groq"]), JSON))
def test_no_shape_of_a_chunk_is_an_exception(frame: dict[str, Any]) -> None:
    read(Reader(), frame)


COUNTS = st.integers(0, MOST // 2)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_an_inclusive_count_is_neither_lost_nor_doubled(uncached: int, cached: int, visible: int, thought: int) -> None:
    prompt, completion = uncached + cached, visible + thought
    usage = read_usage(
        {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": thought},
        }
    )
    assert (usage.input, usage.cache_read, usage.output, usage.reasoning) == (
        uncached,
        cached,
        visible,
        thought,
    )
