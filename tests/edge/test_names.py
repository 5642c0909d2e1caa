import socket

import pytest

from server.edge.names import Names, shown
from server.settings import Settings


def names(**values: object) -> Names:
    return Names(Settings(**values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080",
        "192.168.1.20",
        "100.101.102.103:8080",
        "[::1]:8080",
        "[fd00::12]",
        "localhost:8080",
        "LOCALHOST",
        "app.localhost",
        "llm-router:8080",
        "raspberrypi.local:8080",
        "pi.lan",
        "pi.home.arpa.",
        socket.gethostname(),
    ],
)
def test_what_nobody_elsewhere_can_make_theirs_needs_no_configuration(host: str) -> None:
    assert names().include(host)
    assert names().include(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "1.2.3.4.5",
        "local.evil.example:8080",
        "pi.local.evil.example",
        "",
        "a b",
        "evil.example/localhost",
        "evil.example@localhost",
        "localhost:80:80",
        "localhost:port",
        "[::1",
        "[evil.example]",
        ".local",
        "evil.example\nlocalhost",
        "x" * 5000 + ".example",
    ],
)
def test_any_other_name_is_not_ours(host: str) -> None:
    assert not names().include(host)


def test_the_public_name_and_those_of_the_settings_are() -> None:
    known = names(public_url="https://Chat.Example.com", hosts="one.example, two.example.")
    assert [known.include(host) for host in ("chat.example.com", "one.example:443", "two.example.")] == [True] * 3
    assert not known.include("three.example")
    assert names(hosts="*").include("three.example")


def test_what_is_remembered_of_names_has_an_end() -> None:
    known = names()
    for number in range(2000):
        assert not known.include(f"evil{number}.example")
    assert len(known._known) < 300
    assert known.include("localhost")


def test_only_a_name_is_repeated() -> None:
    assert shown("Evil.example:8080") == "evil.example"
    assert shown("<script>") == shown("x" * 300 + ".example") == shown("[::1]") == "that name"
