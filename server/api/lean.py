"""Scripts and style sheets without what only people read: comments, indentation, empty lines.

Line breaks stay where they are, so nothing can change its meaning; what lies in quotes is not touched.
"""

import re

_STRING = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<string>{_STRING})
    |(?P<word>[\w$]+)
    |(?P<mark>.)""",
    re.DOTALL | re.VERBOSE,
)
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{)", re.DOTALL)
_PATTERN = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
_CSS = re.compile(rf"(?P<keep>{_STRING})|/\*.*?\*/|(?P<space>\s+)", re.DOTALL)
_WORD = re.compile(r"[\w$]+")
_BEFORE_PATTERN = frozenset(
    [
        "case",
        "delete",
        "do",
        "else",
        "in",
        "instanceof",
        "new",
        "of",
        "return",
        "throw",
        "typeof",
        "void",
        "yield",
        "await",
    ]
)


def script(source: str) -> str:
    """A script without comments and indentation. Raises ValueError for one that cannot be read to its end."""
    parts: list[str] = []
    depths: list[int] = []
    depth, at, before = 0, 0, ""
    while at < len(source):
        if source[at] == "/" and _may_be_pattern(before) and (found := _PATTERN.match(source, at)):
            before = "/"
        elif source[at] == "`" or (source[at] == "}" and depths and depth == depths[-1]):
            if source[at] == "}":
                depths.pop()
            found = _TEMPLATE.match(source, at + 1)
            if found is None:
                raise ValueError("a template has no end")
            parts.append(source[at])
            if found[1] == "${":
                depths.append(depth)
            before = "{" if found[1] == "${" else "`"
        else:
            found = _TOKEN.match(source, at)
            assert found is not None
            if found["space"] or found["comment"]:
                parts.append("\n" if "\n" in found[0] else " ")
            if found["space"] or found["comment"]:
                at = found.end()
                continue
            depth += {"{": 1, "}": -1}.get(found[0], 0)
            before = found[0]
        parts.append(found[0])
        at = found.end()
    if depths or depth:
        raise ValueError("the brackets do not close")
    return _joined(parts)


def _may_be_pattern(before: str) -> bool:
    """Whether a slash after this token begins a regular expression: otherwise it divides."""
    return before in _BEFORE_PATTERN or not before or not (before[-1] in ")]}`/\"'" or _WORD.fullmatch(before[-1]))


def _joined(parts: list[str]) -> str:
    """One break for many, and no blank beside a mark."""
    lean: list[str] = []
    for part in parts:
        if part in ("\n", " ") and lean and lean[-1] in ("\n", " "):
            lean[-1] = min(part, lean[-1])
        else:
            lean.append(part)
    for index, part in enumerate(lean):
        if part == " " and 0 < index < len(lean) - 1:
            sides = lean[index - 1][-1] + lean[index + 1][0]
            if not (_WORD.fullmatch(sides) or sides in ("++", "--") or "/" in sides):
                lean[index] = ""
    return "".join(lean).strip() + "\n"


def style(source: str) -> str:
    """A style sheet without comments and indentation."""
    return _CSS.sub(lambda found: found["keep"] or ("\n" if "\n" in found[0] else " "), source)
