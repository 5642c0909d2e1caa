"""The socket by which commands reach the server that runs over a data folder: where it is, and who may speak.

It lies in the folder, as its owner's; where the file system has no sockets, among the machine's temporary files.
"""

import os
import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from server.errors import Unavailable

NAME = "llm-router.sock"
LONGEST = 100
"""Bytes of a path that every system takes as a socket's."""
WAITING = 128
"""Commands that may wait to be answered."""
LARGEST = 64_000_000
"""Bytes of a request; the largest is a price list."""


def listen(folder: Path) -> tuple[socket.socket, Path]:
    """The socket, and where it is. Takes the place of the one that a dead server left: the folder's lock is held."""
    failed: OSError | None = None
    for path in _places(folder):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _bind(listener, path)
        except OSError as error:
            listener.close()
            failed = failed or error
            continue
        listener.listen(WAITING)
        return listener, path
    raise Unavailable(
        f"no socket for the command line can be made in {folder}: {failed.strerror if failed else ''}"
    ) from failed


def connect(folder: Path) -> socket.socket | None:
    """To the server of a folder, also to one that is starting; None: nobody listens. Raises Unavailable."""
    for path in _places(folder):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _reachable(path) as short:
                line.connect(short)
        except (FileNotFoundError, ConnectionRefusedError):
            line.close()
            continue
        except OSError as error:
            line.close()
            raise Unavailable(
                f"the server over {folder} cannot be asked ({error.strerror}): run this as the user that it runs as"
            ) from error
        if _peer(line) not in (None, os.geteuid(), 0, folder.stat().st_uid):
            line.close()
            raise Unavailable(f"{path} is another user's: whoever put it there takes itself for the server")
        return line
    return None


def is_ours(line: socket.socket) -> bool:
    """Whether the other end is of our own user, or of the machine's."""
    return _peer(line) in (None, os.geteuid(), 0)


def _peer(line: socket.socket) -> int | None:
    """The user at the other end; None where the system does not say, and the file's owner is all there is."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    user: int = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[1]
    return user


def _places(folder: Path) -> Iterator[Path]:
    yield folder.absolute() / NAME
    try:
        found = folder.stat()
    except FileNotFoundError:
        return
    yield Path(tempfile.gettempdir()) / f"llm-router-{found.st_dev:x}-{found.st_ino:x}.sock"


def _bind(listener: socket.socket, path: Path) -> None:
    path.unlink(missing_ok=True)
    mask = os.umask(0o177)
    try:
        with _reachable(path) as short:
            listener.bind(short)
    finally:
        os.umask(mask)


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """The path, from its folder where it would be too long otherwise."""
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
    else:
        with chdir(path.parent):
            yield path.name
