"""Colours, and that no text can keep the process busy with them."""

import re
import time
from html import unescape

import pytest

from server.content import highlight as module
from server.content.highlight import LANGUAGES, MAX_CODE, MAX_LINE, highlight

SAMPLE = 'def f(x):\n    """<b>"""\n    return x & 1  # done\n'


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_python_gets_the_short_class_names_that_the_page_has_colours_for() -> None:
    html = highlight(SAMPLE, "python")
    for piece in (
        '<span class="k">def</span>',
        '<span class="nf">f</span>',
        '<span class="c1"># done</span>',
        '<span class="mi">1</span>',
        '<span class="o">&amp;</span>',
    ):
        assert piece in html
    assert "style=" not in html


@pytest.mark.parametrize("code", [SAMPLE, "x = 1", "\n\n  x\n\n", "", "\t\n", "a\n\n\n", "é 中文 👩‍💻 العربية\n"])
@pytest.mark.parametrize("language", ["python", "js", "html", "bash", "yaml", "diff", "rust", "sql", "nonsense", ""])
def test_the_text_of_the_html_is_the_code_to_the_last_space(code: str, language: str) -> None:
    assert text_of(highlight(code, language)) == code


def test_every_language_that_is_offered_has_a_lexer() -> None:
    for language in LANGUAGES:
        assert text_of(highlight("a = 1\n", language)) == "a = 1\n"


@pytest.mark.parametrize("language", ["perl", "terraform", "make", "nix", "groovy", "ocaml", "brainfuck", "../x"])
def test_a_language_that_is_not_on_the_list_stays_plain(language: str) -> None:
    assert highlight("my $x = 1 < 2;", language) == "my $x = 1 &lt; 2;"


def test_a_long_block_and_a_long_line_stay_plain() -> None:
    assert "<span" not in highlight("x = 1\n" * (MAX_CODE // 6 + 1), "python")
    assert "<span" not in highlight("x = " + "1" * MAX_LINE, "python")


def test_a_lexer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SECONDS", -1.0)
    code = "given_up = '<here>'\n"
    assert highlight(code, "python") == "given_up = &#x27;&lt;here&gt;&#x27;\n"


EVIL = [
    "a ",
    "a.",
    "{",
    "(",
    "<",
    '"',
    "\\",
    "_",
    "/*",
    "$(",
    "a\n",
    "'''",
    "`",
    "r#",
    "#{",
    "<!--",
    "A::",
    "--",
    "@a ",
]


@pytest.mark.parametrize("language", sorted(set(LANGUAGES.values())))
def test_no_lexer_on_the_list_is_slow_on_text_made_for_it(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The budget is read between two tokens, so with hardly any this measures the longest single match."""
    monkeypatch.setattr(module, "MAX_SECONDS", 0.005)
    for piece in EVIL:
        line = piece if "\n" in piece else (piece * MAX_LINE)[: MAX_LINE - 1] + "\n"
        code = (line * MAX_CODE)[:MAX_CODE]
        begin = time.process_time()
        highlight(code, language)
        assert time.process_time() - begin < 1.5, piece
