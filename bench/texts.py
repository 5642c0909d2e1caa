"""Replies of any length in the three shapes that cost a renderer most differently. The same every time."""

import random

SENTENCE = (
    "the river keeps its own time and nobody who lives beside it would call that late or early because water "
    "answers only to rain and stone and season while people answer to clocks which is why an old map shows two "
    "lines where a newer one has a bridge"
)
WORDS = SENTENCE.split()


def prose(length: int) -> str:
    """Paragraphs of 60 to 120 words, a heading now and then, some emphasis."""
    parts: list[str] = []
    dice, size = random.Random(1), 0
    while size < length:
        words = [dice.choice(WORDS) for _ in range(dice.randint(60, 120))]
        for at in range(7, len(words), 15):
            words[at] = f"**{words[at]}**" if at % 2 else f"`{words[at]}`"
        heading = f"## {' '.join(words[:3])}\n\n" if len(parts) % 6 == 0 else ""
        parts.append(f"{heading}{' '.join(words)}.\n\n")
        size += len(parts[-1])
    return "".join(parts)[:length]


def code(length: int) -> str:
    """One block of Python, open until the end."""
    dice, parts, size = random.Random(2), ["```python\n"], 14
    while size < length:
        name, other = dice.choice(WORDS), dice.choice(WORDS)
        parts.append(f'def {name}_{len(parts)}({other}: int) -> str:\n    return f"{{{other}}} {name}"  # {other}\n\n')
        size += len(parts[-1])
    return "".join(parts)[: length - 4] + "\n```"


def items(length: int) -> str:
    """One list, with a second level."""
    parts: list[str] = []
    dice, size = random.Random(3), 0
    while size < length:
        indent = "  " if len(parts) % 4 else ""
        words = " ".join(dice.choice(WORDS) for _ in range(dice.randint(6, 14)))
        parts.append(f"{indent}- {words}\n")
        size += len(parts[-1])
    return "".join(parts)[:length]


SHAPES = {"prose": prose, "one code block": code, "one list": items}
