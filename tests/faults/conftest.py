from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.stage import Stage, build
from tests.house import ADMIN
from tests.phone import Phone
from tests.process import Process
from tests.upstream import Upstream


@pytest.fixture(scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return await build(tmp_path_factory.mktemp("stage"))


@pytest.fixture
async def process(tmp_path: Path, upstream: Upstream) -> AsyncIterator[Process]:
    """The program in a process of its own, talking to the fake upstream."""
    made = Process(
        tmp_path / "data",
        OPENAI_API_KEY="sk-test-openai-0001",
        OPENAI_BASE_URL=upstream.openai,
        ANTHROPIC_API_KEY="sk-ant-test-0002",
        ANTHROPIC_BASE_URL=upstream.anthropic,
    )
    await made.start()
    yield made
    await made.end()


@pytest.fixture
async def root(process: Process) -> AsyncIterator[Phone]:
    phone = await Phone(process.url).sign_in(*ADMIN)
    yield phone
    await phone.close()
