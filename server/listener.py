"""The server's end of the socket in its data folder: runs the procedures of commands with the parts it has itself.

On every line it first says who it is; whoever has asked by then gets an answer, and what was asked is carried out to
its end, also when nobody waits for it any more.
"""

import asyncio
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server import __version__, local_socket
from server.errors import AppError, Forbidden, Unavailable

if TYPE_CHECKING:
    from fastapi import FastAPI

    from server.procedures import Procedure

log = logging.getLogger(__name__)

GRACE = 3.0
"""Seconds that commands have to end when the server stops."""


class Listener:
    """Those who come before ``start`` wait for it."""

    def __init__(self, folder: Path) -> None:
        """The folder's lock is held. Raises Unavailable."""
        self._socket, self._path = local_socket.listen(folder)
        self._server: asyncio.AbstractServer | None = None
        self._asked: set[asyncio.Task[None]] = set()

    async def start(self, app: "FastAPI") -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self._serve(app, reader, writer)
            except OSError:
                pass  # whoever asked has left
            finally:
                writer.close()

        self._server = await asyncio.start_unix_server(serve, sock=self._socket, limit=local_socket.LARGEST)

    async def stop(self) -> None:
        """Lets nobody in any more, and the commands that are at work come to their end."""
        self.close()
        if self._asked:
            _, late = await asyncio.wait(self._asked, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._socket.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, app: "FastAPI", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not local_socket.is_ours(writer.get_extra_info("socket")):
            _say(writer, _error(Forbidden("the server runs as another user: run the command as that one")))
            return
        _say(writer, {"version": __version__})
        request = await reader.readline()
        if not request.endswith(b"\n"):
            return
        task = asyncio.create_task(self._answer(app, request, writer), name="command")
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        await asyncio.wait((task,))

    async def _answer(self, app: "FastAPI", request: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            asked = json.loads(request)
            _say(writer, {"result": await _run(app, asked["procedure"], asked["arguments"])})
        except AppError as error:
            _say(writer, _error(error))
        except asyncio.CancelledError:
            _say(writer, _error(Unavailable("the server is being stopped: try again when it is back")))
        except Exception:
            log.exception("a command failed")
            _say(writer, _error(Unavailable("the server could not do it: its log says why")))
        await writer.drain()


async def _run(app: "FastAPI", name: str, arguments: dict[str, Any]) -> Any:
    from server.procedures import find  # with the first command: most servers are asked seldom

    return await find(name).run(_subject(app, find(name)), arguments)


def _subject(app: "FastAPI", asked: "Procedure[..., Any]") -> Any:
    """What a procedure works on. Raises Unavailable while the server is locked."""
    lock = app.state.lock
    if asked.subject == "lock":
        return lock
    if lock.is_closed and asked.subject == "backups":
        from server.ops.backup.schedule import Backups

        return Backups(app.state.settings)
    if lock.is_closed:
        raise Unavailable("the server is locked: `llm-router unlock` opens it", code="locked")
    if asked.subject == "backups":
        return app.state.services.backups
    from server.box import of

    return of(app.state.services)


def _say(writer: asyncio.StreamWriter, what: dict[str, Any]) -> None:
    writer.write(json.dumps(what).encode() + b"\n")


def _error(error: AppError) -> dict[str, Any]:
    return {"error": {"code": error.code, "message": error.message}}
