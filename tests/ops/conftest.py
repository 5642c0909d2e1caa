"""A house that may push to a service on this machine, and devices that asked to be told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.house import House
from tests.ops.pushing import Browser, Service
from tests.phone import Phone
from tests.upstream import Upstream


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """The push service; at the end everything it got must have been well made."""
    running = await Service().start()
    yield running
    await running.stop()
    assert running.problems == []


@pytest.fixture
async def house(empty_house: Path, tmp_path: Path, upstream: Upstream, service: Service) -> AsyncIterator[House]:
    built = House.over(
        empty_house,
        tmp_path / "data",
        OPENAI_API_KEY="sk-test-openai-0001",
        OPENAI_BASE_URL=upstream.openai,
        LLM_ROUTER_RETRY_WAIT_MAX="0.2",
        LLM_ROUTER_PUSH_LOCAL="true",
        LLM_ROUTER_PUSH_WAIT="0.3",
        LLM_ROUTER_PUSH_RETRY_WAIT_MAX="0.02",
    )
    await built.start()
    yield built
    await built.stop()


@pytest.fixture
async def told(phone: Phone, service: Service) -> Browser:
    """The browser of Ada's phone, which is told the first words too."""
    browser = service.browser()
    await phone.call("PUT", "/api/push", {"subscription": browser.subscription, "preview": True})
    return browser
