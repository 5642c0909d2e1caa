"""Frames of a stream: the same ones however they were cut, and a large one without looking at it again and again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.gateway import frames
from server.gateway.frames import Splitter

BREAKS = st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r"])


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), BREAKS, st.lists(st.integers(1, 9), min_size=1))
def test_any_chunking_gives_the_same_frames(sizes: list[int], end: bytes, cuts: list[int]) -> None:
    wanted = [b"data: " + b"x" * size + end for size in sizes]
    stream, found, splitter, turn = b"".join(wanted), [], Splitter(), 0
    while stream:
        cut = cuts[turn % len(cuts)]
        found += splitter.feed(stream[:cut])
        stream, turn = stream[cut:], turn + 1
    assert b"".join(found + splitter.end()).replace(b"\r", b"\n") == b"".join(wanted).replace(b"\r", b"\n")
    if end == b"\n\n":
        assert found == wanted


def test_a_frame_without_an_end_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_EVENT", 1000)
    splitter = Splitter()
    with pytest.raises(ValueError, match="too large"):
        for _ in range(200):
            splitter.feed(b"x" * 10)
