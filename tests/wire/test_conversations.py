"""A conversation goes through any chain of wires and says the same; every body is one that the SDKs' types take."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.wire.request import Request, ToolCallPart, ToolChoice
from tests.upstream.check import problems
from tests.wire.answers import KEY, WIRES
from tests.wire.conversations import SECRETS, pictures, requests, told

CHAINS = st.lists(st.sampled_from(sorted(WIRES)), min_size=1, max_size=4)
OLD = {"anthropic-version": "2023-06-01"}


def written(wire: str, request: Request, **more: Any) -> dict[str, Any]:
    # Adaptive thinking is what the tests of the format ask for elsewhere.
    body: dict[str, Any] = WIRES[wire].write_request(request, **more)
    assert problems(wire, body, OLD) == []
    return body


def through(wire: str, request: Request) -> Request:
    passed: Request = WIRES[wire].read_request(json.loads(json.dumps(written(wire, request))), KEY)
    return passed


@given(requests(), CHAINS)
@settings(max_examples=50, deadline=None)
def test_a_conversation_survives_every_chain_of_wires(request: Request, chain: list[str]) -> None:
    before = told(request)
    for wire in chain:
        request = through(wire, request)
        after = told(request)
        if request.parallel_tool_calls is False and before["choice"] is None:
            # Anthropic says it within the choice, so that there has to be one.
            before = before | {"choice": after["choice"]}
            assert after["choice"] in (None, ToolChoice("auto"))
        if wire == "messages" and before["choice"] == ToolChoice("none"):
            before = before | {"parallel": after["parallel"]}
        assert after == before


@given(requests(pictures_in_results=True), CHAINS)
@settings(max_examples=30, deadline=None)
def test_no_picture_of_a_result_is_ever_lost(request: Request, chain: list[str]) -> None:
    before, calls = sorted(pictures(request)), [call.id for call in request.calls()]
    for wire in chain:
        request = through(wire, request)
        assert sorted(pictures(request)) == before
        assert [call.id for call in request.calls()] == calls


@pytest.mark.parametrize(("wire", "own"), [("chat", None), ("responses", SECRETS[1]), ("messages", SECRETS[0])])
@given(requests(thinking=True))
@settings(max_examples=20, deadline=None)
def test_a_signature_goes_only_to_its_maker_and_thinking_is_never_shown(
    wire: str, own: str | None, request: Request
) -> None:
    body = json.dumps(written(wire, request))
    signed = [part for message in request.messages for part in message.parts if hasattr(part, "signature")]
    for secret in SECRETS:
        there = any(part.signature.data == secret for part in signed)
        assert (secret in body) == (there and secret == own)
    shown = told(through(wire, request))
    silent = [(role, [part for part in parts if not hasattr(part, "signature")]) for role, parts in shown["messages"]]
    expected = told(request)["messages"]
    assert silent == [(role, [part for part in parts if not hasattr(part, "signature")]) for role, parts in expected]
    if any(part.signature.data != own for part in signed):
        assert "reasoning" in request.dropped


@given(requests())
@settings(max_examples=15, deadline=None)
def test_arguments_are_never_changed(request: Request) -> None:
    for wire in WIRES:
        for before, after in zip(request.calls(), through(wire, request).calls(), strict=True):
            assert isinstance(after, ToolCallPart)
            assert json.loads(before.arguments) == json.loads(after.arguments)
