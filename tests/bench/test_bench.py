"""What prints the README's figures: every area is described, and what has a comparison has a ratio."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import markdown, readme
from bench.__main__ import AREAS
from bench.limits import Limits
from bench.report import Figure, Table, as_json

ROOT = Path(__file__).parents[2]


def test_every_area_is_described_and_none_that_is_not_there() -> None:
    words = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", words, re.MULTILINE) == list(AREAS)


def test_the_readme_has_the_figures_of_the_run_that_is_in_the_docs() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page == readme.with_figures(page, (ROOT / "docs/figures.md").read_text(encoding="utf-8"))


@pytest.fixture
def table() -> Table:
    made = Table("weights", "Weights", "a feather")
    made.add(
        Figure("a stone", [3.0, 5.0, 4.0], "kg", aim=3.5, baseline=[0.5, 0.25]),
        Figure("air", [0.0], "kg", aim=1.0, baseline=[0.0]),
        Figure("alone", [1.0], "kg"),
    )
    return made


def test_what_is_compared_has_a_ratio_and_what_has_an_aim_says_whether_it_is_met(table: Table) -> None:
    stone, air, alone = as_json([table], Limits(), quick=True)["areas"]["weights"]["figures"]
    assert (stone["median"], stone["baseline"], stone["met"]) == (4.0, 0.375, False)
    assert stone["ratio"] == pytest.approx(4 / 0.375)
    assert (air["ratio"], air["met"]) == (None, True)
    assert (alone["ratio"], alone["baseline"], alone["met"]) == (None, None, None)


def test_the_table_shows_the_ratio_beside_what_it_is_to(table: Table) -> None:
    lines = markdown.of(table).splitlines()
    assert "| a stone | 4 kg | 3.20–4.80 | ≤ 3.50 kg ✗ | 3 | 0.38 kg | 10.67 |" in lines
    assert "Compared with a feather." in lines


def test_one_command_measures_and_writes_both_kinds_of_figures(tmp_path: Path) -> None:
    figures, page = tmp_path / "figures.json", tmp_path / "figures.md"
    command = [sys.executable, "-m", "bench", "writes", "--quick"]
    run = subprocess.run(
        [*command, "--json", str(figures), "--write", str(page), "--folder", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},  # LiteLLM may be there, and is not what is tested
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(figures.read_text(encoding="utf-8"))
    assert told["machine"]["cores"]
    assert told["areas"]["writes"]["seconds"] > 5
    seen = {figure["name"]: figure for figure in told["areas"]["writes"]["figures"]}
    assert seen["over 5 s: commits"]["ratio"] == seen["over 5 s: commits"]["median"] >= 2
    assert seen["over 5 s: of it frames of the log"]["ratio"] > 1
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Figures\n\nOn ")
    assert "| over 5 s: commits |" in text
    assert "| all |" in text
