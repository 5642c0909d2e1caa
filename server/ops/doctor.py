"""Looks at a box from the outside and says what may be wrong with it. Changes nothing."""

import asyncio
import shutil
import socket
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url

from server import ids
from server.errors import AppError
from server.providers import registry
from server.providers.base import Credential, Provider, ProviderError, Timeouts
from server.providers.pool import from_environment
from server.settings import Settings
from server.store.engine import Database, connect
from server.store.migrate import revision, revisions
from server.vault import keyfile
from server.vault.credentials import Credentials, Summary
from server.vault.vault import Vault

MEGABYTE = 1024 * 1024
LITTLE, TOO_LITTLE = 1024 * MEGABYTE, 100 * MEGABYTE
PATIENCE = Timeouts(connect=5, first_byte=10, idle=10, total=15, models=10)


@dataclass(frozen=True, slots=True)
class Finding:
    state: Literal["ok", "warn", "fail"]
    subject: str
    message: str


async def examine(settings: Settings) -> list[Finding]:
    """Everything there is to say, in the order in which to mend it."""
    findings = [*_folder(settings), *_disk(settings), *_database(settings), *_clock(settings), *_port(settings)]
    if not any(finding.state == "fail" for finding in findings):
        findings += await _providers(settings)
    return findings


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data.absolute()
    if not folder.is_dir():
        yield Finding("fail", "data folder", f"{folder} does not exist: `llm-router init` makes it.")
        return
    if stat.S_IMODE(folder.stat().st_mode) & 0o007:
        yield Finding("warn", "data folder", f"others can look into {folder}: chmod 700 {folder}")
    else:
        yield Finding("ok", "data folder", str(folder))
    path = folder / keyfile.NAME
    if not path.exists():
        yield Finding("fail", "key file", f"{path} does not exist: put it back, or `llm-router init` makes a new one.")
        return
    try:
        keyfile.load_or_create(folder)
    except AppError as error:
        yield Finding("fail", "key file", error.message)
        return
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("warn", "key file", f"others can read it: chmod 600 {path}")
    else:
        yield Finding("ok", "key file", str(path))


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    state: Literal["ok", "warn", "fail"] = "ok" if free > LITTLE else "warn" if free > TOO_LITTLE else "fail"
    yield Finding(state, "disk", f"{free // MEGABYTE} MB free.")


def _database(settings: Settings) -> Iterator[Finding]:
    shown = make_url(settings.database).render_as_string(hide_password=True)
    try:
        if path := _path(settings):
            if not path.exists():
                yield Finding("fail", "database", f"{path} does not exist: `llm-router init` makes it.")
                return
            if problem := _damage(path):
                yield Finding("fail", "database", f"{path} is damaged ({problem}): put a backup back.")
                return
        found, newest = revision(settings.database), revisions()[-1]
    except Exception as error:
        yield Finding("fail", "database", f"{shown} cannot be read: {str(error).splitlines()[0]}")
        return
    if found == newest:
        yield Finding("ok", "database", f"{shown}, schema {found}")
    elif found is None or found in revisions():
        yield Finding("warn", "database", f"its schema is {found}; the next start brings it to {newest}.")
    else:
        yield Finding("fail", "database", f"its schema is {found}, newer than this version, which knows {newest}.")


def _damage(path: Path) -> str | None:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        answer = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if answer != "ok":
            return answer
        return "rows that refer to nothing" if connection.execute("PRAGMA foreign_key_check").fetchone() else None


def _clock(settings: Settings) -> Iterator[Finding]:
    """A small computer without a battery starts in the past."""
    path = _path(settings)
    newest = max(each.stat().st_mtime for each in (Path(__file__), path) if each and each.exists())
    written, now = datetime.fromtimestamp(newest, UTC), ids.now()
    if now < written - timedelta(minutes=5):
        yield Finding(
            "fail", "clock", f"it says {now:%Y-%m-%d %H:%M} UTC, which is in the past: set it, or wait for NTP."
        )
    else:
        yield Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M} UTC")


def _port(settings: Settings) -> Iterator[Finding]:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            yield Finding(
                "warn", "port", f"{settings.port} cannot be used ({error.strerror}); fine if it is our server."
            )
            return
    yield Finding("ok", "port", f"{settings.port} on {settings.host} is free.")


async def _providers(settings: Settings) -> list[Finding]:
    """The credentials that everybody may use: stored ones, and those of the environment."""
    database = Database(connect(settings.database))
    providers = registry.create(PATIENCE)
    try:
        store = Credentials(database, Vault.open(settings.data))
        asked = [_stored(store, each, providers) for each in await store.all(None)]
        asked += [_provider(each, providers) for each in from_environment(settings)]
        findings = await asyncio.gather(*asked)
    finally:
        for provider in providers.values():
            await provider.close()
        await database.close()
    return findings or [Finding("warn", "providers", "no key is stored for everybody; each person can add their own.")]


async def _stored(store: Credentials, stored: Summary, providers: dict[str, Provider]) -> Finding:
    try:
        opened = await store.open(stored.id)
    except AppError as error:
        return Finding("fail", _name(stored.provider, stored.last4), error.message)
    credential = Credential(opened.id, opened.provider, opened.key, opened.base_url, opened.last4)
    return await _provider(credential, providers)


async def _provider(credential: Credential, providers: dict[str, Provider]) -> Finding:
    subject = _name(credential.provider, credential.last4)
    try:
        return Finding("ok", subject, f"{len(await providers[credential.provider].models(credential))} models")
    except ProviderError as error:
        return Finding("fail" if error.kind == "auth" else "warn", subject, error.message)


def _name(provider: str, last4: str) -> str:
    return f"{provider} …{last4}" if last4 else provider


def _path(settings: Settings) -> Path | None:
    url = make_url(settings.database)
    return Path(url.database or "") if url.drivername.startswith("sqlite") else None
