"""Puts messages of a foreign file into a tree: every parent is there and no walk goes in a circle. Pure."""

from collections.abc import Iterable
from typing import Any


def planted(messages: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The messages, parents before children, and how many had to become first messages to make it a tree.

    Of two messages with one id the first stays.
    """
    nodes: dict[str, dict[str, Any]] = {}
    for message in messages:
        nodes.setdefault(message["id"], message)
    repaired = 0
    rooted: dict[str, bool] = {}
    ordered: list[dict[str, Any]] = []
    for node in nodes.values():
        path: list[dict[str, Any]] = []
        walked: set[str] = set()
        at: dict[str, Any] | None = node
        while at is not None and at["id"] not in rooted:
            path.append(at)
            walked.add(at["id"])
            parent = at.get("parent_id")
            if parent is not None and (parent not in nodes or parent in walked):
                at["parent_id"], repaired = None, repaired + 1
                at = None
            else:
                at = nodes[parent] if parent is not None else None
        for each in reversed(path):
            rooted[each["id"]] = True
            ordered.append(each)
    return ordered, repaired


def lifted(kept: set[str], parents: dict[str, str | None]) -> dict[str, str | None]:
    """For each node that stays: its nearest ancestor that stays, past those that are left out."""
    found: dict[str, str | None] = {}
    for id in kept:
        at, seen = parents.get(id), {id}
        while at is not None and at not in kept and at not in seen:
            seen.add(at)
            at = parents.get(at)
        found[id] = at if at in kept else None
    return found
