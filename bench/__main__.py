"""``python -m bench [AREA …]``: measures, and prints a table for each area."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
import traceback
from pathlib import Path

import uvloop

from bench import archive, backup, first_token, gateway, ledger, library, memory, report, screen, start, tokens, writes

AREAS = {
    "start": start.measure,
    "memory": memory.measure,
    "first-token": first_token.measure,
    "gateway": gateway.measure,
    "writes": writes.measure,
    "tokens": tokens.measure,
    "page": screen.measure,
    "library": library.measure,
    "ledger": ledger.measure,
    "archive": archive.measure,
    "backup": backup.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measures the server against the fake upstream.")
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"{', '.join(AREAS)}; all of them when left out")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and no long replies: about a minute")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as JSON too; - prints them")
    parser.add_argument("--folder", metavar="PATH", help="where the data folders are made; a disk, not a tmpfs")
    options = parser.parse_args()
    unknown = set(options.areas) - set(AREAS)
    if unknown:
        parser.error(f"there is no area {', '.join(sorted(unknown))}: {', '.join(AREAS)}")
    areas = options.areas or list(AREAS)
    with tempfile.TemporaryDirectory(prefix="llm-router-bench-", dir=options.folder) as folder:
        tables = asyncio.Runner(loop_factory=uvloop.new_event_loop).run(
            _measure(areas, Path(folder), quick=options.quick)
        )
    if options.json:
        text = json.dumps(report.as_json(tables, quick=options.quick), indent=2) + "\n"
        if options.json == "-":
            print(text, end="")
        else:
            Path(options.json).write_text(text, encoding="utf-8")
    sys.exit(len(tables) < len(areas))


async def _measure(areas: list[str], folder: Path, *, quick: bool) -> list[report.Table]:
    print(report.heading(quick=quick), flush=True)
    tables = []
    for area in areas:
        began = time.monotonic()
        place = folder / area
        place.mkdir()
        try:
            table = await AREAS[area](place, quick=quick)
        except Exception:
            traceback.print_exc()  # the other areas are worth having
        else:
            tables.append(table)
            print(report.markdown(table), flush=True)
        print(f"{area}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return tables


if __name__ == "__main__":
    main()
