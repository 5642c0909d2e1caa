"""What a model is asked: the path of messages and the conversation's settings as one canonical request. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.providers.base import Model
from server.providers.fit import fit
from server.wire.request import EFFORTS, Content, Message, Request, TextPart

GO_ON = (
    "Your answer above was cut off. Continue it from exactly where it stopped: do not repeat anything, "
    "do not introduce or comment, start with the very next character."
)


MADE = "(I made the picture that comes with your next message.)"
"""Stands for a picture in an answer, where no provider takes one."""
NO_FILES: Mapping[str, Sequence[Content]] = {}


class Turn(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """``opening`` concerns only how the text is shown."""

    temperature: float | None = None
    reasoning: str | None = None
    system: str | None = None
    opening: str = ""


def build(
    path: Sequence[Turn],
    settings: Settings,
    model: Model,
    *,
    go_on: bool = False,
    cache_key: str | None = None,
    files: Mapping[str, Sequence[Content]] = NO_FILES,
) -> tuple[Request, list[str]]:
    """The request, and a sentence for each setting that had to be left out or changed for this model.

    ``files`` are what goes with each message, by its id.
    """
    request = Request(
        model=model.name,
        messages=tuple(_merged(path, files, go_on)),
        system=settings.system or None,
        temperature=settings.temperature,
        effort=next((effort for effort in EFFORTS if effort == settings.reasoning), None),
        max_output_tokens=model.max_output,
        cache_key=cache_key,
    )
    request, notes = fit(request, model)
    return request, [note.sentence for note in notes]


def _merged(path: Iterable[Turn], files: Mapping[str, Sequence[Content]], go_on: bool) -> Iterable[Message]:
    """What stands side by side of one role becomes one message."""
    role = ""
    texts: list[str] = []
    shown: list[Content] = []
    turns = list(_said(path, files))
    if go_on:
        turns.append(("user", GO_ON, ()))
    for next_role, text, more in turns:
        if next_role != role and (texts or shown):
            yield _message(role, texts, shown)
            texts, shown = [], []
        role = next_role
        shown += more
        if text.strip():
            texts.append(text)
    if texts or shown:
        yield _message(role, texts, shown)


def _said(path: Iterable[Turn], files: Mapping[str, Sequence[Content]]) -> Iterable[tuple[str, str, Sequence[Content]]]:
    """Replies that said nothing are left out; pictures that a model made go with the person's next message."""
    made: Sequence[Content] = ()
    for turn in path:
        own = files.get(turn.id, ())
        if turn.role == "assistant" and own:
            yield "assistant", turn.text or MADE, ()
            made = own
        elif turn.role in ("user", "assistant") and (turn.text.strip() or own):
            yield turn.role, turn.text, (*made, *own) if turn.role == "user" else ()
            made = made if turn.role == "assistant" else ()


def _message(role: str, texts: list[str], shown: list[Content]) -> Message:
    # The pieces of a continued answer belong together without a seam; two prompts in a row are two paragraphs.
    if role == "assistant":
        return Message("assistant", (TextPart("".join(texts)),))
    return Message("user", (*shown, TextPart("\n\n".join(texts))) if texts else tuple(shown))
