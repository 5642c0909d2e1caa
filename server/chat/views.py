"""What a page is told about a conversation or a message: the one place that shapes rows into the API's JSON.

HTML is a projection of a message's text. It is made in a worker thread and remembered per revision, within bounds.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, Row

from server.chat import branches, messages, tree
from server.content import attachments, markdown
from server.ids import instant
from server.money import ledger
from server.money.figures import Figures

MAX_REMEMBERED = 4_000_000
"""Characters of HTML kept."""

ACTIONS = {
    "auth": "add_key",
    "no_key": "add_key",
    "quota": "add_key",
    "unknown_model": "pick_model",
    "too_long": "pick_model",
    "refused": "retry",
    "bad_request": "pick_model",
    "budget_exceeded": "see_budget",
}
"""What a person can do about an error; where nothing stands: go on if there is a text, else try again."""


class Renderer:
    """Markdown to HTML off the event loop."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(1, thread_name_prefix="render")
        self._remembered: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._size = 0

    async def html(self, rows: Sequence[Row[Any]]) -> dict[str, str]:
        """Message id → HTML, of the assistant's messages among ``rows``."""
        found: dict[str, str] = {}
        missing: dict[tuple[str, int], str] = {}
        for row in rows:
            if row.role != "assistant" or not row.text:
                continue
            if (html := self._remembered.get((row.id, len(row.text)))) is not None:
                self._remembered.move_to_end((row.id, len(row.text)))
                found[row.id] = html
            else:
                missing[row.id, len(row.text)] = opening(row) + row.text
        if missing:
            texts = list(missing.values())
            loop = asyncio.get_running_loop()
            made = await loop.run_in_executor(self.threads, lambda: [markdown.render(text) for text in texts])
            for key, html in zip(missing, made, strict=True):
                found[key[0]] = html
                self._remember(key, html)
        return found

    def _remember(self, key: tuple[str, int], html: str) -> None:
        if (before := self._remembered.pop(key, None)) is not None:
            self._size -= len(before)
        self._remembered[key] = html
        self._size += len(html)
        while self._size > MAX_REMEMBERED:
            self._size -= len(self._remembered.popitem(last=False)[1])

    def close(self) -> None:
        self.threads.shutdown(wait=True, cancel_futures=True)


def opening(row: Row[Any]) -> str:
    """What is to be rendered before the text of a reply."""
    return str((row.settings or {}).get("opening", ""))


def conversation(
    row: Row[Any],
    figures: Figures | None,
    kin: branches.Relatives,
    *,
    running: bool,
    context: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """``context`` is what the last call filled, where one was made."""
    return {
        "id": row.id,
        "title": row.title,
        "model": row.model,
        "temperature": row.temperature,
        "reasoning": row.reasoning,
        "system": row.system,
        "favorite": row.favorite,
        "tags": row.tags or [],
        "revision": row.revision,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
        "deleted_at": instant(row.deleted_at),
        "leaf_id": row.leaf_id,
        "running": running,
        "figures": (figures or Figures()).as_json(),
        "context": context,
        "parent": _parent(row, kin),
        "branches": [{"id": one.id, "title": one.title, "message_id": one.branched_at} for one in kin.branches],
        "family": kin.family,
        "inherited": row.inherited,
    }


def _parent(row: Row[Any], kin: branches.Relatives) -> dict[str, Any] | None:
    """Where a branch came from; what is in the bin, or gone for good, is ``deleted``."""
    if row.parent_id is None:
        return None
    parent = kin.parent
    return {
        "id": row.parent_id,
        "message_id": row.branched_at,
        "title": parent.title if parent else "",
        "deleted": parent is None or parent.deleted_at is not None,
    }


def family(rows: Sequence[Row[Any]], figures: Mapping[str, Figures], excerpts: Mapping[str, str]) -> dict[str, Any]:
    """A family as it is listed: those in the bin only where something that is not hangs below them.

    The sum counts all of them: what was spent stays spent.
    """
    living = {row.id for row in rows if row.deleted_at is None}
    for row in reversed(rows):  # a branch is younger than its parent
        if row.id in living and row.parent_id is not None:
            living.add(row.parent_id)
    total = sum(figures.values(), Figures())
    return {
        "conversations": [
            {
                "id": row.id,
                "title": row.title,
                "parent_id": row.parent_id,
                "message_id": row.branched_at,
                "excerpt": excerpts.get(row.id, ""),
                "deleted": row.deleted_at is not None,
                "updated_at": instant(row.updated_at),
                "figures": figures.get(row.id, Figures()).as_json(),
                "inherited": row.inherited,
            }
            for row in rows
            if row.id in living
        ],
        "figures": total.as_json(),
    }


def around(
    connection: Connection, rows: Sequence[Row[Any]]
) -> tuple[dict[str, ledger.MessageUsage], dict[str | None, list[str]], dict[str, list[Row[Any]]]]:
    """What ``message`` needs beside the rows: their usage, their siblings by parent, and their attachments."""
    if not rows:
        return {}, {}, {}
    ended = [row for row in rows if row.role == "assistant" and row.status not in messages.RUNNING]
    paid = {row.id: row.copied_from or row.id for row in ended}
    found = ledger.by_message(connection, paid.values())
    usage = {id: found[source] for id, source in paid.items() if source in found}
    parents = {row.parent_id for row in rows}
    siblings = tree.siblings(messages.children(connection, rows[0].conversation_id, parents))
    return usage, siblings, attachments.of_messages(connection, [row.id for row in rows])


def message(
    row: Row[Any],
    *,
    html: str | None,
    usage: ledger.MessageUsage | None,
    siblings: Sequence[str] = (),
    files: Sequence[Row[Any]] = (),
    queued: bool = False,
    live: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """``live`` overrides what a running reply knows better than its row: status, text, reasoning."""
    family = list(siblings) or [row.id]
    otherwise = "continue" if row.text else "retry"
    error = row.error and row.error | {"action": ACTIONS.get(row.error["code"], otherwise)}
    shown = {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "parent_id": row.parent_id,
        "role": row.role,
        "status": row.status,
        "text": row.text,
        "reasoning": row.reasoning,
        "html": html,
        "model": row.model,
        "client_id": row.client_id,
        "favorite": row.favorite,
        "revision": row.revision,
        "created_at": instant(row.created_at),
        "finished_at": instant(row.finished_at),
        "finish_reason": row.finish_reason,
        "error": error,
        "notes": row.notes or [],
        "continues_id": row.continues_id,
        "comparison": row.comparison,
        "sources": row.sources,
        "route": row.route,
        "reasoning_ms": row.reasoning_ms,
        "first_token_ms": row.first_token_ms,
        "duration_ms": row.duration_ms,
        "usage": usage.figures.as_json() if usage else None,
        "cost_nanos": usage.cost_nanos if usage else None,
        "cost_state": usage.cost_state if usage else None,
        "siblings": {"ids": family, "index": family.index(row.id) if row.id in family else 0},
        "queued": queued,
    }
    if files:
        shown["attachments"] = [attachments.as_json(file) for file in files]
    if row.settings and "image" in row.settings:
        shown["image"] = {name: row.settings["image"][name] for name in ("prompt", "size", "quality")}
    return shown | dict(live or {})
