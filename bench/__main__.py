"""``python -m bench [AREA …]``: measures, and prints a table for each area."""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import uvloop

from bench import (
    archive,
    backup,
    first_token,
    gateway,
    ledger,
    library,
    limits,
    litellm,
    markdown,
    meanwhile,
    memory,
    report,
    screen,
    start,
    streams,
    tokens,
    ways,
    writes,
)
from bench.run import Run

AREAS = {
    "start": (start.measure, 35),
    "memory": (memory.measure, 22),
    "first-token": (first_token.measure, 30),
    "streams": (streams.measure, 75),
    "gateway": (gateway.measure, 50),
    "writes": (writes.measure, 50),
    "tokens": (tokens.measure, 50),
    "meanwhile": (meanwhile.measure, 28),
    "page": (screen.measure, 50),
    "library": (library.measure, 110),
    "ledger": (ledger.measure, 35),
    "archive": (archive.measure, 25),
    "backup": (backup.measure, 40),
}
"""With the seconds that each is to take on two cores, beside LiteLLM: ten minutes in all."""
NOTE = """
Printed by `bin/bench --write`: [bench/README.md](../bench/README.md) says how each was taken. They are of this machine
and of that day, and no promises.
"""


def main() -> None:
    options = _options()
    areas = options.areas or list(AREAS)
    beside = litellm.install(options.with_litellm) if options.with_litellm else litellm.found(litellm.cache())
    with (
        tempfile.TemporaryDirectory(prefix="llm-router-bench-", dir=options.folder) as folder,
        closing(limits.small() if options.pi else limits.Limits()) as limited,
    ):
        heading = markdown.heading(limited, quick=options.quick)
        print(heading, flush=True)
        run = Run(Path(folder), options.quick, limited, beside)
        tables = asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_measure(areas, run))
    print(markdown.ending(tables))
    if options.json:
        _write(options.json, json.dumps(report.as_json(tables, limited, quick=options.quick), indent=2) + "\n")
    if options.write:
        _write(options.write, "\n".join([heading + NOTE, *map(markdown.of, tables), markdown.ending(tables)]))
    sys.exit(len(tables) < len(areas))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measures the server against the fake upstream.")
    add = parser.add_argument
    add("areas", nargs="*", metavar="AREA", help=f"{', '.join(AREAS)}; all of them when left out")
    add("--quick", action="store_true", help="fewer rounds and nothing long: about three minutes")
    add("--pi", action="store_true", help="the same on a small machine: a quarter of a core, 256 MB")
    add(
        "--with-litellm",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        const=litellm.cache(),
        help=f"beside LiteLLM's proxy, installed there where it is not yet; found by itself in {litellm.cache()}",
    )
    add("--json", metavar="FILE", help="write the figures there as JSON too; - prints them")
    add("--write", metavar="FILE", help="write what is printed there too")
    add("--folder", metavar="PATH", help="where the data folders are made; a disk, not a tmpfs")
    options = parser.parse_args()
    if unknown := set(options.areas) - set(AREAS):
        parser.error(f"there is no area {', '.join(sorted(unknown))}: {', '.join(AREAS)}")
    return options


async def _measure(areas: Sequence[str], run: Run) -> list[report.Table]:
    tables = []
    if run.litellm and run.limits.described and not await ways.has_room(run):
        print("LiteLLM does not start on this small machine, and is left out.\n", flush=True)
        run = replace(run, litellm=None)
    for area in areas:
        measure, budget = AREAS[area]
        began = time.monotonic()
        place = run.folder / area
        place.mkdir()
        try:
            table = await measure(run.of(place))
        except Exception:
            traceback.print_exc()  # the other areas are worth having
        else:
            table.seconds, table.budget = time.monotonic() - began, budget
            tables.append(table)
            print(markdown.of(table), flush=True)
        shutil.rmtree(place, ignore_errors=True)
        print(f"{area}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return tables


def _write(path: str, text: str) -> None:
    if path == "-":
        print(text, end="")
    else:
        Path(path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
