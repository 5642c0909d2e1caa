"""What a new virtual key is to be, and what it may not be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from server import ids
from server.errors import BadRequest

MAX_NAME, MAX_PATTERN, MAX_PATTERNS = 64, 128, 50
SCOPES = ("gateway", "admin")
MAX_LIMIT = 1_000_000_000


@dataclass(frozen=True, slots=True)
class NewKey:
    """Limits that are None do not hold; no patterns at all allow everything."""

    name: str
    project: str = ""
    scope: str = "gateway"
    models: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    limit_nanos: int | None = None
    """What may be spent with it, ever."""
    rpm: int | None = None
    tpm: int | None = None
    streams: int | None = None
    expires_at: datetime | None = None

    def check(self) -> None:
        """Raises BadRequest."""
        if not _is_label(self.name):
            raise BadRequest(f"a key has a name of 1 to {MAX_NAME} characters, such as laptop")
        if self.project and not _is_label(self.project):
            raise BadRequest(f"a project has 1 to {MAX_NAME} characters")
        if self.scope not in SCOPES:
            raise BadRequest(f"scope is one of {', '.join(SCOPES)}")
        check_patterns("models", self.models)
        check_patterns("endpoints", self.endpoints)
        for what, limit in (("rpm", self.rpm), ("tpm", self.tpm), ("streams", self.streams)):
            if limit is not None and not 1 <= limit <= MAX_LIMIT:
                raise BadRequest(f"{what} is 1 or more; left out, there is no limit")
        if self.limit_nanos is not None and not 1 <= self.limit_nanos <= MAX_LIMIT * ids.NANOS_PER_DOLLAR:
            raise BadRequest("a spending limit is more than $0; left out, there is no limit")
        if self.expires_at is not None and self.expires_at <= ids.now():
            raise BadRequest("this key would have expired already")


def check_patterns(what: str, patterns: Sequence[str]) -> None:
    """Raises BadRequest."""
    if len(patterns) > MAX_PATTERNS or not all(_is_pattern(each) for each in patterns):
        raise BadRequest(f"{what} are at most {MAX_PATTERNS} patterns such as gpt-* or chat/*, without spaces")


def _is_label(text: str) -> bool:
    return 0 < len(text) <= MAX_NAME and text == text.strip() and text.isprintable()


def _is_pattern(text: str) -> bool:
    return 0 < len(text) <= MAX_PATTERN and text.isascii() and text.isprintable() and " " not in text
