"""Where a text that is still being written may be cut: what is decided, what waits, what may close early."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

_SETTLED = re.compile(
    r" {0,3}(?:[^\W\d_]"  # a word: a paragraph, whatever follows
    r"|(?:[-*+]|\d{1,9}[.)]) +[^\W_]"  # an item with something in it
    r"|\#{1,6} +\S|>"
    r"|[*_]{1,3}[^\W_]|`{1,2}[^`\s])"  # emphasis and code at the start of a paragraph
)
_ONLY_MARKS = re.compile(r"[ \t]*(?:[-=+*_#>`~|:$\\\[]{1,80}|\d{1,9}[.)]?)[ \t]*")
_SENTENCE = re.compile(r"(?:[.!?…]\s+|[。！？])(?=[^\W\d_])")
_WORD = re.compile(r"\s(?=[^\W\d_])")


def decided(text: str) -> str:
    """The beginning of ``text`` whose blocks stay what they are, whatever is appended; the last one excepted.

    These are the complete lines, and a last line that begins like nothing but what it is.
    """
    complete = text.rfind("\n") + 1
    return text if _SETTLED.match(text, complete) else text[:complete]


def presentable(text: str) -> str:
    """``text`` without a last line of nothing but marks: it would flash as something that it will not be."""
    complete = text.rfind("\n") + 1
    return text[:complete] if _ONLY_MARKS.fullmatch(text, complete) else text


def top_level(tokens: Sequence["Token"]) -> list["Token"]:
    """The first token of each block."""
    return [token for token in tokens if token.level == 0 and token.nesting >= 0]


def offsets(text: str) -> list[int]:
    """Where each line begins; one more for the end."""
    found = [0]
    while (end := text.find("\n", found[-1])) >= 0:
        found.append(end + 1)
    return [*found, len(text)]


def part(text: str, tokens: Sequence["Token"]) -> tuple[int, str]:
    """Where the open block at the end of ``text`` may be parted, and what the rest needs before it.

    0 is nowhere. A table's other rows need its head to be rows. ``tokens`` is the outline of ``text`` from the open
    block on.
    """
    kind = tokens[0].type
    if kind == "paragraph_open":
        half = len(text) // 2
        ends = list(_SENTENCE.finditer(text, half)) or list(_WORD.finditer(text, half))
        return (ends[-1].end(), "") if ends else (0, "")
    starts = offsets(text)
    first = (tokens[0].map or [0])[0]
    if kind == "table_open":
        rows = [token.map[0] for token in tokens if token.type == "tr_open" and token.map]
        head = text[starts[first] : starts[first + 2]]
        return (starts[rows[-1]], head) if len(rows) > 2 else (0, "")
    if kind in ("bullet_list_open", "ordered_list_open", "blockquote_open"):
        children = [token.map[0] for token in tokens if token.level == 1 and token.nesting >= 0 and token.map]
        at = starts[children[-1]] if children and children[-1] > first else 0
        whole = kind != "blockquote_open" or text.startswith(">", at)
        return (at, "") if whole else (0, "")
    return 0, ""
