"""What an upstream sent before its connection broke is not lost with it."""

import asyncio
from unittest.mock import Mock

import aiohttp
import pytest

from server.gateway.client import read

pytestmark = pytest.mark.anyio


async def test_what_came_before_the_connection_broke_comes_before_the_error() -> None:
    content = aiohttp.StreamReader(Mock(_reading_paused=False), 2**16, loop=asyncio.get_running_loop())
    content.feed_data(b"data: first\n\n")
    content.feed_data(b"data: second\n\n")
    content.set_exception(aiohttp.ClientPayloadError("broken off"))
    assert await read(content) == b"data: first\n\ndata: second\n\n"
    with pytest.raises(aiohttp.ClientPayloadError):
        await read(content)
