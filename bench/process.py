"""Other processes: begun, waited for, ended."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.limits import Limits

ROOT = Path(__file__).parents[1]
_EVERY = 0.003
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds until it was ready: by the clock, and of the processor."""

    wall: float
    cpu: float


def begin(module: str, *arguments: str, limits: Limits | None = None) -> subprocess.Popen[str]:
    """One of ours; without ``limits`` it is not what is measured."""
    return run([sys.executable, "-m", module, *arguments], os.environ, limits or Limits())


def run(
    command: Sequence[str], environment: Mapping[str, str], limits: Limits, log: IO[str] | None = None
) -> subprocess.Popen[str]:
    """``log`` takes what it says; without one its output is to be read, and its errors are seen."""
    started = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=log or subprocess.PIPE,
        stderr=log,
        text=True,
    )
    limits.put(started.pid)
    return started


async def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    await asyncio.to_thread(process.communicate)


@asynccontextmanager
async def bare(limits: Limits) -> AsyncIterator[int]:
    """The pid of ``bench.bare``, which has just answered its first request."""
    port = free_port()
    process = begin("bench.bare", str(port), limits=limits)
    try:
        await ready(port)
        yield process.pid
    finally:
        await end(process)


async def ready(port: int, path: str = "/health", *, of: subprocess.Popen[str] | None = None) -> None:
    """Returns with its first 200. Raises when the process ends before."""
    ask = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                if of and of.poll() is not None:
                    raise RuntimeError(f"it ended with {of.returncode} instead of being ready") from None
                await asyncio.sleep(_EVERY)
                continue
            try:
                writer.write(ask)
                if b" 200 " in await reader.read(64):
                    return
            finally:
                writer.close()
            await asyncio.sleep(_EVERY)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
