"""What the router reads in a prompt."""

import pytest

from server.routing.facts import is_code, language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("What is the capital of France, and why is it not Lyon?", "en"),
        ("Was ist die Hauptstadt von Frankreich, und warum nicht Lyon?", "de"),
        ("Quelle est la capitale de la France et pourquoi pas Lyon ?", "fr"),
        ("¿Cuál es la capital de Francia y por qué no es Lyon?", "es"),
        ("Qual è la capitale della Francia e perché non è Lione?", "it"),
        ("Какая столица Франции?", "ru"),
        ("法国的首都是哪里？", "zh"),
        ("フランスの首都はどこですか", "ja"),
        ("프랑스의 수도는 어디입니까", "ko"),
        ("ما هي عاصمة فرنسا؟", "ar"),
        ("explain `日本` please, what is it and why is the word so short", "en"),
        ("", None),
        ("12345 +-*/", None),
        ("xyzzy", None),
    ],
)
def test_the_language_of_a_prompt(text: str, code: str | None) -> None:
    assert language(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "```\nx\n```",
        "why does this fail?\ndef add(a, b):\n    return a + b",
        "const a = b => c",
        "SELECT id FROM users",
        "Traceback (most recent call last):",
        "what does os.getcwd() give",
    ],
)
def test_code_is_seen(text: str) -> None:
    assert is_code(text)


@pytest.mark.parametrize(
    "text", ["", "tell me about the class of 1984", "a poem, please", "I import tea; he drinks it"]
)
def test_prose_is_not_code(text: str) -> None:
    assert not is_code(text)
