import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ops import note
from server.ops.note import MAX_BODY, MAX_BYTES, MAX_TITLE, Note, cut, encoded, of_reply


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("short", 10, "short"),
        ("exactly 10", 10, "exactly 10"),
        ("a sentence that is too long", 12, "a sentence…"),
        ("two\n\n  lines\tand\x00more", 40, "two lines and more"),
        ("日本語の文章です", 5, "日本語の…"),
        ("ab👩\u200d💻cd", 5, "ab…"),
        ("abc👍🏽def", 5, "abc…"),
        ("xe\u0301\u0302yz", 4, "x…"),
        ("🇩🇪🇫🇷🇯🇵", 4, "🇩🇪…"),
        ("a🇩🇪🇫🇷🇯🇵", 5, "a🇩🇪…"),
        ("", 10, ""),
    ],
)
def test_a_text_is_cut_between_what_is_seen_as_characters(text: str, length: int, expected: str) -> None:
    assert cut(text, length) == expected


@given(st.text(), st.text(), st.sampled_from(["done", "failed", "interrupted"]), st.booleans())
def test_whatever_the_words_are_the_note_fits_and_can_be_read(
    title: str, words: str, status: str, preview: bool
) -> None:
    made = of_reply("c" * 26, "m" * 26, title * 20, status, words * 50, preview=preview)
    data = encoded(made)
    assert len(data) <= MAX_BYTES
    read = json.loads(data)
    assert 0 < len(read["title"]) <= MAX_TITLE and 0 < len(read["body"]) <= MAX_BODY
    assert read["tag"] == "c" * 26 and read["url"] == f"/#/c/{'c' * 26}/{'m' * 26}"


def test_a_note_that_is_too_large_loses_the_end_of_its_words() -> None:
    data = encoded(Note("tag", "title", "💬" * 5000, "/"))
    assert MAX_BYTES // 2 < len(data) <= MAX_BYTES
    assert json.loads(data)["body"].rstrip("…").strip("💬") == ""


@pytest.mark.parametrize(
    ("status", "preview", "title", "body"),
    [
        ("done", True, "Engines", "They are analytical."),
        ("done", False, "LLM Router", "reply ready"),
        ("failed", True, "Engines", "failed: They are analytical."),
        ("failed", False, "LLM Router", "reply failed"),
        ("interrupted", False, "LLM Router", "reply interrupted"),
    ],
)
def test_without_preview_no_word_of_the_conversation_is_told(status: str, preview: bool, title: str, body: str) -> None:
    made = note.of_reply("c", "m", "Engines", status, "They are analytical.", preview=preview)
    assert (made.title, made.body) == (title, body)
