"""What is seen of one reply while it comes in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stream:
    """Seconds: until the first piece of the answer, and the longest time between two pieces after it."""

    first: float
    stall: float
