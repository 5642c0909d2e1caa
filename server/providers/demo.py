"""The built-in demo model: no AI and no network, but a reply that comes the same way as a real one.

The same conversation always gets the same reply.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from hashlib import blake2b
from itertools import pairwise

from server.providers.base import Credential, Model, Timeouts
from server.providers.demo_texts import CODE, FACTS, HEADINGS, OPENINGS, STEPS, THOUGHTS
from server.wire.events import Event, Finish, Reasoning, Start, Text, Usage
from server.wire.request import Request

NAME = "demo"
_CHARS_PER_TOKEN = 4
_BLOCK_START = re.compile(r"^(\d*)([-+=#.)])")


class Demo:
    """``pace`` is the seconds between two pieces of text; 0 gives the reply at once."""

    def __init__(self, name: str, timeouts: Timeouts, pace: float = 0.03) -> None:
        self.name = name
        self._pace = pace

    async def stream(self, request: Request, credential: Credential) -> AsyncGenerator[Event, None]:
        question = request.messages[-1].text if request.messages else ""
        seed = _seed(question, len(request.messages))
        yield Start(f"demo-{seed:08x}", NAME)
        thought = ""
        if request.effort not in (None, "none"):
            thought = THOUGHTS[seed % len(THOUGHTS)]
            for piece in pieces(thought):
                await asyncio.sleep(self._pace)
                yield Reasoning(piece)
        text = reply(question, seed)
        limit = None if request.max_output_tokens is None else request.max_output_tokens * _CHARS_PER_TOKEN
        for piece in pieces(text[:limit]):
            await asyncio.sleep(self._pace)
            yield Text(piece)
        asked = sum(len(message.text) for message in request.messages) + len(request.system_text)
        yield Usage(input=_tokens(asked), output=_tokens(len(text[:limit])), reasoning=_tokens(len(thought)))
        yield Finish("length" if limit is not None and len(text) > limit else "stop")

    async def models(self, credential: Credential) -> list[Model]:
        return [MODEL]

    async def close(self) -> None:
        """There is nothing open."""


MODEL = Model(
    name=NAME,
    provider=NAME,
    title="demo, not an AI",
    source="built-in",
    context=32_000,
    max_output=4_000,
    vision=False,
    efforts=("none", "low"),
    temperature=False,
    input_price=0,
    output_price=0,
    tier="small",
)


def reply(question: str, seed: int) -> str:
    """A Markdown answer that quotes the question: heading, quote, list, table, highlighted code."""
    language, code = CODE[seed // 7 % len(CODE)]
    facts = [FACTS[(seed // 3 + step) % len(FACTS)] for step in range(3)]
    words = question.split()
    rows = [
        ("words", f"{len(words)}"),
        ("characters", f"{len(question)}"),
        ("longest word", _cell(max(words, key=len, default="none"))),
    ]
    return "\n\n".join(
        [
            f"## {HEADINGS[seed % len(HEADINGS)]}",
            f"{OPENINGS[seed // 2 % len(OPENINGS)]} You wrote:",
            _quote(question),
            "What a real model would do differently is *answer* it. I can only show how an answer **looks**:",
            "\n".join(f"- {fact}" for fact in facts),
            "| of your message | figure |\n|---|---:|\n" + "\n".join(f"| {a} | {b} |" for a, b in rows),
            f"Some `{language}`, so that there is something to highlight and to copy:",
            f"```{language}\n{code}\n```",
            "To talk to a real model:",
            "\n".join(f"{number}. {step}" for number, step in enumerate(STEPS, 1)),
            "---\n\n*This is the built-in demo, not an AI. Nothing left this machine.*",
        ]
    )


def pieces(text: str) -> list[str]:
    """Cut after each run of blanks, the way a model's tokens come; joined they are ``text`` again."""
    cuts = [0, *(match.end() for match in re.finditer(r"\s+|.{12}", text)), len(text)]
    return [text[start:end] for start, end in pairwise(cuts) if end > start]


def _quote(question: str) -> str:
    """The words of the person as a block quote, letter for letter: their Markdown is not rendered."""
    shown = question.strip()
    shown = shown if len(shown) <= 400 else shown[:400].rstrip() + " …"
    lines = [_BLOCK_START.sub(r"\1\\\2", _escape(line.strip())) for line in shown.splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines) or "> nothing at all"


def _cell(word: str) -> str:
    return _escape(word if len(word) <= 24 else word[:23] + "…")


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|~$&])", r"\\\1", text)


def _seed(question: str, turn: int) -> int:
    return int.from_bytes(blake2b(f"{turn}\0{question}".encode("utf-8", "replace"), digest_size=4).digest())


def _tokens(characters: int) -> int:
    return -(-characters // _CHARS_PER_TOKEN)
