"""Which databases this process opens: the commands of these tests run in it."""

import sys
from collections.abc import Callable
from typing import Any

Run = Callable[..., tuple[int, str, str]]
"""Types a command."""

opened: list[str] = []
"""The databases that this process opened, which is the one in which the commands of these tests run."""


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "sqlite3.connect":
        opened.append(str(arguments[0]))


sys.addaudithook(_watch)
