"""What a way to an upstream yields: the head of the answer once there is something to say, its bytes, the last ones."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Head:
    """Nothing of the answer has left before it, so that until then another upstream may be asked."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Last:
    """The bytes with which an answer is whole: what it used is known, and is in the ledger before they leave."""

    data: bytes


Pieces = AsyncGenerator[Head | bytes | Last, None]
