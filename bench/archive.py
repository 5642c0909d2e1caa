"""Archive: a PDF of 500 messages, its size, time and memory; an import of a large file in little memory."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import proc, texts
from bench.proc import MB
from bench.report import Figure, Table
from bench.run import Run

MESSAGES, FEW = 500, 50
PDF_MB, SETTING_MB, READING_MB = 2.0, 120.0, 120.0
LARGE_MB = 200
QUICK_MB = 20
LOOK = 0.01
"""Seconds between two looks at a process: what it has at most only grows."""
_WHOLE = "import json, sys; print(len(json.load(open(sys.argv[1], encoding='utf-8'))))"


async def measure(run: Run) -> Table:
    weight = QUICK_MB if run.quick else LARGE_MB
    table = Table(
        "archive",
        f"Archive: a PDF of {MESSAGES} messages, an import of {weight} MB",
        f"a PDF of {FEW} messages; an import with Python's own `json.load` of the same file",
    )
    pages, few = [], []
    for number in run.rounds(3, seconds=12):
        few.append(await asyncio.to_thread(_pdf, run, run.folder / f"few-{number}", FEW))
        pages.append(await asyncio.to_thread(_pdf, run, run.folder / f"pdf-{number}", MESSAGES))
    file = await asyncio.to_thread(_upload, run.folder / "import", weight)
    whole = await asyncio.to_thread(_timed, run, [sys.executable, "-c", _WHOLE, file])
    read = await asyncio.to_thread(_timed, run, _module("stage", file, file.parent, "01hz0000000000000000000000"))
    table.add(
        Figure("PDF, size", _of(pages, 0), "MB", aim=PDF_MB, baseline=_of(few, 0)),
        Figure("PDF, from Markdown to the file", _of(pages, 1), "s", baseline=_of(few, 1)),
        Figure("PDF, its largest process", _of(pages, 2), "MB", aim=SETTING_MB, baseline=_of(few, 2)),
        Figure(f"import of {weight} MB, reading", [read[0]], "s", baseline=[whole[0]]),
        Figure(f"import of {weight} MB, the process that reads", [read[1]], "MB", aim=READING_MB, baseline=[whole[1]]),
    )
    return table


def _of(made: list[tuple[float, float, float]], at: int) -> list[float]:
    return [each[at] for each in made]


def _pdf(run: Run, folder: Path, messages: int) -> tuple[float, float, float]:
    """(megabytes, seconds, megabytes of memory)."""
    folder.mkdir(parents=True)
    with (folder / "messages.jsonl").open("w", encoding="utf-8") as file:
        for line in _conversation(messages):
            file.write(json.dumps(line) + "\n")
    begun = time.perf_counter()
    said, peak = _run(run, _module("typeset", folder, folder / "none"))
    pages = 1
    for part in range(said["parts"]):
        set_, most = _run(run, _module("compose", folder, part, pages))
        pages, peak = pages + set_["pages"], max(peak, most)
    _, most = _run(run, _module("bind", folder, said["parts"]))
    return (folder / "out.pdf").stat().st_size / MB, time.perf_counter() - begun, max(peak, most)


def _conversation(messages: int) -> Iterator[dict[str, Any]]:
    yield {"title": f"{messages} messages", "below": "gpt-5.1", "system": ""}
    for number in range(messages):
        mine = number % 2 == 0
        text = texts.prose(200) if mine else f"{texts.prose(900)}\n\n{texts.code(500)}\n\n{texts.items(300)}"
        head = f"{'❯ you' if mine else '◆ gpt-5.1'} · 2026-01-31 12:00"
        yield {
            "role": "user" if mine else "assistant",
            "head": head,
            "text": text,
            "state": "",
            "files": [],
            "pictures": [],
        }


def _upload(folder: Path, megabytes: int) -> Path:
    folder.mkdir(parents=True)
    path = folder / "upload"
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number in range(megabytes):
            file.write(("," if number else "") + json.dumps(_chat(number)))
        file.write("]")
    return path


def _chat(number: int) -> dict[str, Any]:
    """A conversation of about a megabyte, as ChatGPT writes it."""
    text = texts.prose(2_000)
    nodes: dict[str, Any] = {}
    for at in range(440):
        message = {
            "id": f"{at}",
            "author": {"role": "assistant" if at % 2 else "user"},
            "create_time": 1_700_000_000 + at,
            "content": {"content_type": "text", "parts": [text]},
            "recipient": "all",
            "metadata": {"model_slug": "gpt-4o"},
        }
        nodes[f"{at}"] = {"id": f"{at}", "message": message, "parent": f"{at - 1}" if at else None, "children": []}
    return {"title": f"{number}", "conversation_id": f"{number}", "create_time": 1_700_000_000, "mapping": nodes}


def _module(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", f"server.archive.{name}", *map(str, arguments)]


def _timed(run: Run, command: Sequence[str | Path]) -> tuple[float, float]:
    """(seconds, megabytes of memory)."""
    begun = time.perf_counter()
    _, peak = _run(run, command)
    return time.perf_counter() - begun, peak


def _run(run: Run, command: Sequence[str | Path]) -> tuple[Any, float]:
    """The last thing that it said, and the most megabytes that it had."""
    environment = os.environ | {"RAYON_NUM_THREADS": "1"}
    peak = 0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, env=environment, stdout=output)
        run.limits.put(process.pid)
        while process.poll() is None:
            with suppress(OSError, KeyError):  # it may be gone between the two looks
                peak = max(peak, proc.memory(process.pid).peak)
            time.sleep(LOOK)
        output.seek(0)
        lines = output.read().splitlines()
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command[1:3]))}: it ended with {process.returncode}")
    return json.loads(lines[-1]), peak / MB
