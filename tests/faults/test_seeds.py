"""Seeded worlds in which everything goes wrong that can; bin/faults runs as many as one likes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.plan import KINDS, kinds, plan
from tests.faults.run import run
from tests.faults.stage import Stage

pytestmark = pytest.mark.anyio

SEEDS = range(25)


def test_the_seeds_have_every_kind_of_fault_and_are_always_the_same() -> None:
    assert set().union(*(kinds(plan(seed)) for seed in SEEDS)) == set(KINDS)
    assert plan(3) == plan(3) != plan(4)


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_whatever_happens(
    stage: Stage, tmp_path: Path, seed: int, record_property: Callable[[str, object], None]
) -> None:
    met = await run(stage, tmp_path, seed)
    assert met == kinds(plan(seed)), "a fault that was planned did not happen"
    record_property("faults", " ".join(sorted(met)))
