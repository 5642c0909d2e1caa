"""``{{variables}}`` of a template: found, checked, and filled in as plain text. Pure functions."""

import re
from collections.abc import Mapping

from server.errors import BadRequest

MAX_NAME = 60
MOST = 20

_VARIABLE = re.compile(r"\{\{([^{}\n]*)\}\}")


def names(text: str) -> list[str]:
    """The variables in the order in which they come up, each once: case and spaces make no other variable."""
    found: dict[str, str] = {}
    for match in _VARIABLE.finditer(text):
        name = _spoken(match[1])
        if name:
            found.setdefault(name.casefold(), name)
    return list(found.values())


def check(text: str) -> None:
    """Raises BadRequest for a variable without a name or with one that no form can ask for."""
    for match in _VARIABLE.finditer(text):
        name = _spoken(match[1])
        if not name:
            raise BadRequest(f"“{match[0]}” has no name: write what is to be filled in, as in {{{{topic}}}}")
        if len(name) > MAX_NAME:
            raise BadRequest(f"the variable “{name[:MAX_NAME]}…” is too long: at most {MAX_NAME} characters")
    if len(names(text)) > MOST:
        raise BadRequest(f"a template asks for at most {MOST} variables: this one has {len(names(text))}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every variable replaced; what a value contains is taken as it is, braces too.

    Raises BadRequest for a value that belongs to no variable, and for a variable without a value or with a blank one.
    """
    wanted = names(text)
    given = {_spoken(name).casefold(): value for name, value in values.items()}
    known = {name.casefold() for name in wanted}
    if unknown := [name for name in values if _spoken(name).casefold() not in known]:
        has = f"it has {', '.join(wanted)}" if wanted else "it has none"
        raise BadRequest(f"this template has no variable “{unknown[0][:MAX_NAME]}”: {has}", code="unknown_variable")
    if missing := [name for name in wanted if not given.get(name.casefold(), "").strip()]:
        raise BadRequest(f"fill in {', '.join(missing)}", code="missing_variable")
    return _VARIABLE.sub(lambda match: given.get(_spoken(match[1]).casefold(), match[0]), text)


def _spoken(name: str) -> str:
    return " ".join(name.split())
