"""The modules that the page starts with as one file: a phone asks once, and what is alike is compressed together.

Each module becomes a function that returns what it exports, so names of one never meet names of another. Modules that
are fetched later take what they need of these from the one file: every module still exists exactly once.
"""

import re
from collections.abc import Callable, Mapping, Sequence

_IMPORT = re.compile(r'^import\s*(?:(?:(\{[^}]*\})|\*\s*as\s+([\w$]+))\s*from\s*)?"(\.[^"]+)";', re.MULTILINE)
_EXPORT = re.compile(r"^export\s+((?:async\s+)?(?:function\s*\*?|class|const)\s*\b([\w$]+))", re.MULTILINE)
_UNKNOWN = re.compile(r"^export\b.*", re.MULTILINE)
_FETCHED = re.compile(r"""(\bimport|\bimport\.meta\.resolve)\(\s*(["'`])(\.[^"'`$]*)""")
_RENAMED = re.compile(r"\s+as\s+")

LATER = "lib/later.js"
"""The one of the first modules that fetches the others: its ``later`` takes the place of import()."""


def start_up(entry: str, sources: Mapping[str, str]) -> list[str]:
    """``entry`` and what it imports, directly or not, each after what it needs. Raises ValueError for a circle."""
    order: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in path:
            raise ValueError(f"these modules import each other: {' → '.join([*path, name])}")
        if name in order:
            return
        path.append(name)
        for found in _IMPORT.finditer(sources[name]):
            visit(relative(name, found[3]))
        path.pop()
        order.append(name)

    visit(entry)
    return order


def join(order: Sequence[str], sources: Mapping[str, str], prefix: str) -> str:
    """The modules of ``order`` as one; what they fetch later is below ``prefix``. Raises ValueError."""
    parts = []
    for name in order:
        source = _rewritten(name, sources[name], prefix, _from_scope)
        exported = [found[2] for found in _EXPORT.finditer(source)]
        body = _EXPORT.sub(r"\1", source).strip()
        if unknown := _UNKNOWN.search(body):
            raise ValueError(f"{name} has an export of a kind that cannot be joined: {unknown[0]}")
        gives = f"\nreturn{{{','.join(exported)}}}" if exported else ""
        parts.append(f"export const {_label(name)}=(()=>{{{body}{gives}}})();\n")
    return "".join(parts)


def beside(name: str, source: str, joined: Sequence[str], entry: str, prefix: str) -> str:
    """A module that is fetched later, taking what it needs of the ``joined`` ones from ``entry``."""

    def bind(target: str, found: re.Match[str]) -> str:
        if target not in joined:
            return found[0]
        return f'import{{{_label(target)}}}from"{prefix}{entry}";{_from_scope(target, found)}'

    text = _rewritten(name, source, prefix, bind)
    takes = f'import{{{_label(LATER)}}}from"{prefix}{entry}";'
    return f"{takes}\n{text}" if f"{_label(LATER)}." in text and takes not in text else text


def relative(name: str, target: str) -> str:
    """The name that ``target`` means inside the file ``name``."""
    parts = name.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _rewritten(name: str, source: str, prefix: str, bind: Callable[[str, re.Match[str]], str]) -> str:
    """The source with each static import as ``bind`` says it, and the later ones from where the file now lies."""
    source = _IMPORT.sub(lambda found: bind(relative(name, found[3]), found), source)

    def fetched(found: re.Match[str]) -> str:
        call = f"{_label(LATER)}.later" if found[1] == "import" else found[1]
        return f"{call}({found[2]}{prefix}{relative(name, found[3])}"

    return _FETCHED.sub(fetched, source)


def _from_scope(target: str, found: re.Match[str]) -> str:
    """An import of a module that is there already."""
    names = found[2] or _RENAMED.sub(":", found[1] or "")
    return f"const {names}={_label(target)};" if names else ""


def _label(name: str) -> str:
    """What a module is called in the one file."""
    return "$" + re.sub(r"\W", "_", name.removesuffix(".js"))
