"""The line of a text in which something was found, in parts: what matches and what is around it. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from server.content.search import fold

PIECE = 4000
"""Characters of a line that are looked at together."""
BEFORE, WIDTH = 48, 200
"""Characters shown before the first match, and altogether."""


def excerpt(text: str, terms: Sequence[str]) -> list[dict[str, Any]]:
    """[{"text", "match"}]: the first line with the most of the terms; without any, the beginning of the text."""
    wanted = [term.strip() for term in terms if term.strip()]
    best, most = "", 0
    for line in _pieces(text):
        folded = fold(line)
        count = sum(term in folded for term in wanted)
        if count > most or not best:
            best, most = line, count
        if wanted and most == len(wanted):
            break
    ranges = _ranges(best, wanted) if most else []
    start = max(0, ranges[0][0] - BEFORE) if ranges else 0
    end = min(len(best), start + WIDTH)
    parts = [{"text": "…", "match": False}] if start else []
    at = start
    for first, last in ranges:
        if first >= end:
            break
        parts.append({"text": best[at:first], "match": False})
        parts.append({"text": best[first : min(last, end)], "match": True})
        at = min(last, end)
    parts.append({"text": best[at:end] + ("…" if end < len(best) else ""), "match": False})
    return [part for part in parts if part["text"]]


def _pieces(text: str) -> Iterator[str]:
    """The lines that say something, long ones cut."""
    for line in text.splitlines():
        line = line.strip()
        for at in range(0, len(line), PIECE):
            yield line[at : at + PIECE]


def _ranges(line: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Where the terms stand in the line, in order, those that touch joined."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(line):
        piece = fold(character)
        folded.append(piece)
        places += [place] * len(piece)
    whole = "".join(folded)
    found: list[tuple[int, int]] = []
    for term in terms:
        at = whole.find(term)
        while at >= 0:
            found.append((places[at], places[at + len(term) - 1] + 1))
            at = whole.find(term, at + len(term))
    joined: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined
