"""What goes into the image: the program, and nothing that a person may have lying beside it."""

import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATTERNS = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()


def goes_in(path: str) -> bool:
    """The last pattern that fits the path or a folder that it is in decides."""
    parts = path.split("/")
    above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    taken = True
    for pattern in PATTERNS:
        rule = pattern.removeprefix("!").rstrip("/")
        if any(fits(each, rule) for each in above):
            taken = pattern.startswith("!")
    return taken


def fits(path: str, rule: str) -> bool:
    if rule.startswith("**/"):
        return fnmatchcase(path.rpartition("/")[2], rule.removeprefix("**/"))
    return path.count("/") == rule.count("/") and fnmatchcase(path, rule)


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "llm-router.env",
        "secrets/openai",
        "data/secret.key",
        "data/llm-router.db",
        "data/backups/llm-router-2030-01-01.tar.gz",
        ".git/config",
        ".venv/bin/python",
        "docker-compose.override.yml",
        "config.yaml",
        "server/.env",
        "server/llm-router.db-wal",
        "server/secret.key",
        "web/.DS_Store",
        "web/tls.pem",
        "tests/conftest.py",
        "docs/screenshots/chat-phone-night.png",
        "bin/test",
        "server/__pycache__/cli.cpython-313.pyc",
    ],
)
def test_nothing_secret_and_nothing_needless_goes_into_the_image(path: str) -> None:
    assert not goes_in(path)


def test_everything_that_the_program_is_made_of_goes_in() -> None:
    known = subprocess.run(
        ["git", "ls-files", "server", "commands", "web"], cwd=ROOT, capture_output=True, check=False, text=True
    ).stdout.split("\n")
    here = [path for path in filter(None, known) if not path.endswith(".gitignore")]
    if not here:
        pytest.skip("git is missing, or this is no clone")
    assert not [path for path in here if not goes_in(path)]
    needed = ["pyproject.toml", "requirements.lock", "README.md", "LICENSE", "bin/healthy", "bin/shrink"]
    assert all(goes_in(path) for path in needed)
