"""Histories as clients send them: who said what, which calls and results belong together, whose thinking it is."""

import json
from typing import Any

import pytest

from server.wire.provenance import Signature, seal
from server.wire.request import (
    DocumentPart,
    ImagePart,
    Message,
    ReasoningPart,
    Request,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from tests.wire.answers import KEY, WIRES
from tests.wire.asking import ASK, asked, turns

PNG = "data:image/png;base64,aGk="


def test_leading_instructions_are_the_system_and_later_ones_stay_where_they_are() -> None:
    request = asked(
        "chat",
        messages=[
            {"role": "system", "content": "one"},
            {"role": "developer", "content": [{"type": "text", "text": "two"}]},
            ASK,
            {"role": "system", "content": "three"},
        ],
    )
    assert request.system == (TextPart("one"), TextPart("two"))
    assert request.messages[1] == Message("system", (TextPart("three"),))
    late = asked("responses", instructions="zero", input=[{"role": "developer", "content": "one"}, ASK])
    assert late.system == (TextPart("zero"), TextPart("one"))


def test_an_instruction_within_a_message_of_anthropics_keeps_its_place() -> None:
    content = [
        {"type": "text", "text": "a"},
        {"type": "mid_conv_system", "content": [{"type": "text", "text": "now"}]},
        {"type": "text", "text": "b"},
    ]
    found = turns("messages", {"role": "user", "content": content})
    assert [(message.role, message.text) for message in found] == [("user", "a"), ("system", "now"), ("user", "b")]


CALLS = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "c2", "type": "function", "function": {"name": "f", "arguments": ""}},
    ],
}


def test_results_come_together_with_what_the_user_says_after_them() -> None:
    found = turns(
        "chat",
        ASK,
        CALLS,
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": "[tool error] two"},
        {"role": "user", "content": "and?"},
    )
    assert found[1] == Message("assistant", (ToolCallPart("c1", "f", '{"a":1}'), ToolCallPart("c2", "f", "")))
    assert found[2] == Message(
        "user",
        (
            ToolResultPart("c1", (TextPart("one"),)),
            ToolResultPart("c2", (TextPart("two"),), is_error=True),
            TextPart("and?"),
        ),
    )


def test_items_of_one_turn_are_one_message() -> None:
    found = turns(
        "responses",
        ASK,
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "blob"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "so", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "p", "input": "raw"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_image", "image_url": PNG}]},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "ok"},
    )
    assert found[1] == Message(
        "assistant",
        (
            ReasoningPart("", Signature("openai", "blob", "rs_1")),
            TextPart("so"),
            ToolCallPart("c1", "f", "{}"),
            ToolCallPart("c2", "p", "raw", custom=True),
        ),
    )
    assert found[2] == Message(
        "user",
        (
            ToolResultPart("c1", (ImagePart("image/png", b"hi"),)),
            ToolResultPart("c2", (TextPart("ok"),), custom=True),
        ),
    )


def test_a_result_of_a_call_that_was_left_out_goes_with_it() -> None:
    request = asked(
        "responses",
        input=[
            ASK,
            {"type": "tool_search_call", "call_id": "x", "arguments": {}},
            {"type": "function_call_output", "call_id": "x", "output": "?"},
        ],
    )
    assert len(request.messages) == 1
    assert request.dropped == ["input[1]", "input[2]"]


def test_the_old_way_of_calling_functions_still_works() -> None:
    found = turns(
        "chat",
        ASK,
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "one"},
    )
    call, result = found[1].parts[0], found[2].parts[0]
    assert isinstance(call, ToolCallPart)
    assert isinstance(result, ToolResultPart)
    assert (call.name, result.call_id) == ("f", call.id)


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}, "title": "t"},
            (DocumentPart("text/plain", "t", b"hi"),),
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "hi"}]}},
            (TextPart("hi"),),
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
            (DocumentPart("application/pdf", "", url="https://example.com/a.pdf"),),
        ),
        (
            {"type": "search_result", "title": "t", "source": "s", "content": [{"type": "text", "text": "hi"}]},
            (TextPart("t\ns\n"), TextPart("hi")),
        ),
        (
            {"type": "tool_result", "tool_use_id": "c", "content": "no", "is_error": True},
            (ToolResultPart("c", (TextPart("no"),), is_error=True),),
        ),
        ({"type": "tool_result", "tool_use_id": "c"}, (ToolResultPart("c"),)),
        (
            {"type": "thinking", "thinking": "hm", "signature": "theirs"},
            (ReasoningPart("hm", Signature("anthropic", "theirs")),),
        ),
        ({"type": "thinking", "thinking": "hm", "signature": ""}, (ReasoningPart("hm"),)),
        (
            {"type": "redacted_thinking", "data": "theirs"},
            (ReasoningPart("", Signature("anthropic", "theirs", redacted=True)),),
        ),
    ],
)
def test_every_block_is_read(block: dict[str, Any], parts: tuple[Any, ...]) -> None:
    assert turns("messages", ASK, {"role": "user", "content": [block]})[1].parts == parts


def test_our_own_envelopes_are_opened_and_forged_ones_are_dropped() -> None:
    ours = seal(Signature("openai", "blob", "rs_9"), KEY)
    forged = seal(Signature("openai", "blob", "rs_9"), b"another key")
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": ours},
        {"type": "thinking", "thinking": "so", "signature": forged},
    ]
    request = asked("messages", messages=[ASK, {"role": "assistant", "content": blocks}])
    assert request.messages[1].parts == (ReasoningPart("hm", Signature("openai", "blob", "rs_9")), ReasoningPart("so"))
    assert request.dropped == ["messages[1].content[1]"]


@pytest.mark.parametrize("wire", ["messages", "responses"])
def test_what_belongs_to_a_call_finds_it_again(wire: str) -> None:
    extra = Signature("gemini", '{"google":{"thought_signature":"abc"}}', call="c1")
    sealed = seal(extra, KEY)
    if wire == "messages":
        blocks = [
            {"type": "redacted_thinking", "data": sealed},
            {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
        ]
        found = turns(wire, ASK, {"role": "assistant", "content": blocks})
    else:
        found = turns(
            wire,
            ASK,
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        )
    assert found[1].parts == (ToolCallPart("c1", "f", "{}", extra=extra),)
    request = Request("m", found)
    back = WIRES["chat"].write_request(request, family="gemini")
    assert back["messages"][1]["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "abc"}}
    other = WIRES["chat"].write_request(request, family="groq")
    assert "abc" not in json.dumps(other)
    assert "extra_content" in request.dropped


def test_a_body_that_goes_as_it_is_loses_only_what_is_not_its_makers() -> None:
    foreign, own = seal(Signature("openai", "blob", "rs_9"), KEY), seal(Signature("anthropic", "true"), KEY)
    thinking = [{"type": "thinking", "thinking": text, "signature": text} for text in ("theirs", foreign, own, "")]
    body = {"model": "m", "messages": [ASK, {"role": "assistant", "content": thinking}]}
    kept, dropped = WIRES["messages"].own_history(body, KEY)
    assert [block["signature"] for block in kept["messages"][1]["content"]] == ["theirs", "true"]
    assert dropped == ("reasoning",)
    items = [ASK, {"type": "reasoning", "id": "x", "summary": [], "encrypted_content": own}]
    assert WIRES["responses"].own_history({"input": items}, KEY) == ({"input": [ASK]}, ("reasoning",))
    mine = [{"type": "reasoning", "id": "x", "summary": [], "encrypted_content": foreign}]
    restored, dropped = WIRES["responses"].own_history({"input": mine}, KEY)
    assert (restored["input"][0]["id"], restored["input"][0]["encrypted_content"]) == ("rs_9", "blob")
    assert dropped == ()


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        ("messages", {"messages": [ASK]}),
        ("messages", {"messages": "none"}),
        ("chat", {"messages": [ASK, {"role": "assistant", "content": "a", "reasoning_details": []}]}),
        ("responses", {"input": "hi"}),
        ("responses", {"input": [{"type": "reasoning", "id": "rs_0f", "summary": []}]}),
        ("responses", {"input": [{"type": "reasoning", "id": "rs_0f", "encrypted_content": "theirs"}], "store": False}),
    ],
)
def test_a_body_without_a_foreign_word_is_the_same_object(wire: str, body: dict[str, Any]) -> None:
    kept, dropped = WIRES[wire].own_history(body, KEY, "openrouter" if wire == "chat" else "openai")
    assert kept is body and dropped == ()


@pytest.mark.parametrize(("name", "more"), [("rs_0f", {"store": False}), ("rs_01kabc_0", {})])
def test_thinking_that_is_only_a_name_goes_where_nobody_has_it(name: str, more: dict[str, Any]) -> None:
    body = {"input": [ASK, {"type": "reasoning", "id": name, "summary": []}]} | more
    assert WIRES["responses"].own_history(body, KEY) == ({"input": [ASK]} | more, ("reasoning",))


def test_thinking_on_the_wire_of_completions_goes_only_where_it_is_known() -> None:
    details = [
        {"type": "reasoning.encrypted", "data": data} for data in ("theirs", seal(Signature("openai", "b"), KEY))
    ]
    said = {"role": "assistant", "content": "a", "reasoning_content": "hm", "reasoning_details": details}
    kept, dropped = WIRES["chat"].own_history({"messages": [ASK, said]}, KEY, "openrouter")
    assert kept["messages"] == [ASK, said | {"reasoning_details": details[:1]}]
    assert dropped == ("reasoning",)
    kept, _ = WIRES["chat"].own_history({"messages": [ASK, said]}, KEY, "openai")
    assert kept["messages"] == [ASK, {"role": "assistant", "content": "a"}]
