"""Markdown to HTML: a whole text at once, or a text that is still being written.

While a text grows, its top-level blocks close one after the other. A closed block is rendered once, sent once and
never looked at again; only the open one is drawn anew. What a later definition changes in an earlier block (a late
``[name]: url``, footnotes) and what was parted for its size comes right with ``finish``, which renders all again.

What it costs, whatever the length of the text:

- An open block of code at the top level is append-only: each character is looked at once, and once more when the
  block closes and gets its colours.
- Any other open block is drawn again when it grew by a sixteenth, or after ``FRESH`` seconds while it is no longer
  than ``LARGE``: a character is drawn about 17 times at most, or ``LARGE`` characters four times a second.
- A list, quotation, table or paragraph longer than ``LARGE`` is closed in parts where that does the least harm, so
  that what is shown is never older than ``FRESH``. Only a single list item or the like that is itself longer than
  ``LARGE`` may be shown a sixteenth late.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from server.content import boundary, parser
from server.content.fence import Fence

LARGE = 8_000
FRESH = 0.25
GROWTH = 16


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since the delta before.

    ``closed``: (index, HTML) of blocks that are now final; what was drawn as open under that index is replaced.
    ``open``: the block after them, as (index, "html", its HTML so far) or (index, "append", PLAIN text to add at the
    end of its last ``<code>``); None means that what is shown of it stays.
    """

    closed: list[tuple[int, str]]
    open: tuple[int, Literal["html", "append"], str] | None


def render(text: str) -> str:
    """The whole text as HTML that is safe to insert into the page."""
    return "".join(parser.blocks(text, {}))


def reopening(text: str) -> str:
    """The line that opens the block of code again in which ``text`` breaks off; nothing where it does not."""
    stream = Stream()
    stream.append(text)
    stream.take()
    return stream.open_fence


class Stream:
    """A text that grows. ``append`` is cheap; ``take`` does the work and may be called as seldom as wished.

    Not thread-safe: one caller at a time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._text: list[str] = []
        self._carriage = ""
        self._fresh: list[str] = []
        self._fresh_size = 0
        self._tail = ""
        """The source from the last closed block on, as far as it was looked at; '' within a block of code."""
        self._fence: Fence | None = None
        self._closed: list[str] = []
        self._open: str | None = None
        self._drawn = 0.0
        self._env: parser.Env = {"parts": True}
        self.characters_read = 0
        """How many characters were parsed or escaped so far: the cost, without a clock."""

    def append(self, text: str) -> None:
        self._text.append(text)
        text = self._carriage + text
        self._carriage = "\r" if text.endswith("\r") else ""
        text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
        self._fresh.append(text)
        self._fresh_size += len(text)

    @property
    def behind(self) -> bool:
        """Whether text waits that no ``take`` has looked at yet: another one should follow within ``FRESH``."""
        return self._fresh_size > 0

    @property
    def open_fence(self) -> str:
        """The opening line of the block of code that is open at the end of what was taken; else nothing."""
        return "" if self._fence is None else self._fence.opening.strip() + "\n"

    def take(self) -> Delta | None:
        """What changed since the last call, or None if there is nothing to show (yet)."""
        if not self._due():
            return None
        self._drawn = self._clock()
        text, self._fresh, self._fresh_size = "".join(self._fresh), [], 0
        first = len(self._closed)
        added = ""
        while True:
            if self._fence is None:
                self._tail += text
                rest = self._advance()
            else:
                self.characters_read += len(text)
                added, rest = self._fence.feed(text)
                if rest is not None:
                    self._close_fence(self._fence)
            if rest is None:
                break
            text = rest
        open = self._draw() if self._fence is None else self._draw_fence(self._fence, added)
        closed = list(enumerate(self._closed[first:], first))
        return Delta(closed, open) if closed or open else None

    def snapshot(self) -> tuple[list[str], str | None]:
        """The closed blocks and the open one, as the deltas taken so far have drawn them together."""
        if self._fence is not None and self._fence.drawn:
            return list(self._closed), self._fence.html(draft=True)
        return list(self._closed), self._open

    def finish(self) -> list[str]:
        """All blocks of the whole text, final; joined they are ``render`` of it."""
        return parser.blocks("".join(self._text), {})

    def _due(self) -> bool:
        size = len(self._tail) + self._fresh_size
        return self._fresh_size > 0 and (
            self._fence is not None
            or self._fresh_size * GROWTH >= size
            or (len(self._tail) <= LARGE and self._clock() - self._drawn >= FRESH)
        )

    def _advance(self) -> str | None:
        """Closes what can be closed. If a block of code begins at the end: the text that goes into it."""
        text = boundary.decided(self._tail)
        self.characters_read += len(text)
        tokens = parser.outline(text)
        blocks = boundary.top_level(tokens)
        starts = boundary.offsets(text)
        begun = 0
        for token in blocks:
            start, end = token.map or (0, 0)
            if token.type == "fence":
                opening, closing = (text[starts[line] : starts[line + 1]] for line in (start, end - 1))
                fence = Fence(token, opening)
                if not (end - 1 > start and fence.closes(closing.rstrip("\n"))):
                    # Nothing can follow it, and it is open from the line end after its opening line on.
                    self._close(self._tail[begun : starts[start]])
                    self._fence, rest = fence, self._tail[starts[start + 1] :]
                    self._tail = ""
                    return rest
            elif token is blocks[-1]:
                break
            self._close(text[begun : starts[end]])
            begun = starts[end]
        self._tail = self._tail[begun:]
        if len(self._tail) > LARGE and blocks and begun < len(text):
            self._part(text[begun:])
        return None

    def _part(self, text: str) -> None:
        """Closes the beginning of an open block that has become large."""
        at, lead = boundary.part(text, parser.outline(text))
        if at > len(lead):
            self._close(self._tail[:at])
            self._tail = lead + self._tail[at:]

    def _close(self, text: str) -> None:
        """Renders what is final. Definitions become known to what follows them."""
        self.characters_read += len(text)
        for html in parser.blocks(text, self._env):
            self._closed.append(html)
            self._open = None

    def _close_fence(self, fence: Fence) -> None:
        self.characters_read += fence.size
        self._closed.append(fence.html())
        self._fence, self._open = None, None

    def _draw(self) -> tuple[int, Literal["html", "append"], str] | None:
        text = boundary.presentable(self._tail)
        self.characters_read += len(text)
        known = {name: {**self._env.get(name, {})} for name in ("references", "footnotes")}
        html = "".join(parser.blocks(text, {**known, "parts": True, "draft": True}))
        if html == (self._open or ""):
            return None
        self._open = html
        return len(self._closed), "html", html

    def _draw_fence(self, fence: Fence, added: str) -> tuple[int, Literal["html", "append"], str] | None:
        if fence.drawn:
            return (len(self._closed), "append", added) if added else None
        fence.drawn = True
        return len(self._closed), "html", fence.html(draft=True)
