"""A process of ours that does heavy work and says line by line, as JSON, how far it is."""

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Any

from server.archive.shape import MB
from server.content.pictures import HOME, PASSED
from server.errors import Unavailable

log = logging.getLogger(__name__)
LAST = 4000
"""Bytes at the end of its complaints in which the last line is looked for."""


async def lines(module: str, *arguments: str, environment: dict[str, str] | None = None) -> AsyncIterator[Any]:
    """What it says. Raises Unavailable when it dies."""
    # A file: a pipe would have to be emptied all the while, else the process waits at it.
    with tempfile.TemporaryFile() as complaints:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
            cwd=HOME,
            env={name: os.environ[name] for name in PASSED if name in os.environ} | (environment or {}),
            limit=4 * MB,
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                yield json.loads(line)
            if (code := await process.wait()) != 0:
                said = await asyncio.to_thread(_last_line, complaints)
                log.warning("%s ended with %s: %s", module, code, said.partition(":")[0] or "it said nothing")
                if code == -signal.SIGKILL or said.startswith("MemoryError"):
                    raise Unavailable("the work was broken off: the server may be short of memory; try again")
                raise Unavailable("the work was broken off by a fault inside the server: its log says which")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _last_line(complaints: IO[bytes]) -> str:
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - LAST))
    return complaints.read().decode(errors="replace").rstrip().rpartition("\n")[2]
