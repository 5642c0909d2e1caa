"""What can be seen of a running stack from the outside: its bounds, its memory, what its door speaks."""

import re
import socket
import ssl
from pathlib import Path

from tests.deploy.stack.engine import Stack, docker

COMPILERS = "for each in cc gcc g++ clang make; do command -v $each; done; true"
OF_THE_SERVER = 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != llm-router ] || grep VmRSS $p/status; done'


def is_careful(stack: Stack) -> None:
    """What the compose file says, as the kernel sees it."""
    status = stack.inside("cat", "/proc/self/status")
    for line in (r"Uid:\s+1000\s", r"CapEff:\s+0+$", r"CapBnd:\s+0+$", r"NoNewPrivs:\s+1$"):
        assert re.search(f"^{line}", status, re.M), line
    host = stack.container["HostConfig"]
    assert host["ReadonlyRootfs"], "the root file system is read-only"
    assert host["Memory"], "memory has a limit"
    assert not (found := stack.inside("sh", "-c", COMPILERS)), f"no compiler is in the image: {found}"
    assert stack.inside("sh", "-c", "touch /app/x /x 2>&1; true").count("Read-only file system") == 2


def memory(stack: Stack) -> str:
    """What the engine counts of the container, and what the server itself has resident."""
    counted = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", stack.container["Id"]).strip()
    resident = sum(int(each) for each in re.findall(r"\d+", stack.inside("sh", "-c", OF_THE_SERVER)))
    return f"{counted} in the container, {resident / 1024:.0f} MiB resident in the server"


def protocol(port: int, trust: Path) -> str | None:
    """What a browser and Caddy agree on."""
    context = ssl.create_default_context(cafile=str(trust))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        return secure.selected_alpn_protocol()
