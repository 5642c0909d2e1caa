"""Archive: a PDF of 500 messages, its size, time and memory; an import of a large file in little memory."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import proc, texts
from bench.proc import MB
from bench.report import Figure, Table

MESSAGES = 500
PDF_MB, SETTING_MB, READING_MB = 2.0, 120.0, 120.0
LARGE_MB = 200
QUICK_MB = 20
LOOK = 0.01
"""Seconds between two looks at a process: what it has at most only grows."""


async def measure(folder: Path, *, quick: bool) -> Table:
    table = Table("archive", f"Archive: a PDF of {MESSAGES} messages, an import of {LARGE_MB} MB")
    rounds = 1 if quick else 3
    size, took, peak = [], [], []
    for number in range(rounds):
        made = await asyncio.to_thread(_pdf, folder / f"pdf-{number}")
        size.append(made[0] / MB)
        took.append(made[1])
        peak.append(made[2] / MB)
    weight = QUICK_MB if quick else LARGE_MB
    read = await asyncio.to_thread(_import, folder / "import", weight)
    table.add(
        Figure("PDF, size", size, "MB", aim=PDF_MB),
        Figure("PDF, from Markdown to the file", took, "s"),
        Figure("PDF, its largest process", peak, "MB", aim=SETTING_MB),
        Figure(f"import of {weight} MB, reading", [read[0]], "s"),
        Figure(f"import of {weight} MB, the process that reads", [read[1] / MB], "MB", aim=READING_MB),
    )
    return table


def _pdf(folder: Path) -> tuple[int, float, int]:
    """(bytes, seconds, bytes of memory)."""
    folder.mkdir(parents=True)
    with (folder / "messages.jsonl").open("w", encoding="utf-8") as file:
        for line in _conversation():
            file.write(json.dumps(line) + "\n")
    begun = time.perf_counter()
    said, peak = _run("typeset", folder, folder / "none")
    pages = 1
    for part in range(said["parts"]):
        set_, most = _run("compose", folder, part, pages)
        pages, peak = pages + set_["pages"], max(peak, most)
    _, most = _run("bind", folder, said["parts"])
    return (folder / "out.pdf").stat().st_size, time.perf_counter() - begun, max(peak, most)


def _conversation() -> Iterator[dict[str, Any]]:
    yield {"title": "Five hundred messages", "below": "gpt-5.1", "system": ""}
    for number in range(MESSAGES):
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


def _import(folder: Path, megabytes: int) -> tuple[float, int]:
    """(seconds, bytes of memory)."""
    folder.mkdir(parents=True)
    path = folder / "upload"
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number in range(megabytes):
            file.write(("," if number else "") + json.dumps(_chat(number)))
        file.write("]")
    begun = time.perf_counter()
    _, peak = _run("stage", path, folder, "01hz0000000000000000000000")
    return time.perf_counter() - begun, peak


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


def _run(module: str, *arguments: object) -> tuple[Any, int]:
    """The last thing that it said, and the most memory that it had."""
    command = [sys.executable, "-m", f"server.archive.{module}", *map(str, arguments)]
    environment = os.environ | {"RAYON_NUM_THREADS": "1"}
    peak = 0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, env=environment, stdout=output)
        while process.poll() is None:
            with suppress(OSError, KeyError):  # it may be gone between the two looks
                peak = max(peak, proc.memory(process.pid).peak)
            time.sleep(LOOK)
        output.seek(0)
        lines = output.read().splitlines()
    if process.returncode:
        raise RuntimeError(f"server.archive.{module} failed")
    return json.loads(lines[-1]), peak
