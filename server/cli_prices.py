"""The commands about prices: a newer price list, prices of one's own, and what a model costs."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from server.box import Box, with_box
from server.errors import BadRequest, NotFound
from server.money import price_entry
from server.providers import catalog
from server.providers.known import PROVIDERS

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]
Dollars = Annotated[str | None, typer.Option(help="Dollars per million tokens.")]

prices_app = typer.Typer(no_args_is_help=True, help="What models cost.")


@prices_app.command("update")
def update(file: Annotated[str, typer.Argument(help="The data.json of genai-prices; - reads standard input.")]) -> None:
    """Take a newer price list; a running server counts with it at once."""
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} cannot be read: {error.strerror}") from None
    about, changed = with_box(lambda box: box.prices.install(text))
    typer.echo(f"Took the price list: {about.models} models, {changed} with another price than before.")


@prices_app.command("show")
def show(model: str, as_json: AsJson = False) -> None:
    """What MODEL costs now (`gpt-5.1`, `openrouter/anthropic/claude-opus-5.5`)."""
    provider, name = _place(model)

    async def work(box: Box) -> tuple[dict[str, Any] | None, str]:
        price = await box.prices.price(provider, name)
        return (None, "") if price is None else (price_entry.write(price), f"{price.source} {price.version}")

    rates, source = with_box(work)
    if as_json:
        typer.echo(json.dumps({"provider": provider, "model": name, "rates": rates, "source": source or None}))
    elif rates is None:
        typer.echo(f"{provider} {name}: not known, shown as $?. To set one: prices set {provider} {name} --input …")
    else:
        for line in [f"{provider} {name} ({source})", *_lines(rates)]:
            typer.echo(line)


@prices_app.command("list")
def list_overrides(as_json: AsJson = False) -> None:
    """The prices of one's own, and which price list counts for the rest."""

    async def work(box: Box) -> dict[str, Any]:
        about = await box.prices.about()
        return {"list": about.as_json(), "overrides": [one.as_json() for one in await box.prices.all()]}

    found = with_box(work)
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo("price list: {source} {version}, {models} models".format(**found["list"]))
    for one in found["overrides"]:
        typer.echo(f"{one['id']}  {one['provider']:<12} {one['model']:<32} {', '.join(_lines(one['rates'], ''))}")


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
    made = with_box(lambda box: box.prices.put(provider, model, given))
    typer.echo(f"{made.provider} {made.model} costs {', '.join(_lines(made.rates, ''))}.")


@prices_app.command("remove")
def remove(id: str) -> None:
    """Let the price list count again, for what `prices list` shows under this id."""
    with_box(lambda box: box.prices.remove(id))
    typer.echo("The price list counts again.")


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
