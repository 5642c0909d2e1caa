"""PDFs: real text of any script, highlighted code, nothing of what people write run as a program, small files."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from server.archive import bind, compose, fonts, memory, typeset
from server.errors import Unavailable

NOWHERE = Path("/nonexistent")


def message(text: str, role: str = "assistant") -> dict[str, Any]:
    return {"role": role, "head": "◆ gpt-5.1", "text": text, "state": "", "files": [], "pictures": []}


def made(folder: Path, *messages: dict[str, Any], title: str = "A title") -> PdfReader:
    folder.mkdir(exist_ok=True)
    head = {"title": title, "below": "gpt-5.1", "system": ""}
    lines = [json.dumps(each) for each in (head, *messages)]
    (folder / "messages.jsonl").write_text("\n".join(lines) + "\n")
    *_, prepared = typeset.prepare(folder, NOWHERE)
    first = 1
    for part in range(prepared["parts"]):
        first += compose.compose(folder, part, first)
    out = io.BytesIO()
    bind.bind([folder / f"part-{part}.pdf" for part in range(prepared["parts"])], out)
    return PdfReader(out, strict=True)


def text_of(reader: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in reader.pages)


def test_the_text_can_be_selected_in_every_script_that_a_font_is_at_hand_for(tmp_path: Path) -> None:
    said = "Schöne Grüße · Привет, мир · Ελληνικά · naïve “quotes” — ✓ ❯ → ∑"
    assert said in text_of(made(tmp_path, message(said)))


def test_code_keeps_its_indentation_and_gets_its_colours(tmp_path: Path) -> None:
    reader = made(tmp_path, message("```python\ndef f(x):\n    return 'a  b'\n```"))
    assert "def f(x):\n    return 'a  b'" in text_of(reader)
    contents = reader.pages[0].get_contents()
    assert contents is not None
    colours = {tuple(map(float, each)) for each, what in contents.operations if what == b"scn" and len(each) == 3}
    wanted = [int(typeset.DAY["magenta"][at : at + 2], 16) / 255 for at in (1, 3, 5)]
    assert any(all(abs(one - other) < 0.01 for one, other in zip(colour, wanted, strict=True)) for colour in colours)


@pytest.mark.parametrize(
    "attack",
    [
        '#read("/etc/passwd")',
        '#import "@preview/x:1.0.0"',
        "#panic()",
        '*[#x]* $#y$ \\ // /* */ @label <label> ] } ) "',
        "`#sys.inputs`",
        "(1 0 R) endobj stream (",
    ],
)
def test_what_looks_like_the_typesetters_language_is_only_text(tmp_path: Path, attack: str) -> None:
    fenced = made(tmp_path / "a", message(f"```\n{attack}\n```"), title=attack)
    assert attack in text_of(fenced)
    assert attack in text_of(made(tmp_path / "b", message(attack, "user")))


def test_a_long_conversation_is_set_in_parts_and_is_one_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typeset, "PART", 3_000)
    reader = made(tmp_path, *(message(f"number {number} " + "word " * 200) for number in range(12)))
    assert len(list(tmp_path.glob("part-*.pdf"))) > 2
    text = text_of(reader)
    assert [text.index(f"number {number} ") for number in range(12)] == sorted(
        text.index(f"number {number} ") for number in range(12)
    )
    assert [page.extract_text().splitlines()[-1].rpartition(" ")[2] for page in reader.pages] == [
        str(number) for number in range(1, len(reader.pages) + 1)
    ]


def test_packing_makes_the_file_smaller_and_loses_no_word(tmp_path: Path) -> None:
    reader = made(tmp_path, *(message("- some words\n" * 20) for _ in range(30)))
    plain = (tmp_path / "part-0.pdf").read_bytes()
    assert text_of(reader) == text_of(PdfReader(io.BytesIO(plain)))
    assert reader.stream.seek(0, 2) < len(plain) / 2


def test_a_word_longer_than_a_line_stays_on_the_page(tmp_path: Path) -> None:
    reader = made(tmp_path, message("y" * 500, "user"))
    assert text_of(reader).replace("\n", "").count("y" * 500) == 1
    assert max(line.count("y") for line in text_of(reader).splitlines()) < 200


def test_an_empty_conversation_is_a_page_with_its_title(tmp_path: Path) -> None:
    reader = made(tmp_path, title="Nothing yet")
    assert len(reader.pages) == 1 and "Nothing yet" in text_of(reader)


def test_characters_that_no_font_has_are_named() -> None:
    chosen, missing = fonts.choose("aя\U000e0041 \U0010fffd", [NOWHERE])
    assert chosen == [] and missing == ["\U000e0041", "\U0010fffd"]


def test_a_font_of_the_machine_is_taken_for_what_ours_lack(tmp_path: Path) -> None:
    ours = fonts.OURS / "UbuntuMono-R.ttf"
    (tmp_path / "Some.ttf").symlink_to(ours)
    (tmp_path / "Broken.ttf").write_bytes(b"no font at all")
    assert fonts.covered(tmp_path / "Some.ttf", {ord("a"), 0x4E00}) == {ord("a")}
    assert fonts.choose("a", [tmp_path]) == ([], [])


@pytest.mark.parametrize(
    ("free", "limit", "used", "enough"),
    [(4_000_000, "max", 0, True), (100_000, "max", 0, False), (4_000_000, 400_000_000, 300_000_000, False)],
)
def test_where_memory_is_short_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, limit: object, used: int, enough: bool
) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: 9000000 kB\nMemAvailable: {free} kB\n")
    for name, content in (("memory.max", limit), ("memory.current", used), ("memory.stat", "inactive_file 0")):
        (tmp_path / name).write_text(f"{content}\n")
    monkeypatch.setattr(memory, "MACHINE", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CONTAINER", tmp_path)
    if enough:
        memory.check()
    else:
        with pytest.raises(Unavailable, match="MB are free"):
            memory.check()


def test_a_font_that_is_only_a_dangling_link_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "gone.ttf").symlink_to(tmp_path / "nothing")
    assert fonts.choose("\U0001f9ff", (tmp_path,)) == ([], ["\U0001f9ff"])
