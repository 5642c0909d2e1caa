"""The three wires as a cast: a provider, a credential that reaches the fake, a model."""

from collections.abc import AsyncIterator

import pytest

from server.providers.base import Provider, Timeouts
from server.providers.registry import create
from tests.providers.line import WAYS, Line, line
from tests.upstream import Upstream


@pytest.fixture
def timeouts() -> Timeouts:
    return Timeouts(connect=2, first_byte=5, idle=5, total=20, models=5)


@pytest.fixture
async def providers(timeouts: Timeouts) -> AsyncIterator[dict[str, Provider]]:
    created = create(timeouts)
    yield created
    for provider in created.values():
        await provider.close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, providers: dict[str, Provider], upstream: Upstream) -> Line:
    """Each of the three in turn."""
    return line(providers, request.param, upstream.url)


@pytest.fixture
def openai(providers: dict[str, Provider], upstream: Upstream) -> Line:
    return line(providers, "openai", upstream.url)


@pytest.fixture
def anthropic(providers: dict[str, Provider], upstream: Upstream) -> Line:
    return line(providers, "anthropic", upstream.url)


@pytest.fixture
def compatible(providers: dict[str, Provider], upstream: Upstream) -> Line:
    return line(providers, "compatible", upstream.url)
