"""The one tree of errors that domain code raises.

    AppError                   something a person can act on; ``code`` is stable, ``message`` is a sentence
    ├─ BadRequest              the input is wrong
    │  └─ TooLarge             … because there is too much of it
    ├─ NotSignedIn             no session, or one that ended
    ├─ Forbidden               signed in, but not allowed
    ├─ BudgetExceeded          what may be spent is spent
    ├─ NotFound                it does not exist, or it is somebody else's
    ├─ Conflict                the state of the thing does not allow it now
    ├─ TooManyRequests         wait ``retry_after`` seconds
    ├─ Unavailable             the server cannot do it now
    │  └─ NoRoom               … because its disk is full, or nearly
    └─ ProviderError           an upstream failed; lives in ``server/providers/base.py``

Only the two edges (``server/api``, ``server/gateway``) turn these into HTTP.
"""


class AppError(Exception):
    """Says what happened and what to do next; never carries a secret."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class BadRequest(AppError):
    code = "bad_request"


class TooLarge(BadRequest):
    code = "too_large"


class NotSignedIn(AppError):
    code = "not_signed_in"


class Forbidden(AppError):
    code = "forbidden"


class BudgetExceeded(AppError):
    code = "budget_exceeded"


class NotFound(AppError):
    code = "not_found"


class Conflict(AppError):
    code = "conflict"


class TooManyRequests(AppError):
    """``retry_after`` is in seconds."""

    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: float, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Unavailable(AppError):
    code = "unavailable"


class NoRoom(Unavailable):
    code = "disk_full"
