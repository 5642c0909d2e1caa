"""What went wrong, as each surface of the gateway says it: status, body, headers, frame of a stream. Pure."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

Trouble = Literal[
    "bad_request",
    "too_long",
    "unauthenticated",
    "forbidden",
    "unknown_model",
    "too_large",
    "budget",
    "rate_limit",
    "upstream_auth",
    "upstream_error",
    "overloaded",
    "unavailable",
    "timeout",
    "unreachable",
]


@dataclass(frozen=True, slots=True)
class Row:
    """How one kind of trouble is spelled; ``retry`` is whether the same request may succeed later."""

    status: int
    anthropic: str
    openai: str
    code: str | None
    retry: bool | None
    anthropic_status: int | None = None


TABLE: dict[Trouble, Row] = {
    "bad_request": Row(400, "invalid_request_error", "invalid_request_error", None, False),
    "too_long": Row(400, "invalid_request_error", "invalid_request_error", "context_length_exceeded", False),
    "unauthenticated": Row(401, "authentication_error", "invalid_request_error", "invalid_api_key", False),
    "forbidden": Row(403, "permission_error", "invalid_request_error", "model_not_allowed", False),
    "unknown_model": Row(404, "not_found_error", "invalid_request_error", "model_not_found", False),
    "too_large": Row(413, "request_too_large", "invalid_request_error", "request_too_large", False),
    "budget": Row(429, "billing_error", "insufficient_quota", "insufficient_quota", False, anthropic_status=402),
    "rate_limit": Row(429, "rate_limit_error", "rate_limit_error", "rate_limit_exceeded", None),
    "upstream_auth": Row(502, "api_error", "server_error", "upstream_auth_error", False),
    "upstream_error": Row(500, "api_error", "server_error", None, True),
    "overloaded": Row(503, "overloaded_error", "server_error", "overloaded", True, anthropic_status=529),
    "unavailable": Row(503, "api_error", "server_error", "unavailable", True),
    "timeout": Row(504, "timeout_error", "server_error", "timeout", True),
    "unreachable": Row(502, "api_error", "server_error", "upstream_unreachable", True),
}
_TOO_LONG = "prompt is too long"


@dataclass(frozen=True, slots=True)
class Problem:
    """``retry_after`` is in seconds."""

    kind: Trouble
    message: str
    retry_after: float | None = None

    @property
    def row(self) -> Row:
        return TABLE[self.kind]


def anthropic(problem: Problem, request_id: str) -> tuple[int, dict[str, Any]]:
    """Status and body for Anthropic's clients."""
    row = problem.row
    return row.anthropic_status or row.status, anthropic_body(problem, request_id)


def anthropic_body(problem: Problem, request_id: str | None = None) -> dict[str, Any]:
    message = problem.message
    if problem.kind == "too_long" and not message.startswith(_TOO_LONG):
        # Clients compact the conversation when they read these words.
        message = f"{_TOO_LONG}: {message}"
    body = {"type": "error", "error": {"type": problem.row.anthropic, "message": message}}
    return body | ({"request_id": request_id} if request_id else {})


def openai(problem: Problem) -> tuple[int, dict[str, Any]]:
    """Status and body for OpenAI's clients, on both of their wires."""
    return problem.row.status, openai_body(problem)


def openai_body(problem: Problem) -> dict[str, Any]:
    row = problem.row
    error = {"message": _when(problem), "type": row.openai, "param": None, "code": row.code}
    return {"error": error}


def response_error(problem: Problem) -> dict[str, Any]:
    """The ``error`` of a response that failed; clients act on its code."""
    return {"code": problem.row.code or problem.row.openai, "message": _when(problem)}


def headers(problem: Problem) -> dict[str, str]:
    """Both SDKs obey them."""
    said: dict[str, str] = {}
    if problem.row.retry is not None:
        said["x-should-retry"] = "true" if problem.row.retry else "false"
    if problem.retry_after is not None and problem.row.retry is not False:
        said["retry-after"] = str(max(1, ceil(problem.retry_after)))
    return said


def _when(problem: Problem) -> str:
    """Codex reads from the words how long it has to wait."""
    if problem.kind != "rate_limit" or problem.retry_after is None or "try again in" in problem.message.lower():
        return problem.message
    return f"{problem.message.rstrip('.')}: try again in {problem.retry_after:.1f}s"
