"""The fake provider as a server in a thread: start it, script it, ask it what it saw."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any

import uvicorn

from tests.upstream.answer import Answer
from tests.upstream.app import App
from tests.upstream.record import Asked, Record


class _Server(uvicorn.Server):
    """Ends at once when told to, whatever it is in the middle of."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    async def main_loop(self) -> None:
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class Upstream:
    """A context manager. Everything here may be called from the test's own thread."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._record = Record()
        self._app = App(self._record)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        config = uvicorn.Config(self._app, log_level="critical", lifespan="off", access_log=False)
        self._server = _Server(config)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self.openai = f"{self.url}/v1"
        """The base URL for OpenAI's SDK, and for every compatible client."""
        self.anthropic = self.url
        """The base URL for Anthropic's SDK."""

    def __enter__(self) -> "Upstream":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._app.loop is not None
        self._app.loop.call_soon_threadsafe(self._server.stopping.set)
        self._thread.join(10)
        self._socket.close()

    def script(self, *answers: Answer) -> None:
        """Answers for the next requests, in this order; one with ``match`` waits for a request that fits."""
        self._app.queue.extend(answers)

    def default(self, answer: Answer) -> None:
        """What is answered when nothing else was scripted."""
        self._app.default = answer

    def models(self, *, openai: list[Any] | None = None, anthropic: list[Any] | None = None) -> None:
        """What the lists contain: names, or whole entries."""
        if openai is not None:
            self._app.openai_models = openai
        if anthropic is not None:
            self._app.anthropic_models = anthropic

    def trust(self) -> None:
        """Lets requests without a key pass, and fields that the SDKs do not know, as programs send them.

        What no server would take is refused.
        """
        self._app.trusting = True

    def release(self) -> None:
        """Let every answer that holds go on."""
        self._app.release()

    def reset(self) -> None:
        self._app.reset()

    def forget(self, kept: int) -> None:
        """Remembers only the last requests."""
        self._record.forget(kept)

    @property
    def requests(self) -> list[Asked]:
        return list(self._record.requests)

    @property
    def calls(self) -> list[Asked]:
        """The requests that make a model work: no lists, no counting."""
        return [asked for asked in self.requests if asked.method == "POST" and "token" not in asked.path]

    @property
    def violations(self) -> list[str]:
        return list(self._record.violations)

    def check(self) -> None:
        """Fails when a request broke the providers' own types."""
        assert not self.violations, "\n".join(self.violations)

    def wait(self, count: int = 1, timeout: float = 10) -> list[Asked]:
        """The first ``count`` requests; blocks until they are there."""
        assert self._record.wait(lambda: len(self._record.requests) >= count, timeout), "nobody asked"
        return self.requests[:count]

    async def asked(self) -> None:
        """Waits until a model was asked: what is released then will not hold."""
        asked = await asyncio.to_thread(self._record.wait, lambda: bool(self.calls), 30)
        assert asked, "no model was asked"

    def wait_gone(self, index: int = -1, timeout: float = 10) -> Asked:
        """Blocks until the client of that request has gone away before the end."""

        def gone() -> bool:
            return bool(self.requests) and self.requests[index].disconnected_at is not None

        assert self._record.wait(gone, timeout), "the client did not go away"
        return self.requests[index]

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._app.loop = asyncio.get_running_loop()
        # The socket is bound already: once it listens, a client's connection waits in its backlog.
        self._socket.listen(128)
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
