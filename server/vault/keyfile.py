"""The key file in the data folder: made at the first start, for its owner only, one Fernet key a line.

Whoever has this file and the database can read the stored provider keys; neither alone is enough.
"""

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

from server.errors import Unavailable

NAME = "secret.key"
SIZE = 32
"""Bytes of a key; the file holds them as Fernet writes them."""


def load_or_create(folder: Path) -> list[bytes]:
    """The keys, newest first. Raises Unavailable when the file cannot be made, read or understood."""
    path = folder / NAME
    try:
        if not path.exists():
            _create(path)
        keys = path.read_bytes().split()
    except OSError as error:
        raise Unavailable(
            f"The key file {path} cannot be used ({error.strerror}): "
            "make the data folder belong to the user that runs the server.",
            code="key_file",
        ) from error
    try:
        if not keys or any(len(urlsafe_b64decode(key)) != SIZE for key in keys):
            raise ValueError
    except ValueError:
        raise Unavailable(
            f"The key file {path} is damaged: put it back from a backup. "
            "Without it the stored provider keys cannot be read; "
            "after removing it a new one is made, and they have to be entered again.",
            code="key_file",
        ) from None
    return keys


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{NAME}.{secrets.token_hex(4)}")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(urlsafe_b64encode(secrets.token_bytes(SIZE)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # unlike a rename it never replaces the key of a process that was faster
        except FileExistsError:
            return
        except OSError:  # a file system without links
            os.rename(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
