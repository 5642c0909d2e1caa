"""Any cutting of a stream into chunks gives the same events."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wire import sse
from server.wire.sse import Decoder

STREAM = (
    '\ufeff: a comment\r\nevent: x\r\ndata: {"a": "日本 👩‍💻"}\r\n\r\n'
    "data:first\ndata: second\n\n"
    ": keep-alive\n\n"
    "id: 7\rretry: 5\rdata:  two blanks\r\r"
    "data\n\n"
    "data: [DONE]\n\n"
).encode()
EVENTS = ['{"a": "日本 👩‍💻"}', "first\nsecond", " two blanks", "[DONE]"]


def decode(chunks: list[bytes]) -> list[str]:
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.end()


def test_a_whole_stream_is_read() -> None:
    assert decode([STREAM]) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_chunks_may_end_anywhere_even_inside_a_character(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(STREAM)]
    assert decode([STREAM[a:b] for a, b in pairwise(bounds)]) == EVENTS


def test_every_byte_may_come_alone() -> None:
    assert decode([STREAM[at : at + 1] for at in range(len(STREAM))]) == EVENTS


def test_a_last_event_without_its_blank_line_is_kept() -> None:
    assert decode([b"data: one\n\ndata: two"]) == ["one", "two"]


def test_a_stream_without_line_ends_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 1000)
    decoder = Decoder()
    decoder.feed(b"x" * 900)
    with pytest.raises(ValueError, match="too large"):
        decoder.feed(b"x" * 900)
