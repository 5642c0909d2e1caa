"""The program as its own process, started by its own command: what can be killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.house import ADMIN

PATIENCE = 120.0


class Process:
    """``llm-router serve`` over a data folder. The port stays the same from start to start."""

    def __init__(self, data: Path, **environment: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = data
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = keep | {
            "LLM_ROUTER_DATA": str(data),
            "LLM_ROUTER_PORT": str(self.port),
            "LLM_ROUTER_ADMIN_USER": ADMIN[0],
            "LLM_ROUTER_ADMIN_PASSWORD": ADMIN[1],
            "LLM_ROUTER_TITLES": "false",
            "LLM_ROUTER_RATE_LIMIT": "0",
            **environment,
        }
        self.command = [sys.executable, "-m", "server.cli"]
        self.folder = Path(__file__).parents[1]
        """Whose program it is."""
        self.log = data.parent / f"{data.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def begin(self) -> None:
        """Starts it without waiting."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command, "serve"],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    async def start(self) -> "Process":
        self.begin()
        async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(verify=False) as http:
            while True:
                assert self._process is not None and self._process.poll() is None, self.log.read_text()
                try:
                    if (await http.get(f"{self.url}/health")).status_code == 200:
                        return self
                except httpx2.TransportError:
                    await asyncio.sleep(0.02)

    async def ended(self) -> int:
        """The exit code of a process that ends by itself."""
        process, self._process = self._process, None
        assert process is not None
        return await asyncio.to_thread(process.wait, PATIENCE)

    async def kill(self) -> None:
        """SIGKILL: it gets to do nothing more."""
        await self.end(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Sends it a signal, and does not wait for what that does."""
        assert self._process is not None
        self._process.send_signal(number)

    async def end(self, with_signal: int = signal.SIGTERM) -> int:
        """The exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(with_signal)
        return await asyncio.to_thread(process.wait, PATIENCE)
