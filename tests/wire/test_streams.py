"""Written streams: any answer, in any pieces, is to the SDKs the same as the one that is not streamed."""

from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.wire import anthropic_messages, openai_chat, openai_responses
from server.wire.errors import Problem
from server.wire.events import (
    Event,
    Finish,
    Reasoning,
    ReasoningEnd,
    Start,
    Text,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)
from server.wire.provenance import Signature, opened
from tests.wire.answers import IDS, KEY, WIRES, read, streams, written
from tests.wire.clients import ASKED, events, facts, parsed, rebuilt
from tests.wire.grammar import frames, problems

EVERY_WIRE = pytest.mark.parametrize("wire", WIRES)


def writer(wire: str, **asked: Any) -> Any:
    return WIRES[wire].Writer(ASKED[wire] | asked, response_id=IDS[wire], created=1, key=KEY, input_tokens=7)


@EVERY_WIRE
@given(streams())
@settings(max_examples=30, deadline=None)
def test_a_stream_rebuilt_is_the_whole_answer(wire: str, stream: list[Event]) -> None:
    answer = written(wire, ASKED[wire], stream)
    assert problems(wire, answer.stream) == []
    assert facts(wire, rebuilt(wire, answer.stream)) == facts(wire, parsed(wire, 200, answer.whole))


@pytest.mark.parametrize("upstream", WIRES)
@pytest.mark.parametrize("client", WIRES)
@given(streams(), st.data())
@settings(max_examples=15, deadline=None)
def test_any_wire_can_be_read_and_written_as_any_other(
    upstream: str, client: str, stream: list[Event], data: st.DataObject
) -> None:
    there = written(upstream, ASKED[upstream], stream)
    size = data.draw(st.integers(1, 40))
    chunks = [there.stream[at : at + size] for at in range(0, len(there.stream), size)]
    here = written(client, ASKED[client], read(upstream, chunks))
    assert problems(client, here.stream) == []
    said = facts(client, rebuilt(client, here.stream))
    assert said == facts(client, parsed(client, 200, here.whole))
    assert said == facts(upstream, there.whole | _null_calls(upstream, there.whole))


def _null_calls(wire: str, whole: dict[str, Any]) -> dict[str, Any]:
    """The SDK's models have every field, our body only those that say something."""
    if wire != "chat":
        return {}
    choice = whole["choices"][0]
    return {"choices": [choice | {"message": {"tool_calls": None} | choice["message"]}]}


@EVERY_WIRE
def test_a_stream_begins_with_its_first_content_and_not_before(wire: str) -> None:
    stream = writer(wire)
    assert stream.write(Start("x", "y")) == b""
    assert stream.write(Usage(input=3)) == b""
    assert stream.write(Text("a")) != b""


@EVERY_WIRE
def test_a_heartbeat_begins_the_stream_and_the_sdk_takes_it(wire: str) -> None:
    stream = writer(wire)
    data = stream.heartbeat() + stream.heartbeat() + stream.write(Text("a")) + stream.heartbeat()
    data += stream.write(Finish("stop"))
    assert problems(wire, data) == []
    assert facts(wire, rebuilt(wire, data))["text"] == "a"
    assert stream.heartbeat() == b""


@EVERY_WIRE
def test_an_answer_of_nothing_is_an_answer(wire: str) -> None:
    answer = written(wire, ASKED[wire], [Finish("stop")])
    assert problems(wire, answer.stream) == []
    said = facts(wire, rebuilt(wire, answer.stream))
    assert (said["text"], said["calls"], said["finish"]) == ("", [], "stop")
    assert said == facts(wire, parsed(wire, 200, answer.whole))


@EVERY_WIRE
@pytest.mark.parametrize("before", [[], [Text("half")], [ToolCallStart(0, "c", "f"), ToolCallDelta(0, '{"a"')]])
def test_a_broken_answer_ends_in_an_error_and_in_nothing_else(wire: str, before: list[Event]) -> None:
    stream = writer(wire)
    data = b"".join(stream.write(event) for event in before)
    data += stream.fail(Problem("overloaded", "the provider is overloaded: try again"))
    assert stream.write(Text("more")) + stream.write(Finish("stop")) + stream.fail(Problem("timeout", "x")) == b""
    assert problems(wire, data) == []
    if wire == "responses":
        last = events(wire, data)[-1]
        assert (last.type, last.response.status, last.response.error.code) == (
            "response.failed",
            "failed",
            "overloaded",
        )
    else:
        error: Any = anthropic.APIStatusError if wire == "messages" else openai.APIError
        with pytest.raises(error, match="overloaded"):
            events(wire, data)


@pytest.mark.parametrize(
    ("finish", "messages", "chat", "responses"),
    [
        (Finish("stop"), "end_turn", "stop", ("completed", None)),
        (Finish("stop", stop_sequence="END"), "stop_sequence", "stop", ("completed", None)),
        (Finish("length"), "max_tokens", "length", ("incomplete", "max_output_tokens")),
        (
            Finish("context_full"),
            "model_context_window_exceeded",
            "length",
            ("incomplete", "max_output_tokens"),
        ),
        (Finish("refusal", "no"), "refusal", "content_filter", ("incomplete", "content_filter")),
        (Finish("tool_calls"), "end_turn", "stop", ("completed", None)),
    ],
)
def test_every_end_has_its_word_on_every_wire(
    finish: Finish, messages: str, chat: str, responses: tuple[str, str | None]
) -> None:
    stream: list[Event] = [Text("a"), finish]
    message = rebuilt("messages", written("messages", ASKED["messages"], stream).stream)
    assert (message["stop_reason"], message["stop_sequence"]) == (messages, finish.stop_sequence)
    completion = rebuilt("chat", _chat(stream))
    assert completion["choices"][0]["finish_reason"] == chat
    response = written("responses", ASKED["responses"], stream).whole
    reason = (response["incomplete_details"] or {}).get("reason")
    assert (response["status"], reason) == responses


def _chat(stream: list[Event]) -> bytes:
    return written("chat", ASKED["chat"], stream).stream


def test_a_call_beats_the_reason() -> None:
    stream: list[Event] = [ToolCallStart(0, "c", "f"), ToolCallEnd(0), Finish("stop")]
    assert written("messages", {}, stream).whole["stop_reason"] == "tool_use"
    assert written("chat", {}, stream).whole["choices"][0]["finish_reason"] == "tool_calls"


def test_a_refusal_is_one_on_openais_wires_and_a_reason_on_anthropics() -> None:
    stream: list[Event] = [Text("I will not", refusal=True), Finish("refusal", "I will not")]
    chat = rebuilt("chat", _chat(stream))["choices"][0]
    assert (chat["message"]["refusal"], chat["finish_reason"]) == ("I will not", "content_filter")
    response = rebuilt("responses", written("responses", ASKED["responses"], stream).stream)
    assert response["output"][0]["content"][0]["refusal"] == "I will not"
    assert response["status"] == "completed"
    message = rebuilt("messages", written("messages", ASKED["messages"], stream).stream)
    assert (message["stop_reason"], message["stop_details"]["explanation"]) == ("refusal", "I will not")


def test_usage_adds_up_on_every_wire() -> None:
    usage = Usage(input=10, cache_read=20, cache_write_5m=3, cache_write_long=4, output=5, reasoning=6)
    stream: list[Event] = [Text("a"), usage, Finish("stop")]
    chat = rebuilt("chat", _chat(stream))["usage"]
    assert (chat["prompt_tokens"], chat["completion_tokens"], chat["total_tokens"]) == (37, 11, 48)
    assert chat["prompt_tokens_details"]["cached_tokens"] == 20
    message = rebuilt("messages", written("messages", ASKED["messages"], stream).stream)["usage"]
    assert (message["input_tokens"], message["cache_creation_input_tokens"]) == (10, 7)
    assert (message["cache_read_input_tokens"], message["output_tokens"]) == (20, 11)
    whole = written("messages", ASKED["messages"], stream).whole["usage"]
    assert whole["cache_creation"] == {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4}
    response = rebuilt("responses", written("responses", ASKED["responses"], stream).stream)["usage"]
    assert (response["input_tokens"], response["output_tokens"], response["total_tokens"]) == (37, 11, 48)
    assert response["output_tokens_details"]["reasoning_tokens"] == 6


def test_usage_comes_to_a_chat_only_when_it_was_asked_for() -> None:
    asked = {"model": "m", "messages": []}
    data = written("chat", asked, [Text("a"), Usage(input=1), Finish("stop")]).stream
    assert b"usage" not in data


def test_the_start_of_a_message_estimates_its_input() -> None:
    assert frames(writer("messages").write(Text("a")))[0]["message"]["usage"]["input_tokens"] == 7


THINKING: list[Event] = [
    Reasoning("hm"),
    ReasoningEnd(Signature("openai", "blob", "rs_9")),
    Text("so"),
    Finish("stop"),
]


def test_a_signature_travels_sealed() -> None:
    message = rebuilt("messages", written("messages", ASKED["messages"], THINKING).stream)
    block = message["content"][0]
    assert block["thinking"] == "hm"
    assert opened(block["signature"], KEY) == Signature("openai", "blob", "rs_9")
    response = rebuilt("responses", written("responses", ASKED["responses"], THINKING).stream)
    assert opened(response["output"][0]["encrypted_content"], KEY) == Signature("openai", "blob", "rs_9")
    chat = written("chat", ASKED["chat"] | {"include_reasoning": True}, THINKING)
    detail = chat.whole["choices"][0]["message"]["reasoning_details"][0]
    assert opened(detail["data"], KEY) == Signature("openai", "blob", "rs_9")
    assert detail["data"].encode() in chat.stream


def test_thinking_without_a_word_is_hidden_and_kept() -> None:
    stream: list[Event] = [ReasoningEnd(Signature("openai", "blob", "rs_9")), Text("so"), Finish("stop")]
    for answer in (written("messages", ASKED["messages"], stream), written("responses", ASKED["responses"], stream)):
        assert b"gwsig1.openai." in answer.stream
    message = rebuilt("messages", written("messages", ASKED["messages"], stream).stream)
    assert [block["type"] for block in message["content"]] == ["redacted_thinking", "text"]
    response = written("responses", ASKED["responses"] | {"include": []}, stream)
    assert [item["type"] for item in response.whole["output"]] == ["message"]
    assert b"reasoning" not in response.stream.replace(b'"reasoning":', b"").replace(b"reasoning_tokens", b"")


def test_a_client_that_did_not_ask_for_thinking_sees_none() -> None:
    asked = {"model": "m", "max_tokens": 1, "messages": []}
    answer = written("messages", asked, THINKING)
    assert problems("messages", answer.stream) == []
    assert b"thinking" not in answer.stream.replace(b"thinking_tokens", b"")
    assert [block["type"] for block in answer.whole["content"]] == ["text"]
    quiet = written("messages", asked | {"thinking": {"type": "adaptive", "display": "omitted"}}, THINKING)
    assert quiet.whole["content"][0]["thinking"] == ""
    assert b"thinking_delta" not in quiet.stream
    assert b"signature_delta" in quiet.stream


def test_what_belongs_to_a_call_comes_before_it_or_beside_it() -> None:
    extra = Signature("gemini", '{"google":{"thought_signature":"abc"}}', call="call_1")
    stream: list[Event] = [ToolCallStart(0, "call_1", "f", extra=extra), ToolCallEnd(0), Finish("tool_calls")]
    for wire in ("messages", "responses"):
        answer = written(wire, ASKED[wire], stream)
        assert problems(wire, answer.stream) == []
        assert b"gwsig1.gemini." in answer.stream
    chat = written("chat", ASKED["chat"], stream).whole["choices"][0]["message"]["tool_calls"][0]
    assert chat["extra_content"] == {"google": {"thought_signature": "abc"}}


CUSTOM = {"type": "custom", "name": "patch"}


def test_a_custom_tool_gets_its_plain_text_back() -> None:
    asked = ASKED["responses"] | {"tools": [CUSTOM]}
    stream: list[Event] = [
        ToolCallStart(0, "c", "patch"),
        ToolCallDelta(0, '{"input":"*** Be'),
        ToolCallDelta(0, 'gin"}'),
        ToolCallEnd(0),
        Finish("tool_calls"),
    ]
    writer = openai_responses.Writer(asked, response_id="resp_1", created=1, key=KEY)
    data = b"".join(writer.write(event) for event in stream)
    assert problems("responses", data) == []
    item = rebuilt("responses", data)["output"][0]
    assert (item["type"], item["call_id"], item["input"]) == ("custom_tool_call", "c", "*** Begin")


def test_half_a_character_does_not_break_the_stream() -> None:
    writer = openai_chat.Writer({"model": "m"}, response_id="c", created=1, key=KEY)
    assert b'"\\ud83d"' in writer.write(Text("\ud83d"))


def test_ids_that_anthropics_clients_would_not_take_are_renamed_the_same_way() -> None:
    stream: list[Event] = [ToolCallStart(0, "functions.f:0", "f"), ToolCallEnd(0), Finish("tool_calls")]
    call = written("messages", {}, stream).whole["content"][0]
    assert call["id"].startswith("tu_")
    assert call["id"] == anthropic_messages.tool_id("functions.f:0")
