"""Seeded faults on demand: ``bin/faults N [--start S] [--jobs J]``, ``bin/faults --seed N``, ``bin/faults starts N``.

A seed that fails is printed with its sequence, and the exit code is 1.
"""

import argparse
import asyncio
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import mkdtemp

from tests.faults.run import Violation, run
from tests.faults.stage import Stage, build
from tests.faults.starts import start_and_kill

_stages: dict[Path, Stage] = {}


def _world(folder: Path, seed: int) -> tuple[set[str], str]:
    """The kinds that it met, and what was violated."""
    if folder not in _stages:
        _stages[folder] = asyncio.run(build(Path(mkdtemp(prefix="stage-", dir=folder))))
    place = Path(mkdtemp(prefix=f"{seed}-", dir=folder))
    try:
        return asyncio.run(run(_stages[folder], place, seed)), ""
    except Violation as violation:
        return set(), str(violation)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _starts(folder: Path, seed: int) -> tuple[set[str], str]:
    place = Path(mkdtemp(prefix=f"start-{seed}-", dir=folder))
    try:
        return {start_and_kill(place, seed)}, ""
    except AssertionError as error:
        return set(), f"start {seed}: {error}"
    finally:
        shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/faults", description=__doc__)
    parser.add_argument("what", nargs="*", default=["25"], help="how many; or: starts, and how many")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once")
    options = parser.parse_args()
    work = _starts if options.what[0] == "starts" else _world
    seeds = range(options.start, options.start + int(options.what[-1]))
    if options.seed is not None:
        seeds = range(options.seed, options.seed + 1)
    folder = Path(mkdtemp(prefix="faults-"))
    met: Counter[str] = Counter()
    failed: list[int] = []
    began = time.monotonic()
    try:
        with ProcessPoolExecutor(options.jobs) as pool:
            jobs = {pool.submit(work, folder, seed): seed for seed in seeds}
            for number, job in enumerate(as_completed(jobs), 1):
                kinds, violated = job.result()
                met.update(kinds)
                if violated:
                    failed.append(jobs[job])
                    _say(f"\nVIOLATION {violated}\n")
                _say(f"{number} of {len(jobs)}, {len(failed)} violated, {time.monotonic() - began:.0f} s", end="\r")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _say("\n" + ", ".join(f"{kind} {count}" for kind, count in met.most_common()))
    if failed:
        _say(f"failing seeds: {sorted(failed)}")
    return 1 if failed else 0


def _say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
