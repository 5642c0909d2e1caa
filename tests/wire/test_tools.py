"""Golden tables of what the three wires make of tools, thinking and sampling; every body is one the SDKs take."""

import json
from dataclasses import replace
from typing import Any

import pytest

from server.errors import BadRequest
from server.wire.request import (
    Message,
    Output,
    ReasoningPart,
    Request,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from server.wire.tools import arguments_object, unwrapped, wrapped
from tests.upstream.check import problems
from tests.wire.answers import WIRES

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer", "exclusiveMinimum": 1}}}
TOOLS = (Tool("f", "does", SCHEMA), Tool("g", strict=True))
HI = (Message("user", (TextPart("hi"),)),)
CALLED = (
    *HI,
    Message("assistant", (TextPart("so"), ToolCallPart("c1", "f", '{"a":1}'), ToolCallPart("c:2", "f", ""))),
    Message("user", (TextPart("and?"), ToolResultPart("c:2"), ToolResultPart("c1", (TextPart("one"),), is_error=True))),
)


def written(wire: str, request: Request, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = WIRES[wire].write_request(request, **more)
    assert problems(wire, body, {"anthropic-version": "2023-06-01"}) == []
    return body


EMPTY = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("wire", "tools"),
    [
        (
            "messages",
            [
                {"name": "f", "description": "does", "input_schema": SCHEMA},
                {"name": "g", "input_schema": EMPTY, "strict": True},
            ],
        ),
        (
            "chat",
            [
                {"type": "function", "function": {"name": "f", "description": "does", "parameters": SCHEMA}},
                {"type": "function", "function": {"name": "g", "parameters": EMPTY, "strict": True}},
            ],
        ),
        (
            "responses",
            [
                {"type": "function", "name": "f", "description": "does", "parameters": SCHEMA, "strict": False},
                {"type": "function", "name": "g", "parameters": EMPTY, "strict": True},
            ],
        ),
    ],
)
def test_tools_are_defined(wire: str, tools: list[dict[str, Any]]) -> None:
    assert written(wire, Request("m", HI, tools=TOOLS))["tools"] == tools


@pytest.mark.parametrize(
    ("choice", "messages", "chat", "responses"),
    [
        (ToolChoice("auto"), {"type": "auto"}, "auto", "auto"),
        (ToolChoice("any"), {"type": "any"}, "required", "required"),
        (ToolChoice("none"), {"type": "none"}, "none", "none"),
        (
            ToolChoice("tool", ("g",)),
            {"type": "tool", "name": "g"},
            {"type": "function", "function": {"name": "g"}},
            {"type": "function", "name": "g"},
        ),
        (
            ToolChoice("any", ("g",)),
            {"type": "any"},
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]},
            },
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]},
        ),
    ],
)
def test_every_choice_has_its_word(choice: ToolChoice, messages: Any, chat: Any, responses: Any) -> None:
    request = Request("m", HI, tools=TOOLS, tool_choice=choice)
    found = {wire: written(wire, request)["tool_choice"] for wire in WIRES}
    assert found == {"messages": messages, "chat": chat, "responses": responses}
    alone = Request("m", HI, tool_choice=choice, parallel_tool_calls=False)
    assert all(not {"tool_choice", "parallel_tool_calls"} & written(wire, alone).keys() for wire in WIRES)


def test_a_subset_is_a_shorter_list_where_there_is_no_word_for_it() -> None:
    request = Request("m", HI, tools=TOOLS, tool_choice=ToolChoice("auto", ("g",)))
    assert [tool["name"] for tool in written("messages", request)["tools"]] == ["g"]


def test_one_call_at_a_time_is_said_within_anthropics_choice() -> None:
    request = Request("m", HI, tools=TOOLS, parallel_tool_calls=False)
    assert written("messages", request)["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert written("chat", request)["parallel_tool_calls"] is False
    assert written("responses", request)["parallel_tool_calls"] is False


def test_calls_and_results_of_a_message() -> None:
    request = Request("m", CALLED)
    body = written("messages", request)
    renamed = WIRES["messages"].tool_id("c:2")
    assert body["messages"][1]["content"][1:] == [
        {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
        {"type": "tool_use", "id": renamed, "name": "f", "input": {}},
    ]
    assert body["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": renamed, "content": ""},
        {"type": "tool_result", "tool_use_id": "c1", "content": "one", "is_error": True},
        {"type": "text", "text": "and?"},
    ]
    # A history with calls is refused where no tool is offered.
    assert body["tools"] == [{"name": "f", "input_schema": EMPTY}]


def test_calls_and_results_of_a_completion() -> None:
    assert written("chat", Request("m", CALLED))["messages"][1:] == [
        {
            "role": "assistant",
            "content": "so",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                {"id": "c:2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "[tool error] one"},
        {"role": "tool", "tool_call_id": "c:2", "content": ""},
        {"role": "user", "content": "and?"},
    ]


def test_calls_and_results_of_a_response() -> None:
    ordered = (*CALLED[:2], Message("user", tuple(reversed(CALLED[2].parts))))
    assert written("responses", Request("m", ordered))["input"][1:] == [
        {"role": "assistant", "content": "so"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "function_call", "call_id": "c:2", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "[tool error] one"},
        {"type": "function_call_output", "call_id": "c:2", "output": ""},
        {"role": "user", "content": "and?"},
    ]


@pytest.mark.parametrize(
    ("arguments", "given", "dropped"),
    [
        ("", {}, []),
        ('{"a":1}', {"a": 1}, []),
        ("[1]", {"value": [1]}, []),
        ('{"a":', {"_raw": '{"a":'}, ["c.arguments"]),
    ],
)
def test_arguments_become_an_object_and_are_never_thrown_away(
    arguments: str, given: dict[str, Any], dropped: list[str]
) -> None:
    request = Request("m", (*HI, Message("assistant", (ToolCallPart("c", "f", arguments),))))
    assert written("messages", request)["messages"][1]["content"][0]["input"] == given
    assert request.dropped == dropped


GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
PATCH = Request(
    "m",
    (
        *HI,
        Message("assistant", (ToolCallPart("c", "patch", "*** Begin", custom=True),)),
        Message("user", (ToolResultPart("c", (TextPart("ok"),), custom=True),)),
    ),
    tools=(Tool("patch", "patches", custom=True, format=GRAMMAR),),
    tool_choice=ToolChoice("tool", ("patch",)),
)


def test_a_custom_tool_is_itself_where_it_is_known() -> None:
    body = written("responses", PATCH)
    assert body["tools"] == [{"type": "custom", "name": "patch", "description": "patches", "format": GRAMMAR}]
    assert body["tool_choice"] == {"type": "custom", "name": "patch"}
    assert [item.get("type") for item in body["input"]] == [None, "custom_tool_call", "custom_tool_call_output"]


def test_a_custom_tool_is_a_function_of_one_string_elsewhere() -> None:
    tool = written("messages", PATCH)["tools"][0]
    assert list(tool["input_schema"]["properties"]) == ["input"]
    assert "start: x" in tool["input_schema"]["properties"]["input"]["description"]
    call = written("messages", PATCH)["messages"][1]["content"][0]
    assert call["input"] == {"input": "*** Begin"}
    function = written("chat", PATCH)["messages"][1]["tool_calls"][0]["function"]
    assert json.loads(function["arguments"]) == {"input": "*** Begin"}


def test_wrapping_is_undone_and_other_arguments_are_left_alone() -> None:
    assert unwrapped(wrapped('a "b"')) == 'a "b"'
    assert unwrapped("{") == "{"
    assert unwrapped('{"x":1}') == '{"x":1}'
    assert arguments_object("7") == ({"value": 7}, True)


def test_gemini_gets_schemas_without_the_words_that_it_refuses() -> None:
    schema = {
        "$schema": "x",
        "type": "object",
        "additionalProperties": False,
        "properties": {"$schema": {"type": "integer", "exclusiveMinimum": 1}, "b": {"enum": ["$schema"]}},
        "anyOf": [{"additionalProperties": True}],
    }
    request = Request("m", HI, tools=(Tool("f", None, schema),))
    parameters = written("chat", request, family="gemini")["tools"][0]["function"]["parameters"]
    assert parameters == {
        "type": "object",
        "properties": {"$schema": {"type": "integer"}, "b": {"enum": ["$schema"]}},
        "anyOf": [{}],
    }
    assert request.dropped == ["tools.schema"]
    assert written("chat", replace(request, dropped=[]))["tools"][0]["function"]["parameters"] == schema


def test_a_forced_call_is_made_without_thinking() -> None:
    request = Request("m", HI, tools=TOOLS, tool_choice=ToolChoice("any"), effort="high")
    assert "thinking" not in written("messages", request)
    assert request.dropped == ["thinking"]


def test_thinking_leaves_sampling_alone_and_says_so() -> None:
    request = Request("m", HI, temperature=0.3, top_p=0.9, top_k=3, effort="high")
    body = written("messages", request)
    assert not {"temperature", "top_p", "top_k"} & body.keys()
    assert request.dropped == ["temperature", "top_p", "top_k"]
    cold = Request("m", HI, temperature=1.5, top_p=0.9, top_k=3)
    body = written("messages", cold)
    assert (body["temperature"], body["top_p"], body["top_k"]) == (1.0, 0.9, 3)
    assert cold.dropped == ["temperature"]


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_what_openais_wires_do_not_know_is_reported(wire: str) -> None:
    request = Request("m", HI, top_k=3)
    assert "top_k" not in written(wire, request)
    assert request.dropped == ["top_k"]


def test_what_anthropic_does_not_know_is_reported() -> None:
    request = Request("m", HI, verbosity="low", service_tier="flex", metadata={"a": "b"})
    assert "metadata" not in written("messages", request)
    assert request.dropped == ["verbosity", "service_tier", "metadata"]


@pytest.mark.parametrize(("family", "kept"), [("openrouter", True), ("groq", False), (None, False)])
def test_what_only_openai_knows_is_sent_only_where_it_is_known(family: str | None, kept: bool) -> None:
    own = {"verbosity": "low", "service_tier": "flex", "metadata": {"a": "b"}}
    request = Request("m", HI, **own)  # type: ignore[arg-type]
    body = WIRES["chat"].write_request(request, family=family)
    assert {field: value for field, value in body.items() if field in own} == (own if kept else {})
    assert request.dropped == ([] if kept else list(own))


def test_the_calls_of_a_long_history_are_gone_through_once() -> None:
    class Counted(Request):
        def calls(self) -> Any:
            seen.append(self)
            return Request.calls(self)

    seen: list[Request] = []
    turns = (Message("assistant", (ToolCallPart("c", "f", "{}"),)), Message("user", (ToolResultPart("c"),)))
    assert len(written("chat", Counted("m", HI + turns * 20))["messages"]) == 41
    assert len(seen) == 1


def test_structured_output_and_effort_share_a_drawer() -> None:
    request = Request("m", HI, output=Output(SCHEMA), effort="low")
    config = written("messages", request)["output_config"]
    assert config == {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"}
    named = {"name": "answer", "schema": SCHEMA, "strict": True}
    assert written("chat", request)["response_format"] == {"type": "json_schema", "json_schema": named}
    assert written("responses", request)["text"] == {"format": {"type": "json_schema"} | named}


def test_any_json_is_asked_for_in_words_where_there_is_no_field() -> None:
    request = Request("m", HI, output=Output(), system="be kind")
    assert written("messages", request)["system"].startswith("be kind\n\nAnswer with one JSON")
    assert request.dropped == ["response_format"]
    assert written("chat", request)["response_format"] == {"type": "json_object"}
    blocks = written("messages", replace(request, system=(TextPart("be kind"),)))["system"]
    assert len(blocks) == 2


def test_an_instruction_in_the_middle_keeps_its_place() -> None:
    request = Request("m", (*HI, Message("system", (TextPart("now"),)), *HI))
    assert written("chat", request)["messages"][1] == {"role": "system", "content": "now"}
    assert written("responses", request)["input"][1] == {"role": "developer", "content": "now"}
    reminder = {"type": "text", "text": "<system-reminder>\nnow\n</system-reminder>"}
    assert written("messages", request)["messages"][1] == {"role": "user", "content": [reminder]}


def test_servers_that_want_their_thinking_back_get_it_as_thinking() -> None:
    thought = Message("assistant", (ReasoningPart("hm"), ToolCallPart("c", "f", "{}")))
    body = WIRES["chat"].write_request(Request("m", (*HI, thought)), replay_reasoning=True)
    assert body["messages"][1]["reasoning_content"] == "hm"
    assert "hm" not in json.dumps(written("chat", Request("m", (*HI, thought))))


def test_an_answer_that_was_begun_is_not_openais_to_finish() -> None:
    request = Request("m", (*HI, Message("assistant", (TextPart("once upon"),))))
    with pytest.raises(BadRequest, match="the last word"):
        written("responses", request)


def test_a_client_that_asks_for_one_token_gets_the_fewest_there_are() -> None:
    request = Request("m", HI, max_output_tokens=1)
    assert written("responses", request)["max_output_tokens"] == 16
    assert request.dropped == ["max_output_tokens"]
