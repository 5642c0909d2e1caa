"""Looks at a server, thing after thing, and says how each is: for the command, and for the page of an admin.

Changes nothing. Each look runs in a thread; only those at the providers send anything, and only when one asks for it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from server.ids import instant, now
from server.ops.health.finding import Finding, Seen
from server.settings import Settings
from server.store.engine import Database, connect
from server.vault.credentials import Credentials
from server.vault.vault import Vault

log = logging.getLogger(__name__)

Look = tuple[str, Callable[[], Iterable[Finding]]]
"""What is looked at, as it is called while that takes its time."""


def looks(
    settings: Settings, seen: Seen | None = None, failed: str | None = None, stopped: Callable[[], bool] = lambda: False
) -> list[Look]:
    """In the order in which to mend things; ``failed`` is what became of the last backup where that failed."""
    from server.ops.health import (
        address,
        database,
        files,
        keeping,
        machine,
    )  # a server that nobody looks at does without

    return [
        ("version", machine.version),
        ("files", partial(files.look, settings)),
        ("database", partial(database.look, settings)),
        ("content", partial(database.content, settings, stopped)),
        ("backups", partial(keeping.look, settings, failed)),
        ("clock", partial(machine.clock, settings)),
        ("memory", machine.memory),
        ("address", partial(address.look, settings, seen)),
    ]


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """For the command, which may look while no server runs. The providers are asked when all else is well enough."""
    from server.ops.health import machine, providers

    bad = False
    for _, look in [*looks(settings), ("port", partial(machine.port, settings))]:
        for finding in await asyncio.to_thread(lambda look=look: list(look())):  # type: ignore[misc]
            bad = bad or finding.state == "bad"
            yield finding
    if bad:
        return
    opened = Database(connect(settings.database))
    try:
        for finding in await providers.look(settings, Credentials(opened, Vault.open(settings.data))):
            yield finding
    finally:
        await opened.close()


@dataclass(slots=True)
class _Visit:
    findings: list[Finding]
    total: int
    done: int = 0
    subject: str | None = None
    """What is being looked at; None when it is over."""
    began: str | None = None


class Doctor:
    """One examination of the running server at a time; whoever asks meanwhile sees how far it is."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._settings, self._credentials = settings, credentials
        self._visit: _Visit | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def as_json(self) -> dict[str, Any]:
        visit = self._visit
        if visit is None:
            return {"findings": [], "looking": None, "at": None}
        looking = {"at": visit.subject, "done": visit.done, "total": visit.total} if visit.subject else None
        return {"findings": [one.as_json() for one in visit.findings], "looking": looking, "at": visit.began}

    def start(self, seen: Seen, failed: str | None, *, ask: bool) -> None:
        """Begins, unless it is under way; with ``ask`` the providers are asked too."""
        if self._task is not None and not self._task.done():
            return
        found = looks(self._settings, seen, failed, lambda: self._closing)
        self._visit = _Visit([], len(found) + ask, subject=found[0][0], began=instant(now()))
        self._task = asyncio.create_task(self._run(self._visit, found, ask=ask), name="doctor")

    async def close(self) -> None:
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, visit: _Visit, found: list[Look], *, ask: bool) -> None:
        from server.ops.health import providers

        try:
            for subject, look in found:
                visit.subject = subject
                visit.findings += await asyncio.to_thread(lambda look=look: list(look()))  # type: ignore[misc]
                visit.done += 1
            if ask:
                visit.subject = "providers"
                visit.findings += await providers.look(self._settings, self._credentials)
        except Exception:
            log.exception("the examination broke off")
            visit.findings.append(Finding("bad", "examination", "it broke off", "the server's log says why"))
        finally:
            visit.subject = None
