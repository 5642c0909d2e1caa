"""Commands that the page carries out have exactly one file each, and no file is without its command."""

import re
from pathlib import Path

from commands import registry

ACTIONS = Path(__file__).parents[2] / "web" / "actions"
IN_BROWSER = {entry.name for entry in registry.table() if entry.where == "browser"}


def test_every_browser_command_has_one_action_and_every_action_one_command() -> None:
    assert IN_BROWSER and {file.stem for file in ACTIONS.glob("*.js")} == IN_BROWSER


def test_an_action_exports_the_one_function_that_its_file_is_named_for() -> None:
    for name in IN_BROWSER:
        source = (ACTIONS / f"{name}.js").read_text()
        assert re.findall(r"^export .*?\b(\w+)(?: =|\()", source, re.MULTILINE) == [name]


def test_a_browser_command_runs_nothing_on_the_server() -> None:
    for name in IN_BROWSER:
        entry = registry.find(name)
        assert entry is not None and entry.run is None


def test_an_action_takes_the_choices_that_the_table_offers() -> None:
    for name in IN_BROWSER:
        entry = registry.find(name)
        assert entry is not None
        for argument in entry.arguments:
            assert isinstance(argument.values, tuple) or argument.values == "models", (
                f"the page knows no values for /{name}"
            )
