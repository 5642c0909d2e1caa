"""One answer, from the first of several models that gives one: whoever fails before a token makes way for the next."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from server.calls.calls import ATTEMPTS, Attempt, Calls, Purpose
from server.calls.reason import instead
from server.errors import BudgetExceeded
from server.providers.base import ProviderError
from server.providers.models import Choice
from server.wire.events import Event
from server.wire.request import Request


@dataclass(frozen=True, slots=True)
class Turn:
    """The ``number``-th of the choices is asked now; ``error`` is why the one before it is not any more."""

    number: int
    error: ProviderError | BudgetExceeded | None = None


async def first_answer(
    calls: Calls,
    purpose: Purpose,
    choices: Sequence[tuple[Choice, str]],
    write: Callable[[Choice], Awaitable[Request]],
) -> AsyncGenerator[Event | Attempt | Turn, None]:
    """The events of whichever answers, each choice announced before it is asked. Raises the last error.

    A choice comes with the reason for it; ``write`` makes the request for a model. Only the last choice is asked more
    than once: while there is another one, nobody waits. What a provider's policy refused is not carried to the next.
    """
    error: ProviderError | BudgetExceeded | None = None
    for number, (choice, reason) in enumerate(choices):
        yield Turn(number, error)
        last, meter = number == len(choices) - 1, None
        try:
            request = await write(choice)
            if error is not None:
                reason = instead(reason, choices[number - 1][0].model.name, error)
            asked = replace(purpose, reason=reason)
            async with aclosing(calls.stream(asked, choice, request, ATTEMPTS if last else 1)) as events:
                async for event in events:
                    meter = event.meter if isinstance(event, Attempt) else meter
                    yield event
            return
        except ProviderError as failure:
            if last or (meter is not None and meter.said) or failure.kind == "refused":
                raise
            error = failure
        except BudgetExceeded as refusal:
            # Another one may be cheaper, or free.
            if last:
                raise
            error = refusal
