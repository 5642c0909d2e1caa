"""Tool calls as servers really send them: late names, missing ids, one index for two, arguments all at once."""

import json
from typing import Any

import pytest

from server.wire import anthropic_messages, openai_chat, openai_responses
from server.wire.blocks import Block
from server.wire.events import Finish, Text, ToolCallEnd, ToolCallStart
from server.wire.provenance import Signature
from tests.wire.answers import collected
from tests.wire.reading import read


def chunk(*pieces: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"choices": [{"delta": {"tool_calls": list(pieces)} | more}]}


def piece(index: int | None, arguments: Any = None, name: str | None = None, **more: Any) -> dict[str, Any]:
    return {"index": index, "function": {"name": name, "arguments": arguments}} | more


DONE = {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}


def calls(reader: Any, *frames: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The id, the name and the arguments of every call."""
    blocks: list[Block] = collected(read(reader, *frames)).blocks  # type: ignore[arg-type]
    return [(block.call.id, block.call.name, block.text) for block in blocks if block.call is not None]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        pytest.param(
            [chunk(piece(0, "", "f", id="a")), chunk(piece(0, '{"x"')), chunk(piece(0, ":1}")), DONE],
            [("a", "f", '{"x":1}')],
            id="as documented",
        ),
        pytest.param(
            [chunk(piece(0, '{"x"', id="a")), chunk(piece(0, ":1}", "f")), DONE],
            [("a", "f", '{"x":1}')],
            id="the name comes late",
        ),
        pytest.param(
            [
                chunk(piece(0, "", "f", id="a"), piece(1, "", "g", id="b")),
                chunk(piece(1, "{"), piece(0, "{")),
                chunk(piece(0, "}"), piece(1, "}")),
                DONE,
            ],
            [("a", "f", "{}"), ("b", "g", "{}")],
            id="interleaved",
        ),
        pytest.param(
            [chunk(piece(0, "{}", "f", id="a")), chunk(piece(0, "{}", "f", id="b")), DONE],
            [("a", "f", "{}"), ("b", "f", "{}")],
            id="one index for two calls",
        ),
        pytest.param(
            [chunk(piece(None, "{}", "f", id="a"), piece(None, "{}", "g", id="b")), DONE],
            [("a", "f", "{}"), ("b", "g", "{}")],
            id="no index",
        ),
        pytest.param([chunk(piece(0, {"x": 1}, "f", id="a")), DONE], [("a", "f", '{"x": 1}')], id="an object"),
        pytest.param([chunk(piece(0, None, "f", id="a")), DONE], [("a", "f", "")], id="no arguments"),
        pytest.param([chunk(piece(0, "{}", id="a")), DONE], [], id="never a name"),
        pytest.param(
            [chunk(piece(0, "{}", "f", id="a"), content="first"), DONE],
            [("a", "f", "{}")],
            id="text in the same chunk",
        ),
    ],
)
def test_chat_calls_are_put_together(frames: list[dict[str, Any]], expected: list[tuple[str, str, str]]) -> None:
    assert calls(openai_chat.Reader(), *frames) == expected


def test_text_in_the_chunk_of_a_call_comes_first() -> None:
    events = read(openai_chat.Reader(), chunk(piece(0, "{}", "f", id="a"), content="first"), DONE)
    kinds = [type(event) for event in events]
    assert kinds.index(Text) < kinds.index(ToolCallStart)


def test_a_call_without_an_id_gets_one() -> None:
    (call,) = calls(openai_chat.Reader(), chunk(piece(0, "{}", "f")), DONE)
    assert call[0].startswith("call_")


def test_a_call_beats_the_reason_that_follows_it() -> None:
    stop = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    assert read(openai_chat.Reader(), chunk(piece(0, "{}", "f", id="a")), stop)[-1] == Finish("tool_calls")
    length = {"choices": [{"delta": {}, "finish_reason": "length"}]}
    assert read(openai_chat.Reader(), chunk(piece(0, "{", "f", id="a")), length)[-1] == Finish("length")


def test_the_old_function_call_is_a_call() -> None:
    legacy = {"choices": [{"delta": {"function_call": {"name": "f", "arguments": "{}"}}}]}
    assert [call[1:] for call in calls(openai_chat.Reader(), legacy, DONE)] == [("f", "{}")]


def test_what_gemini_puts_beside_a_call_is_kept_with_its_maker() -> None:
    extra = {"google": {"thought_signature": "abc"}}
    events = read(openai_chat.Reader("gemini"), chunk(piece(0, "{}", "f", id="a", extra_content=extra)), DONE)
    start = next(event for event in events if isinstance(event, ToolCallStart))
    assert start.extra == Signature("gemini", json.dumps(extra), call="a")


def item(kind: str, **more: Any) -> dict[str, Any]:
    given = {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "f", "arguments": ""} | more
    return {"type": f"response.output_item.{kind}", "output_index": 0, "item": given}


def responses(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.function_call_arguments.{kind}", "output_index": 0, "item_id": "fc_1"} | more


END = {"type": "response.completed", "response": {"output": []}}


@pytest.mark.parametrize(
    "frames",
    [
        [item("added"), responses("delta", delta="{"), responses("delta", delta="}"), item("done", arguments="{}")],
        [item("added"), responses("done", arguments="{}"), item("done", arguments="{}")],
        [item("added"), item("done", arguments="{}")],
        [item("done", arguments="{}")],
        [item("added"), responses("delta", delta="{}"), responses("done", arguments="{}")],
    ],
)
def test_calls_of_a_response_are_whole_however_they_come(frames: list[dict[str, Any]]) -> None:
    assert calls(openai_responses.Reader(), *frames, END) == [("a", "f", "{}")]
    assert read(openai_responses.Reader(), *frames, END)[-1] == Finish("tool_calls")


def test_reasoning_of_a_response_keeps_what_only_openai_can_read() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "blob"}
    frame = {"type": "response.output_item.done", "output_index": 0, "item": thought}
    (block,) = collected(read(openai_responses.Reader(), frame, END)).blocks  # type: ignore[arg-type]
    assert (block.kind, block.text, block.signature) == ("reasoning", "", Signature("openai", "blob", "rs_1"))


def test_calls_of_a_message_are_read() -> None:
    block = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    delta = {"type": "input_json_delta", "partial_json": "{}"}
    frames = [
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": block | {"id": "b", "input": {"x": 1}}},
        {"type": "content_block_stop", "index": 1},
    ]
    assert calls(anthropic_messages.Reader(), *frames) == [("a", "f", "{}"), ("b", "f", '{"x": 1}')]
    assert read(anthropic_messages.Reader(), *frames)[-1] == ToolCallEnd(1)


def test_redacted_thinking_of_a_message_is_kept() -> None:
    frames = [
        {"type": "content_block_start", "content_block": {"type": "redacted_thinking", "data": "blob"}},
        {"type": "content_block_stop"},
    ]
    (block,) = collected(read(anthropic_messages.Reader(), *frames)).blocks  # type: ignore[arg-type]
    assert block.signature == Signature("anthropic", "blob", redacted=True)
