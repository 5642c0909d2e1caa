"""The words of a Markdown text without its marks: what fits where nothing can be drawn, such as a notification."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from server.content.formula import readable
from server.content.parser import parser

if TYPE_CHECKING:
    from markdown_it.token import Token

LONGEST = 4_000
"""Characters that are looked at."""


def words(markdown: str) -> str:
    """The beginning of the text in one line; blocks are parted by a dot where no sentence ended."""
    line = ""
    for token in parser().parse(markdown[:LONGEST], {}):
        piece = " ".join("".join(_words(token)).split())
        if piece:
            line += ("" if not line else " " if line[-1] in ".,:;!?…" else " · ") + piece
    return line


def _words(token: "Token") -> Iterator[str]:
    if token.type in ("math_inline", "math_block"):
        yield readable(token.content)
    elif token.type in ("softbreak", "hardbreak"):
        yield " "
    elif token.type == "footnote_ref":
        return
    elif token.children:
        for child in token.children:
            yield from _words(child)
    else:
        yield token.content
