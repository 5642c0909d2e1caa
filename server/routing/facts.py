"""What the router knows of a prompt: its language, whether it is about code, what goes with it. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

EXPECTED_OUTPUT = 600
"""Tokens that an answer is expected to have, where prices and speeds are weighed."""
MAX_READ = 8000
"""Characters from the beginning of a prompt that tell its language."""

LANGUAGES = ("ar", "de", "el", "en", "es", "fr", "he", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "zh")

_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
"""In this order: Japanese has Chinese characters too."""

_WORDS = {
    "de": "der die das und ist nicht ein eine ich du wir ihr sie es wie was warum bitte auf für mit von zu den dem",
    "en": "the a an and is are not i you we it what how why please on for with of to in this that my do can",
    "es": "el la los las y es no un una yo tú que cómo qué por favor en para con de del se lo mi está son",
    "fr": "le la les et est pas un une je tu nous vous il que comment quoi pourquoi dans pour avec de du des ce ça mon",
    "it": "il lo la gli e è non un una io tu noi che come cosa perché per favore in con di del della sono mi questo",
    "nl": "de het een en is niet ik je wij jullie wat hoe waarom alsjeblieft op voor met van te dat dit zijn er mijn",
    "pl": "i jest nie ja ty my co jak dlaczego proszę na dla z do w się to czy mój są że ten jestem",
    "pt": "o a os as e é não um uma eu você nós que como por favor em para com de do da no na isso meu são está",
}
_KNOWN = {
    word: [code for code, words in _WORDS.items() if word in words.split()]
    for word in " ".join(_WORDS.values()).split()
}

_CODE = re.compile(
    r"```|^\s*(?:def|class|import|from|function|const|let|var|public|private|fn|func|package|using|struct) \S"
    r"|^\s*#include\b|\bSELECT\b.+\bFROM\b|=>|[;{}]\s*$|^\s*</?[a-z][\w-]*[^>\n]*>\s*$|^Traceback|\b\w+\(\)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """``length`` is in characters, ``tokens`` is everything that would be sent, ``tags`` are the conversation's."""

    length: int = 0
    tokens: int = 0
    has_image: bool = False
    code: bool = False
    language: str | None = None
    tags: frozenset[str] = frozenset()
    default: str | None = None
    """The id of the model that answers where nothing else is said."""

    def __str__(self) -> str:
        parts = [f"{self.length:,} characters", self.language and f"in {self.language}", self.code and "about code"]
        return ", ".join([part for part in parts if part] + ["with a picture"] * self.has_image)


def of(text: str, tokens: int, *, has_image: bool = False, tags: Iterable[str] = ()) -> Facts:
    """``text`` is the person's message; ``tokens`` and ``has_image`` are about everything that goes with it."""
    return Facts(
        length=len(text),
        tokens=tokens,
        has_image=has_image,
        code=is_code(text),
        language=language(text),
        tags=frozenset(tag.casefold() for tag in tags),
    )


def is_code(text: str) -> bool:
    return _CODE.search(text) is not None


def language(text: str) -> str | None:
    """Its code (ISO 639-1), by script or by its commonest words; None where neither tells."""
    text = text[:MAX_READ]
    letters = sum(character.isalpha() for character in text)
    for code, script in _SCRIPTS:
        if letters and len(script.findall(text)) > letters / 5:
            return code
    votes = Counter(code for word in re.findall(r"[^\W\d_]+", text.casefold()) for code in _KNOWN.get(word, ()))
    best = votes.most_common(2)
    if not best or (len(best) == 2 and best[0][1] == best[1][1]):
        return None
    return best[0][0]
