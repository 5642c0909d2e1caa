"""Formulas between ``$…$``, ``$$…$$``, ``\\(…\\)`` and ``\\[…\\]``: two parser rules.

A display formula is decided by its opening line alone and ends at its closing mark or at a blank line, so what
comes later in a stream never turns finished text into a formula. Money is not maths: ``$5 and $10`` stays.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

MAX_INLINE = 1000
"""How far an inline formula's end is looked for: without a limit, many openings cost a square."""

_CLOSES = {"$$": "$$", "\\[": "\\]"}


def block(state: "StateBlock", start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    first = _line(state, start)
    closing = _CLOSES.get(first[:2])
    if closing is None:
        return False
    content, closed, trailing = first[2:].partition(closing)
    if closed and (trailing.strip(" \t.,;") or not content.strip()):
        return False
    if not closed and closing == "$$" and content.strip() and not content.lstrip().startswith("\\"):
        return False
    if silent:
        return True
    lines = [content]
    line = start + 1
    while not closed and line < end and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent:
        content, closed, trailing = _line(state, line).partition(closing)
        lines.append(content)
        line += 1
    token = state.push("math_block", "div", 0)
    token.content = "\n".join(lines).strip() + trailing.rstrip()
    token.map = [start, line]
    state.line = line
    return True


def inline(state: "StateInline", silent: bool) -> bool:
    source, start = state.src, state.pos
    if source.startswith("\\(", start):
        opening, closing = "\\(", "\\)"
    elif source.startswith("$", start):
        opening = closing = "$$" if source.startswith("$$", start) else "$"
    else:
        return False
    begin = start + len(opening)
    end = source.find(closing, begin, min(state.posMax, begin + MAX_INLINE))
    while closing == "$" and end > 0 and source[end - 1] == "\\":
        end = source.find(closing, end + 1, min(state.posMax, begin + MAX_INLINE))
    content = source[begin:end] if end > begin else ""
    if not content.strip() or (opening == "$" and not _is_formula(source, start, end)):
        return False
    if not silent:
        state.push("math_inline", "span", 0).content = content.strip()
    state.pos = end + len(closing)
    return True


def _is_formula(source: str, start: int, end: int) -> bool:
    before, after = source[start - 1 : start], source[end + 1 : end + 2]
    tight = not source[start + 1].isspace() and not source[end - 1].isspace()
    return tight and not before.isalnum() and not after.isalnum()


def _line(state: "StateBlock", line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
