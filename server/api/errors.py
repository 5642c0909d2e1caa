"""Domain errors as HTTP for our own page: ``{"error": {"code", "message"}}``, the status, no internals."""

import errno
import logging
import math
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from server.errors import (
    AppError,
    BadRequest,
    BudgetExceeded,
    Conflict,
    Forbidden,
    NoRoom,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from server.providers.base import Kind, ProviderError

_log = logging.getLogger(__name__)

_STATUS: dict[type[AppError], int] = {
    TooLarge: 413,
    BadRequest: 400,
    NotSignedIn: 401,
    BudgetExceeded: 402,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooManyRequests: 429,
    NoRoom: 507,
    Unavailable: 503,
}

# Never 401 or 403: those would say that the person is not signed in here.
_PROVIDER_STATUS: dict[Kind, int] = {
    "auth": 502,
    "no_key": 400,
    "quota": 502,
    "rate_limit": 429,
    "overloaded": 503,
    "unknown_model": 400,
    "too_long": 400,
    "refused": 400,
    "bad_request": 400,
    "network": 502,
    "timeout": 504,
}

_HTTP: dict[int, tuple[str, str]] = {
    400: ("bad_request", "the request could not be read"),
    404: ("not_found", "there is nothing at this address"),
    405: ("method_not_allowed", "this address does not take that method"),
    413: ("too_large", "this is too large to be taken"),
}


def answer(error: AppError, **more: Any) -> JSONResponse:
    """The response for an error; ``more`` are further fields of its error object."""
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        more["retry_after"] = math.ceil(retry_after)
    return _json(_status(error), error.code, error.message, **more)


def install(app: FastAPI) -> None:
    """Makes every error of the app answer in our shape."""
    app.add_exception_handler(AppError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OSError, _storage)
    app.add_exception_handler(Exception, _unexpected)


async def _domain(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AppError)
    return answer(error)


async def _validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return _json(422, "invalid", _sentence(error.errors()))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code, message = _HTTP.get(error.status_code, ("error", "the request was not taken"))
    response = _json(error.status_code, code, message)
    response.headers.update(error.headers or {})
    return response


async def _storage(_request: Request, error: Exception) -> JSONResponse:
    """A file that found no room on the disk, as rows do not."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return answer(NoRoom("the server's disk is full: make room on it, then try again"))
    raise error


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return _json(500, "internal", "something went wrong on the server; its log says more: try again")


def _status(error: AppError) -> int:
    if isinstance(error, ProviderError):
        return _PROVIDER_STATUS[error.kind]
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def _sentence(problems: Sequence[Any]) -> str:
    """What is wrong with the first wrong field, without repeating what was sent."""
    first = problems[0]
    if first["type"] == "json_invalid":
        return "the request is not valid JSON"
    field = ".".join(str(part) for part in first["loc"][1:])
    expected = str(first["msg"]).removeprefix("Value error, ")
    if not field:
        return "the request needs a JSON body, with Content-Type: application/json"
    return f"{field}: {expected[0].lower()}{expected[1:]}"


def _json(status: int, code: str, message: str, **more: Any) -> JSONResponse:
    headers = {"Retry-After": str(more["retry_after"])} if "retry_after" in more else None
    return JSONResponse({"error": {"code": code, "message": message, **more}}, status, headers)
