from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from server.chat import tree


@dataclass(frozen=True)
class Node:
    id: str
    parent_id: str | None


@st.composite
def trees(draw: st.DrawFn) -> list[Node]:
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 30))):
        parents = [None, *(node.id for node in nodes)]
        nodes.append(Node(f"{number:03}", draw(st.sampled_from(parents))))
    return nodes


@given(trees())
def test_a_path_begins_at_a_first_message_and_ends_at_the_leaf(nodes: list[Node]) -> None:
    by_id = {node.id: node for node in nodes}
    for node in nodes:
        path = tree.path_to(node.id, by_id)
        assert path[0].parent_id is None and path[-1] == node
        assert all(child.parent_id == parent.id for parent, child in zip(path, path[1:], strict=False))


@given(trees())
def test_following_the_newest_child_ends_at_a_leaf_below_the_start(nodes: list[Node]) -> None:
    by_id = {node.id: node for node in nodes}
    parents = {node.parent_id for node in nodes}
    for node in nodes:
        leaf = tree.newest_leaf(node.id, nodes)
        assert leaf not in parents
        assert node in tree.path_to(leaf, by_id)


@given(trees())
def test_every_message_is_among_its_siblings_once(nodes: list[Node]) -> None:
    families = tree.siblings(nodes)
    assert sorted(id for family in families.values() for id in family) == sorted(node.id for node in nodes)
    assert all(family == sorted(family) for family in families.values())


def test_a_parent_that_is_not_there_ends_the_walk() -> None:
    assert tree.path_to("b", {"b": Node("b", "gone")}) == [Node("b", "gone")]
