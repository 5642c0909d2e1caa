import pytest

from server.content.excerpt import WIDTH, excerpt
from server.content.search import parse


def marked(text: str, words: str) -> str:
    """The excerpt with its matches in brackets."""
    return "".join(f"[{part['text']}]" if part["match"] else part["text"] for part in excerpt(text, parse(words).terms))


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("one two three", "two", "one [two] three"),
        ("first line\n  a Café au lait\nlast", "cafe", "a [Café] au lait"),
        ("Straße und Weg", "STRASSE", "[Straße] und Weg"),
        ("朝の運動会", "運動", "朝の[運動]会"),
        ("ЖИРАФ высокий", "жир", "[ЖИР]АФ высокий"),
        ("only bee here\nboth ant bee here", "ant bee", "both [ant] [bee] here"),
        ("don’t do it", "don't", "[don’t] do it"),
        ("call function_name(x)", "unction_na", "call f[unction_na]me(x)"),
        ("aaaa", "aa", "[aaaa]"),
        ("nothing of it\nmore", "zebra", "nothing of it"),
        ("", "zebra", ""),
        ("100% sure", "%", "100[%] sure"),
        ("<b>bold</b> & more", "<b>", "[<b>]bold</b> & more"),
    ],
)
def test_the_line_that_matches_is_shown_with_its_matches(text: str, words: str, shown: str) -> None:
    assert marked(text, words) == shown


def test_a_long_line_is_cut_around_its_first_match() -> None:
    shown = marked("word " * 2000 + "needle " + "word " * 2000, "needle")
    assert "[needle]" in shown
    assert shown.startswith("…") and shown.endswith("…") and len(shown) < WIDTH + 10


def test_parts_put_together_are_the_text_itself() -> None:
    text = "a <script> in 日本語 and “quotes” with e\u0301"
    assert "".join(part["text"] for part in excerpt(text, parse("script 本 quotes e").terms)) == text
