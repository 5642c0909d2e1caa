"""A process of ours that does heavy work and says line by line, as JSON, how far it is."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from server.archive.shape import MB
from server.errors import Unavailable

PASSED = ("PYTHONPATH", "LD_LIBRARY_PATH")
"""Of the environment; what is secret in it is nothing for a process that reads strangers' files."""
ROOT = Path(__file__).resolve().parents[2]


async def lines(module: str, *arguments: str, environment: dict[str, str] | None = None) -> AsyncIterator[Any]:
    """What it says. Raises Unavailable when it dies."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={name: os.environ[name] for name in PASSED if name in os.environ} | (environment or {}),
        limit=4 * MB,
    )
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            yield json.loads(line)
        if await process.wait() != 0:
            raise Unavailable("the work was broken off: the server may be short of memory; try again")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
