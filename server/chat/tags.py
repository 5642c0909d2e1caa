"""Tags of a conversation: short words that a person gives it. Pure."""

import unicodedata
from collections.abc import Iterable

from server.errors import BadRequest

LONGEST, MOST = 40, 20


def tidy(tags: Iterable[str]) -> list[str]:
    """Lower case, without `#`, one dash for a space, each once, in order. Raises BadRequest for what is no tag."""
    tidied = sorted({word for tag in tags if (word := written(tag))})
    if len(tidied) > MOST:
        raise BadRequest(f"a conversation has at most {MOST} tags")
    return tidied


def written(tag: str) -> str:
    """One tag as it is kept; empty when nothing is left of it."""
    word = "-".join(unicodedata.normalize("NFC", tag).lower().replace("#", " ").split())
    if len(word) > LONGEST:
        raise BadRequest(f"a tag has at most {LONGEST} characters")
    if any(unicodedata.category(character).startswith("C") or character in '"\\,' for character in word):
        raise BadRequest('a tag has no quotes, commas or backslashes: letters, digits and "-" are enough')
    return word
