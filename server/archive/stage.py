"""The process that reads what a person brought: ``python -m server.archive.stage FILE FOLDER USER_ID``.

It knows nothing of the database. Into the folder it writes ``staged.jsonl``, one conversation of our shape a line, and
the files by their hash; to its output it prints how far it is, and at the end the report or the one sentence that
says why nothing is imported. What it holds at once is one conversation; a limit keeps it from taking the machine along.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from server.archive.build import Context
from server.archive.package import Package
from server.archive.parse import pieces
from server.archive.readers import chatgpt, claude, librechat, openwebui, own
from server.archive.saying import say
from server.archive.shape import MB, Broken, Exported, Report

READERS: tuple[ModuleType, ...] = (own, chatgpt, claude, openwebui, librechat)
MEMORY = 400 * MB
"""Of address space; a conversation of the largest size fits."""
STAGED = "staged.jsonl"
OFTEN = 0.25
"""Seconds between two words about how far it is."""


def stage(path: Path, folder: Path, user_id: str) -> Iterator[dict[str, Any]]:
    """Yields ``{"read", "size", "conversations"}`` now and then. Raises Broken."""
    report, package = Report(), Package(path)
    context = Context(user_id, package, folder, report)
    size, before, count, said = package.size, 0, 0, 0.0
    try:
        with (folder / STAGED).open("w", encoding="utf-8") as out:
            for part in package.parts():
                with package.open(part) as file:
                    for exported in _conversations(file, context, out):
                        out.write(json.dumps(exported, separators=(",", ":")) + "\n")
                        count += 1
                        if time.monotonic() - said > OFTEN:
                            said = time.monotonic()
                            yield {"read": before + file.tell(), "size": size, "conversations": count}
                    before += file.tell()
        if not count and not report.left_out:
            raise Broken("there are no conversations in this file")
        for name in package.names:
            if name.rpartition("/")[2] in ("projects.json", "memories.json"):
                report.leave_out(f"{name.rpartition('/')[2].removesuffix('.json')} of Claude")
    finally:
        package.close()
    yield {"read": size, "size": size, "conversations": count, "report": report.as_json()}


def _conversations(file: IO[bytes], context: Context, out: IO[str]) -> Iterator[Exported]:
    outermost: dict[str, Any] = {}
    for name, value in pieces(file):
        if name.startswith("="):
            outermost[name[1:]] = value
            if name == "=user" and isinstance(value, dict):
                out.write(json.dumps({"user": value.get("id")}) + "\n")
        elif name == "files":
            own.take_file(value, context)
        else:
            if name == "conversations" and "format" in outermost:
                own.check(outermost["format"], outermost.get("version"))
            if not isinstance(value, dict):
                raise Broken("there are no conversations in this file")
            yield from _read(value, context, ours="format" in outermost)
    if "format" in outermost:
        own.check(outermost["format"], outermost.get("version"))
    elif outermost and _reader(outermost, ours=False) is not None:
        yield from _read(outermost, context, ours=False)


def _read(item: dict[str, Any], context: Context, *, ours: bool) -> Iterator[Exported]:
    reader = _reader(item, ours=ours)
    if reader is None:
        raise Broken("this is JSON, but no export of LLM Router, ChatGPT, Claude, Open WebUI or LibreChat")
    context.report.source = reader.SOURCE
    exported: Exported | None = reader.read(item, context)
    if exported is not None:
        yield exported


def _reader(item: dict[str, Any], *, ours: bool) -> ModuleType | None:
    candidates = (own,) if ours else READERS[1:]
    return next((reader for reader in candidates if reader.recognises(item)), None)


def main(path: str, folder: str, user_id: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        for said in stage(Path(path), Path(folder), user_id):
            say(said)
    except Broken as error:
        say({"error": error.message})
    except MemoryError:
        say({"error": "the file needs more memory than this server has for it"})


if __name__ == "__main__":
    main(*sys.argv[1:])
