"""Answers made up by hypothesis: what was said, and every way in which its events may come."""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from server.wire import anthropic_messages, openai_chat, openai_responses
from server.wire.blocks import Answer, Collector
from server.wire.events import (
    Event,
    Finish,
    FinishReason,
    Reasoning,
    ReasoningEnd,
    Text,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)
from server.wire.sse import Decoder

KEY = b"k" * 32
WIRES: dict[str, Any] = {"chat": openai_chat, "responses": openai_responses, "messages": anthropic_messages}
IDS = {"chat": "chatcmpl-1", "responses": "resp_1", "messages": "msg_1"}

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
COUNTS = st.integers(0, 10**6)


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    """``text``, cut anywhere."""
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=3)))
    ends = [0, *(cut for cut in cuts if cut < len(text)), len(text)]
    return [text[start:end] for start, end in zip(ends, ends[1:], strict=False) if text[start:end]]


@st.composite
def calls(draw: st.DrawFn, first: int) -> list[Event]:
    """One to three calls, the pieces of their arguments in any order."""
    queues: list[list[Event]] = []
    for index in range(first, first + draw(st.integers(1, 3))):
        arguments = draw(st.dictionaries(WORDS, JSON, max_size=2))
        text = json.dumps(arguments, ensure_ascii=False) if arguments or draw(st.booleans()) else ""
        start = ToolCallStart(index, f"call_{index}", draw(st.sampled_from(["look_up", "tell"])))
        deltas = [ToolCallDelta(index, piece) for piece in draw(pieces(text))]
        queues.append([start, *deltas, ToolCallEnd(index)])
    found: list[Event] = []
    begun = 1
    while any(queues):
        # Calls begin in their order; everything after that may be mixed.
        ready = [queue for queue in queues[:begun] if queue]
        if begun < len(queues):
            ready.append(queues[begun])
        queue = draw(st.sampled_from(ready))
        begun += begun < len(queues) and queue is queues[begun]
        found.append(queue.pop(0))
    return found


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Thinking, then text and calls, then how it was counted and why it ended."""
    found: list[Event] = []
    if draw(st.booleans()):
        found += [Reasoning(piece) for piece in draw(pieces(draw(WORDS)))] + [ReasoningEnd()]
    called = draw(st.booleans())
    if draw(st.booleans()) or not called:
        found += [Text(piece) for piece in draw(pieces(draw(WORDS)))]
    if called:
        found += draw(calls(0))
    usage = Usage(
        input=draw(COUNTS), cache_read=draw(COUNTS), cache_write_5m=draw(COUNTS), output=draw(COUNTS), reasoning=0
    )
    reason: FinishReason = "length" if draw(st.integers(0, 4)) == 0 else "tool_calls" if called else "stop"
    return [*found, usage, Finish(reason)]


@dataclass
class Written:
    """An answer on one wire, streamed and whole."""

    stream: bytes
    whole: dict[str, Any]


def written(wire: str, asked: dict[str, Any], events: list[Event]) -> Written:
    codec, more = WIRES[wire], {"response_id": IDS[wire], "created": 1_800_000_000, "key": KEY}
    writer = codec.Writer(asked, **more)
    stream = b"".join(writer.write(event) for event in events)
    return Written(stream, codec.write_answer(collected(events), asked, **more))


def collected(events: list[Event]) -> Answer:
    collector = Collector()
    for event in events:
        collector.take(event)
    return collector.answer


def read(wire: str, chunks: list[bytes]) -> list[Any]:
    """What a provider would make of these bytes."""
    reader, decoder = WIRES[wire].Reader(), Decoder()
    found: list[Any] = []
    texts = [text for chunk in chunks for text in decoder.feed(chunk)] + decoder.end()
    for text in texts:
        found += reader.end(done=True) if text == "[DONE]" else reader.read(json.loads(text))
    return found
