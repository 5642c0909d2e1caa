"""A compose file of the project on a real engine: built, started, looked at, taken away, beside whatever else runs."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 600


def docker(*arguments: str, binary: bool = False) -> Any:
    """What it said on standard output. Raises SystemExit with what it said on the other one."""
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False, text=not binary)
    if done.returncode:
        said = done.stderr if isinstance(done.stderr, str) else done.stderr.decode()
        sys.exit(f"docker {' '.join(arguments)}:\n{said[-4000:]}")
    return done.stdout


class Stack:
    """The file as it is, but for free ports on this machine alone and an image and volumes of its own."""

    def __init__(self, file: Path, work: Path, change: Callable[[dict[str, Any]], None]) -> None:
        self.name = f"llm-router-test-{file.stem.rpartition('.')[2].removeprefix('docker-')}"
        config = json.loads(docker("compose", "-f", str(file), "-p", self.name, "config", "--format", "json"))
        for service in config["services"].values():
            for port in service.get("ports", ()):
                port.pop("published", None)
                port["host_ip"] = "127.0.0.1"
        change(config["services"]["llm-router"])
        self.has_caddy = "caddy" in config["services"]
        self._file = work / f"{file.stem}.json"
        self._file.write_text(json.dumps(config))

    def compose(self, *arguments: str) -> str:
        return str(docker("compose", "-f", str(self._file), "-p", self.name, *arguments))

    def up(self) -> None:
        """Returns when it is healthy."""
        self.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", str(PATIENCE))

    def down(self, *, volumes: bool) -> None:
        self.compose("down", "--remove-orphans", *(["--volumes"] if volumes else []))

    def inside(self, *command: str) -> str:
        """What a command in the server's container said."""
        return self.compose("exec", "-T", "llm-router", *command)

    def port(self, service: str, target: int) -> int:
        return int(self.compose("port", service, str(target)).strip().rpartition(":")[2])

    def logs(self) -> str:
        return self.compose("logs", "--no-color", "--no-log-prefix", "llm-router")

    def certificate(self, into: Path) -> Path:
        """The certificate of Caddy's own authority."""
        self.compose("cp", "caddy:/data/caddy/pki/authorities/local/root.crt", str(into))
        return into

    @property
    def container(self) -> Any:
        """What the engine knows of the server's container now."""
        return json.loads(docker("inspect", self.compose("ps", "--quiet", "llm-router").strip()))[0]
