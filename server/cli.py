"""The command ``llm-router``: starts the server, and does by hand what an owner needs to."""

import asyncio
import contextlib
import errno
import gc
import os
import socket
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn
from uvicorn.importer import import_from_string

from server import __version__, logs, redaction
from server.box import Box, with_box
from server.edge.protocol import IDLE, bounded
from server.errors import AppError, Unavailable
from server.listener import Listener
from server.ops.stopping import LAST_CALL, Stopping
from server.setting_sources import SettingsError
from server.settings import Settings
from server.store.lock import FolderLock

if TYPE_CHECKING:
    from fastapi import FastAPI

app = typer.Typer(
    name="llm-router",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Your models, your box.",
)


def main() -> None:
    """Runs a command; what goes wrong is one line on standard error and exit code 1."""
    if sys.argv[1:2] != ["serve"]:
        add_others()
    try:
        app()
    except (SettingsError, AppError) as error:
        typer.echo(f"llm-router: {error}", err=True)
        raise SystemExit(1) from None


@cache
def add_others() -> None:
    """The commands that a server does without."""
    from server import cli_backup, cli_config, cli_demo, cli_gateway, cli_prices, cli_secrets, cli_stats, cli_users

    for each in (cli_config, cli_users, cli_gateway, cli_stats, cli_prices, cli_backup, cli_secrets, cli_demo):
        each.add_to(app)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    lan: Annotated[bool, typer.Option("--lan", help="Let other devices of your network in.")] = False,
) -> None:
    """Start the server."""
    settings = Settings.load(host="0.0.0.0" if lan and host is None else host, port=port)
    # Ctrl-C has stopped the server in good order by the time it gets here.
    with (
        contextlib.closing(FolderLock(settings.data)),
        contextlib.closing(Listener(settings.data)) as commands,
        _listening(settings) as listener,
        contextlib.suppress(KeyboardInterrupt),
    ):
        lines = logs.install(settings.log_level, settings.log_format)
        redaction.install()
        with_box(_is_empty, settings)  # whatever is wrong with the data folder is one line, here
        create_app: Callable[[Settings], FastAPI] = import_from_string("server.main:create_app")
        config = uvicorn.Config(
            create_app(settings),
            loop="uvloop",
            http=bounded(settings.connections),
            timeout_keep_alive=IDLE,
            ws="none",
            proxy_headers=False,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        # Its type says whole seconds, and it takes others.
        config.timeout_graceful_shutdown = settings.stop_timeout * LAST_CALL  # type: ignore[assignment]
        _Server(config, settings, commands, lines).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says where it is as soon as it can be reached, and answers commands from then on.

    It ends in good order when asked to, and at once when asked again.
    """

    def __init__(self, config: uvicorn.Config, settings: Settings, commands: Listener, lines: logs.Lines) -> None:
        super().__init__(config)
        self._settings, self._commands, self._lines = settings, commands, lines

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        # What is there now stays: looking through it for what nobody needs any more took a sixth of every request,
        # and what a request leaves behind is gone without that.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        state = self.config.app.state  # type: ignore[union-attr]
        locked = state.lock.is_closed
        code = state.setup_code.text if not locked and await state.services.users.count() == 0 else None
        await self._commands.start(self.config.app)  # type: ignore[arg-type]
        for line in _greeting(self._settings, code, locked):
            typer.echo(self._lines.spoken(line))
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stopping: Stopping = self.config.app.state.stopping  # type: ignore[union-attr]
        for each in self.servers:
            each.close()
        await self._commands.stop()
        await stopping.begin()
        await super().shutdown(sockets)
        stopping.ended()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not uvicorn's, which ends the process by the signal once more, as if it had not been obeyed.
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True


def _greeting(settings: Settings, code: str | None, locked: bool) -> list[str]:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host
    lines = [f"LLM Router {__version__}", f"  Open          {settings.public_url or _url(host, settings.port)}"]
    if settings.host != host:
        lines.append(f"  On a phone    {_url(_own_address(), settings.port)} in the same network")
    elif settings.public_url is None:
        lines.append("  On a phone    start it with --lan to let the devices of your network in")
    if code is not None:
        lines.append(f"  Set-up code   {code} makes the first account")
    if locked:
        lines.append("  Locked        give the master password on its page, or run llm-router unlock")
    return lines


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _own_address() -> str:
    """The address by which this machine is known in its network. Nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address: str = probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
    return address


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            where = f"{settings.host} port {settings.port}"
            if error.errno == errno.EADDRINUSE:
                message = f"{where} is in use: stop what uses it, or choose another one with --port."
            else:
                message = f"{where} cannot be listened on: {error.strerror}."
            raise Unavailable(message) from None
        yield listener


async def _is_empty(box: Box) -> bool:
    return await box.users.count() == 0


@app.command()
def init() -> None:
    """Make the data folder, its key and the database, and the first admin if the settings name one."""
    from server.cli_users import count

    settings = Settings.load()
    empty = count() == 0
    typer.echo(f"{settings.data.absolute()} is ready.")
    if empty:
        typer.echo("There is no account yet: `llm-router users add NAME`, or the page after `llm-router serve`.")


@app.command()
def doctor() -> None:
    """Look for what may be wrong: files, database, clock, port, providers."""
    from server.ops.doctor import examine

    async def show() -> bool:
        bad = False
        async for finding in examine(Settings.load()):
            bad = bad or finding.state == "bad"
            step = f": {finding.step}" if finding.step else ""
            typer.echo(f"{finding.state:<5} {finding.subject:<14} {finding.message}{step}")
        return bad

    if asyncio.run(show()):
        raise typer.Exit(1)


@app.command()
def commands() -> None:
    """Print the table of slash commands, as Markdown."""
    from commands import registry

    typer.echo(registry.markdown(), nl=False)


if __name__ == "__main__":
    main()
