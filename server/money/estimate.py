"""How many tokens a text has, roughly, where nobody has counted them: before a call and while a reply streams.

Every character has a weight by the script it belongs to, after how the vocabularies of the last years cut text: about
4 characters of English a token, 3 of code, 2.2 of Cyrillic, 1 of Chinese. Expect it within a third.
"""

import json
from collections import Counter
from functools import lru_cache

from server.wire.openai_images import ImageRequest
from server.wire.request import (
    DocumentPart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    Request,
    ToolCallPart,
    ToolResultPart,
)

PER_MESSAGE = 4
PER_REQUEST = 3
PICTURE = 1500
"""One of the size that is kept here: between what OpenAI's tiles and Anthropic's pixels come to."""
BYTES_PER_DOCUMENT_TOKEN = 30
"""A page of a PDF is about 60 KB and 2,000 tokens, as text and as a picture."""

_SCRIPTS: tuple[tuple[int, int], ...] = (
    (0x0250, 60),  # Latin with accents
    (0x0370, 70),  # phonetic letters, combining marks
    (0x0400, 50),  # Greek
    (0x0530, 45),  # Cyrillic
    (0x0590, 70),  # Armenian
    (0x0780, 45),  # Hebrew, Arabic
    (0x0900, 80),
    (0x0E00, 55),  # scripts of India
    (0x0E80, 60),  # Thai
    (0x1100, 90),
    (0x1200, 90),  # Hangul letters
    (0x2000, 80),
    (0x2070, 70),  # typographic punctuation
    (0x2E80, 110),  # symbols, arrows, box drawing
    (0x3040, 80),  # ideographic punctuation
    (0x3400, 75),  # Kana
    (0xA000, 90),  # Han
    (0xAC00, 90),
    (0xD7B0, 75),  # Hangul
    (0xFE00, 90),
    (0xFE10, 60),  # variation selectors
    (0x10000, 80),
    (0x1F000, 200),
    (0x1FB00, 180),  # emoji
)
"""(where the next script begins, hundredths of a token per character)"""


def tokens(text: str) -> int:
    """At least 1 for a text that is not empty."""
    if not text:
        return 0
    return max(1, (sum(count * _weight(character) for character, count in Counter(text).items()) + 50) // 100)


def request_tokens(request: Request) -> int:
    """Everything that is sent: what the system says, and every message with its envelope."""
    messages = sum(tokens(message.text) + _media(message) + PER_MESSAGE for message in request.messages)
    system = tokens(request.system_text) + PER_MESSAGE if request.system else 0
    tools = sum(tokens(f"{tool.name} {tool.description} {json.dumps(tool.schema)}") for tool in request.tools)
    return messages + system + tools + PER_REQUEST


def drawing_tokens(request: ImageRequest) -> int:
    """What is sent for a picture."""
    return tokens(request.prompt) + PICTURE * len(request.pictures)


def _media(message: Message) -> int:
    return sum(_part(part) for part in message.parts)


def _part(part: Part) -> int:
    if isinstance(part, ImagePart):
        return PICTURE
    if isinstance(part, ToolCallPart):
        return tokens(part.name) + tokens(part.arguments)
    if isinstance(part, ToolResultPart):
        return tokens(part.text) + sum(_part(shown) for shown in part.parts)
    if isinstance(part, ReasoningPart):
        return tokens(part.text)
    if not isinstance(part, DocumentPart):
        return 0
    return len(part.data) // 4 if part.is_text else max(PICTURE, len(part.data) // BYTES_PER_DOCUMENT_TOKEN)


@lru_cache(maxsize=8192)
def _weight(character: str) -> int:
    """Hundredths of a token. A space joins the word after it, so the words carry its weight."""
    code = ord(character)
    if code < 0x80:
        if character.isalpha():
            return 26
        if character.isdigit():
            return 45
        return {" ": 2, "\n": 40, "\t": 20, ".": 60, ",": 60, "_": 40, "-": 40, "=": 40}.get(character, 55)
    return next((weight for end, weight in _SCRIPTS if code < end), 200)
