"""Text in whole characters: some models send half of one, which no row, no page and no file takes. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from server.wire.events import Event, Failure, Finish, Reasoning, Replace, Text


def whole(text: str) -> str:
    """``text`` with two halves that follow each other as one character, and a mark for one that is alone."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class Halves:
    """Those of one answer: a first half that ends a piece waits for the next one."""

    def __init__(self) -> None:
        self._first: Text | Reasoning | None = None

    def join(self, events: Iterable[Event | Failure]) -> Iterator[Event | Failure]:
        for event in events:
            first, self._first = self._first, None
            if isinstance(event, Text | Reasoning):
                if first is not None and _alike(first, event):
                    event = replace(event, text=first.text + event.text)
                elif first is not None:
                    yield replace(first, text=whole(first.text))
                yield from self._pieces(event)
                continue
            if first is not None:
                yield replace(first, text=whole(first.text))
            if isinstance(event, Replace):
                event = Replace(whole(event.text))
            elif isinstance(event, Finish) and event.detail:
                event = replace(event, detail=whole(event.detail))
            yield event

    def _pieces(self, event: Text | Reasoning) -> Iterator[Event]:
        text = event.text
        if "\ud800" <= text[-1:] <= "\udbff":
            self._first, text = replace(event, text=text[-1]), text[:-1]
            if not text:
                return
        fit = whole(text)
        yield event if fit is event.text else replace(event, text=fit)


def _alike(first: Text | Reasoning, event: Text | Reasoning) -> bool:
    """Whether both are of one text."""
    return replace(first, text="", position=None) == replace(event, text="", position=None)
