"""A push service of the tests' own, and the browsers that it reaches.

It is as strict as the real ones: a message whose sender cannot be verified, or that the browser cannot decrypt, is a
mistake. Both are judged by libraries that share no code with ours.
"""

import asyncio
import json
import secrets
import socket
import sqlite3
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.serving import Server


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def data(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """One subscription: what the page hands to the server, and the key that only the browser has."""

    def __init__(self, endpoint: str, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        self.endpoint = endpoint
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.auth = secrets.token_bytes(16)

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def subscription(self) -> dict[str, Any]:
        keys = {"p256dh": text(self.point), "auth": text(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def decrypt(self, body: bytes) -> bytes:
        found: bytes = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return found


@dataclass(frozen=True, slots=True)
class Received:
    browser: Browser
    headers: dict[str, str]
    body: bytes

    @property
    def note(self) -> Any:
        return json.loads(self.browser.decrypt(self.body))

    @property
    def claims(self) -> Any:
        return json.loads(data(self.headers["authorization"].split("t=")[1].split(".")[1]))

    @property
    def sender(self) -> str:
        return self.headers["authorization"].split("k=")[1]


class Service:
    """``script`` says how the next messages are answered; what is not scripted is taken."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.problems: list[str] = []
        self._browsers: dict[str, Browser] = {}
        self._answers: list[tuple[int, dict[str, str]]] = []
        self._fresh = asyncio.Event()
        self._gate = asyncio.Event()
        self._gate.set()
        self.url = ""

    async def start(self) -> "Service":
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = Starlette(routes=[Route("/send/{name}", self._take, methods=["POST"])])
        self._server = Server(app, 3, lifespan=False)
        await self._server.begin(listener)
        return self

    async def stop(self) -> None:
        self._gate.set()
        await self._server.end()

    def browser(self) -> Browser:
        name = secrets.token_urlsafe(12)
        self._browsers[name] = Browser(f"{self.url}/send/{name}")
        return self._browsers[name]

    def script(self, *answers: int | tuple[int, dict[str, str]]) -> None:
        self._answers += [answer if isinstance(answer, tuple) else (answer, {}) for answer in answers]

    def hold(self) -> None:
        """Answers nothing until it is released."""
        self._gate.clear()

    def release(self) -> None:
        self._gate.set()

    async def got(self, count: int) -> list[Received]:
        """The messages, as soon as there are ``count``."""
        async with asyncio.timeout(PATIENCE):
            while len(self.received) < count:
                self._fresh.clear()
                await self._fresh.wait()
        return self.received

    async def _take(self, request: Request) -> Response:
        browser = self._browsers[request.path_params["name"]]
        message = Received(browser, dict(request.headers), await request.body())
        try:
            self._check(message)
        except Exception as error:
            self.problems.append(repr(error))
            return Response(status_code=400)
        self.received.append(message)
        self._fresh.set()
        await self._gate.wait()
        status, headers = self._answers.pop(0) if self._answers else (201, {})
        return Response(status_code=status, headers=headers)

    def _check(self, message: Received) -> None:
        headers, claims = message.headers, message.claims
        assert Vapid02.verify(headers["authorization"]), "the signature is wrong"
        assert claims["aud"] == self.url, claims
        assert 0 < claims["exp"] - time.time() <= 24 * 3600, claims
        assert claims["sub"].startswith(("mailto:", "https://")), claims
        assert headers["content-encoding"] == "aes128gcm" and headers["host"] == urlsplit(self.url).netloc
        assert int(headers["ttl"]) > 0 and headers["urgency"] == "high"
        assert len(headers["topic"]) <= 32 and headers["topic"].replace("-", "").replace("_", "").isalnum()
        assert len(message.body) <= 4096 and len(message.browser.decrypt(message.body)) <= 3000


async def wait_for(check: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not check():
            await asyncio.sleep(0.01)


async def restart(house: House, *phones: Phone, **environment: str) -> None:
    """Ends the server and starts it again, with other settings."""
    await house.stop()
    house.environment.update(environment)
    await house.start()
    for phone in phones:
        phone.http.base_url = house.url


def stored(house: House, query: str) -> list[Any]:
    """What the database says."""
    with closing(sqlite3.connect(house.data / "llm-router.db")) as connection:
        return connection.execute(query).fetchall()
