from typing import Any

import pytest

from server.edge.forwarded import Proxies
from server.setting_sources import SettingsError
from server.settings import Settings


def heard(proxies: str, peer: str | None, *, proto: str | None = None, **given: Any) -> tuple[str | None, str, Any]:
    """The client, the scheme and the proxy, as they are for whoever is asked."""
    headers = [(b"x-forwarded-for", value.encode()) for value in given.get("chain", ())]
    if proto is not None:
        headers.append((b"x-forwarded-proto", proto.encode()))
    scope: dict[str, Any] = {"client": (peer, 1) if peer else None, "scheme": "http", "headers": headers, "state": {}}
    Proxies(Settings(trusted_proxies=proxies)).apply(scope)  # type: ignore[arg-type]
    return scope["client"] and scope["client"][0], scope["scheme"], scope["state"].get("proxy")


def test_nobody_is_believed_unless_they_were_configured() -> None:
    assert heard("", "127.0.0.1", proto="https", chain=["1.2.3.4"]) == ("127.0.0.1", "http", None)
    assert heard("10.0.0.1", "10.0.0.2", proto="https", chain=["1.2.3.4"]) == ("10.0.0.2", "http", None)
    assert heard("10.0.0.0/8", None, proto="https", chain=["1.2.3.4"]) == (None, "http", None)


def test_a_proxy_says_who_asks_and_how() -> None:
    assert heard("10.0.0.1", "10.0.0.1", proto="https", chain=["1.2.3.4"]) == ("1.2.3.4", "https", "10.0.0.1")
    assert heard("private", "172.18.0.3", proto="https", chain=["1.2.3.4"]) == ("1.2.3.4", "https", "172.18.0.3")
    assert heard("fd00::/8", "fd00::1", chain=["[2001:db8::1]:99"]) == ("2001:db8::1", "http", "fd00::1")
    assert heard("127.0.0.1", "::ffff:127.0.0.1", chain=["1.2.3.4:99"])[0] == "1.2.3.4"


def test_what_the_person_wrote_in_front_is_not_believed() -> None:
    assert heard("10.0.0.1", "10.0.0.1", chain=["6.6.6.6, 1.2.3.4"])[0] == "1.2.3.4"
    assert heard("10.0.0.1", "10.0.0.1", chain=["6.6.6.6", "1.2.3.4"])[0] == "1.2.3.4"
    assert heard("10.0.0.0/8", "10.0.0.1", chain=["6.6.6.6, 1.2.3.4, 10.0.0.2"])[0] == "1.2.3.4"
    assert heard("private", "172.18.0.3", chain=["6.6.6.6, 192.168.1.50"])[0] == "192.168.1.50"
    assert heard("10.0.0.1", "10.0.0.1", proto="http, https", chain=[])[1] == "https"


@pytest.mark.parametrize("chain", ["", "unknown", "<script>", "1.2.3.4.5", "1.2.3.4, evil", ","])
def test_what_is_no_address_changes_nothing(chain: str) -> None:
    assert heard("10.0.0.1", "10.0.0.1", proto="javascript", chain=[chain]) == ("10.0.0.1", "http", "10.0.0.1")


@pytest.mark.parametrize("proxies", ["all", "10.0.0.1/8", "proxy.example"])
def test_a_proxy_is_named_by_its_address(proxies: str) -> None:
    with pytest.raises(SettingsError, match="LLM_ROUTER_TRUSTED_PROXIES"):
        Settings.load({"LLM_ROUTER_TRUSTED_PROXIES": proxies})
