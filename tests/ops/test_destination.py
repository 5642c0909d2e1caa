"""Where a push message may go: what a subscription names is not to be trusted."""

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import pytest

from server.ops import destination
from server.ops.destination import Refused, is_public

pytestmark = pytest.mark.anyio


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names stand for; numbers and odd ways to write them go to the real resolver."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host not in known:
            return real(host, port, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://93.184.215.14/send/x",
        "https://10.0.0.1/send/x",
        "https://172.16.3.4/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[ff02::1]/",
        "https://8.8.8.8:8443/",
        "https://8.8.8.8:22/",
        "https://user:secret@8.8.8.8/",
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
        "gopher://8.8.8.8/",
        "https:///send",
        "https://[oops/",
        "//8.8.8.8/",
        "",
    ],
)
async def test_an_address_inside_is_refused(endpoint: str, names: dict[str, list[str]]) -> None:
    with pytest.raises(Refused):
        await destination.find(endpoint, local=False)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["192.168.1.1"], ["8.8.8.8", "10.0.0.1"]])
async def test_a_name_that_stands_for_one_is_refused(addresses: list[str], names: dict[str, list[str]]) -> None:
    names["push.example"] = addresses
    with pytest.raises(Refused, match="private network"):
        await destination.find("https://push.example/send/x", local=False)


async def test_a_public_name_is_pinned_to_what_it_stands_for_now(names: dict[str, list[str]]) -> None:
    names["push.example"] = ["8.8.8.8", "8.8.4.4", "8.8.8.8"]
    found = await destination.find("https://push.example/send/x?y", local=False)
    assert found.addresses == ("8.8.8.8", "8.8.4.4")
    assert (found.host, found.origin, found.url.path) == ("push.example", "https://push.example", "/send/x")


async def test_a_name_that_means_nothing_is_no_verdict(names: dict[str, list[str]]) -> None:
    with pytest.raises(OSError):  # noqa: PT011
        await destination.find("https://nowhere.example/x", local=False)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8090/x", "https://192.168.1.4:8443/x", "http://[::1]:80/x"])
async def test_where_the_owner_allows_it_a_local_service_is_taken(endpoint: str, names: dict[str, list[str]]) -> None:
    assert (await destination.find(endpoint, local=True)).addresses


async def test_plain_http_never_leaves_this_machine(names: dict[str, list[str]]) -> None:
    for endpoint in ("http://192.168.1.4/x", "http://8.8.8.8/x"):
        with pytest.raises(Refused):
            await destination.find(endpoint, local=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_what_is_on_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_looking_up_does_not_stop_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(*_: Any, **__: Any) -> Any:
        loop.call_soon_threadsafe(asked.set)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(OSError):  # noqa: PT011
        await destination.find("https://push.example/x", local=False)
    await asked.wait()
