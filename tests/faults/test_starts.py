"""Starts that are killed at random moments: none leaves a database that does not open."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.starts import start_and_kill

STARTS = 25


def test_a_start_that_is_killed_at_any_moment_leaves_a_database_that_opens(tmp_path: Path) -> None:
    def one(seed: int) -> str:
        (tmp_path / str(seed)).mkdir()
        return start_and_kill(tmp_path / str(seed), seed)

    with ThreadPoolExecutor(2) as pool:
        found = Counter(pool.map(one, range(STARTS)))
    assert found["killed over a database"] == STARTS // 2
