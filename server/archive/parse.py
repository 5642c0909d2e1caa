"""Reads JSON of any size piece by piece: the members of a list one after the other, never the whole.

Numbers are exact or binary floating point, as JSON has them. A file that is cut off or damaged raises Broken.
"""

from collections.abc import Iterator
from typing import IO, Any

from server.archive.shape import MAX_CONVERSATION, MB, Broken

STREAMED = frozenset({"conversations", "files", "data"})
"""Members of the outermost object that are lists of pieces."""
MAX_DEPTH = 20_000
CHUNK = 64 * 1024

Piece = tuple[str, Any]
"""("item", a member of the outermost list), (name, a member of such a list of the outermost object) or
("=" + name, another value of the outermost object)."""


def pieces(file: IO[bytes], limit: int = MAX_CONVERSATION) -> Iterator[Piece]:
    """Raises Broken."""
    import ijson

    try:
        yield from _pieces(ijson.basic_parse(file, buf_size=CHUNK, use_float=True), limit)
    except (ijson.JSONError, UnicodeDecodeError, OverflowError) as error:
        if "premature" in str(error):
            raise Broken("the file is cut off: download or export it again") from None
        raise Broken("the file is not whole JSON: export it again") from None


def _pieces(events: Iterator[tuple[str, Any]], limit: int) -> Iterator[Piece]:
    kind, _ = next(events)
    if kind == "start_array":
        yield from (("item", value) for value in _members(events, limit))
    elif kind == "start_map":
        for kind, name in events:
            if kind == "end_map":
                break
            first = next(events)
            if first[0] == "start_array" and name in STREAMED:
                yield from ((name, value) for value in _members(events, limit))
            else:
                yield f"={name}", _built(first, events, limit)
    else:
        raise Broken("there are no conversations in this file")
    next(events, None)  # says so where the file goes on after its end


def _members(events: Iterator[tuple[str, Any]], limit: int) -> Iterator[Any]:
    for event in events:
        if event[0] == "end_array":
            return
        yield _built(event, events, limit)


def _built(first: tuple[str, Any], events: Iterator[tuple[str, Any]], limit: int) -> Any:
    """One value, without recursion: a conversation that is a tree in the file is as deep as it is long."""
    kind, value = first
    if kind not in ("start_map", "start_array"):
        return value
    root: Any = {} if kind == "start_map" else []
    open: list[Any] = [root]
    names: list[str] = []
    size = 0
    while open:
        kind, value = next(events)
        if kind == "map_key":
            names.append(value)
            size += len(value)
            continue
        if kind in ("end_map", "end_array"):
            open.pop()
            continue
        size += len(value) if isinstance(value, str) else 8
        if size > limit:
            raise Broken(f"one conversation in it is larger than {limit // MB} MB")
        made: Any = {} if kind == "start_map" else [] if kind == "start_array" else value
        inside = open[-1]
        if isinstance(inside, dict):
            inside[names.pop()] = made
        else:
            inside.append(made)
        if kind in ("start_map", "start_array"):
            open.append(made)
            if len(open) > MAX_DEPTH:
                raise Broken("the file is nested too deeply to be a conversation")
    return root
