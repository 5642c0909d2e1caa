import pytest

from server.accounts.throttle import MAX_KEYS, Throttle
from server.errors import TooManyRequests


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def guess_until_refused(throttle: Throttle, address: str, name: str = "") -> tuple[int, float]:
    for count in range(1000):
        try:
            throttle.attempt(address, name)
        except TooManyRequests as refused:
            return count, refused.retry_after
    raise AssertionError("never refused")


def test_a_few_mistakes_cost_nothing_and_then_each_one_waits_twice_as_long(throttle: Throttle, clock: Clock) -> None:
    count, wait = guess_until_refused(throttle, "10.0.0.1", "ada")
    assert count == 5
    waits = [wait]
    for _ in range(3):
        clock.now += waits[-1]
        throttle.attempt("10.0.0.1", "ada")
        waits.append(guess_until_refused(throttle, "10.0.0.1", "ada")[1])
    assert waits == [1, 2, 4, 8]


def test_trying_while_refused_makes_nothing_worse(throttle: Throttle, clock: Clock) -> None:
    _, wait = guess_until_refused(throttle, "10.0.0.1", "ada")
    for _ in range(50):
        with pytest.raises(TooManyRequests):
            throttle.attempt("10.0.0.1", "ada")
    clock.now += wait
    throttle.attempt("10.0.0.1", "ada")


def test_many_names_from_one_address_are_one_guesser(throttle: Throttle) -> None:
    with pytest.raises(TooManyRequests):
        for each in range(20):
            throttle.attempt("10.0.0.1", f"name{each}")
    throttle.attempt("10.0.0.2", "name1")


def test_many_addresses_at_one_name_are_one_guesser_too(throttle: Throttle) -> None:
    with pytest.raises(TooManyRequests):
        for each in range(20):
            throttle.attempt(f"10.0.0.{each}", "ada")


def test_a_stranger_cannot_lock_a_person_out_for_long(throttle: Throttle, clock: Clock) -> None:
    for each in range(200):
        try:
            throttle.attempt(f"10.0.{each}.1", "ada")
        except TooManyRequests as refused:
            assert refused.retry_after <= 30
            clock.now += refused.retry_after


def test_a_home_is_one_ipv6_network(throttle: Throttle) -> None:
    with pytest.raises(TooManyRequests):
        for each in range(20):
            throttle.attempt(f"2001:db8::{each:x}", f"name{each}")
    throttle.attempt("2001:db8:0:1::1", "other")


def test_the_right_password_wipes_the_slate_of_the_name(throttle: Throttle) -> None:
    for _ in range(50):
        throttle.attempt("10.0.0.1", "ada")
        throttle.success("10.0.0.1", "ada")


def test_a_guesser_gains_nothing_by_signing_in_as_himself_in_between(throttle: Throttle, clock: Clock) -> None:
    began, guesses = clock.now, 0
    while clock.now - began < 600:
        for name in ("mallory", f"victim{guesses}"):
            try:
                throttle.attempt("10.0.0.1", name)
            except TooManyRequests as refused:
                clock.now += refused.retry_after
                continue
            if name == "mallory":
                throttle.success("10.0.0.1", name)
            else:
                guesses += 1
    assert guesses < 25


def test_a_quiet_time_is_a_new_beginning(throttle: Throttle, clock: Clock) -> None:
    guess_until_refused(throttle, "10.0.0.1", "ada")
    clock.now += 1000
    assert guess_until_refused(throttle, "10.0.0.1", "ada")[0] == 5


def test_memory_is_bounded_however_many_come(throttle: Throttle) -> None:
    for each in range(MAX_KEYS + 100):
        throttle.attempt(f"10.{each >> 16}.{each >> 8 & 255}.{each & 255}", f"name{each}")
    assert len(throttle._addresses._keys) == len(throttle._names._keys) == MAX_KEYS
