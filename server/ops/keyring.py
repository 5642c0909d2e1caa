"""Provider keys as one file under a passphrase, to take them to another server: the one way out for them."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from io import BytesIO
from typing import Any

from server.errors import BadRequest
from server.ops.backup import seal
from server.ops.backup.source import BackupError
from server.providers.known import PROVIDERS
from server.vault.credentials import Credentials, Opened
from server.vault.vault import WrongKey

MARK = b"LLM Router sealed keys 1\n"
LARGEST = 1_000_000
"""Bytes of such a file."""
MOST = 500


@dataclass(frozen=True, slots=True)
class Portable:
    """A key as it is in the file, without whose it is."""

    provider: str
    key: str | None = field(repr=False)
    base_url: str | None
    position: int = 0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Packed:
    content: bytes
    keys: int
    unreadable: int
    """Stored under another key file: they are not in it."""


async def pack(credentials: Credentials, owner: str | None, passphrase: str) -> Packed:
    """The owner's keys (None: the server's). Raises BadRequest for a passphrase that is too short."""
    found, unreadable = [], 0
    for row in await credentials.all(owner):
        if row.user_id != owner:
            continue
        try:
            opened = await credentials.open(row.id)
        except WrongKey:
            unreadable += 1
            continue
        found.append(Portable(row.provider, opened.key, row.base_url, row.position, row.weight))
    return Packed(await asyncio.to_thread(_seal, found, passphrase), len(found), unreadable)


async def unpack(content: bytes, passphrase: str) -> list[Portable]:
    """Raises BadRequest for what is no such file, or under another passphrase."""
    return await asyncio.to_thread(_unseal, content, passphrase)


async def add(credentials: Credentials, owner: str | None, keys: Sequence[Portable]) -> int:
    """How many are new; those that are stored already stay as they are. All of them or none. Raises BadRequest."""
    stored: set[tuple[str, str | None, str | None]] = set()
    for row in await credentials.all(owner):
        if row.user_id == owner:
            try:
                stored.add(_same(await credentials.open(row.id)))
            except WrongKey:
                continue
    new = {_same(each): each for each in keys if _same(each) not in stored}
    await credentials.create_all(owner, [asdict(each) for each in new.values()])
    return len(new)


def _same(key: Opened | Portable) -> tuple[str, str | None, str | None]:
    return key.provider, key.key, key.base_url


def _seal(keys: Sequence[Portable], passphrase: str) -> bytes:
    out = BytesIO()
    try:
        sealer = seal.Sealer(out, passphrase, MARK)
    except BackupError as error:
        raise BadRequest(error.message) from None
    sealer.write(json.dumps({"keys": [asdict(each) for each in keys]}).encode())
    sealer.close()
    return out.getvalue()


def _unseal(content: bytes, passphrase: str) -> list[Portable]:
    if not content.startswith(MARK) or len(content) > LARGEST:
        raise BadRequest("this is no file of exported keys", code="no_keys")
    file = BytesIO(content[len(MARK) :])
    try:
        opened = seal.Unsealer(file, passphrase, "this file", MARK)
        text = b"".join(iter(lambda: opened.read(seal.BLOCK), b""))
    except BackupError:
        raise BadRequest("this is not the passphrase of the file, or it is damaged", code="wrong_passphrase") from None
    try:
        found = [_key(each) for each in json.loads(text)["keys"]]
    except (ValueError, TypeError, KeyError):
        raise BadRequest("these keys were exported by a newer version: install that one first") from None
    if len(found) > MOST:
        raise BadRequest(f"at most {MOST} keys can be taken from one file")
    return found


def _key(value: dict[str, Any]) -> Portable:
    """Raises TypeError, ValueError."""
    key = Portable(**value)
    if key.provider not in PROVIDERS or PROVIDERS[key.provider].wire == "demo":
        raise ValueError("unknown provider")
    if not all(each is None or isinstance(each, str) for each in (key.key, key.base_url)):
        raise TypeError("no text")
    if not (type(key.position) is int and 0 <= key.position <= 1000 and type(key.weight) is int):
        raise TypeError("no number")
    if not 1 <= key.weight <= 1000:
        raise ValueError("no weight")
    return key
