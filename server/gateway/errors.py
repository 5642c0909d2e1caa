"""Domain errors as the trouble that the three surfaces know how to spell."""

from server.errors import (
    AppError,
    BadRequest,
    BudgetExceeded,
    Forbidden,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from server.providers.base import Kind, ProviderError
from server.wire.errors import Problem, Trouble

_TROUBLE: tuple[tuple[type[AppError], Trouble], ...] = (
    (TooLarge, "too_large"),
    (BadRequest, "bad_request"),
    (NotSignedIn, "unauthenticated"),
    (Forbidden, "forbidden"),
    (BudgetExceeded, "budget"),
    (NotFound, "unknown_model"),
    (TooManyRequests, "rate_limit"),
    (Unavailable, "unavailable"),
)

_OF_PROVIDER: dict[Kind, Trouble] = {
    "auth": "upstream_auth",
    "no_key": "unknown_model",
    "quota": "upstream_auth",
    "rate_limit": "rate_limit",
    "unknown_model": "unknown_model",
    "too_long": "too_long",
    "refused": "bad_request",
    "bad_request": "bad_request",
    "network": "unreachable",
    "timeout": "timeout",
}
_BUSY = (503, 529)


class Refused(ProviderError):
    """An upstream's own words about a request that is not to its liking, for clients of the same format."""

    def __init__(self, error: ProviderError, status: int, body: bytes) -> None:
        super().__init__(error.kind, error.message, provider=error.provider, status=status, retryable=False)
        self.body = body


def problem(error: Exception) -> Problem:
    """What the client is told; anything that is not ours to explain is a failure without details."""
    if isinstance(error, ProviderError):
        return _of_provider(error)
    for kind, trouble in _TROUBLE:
        if isinstance(error, kind):
            return Problem(trouble, error.message, retry_after=getattr(error, "retry_after", None))
    return Problem("upstream_error", "something went wrong on the server; its log says more: try again")


def _of_provider(error: ProviderError) -> Problem:
    if error.kind == "overloaded":
        if error.status is None or error.status in _BUSY:
            return Problem("overloaded", error.message, retry_after=error.retry_after)
        return Problem("upstream_error", error.message)
    trouble = _OF_PROVIDER[error.kind]
    return Problem(trouble, error.message, retry_after=error.retry_after)
