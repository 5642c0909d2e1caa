"""Templates as a file: what an export holds, and how one is taken in again. All of it is taken, or nothing is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from server.content import templates
from server.content.templates import Kept
from server.errors import BadRequest, Conflict

FORMAT = "llm-router-templates"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    description: str
    text: str


@dataclass(frozen=True, slots=True)
class Taken:
    """``renamed`` are those that came beside another one of their name."""

    added: int
    unchanged: int
    renamed: Sequence[str]


def write(kept: Sequence[Kept]) -> str:
    entries = [{"name": one.name, "description": one.description, "text": one.text} for one in kept]
    document = {"format": FORMAT, "version": VERSION, "templates": entries}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def read(content: str) -> list[Entry]:
    """Raises BadRequest for what is no export of templates, was cut off, or is of a newer version."""
    try:
        document = json.loads(content)
    except (json.JSONDecodeError, RecursionError):
        raise BadRequest("the file is not complete JSON: export it again, or choose another file") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadRequest("the file holds no templates: choose one that was exported from the templates screen")
    version = document.get("version")
    if not isinstance(version, int) or version < 1:
        raise BadRequest("the file does not say which version it is of: export it again")
    if version > VERSION:
        raise BadRequest(f"the file was made by a newer version of the program ({version}): update this server first")
    rows = document.get("templates")
    if not isinstance(rows, list):
        raise BadRequest("the file holds no list of templates: export it again")
    return [_entry(row, number) for number, row in enumerate(rows, 1)]


def take(connection: Connection, user_id: str, entries: Sequence[Entry]) -> Taken:
    """Adds what is not there yet; the same file a second time adds nothing. Raises Conflict when there is no room."""
    mine = templates.own(connection, user_id)
    names = {one.name.casefold() for one in mine}
    known = {(one.name.casefold(), one.description, one.text) for one in mine}
    added, unchanged, renamed = 0, 0, []
    for entry in entries:
        name, number = entry.name, 1
        while name.casefold() in names and (name.casefold(), entry.description, entry.text) not in known:
            number += 1
            name = _numbered(entry.name, number)
        if name.casefold() in names:
            unchanged += 1
            continue
        if len(names) >= templates.MOST:
            raise Conflict(f"there is room for {templates.MOST} templates: delete some first; nothing was imported")
        templates.create(connection, user_id, name, entry.text, entry.description)
        names.add(name.casefold())
        known.add((name.casefold(), entry.description, entry.text))
        added += 1
        if number > 1:
            renamed.append(name)
    return Taken(added, unchanged, renamed)


def _numbered(name: str, number: int) -> str:
    ending = f" ({number})"
    return name[: templates.MAX_NAME - len(ending)] + ending


def _entry(row: Any, number: int) -> Entry:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not isinstance(row.get("text"), str):
        raise BadRequest(f"template {number} of the file has no name or no text; nothing was imported")
    description = row.get("description", "")
    try:
        return Entry(
            templates.checked_name(row["name"]),
            templates.checked_description(description if isinstance(description, str) else ""),
            templates.checked_text(row["text"]),
        )
    except BadRequest as error:
        raise BadRequest(f"template {number} of the file: {error.message}; nothing was imported") from None
