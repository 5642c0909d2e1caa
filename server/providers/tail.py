"""What an upstream sent before its connection broke: aiohttp raises at once, whatever its reader still holds."""

from typing import Any


def left(content: Any) -> bytes:
    """Takes what the reader of a broken connection, an ``aiohttp.StreamReader``, still holds."""
    held, offset = getattr(content, "_buffer", None), getattr(content, "_buffer_offset", 0)
    if not held:
        return b""
    whole = b"".join(held)[offset:]
    held.clear()
    return whole
