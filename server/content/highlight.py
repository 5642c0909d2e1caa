"""Source code to coloured HTML: Pygments with class names, fenced in so that no input can hold the process.

A lexer is a pile of regular expressions, and some are quadratic on text made for them. A thread cannot be given up in
the middle of a match, and a process of its own is too heavy for a Pi. So only lexers that were tried against such text
are taken, a block has a largest size and a longest line, which bounds one match, and the clock is read between two
tokens, which bounds their sum. What does not fit comes back as plain escaped text, never as an error.
"""

import time
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pygments.lexer import Lexer

MAX_CODE = 20_000
MAX_LINE = 500
MAX_SECONDS = 0.1

LANGUAGES: dict[str, str] = {
    alias: lexer
    for lexer, aliases in {
        "bash": "bash sh shell zsh",
        "c": "c h",
        "console": "console shell-session terminal",
        "cpp": "cpp c++ cc hpp",
        "csharp": "csharp cs c#",
        "css": "css",
        "dart": "dart",
        "diff": "diff patch",
        "docker": "dockerfile docker",
        "elixir": "elixir ex exs",
        "go": "go golang",
        "graphql": "graphql gql",
        "haskell": "haskell hs",
        "html": "html",
        "ini": "ini cfg conf properties env dotenv",
        "java": "java",
        "javascript": "javascript js jsx mjs node",
        "json": "json jsonc json5 jsonl",
        "kotlin": "kotlin kt",
        "lua": "lua",
        "nginx": "nginx",
        "php": "php",
        "powershell": "powershell ps1 pwsh",
        "python": "python py python3",
        "pycon": "pycon",
        "ruby": "ruby rb",
        "rust": "rust rs",
        "scala": "scala",
        "scss": "scss sass",
        "sql": "sql mysql sqlite postgres postgresql",
        "swift": "swift",
        "toml": "toml",
        "typescript": "typescript ts tsx",
        "xml": "xml svg",
        "yaml": "yaml yml",
    }.items()
    for alias in aliases.split()
}
"""The names people write after the fence → the lexer's own name."""


def highlight(code: str, language: str) -> str:
    """``code`` as HTML whose text is ``code`` again; without colours where it is not to be highlighted."""
    name = LANGUAGES.get(language.lower())
    if name is None or len(code) > MAX_CODE or _longest_line(code) > MAX_LINE:
        return escape(code)
    try:
        return _coloured(code, name)
    except _TooSlow:
        return escape(code)


def coloured(code: str, language: str) -> list[tuple[str, str]]:
    """``code`` in pieces of (class as in the HTML, text); one piece without a class where it is not highlighted."""
    from pygments.token import STANDARD_TYPES

    name = LANGUAGES.get(language.lower())
    if name is None or len(code) > MAX_CODE or _longest_line(code) > MAX_LINE:
        return [("", code)]
    try:
        tokens = list(_within(_lexer(name).get_tokens(code), time.thread_time() + MAX_SECONDS))
    except _TooSlow:
        return [("", code)]
    return [(STANDARD_TYPES.get(kind, ""), text) for kind, text in tokens]


@lru_cache(maxsize=16)
def _coloured(code: str, name: str) -> str:
    from pygments.formatters.html import HtmlFormatter

    tokens = _within(_lexer(name).get_tokens(code), time.thread_time() + MAX_SECONDS)
    parts: list[str] = []
    HtmlFormatter(nowrap=True).format(tokens, _Sink(parts))
    coloured = "".join(parts)
    # The lexer adds the line end that the last line may lack; the copied text must not have it.
    return coloured if code.endswith("\n") else coloured.removesuffix("\n")


class _Sink:
    """The part of a text file that the formatter writes to."""

    encoding = None

    def __init__(self, parts: list[str]) -> None:
        self.write = parts.append


class _TooSlow(Exception):
    pass


def _within(tokens: Iterable[tuple[Any, str]], deadline: float) -> Iterator[tuple[Any, str]]:
    for token in tokens:
        if time.thread_time() > deadline:
            raise _TooSlow
        yield token


@cache
def _lexer(name: str) -> "Lexer":
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(name, stripnl=False)


def _longest_line(code: str) -> int:
    return max(map(len, code.split("\n")))
