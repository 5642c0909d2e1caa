"""What goes wrong, as the SDKs of both families say it: the class of the exception, its type, its words."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from server.gateway import body as bodies
from server.ids import now
from tests.gateway.conftest import new_key
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

MODELS = {"chat": "gpt-5.1", "responses": "gpt-5.1", "messages": "claude-sonnet-5-5"}
TRANSLATED = {"chat": "claude-sonnet-5-5", "responses": "claude-sonnet-5-5", "messages": "gpt-5.1"}
surfaces = pytest.mark.parametrize("wire", MODELS)


@dataclass(frozen=True)
class Case:
    """An upstream's answer, or a key; and what the SDKs make of it: (status, type) for each family."""

    answer: Answer | None
    anthropic: tuple[type[Exception], str]
    openai: tuple[type[Exception], str | None]
    words: str = ""
    limits: Callable[[], dict[str, Any]] | None = None


UPSTREAM: dict[str, Case] = {
    "malformed": Case(
        Answer(status=400, error={"message": "bad field"}),
        (anthropic.BadRequestError, "invalid_request_error"),
        (openai.BadRequestError, None),
    ),
    "too long": Case(
        Answer(
            status=400,
            error={"message": "prompt is too long: 9 tokens > 5 maximum", "code": "context_length_exceeded"},
        ),
        (anthropic.BadRequestError, "invalid_request_error"),
        (openai.BadRequestError, "context_length_exceeded"),
        words="prompt is too long",
    ),
    "our key was refused": Case(
        Answer(status=401),
        (anthropic.InternalServerError, "api_error"),
        (openai.InternalServerError, "upstream_auth_error"),
    ),
    "our key may not": Case(
        Answer(status=403),
        (anthropic.InternalServerError, "api_error"),
        (openai.InternalServerError, "upstream_auth_error"),
    ),
    "the upstream slows down": Case(
        Answer(status=429, retry_after="30"),
        (anthropic.RateLimitError, "rate_limit_error"),
        (openai.RateLimitError, "rate_limit_exceeded"),
    ),
    "the upstream fails": Case(
        Answer(status=500), (anthropic.InternalServerError, "api_error"), (openai.InternalServerError, None)
    ),
    "the upstream is overloaded": Case(
        Answer(status=503), (anthropic.OverloadedError, "overloaded_error"), (openai.InternalServerError, "overloaded")
    ),
    "the upstream is no API": Case(
        Answer(html=True),
        (anthropic.InternalServerError, "api_error"),
        (openai.InternalServerError, "upstream_unreachable"),
    ),
}

KEYS: dict[str, Case] = {
    "this model is not for this key": Case(
        None,
        (anthropic.PermissionDeniedError, "permission_error"),
        (openai.PermissionDeniedError, "model_not_allowed"),
        limits=lambda: {"models": ("other-*",)},
    ),
    "this endpoint is not for this key": Case(
        None,
        (anthropic.PermissionDeniedError, "permission_error"),
        (openai.PermissionDeniedError, "model_not_allowed"),
        limits=lambda: {"endpoints": ("models",)},
    ),
    "all of it is spent": Case(
        None,
        (anthropic.APIStatusError, "billing_error"),
        (openai.RateLimitError, "insufficient_quota"),
        limits=lambda: {"limit_nanos": 1},
    ),
    "too many tokens a minute": Case(
        None,
        (anthropic.RateLimitError, "rate_limit_error"),
        (openai.RateLimitError, "rate_limit_exceeded"),
        limits=lambda: {"rpm": 1},
    ),
}


@surfaces
@pytest.mark.parametrize("models", [MODELS, TRANSLATED], ids=["same", "translated"])
@pytest.mark.parametrize("case", UPSTREAM.values(), ids=UPSTREAM)
async def test_what_the_upstream_says_reaches_the_client_in_its_own_terms(
    house: House, upstream: Upstream, key: str, wire: str, models: dict[str, str], case: Case
) -> None:
    assert case.answer is not None
    upstream.default(case.answer)
    error = await refusal(house.url, key, wire, models[wire])
    judge(error, wire, case)


@surfaces
@pytest.mark.parametrize("case", KEYS.values(), ids=KEYS)
async def test_what_a_key_may_not_do_is_said_in_the_clients_terms(
    house: House, upstream: Upstream, ada: str, wire: str, case: Case
) -> None:
    assert case.limits is not None
    text = await new_key(house, ada, **case.limits())
    if case.limits().get("rpm"):
        async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": text}) as http:
            await http.get("/v1/models")
    judge(await refusal(house.url, text, wire, MODELS[wire]), wire, case)
    assert upstream.calls == []


@surfaces
@pytest.mark.parametrize("sent", ["sk-llmr-nobody-has-this-one", "garbage", "sk-ant-oat01-subscription", ""])
async def test_a_key_that_is_none_is_refused_without_being_repeated(
    house: House, upstream: Upstream, wire: str, sent: str
) -> None:
    await invalid(house.url, sent, wire)
    assert upstream.calls == []


@surfaces
async def test_a_key_that_was_revoked_or_has_expired_is_refused(
    house: House, ada: str, wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, revoked = await house.services.keys.create(ada, _new("a"))
    await house.services.keys.revoke(row.id, None)
    expiring = await new_key(house, ada, expires_at=now() + timedelta(seconds=60))
    later = now() + timedelta(seconds=61)
    monkeypatch.setattr("server.ids.now", lambda: later)
    for text in (revoked, expiring):
        await invalid(house.url, text, wire)


@surfaces
async def test_an_unknown_model_is_not_found(house: House, key: str, wire: str) -> None:
    error = await refusal(house.url, key, wire, "no-such-model")
    assert error.status_code == 404
    assert isinstance(error, anthropic.NotFoundError | openai.NotFoundError)
    assert "no-such-model" in str(error)


@surfaces
async def test_a_body_that_is_too_large_is_refused(
    house: House, key: str, wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies.read, "__defaults__", (10,))
    error = await refusal(house.url, key, wire, MODELS[wire])
    assert error.status_code == 413
    assert "request_too_large" in str(error.body)


@surfaces
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"[" * 100_000, b'{"model":7}', b'{"messages":[]}'])
async def test_a_body_that_cannot_be_read_is_a_bad_request(tool: httpx2.AsyncClient, wire: str, content: bytes) -> None:
    path = {"chat": "chat/completions", "responses": "responses", "messages": "messages"}[wire]
    answer = await tool.post(f"/v1/{path}", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@surfaces
async def test_an_upstream_that_is_not_there_is_a_bad_gateway(
    house: House, upstream: Upstream, ada: str, key: str, wire: str
) -> None:
    with socket.socket() as taken:  # by us, so that nobody else listens there meanwhile
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        await house.services.credentials.create(ada, "ollama", None, nobody)
        house.services.pool.forget()
        error = await refusal(house.url, key, wire, "ollama/qwen3")
    assert error.status_code == 502
    assert "could not reach" in str(error)


@surfaces
async def test_a_redirect_is_not_followed(house: House, upstream: Upstream, key: str, wire: str) -> None:
    upstream.default(Answer(status=307, headers={"location": "http://169.254.169.254/latest"}))
    error = await refusal(house.url, key, wire, "gpt-5.1" if wire != "messages" else "claude-sonnet-5-5")
    assert error.status_code == 502


async def test_state_that_only_openai_keeps_is_refused_elsewhere(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    asked = {"model": "claude-sonnet-5-5", "input": "go on", "previous_response_id": "resp_1"}
    answer = await tool.post("/v1/responses", json=asked)
    assert answer.status_code == 400
    assert "previous_response_id" in answer.json()["error"]["message"]
    assert (await tool.post("/v1/responses", json=asked | {"model": "gpt-5.1"})).status_code == 200
    assert upstream.calls[0].body["previous_response_id"] == "resp_1"


async def test_an_error_never_shows_a_credential(house: House, tool: httpx2.AsyncClient, upstream: Upstream) -> None:
    for status in (400, 401, 422, 500):
        upstream.default(Answer(status=status, error={"message": "your key sk-test-openai-0001 is no good"}))
        for model in ("gpt-5.1", "gpt-5.1-codex"):
            asked = {"model": model, "messages": [{"role": "user", "content": "x"}]}
            answer = await tool.post("/v1/chat/completions", json=asked)
            assert "sk-test-openai-0001" not in answer.text


def _new(name: str) -> Any:
    from server.accounts.new_key import NewKey

    return NewKey(name)


def judge(error: Any, wire: str, case: Case) -> None:
    kind, said = case.anthropic if wire == "messages" else case.openai
    assert isinstance(error, kind), repr(error)
    body = error.body
    if wire == "messages":
        assert body["type"] == "error"
        assert body["error"]["type"] == said
        assert case.words in body["error"]["message"]
    elif said is not None:
        assert body["code"] == said
    assert error.status_code not in (401, 403) or case.answer is None
    assert error.response.headers["request-id" if wire == "messages" else "x-request-id"].startswith("req_")


async def refusal(url: str, key: str, wire: str, model: str) -> Any:
    """The exception of the SDK."""
    ask: Any = [{"role": "user", "content": "Hello"}]
    if wire == "messages":
        async with anthropic.AsyncAnthropic(api_key=key, base_url=url, max_retries=0) as client:
            with pytest.raises(anthropic.APIStatusError) as caught:
                await client.messages.create(model=model, max_tokens=9, messages=ask)
            return caught.value
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0) as other:
        with pytest.raises(openai.APIStatusError) as raised:
            if wire == "responses":
                await other.responses.create(model=model, input=ask)
            else:
                await other.chat.completions.create(model=model, messages=ask)
        return raised.value


async def invalid(url: str, key: str, wire: str) -> None:
    path = {"chat": "chat/completions", "responses": "responses", "messages": "messages"}[wire]
    async with httpx2.AsyncClient(base_url=url) as http:
        for headers in ({"authorization": f"Bearer {key or chr(45)}"}, {"x-api-key": key}):
            answer = await http.post(f"/v1/{path}", headers=headers, json={"model": MODELS[wire]})
            assert answer.status_code == 401
            kind = "authentication_error" if wire == "messages" else "invalid_request_error"
            assert answer.json()["error"]["type"] == kind
            assert answer.headers["x-should-retry"] == "false"
            assert not key or key not in answer.text
