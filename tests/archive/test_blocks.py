"""Markdown as data for the typesetter: every construct has its block, and what was written is in it as it was."""

import pytest

from server.archive import blocks

A, B = ({"t": "p", "s": [[letter]]} for letter in "ab")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain *and* **bold**", [{"t": "p", "s": [["plain "], ["and", "i"], [" "], ["bold", "b"]]}]),
        ("## two `code`", [{"t": "h", "n": 2, "s": [["two "], ["code", "c"]]}]),
        ("[a](https://b.example)", [{"t": "p", "s": [["a", "", "https://b.example"]]}]),
        ("[a](javascript:x)", [{"t": "p", "s": [["[a](javascript:x)"]]}]),
        ("one  \ntwo\nthree", [{"t": "p", "s": [["one"], ["\n"], ["two"], [" "], ["three"]]}]),
        ("---", [{"t": "rule"}]),
        ("> q", [{"t": "quote", "b": [{"t": "p", "s": [["q"]]}]}]),
        ("2. a\n   - b", [{"t": "list", "n": 2, "i": [[A, {"t": "list", "n": None, "i": [[B]]}]]}]),
        ("|a|b|\n|-|-|\n|1|", [{"t": "table", "w": 2, "r": [[[["a"]], [["b"]]], [[["1"]], []]]}]),
        ("```python\nx = 1\n```", [{"t": "code", "l": "python", "s": [["x "], ["= ", "cyan"], ["1", "orange"]]}]),
        ("```\n#read(\"x\")\n```", [{"t": "code", "l": "", "s": [['#read("x")']]}]),
        ("<b>raw</b>", [{"t": "p", "s": [["<b>raw</b>"]]}]),
        ("$x^2$", [{"t": "p", "s": [["x²"]]}]),
    ],
)  # fmt: skip
def test_each_construct_is_one_block(text: str, expected: list[blocks.Block]) -> None:
    assert blocks.blocks(text) == expected


def test_a_word_that_no_line_can_hold_gets_places_to_break() -> None:
    [block] = blocks.plain("x" * 100)
    [line] = block["l"]
    assert [len(span[0]) for span in line] == [40, 0, 40, 0, 20]


def test_what_a_person_typed_stays_as_it_was_typed() -> None:
    [block] = blocks.plain("two  blanks\n    indented\n\n*not markdown*\n")
    assert ["".join(span[0] for span in line) for line in block["l"]] == [
        "two  blanks",
        "    indented",
        "",
        "*not markdown*",
    ]


def test_every_string_of_a_text_is_found_again() -> None:
    text = "# a\n\n- b\n\n| c |\n|-|\n| d |\n\n```\ne\n```\n\n> f"
    assert set("abcdef") <= set("".join(blocks.words(blocks.blocks(text))))
