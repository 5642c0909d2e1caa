"""The commands about providers' keys that everybody on this server may use."""

import sys
from typing import Annotated, Any

import typer

from server.box import Box
from server.errors import BadRequest
from server.procedures import procedure
from server.providers.known import PROVIDERS
from server.providers.pool import from_environment

config_app = typer.Typer(no_args_is_help=True, help="Provider keys that everybody on this server may use.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(config_app, name="config")


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
    names = sorted(each.name for each in PROVIDERS.values() if each.wire != "demo")
    if provider not in names:
        raise BadRequest(f"There is no provider {provider}: it is one of {', '.join(names)}.")
    if key == "-":
        key = sys.stdin.readline()
    elif key is None and PROVIDERS[provider].needs_key:
        key = typer.prompt("Key", hide_input=True)
    last4 = store(provider, key, base_url, another, position, weight)
    typer.echo(f"Stored {provider}{f' …{last4}' if last4 else ''}.")


@procedure
async def store(
    box: Box,
    provider: str,
    key: str | None,
    base_url: str | None,
    another: bool,
    position: int | None,
    weight: int | None,
) -> str:
    """Its last four characters."""
    stored = [each for each in await box.credentials.all(None) if each.provider == provider]
    if stored and not another:
        id = stored[0].id
    elif base_url is None and PROVIDERS[provider].base_url is None:
        raise BadRequest(f"Say where it is: llm-router config set-key {provider} --base-url http://…")
    else:
        id = (await box.credentials.create(None, provider, key, base_url)).id
    changed = await box.credentials.replace(id, None, key=key, base_url=base_url, position=position, weight=weight)
    box.following.credential_changed(id)
    return changed.last4


@config_app.command("list-keys")
def list_keys() -> None:
    """List the keys of this server, by their last four characters."""
    for one in credentials():
        shown = f"…{one['last4']}" if one["last4"] else "no key"
        typer.echo(f"{one['provider']:<12} {shown:<8} {one['source']:<12} {one['base_url'] or ''}".rstrip())


@procedure
async def credentials(box: Box) -> list[dict[str, Any]]:
    """The stored ones, and those of the server's environment."""
    stored = [(one.provider, one.last4, one.status, one.base_url) for one in await box.credentials.all(None)]
    given = [(one.provider, one.last4, "environment", one.base_url) for one in from_environment(box.settings)]
    return [dict(zip(("provider", "last4", "source", "base_url"), row, strict=True)) for row in stored + given]
