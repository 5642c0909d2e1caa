"""Counts one upstream call while it runs: what the provider says where it says it, an estimate where it has not yet."""

import time
from dataclasses import replace

from server.money import cost, estimate
from server.money.cost import Source
from server.money.prices import Price
from server.wire.events import Event, Image, Reasoning, Start, Text, ToolCallDelta, ToolCallStart, Usage
from server.wire.loose import MOST

BATCH = 2000
"""Characters that wait before they are estimated: one-character pieces would each be rounded up."""
LONGEST = 256
"""Characters that are kept of what an upstream calls its answer, or its model."""


class Meter:
    """Feed it every event; ask ``usage`` at any time. Keeps no text."""

    def __init__(self, price: Price | None, input_tokens: int, image_tokens: int = 0) -> None:
        """``image_tokens``: what the picture that is asked for will take, roughly."""
        self.price = price
        self.input_tokens = input_tokens
        self.image_tokens = image_tokens
        self.started = time.monotonic()
        self.first_token_ms: int | None = None
        self.response_id: str | None = None
        self.model_served: str | None = None
        self.reported: Usage | None = None
        self.said = False
        """Whether any part of an answer came in."""
        self.sent = False
        """Whether the upstream may have the request, and go on with it when nobody waits for it any more."""
        self.accepted = False
        """Whether the upstream took the request, so that the input will be billed."""
        self.ended_here = False
        """Whether we ended the answer, so that the last figure that came is not that of the bill."""
        self.left = False
        """Whether the next process goes on with it, so that its row stays held for that one."""
        self.unpriced = False
        """Whether an estimate of the tokens is no measure of what it will cost."""
        self._text, self._thought = _Count(), _Count()

    def see(self, event: Event) -> None:
        self.accepted = True
        if isinstance(event, Text | Reasoning):
            if not self.said:
                self.said = True
                self.first_token_ms = self.elapsed_ms
            (self._text if isinstance(event, Text) else self._thought).add(event.text)
        elif isinstance(event, Image | ToolCallStart):
            if not self.said:
                self.said = True
                self.first_token_ms = self.elapsed_ms
        elif isinstance(event, ToolCallDelta):
            self._text.add(event.arguments)
        elif isinstance(event, Usage):
            # To believe what cannot be true would spend a budget of years: it is as if nothing had been said.
            self.reported = event if event.total < MOST and event.web_searches < MOST else None
        elif isinstance(event, Start):
            self.response_id = _plain(event.response_id) or self.response_id
            self.model_served = _plain(event.model) or self.model_served

    def take_up(self, response_id: str, text: str, thought: str) -> None:
        """What an earlier process had of the answer; that there is a response says that the request was taken."""
        self.sent = self.accepted = True
        self.response_id, self.said = response_id, bool(text or thought)
        self._text.add(text)
        self._thought.add(thought)

    @property
    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)

    @property
    def output_tokens(self) -> int:
        """Visible and reasoning tokens so far, estimated."""
        return self._text.tokens + self._thought.tokens

    def outcome(self, finished: bool) -> tuple[Usage, Source]:
        """The usage and its source, ``provider`` or ``estimated``.

        A provider that reported before the stream was cut (Anthropic's first event) knew the input but not yet the
        output: its input is kept, the output is the larger of its figure and our estimate.
        """
        if self.reported is not None and ((finished and not self.ended_here) or not self.said):
            return self.reported, "provider"
        if self.reported is not None:
            seen = self.reported
            output, reasoning = max(seen.output, self._text.tokens), max(seen.reasoning, self._thought.tokens)
            return replace(seen, output=output, reasoning=reasoning, provider_cost_nanos=None), "estimated"
        if not self.accepted:
            return Usage(), "provider"
        return Usage(
            input=self.input_tokens,
            output=self._text.tokens,
            reasoning=self._thought.tokens,
            image_output=self.image_tokens if self.said else 0,
            unpriced=self.unpriced,
        ), "estimated"

    def cost_so_far(self) -> int | None:
        """nano-dollars, estimated; None while the price is not known."""
        usage, source = self.outcome(finished=False)
        return cost.settle(usage, self.price, source)[0]


def _plain(name: str | None) -> str | None:
    """As the database takes it, which half a pair of surrogates is not."""
    return name and name[:LONGEST].encode("utf-8", "replace").decode()


class _Count:
    """Tokens of a text that arrives in pieces."""

    def __init__(self) -> None:
        self._done = 0
        self._waiting: list[str] = []
        self._size = 0

    def add(self, text: str) -> None:
        self._waiting.append(text)
        self._size += len(text)
        if self._size >= BATCH:
            self._done, self._waiting, self._size = self.tokens, [], 0

    @property
    def tokens(self) -> int:
        return self._done + (estimate.tokens("".join(self._waiting)) if self._waiting else 0)
