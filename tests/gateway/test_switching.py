"""A conversation that one model began goes on with another: nobody is shown what only somebody else can read."""

import json
from typing import Any

import httpx2
import pytest

from tests.gateway.conftest import rows
from tests.house import House
from tests.upstream import Answer, Upstream
from tests.upstream.check import ENCRYPTED, SIGNED

pytestmark = pytest.mark.anyio

OTHER = {"messages": "gpt-5.1", "responses": "claude-sonnet-5-5", "chat": "claude-sonnet-5-5"}
"""A model that is served through another format than the client's."""
OWN = {"messages": "claude-sonnet-5-5", "responses": "gpt-5.1", "chat": "gpt-5.1"}
PATHS = {"messages": "messages", "responses": "responses", "chat": "chat/completions"}
HI = {"role": "user", "content": "hi"}


def question(wire: str, model: str, history: list[Any]) -> dict[str, Any]:
    if wire == "responses":
        include = ["reasoning.encrypted_content"]
        return {"model": model, "input": history, "store": False, "include": include, "reasoning": {"summary": "auto"}}
    if wire == "messages":
        return {"model": model, "messages": history, "max_tokens": 9000, "thinking": {"type": "adaptive"}}
    return {"model": model, "messages": history}


def answered(wire: str, answer: dict[str, Any]) -> list[Any]:
    """What a client keeps of an answer."""
    if wire == "responses":
        return list(answer["output"])
    if wire == "messages":
        return [{"role": "assistant", "content": answer["content"]}]
    said = answer["choices"][0]["message"]
    return [{name: value for name, value in said.items() if value is not None}]


async def ask(tool: httpx2.AsyncClient, wire: str, body: dict[str, Any]) -> httpx2.Response:
    answer = await tool.post(f"/v1/{PATHS[wire]}", json=body)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("wire", PATHS)
async def test_the_wires_own_model_takes_over_from_another(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream, wire: str
) -> None:
    more = {"include_reasoning": True} if wire == "chat" else {}
    upstream.script(Answer(text="hello", reasoning="hm"))
    first = await ask(tool, wire, question(wire, OTHER[wire], [HI]) | more)
    assert "hm" in first.text
    history = [HI, *answered(wire, first.json()), HI | {"content": "and now?"}]
    second = await ask(tool, wire, question(wire, OWN[wire], history))
    sent = json.dumps(upstream.calls[1].body)
    assert "gwsig1" not in sent and "hello" in sent and "and now?" in sent
    assert second.headers["x-gateway-dropped"] == "reasoning"
    assert (await rows(house))[1].dropped == ["reasoning"]


@pytest.mark.parametrize("wire", ["messages", "responses"])
async def test_what_the_wires_own_model_thought_comes_back_to_it_through_another(
    tool: httpx2.AsyncClient, upstream: Upstream, wire: str
) -> None:
    history: list[Any] = [HI]
    for model in (OWN[wire], OTHER[wire], OWN[wire]):
        upstream.script(Answer(text="hello", reasoning="hm"))
        answer = await ask(tool, wire, question(wire, model, history))
        history += [*answered(wire, answer.json()), HI]
    own, other = {"messages": (SIGNED, ENCRYPTED), "responses": (ENCRYPTED, SIGNED)}[wire]
    sent = json.dumps(upstream.calls[2].body)
    assert sent.count(f'"{own}"') == 1 and f'"{other}"' not in sent


async def test_tokens_of_a_conversation_that_another_model_began_are_counted(
    tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    upstream.script(Answer(text="hello", reasoning="hm"))
    first = await ask(tool, "messages", question("messages", OTHER["messages"], [HI]))
    history = [HI, *answered("messages", first.json()), HI]
    asked = {"model": OWN["messages"], "messages": history}
    counted = await tool.post("/v1/messages/count_tokens", json=asked)
    assert counted.status_code == 200, counted.text
    assert "x-gateway-estimate" not in counted.headers


async def test_thinking_that_nobody_kept_is_left_out(tool: httpx2.AsyncClient, upstream: Upstream) -> None:
    upstream.script(Answer(text="hello", reasoning="hm"))
    asked = {"input": [HI], "reasoning": {"summary": "auto", "effort": "low"}}
    first = await ask(tool, "responses", asked | {"model": OTHER["responses"]})
    assert "encrypted_content" not in first.text
    history = [HI, *first.json()["output"], HI]
    second = await ask(tool, "responses", asked | {"model": OWN["responses"], "input": history})
    assert second.headers["x-gateway-dropped"] == "reasoning"


async def test_a_body_that_needs_no_change_keeps_its_bytes(tool: httpx2.AsyncClient, upstream: Upstream) -> None:
    upstream.script(Answer(text="hello", reasoning="hm"))
    first = await ask(tool, "responses", question("responses", OWN["responses"], [HI]))
    history = [HI, *first.json()["output"], HI]
    second = await ask(tool, "responses", question("responses", OWN["responses"], history))
    assert upstream.calls[1].body["input"] == history
    assert "x-gateway-dropped" not in second.headers
