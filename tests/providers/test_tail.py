"""What an upstream sent before its connection broke off is heard, also by somebody who listens slowly."""

import asyncio

import pytest

from server.providers.base import ProviderError
from tests.providers.line import Line, text
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_a_slow_listener_hears_every_word_before_the_connection_broke(way: Line, upstream: Upstream) -> None:
    upstream.script(Answer(text="word " * 4000, chunk=100, cut_after=180))
    heard = []
    with pytest.raises(ProviderError) as caught:
        async for event in way.provider.stream(way.ask(), way.credential):
            heard.append(event)
            if len(heard) == 4:
                while not upstream.requests[0].over:
                    await asyncio.sleep(0.01)
                for _ in range(50):  # until the end of the connection has come here, too
                    await asyncio.sleep(0.001)
    assert "broke" in caught.value.message
    assert text(heard) == upstream.requests[0].sent
    assert len(upstream.requests[0].sent) > 16 * 1024
