"""Golden tables of the Messages format."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wire.anthropic_messages import Reader, read_usage, write_request
from server.wire.anthropic_messages.thinking import clamp
from server.wire.events import Failure, Finish, FinishReason, Reasoning, ReasoningEnd, Start, Text, Usage
from server.wire.provenance import Signature
from server.wire.request import Effort
from tests.upstream.check import problems
from tests.wire.reading import read
from tests.wire.requests import ask, message
from tests.wire.test_openai_responses import JSON

MODEL = "claude-sonnet-4-5"
BUDGET: tuple[Effort, ...] = ("none", "low", "medium", "high")
LEVELS: tuple[Effort, ...] = ("low", "medium", "high", "max")


def block(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}]


def test_a_plain_request() -> None:
    assert write_request(ask(MODEL, system="be kind", cache_key="c"), thinking="none", max_output=64_000) == {
        "model": MODEL,
        "messages": [
            {"role": "user", "content": block("hi")},
            {"role": "assistant", "content": block("hello")},
            {"role": "user", "content": [*block("how are "), *block("you?")]},
        ],
        "system": "be kind",
        "cache_control": {"type": "ephemeral"},
        "max_tokens": 8192,
        "stream": True,
    }


@pytest.mark.parametrize("thinking", ["adaptive", "enabled", "none"])
@pytest.mark.parametrize("effort", [None, "none", "minimal", "low", "medium", "high", "xhigh", "max"])
@pytest.mark.parametrize("limits", [(None, None), (None, 4096), (500, 64_000), (2000, 2000), (100_000, 64_000)])
@pytest.mark.parametrize("temperature", [None, 1.7])
def test_every_combination_is_one_that_anthropic_takes(
    thinking: Any, effort: Any, limits: tuple[int | None, int | None], temperature: float | None
) -> None:
    wanted, most = limits
    request = ask(MODEL, effort=effort, max_output_tokens=wanted, temperature=temperature)
    body = write_request(
        request, thinking=thinking, efforts=LEVELS if thinking == "adaptive" else BUDGET, max_output=most
    )
    assert problems("messages", body, {"anthropic-version": "2023-06-01"}) == []
    assert body.get("temperature", 1.0) == 1.0


@pytest.mark.parametrize(
    ("effort", "budget", "room"),
    [("minimal", 1024, 9216), ("low", 1024, 9216), ("medium", 8192, 16384), ("high", 16384, 24576)],
)
def test_models_with_a_budget_get_one_on_top_of_the_answer(effort: Effort, budget: int, room: int) -> None:
    body = write_request(ask(MODEL, effort=effort), thinking="enabled", efforts=BUDGET, max_output=64_000)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert body["max_tokens"] == room


def test_models_that_adapt_get_an_effort_and_show_a_summary() -> None:
    body = write_request(ask(MODEL, effort="xhigh"), thinking="adaptive", efforts=LEVELS)
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": "high"}
    hidden = write_request(ask(MODEL, effort="low", show_reasoning=False), thinking="adaptive", efforts=LEVELS)
    assert hidden["thinking"]["display"] == "omitted"


def test_thinking_is_turned_off_only_where_that_is_possible() -> None:
    off = write_request(ask(MODEL, effort="none"), thinking="enabled", efforts=BUDGET)
    assert off["thinking"] == {"type": "disabled"}
    always_on = write_request(ask(MODEL, effort="none"), thinking="adaptive", efforts=LEVELS)
    assert "thinking" not in always_on


def test_a_temperature_goes_with_a_request_that_does_not_think() -> None:
    calm = write_request(ask(MODEL, temperature=0.2), thinking="enabled", efforts=BUDGET)
    thinking = write_request(ask(MODEL, temperature=0.2, effort="low"), thinking="enabled", efforts=BUDGET)
    assert calm["temperature"] == 0.2
    assert "temperature" not in thinking


def test_messages_of_nothing_are_left_out() -> None:
    messages = (message("user", "hi"), message("assistant", ""), message("user", " \n"), message("user", "so?"))
    body = write_request(ask(MODEL, messages=messages), thinking="none")
    assert [item["content"] for item in body["messages"]] == [block("hi"), block("so?")]


@pytest.mark.parametrize(
    ("effort", "efforts", "expected"),
    [
        ("minimal", LEVELS, "low"),
        ("xhigh", LEVELS, "high"),
        ("max", LEVELS, "max"),
        ("low", ("medium", "high"), "medium"),
        ("low", (), None),
    ],
)
def test_an_effort_is_clamped_to_what_the_model_takes(
    effort: Effort, efforts: tuple[Effort, ...], expected: Effort | None
) -> None:
    assert clamp(effort, efforts) == expected


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {
                "input_tokens": 50,
                "cache_read_input_tokens": 40,
                "cache_creation_input_tokens": 30,
                "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
                "output_tokens": 25,
                "output_tokens_details": {"thinking_tokens": 5},
                "server_tool_use": {"web_search_requests": 3},
                "service_tier": "standard",
            },
            Usage(
                input=50,
                cache_read=40,
                cache_write_5m=10,
                cache_write_long=20,
                output=20,
                reasoning=5,
                web_searches=3,
            ),
        ),
        (
            {"input_tokens": 5, "cache_creation_input_tokens": 7, "cache_creation": None, "output_tokens": 1},
            Usage(input=5, cache_write_5m=7, output=1),
        ),
        ({"input_tokens": 5, "service_tier": "priority"}, Usage(input=5, tier="priority")),
        ({"input_tokens": 5, "service_tier": "priority", "speed": "fast"}, Usage(input=5, tier="fast")),
        ({"output_tokens": 3, "output_tokens_details": {"thinking_tokens": 9}}, Usage(reasoning=3)),
        ({"input_tokens": None, "output_tokens": -1}, Usage()),
    ],
)
def test_usage_is_put_into_disjoint_buckets(usage: dict[str, Any], expected: Usage) -> None:
    assert read_usage(usage) == expected


def test_later_counts_replace_earlier_ones_and_keep_what_they_leave_out() -> None:
    first = {"input_tokens": 9, "cache_read_input_tokens": 4, "output_tokens": 1, "speed": "fast"}
    events = read(
        Reader(),
        {"type": "message_start", "message": {"id": "m", "model": MODEL, "usage": first}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 30}},
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 31, "input_tokens": None}},
        {"type": "message_stop"},
    )
    assert events == [
        Start("m", MODEL),
        Usage(input=9, cache_read=4, output=1, tier="fast"),
        Usage(input=9, cache_read=4, output=30, tier="fast"),
        Usage(input=9, cache_read=4, output=31, tier="fast"),
        Finish("stop"),
    ]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "refusal"),
        ("model_context_window_exceeded", "context_full"),
        ("something_new", "stop"),
    ],
)
def test_every_stop_reason_is_mapped(reason: str, expected: FinishReason) -> None:
    delta = {"stop_reason": reason, "stop_details": {"category": "bio", "explanation": None}}
    events = read(Reader(), {"type": "message_delta", "delta": delta}, {"type": "message_stop"})
    assert events == [Finish(expected, "bio")]


def test_text_and_thinking_are_kept_apart() -> None:
    assert read(
        Reader(),
        {"type": "ping"},
        {"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": "x"}},
        {"type": "content_block_stop"},
        {"type": "content_block_start", "content_block": {"type": "thinking", "thinking": "so"}},
        {"type": "content_block_start", "content_block": {"type": "text", "text": "a"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "b"}},
        {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{"}},
    ) == [
        Reasoning("hm"),
        ReasoningEnd(Signature("anthropic", "x")),
        Reasoning("\n\n", between=True),
        Reasoning("so"),
        Text("a"),
        Text("b"),
    ]


def test_an_error_is_a_failure_with_its_type() -> None:
    frame = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert read(Reader(), frame) == [Failure("Overloaded", code="overloaded_error")]


KINDS = ["message_start", "content_block_start", "content_block_delta", "message_delta", "error", "message_stop"]


@given(
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(["message", "delta", "content_block", "usage", "error"]), JSON),
)
def test_no_shape_of_an_event_is_an_exception(kind: str, frame: dict[str, Any]) -> None:
    read(Reader(), {"type": kind} | frame)
