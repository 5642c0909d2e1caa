import pytest

from server.accounts.pace import MAX_KEYS, Pace
from server.errors import TooManyRequests


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_requests_may_come_at_once_and_then_they_come_steadily() -> None:
    clock = Clock()
    pace = Pace(60, clock)
    for _ in range(60):
        pace.take("ada")
    with pytest.raises(TooManyRequests) as refused:
        pace.take("ada")
    assert 0 < (refused.value.retry_after or 0) <= 1
    pace.take("bob")
    clock.now += refused.value.retry_after or 0
    pace.take("ada")
    with pytest.raises(TooManyRequests):
        pace.take("ada")


def test_who_keeps_asking_is_let_in_as_soon_as_who_waits() -> None:
    clock = Clock()
    pace, taken = Pace(60, clock), 0
    for _ in range(1200):
        clock.now += 0.1
        try:
            pace.take("ada")
        except TooManyRequests:
            continue
        taken += 1
    assert 178 <= taken <= 181


def test_without_a_limit_nothing_is_counted() -> None:
    pace = Pace(0, Clock())
    for _ in range(10_000):
        pace.take("ada")
    assert not pace._full_at


def test_many_addresses_do_not_fill_the_memory() -> None:
    pace = Pace(60, Clock())
    for number in range(3 * MAX_KEYS):
        pace.take(str(number))
    assert len(pace._full_at) == MAX_KEYS
