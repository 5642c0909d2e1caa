"""What has to survive from one format to another: tool calls, their results, what is dropped and said to be."""

import json
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from tests.gateway import grammar
from tests.gateway.conftest import WIRES, rows
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

upstreams = pytest.mark.parametrize("model", WIRES.values(), ids=WIRES)
clients = pytest.mark.parametrize("wire", ["chat", "responses", "messages"])
streamed = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

CALLS: list[dict[str, Any]] = [
    {"name": "weather", "arguments": {"city": "Zürich", "days": 3}},
    {"name": "now", "arguments": {}},
]
HELLO = [{"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOLS = ("weather", "now")


@clients
@upstreams
@streamed
async def test_parallel_tool_calls_and_their_results_make_the_round(
    house: House, upstream: Upstream, key: str, wire: str, model: str, stream: bool
) -> None:
    upstream.script(Answer(text="Let me look.", chunk=3, calls=CALLS), Answer(text="Rain, at noon.", chunk=4))
    if WIRES[wire] == model:
        upstream.trust()  # what the SDK's own objects look like when they are sent back is no matter of ours
    ask = {"chat": _chat, "responses": _responses, "messages": _messages}[wire]
    called, text = await ask(house.url, key, model, stream)
    assert called == [(call["name"], call["arguments"]) for call in CALLS]
    assert text == "Rain, at noon."
    second = json.dumps(upstream.calls[1].body, ensure_ascii=False)
    assert "22 degrees" in second and "noon sharp" in second
    assert [row.status for row in await rows(house)] == ["done", "done"]


async def _chat(url: str, key: str, model: str, stream: bool) -> tuple[list[Any], str | None]:
    tools: Any = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in TOOLS]
    history: list[Any] = [{"role": "user", "content": "What is it like there?"}]
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0) as client:

        async def ask() -> Any:
            if not stream:
                return await client.chat.completions.create(model=model, messages=history, tools=tools)
            async with client.chat.completions.stream(model=model, messages=history, tools=tools) as events:
                return await events.get_final_completion()

        first = (await ask()).choices[0]
        assert first.finish_reason == "tool_calls"
        history.append(first.message.model_dump(exclude_none=True, exclude={"parsed"}))
        for call, result in zip(first.message.tool_calls, ("22 degrees", "noon sharp"), strict=True):
            history.append({"role": "tool", "tool_call_id": call.id, "content": result})
        for call in history[1]["tool_calls"]:
            call["function"].pop("parsed_arguments", None)
        said = [(call.function.name, json.loads(call.function.arguments)) for call in first.message.tool_calls]
        return said, (await ask()).choices[0].message.content


async def _responses(url: str, key: str, model: str, stream: bool) -> tuple[list[Any], str | None]:
    tools: Any = [{"type": "function", "name": name, "parameters": SCHEMA, "strict": False} for name in TOOLS]
    history: list[Any] = [{"role": "user", "content": "What is it like there?"}]
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0) as client:

        async def ask() -> Any:
            if not stream:
                return await client.responses.create(model=model, input=history, tools=tools, store=False)
            async with client.responses.stream(model=model, input=history, tools=tools, store=False) as events:
                return await events.get_final_response()

        first = await ask()
        calls = [item for item in first.output if item.type == "function_call"]
        for item in first.output:
            history.append(item.model_dump(exclude_none=True, exclude={"parsed_arguments", "status"}))
            for part in history[-1].get("content") or []:
                part.pop("parsed", None)
        for call, result in zip(calls, ("22 degrees", "noon sharp"), strict=True):
            history.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
        return [(call.name, json.loads(call.arguments)) for call in calls], (await ask()).output_text


async def _messages(url: str, key: str, model: str, stream: bool) -> tuple[list[Any], str | None]:
    tools: Any = [{"name": name, "input_schema": SCHEMA} for name in TOOLS]
    history: list[Any] = [{"role": "user", "content": "What is it like there?"}]
    async with anthropic.AsyncAnthropic(api_key=key, base_url=url, max_retries=0) as client:

        async def ask() -> Any:
            asked: Any = {"model": model, "max_tokens": 500, "messages": history, "tools": tools}
            if not stream:
                return await client.messages.create(**asked)
            async with client.messages.stream(**asked) as events:
                return await events.get_final_message()

        first = await ask()
        assert first.stop_reason == "tool_use"
        calls = [block for block in first.content if block.type == "tool_use"]
        content = [block.model_dump(exclude_none=True, exclude={"parsed_output"}) for block in first.content]
        history.append({"role": "assistant", "content": content})
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": result}
            for call, result in zip(calls, ("22 degrees", "noon sharp"), strict=True)
        ]
        history.append({"role": "user", "content": results})
        text = "".join(block.text for block in (await ask()).content if block.type == "text")
        return [(call.name, call.input) for call in calls], text


@clients
@upstreams
async def test_thinking_is_never_shown_as_text(
    tool: httpx2.AsyncClient, upstream: Upstream, wire: str, model: str
) -> None:
    upstream.script(Answer(text="The answer.", reasoning="secret thought", chunk=4))
    body: dict[str, Any] = {"model": model, "stream": True}
    ask = [{"role": "user", "content": "Think."}]
    body |= {"input": ask, "reasoning": {"summary": "auto"}} if wire == "responses" else {"messages": ask}
    if wire == "messages":
        body |= {"max_tokens": 9000, "thinking": {"type": "adaptive"}}
    path = {"chat": "chat/completions"}.get(wire, wire)
    found = grammar.check(wire, (await tool.post(f"/v1/{path}", json=body)).content)
    assert _visible(wire, found) == "The answer."


def _visible(wire: str, found: list[tuple[str | None, Any]]) -> str:
    if wire == "chat":
        choices = [choice for _, data in found if data != "[DONE]" for choice in data["choices"]]
        return "".join(choice["delta"].get("content") or "" for choice in choices)
    if wire == "responses":
        return "".join(data["delta"] for _, data in found if data["type"] == "response.output_text.delta")
    return "".join(data["delta"].get("text", "") for _, data in found if data["type"] == "content_block_delta")


@streamed
async def test_an_answer_that_is_ended_at_a_stop_sequence_is_counted(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream, stream: bool
) -> None:
    upstream.script(Answer(text="one two three STOP four", chunk=4))
    asked = {"model": "gpt-5.1-codex", "messages": HELLO, "stop": "STOP", "stream": stream}
    asked |= {"stream_options": {"include_usage": True}} if stream else {}
    answer = await tool.post("/v1/chat/completions", json=asked)
    whole = answer.json() if not stream else grammar.check("chat", answer.content)[-2][1]
    assert whole["usage"]["prompt_tokens"] > 0 and whole["usage"]["completion_tokens"] > 0
    (row,) = await rows(house)
    assert row.usage_source == "estimated"


async def test_what_had_been_counted_when_an_answer_is_ended_at_a_stop_sequence_is_no_final_count(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    """Some servers count in every piece, and bill what comes until they hear that nobody listens any more."""
    usage = {"prompt_tokens": 900, "completion_tokens": 1, "total_tokens": 901}
    pieces = [
        {"id": "c", "choices": [{"index": 0, "delta": {"content": said}}], "usage": usage}
        for said in ("a b c d e f ", "E5 g")
    ]
    upstream.script(Answer(raw="".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces)))
    asked = {"model": WIRES["chat"], "messages": HELLO, "max_tokens": 50, "stop_sequences": [f"E{n}" for n in range(6)]}
    answer = (await tool.post("/v1/messages", json=asked)).json()
    assert (answer["content"][0]["text"], answer["stop_sequence"]) == ("a b c d e f ", "E5")
    (row,) = await rows(house)
    assert (row.status, row.usage_source, row.input) == ("done", "estimated", 900)
    assert row.output == answer["usage"]["output_tokens"] > 1


async def test_an_answer_of_a_server_that_does_not_count_is_counted_here(
    tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    chunk = {"id": "c", "choices": [{"index": 0, "delta": {"content": "hello there"}, "finish_reason": "stop"}]}
    upstream.script(Answer(raw=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"))
    asked = {"model": WIRES["chat"], "messages": HELLO, "max_tokens": 50}
    usage = (await tool.post("/v1/messages", json=asked)).json()["usage"]
    assert usage["input_tokens"] > 0 and usage["output_tokens"] > 0


@pytest.mark.parametrize(
    ("wire", "model", "fields", "dropped"),
    [
        ("messages", "gpt-4.1", {"thinking": {"type": "disabled"}}, ""),
        ("messages", "gpt-5.1", {"output_config": {"effort": "max"}}, "effort"),
        ("messages", "gpt-5.1", {"temperature": 0.3, "top_p": 0.9}, "temperature, top_p"),
        ("messages", "gpt-4.1", {"max_tokens": 64_000}, "max_output_tokens"),
        ("chat", "claude-sonnet-5-5", {"temperature": 0.3, "reasoning_effort": "minimal"}, "temperature, effort"),
        ("chat", "claude-sonnet-5-5", {"max_tokens": 10**6}, "max_output_tokens"),
    ],
)
async def test_what_a_model_would_refuse_is_made_to_fit(
    tool: httpx2.AsyncClient, upstream: Upstream, wire: str, model: str, fields: dict[str, Any], dropped: str
) -> None:
    asked = {"model": model, "messages": HELLO, "max_tokens": 100} | fields
    path = "messages" if wire == "messages" else "chat/completions"
    answer = await tool.post(f"/v1/{path}", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers.get("x-gateway-dropped", "") == dropped


async def test_names_that_no_header_can_carry_are_reported_without_harm(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    odd = {"a\nb: c": 1, "späß": 1} | {f"field {number:0>100}": 1 for number in range(1000)}
    answer = await tool.post("/v1/messages", json=odd | {"model": "gpt-5.1", "messages": HELLO, "max_tokens": 50})
    assert answer.status_code == 200
    assert answer.headers["x-gateway-dropped"].startswith("ab: c, sp, field 00")
    assert len(answer.headers["x-gateway-dropped"]) <= 1000
    (row,) = await rows(house)
    assert row.dropped[:2] == ["ab: c", "späß"] and len(row.dropped) == 50


async def test_what_cannot_be_carried_is_reported(house: House, tool: httpx2.AsyncClient, upstream: Upstream) -> None:
    asked = {"model": "claude-sonnet-5-5", "seed": 7, "messages": [{"role": "user", "content": "x"}]}
    answer = await tool.post("/v1/chat/completions", json=asked)
    assert answer.headers["x-gateway-dropped"] == "seed"
    (row,) = await rows(house)
    assert row.dropped == ["seed"]


async def test_what_cannot_be_carried_and_matters_is_refused(tool: httpx2.AsyncClient, upstream: Upstream) -> None:
    asked = {"model": "claude-sonnet-5-5", "n": 2, "messages": [{"role": "user", "content": "x"}]}
    answer = await tool.post("/v1/chat/completions", json=asked)
    assert answer.status_code == 400
    assert upstream.calls == []


async def test_a_program_that_sends_responses_to_chat_is_answered_with_one(
    tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    answer = await tool.post("/v1/chat/completions", json={"model": "claude-sonnet-5-5", "input": "hi"})
    assert answer.json()["object"] == "response"
