"""What an area is told of the run that it belongs to."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.limits import Limits
from bench.litellm import LiteLLM


@dataclass(frozen=True, slots=True)
class Run:
    folder: Path
    """The area's own, empty."""
    quick: bool
    """Few rounds, nothing long."""
    limits: Limits
    """Under which everything runs that is measured: the server, and what it is compared with."""
    litellm: LiteLLM | None = None
    """Where it is installed, to be measured beside the server."""

    def of(self, folder: Path) -> "Run":
        """The part that has this folder."""
        return replace(self, folder=folder)

    def rounds(self, most: int, *, seconds: float, quick: int = 1) -> Iterator[int]:
        """Numbers of rounds: ``quick`` of them in a quick run, else ``most``; none begins after so many seconds."""
        began = time.monotonic()
        for number in range(quick if self.quick else most):
            if number and time.monotonic() - began > seconds:
                return
            yield number
