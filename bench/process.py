"""Other processes: begun with this Python, waited for, ended."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
_EVERY = 0.003
_PATIENCE = 60.0
_ASK = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def begin(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


async def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    await asyncio.to_thread(process.communicate)


@asynccontextmanager
async def bare() -> AsyncIterator[int]:
    """The pid of ``bench.bare``, which has just answered its first request."""
    port = free_port()
    process = begin("bench.bare", str(port))
    try:
        await ready(port)
        yield process.pid
    finally:
        await end(process)


async def ready(port: int) -> None:
    """Returns with the first 200 of ``/health``."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(_EVERY)
                continue
            writer.write(_ASK)
            answer = await reader.read(64)
            writer.close()
            if b" 200 " in answer:
                return


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
