"""A running server of the test's own: the real app on a real port, over a database of its own."""

import asyncio
import shutil
import socket
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn

from server.api.assets import Assets
from server.main import WEB, create_app
from server.settings import Settings
from server.store import migrate

ADMIN = ("root", "correct horse battery")


_page = cache(Assets)
"""The page as it is: the same for every house, and read once."""


def template(folder: Path) -> Path:
    """A migrated, empty database to copy from."""
    settings = Settings.load({"LLM_ROUTER_DATA": str(folder)})
    migrate.migrate(settings.database)
    return folder


class House:
    """Start it, stop it, start it again over the same data, at the same address. ``web`` is the page that it serves."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.environment = {
            "LLM_ROUTER_DATA": str(data),
            "LLM_ROUTER_ADMIN_USER": ADMIN[0],
            "LLM_ROUTER_ADMIN_PASSWORD": ADMIN[1],
            "LLM_ROUTER_TITLES": "false",
            **environment,
        }
        self._listener: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._port = 0
        self.web = WEB
        self.url = ""
        self.app: Any = None

    @classmethod
    def over(cls, empty: Path, data: Path, **environment: str) -> "House":
        """A house with a copy of the empty database."""
        shutil.copytree(empty, data, dirs_exist_ok=True)
        return cls(data, **environment)

    @property
    def services(self) -> Any:
        return self.app.state.services

    async def start(self) -> "House":
        settings = Settings.load(self.environment)
        pages = _page if self.web == WEB else Assets
        self.app = create_app(settings, pages(self.web, settings.service_worker))
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        config = uvicorn.Config(self.app, log_config=None, timeout_graceful_shutdown=3, lifespan="on")
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the server did not start")
            await asyncio.sleep(0.005)
        return self

    async def stop(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
            self._server = None
