"""What the docs say can be tried: links lead somewhere, and every command, setting and file that is named exists."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.core import TyperGroup

from commands import registry
from server.cli import add_others, app
from server.setting_sources import CONFIG, PLAIN, PREFIX, variable
from server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "bench/README.md"])
OTHERS = {"LLM_ROUTER_KEY"}
"""Variables that another program is told to read."""
PATHS = re.compile(r"/(v1|admin|api|health|metrics|data|media|usr|etc|opt|var|tmp|proc)\b")
"""What begins with a slash and is no command."""
SHELL = {"sh", "bash", "shell", "console"}


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=name)


def tokens(page: Path) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def anchors(page: Path) -> set[str]:
    """What a `#` may name, as GitHub makes it of headings."""
    found = list(tokens(page))
    titles = [each.content for before, each in pairwise(found) if before.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def code(page: Path) -> Iterator[str]:
    """What is written as code: spans, and the lines of blocks with continued lines joined."""
    for token in tokens(page):
        if token.type == "code_inline":
            yield token.content
        elif token.type in ("fence", "code_block"):
            yield from token.content.replace("\\\n", " ").splitlines()


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for token in tokens(page):
        target = token.attrGet("href") or token.attrGet("src")
        if not isinstance(target, str):
            continue
        if target.startswith(("http:", "https:", "mailto:")):
            assert " " not in target
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target} is not there"
        assert not anchor or anchor in anchors(file), f"{target}: there is no such heading"


def test_every_page_of_the_docs_is_in_their_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    missing = [
        page.name for page in ROOT.glob("docs/*.md") if page.name != "README.md" and f"({page.name})" not in index
    ]
    assert missing == []


COMMAND = re.compile(r"(?:^|[\s(=/])llm-router((?: +[^\s|&;<>#`…]+)+)")


@every_page
def test_every_command_line_is_one_that_the_program_takes(page: Path) -> None:
    for text in code(page):
        for line in re.findall(COMMAND, text):
            tried(line.split())


@cache
def program() -> Any:
    add_others()
    return typer.main.get_command(app)


def tried(words: list[str]) -> None:
    command = program()
    said = f"llm-router {' '.join(words)}"
    while words and isinstance(command, TyperGroup) and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    if words and isinstance(command, TyperGroup):
        # The project's name is also that of the command, of a service and of a folder.
        assert not re.fullmatch(r"[a-z][a-z-]+", words[0]) or words[0] in ELSEWHERE, f"{said}: no such command"
        return
    options = {option for parameter in command.params for option in parameter.opts}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in options, f"{said}: no option {word}"


ELSEWHERE = {"python", "env", "llm-router", "sh"}


@every_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {variable(each) for each in Settings.model_fields} | set(PLAIN) | {CONFIG} | OTHERS
    text = page.read_text(encoding="utf-8")
    for found in re.findall(rf"\b(?:{PREFIX}[A-Z_]+|[A-Z]+_(?:API_KEY|BASE_URL))(?:_FILE)?\b", text):
        assert found.removesuffix("_FILE") in known, f"{found} is no setting"


@every_page
def test_every_slash_command_that_is_named_exists(page: Path) -> None:
    known = {each for command in registry.table() for each in (command.name, *command.aliases)}
    for text in code(page):
        found = re.fullmatch(r"/([a-z]+)(?: .*)?", text.strip())
        if found and not PATHS.match(text.strip()):
            assert found[1] in known, f"{text}: no such command"


FILES = re.compile(r"(?:docker-compose[\w.]*\.yml|(?:bin|server|commands|tests|bench|docs|web)/[\w./-]+)")


YOURS = {"docker-compose.override.yml"}
"""Files that whoever runs it may have beside ours."""


@every_page
def test_every_file_that_is_named_is_there(page: Path) -> None:
    for text in code(page):
        for found in re.findall(rf"(?:^|[\s(])({FILES.pattern})", text):
            assert found in YOURS or (ROOT / found.rstrip(".")).exists(), f"{found} is not there"


@every_page
def test_every_shell_block_is_one(page: Path) -> None:
    for token in tokens(page):
        if token.type == "fence" and token.info.strip() in SHELL:
            done = subprocess.run(["sh", "-n"], input=token.content, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr


@every_page
def test_every_block_of_yaml_can_be_read(page: Path) -> None:
    for token in tokens(page):
        if token.type == "fence" and token.info.strip() in ("yaml", "yml"):
            yaml.safe_load(token.content)


def test_the_service_file_starts_what_the_docs_install() -> None:
    unit = (ROOT / "docs/llm-router.service").read_text(encoding="utf-8")
    assert "/opt/llm-router/.venv/bin/llm-router serve" in unit
    tried(re.search(r"ExecStart=\S+/llm-router (.*)", unit)[1].split())  # type: ignore[index]
    for found in re.findall(rf"Environment=({PREFIX}\w+)", unit):
        assert found in {variable(each) for each in Settings.model_fields}
