"""LiteLLM's proxy as something to compare with: from PyPI into a virtual environment of its own, never a dependency.

It runs without a database, hence without budgets and a ledger: it does less than the gateway.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import process
from bench.limits import Limits

MODEL = "bench"
_PACKAGE = "litellm[proxy]"
_CONFIG = """
model_list:
  - model_name: {model}
    litellm_params:
      model: openai/{model}
      api_base: {upstream}/v1
      api_key: sk-bench
litellm_settings:
  telemetry: false
"""
_READY = "/health/liveliness"
_QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION"}
"""Nothing outgoing at a start, and no line for each request."""


@dataclass(frozen=True, slots=True)
class Running:
    url: str
    pid: int
    key: str


@dataclass(frozen=True, slots=True)
class LiteLLM:
    folder: Path
    """A virtual environment that has it."""

    @property
    def version(self) -> str:
        code = "import importlib.metadata as found; print(found.version('litellm'))"
        run = subprocess.run([self._program("python"), "-c", code], capture_output=True, text=True, check=True)
        return run.stdout.strip()

    @property
    def described(self) -> str:
        return (
            f"LiteLLM {self.version} is its proxy with one worker, started without a database: it keeps no ledger,"
            " knows one key and no budgets, and so writes nothing."
        )

    @asynccontextmanager
    async def serving(self, upstream: str, limits: Limits) -> AsyncIterator[Running]:
        """Before the fake provider at this address; it has just said that it is ready."""
        port, key = process.free_port(), f"sk-{secrets.token_hex(32)}"
        with (
            tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as config,
            tempfile.TemporaryFile("w+", encoding="utf-8") as log,
        ):
            config.write(_CONFIG.format(model=MODEL, upstream=upstream))
            config.flush()
            command = [self._program("litellm"), "--config", config.name, "--host", "127.0.0.1", "--port", str(port)]
            started = process.run(command, os.environ | _QUIET | {"LITELLM_MASTER_KEY": key}, limits, log)
            try:
                await process.ready(port, _READY, of=started)
                yield Running(f"http://127.0.0.1:{port}", started.pid, key)
            except Exception as error:
                log.seek(0)
                error.add_note(log.read()[-2000:])
                raise
            finally:
                await process.end(started)

    def _program(self, name: str) -> str:
        return str(self.folder / "bin" / name)


def cache() -> Path:
    """Where it is installed when nothing else is said."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "llm-router-bench" / "litellm"


def found(folder: Path) -> LiteLLM | None:
    return LiteLLM(folder) if (folder / "bin" / "litellm").exists() else None


def install(folder: Path) -> LiteLLM:
    """Makes the environment where there is none yet. Raises CalledProcessError, the reason is on stderr."""
    if there := found(folder):
        return there
    print(f"Installing {_PACKAGE} into {folder}: about 700 MB", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, _PACKAGE], check=True, stdout=sys.stderr)
    return LiteLLM(folder)
