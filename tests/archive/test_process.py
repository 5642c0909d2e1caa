"""The processes that do heavy work: when one dies, the log says of what, and the person hears what is so."""

import logging

import pytest

from server.archive import process
from server.errors import Unavailable

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("statement", "short_of_memory", "noted"),
    [
        ("import os; os.kill(os.getpid(), 9)", True, "-9"),
        ("raise MemoryError", True, "MemoryError"),
        ("raise ValueError('a broken font')", False, "ValueError"),
    ],
)
async def test_only_what_died_for_want_of_memory_says_so_and_its_kind_is_logged(
    caplog: pytest.LogCaptureFixture, statement: str, short_of_memory: bool, noted: str
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable) as told:
        async for _ in process.lines("timeit", "--number=1", statement):
            raise AssertionError("it says nothing")
    assert ("memory" in told.value.message) == short_of_memory
    [record] = caplog.records
    assert "timeit" in record.getMessage() and noted in record.getMessage()
    assert "font" not in record.getMessage(), "somebody's own words may stand there"
