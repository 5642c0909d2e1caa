"""What a provider is to the rest of the program: a name that streams canonical events, and one failure."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from server.errors import AppError
from server.wire.events import Event
from server.wire.openai_images import ImageRequest
from server.wire.request import Effort, Request

Kind = Literal[
    "auth",  # the key was refused, or may not do this
    "no_key",  # there is no key to use
    "quota",  # the account has no money left
    "rate_limit",
    "overloaded",  # 5xx, 529: theirs, try again
    "unknown_model",
    "too_long",  # the conversation exceeds the model's context
    "refused",  # the provider's policy said no
    "bad_request",
    "network",  # unreachable, DNS, cut off, garbage
    "timeout",  # silent for too long
]

RETRYABLE: frozenset[Kind] = frozenset({"rate_limit", "overloaded", "network", "timeout"})


class ProviderError(AppError):
    """An upstream failed. ``message`` is one sentence a person can act on, without secrets.

    ``retry_after`` is in seconds, where the provider said; ``status`` the upstream's HTTP status, if any.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        provider: str,
        status: int | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message, code=kind)
        self.kind: Kind = kind
        self.provider = provider
        self.status = status
        self.retry_after = retry_after
        self.retryable = kind in RETRYABLE if retryable is None else retryable


def brief(error: AppError) -> str:
    """What a log may hold of it: an upstream's own words may repeat what was asked."""
    if not isinstance(error, ProviderError):
        return error.code
    return f"{error.kind} ({error.status})" if error.status else error.kind


@dataclass(frozen=True, slots=True)
class Credential:
    """A provider key ready for use, decrypted. ``id`` is the stored row, or ``env:<provider>``."""

    id: str
    provider: str
    key: str | None = field(repr=False)
    base_url: str | None = None
    last4: str = ""
    rank: int = 0
    """Lower ones are used first; those of one rank share the work by their weights."""
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a provider may take, in seconds."""

    connect: float = 10
    first_byte: float = 300
    """Until the answer begins."""
    idle: float = 120
    """Silence within an answer; a keep-alive comment is a sign of life."""
    total: float = 3600
    models: float = 20
    """For the whole list of models."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model as a provider lists it. None means: not known.

    Prices are nano-dollars per million tokens.
    """

    name: str
    """The provider's own name, as sent upstream."""
    provider: str
    title: str = ""
    source: Literal["live", "built-in"] = "live"
    created: int | None = None
    """Unix seconds."""
    context: int | None = None
    """Tokens that fit in, input and output together."""
    max_output: int | None = None
    vision: bool | None = None
    efforts: tuple[Effort, ...] | None = None
    """Reasoning levels it takes; () is a model that does not reason."""
    temperature: bool | None = None
    """Whether it takes a temperature."""
    input_price: int | None = None
    output_price: int | None = None
    tier: Literal["large", "medium", "small"] = "medium"
    kind: Literal["chat", "image", "embedding", "other"] = "chat"
    retires: str | None = None
    """ISO date on which the provider shuts it down."""


class Provider(Protocol):
    name: str

    def stream(self, request: Request, credential: Credential) -> AsyncGenerator[Event, None]:
        """Ask, and yield the answer as it comes. Raises ProviderError. Closing it cancels upstream."""
        ...

    async def models(self, credential: Credential) -> list[Model]:
        """What the account can use now. Raises ProviderError. Doubles as the test of a key."""
        ...

    async def close(self) -> None:
        """Give back open connections."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A provider that keeps a response running when asked to, so that another process can take it up again."""

    def resume(self, response_id: str, position: int | None, credential: Credential) -> AsyncGenerator[Event, None]:
        """What comes after ``position``. Raises ProviderError."""
        ...

    async def cancel(self, response_id: str, credential: Credential) -> None:
        """Ends a response that closing its stream does not end. Raises ProviderError."""
        ...


@runtime_checkable
class Drawing(Protocol):
    """A provider that makes pictures."""

    name: str

    def draw(self, request: ImageRequest, credential: Credential) -> AsyncGenerator[Event, None]:
        """``Image``, sketches first, then ``Usage`` and ``Finish``. Raises ProviderError. Closing it cancels."""
        ...
