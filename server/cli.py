"""The command ``llm-router``: starts the server, and does by hand what an owner needs to.

Every command works on the data folder itself; SQLite lets it do so beside a running server.
"""

import asyncio
import contextlib
import errno
import gc
import math
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI
from uvicorn.importer import import_from_string

from server import __version__, cli_backup, cli_gateway, cli_prices, cli_stats, cli_users
from server.box import Box, with_box
from server.cli_users import FromStdin, new_password, show_password
from server.errors import AppError, BadRequest, Conflict, Unavailable
from server.settings import Settings, SettingsError
from server.store.lock import FolderLock

app = typer.Typer(
    name="llm-router",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Your models, your box.",
)
config_app = typer.Typer(no_args_is_help=True, help="Provider keys that everybody on this server may use.")
app.add_typer(config_app, name="config")
cli_users.add_to(app)
cli_gateway.add_to(app)
app.command("stats")(cli_stats.stats)
app.add_typer(cli_prices.prices_app, name="prices")
cli_backup.add_to(app)


def main() -> None:
    """Runs a command; what goes wrong is one line on standard error and exit code 1."""
    try:
        app()
    except (SettingsError, AppError) as error:
        typer.echo(f"llm-router: {error}", err=True)
        raise SystemExit(1) from None


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    lan: Annotated[bool, typer.Option("--lan", help="Let other devices of your network in.")] = False,
) -> None:
    """Start the server."""
    settings = Settings.load(host="0.0.0.0" if lan and host is None else host, port=port)
    # Ctrl-C has stopped the server in good order by the time it gets here.
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    alone = FolderLock(settings.data)
    with _listening(settings) as listener, contextlib.closing(alone), contextlib.suppress(KeyboardInterrupt):
        with_box(_is_empty, settings)  # whatever is wrong with the data folder is one line, here
        create_app: Callable[[Settings], FastAPI] = import_from_string("server.main:create_app")
        config = uvicorn.Config(
            create_app(settings),
            loop="uvloop",
            http="httptools",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=math.ceil(settings.stop_timeout),
        )
        _Server(config, settings).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says where it is as soon as it can be reached."""

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self._settings = settings

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
        code = state.setup_code.text if await state.services.users.count() == 0 else None
        for line in _greeting(self._settings, code):
            typer.echo(line)
        sys.stdout.flush()


def _greeting(settings: Settings, code: str | None) -> list[str]:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host
    lines = [f"LLM Router {__version__}", f"  Open          {settings.public_url or _url(host, settings.port)}"]
    if settings.host != host:
        lines.append(f"  On a phone    {_url(_own_address(), settings.port)} in the same network")
    elif settings.public_url is None:
        lines.append("  On a phone    start it with --lan to let the devices of your network in")
    if code is not None:
        lines.append(f"  Set-up code   {code} makes the first account")
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
    settings = Settings.load()
    empty = with_box(_is_empty, settings)
    typer.echo(f"{settings.data.absolute()} is ready.")
    if empty:
        typer.echo("There is no account yet: `llm-router users add NAME`, or the page after `llm-router serve`.")


@app.command()
def doctor() -> None:
    """Look for what may be wrong: files, database, clock, port, providers."""
    from server.ops.doctor import examine

    findings = asyncio.run(examine(Settings.load()))
    for finding in findings:
        typer.echo(f"{finding.state:<5} {finding.subject}: {finding.message}")
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)


@app.command("demo-data")
def demo_data(
    folder: Annotated[Path, typer.Argument(help="A folder that is empty or not there yet.")],
    days: Annotated[int, typer.Option(min=1, max=1000, help="How far it goes back.")] = 120,
    password_stdin: FromStdin = False,
) -> None:
    """Fill an empty data folder with made-up people, talks and costs, to look at."""
    from server.demo_data.furnish import furnish

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"{folder} is not an empty folder: demo data never goes where something else is.")
    password = new_password(password_stdin, not password_stdin)
    # Nothing of the environment: it may name the database of a real server.
    settings = Settings.load({}, data=folder)
    count = with_box(lambda box: furnish(box, password, datetime.now().astimezone(), days), settings)
    typer.echo(f"{folder} has {count} calls of ada (admin), grace and linus: LLM_ROUTER_DATA={folder} llm-router serve")
    show_password(password, not password_stdin)


@app.command()
def commands() -> None:
    """Print the table of slash commands, as Markdown."""
    from commands import registry

    typer.echo(registry.markdown(), nl=False)


@config_app.command("set-key")
def set_key(
    provider: str,
    key: Annotated[str | None, typer.Argument(help="The key; - reads it from standard input; left out: asks.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Another address that speaks the provider's API.")] = None,
    another: Annotated[bool, typer.Option("--another", help="Keep the one that is stored, and use both.")] = False,
    position: Annotated[int | None, typer.Option(min=0, max=1000, help="Lower ones are used first.")] = None,
    weight: Annotated[int | None, typer.Option(min=1, max=1000, help="Its share beside those of its position.")] = None,
) -> None:
    """Store a provider's key for everybody on this server."""
    from server.providers.known import PROVIDERS

    names = sorted(each.name for each in PROVIDERS.values() if each.wire != "demo")
    if provider not in names:
        raise BadRequest(f"There is no provider {provider}: it is one of {', '.join(names)}.")
    if key == "-":
        key = sys.stdin.readline()
    elif key is None and PROVIDERS[provider].needs_key:
        key = typer.prompt("Key", hide_input=True)

    async def work(box: Box) -> str:
        stored = [each for each in await box.credentials.all(None) if each.provider == provider]
        if stored and not another:
            id = stored[0].id
        elif base_url is None and PROVIDERS[provider].base_url is None:
            raise BadRequest(f"Say where it is: llm-router config set-key {provider} --base-url http://…")
        else:
            id = (await box.credentials.create(None, provider, key, base_url)).id
        changed = await box.credentials.replace(id, None, key=key, base_url=base_url, position=position, weight=weight)
        return changed.last4

    last4 = with_box(work)
    typer.echo(f"Stored {provider}{f' …{last4}' if last4 else ''}.")


@config_app.command("list-keys")
def list_keys() -> None:
    """List the keys of this server, by their last four characters."""
    from server.providers.pool import from_environment

    settings = Settings.load()
    stored = with_box(lambda box: box.credentials.all(None), settings)
    rows = [(each.provider, each.last4, each.status, each.base_url) for each in stored]
    rows += [(each.provider, each.last4, "environment", each.base_url) for each in from_environment(settings)]
    for provider, last4, source, base_url in rows:
        shown = f"…{last4}" if last4 else "no key"
        typer.echo(f"{provider:<12} {shown:<8} {source:<12} {base_url or ''}".rstrip())


if __name__ == "__main__":
    main()
