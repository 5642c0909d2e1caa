"""Limits per minute and at once: taken whole or not at all, corrected at the end, deaf to the wall clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.calls import limits
from server.calls.limits import Bucket, Limits
from server.errors import TooManyRequests


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(limits, "time", clock)
    return clock


def test_so_many_requests_a_minute_and_then_one_as_soon_as_it_is_said(clock: Clock) -> None:
    door = Limits()
    for _ in range(6):
        door.begin("k", 6, None, None, 0)
    with pytest.raises(TooManyRequests, match="6 requests per minute") as refused:
        door.begin("k", 6, None, None, 0)
    assert refused.value.retry_after == pytest.approx(10)
    clock.now += refused.value.retry_after
    door.begin("k", 6, None, None, 0)


def test_tokens_are_taken_as_thought_and_corrected_as_used(clock: Clock) -> None:
    door = Limits()
    door.begin("k", None, 600, None, 500)
    assert [(each.kind, each.limit, each.remaining) for each in door.left("k")] == [("tokens", 600, 100)]
    door.end("k", 500, 50)
    assert door.left("k")[0].remaining == 550
    door.begin("k", None, 600, None, 10)
    door.end("k", 10, 1150)
    with pytest.raises(TooManyRequests, match="600 tokens per minute") as refused:
        door.begin("k", None, 600, None, 1)
    assert refused.value.retry_after == pytest.approx(60.1)


def test_a_request_that_is_larger_than_the_limit_waits_for_all_of_it(clock: Clock) -> None:
    door = Limits()
    door.begin("k", None, 100, None, 5000)
    with pytest.raises(TooManyRequests) as refused:
        door.begin("k", None, 100, None, 5000)
    assert refused.value.retry_after == pytest.approx(60)
    door.end("k", 5000, 0)
    assert door.left("k")[0].remaining == 100


def test_what_is_refused_takes_nothing(clock: Clock) -> None:
    door = Limits()
    door.begin("k", 10, 100, 2, 100)
    with pytest.raises(TooManyRequests):
        door.begin("k", 10, 100, 2, 1)
    assert [each.remaining for each in door.left("k")] == [9, 0]
    clock.now += 60
    door.begin("k", 10, 100, 2, 1)
    with pytest.raises(TooManyRequests, match="2 requests running"):
        door.begin("k", 10, 100, 2, 1)
    door.end("k", 1, 1)
    door.begin("k", 10, 100, 2, 1)


def test_keys_do_not_share_their_limits(clock: Clock) -> None:
    door = Limits()
    door.begin("k", 1, None, None, 0)
    door.begin("other", 1, None, None, 0)


def test_keys_that_were_not_used_lately_are_forgotten(clock: Clock) -> None:
    door = Limits()
    for number in range(limits.MAX_KNOWN + 10):
        door.begin(f"k{number}", 5, None, None, 0)
        door.end(f"k{number}", 0, 0)
    assert len(door._uses) == limits.MAX_KNOWN


@given(st.lists(st.tuples(st.floats(0, 90), st.integers(0, 300))), st.integers(1, 100))
def test_no_minute_ever_holds_more_than_the_limit_and_what_was_saved_up(
    steps: list[tuple[float, int]], limit: int
) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "time", clock)
        bucket, taken = Bucket(limit), []
        for wait, amount in steps:
            clock.now += wait
            amount = min(amount, limit)
            if bucket.wait(amount) == 0:
                bucket.take(amount)
                taken.append((clock.now, amount))
        for start, _ in taken:
            assert sum(amount for at, amount in taken if start <= at < start + 60) <= 2 * limit + 1e-6
