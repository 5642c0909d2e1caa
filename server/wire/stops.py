"""Ends an answer at a stop sequence that the upstream's wire could not be told. Pure."""

from collections.abc import Iterator

from server.wire.events import Event, Finish, Reasoning, Text
from server.wire.request import Request


def watch(request: Request, most: int | None) -> "Stops | None":
    """What has to be watched for a wire that takes ``most`` sequences (None: any number)."""
    left = () if most is None else tuple(sequence for sequence in request.stop[most:] if sequence)
    return Stops(left) if left else None


class Stops:
    """Feed it the events; once ``over`` the answer has ended, and the upstream can be left."""

    def __init__(self, sequences: tuple[str, ...]) -> None:
        self._sequences = sequences
        self._longest = max(len(sequence) for sequence in sequences)
        self._held = ""
        self.over = False

    def take(self, event: Event) -> Iterator[Event]:
        if self.over:
            return
        if isinstance(event, Text) and not event.refusal:
            yield from self._text(event.text)
        else:
            if self._held and not isinstance(event, Reasoning):
                yield Text(self._held)
                self._held = ""
            yield event

    def _text(self, text: str) -> Iterator[Event]:
        text, self._held = self._held + text, ""
        found = [(at, sequence) for sequence in self._sequences if (at := text.find(sequence)) >= 0]
        if found:
            # The one that is complete first, as if the text had come letter by letter.
            at, sequence = min(found, key=lambda place: (place[0] + len(place[1]), place[0]))
            self.over = True
            if at:
                yield Text(text[:at])
            yield Finish("stop", stop_sequence=sequence)
            return
        keep = self._partial(text)
        if len(text) > keep:
            yield Text(text[: len(text) - keep])
        self._held = text[len(text) - keep :]

    def _partial(self, text: str) -> int:
        """How many characters at the end may be the beginning of a sequence."""
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            end = text[-size:]
            if any(sequence.startswith(end) for sequence in self._sequences):
                return size
        return 0
