"""A top-level block of code that is still being written: append-only, whatever its length."""

import re
from html import escape
from typing import TYPE_CHECKING

from server.content import parser
from server.content.highlight import highlight

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_CLOSING = 200
"""A line longer than this never closes a block here, so that a line of spaces is not held back for ever."""


class Fence:
    """Takes the text after the opening line, gives back what to show, and notices the closing line."""

    def __init__(self, token: "Token", opening: str) -> None:
        self.language = parser.language(token.info)
        self.opening = opening
        self.drawn = False
        self._indent = len(opening) - len(opening.lstrip(" "))
        marker = re.escape(token.markup[0])
        self._closing = re.compile(rf" {{0,3}}{marker}{{{len(token.markup)},}}[ \t]*")
        self._maybe_closing = re.compile(rf"[ \t]*| {{0,3}}{marker}*[ \t]*")
        self._content: list[str] = []
        self._held = ""
        self._within_line = False

    def closes(self, line: str) -> bool:
        return len(line) <= MAX_CLOSING and self._closing.fullmatch(line) is not None

    def feed(self, text: str) -> tuple[str, str | None]:
        """What joins the code, and, if the block has ended, what follows it."""
        *lines, last = (self._held + text).split("\n")
        self._held = ""
        added: list[str] = []
        rest: str | None = None
        for number, line in enumerate(lines):
            if not self._within_line and self.closes(line):
                rest = "\n".join([*lines[number + 1 :], last])
                break
            added += (self._inside(line), "\n")
            self._within_line = False
        if rest is None:
            if not self._within_line and len(last) <= MAX_CLOSING and self._maybe_closing.fullmatch(last):
                self._held = last
            else:
                added.append(self._inside(last))
                self._within_line = True
        joined = "".join(added)
        self._content.append(joined)
        return joined, rest

    def html(self, *, draft: bool = False) -> str:
        code = "".join(self._content)
        return parser.code_block(escape(code) if draft else highlight(code, self.language), self.language)

    @property
    def size(self) -> int:
        return sum(map(len, self._content))

    def _inside(self, line: str) -> str:
        """The line without the indentation that the opening line has too."""
        if self._within_line or not self._indent:
            return line
        width = position = 0
        while width < self._indent and line[position : position + 1] in (" ", "\t"):
            width += 1 if line[position] == " " else 4 - width % 4
            position += 1
        return " " * (width - self._indent) + line[position:]
