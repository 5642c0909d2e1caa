"""Conversations made up by hypothesis: text, pictures, calls and their results, in the order that models demand."""

import json
from typing import Any

from hypothesis import strategies as st

from server.wire.provenance import Signature
from server.wire.request import (
    DocumentPart,
    ImagePart,
    Message,
    Output,
    Part,
    ReasoningPart,
    Request,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from tests.wire.answers import JSON, WORDS

TEXTS = WORDS.filter(lambda text: bool(text.strip()) and not text.startswith("["))
IMAGES = st.builds(ImagePart, st.sampled_from(["image/png", "image/jpeg"]), st.binary(min_size=1, max_size=9))
DOCUMENTS = st.builds(DocumentPart, st.just("application/pdf"), st.just("a.pdf"), st.binary(min_size=1, max_size=9))
SECRETS = ("c2lnbmVkLWJ5LWFudGhyb3BpYw", "ZW5jcnlwdGVkLWJ5LW9wZW5haQ")
SIGNATURES = st.sampled_from([Signature("anthropic", SECRETS[0]), Signature("openai", SECRETS[1], "rs_1")])
TOOLS = (
    Tool("look_up", "Looks it up.", {"type": "object", "properties": {"what": {"type": "string"}}}),
    Tool("tell", None, None),
)


@st.composite
def requests(draw: st.DrawFn, *, pictures_in_results: bool = False, thinking: bool = False) -> Request:
    messages: list[Message] = []
    waiting: list[str] = []
    for turn in range(draw(st.integers(1, 4))):
        messages.append(Message("user", tuple(_user(draw, waiting, pictures_in_results))))
        parts: list[Part] = []
        if thinking and draw(st.booleans()):
            parts.append(ReasoningPart(draw(TEXTS), draw(SIGNATURES)))
        waiting = [f"call_{turn}_{number}" for number in range(draw(st.integers(0, 3)))]
        if not waiting or draw(st.booleans()):
            parts.append(TextPart(draw(TEXTS)))
        for call_id in waiting:
            arguments = json.dumps(draw(st.dictionaries(WORDS, JSON, max_size=2)), ensure_ascii=draw(st.booleans()))
            parts.append(ToolCallPart(call_id, draw(st.sampled_from(["look_up", "tell"])), arguments))
        messages.append(Message("assistant", tuple(parts)))
    messages.append(Message("user", tuple(_user(draw, waiting, pictures_in_results))))
    return Request(
        model="m",
        messages=tuple(messages),
        system=tuple(TextPart(text) for text in draw(st.lists(TEXTS, max_size=2))),
        max_output_tokens=draw(st.integers(16, 10**5)),
        tools=TOOLS,
        tool_choice=draw(st.sampled_from([None, *(ToolChoice(mode) for mode in ("auto", "any", "none"))]))
        or draw(st.sampled_from([None, ToolChoice("tool", ("tell",))])),
        parallel_tool_calls=draw(st.sampled_from([None, False])),
        output=draw(st.sampled_from([None, Output({"type": "object", "properties": {}}, "answer")])),
    )


def _user(draw: st.DrawFn, waiting: list[str], pictures_in_results: bool) -> list[Part]:
    parts: list[Part] = []
    for call_id in waiting:
        shown: list[Any] = [TextPart(text) for text in draw(st.lists(TEXTS, max_size=1))]
        if pictures_in_results:
            shown += draw(st.lists(IMAGES | DOCUMENTS, max_size=2))
        parts.append(ToolResultPart(call_id, tuple(shown), is_error=draw(st.booleans())))
    if not waiting or draw(st.booleans()):
        parts.append(TextPart(draw(TEXTS)))
        parts += draw(st.lists(IMAGES | DOCUMENTS, max_size=2))
    return parts


def told(request: Request) -> dict[str, Any]:
    """What a request says, without what a wire may spell in two ways."""
    return {
        "system": request.system_text,
        "messages": [(message.role, [_told(part) for part in message.parts]) for message in request.messages],
        "tools": [(tool.name, tool.description, tool.schema) for tool in request.tools],
        "choice": request.tool_choice if request.tool_choice or request.parallel_tool_calls is None else None,
        "parallel": request.parallel_tool_calls,
        "limit": request.max_output_tokens,
        "schema": request.output.schema if request.output else None,
    }


def _told(part: Part) -> Any:
    if isinstance(part, ToolCallPart):
        return (part.id, part.name, json.loads(part.arguments))
    if isinstance(part, ToolResultPart):
        return (part.call_id, [_told(shown) for shown in part.parts], part.is_error)
    if isinstance(part, ImagePart):
        return (part.media_type, part.data)
    return part


def pictures(request: Request) -> list[bytes]:
    """Every picture and document, in order."""
    found: list[bytes] = []
    for message in request.messages:
        results = [part for part in message.parts if isinstance(part, ToolResultPart)]
        for result in results:
            found += [part.data for part in result.parts if not isinstance(part, TextPart)]
        found += [part.data for part in message.parts if isinstance(part, ImagePart | DocumentPart)]
    return found
