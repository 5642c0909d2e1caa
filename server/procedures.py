"""What commands do: each a procedure that runs in the server of the data folder, else over the database itself.

A command of the command line reads what it needs from its terminal, calls a procedure with plain values and prints
what comes back. Both travel as JSON, also where nobody listens, so that there is one answer to a command.
"""

import inspect
import json
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, cast

from server import __version__, local_socket
from server.errors import AppError, NotFound, TooLarge, Unavailable
from server.settings import Settings
from server.store.lock import CommandLock, FolderLock

if TYPE_CHECKING:
    from server.box import Box
    from server.ops.backup.schedule import Backups

MODULES = ("cli_backup", "cli_config", "cli_gateway", "cli_prices", "cli_secrets", "cli_stats", "cli_users")
"""Where procedures are."""
PATIENCE = 60.0
"""Seconds that a command waits for a server that starts; it may have to bring the database up to date."""
STOPPING = 10.0
"""Seconds that one may take to stop, besides what its settings say."""

P = ParamSpec("P")
T = TypeVar("T")
Subject = Literal["box", "backups", "lock"]
"""What a procedure works on."""


class Procedure(Generic[P, T]):
    def __init__(
        self,
        work: Callable[Concatenate[Any, P], Awaitable[T]],
        subject: Subject = "box",
        lock: type[FolderLock] = CommandLock,
    ) -> None:
        self.work, self.subject, self._lock = work, subject, lock
        self.name = f"{work.__module__.removeprefix('server.')}.{work.__name__}"

    def __call__(self, *given: P.args, **named: P.kwargs) -> T:
        """Runs it, and waits. Raises AppError as the procedure does, and Unavailable when the server is gone."""
        settings = Settings.load()
        arguments = inspect.signature(self.work).bind(None, *given, **named).arguments
        arguments.pop(next(iter(arguments)))
        line = json.dumps({"procedure": self.name, "arguments": arguments})
        if len(line) >= local_socket.LARGEST:
            raise TooLarge(
                f"that is more than the {local_socket.LARGEST // 1_000_000} MB that a command can take along"
            )
        until = time.monotonic() + settings.stop_timeout + STOPPING
        while True:
            if (answer := _ask(settings, line)) is not None:
                return cast(T, answer["result"])
            try:
                lock = self._lock(settings.data)
            except Unavailable:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
                continue
            with closing(lock):
                return cast(T, json.loads(json.dumps(self._alone(settings, json.loads(line)["arguments"]))))

    def _alone(self, settings: Settings, arguments: dict[str, Any]) -> T:
        from server.box import with_backups, with_box

        match self.subject:
            case "box":
                return with_box(lambda box: self.run(box, arguments), settings)
            case "backups":
                return with_backups(lambda backups: self.run(backups, arguments), settings)
            case "lock":
                raise Unavailable(f"no server is running over {settings.data}: there is nothing to unlock")

    async def run(self, subject: Any, arguments: dict[str, Any]) -> T:
        return await cast(Callable[..., Awaitable[T]], self.work)(subject, **arguments)


def procedure(work: Callable[Concatenate["Box", P], Awaitable[T]]) -> Procedure[P, T]:
    """For an async function at the top of one of ``MODULES``; its arguments and its result are JSON."""
    return Procedure(work)


def alone(work: Callable[Concatenate["Box", P], Awaitable[T]]) -> Procedure[P, T]:
    """For one beside which no other command may be at work."""
    return Procedure(work, lock=FolderLock)


def backing_up(work: Callable[Concatenate["Backups", P], Awaitable[T]]) -> Procedure[P, T]:
    """For one that must not open the database, which a newer version would bring up to date."""
    return Procedure(work, "backups")


def unlocking(work: Callable[Concatenate[Any, P], Awaitable[T]]) -> Procedure[P, T]:
    """For one that opens a locked server, and is given its lock: such a server runs no other."""
    return Procedure(work, "lock")


def find(name: str) -> Procedure[..., Any]:
    """Raises NotFound."""
    module, _, attribute = name.partition(".")
    found = getattr(import_module(f"server.{module}"), attribute, None) if module in MODULES else None
    if not isinstance(found, Procedure):
        raise NotFound(f"this server does not know the command {name}")
    return found


def _ask(settings: Settings, request: str) -> dict[str, Any] | None:
    """What the server answers; None: there is none, or it ended before it was asked. Raises AppError."""
    line = local_socket.connect(settings.data)
    if line is None:
        return None
    with line, line.makefile("rwb") as file:
        line.settimeout(PATIENCE)
        try:
            greeting = file.readline()
        except TimeoutError:
            raise Unavailable(
                f"the server over {settings.data} does not answer: it may still be starting, or its log says why"
            ) from None
        except OSError:
            return None
        if not greeting:
            return None
        _check(line, json.loads(greeting))
        line.settimeout(None)
        try:
            file.write(request.encode() + b"\n")
            file.flush()
            answer = file.readline()
        except OSError:
            answer = b""
    if not answer.endswith(b"\n"):
        raise Unavailable("the server ended before it answered: look whether it is done, and try again")
    found: dict[str, Any] = json.loads(answer)
    if error := found.get("error"):
        raise AppError(error["message"], code=error["code"])
    return found


def _check(line: socket.socket, greeting: dict[str, Any]) -> None:
    """Raises AppError when the server would not understand us."""
    if error := greeting.get("error"):
        raise AppError(error["message"], code=error["code"])
    if greeting.get("version") != __version__:
        raise Unavailable(
            f"the running server is version {greeting.get('version')} and this command version {__version__}: "
            "use the one that belongs to the server, or start the server again"
        )
