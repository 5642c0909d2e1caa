import pytest

from server.content.plain import words


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("Just words.", "Just words."),
        ("# Title\n\nSome **bold** and `code`.", "Title · Some bold and code."),
        ("- one\n- two\n\nThen *this*.", "one · two · Then this."),
        ("First.\n\nSecond\nline.", "First. Second line."),
        ("See [the page](https://x.example/very/long).", "See the page."),
        ("![a cat](https://x.example/cat.png) sits", "a cat sits"),
        ("```python\nprint(1)\nprint(2)\n```\n\nruns", "print(1) print(2) · runs"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a · b · 1 · 2"),
        ("It is $x^2$ now", "It is x² now"),
        ("<script>alert(1)</script> text", "<script>alert(1)</script> text"),
        ("日本語と👩\u200d💻", "日本語と👩\u200d💻"),
        ("", ""),
        ("\n\n---\n\n", ""),
    ],
)
def test_what_is_left_of_markdown_is_its_words(markdown: str, expected: str) -> None:
    assert words(markdown) == expected


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    assert 1000 < len(words("word " * 100_000)) < 5000
