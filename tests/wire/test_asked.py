"""Golden tables of requests as clients send them: what they mean, what is reported as left out, what is refused."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.errors import BadRequest
from server.wire.request import Message, Output, TextPart, Tool, ToolChoice
from tests.wire.answers import JSON, KEY, WIRES
from tests.wire.asking import ASK, NEEDED, asked

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
F = {"name": "f", "description": "does", "parameters": SCHEMA}
CHAT_TOOLS = [{"type": "function", "function": F}, {"type": "function", "function": {"name": "g"}}]
RESPONSES_TOOLS = [{"type": "function", **F, "strict": True}, {"type": "function", "name": "g"}]
MESSAGES_TOOLS = [{"name": "f", "description": "does", "input_schema": SCHEMA}, {"name": "g", "input_schema": {}}]


@pytest.mark.parametrize(
    ("wire", "fields", "meant"),
    [
        ("messages", {"system": "be kind"}, {"system": "be kind"}),
        ("messages", {"temperature": 0.5, "top_p": 0.9, "top_k": 4}, {"temperature": 0.5, "top_p": 0.9, "top_k": 4}),
        ("messages", {"stop_sequences": ["END"]}, {"stop": ("END",)}),
        ("messages", {"thinking": {"type": "disabled"}}, {"effort": "none", "show_reasoning": False}),
        ("messages", {"thinking": {"type": "adaptive"}}, {"effort": None, "show_reasoning": True}),
        (
            "messages",
            {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "xhigh"}},
            {"effort": "xhigh", "show_reasoning": False},
        ),
        ("messages", {"thinking": {"type": "enabled", "budget_tokens": 500}}, {"effort": "minimal"}),
        ("messages", {"thinking": {"type": "enabled", "budget_tokens": 2000}}, {"effort": "low"}),
        ("messages", {"thinking": {"type": "enabled", "budget_tokens": 5000}}, {"effort": "medium"}),
        ("messages", {"thinking": {"type": "enabled", "budget_tokens": 10000}}, {"effort": "high"}),
        (
            "messages",
            {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
            {"output": Output(SCHEMA)},
        ),
        (
            "messages",
            {"tools": MESSAGES_TOOLS, "tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
            {
                "tools": (Tool("f", "does", SCHEMA), Tool("g")),
                "tool_choice": ToolChoice("any"),
                "parallel_tool_calls": False,
            },
        ),
        (
            "messages",
            {"tools": MESSAGES_TOOLS, "tool_choice": {"type": "tool", "name": "f"}},
            {"tool_choice": ToolChoice("tool", ("f",))},
        ),
        ("messages", {"tool_choice": {"type": "any"}}, {"tool_choice": None}),
        ("chat", {"max_tokens": 5}, {"max_output_tokens": 5}),
        ("chat", {"max_tokens": 5, "max_completion_tokens": 6}, {"max_output_tokens": 6}),
        ("chat", {"stop": "END"}, {"stop": ("END",)}),
        ("chat", {"stop": ["a", "b"]}, {"stop": ("a", "b")}),
        ("chat", {"reasoning_effort": "low", "verbosity": "high"}, {"effort": "low", "verbosity": "high"}),
        ("chat", {"response_format": {"type": "json_object"}}, {"output": Output()}),
        ("chat", {"response_format": {"type": "text"}}, {"output": None}),
        (
            "chat",
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
                }
            },
            {"output": Output(SCHEMA, "n", True)},
        ),
        ("chat", {"tools": CHAT_TOOLS}, {"tools": (Tool("f", "does", SCHEMA), Tool("g"))}),
        ("chat", {"tools": CHAT_TOOLS, "tool_choice": "required"}, {"tool_choice": ToolChoice("any")}),
        ("chat", {"tools": CHAT_TOOLS, "tool_choice": "none"}, {"tool_choice": ToolChoice("none")}),
        (
            "chat",
            {"tools": CHAT_TOOLS, "tool_choice": {"type": "function", "function": {"name": "g"}}},
            {"tool_choice": ToolChoice("tool", ("g",))},
        ),
        (
            "chat",
            {
                "tools": CHAT_TOOLS,
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "required", "tools": [CHAT_TOOLS[1]]},
                },
            },
            {"tool_choice": ToolChoice("any", ("g",))},
        ),
        (
            "chat",
            {"functions": [F], "function_call": {"name": "f"}},
            {"tools": (Tool("f", "does", SCHEMA),), "tool_choice": ToolChoice("tool", ("f",))},
        ),
        (
            "chat",
            {"tools": [{"type": "custom", "custom": {"name": "p", "format": {"type": "text"}}}]},
            {"tools": (Tool("p", custom=True, format={"type": "text"}),)},
        ),
        ("chat", {"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
        ("chat", {"prompt_cache_key": "k", "metadata": {"a": "b"}}, {"cache_key": "k", "metadata": {"a": "b"}}),
        ("responses", {"input": "hello"}, {"messages": (Message("user", (TextPart("hello"),)),)}),
        ("responses", {"instructions": "be kind"}, {"system": (TextPart("be kind"),)}),
        ("responses", {"max_output_tokens": 5}, {"max_output_tokens": 5}),
        (
            "responses",
            {"reasoning": {"effort": "high", "summary": "auto"}, "include": ["reasoning.encrypted_content"]},
            {"effort": "high", "show_reasoning": True, "keep_reasoning": True},
        ),
        (
            "responses",
            {"text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "schema": SCHEMA}}},
            {"verbosity": "low", "output": Output(SCHEMA, "n", False)},
        ),
        ("responses", {"tools": RESPONSES_TOOLS}, {"tools": (Tool("f", "does", SCHEMA, True), Tool("g"))}),
        (
            "responses",
            {"tools": RESPONSES_TOOLS, "tool_choice": {"type": "function", "name": "f"}},
            {"tool_choice": ToolChoice("tool", ("f",))},
        ),
        (
            "responses",
            {
                "tools": RESPONSES_TOOLS,
                "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "g"}]},
            },
            {"tool_choice": ToolChoice("auto", ("g",))},
        ),
        ("responses", {"tools": RESPONSES_TOOLS, "tool_choice": "required"}, {"tool_choice": ToolChoice("any")}),
    ],
)
def test_every_field_has_one_meaning(wire: str, fields: dict[str, Any], meant: dict[str, Any]) -> None:
    request = asked(wire, **fields)
    assert {field: getattr(request, field) for field in meant} == meant
    assert request.dropped == []


@pytest.mark.parametrize(
    ("wire", "fields", "dropped"),
    [
        ("messages", {"metadata": {"user_id": "u"}}, ["metadata"]),
        ("messages", {"context_management": {"edits": []}, "speed": "fast"}, ["context_management", "speed"]),
        ("messages", {"something_new": 1}, ["something_new"]),
        ("messages", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, ["tools[0]"]),
        (
            "messages",
            {
                "tools": [{"type": "web_search_20250305", "name": "web_search"}, *MESSAGES_TOOLS],
                "tool_choice": {"type": "tool", "name": "web_search"},
            },
            ["tools[0]", "tool_choice"],
        ),
        (
            "messages",
            {"tools": [MESSAGES_TOOLS[0] | {"defer_loading": True}]},
            ["tools[0].defer_loading"],
        ),
        (
            "messages",
            {"system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]},
            ["cache_control"],
        ),
        (
            "messages",
            {"system": [{"type": "text", "text": "x-anthropic-billing-header: cc_version=2"}]},
            ["system[0]"],
        ),
        ("messages", {"output_config": {"effort": "immense"}}, ["output_config.effort"]),
        (
            "chat",
            {"seed": 1, "logit_bias": {"1": 2}, "presence_penalty": 0.5},
            ["seed", "logit_bias", "presence_penalty"],
        ),
        ("chat", {"store": True}, ["store"]),
        ("chat", {"store": False}, []),
        ("chat", {"user": "me"}, ["user"]),
        ("chat", {"tools": [{"type": "web_search"}]}, ["tools[0]"]),
        ("chat", {"messages": [ASK | {"name": "ada"}]}, ["messages[0].name"]),
        ("responses", {"store": True, "truncation": "auto"}, ["truncation", "store"]),
        ("responses", {"store": False, "truncation": "disabled"}, []),
        ("responses", {"tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}}, ["tools[0]"]),
        ("responses", {"include": ["message.output_text.logprobs"]}, ["include.message.output_text.logprobs"]),
        (
            "responses",
            {"input": [ASK, {"type": "web_search_call", "id": "ws_1", "status": "completed"}]},
            ["input[1]"],
        ),
        ("responses", {"input": [ASK, ASK | {"role": "assistant", "phase": "commentary"}]}, ["input[1].phase"]),
    ],
)
def test_what_cannot_be_carried_is_reported(wire: str, fields: dict[str, Any], dropped: list[str]) -> None:
    assert asked(wire, **fields).dropped == dropped


@pytest.mark.parametrize("wire", WIRES)
def test_what_is_reported_has_an_end_and_can_be_shown(wire: str) -> None:
    fields: dict[str, Any] = {f"a\nb\x1b[{number}m\u202e": 1 for number in range(100_000)}
    dropped = asked(wire, **fields, **{"long" * 1000: 1}).dropped
    assert dropped[0] == "ab[0m"
    assert len(dropped) == 50 and all(path.isprintable() and len(path) <= 200 for path in dropped)


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_a_history_of_nothing_but_results_is_read_in_one_go(wire: str) -> None:
    if wire == "chat":
        given = [{"role": "function", "name": "f", "content": "r"}, {"role": "tool", "tool_call_id": "c"}] * 20_000
        request = asked(wire, messages=[ASK, {"role": "assistant", "function_call": {"name": "f"}}, *given])
    else:
        given = [{"type": "function_call_output", "call_id": "c", "output": "r"}] * 40_000
        request = asked(wire, input=[ASK, *given])
    assert len(request.messages[-1].parts) == 40_000


@pytest.mark.parametrize(
    ("wire", "fields", "said"),
    [
        ("messages", {"model": None}, "names no model"),
        ("messages", {"messages": "hi"}, "messages has to be a list"),
        ("messages", {"messages": []}, "messages is empty"),
        ("messages", {"messages": ["hi"]}, r"messages\[0\] has to be an object"),
        ("messages", {"messages": [{"role": "robot", "content": "hi"}]}, "has to be user, assistant or system"),
        ("messages", {"max_tokens": 0}, "at least one token"),
        ("messages", {"max_tokens": "many"}, "max_tokens has to be a whole number"),
        ("messages", {"temperature": "hot"}, "temperature has to be a number"),
        ("messages", {"tools": [{"type": "bash_20250124", "name": "bash"}]}, "Anthropic's own models"),
        (
            "messages",
            {"messages": [{"role": "user", "content": [{"type": "container_upload", "file_id": "f"}]}]},
            "container_upload",
        ),
        (
            "messages",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}
                ]
            },
            "send the file itself",
        ),
        (
            "messages",
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "%"}}
                        ],
                    }
                ]
            },
            "not valid base64",
        ),
        ("chat", {"n": 2}, "n has to be 1"),
        ("chat", {"modalities": ["text", "audio"]}, "does not speak"),
        ("chat", {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "audio"),
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
            "send the file itself",
        ),
        (
            "chat",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}
                ]
            },
            "begins with https",
        ),
        ("responses", {"previous_response_id": "resp_1"}, "previous_response_id needs a provider that keeps it"),
        ("responses", {"conversation": "conv_1"}, "conversation needs"),
        ("responses", {"background": True}, "background needs"),
        ("responses", {"input": []}, "input is empty"),
        ("responses", {"input": [{"type": "item_reference", "id": "rs_1"}]}, "send the item itself"),
        (
            "responses",
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
            "send the file itself",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(wire: str, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        asked(wire, **fields)


WORDS = st.sampled_from(
    [
        "type",
        "role",
        "content",
        "text",
        "image",
        "source",
        "data",
        "url",
        "media_type",
        "base64",
        "user",
        "assistant",
        "system",
        "tool",
        "tool_use",
        "tool_result",
        "tool_choice",
        "tools",
        "name",
        "function",
        "custom",
        "id",
        "input",
        "arguments",
        "tool_calls",
        "image_url",
        "file_data",
        "file",
        "reasoning",
        "thinking",
        "signature",
        "encrypted_content",
        "message",
        "function_call",
        "function_call_output",
        "output",
        "call_id",
        "summary",
        "document",
        "title",
        "input_text",
        "input_image",
        "allowed_tools",
        "mode",
        "effort",
        "format",
        "json_schema",
        "schema",
    ]
)
SHAPES = st.recursive(
    JSON | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=8,
)
FIELDS = (
    "messages input system instructions tools tool_choice thinking output_config reasoning text include stop n "
    "response_format max_tokens temperature functions function_call metadata modalities"
)


@pytest.mark.parametrize("wire", WIRES)
@given(st.dictionaries(st.sampled_from(FIELDS.split()), SHAPES, max_size=4), st.lists(SHAPES, max_size=2))
@settings(max_examples=150, deadline=None)
def test_no_shape_of_a_body_is_an_exception(wire: str, fields: dict[str, Any], more: list[Any]) -> None:
    body = NEEDED[wire] | {"messages": [ASK, *more], "input": [ASK, *more]} | fields
    try:
        WIRES[wire].read_request(body, KEY)
    except BadRequest as error:
        assert error.message
    WIRES[wire].own_history(body, KEY)
