"""The table of errors on the three surfaces, judged by the SDKs' own exceptions."""

from typing import Any

import anthropic
import openai
import pytest

from server.wire import errors
from server.wire.errors import TABLE, Problem, Trouble
from tests.wire.clients import parsed

OPENAI: dict[Trouble, tuple[int, type[openai.APIStatusError], str, str | None]] = {
    "bad_request": (400, openai.BadRequestError, "invalid_request_error", None),
    "too_long": (400, openai.BadRequestError, "invalid_request_error", "context_length_exceeded"),
    "unauthenticated": (401, openai.AuthenticationError, "invalid_request_error", "invalid_api_key"),
    "forbidden": (403, openai.PermissionDeniedError, "invalid_request_error", "model_not_allowed"),
    "unknown_model": (404, openai.NotFoundError, "invalid_request_error", "model_not_found"),
    "too_large": (413, openai.APIStatusError, "invalid_request_error", "request_too_large"),
    "budget": (429, openai.RateLimitError, "insufficient_quota", "insufficient_quota"),
    "rate_limit": (429, openai.RateLimitError, "rate_limit_error", "rate_limit_exceeded"),
    "upstream_auth": (502, openai.InternalServerError, "server_error", "upstream_auth_error"),
    "upstream_error": (500, openai.InternalServerError, "server_error", None),
    "overloaded": (503, openai.InternalServerError, "server_error", "overloaded"),
    "unavailable": (503, openai.InternalServerError, "server_error", "unavailable"),
    "timeout": (504, openai.InternalServerError, "server_error", "timeout"),
    "unreachable": (502, openai.InternalServerError, "server_error", "upstream_unreachable"),
}
ANTHROPIC: dict[Trouble, tuple[int, type[anthropic.APIStatusError], str]] = {
    "bad_request": (400, anthropic.BadRequestError, "invalid_request_error"),
    "too_long": (400, anthropic.BadRequestError, "invalid_request_error"),
    "unauthenticated": (401, anthropic.AuthenticationError, "authentication_error"),
    "forbidden": (403, anthropic.PermissionDeniedError, "permission_error"),
    "unknown_model": (404, anthropic.NotFoundError, "not_found_error"),
    "too_large": (413, anthropic.APIStatusError, "request_too_large"),
    "budget": (402, anthropic.APIStatusError, "billing_error"),
    "rate_limit": (429, anthropic.RateLimitError, "rate_limit_error"),
    "upstream_auth": (502, anthropic.InternalServerError, "api_error"),
    "upstream_error": (500, anthropic.InternalServerError, "api_error"),
    "overloaded": (529, anthropic.InternalServerError, "overloaded_error"),
    "unavailable": (503, anthropic.InternalServerError, "api_error"),
    "timeout": (504, anthropic.InternalServerError, "timeout_error"),
    "unreachable": (502, anthropic.InternalServerError, "api_error"),
}


@pytest.mark.parametrize("kind", TABLE)
@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_openais_clients_raise_their_own_exceptions(wire: str, kind: Trouble) -> None:
    expected, error, said, code = OPENAI[kind]
    problem = Problem(kind, "it went wrong")
    status, body = errors.openai(problem)
    assert status == expected
    with pytest.raises(error, match="it went wrong") as caught:
        parsed(wire, status, body, errors.headers(problem))
    assert (caught.value.type, caught.value.code) == (said, code)


@pytest.mark.parametrize("kind", TABLE)
def test_anthropics_clients_raise_their_own_exceptions(kind: Trouble) -> None:
    expected, error, said = ANTHROPIC[kind]
    problem = Problem(kind, "it went wrong")
    status, body = errors.anthropic(problem, "req_1")
    assert status == expected
    with pytest.raises(error, match="it went wrong") as caught:
        parsed("messages", status, body, errors.headers(problem))
    found: Any = caught.value.body
    assert (found["error"]["type"], found["request_id"]) == (said, "req_1")


def test_anthropics_clients_read_that_the_prompt_is_too_long() -> None:
    for message in ("300 tokens > 200 maximum", "prompt is too long: 300 tokens > 200 maximum"):
        _, body = errors.anthropic(Problem("too_long", message), "req_1")
        assert body["error"]["message"] == "prompt is too long: 300 tokens > 200 maximum"


@pytest.mark.parametrize(
    ("problem", "headers"),
    [
        (Problem("bad_request", "x"), {"x-should-retry": "false"}),
        (Problem("overloaded", "x", retry_after=1.2), {"x-should-retry": "true", "retry-after": "2"}),
        (Problem("rate_limit", "x", retry_after=0.1), {"retry-after": "1"}),
        (Problem("budget", "x", retry_after=9), {"x-should-retry": "false"}),
    ],
)
def test_clients_are_told_whether_and_when_to_try_again(problem: Problem, headers: dict[str, str]) -> None:
    assert errors.headers(problem) == headers


def test_the_wait_stands_in_the_words_for_those_who_read_only_them() -> None:
    error = errors.response_error(Problem("rate_limit", "slow down.", retry_after=1.2))
    assert error == {"code": "rate_limit_exceeded", "message": "slow down: try again in 1.2s"}
    said = errors.response_error(Problem("rate_limit", "try again in 3 s", retry_after=3))
    assert said["message"] == "try again in 3 s"
