"""What something takes that is waited for."""

import time
from collections.abc import Awaitable
from typing import Any


async def milliseconds(work: Awaitable[Any]) -> float:
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1000
