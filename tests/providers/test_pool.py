"""Several credentials of one provider: their order, their shares, and who rests when."""

from collections import Counter

import pytest

from server.providers import health
from server.providers.base import Credential, Kind, ProviderError
from server.providers.health import LADDER, Health
from server.providers.pool import Pool


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(health, "time", clock)
    return clock


@pytest.fixture
def pool() -> Pool:
    """Without a database: who may use which credential is not asked here."""
    pool = Pool.__new__(Pool)
    pool.health = Health()
    return pool


def credential(id: str, rank: int = 0, weight: int = 1) -> Credential:
    return Credential(f"env:{id}", "openai", "sk-x", rank=rank, weight=weight)


def failure(kind: Kind, status: int | None = None, retry_after: float | None = None) -> ProviderError:
    return ProviderError(kind, "failed", provider="openai", status=status, retry_after=retry_after)


A, B, C = credential("a"), credential("b"), credential("c")


def test_lower_ranks_come_first(pool: Pool) -> None:
    first, second, third = credential("x", 0), credential("y", 5), credential("z", 9)
    assert pool.arrange([third, first, second], "gpt", "talk") == [first, second, third]


def test_one_conversation_stays_with_one_credential_and_many_are_shared_by_weight(pool: Pool) -> None:
    heavy = credential("heavy", weight=3)
    first = {talk: pool.arrange([A, heavy], "gpt", f"talk {talk}")[0] for talk in range(2000)}
    assert all(pool.arrange([heavy, A], "gpt", f"talk {talk}")[0] == chosen for talk, chosen in first.items())
    assert 1400 < Counter(one.id for one in first.values())[heavy.id] < 1600


def test_a_new_credential_takes_its_share_and_moves_nothing_else(pool: Pool) -> None:
    before = {talk: pool.arrange([A, B], "gpt", f"talk {talk}")[0] for talk in range(1000)}
    after = {talk: pool.arrange([A, B, C], "gpt", f"talk {talk}")[0] for talk in range(1000)}
    moved = [talk for talk in before if before[talk] != after[talk]]
    assert all(after[talk] == C for talk in moved)
    assert 250 < len(moved) < 420


def test_a_failing_credential_rests_longer_each_time_and_is_back_at_once_when_it_works(
    pool: Pool, clock: Clock
) -> None:
    for rest in (*LADDER, LADDER[-1]):
        pool.failed(A, "gpt", failure("rate_limit", 429))
        assert pool.health.rest(A.id, "gpt") == pytest.approx(rest)
        assert pool.arrange([A, B], "gpt") == [B]
        clock.now += rest
        assert set(pool.arrange([A, B], "gpt")) == {A, B}
    pool.worked(A, "gpt")
    pool.failed(A, "gpt", failure("overloaded", 503))
    assert pool.health.rest(A.id, "gpt") == pytest.approx(LADDER[0])


def test_what_the_provider_asks_for_is_waited_for(pool: Pool, clock: Clock) -> None:
    pool.failed(A, "gpt", failure("rate_limit", 429, retry_after=42))
    pool.failed(B, "gpt", failure("rate_limit", 429, retry_after=7))
    with pytest.raises(ProviderError, match="retry in 7 s") as refused:
        pool.arrange([A, B], "gpt")
    assert (refused.value.kind, refused.value.retry_after) == ("rate_limit", 7)
    clock.now += 7
    assert pool.arrange([A, B], "gpt") == [B]


def test_the_only_credential_is_tried_although_it_should_rest(pool: Pool, clock: Clock) -> None:
    pool.failed(A, "gpt", failure("network"))
    assert pool.arrange([A], "gpt") == [A]


def test_a_limit_on_one_model_says_nothing_of_another(pool: Pool, clock: Clock) -> None:
    pool.failed(A, "gpt", failure("rate_limit", 429))
    assert pool.arrange([A, B], "gpt") == [B]
    assert set(pool.arrange([A, B], "other")) == {A, B}


def test_a_refused_credential_is_kept_out_for_every_model_and_tried_again_later(pool: Pool, clock: Clock) -> None:
    pool.failed(A, "gpt", failure("auth", 401))
    assert pool.arrange([A, B], "other") == [B]
    pool.failed(B, "other", failure("network"))
    assert pool.arrange([A, B], "other") == [B, A]
    clock.now += health.REFUSED
    assert set(pool.arrange([A, B], "other")) == {A, B}


def test_a_model_that_a_credential_may_not_use_is_all_that_403_says(pool: Pool, clock: Clock) -> None:
    pool.failed(A, "gpt", failure("auth", 403))
    assert pool.arrange([A, B], "gpt") == [B]
    assert set(pool.arrange([A, B], "other")) == {A, B}


@pytest.mark.parametrize("kind", ["bad_request", "too_long", "refused", "unknown_model"])
def test_what_the_client_did_wrong_is_no_failure_of_the_credential(pool: Pool, clock: Clock, kind: Kind) -> None:
    pool.failed(A, "gpt", failure(kind, 400))
    assert set(pool.arrange([A, B], "gpt")) == {A, B}


def test_an_account_without_money_rests_for_every_model(pool: Pool, clock: Clock) -> None:
    pool.failed(A, "gpt", failure("quota", 429))
    assert pool.arrange([A, B], "other") == [B]


def test_what_is_known_of_failures_stays_small(pool: Pool, clock: Clock) -> None:
    for number in range(health.MAX_KNOWN + 10):
        pool.failed(A, f"model {number}", failure("network"))
    assert len(pool.health._states) == health.MAX_KNOWN


def test_nothing_to_choose_from_is_nothing(pool: Pool) -> None:
    assert pool.arrange([], "gpt") == []
