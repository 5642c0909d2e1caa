"""The process that prepares a PDF: ``python -m server.archive.typeset FOLDER FONTS``.

It makes plain data of the Markdown in ``messages.jsonl``, in parts that each fit into memory when they are set, and
finds the fonts. The setting itself is done by ``compose``, a process for each part, and ``bind`` puts them together.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from server.archive import blocks, fonts
from server.archive.saying import say

PART = 250_000
"""Characters of data that are set at once."""
DAY = {
    "bg": "#e6e7ed",
    "float": "#dcdee6",
    "fg": "#343b59",
    "muted": "#535a83",
    "border": "#b4b9cf",
    "blue": "#2959aa",
    "cyan": "#00657f",
    "teal": "#33635c",
    "green": "#496529",
    "yellow": "#765729",
    "orange": "#974400",
    "red": "#bb0039",
    "magenta": "#773fb6",
}
"""The day theme of ``web/styles/tokens.css``."""
MARKS = {"user": ("❯", "magenta"), "assistant": ("◆", "blue"), "notice": ("·", "muted")}
OFTEN = 10
FEW = 40
"""Characters that no font has, as they are reported."""


def prepare(folder: Path, extra: Path) -> Iterator[dict[str, Any]]:
    """Yields ``{"done", "size"}`` in messages now and then, at the end the parts and what is missing."""
    with (folder / "messages.jsonl").open(encoding="utf-8") as file:
        size = sum(1 for _ in file) - 1
        file.seek(0)
        head = json.loads(file.readline())
        characters = set(head["title"] + head["below"])
        parts = 0
        messages: list[str] = []
        weight = 0
        if head["system"]:
            messages.append(_dumps(_shown({"role": "notice", "head": "system", "text": head["system"]}, characters)))
        for number, line in enumerate(file):
            messages.append(_dumps(_shown(json.loads(line), characters)))
            weight += len(messages[-1])
            if weight > PART:
                _write(folder, parts, head, messages)
                parts, messages, weight = parts + 1, [], 0
            if number % OFTEN == 0:
                yield {"done": number, "size": size}
    if messages or not parts:
        _write(folder, parts, head, messages)
        parts += 1
    chosen, missing = fonts.choose(characters, (extra, *fonts.FOLDERS))
    (folder / "fonts").mkdir()
    for number, path in enumerate(chosen):
        (folder / "fonts" / f"{number}{path.suffix}").symlink_to(path)
    (folder / "root").mkdir(exist_ok=True)
    yield {"done": size, "size": size, "parts": parts, "missing": missing[:FEW]}


def _shown(line: dict[str, Any], characters: set[str]) -> dict[str, Any]:
    mark, colour = MARKS.get(line["role"], MARKS["notice"])
    made = blocks.plain(line["text"]) if line["role"] == "user" else blocks.blocks(line["text"])
    for words in blocks.words([{"w": made, "h": line["head"]}]):
        characters.update(words)
    return {
        "role": line["role"],
        "mark": mark,
        "ink": colour,
        "head": line["head"].removeprefix(mark).strip(),
        "blocks": made,
        "state": line.get("state", ""),
        "files": line.get("files", []),
        "pictures": line.get("pictures", []),
    }


def _write(folder: Path, number: int, head: dict[str, Any], messages: list[str]) -> None:
    rest = {"title": head["title"], "below": head["below"], "ink": DAY, "font": fonts.FAMILY}
    text = f'{_dumps(rest)[:-1]},"messages":[{",".join(messages)}]}}'
    (folder / f"part-{number}.json").write_text(text, encoding="utf-8")


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main(folder: str, extra: str) -> None:
    for said in prepare(Path(folder), Path(extra)):
        say(said)


if __name__ == "__main__":
    main(*sys.argv[1:])
