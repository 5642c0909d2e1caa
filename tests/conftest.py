"""The cast of the tests: a house (a running server), its people, their phones, and the upstream they talk to."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from server.accounts import passwords
from tests.house import ADMIN, House, template
from tests.phone import Phone
from tests.upstream import Upstream

ADA = ("ada", "lovelace engine")
BOB = ("bob", "builder of houses")


class Shares(LoadScopeScheduling):
    """Each test goes to whoever is free, but two workers at most have a browser: more of them starve each other."""

    def _split_scope(self, nodeid: str) -> str:
        folder, _, name = nodeid.removeprefix("tests/").partition("/")
        return nodeid if folder != "browser" else "browser: a to o" if name < "test_p" else "browser: p to z"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares:
    return Shares(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which faults the seeded worlds met."""
    passed = terminalreporter.stats.get("passed", [])
    worlds = [kinds.split() for report in passed for name, kinds in report.user_properties if name == "faults"]
    if worlds:
        met = Counter(kind for kinds in worlds for kind in kinds)
        said = ", ".join(f"{kind} {count}" for kind, count in sorted(met.items()))
        terminalreporter.write_line(f"{len(worlds)} seeded worlds met these faults: {said}")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[tuple[int, int]]:
    """Passwords are hashed the same way with less work: most of the tests' time went there. Gives the real work."""
    real = passwords.MEMORY_KIB, passwords.PASSES
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "MEMORY_KIB", 64)
        patch.setattr(passwords, "PASSES", 1)
        yield real


@pytest.fixture(scope="session")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a server that has just been set up."""
    return template(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """The fake provider; at the end every request it got must have been one that the official SDKs would send."""
    with Upstream() as running:
        yield running
        running.check()


@pytest.fixture
async def house(empty_house: Path, tmp_path: Path, upstream: Upstream) -> AsyncIterator[House]:
    """A running server whose OpenAI and Anthropic are the fake upstream."""
    built = House.over(
        empty_house,
        tmp_path / "data",
        OPENAI_API_KEY="sk-test-openai-0001",
        OPENAI_BASE_URL=upstream.openai,
        ANTHROPIC_API_KEY="sk-ant-test-0002",
        ANTHROPIC_BASE_URL=upstream.anthropic,
        LLM_ROUTER_RETRY_WAIT_MAX="0.2",
    )
    await built.start()
    yield built
    await built.stop()


@pytest.fixture
async def root(house: House) -> AsyncIterator[Phone]:
    """The admin's phone."""
    phone = await Phone(house.url).sign_in(*ADMIN)
    yield phone
    await phone.close()


@pytest.fixture
async def phone(house: House) -> AsyncIterator[Phone]:
    """Ada's phone: a member, signed in."""
    await house.services.users.create(*ADA)
    phone = await Phone(house.url).sign_in(*ADA)
    yield phone
    await phone.close()


@pytest.fixture
async def laptop(house: House, phone: Phone) -> AsyncIterator[Phone]:
    """Ada's other device."""
    laptop = await Phone(house.url).sign_in(*ADA)
    yield laptop
    await laptop.close()


@pytest.fixture
async def bob(house: House) -> AsyncIterator[Phone]:
    """Somebody else's phone."""
    await house.services.users.create(*BOB)
    phone = await Phone(house.url).sign_in(*BOB)
    yield phone
    await phone.close()
