"""Markdown as plain data for the typesetter: blocks of spans, where everything that a person wrote is a string.

A span is [text], [text, styles] or [text, styles, address]; styles are letters: b bold, i italic, s struck, c code.
A span without text marks a place where a line may break.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from server.content import parser
from server.content.formula import readable
from server.content.highlight import coloured

if TYPE_CHECKING:
    from markdown_it.token import Token

Span = list[str]
Block = dict[str, Any]

LONG = 40
"""Characters without a blank after which a line may break anywhere."""
_LONG = re.compile(rf"\S{{{LONG}}}(?=\S)")
_TAB = "    "
_COLOURS = (
    ("kt", "cyan"),
    ("k", "magenta"),
    ("nf", "blue"),
    ("nb", "blue"),
    ("nc", "cyan"),
    ("nd", "yellow"),
    ("s", "green"),
    ("m", "orange"),
    ("o", "cyan"),
    ("c", "muted"),
    ("gd", "red"),
    ("gi", "green"),
    ("err", "red"),
)
"""The beginnings of highlighting classes, as ``web/styles/code.css`` has them → a colour of the theme."""
_STYLES = {"strong": "b", "em": "i", "s": "s"}


def blocks(text: str) -> list[Block]:
    tokens = parser.parser().parse(text, {})
    return list(_blocks(tokens))


def plain(text: str) -> list[Block]:
    """What a person typed, as they typed it."""
    return [{"t": "plain", "l": [_broken(line.replace("\t", _TAB)) for line in text.rstrip().split("\n")]}]


def words(found: Sequence[Block]) -> Iterator[str]:
    """Every string in them."""
    waiting: list[Any] = list(found)
    while waiting:
        at = waiting.pop()
        if isinstance(at, str):
            yield at
        elif isinstance(at, dict):
            waiting.extend(at.values())
        elif isinstance(at, list):
            waiting.extend(at)


def _blocks(tokens: Sequence["Token"]) -> Iterator[Block]:
    at = 0
    while at < len(tokens):
        token = tokens[at]
        end = _end(tokens, at)
        inside = tokens[at + 1 : end]
        kind = token.type.removesuffix("_open")
        if kind in ("paragraph", "heading", "inline", "dt", "dd"):
            inline = token if kind == "inline" else inside[0]
            spans = _spans(inline.children or [])
            yield {"t": "h", "n": int(token.tag[1]), "s": spans} if kind == "heading" else {"t": "p", "s": spans}
        elif kind in ("fence", "code_block"):
            yield _code(token.content, parser.language(token.info) if kind == "fence" else "")
        elif kind in ("bullet_list", "ordered_list"):
            first = int(token.attrs.get("start", 1)) if kind == "ordered_list" else None
            yield {"t": "list", "n": first, "i": [list(_blocks(item)) for item in _members(inside)]}
        elif kind == "blockquote":
            yield {"t": "quote", "b": list(_blocks(inside))}
        elif kind == "table":
            yield _table(inside)
        elif kind == "hr":
            yield {"t": "rule"}
        elif kind in ("math_block", "math_inline"):
            yield {"t": "math", "s": [[readable(token.content), "i"]]}
        elif inside:
            yield from _blocks(inside)
        at = end + 1


def _end(tokens: Sequence["Token"], start: int) -> int:
    depth = 0
    for at in range(start, len(tokens)):
        depth += tokens[at].nesting
        if depth <= 0:
            return at
    return len(tokens) - 1


def _members(tokens: Sequence["Token"]) -> Iterator[Sequence["Token"]]:
    at = 0
    while at < len(tokens):
        end = _end(tokens, at)
        yield tokens[at + 1 : end]
        at = end + 1


def _table(tokens: Sequence["Token"]) -> Block:
    rows: list[list[list[Span]]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_spans(token.children or []))
    width = max(map(len, rows), default=0)
    return {"t": "table", "w": width, "r": [row + [[]] * (width - len(row)) for row in rows]}


def _spans(tokens: Sequence["Token"]) -> list[Span]:
    spans: list[Span] = []
    styles: list[str] = []
    address = ""
    for token in tokens:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if name in _STYLES:
            if token.nesting > 0:
                styles.append(_STYLES[name])
            elif _STYLES[name] in styles:
                styles.remove(_STYLES[name])
        elif name == "link":
            address = str(token.attrs.get("href", "")) if token.nesting > 0 else ""
        else:
            _add(spans, _said(token), "".join(styles) + ("c" if name == "code_inline" else ""), address)
    return spans


def _said(token: "Token") -> str:
    if token.type == "softbreak":
        return " "
    if token.type == "hardbreak":
        return "\n"
    if token.type == "image":
        return token.content or "picture"
    if token.type == "math_inline":
        return readable(token.content)
    if token.type == "footnote_ref":
        return f"[{token.meta.get('id', 0) + 1}]"
    return token.content


def _add(spans: list[Span], text: str, styles: str, address: str) -> None:
    for span in _broken(text):
        if styles or address:
            span = [*span, styles, address] if address else [*span, styles]
        spans.append(span)


def _code(code: str, language: str) -> Block:
    spans: list[Span] = []
    for kind, text in coloured(code.rstrip("\n").expandtabs(4), language):
        colour = next((colour for start, colour in _COLOURS if kind.startswith(start)), "")
        if spans and (not text.strip() or spans[-1][1:] == ([colour] if colour else [])) and spans[-1][0]:
            spans[-1][0] += text
        else:
            spans.append([text, colour] if colour else [text])
    if spans:
        spans[-1][0] = spans[-1][0].removesuffix("\n")  # the lexer adds it
    broken: list[Span] = []
    for span in spans:
        for piece in _broken(span[0]):
            broken.append([*piece, *span[1:]])
    return {"t": "code", "l": language, "s": broken}


def _broken(text: str) -> list[Span]:
    """The text with a place to break in each word that no line could hold."""
    if not _LONG.search(text):
        return [[text]] if text else []
    spans: list[Span] = []
    at = 0
    for found in _LONG.finditer(text):
        spans += [[text[at : found.end()]], [""]]
        at = found.end()
    return [*spans, [text[at:]]]
