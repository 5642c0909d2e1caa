import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.content import variables
from server.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Explain {{topic}} to {{a reader}}.", ["topic", "a reader"]),
        ("{{ Topic }} and {{topic}} and {{TOPIC }}", ["Topic"]),
        ("{{язык}} {{言語}} {{e-mail, if any}}", ["язык", "言語", "e-mail, if any"]),
        ("no variables, {one} {brace} and {{no end", []),
        ("{{broken\nover lines}}", []),
        ("{{{x}}}", ["x"]),
        ("{% if a %}{{ a }}{% endif %}", ["a"]),
        ("", []),
    ],
)
def test_variables_are_found_once_each_in_their_order(text: str, found: list[str]) -> None:
    assert variables.names(text) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a {{ }} b", "has no name"),
        ("{{}}", "has no name"),
        ("{{" + "x" * 61 + "}}", "too long"),
        (" ".join(f"{{{{v{n}}}}}" for n in range(21)), "at most 20 variables: this one has 21"),
    ],
)
def test_a_variable_that_cannot_be_asked_for_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        variables.check(text)


def test_values_are_put_in_as_plain_text() -> None:
    filled = variables.fill("{{a}} / {{ A }} / {{b c}}", {"a": r"{{b c}} \1 \g<0> {{nope}}", "b  c": "<b>&"})
    assert filled == r"{{b c}} \1 \g<0> {{nope}} / {{b c}} \1 \g<0> {{nope}} / <b>&"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"topic": "x", "colour": "y"}, "no variable “colour”: it has topic, reader"),
        ({"topic": "x"}, "fill in reader"),
        ({"topic": " ", "reader": "\n"}, "fill in topic, reader"),
        ({}, "fill in topic, reader"),
    ],
)
def test_unknown_and_blank_values_are_named(values: dict[str, str], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        variables.fill("{{topic}} for {{reader}}", values)


def test_a_template_without_variables_says_so() -> None:
    with pytest.raises(BadRequest, match="it has none"):
        variables.fill("plain", {"topic": "x"})
    assert variables.fill("plain {{ }} {{", {}) == "plain {{ }} {{"


@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_any_text_can_be_filled_with_any_value(text: str, value: str) -> None:
    filled = variables.fill(text, dict.fromkeys(variables.names(text), value))
    assert filled == text or value in filled
