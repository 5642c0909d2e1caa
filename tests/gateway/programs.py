"""Other people's programs as a person installs them: each in a home of its own that reaches this machine only."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).parents[2] / ".tools"
NOTE = "note.txt"
SECRET = "quokka 7319"
PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program runs: its home, the folder it works in, and the gateway it is pointed at."""

    home: Path
    work: Path
    url: str
    key: str
    model: str


@dataclass(frozen=True, slots=True)
class Program:
    """``prepare`` writes its settings, and returns the command for a prompt and what the environment needs."""

    name: str
    binary: str
    """Below ``TOOLS``; of several builds the last, which asks least of the machine."""
    prepare: Callable[[Place, str], tuple[list[str], dict[str, str]]]
    tool: str
    """The one of its tools that is called."""
    arguments: Callable[[Place], dict[str, Any]]

    def path(self) -> str:
        """Skips the test where it is not installed."""
        found = sorted(TOOLS.glob(self.binary))
        if not found:
            kind = "python" if self.binary.startswith("python") else "npm"
            reason = TOOLS / f"{kind}.left-out"
            why = reason.read_text().strip() if reason.exists() else "tests/gateway/tools/prepare has not been run"
            pytest.skip(f"{self.name} is not installed: {why}")
        return str(found[-1])


def _claude(place: Place, prompt: str) -> tuple[list[str], dict[str, str]]:
    environment = {
        "ANTHROPIC_BASE_URL": place.url,
        "ANTHROPIC_AUTH_TOKEN": place.key,
        "ANTHROPIC_MODEL": place.model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": place.model,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    return ["-p", prompt, "--allowedTools", "Read"], environment


def _codex(place: Place, prompt: str) -> tuple[list[str], dict[str, str]]:
    folder = place.home / ".codex"
    folder.mkdir()
    (folder / "config.toml").write_text(f"""\
model = "{place.model}"
model_provider = "llm-router"
check_for_update_on_startup = false

[model_providers.llm-router]
name = "LLM Router"
base_url = "{place.url}/v1"
env_key = "LLM_ROUTER_KEY"
wire_api = "responses"

[analytics]
enabled = false

[features]
plugins = false
""")
    command = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt]
    return command, {"LLM_ROUTER_KEY": place.key}


def _opencode(place: Place, prompt: str) -> tuple[list[str], dict[str, str]]:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "LLM Router",
        "options": {"baseURL": f"{place.url}/v1", "apiKey": "{env:LLM_ROUTER_KEY}"},
        "models": {place.model: {}},
    }
    settings = {"provider": {"llm-router": provider}, "autoupdate": False, "share": "disabled"}
    (place.work / "opencode.json").write_text(json.dumps(settings))
    environment = {
        "LLM_ROUTER_KEY": place.key,
        # What it would install beside itself, it asks of a registry that is not there.
        "NPM_CONFIG_REGISTRY": place.url,
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    }
    return ["run", "-m", f"llm-router/{place.model}", prompt], environment


def _llm(place: Place, prompt: str) -> tuple[list[str], dict[str, str]]:
    folder = place.home / "llm"
    folder.mkdir()
    (folder / "extra-openai-models.yaml").write_text(f"""\
- model_id: router
  model_name: {place.model}
  api_base: {place.url}/v1
  api_key_name: llm-router
  supports_tools: true
""")
    (folder / "keys.json").write_text(json.dumps({"llm-router": place.key}))
    function = "def read_note(path: str) -> str:\n    return open(path).read()\n"
    return ["-m", "router", "--functions", function, prompt], {"LLM_USER_PATH": str(folder)}


PROGRAMS = [
    Program(
        "Claude Code",
        "npm/node_modules/@anthropic-ai/claude-code-*/claude",
        _claude,
        "Read",
        lambda place: {"file_path": str(place.work / NOTE)},
    ),
    Program(
        "Codex CLI",
        "npm/node_modules/@openai/codex-*/vendor/*/bin/codex",
        _codex,
        "exec_command",
        lambda place: {"cmd": f"cat {NOTE}"},
    ),
    Program(
        "opencode",
        "npm/node_modules/opencode-*-*/bin/opencode",
        _opencode,
        "read",
        lambda place: {"filePath": str(place.work / NOTE)},
    ),
    Program("llm", "python/bin/llm", _llm, "read_note", lambda place: {"path": str(place.work / NOTE)}),
]


@contextmanager
def _wall() -> Iterator[str]:
    """The address of a proxy for everything that is not on this machine; who asks it for something fails the test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.setblocking(False)
        try:
            asking, _ = listener.accept()
        except BlockingIOError:
            return
        asking.setblocking(False)
        with asking:
            wanted = asking.recv(200)
        pytest.fail(f"it wanted to leave this machine: {wanted!r}")


async def run(program: Program, place: Place, prompt: str) -> str:
    """What it printed; fails when it did not end well."""
    binary = program.path()
    for folder in (place.home, place.work):
        folder.mkdir()
    (place.work / NOTE).write_text(f"the word is {SECRET}\n")
    arguments, environment = program.prepare(place, prompt)
    with _wall() as wall:
        process = await asyncio.create_subprocess_exec(
            binary,
            *arguments,
            cwd=place.work,
            env={
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(place.home),
                "TMPDIR": str(place.home),
                "LANG": "C.UTF-8",
                "HTTP_PROXY": wall,
                "HTTPS_PROXY": wall,
                "NO_PROXY": "127.0.0.1",
                "DO_NOT_TRACK": "1",
                **environment,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                printed, complaints = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, f"{printed.decode()}\n{complaints.decode()}"
    return printed.decode()
