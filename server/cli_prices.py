"""The commands about prices: a newer price list, prices of one's own, and what a model costs."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from server.box import Box
from server.errors import BadRequest, NotFound
from server.money import price_entry
from server.procedures import procedure
from server.providers import catalog
from server.providers.known import PROVIDERS

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]
Dollars = Annotated[str | None, typer.Option(help="Dollars per million tokens.")]

prices_app = typer.Typer(no_args_is_help=True, help="What models cost.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(prices_app, name="prices")


@prices_app.command("update")
def update(file: Annotated[str, typer.Argument(help="The data.json of genai-prices; - reads standard input.")]) -> None:
    """Take a newer price list; a running server counts with it at once."""
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} cannot be read: {error.strerror}") from None
    models, changed = install(text.decode("utf-8", "surrogateescape"))
    typer.echo(f"Took the price list: {models} models, {changed} with another price than before.")


@procedure
async def install(box: Box, text: str) -> list[int]:
    about, changed = await box.prices.install(text.encode("utf-8", "surrogateescape"))
    return [about.models, changed]


@prices_app.command("show")
def show(model: str, as_json: AsJson = False) -> None:
    """What MODEL costs now (`gpt-5.1`, `openrouter/anthropic/claude-opus-5.5`)."""
    provider, name = _place(model)
    found = price(provider, name)
    rates, source = found["rates"], found["source"]
    if as_json:
        typer.echo(json.dumps({"provider": provider, "model": name} | found))
    elif rates is None:
        typer.echo(f"{provider} {name}: not known, shown as $?. To set one: prices set {provider} {name} --input …")
    else:
        for line in [f"{provider} {name} ({source})", *_lines(rates)]:
            typer.echo(line)


@procedure
async def price(box: Box, provider: str, model: str) -> dict[str, Any]:
    found = await box.prices.price(provider, model)
    if found is None:
        return {"rates": None, "source": None}
    return {"rates": price_entry.write(found), "source": f"{found.source} {found.version}"}


@prices_app.command("list")
def list_overrides(as_json: AsJson = False) -> None:
    """The prices of one's own, and which price list counts for the rest."""
    found = prices()
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo("price list: {source} {version}, {models} models".format(**found["list"]))
    for one in found["overrides"]:
        typer.echo(f"{one['id']}  {one['provider']:<12} {one['model']:<32} {', '.join(_lines(one['rates'], ''))}")


@procedure
async def prices(box: Box) -> dict[str, Any]:
    about = await box.prices.about()
    return {"list": about.as_json(), "overrides": [one.as_json() for one in await box.prices.all()]}


@prices_app.command("set")
def set_price(
    provider: str,
    model: Annotated[str, typer.Argument(help="Its name, or a pattern such as gpt-5*.")],
    input: Dollars = None,
    output: Dollars = None,
    cache_read: Dollars = None,
    cache_write: Dollars = None,
    cache_write_long: Dollars = None,
    request: Annotated[str | None, typer.Option(help="Dollars for a request itself.")] = None,
    free: Annotated[bool, typer.Option("--free", help="It costs nothing.")] = False,
    rates: Annotated[
        str | None, typer.Option("--json", help="All of it as JSON, tiers too; see docs/prices.md.")
    ] = None,
) -> None:
    """Say what a model costs from the next call on; what was called before keeps its cost."""
    _known(provider)
    given: dict[str, Any] = {"free": True} if free else {}
    if rates is not None:
        given = _object(rates)
    amounts = {
        "input": input,
        "output": output,
        "cache_read": cache_read,
        "cache_write_5m": cache_write,
        "cache_write_long": cache_write_long,
        "request": request,
    }
    given |= {name: amount for name, amount in amounts.items() if amount is not None}
    made = put_price(provider, model, given)
    typer.echo(f"{made['provider']} {made['model']} costs {', '.join(_lines(made['rates'], ''))}.")


@procedure
async def put_price(box: Box, provider: str, model: str, rates: dict[str, Any]) -> dict[str, Any]:
    return (await box.prices.put(provider, model, rates)).as_json()


@prices_app.command("remove")
def remove(id: str) -> None:
    """Let the price list count again, for what `prices list` shows under this id."""
    drop_price(id)
    typer.echo("The price list counts again.")


@procedure
async def drop_price(box: Box, id: str) -> None:
    await box.prices.remove(id)


def _place(model: str) -> tuple[str, str]:
    provider, _, name = model.partition("/")
    if name and provider in PROVIDERS:
        return provider, name
    family = catalog.family(model)
    if family is None:
        raise NotFound(f"whose {model} is does not show in its name: say provider/model, such as openrouter/{model}")
    return family, model


def _known(provider: str) -> None:
    if provider not in PROVIDERS:
        raise BadRequest(f"there is no provider {provider}: it is one of {', '.join(PROVIDERS)}")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadRequest('--json takes an object such as {"input": "1.25", "output": "10"}')
    return found


def _lines(rates: dict[str, Any], indent: str = "  ") -> list[str]:
    if rates.get("free"):
        return [f"{indent}nothing"]
    shown = [f"{indent}{name} ${rates[name]}" for name in (*price_entry.TOKENS, *price_entry.EACH) if name in rates]
    for tier in rates.get("tiers", ()):
        shown.append(f"{indent}above {tier['above']:,} tokens: {', '.join(_lines(tier, ''))}")
    for name, card in rates.get("special", {}).items():
        shown.append(f"{indent}{name}: {', '.join(_lines(card, ''))}")
    return shown + [f"{indent}picture {kind} ${amount}" for kind, amount in rates.get("images", {}).items()]
