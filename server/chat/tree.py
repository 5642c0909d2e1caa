"""A conversation is a tree of messages; what a person reads is one path through it. Pure functions over rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar


class Node(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def parent_id(self) -> str | None: ...


N = TypeVar("N", bound=Node)


def path_to(leaf: str, nodes: Mapping[str, N]) -> list[N]:
    """From the first message to ``leaf``; a parent that is not among ``nodes`` ends the walk."""
    path: list[N] = []
    at: str | None = leaf
    while at is not None and at in nodes:
        path.append(nodes[at])
        at = nodes[at].parent_id
    return path[::-1]


def newest_leaf(start: str, nodes: Iterable[N]) -> str:
    """Where following the newest child from ``start`` ends."""
    children: dict[str | None, str] = {}
    for node in nodes:
        if node.id > children.get(node.parent_id, ""):
            children[node.parent_id] = node.id
    at = start
    while at in children:
        at = children[at]
    return at


def siblings(nodes: Sequence[N]) -> dict[str | None, list[str]]:
    """Parent → its children in the order they were made."""
    families: dict[str | None, list[str]] = {}
    for node in sorted(nodes, key=lambda node: node.id):
        families.setdefault(node.parent_id, []).append(node.id)
    return families
