"""A running server of the test's own: the real app on a real port, over a database of its own."""

import shutil
import socket
from functools import cache
from pathlib import Path
from typing import Any

from server.api.assets import Assets
from server.chat import keeping
from server.edge.protocol import bounded
from server.main import WEB, create_app
from server.settings import Settings
from server.store import migrate
from server.vault import keyfile
from tests.serving import Server

ADMIN = ("root", "correct horse battery")
GRACE = 3
"""Seconds that running requests have when a house stops."""


_page = cache(Assets)
"""The page as it is: the same for every house, and read once."""


def template(folder: Path) -> Path:
    """The data folder of a server that nobody has used, to copy from."""
    settings = Settings.load({"LLM_ROUTER_DATA": str(folder)})
    migrate.migrate(settings.database)
    keyfile.load_or_create(folder)
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
            "LLM_ROUTER_RATE_LIMIT": "0",
            **environment,
        }
        self._listener: socket.socket | None = None
        self._server: Server | None = None
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
        self._server = Server(self.app, GRACE, lifespan=True, http=bounded(settings.connections))
        await self._server.begin(self._listener)
        return self

    async def checkpoint(self) -> None:
        """What is being written is saved now, without waiting for its second."""
        await keeping.checkpoint(self.services.database, self.services.replies.running.values())

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.end()
            self._server = None
