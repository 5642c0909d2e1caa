"""One message to one service: over TLS, to the address that was looked at, in the time that there is."""

import asyncio
import datetime
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.ops.courier import Courier, Outcome
from server.settings import Settings

pytestmark = pytest.mark.anyio

TAKEN = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


class Line:
    """A TLS server with a certificate for ``push.example``; keeps the heads of requests and the names asked for."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "certificate.pem"
        self.names: list[str] = []
        self.heads: list[str] = []
        self.answer = TAKEN
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "push.example")])
        today = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("push.example")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        self.file.write_bytes(certificate.public_bytes(pem))
        own = folder / "key.pem"
        own.write_bytes(key.private_bytes(pem, plain, serialization.NoEncryption()))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.file, own)
        self._context.sni_callback = lambda _, name, __: self.names.append(name)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(self.answer)
        try:
            await writer.drain()
            await reader.read()
        except OSError:
            pass
        writer.close()


@pytest.fixture
async def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    line = Line(tmp_path)
    await line.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(line.file))
    yield line
    await line.stop()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names stand for; addresses stand for themselves."""
    known: dict[str, list[str]] = {}

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known.get(host, [host])]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.fixture
async def courier(line: Line) -> AsyncIterator[Courier]:
    courier = Courier(Settings(push_local=True, push_retry_wait_max=0.01))
    yield courier
    await courier.close()


async def send(courier: Courier, url: str) -> Outcome:
    return await courier.send(url, lambda origin: {"Authorization": origin}, b"sealed")


async def test_the_certificate_is_that_of_the_name_although_the_address_is_pinned(
    line: Line, names: dict[str, list[str]], courier: Courier
) -> None:
    names["push.example"] = ["127.0.0.1"]
    assert await send(courier, f"https://push.example:{line.port}/send/x") == Outcome("ok")
    assert line.names == ["push.example"]
    (head,) = line.heads
    assert head.startswith("POST /send/x HTTP/1.1\r\n") and f"\r\nHost: push.example:{line.port}\r\n" in head
    assert f"\r\nAuthorization: https://push.example:{line.port}\r\n" in head


async def test_a_certificate_of_another_name_is_refused(
    line: Line, names: dict[str, list[str]], courier: Courier
) -> None:
    names["other.example"] = ["127.0.0.1"]
    outcome = await send(courier, f"https://other.example:{line.port}/send/x")
    assert outcome == Outcome("failed", "the push service cannot be reached")
    assert line.heads == []


async def test_where_the_first_address_is_dead_the_next_is_taken(
    line: Line, names: dict[str, list[str]], courier: Courier
) -> None:
    names["push.example"] = ["127.0.0.2", "127.0.0.1"]
    assert (await send(courier, f"https://push.example:{line.port}/x")).state == "ok"


async def test_the_name_is_looked_up_anew_for_every_try(
    line: Line, names: dict[str, list[str]], courier: Courier
) -> None:
    line.answer = TAKEN.replace(b"201 Created", b"503 Busy")
    names["push.example"] = ["127.0.0.1"]
    sending = asyncio.create_task(send(courier, f"https://push.example:{line.port}/x"))
    async with asyncio.timeout(5):
        while not line.heads:
            await asyncio.sleep(0.001)
    names["push.example"] = ["127.0.0.2"]
    assert (await sending).message == "the push service cannot be reached"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"", Outcome("failed", "the push service did not answer in time")),
        (b"HTTP/1.1 201 Crea", Outcome("failed", "the push service did not answer in time")),
        (b"not http at all\r\n\r\n", Outcome("failed", "the push service cannot be reached")),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 9999999\r\n\r\nx", Outcome("ok")),
        (b"HTTP/1.1 410 Gone\r\n\r\n" + b"x" * 100_000, Outcome("gone", "the browser has ended this subscription")),
    ],
    ids=["silence", "half a line", "no http", "endless", "large"],
)
async def test_a_strange_service_costs_no_more_than_the_time_it_gets(
    line: Line,
    names: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    answer: bytes,
    outcome: Outcome,
) -> None:
    monkeypatch.setattr("server.ops.courier.TRIES", 1)
    names["push.example"] = ["127.0.0.1"]
    line.answer = answer
    courier = Courier(Settings(push_local=True, push_timeout=1.5))
    async with asyncio.timeout(10):
        assert await send(courier, f"https://push.example:{line.port}/x") == outcome
    await courier.close()


async def test_no_proxy_of_the_environment_comes_between(
    line: Line, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    names["push.example"] = ["127.0.0.1"]
    courier = Courier(Settings(push_local=True))
    assert (await send(courier, f"https://push.example:{line.port}/x")).state == "ok"
    await courier.close()
