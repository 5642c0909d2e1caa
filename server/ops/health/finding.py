"""What a look at one thing comes to, how it is and what to do about it; and what a look may be told beforehand."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """``note`` is worth knowing, ``bad`` has to be mended; ``message`` is one sentence, ``step`` what to do next."""

    state: Literal["ok", "note", "bad"]
    subject: str
    message: str
    step: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a request says about its way here. ``trusted``: it came through a proxy that the settings name."""

    host: str
    secure: bool
    forwarded: bool
    trusted: bool


def megabytes(size: float) -> str:
    return (
        f"{size / 1000 / MB:.1f} GB"
        if size >= 1000 * MB
        else f"{size / MB:.1f} MB"
        if size < 10 * MB
        else f"{size / MB:.0f} MB"
    )
