"""Looks at the backups: is there one, how old is it, what became of the last. Changes nothing."""

from collections.abc import Iterator
from datetime import timedelta

from server.ids import now
from server.ops.backup import shelf
from server.ops.health.finding import Finding, megabytes
from server.settings import Settings

OLD = timedelta(days=7)


def look(settings: Settings, failed: str | None = None) -> Iterator[Finding]:
    """``failed`` says why the last one could not be made."""
    if settings.database_file is None:
        return
    if failed:
        yield Finding("bad", "backups", f"the last one failed: {failed}")
        return
    step = "make one: on this page, or `llm-router backup`"
    found = shelf.backups(settings.backups)
    if not found:
        soon = f"the server makes one every {settings.backup_hours} hours by itself" if settings.backup_hours else step
        yield Finding("note", "backups", f"there is none in {settings.backups}", soon)
        return
    newest = found[0]
    age = now() - newest.made_at
    ago = f"{age.days} days" if age.days > 1 else f"{age.total_seconds() / 3600:.0f} hours"
    said = f"the newest is {ago} old and has {megabytes(newest.size)}"
    late = max(OLD, timedelta(hours=3 * settings.backup_hours))
    yield Finding("note", "backups", said, step) if age > late else Finding("ok", "backups", said)
