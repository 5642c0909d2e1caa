"""The key file in the data folder: made at the first start, for its owner only; its keys plain or under a password.

Whoever has this file and the database can read the stored provider keys; neither alone is enough.
"""

import os
import secrets
from pathlib import Path

from server.errors import Unavailable
from server.vault import password
from server.vault.password import Wrapped
from server.vault.ring import Ring

NAME = "secret.key"


def load_or_create(folder: Path) -> Ring | Wrapped:
    """What is in it. Raises Unavailable when the file cannot be made, read or understood."""
    path = folder / NAME
    try:
        if not path.exists():
            _put(path, Ring.new().text(), replace=False)
        text = path.read_bytes()
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        return Wrapped.parse(text) if text.startswith(password.MARK) else Ring.parse(text)
    except ValueError:
        raise Unavailable(
            f"The key file {path} is damaged: put it back from a backup. "
            "Without it the stored provider keys cannot be read; "
            "after removing it a new one is made, and they have to be entered again.",
            code="key_file",
        ) from None


def replace(folder: Path, text: bytes) -> None:
    """The old file or the new one is there at every moment. Raises Unavailable."""
    path = folder / NAME
    try:
        _put(path, text, replace=True)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"The key file {path} cannot be used ({error.strerror}): "
        "make the data folder belong to the user that runs the server.",
        code="key_file",
    )


def _put(path: Path, text: bytes, *, replace: bool) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{NAME}.{secrets.token_hex(4)}")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.rename(fresh, path)
        else:
            _link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _link(fresh: Path, path: Path) -> None:
    try:
        os.link(fresh, path)  # unlike a rename it never replaces the key of a process that was faster
    except FileExistsError:
        return
    except OSError:  # a file system without links
        os.rename(fresh, path)
