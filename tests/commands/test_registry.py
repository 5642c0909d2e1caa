import re

import pytest

from commands import registry
from commands.registry import CommandError, Situation

EMPTY = Situation()
TALKING = Situation(conversation=True, answered=True)
RUNNING = Situation(conversation=True, answered=True, running=True)


@pytest.mark.parametrize(
    ("line", "name", "arguments"),
    [
        ("/model gpt-5.1", "model", {"id": "gpt-5.1"}),
        ("/model", "model", {"id": None}),
        ("  /MODEL   gpt-5.1  ", "model", {"id": "gpt-5.1"}),
        ("/title a long  title", "title", {"text": "a long  title"}),
        ("/rename x", "title", {"text": "x"}),
        ("/system line one\nline two", "system", {"text": "line one\nline two"}),
        ("/temp 0.55", "temp", {"value": "0.55"}),
        ("/new", "new", {}),
    ],
)
def test_a_line_becomes_a_call(line: str, name: str, arguments: dict[str, str | None]) -> None:
    entry, found = registry.parse(line)
    assert (entry.name, found) == (name, arguments)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/modle", "did you mean /model?"),
        ("/", "/help"),
        ("/xyzzy", "// sends a literal slash"),
        ("/title", "<text>"),
        ("/new and more", "takes no more"),
    ],
)
def test_a_line_that_cannot_run_says_what_to_type(line: str, says: str) -> None:
    with pytest.raises(CommandError, match=re.escape(says)):
        registry.parse(line)


@pytest.mark.parametrize(
    ("name", "empty", "talking", "running"),
    [
        ("stop", False, False, True),
        ("retry", False, True, False),
        ("title", False, True, True),
        ("model", True, True, True),
    ],
)
def test_a_command_is_offered_when_it_makes_sense(name: str, empty: bool, talking: bool, running: bool) -> None:
    entry = registry.find(name)
    assert entry is not None
    assert [entry.when(now) for now in (EMPTY, TALKING, RUNNING)] == [empty, talking, running]


def test_every_command_explains_itself() -> None:
    names = [name for entry in registry.table() for name in (entry.name, *entry.aliases)]
    assert len(names) == len(set(names))
    for entry in registry.table():
        assert entry.summary and all(argument.hint for argument in entry.arguments)
        in_order = [argument for argument in entry.arguments if not argument.option]
        assert not any(argument.rest for argument in in_order[:-1])


def test_options_stand_anywhere_and_are_not_part_of_the_text() -> None:
    for line in ("/image --size 1x2 a red fox", "/image a red fox --size 1x2", "/image a red —size=1x2 fox"):
        entry, values = registry.parse(line)
        assert entry.name == "image" and values["prompt"] == "a red fox" and values["size"] == "1x2", line


def test_two_dashes_that_are_no_option_stay_in_the_text() -> None:
    _, values = registry.parse("/image a fox -- and a dog, well--known")
    assert values["prompt"] == "a fox -- and a dog, well--known"


@pytest.mark.parametrize("line", ["/image a fox --style vivid", "/image a fox --size", "/image --size 1x2"])
def test_an_option_that_cannot_be_is_said(line: str) -> None:
    with pytest.raises(CommandError):
        registry.parse(line)
