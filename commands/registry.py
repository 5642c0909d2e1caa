"""What a command is, the table of all of them, and how a line becomes a call. Knows nothing of the server."""

import difflib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from commands.results import Result


@dataclass(frozen=True, slots=True)
class Argument:
    """``values`` are the choices, or the name of a list that only the running server knows (`models`, `efforts`)."""

    name: str
    hint: str
    required: bool = False
    values: str | tuple[str, ...] | None = None
    free: bool = False
    """Takes other values than those too."""
    rest: bool = False
    """Takes the rest of the line, spaces and all."""
    option: bool = False
    """Written as `--name value`, anywhere in the line."""

    @property
    def usage(self) -> str:
        if self.option:
            return f"[--{self.name} …]"
        return f"<{self.name}>" if self.required else f"[{self.name}]"


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether a command makes sense now."""

    conversation: bool = False
    running: bool = False
    """A reply is being written in it."""
    answered: bool = False
    """It has a reply that can be made again."""
    compared: bool = False
    """Where the person is, several models answered the same prompt."""
    admin: bool = False


Handler = Callable[..., Awaitable[Sequence[Result]]]


@dataclass(frozen=True, slots=True)
class Command:
    """``run`` is None for a command that the page itself carries out."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    run: Handler | None
    when: Callable[[Situation], bool]
    aliases: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        return " ".join([f"/{self.name}", *(argument.usage for argument in self.arguments)])

    @property
    def where(self) -> str:
        return "browser" if self.run is None else "server"


class CommandError(Exception):
    """The line is not a command that can run; the message says what to type instead."""


_commands: dict[str, Command] = {}


def always(_: Situation) -> bool:
    return True


def command(
    name: str,
    summary: str,
    *arguments: Argument,
    when: Callable[[Situation], bool] = always,
    aliases: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """Puts a function into the table. It gets a context and one string (or None) per argument."""

    def register(run: Handler) -> Handler:
        _commands[name] = Command(name, summary, arguments, run, when, aliases)
        return run

    return register


def browser(
    name: str,
    summary: str,
    *arguments: Argument,
    when: Callable[[Situation], bool] = always,
    aliases: tuple[str, ...] = (),
) -> None:
    """Puts a command into the table that the page carries out: ``web/actions/<name>.js``."""
    _commands[name] = Command(name, summary, arguments, None, when, aliases)


def table() -> list[Command]:
    """Every command, by name."""
    return sorted(_commands.values(), key=lambda entry: entry.name)


def find(name: str) -> Command | None:
    """By name or alias."""
    if name in _commands:
        return _commands[name]
    return next((entry for entry in _commands.values() if name in entry.aliases), None)


def parse(line: str) -> tuple[Command, dict[str, str | None]]:
    """The command of a line such as ``/temp 0.7``, and its arguments by name. Raises CommandError."""
    name, _, rest = line.strip().removeprefix("/").partition(" ")
    entry = find(name.lower())
    if entry is None:
        near = difflib.get_close_matches(name.lower(), [known.name for known in table()], n=1)
        hint = f", did you mean /{near[0]}?" if near else ": /help lists them; // sends a literal slash"
        raise CommandError(f"there is no command /{name}{hint}")
    values: dict[str, str | None] = {}
    chosen, rest = _options(entry, rest.strip())
    for argument in entry.arguments:
        if argument.option:
            value = chosen.get(argument.name, "")
        else:
            value, rest = (rest, "") if argument.rest else _word(rest)
        if not value and argument.required:
            raise CommandError(f"{entry.usage}: {argument.hint}")
        if value and isinstance(argument.values, tuple) and not argument.free and value not in argument.values:
            raise CommandError(f"{argument.name} is one of {', '.join(argument.values)}")
        values[argument.name] = value or None
    if rest:
        raise CommandError(f"{entry.usage} takes no more than that")
    return entry, values


_OPTION = re.compile(r"(?:^|(?<=\s))(?:--|—)([a-z]+)(?:[=\s]\s*(\S+))?(?=\s|$)\s*")
"""A telephone's keyboard makes one long dash of two."""


def _options(entry: Command, text: str) -> tuple[dict[str, str], str]:
    """The options in ``text``, and what is left of it. Raises CommandError."""
    names = [argument.name for argument in entry.arguments if argument.option]
    chosen: dict[str, str] = {}
    if not names:
        return chosen, text
    for name, value in _OPTION.findall(text):
        if name not in names:
            raise CommandError(f"/{entry.name} has no --{name}: {', '.join(f'--{one}' for one in names)}")
        if not value:
            raise CommandError(f"--{name} needs a value")
        chosen[name] = value
    return chosen, _OPTION.sub("", text).strip()


def _word(text: str) -> tuple[str, str]:
    word, _, rest = text.partition(" ")
    return word, rest.strip()


def as_json(entry: Command, situation: Situation) -> dict[str, Any]:
    return {
        "name": entry.name,
        "summary": entry.summary,
        "usage": entry.usage,
        "arguments": [
            {"name": one.name, "hint": one.hint, "required": one.required, "values": one.values, "rest": one.rest}
            | ({"option": True} if one.option else {})
            for one in entry.arguments
        ],
        "where": entry.where,
        "available": entry.when(situation),
        "aliases": list(entry.aliases),
    }


def markdown() -> str:
    """The table as the page that the documentation shows."""
    lines = [
        "# Commands",
        "",
        "Type `/` at the prompt: the list narrows as you type, Tab or a tap completes. `//` sends a literal slash.",
        "This page is printed by `llm-router commands`.",
        "",
        "| command | what it does | arguments |",
        "|---|---|---|",
    ]
    for entry in table():
        arguments = "; ".join(f"`{one.name}`: {one.hint}" for one in entry.arguments)
        names = "".join(f", `/{alias}`" for alias in entry.aliases)
        lines.append(f"| `{entry.usage}`{names} | {entry.summary} | {arguments} |".replace("  |", " |"))
    return "\n".join(lines) + "\n"
