"""The README's figures, taken from ``docs/figures.md``: ``python -m bench.readme`` after a run was written there."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- figures: bench/readme.py -->\n", "<!-- /figures -->\n"

ROWS = (
    ("from the command to the first answer", "start to first 200", "LiteLLM: start to ready"),
    ("memory before anybody came (RSS)", "idle, RSS", "LiteLLM: idle, RSS"),
    ("memory with a hundred streams", "RSS with 100 streams: same wire", "RSS with 100 streams: LiteLLM"),
    ("processor time of a gateway request", "CPU a request: same wire", "CPU a request: LiteLLM"),
    (
        "added to a first token while a hundred replies stream (p95)",
        "one more while 100 stream: same wire, p95",
        "one more while 100 stream: LiteLLM, p95",
    ),
    ("the same in the chat, to the page", "one more while 100 stream: chat, p95", ""),
    ("other requests while 20 replies stream (p99)", "all of them", ""),
    ("opening a conversation, among 100,000 messages", "100,000 messages: open", ""),
    ("written for a reply of 4 KB", "over 5 s: to disk", ""),
    ("the page's first load, on the wire", "first load, everything with headers", ""),
)
"""What it is called, and the figures of ours and of LiteLLM's proxy that say it."""


def section(figures: str) -> str:
    """Raises KeyError for a figure that the run did not take."""
    cells = (line.split(" | ") for line in figures.splitlines() if line.startswith("| "))
    medians = {cell[0].removeprefix("| "): cell[1] for cell in cells}
    machine = re.search(r"^On (.+?) with \d+ MB", figures, re.MULTILINE)
    version = re.search(r"^LiteLLM ([\d.]+)", figures, re.MULTILINE)
    if machine is None or version is None:
        raise KeyError("the machine, or LiteLLM beside it")
    rows = [f"| {title} | {medians[ours]} | {medians[other] if other else ''} |" for title, ours, other in ROWS]
    return "\n".join(
        [
            f"On {machine[1]}, of which each server has one where streams are measured; LiteLLM's proxy {version[1]}",
            "in the same run, without the database in which it would keep its bill. A hundred replies at a usual pace",
            "are more than it can pass on with one core. All figures, how they were taken and which aims are missed:",
            "[figures](docs/figures.md). They are of that machine and that day.",
            "",
            "| | LLM Router | LiteLLM |",
            "|---|---:|---:|",
            *rows,
            "",
        ]
    )


def with_figures(readme: str, figures: str) -> str:
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + section(figures) + END + after


def main() -> None:
    readme = _ROOT / "README.md"
    figures = (_ROOT / "docs/figures.md").read_text(encoding="utf-8")
    readme.write_text(with_figures(readme.read_text(encoding="utf-8"), figures), encoding="utf-8")


if __name__ == "__main__":
    main()
