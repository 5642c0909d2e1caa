"""A house that is a process of its own, and a shell beside it."""

import io
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server import cli
from server.setting_sources import variable
from server.settings import Settings
from tests.command_line.watched import Run, opened
from tests.process import Process
from tests.upstream import Upstream


@pytest.fixture
async def process(tmp_path: Path, empty_house: Path, upstream: Upstream) -> AsyncIterator[Process]:
    made = Process(
        tmp_path / "data",
        OPENAI_API_KEY="sk-test-openai-0001",
        OPENAI_BASE_URL=upstream.openai,
        LLM_ROUTER_REGISTRATION="true",
    )
    made.data.mkdir(mode=0o700)
    (made.data / "llm-router.db").write_bytes((empty_house / "llm-router.db").read_bytes())
    yield made
    await made.end()


@pytest.fixture
async def running(process: Process) -> Process:
    return await process.start()


@pytest.fixture
def run(process: Process, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Types a command of the same house; gives back its exit code and what it said on both outputs."""
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    for name, value in process.environment.items():
        monkeypatch.setenv(name, value)

    def run(*line: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["llm-router", *line])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        # In a thread: the loop of the test is not the command's.
        with pytest.raises(SystemExit) as ended, ThreadPoolExecutor(1) as other:
            other.submit(cli.main).result()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in out + err
        return int(ended.value.code or 0), out.decode("utf-8", "replace"), err.decode()

    opened.clear()
    return run
