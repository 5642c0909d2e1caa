"""One seeded world from beginning to end; what fails says which seed it was and what happened in it."""

import asyncio
from pathlib import Path

from tests.faults import asks, invariants
from tests.faults.plan import Step, plan
from tests.faults.stage import Stage
from tests.faults.strokes import strike
from tests.faults.world import World


class Violation(AssertionError):
    """Something that was promised did not hold."""


async def run(stage: Stage, folder: Path, seed: int) -> set[str]:
    """The kinds of faults that it met. Raises Violation with the seed, its sequence and the server's last words."""
    steps = plan(seed)
    async with World.over(stage, folder, seed) as world:
        try:
            for step in steps:
                await asyncio.gather(strike(world, step), *(asks.make(world, ask) for ask in step.asks))
            await invariants.check(world)
        except Exception as error:
            log = world.process.log.read_text()[-3000:]
            raise Violation(f"{error!r}\n{told(seed, steps)}\nthe server's log:\n{log}") from error
        return world.met


def told(seed: int, steps: list[Step]) -> str:
    """The sequence, and how to see it again."""
    lines = [f"seed {seed}; again: bin/faults --seed {seed}"]
    for step in steps:
        lines.append(f"  {step.stroke} after {step.at:.2f} s, size {step.size:.2f}, while")
        lines += [f"    {ask}" for ask in step.asks]
    return "\n".join(lines)
