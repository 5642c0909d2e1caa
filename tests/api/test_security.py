import json
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from httpx2 import ASGITransport, AsyncClient
from pydantic import BaseModel

from server.api import errors
from server.api.security import BodyLimit, SecurityHeaders
from server.errors import (
    AppError,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from server.providers.base import ProviderError
from server.vault.vault import WrongKey

pytestmark = pytest.mark.anyio


class Body(BaseModel):
    text: str


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    errors.install(app)
    app.add_middleware(BodyLimit, limit=1000)
    app.add_middleware(SecurityHeaders, scripts=lambda: ["'sha256-abc'"])
    app.state.error = None

    @app.get("/api/raise")
    async def fail() -> None:
        raise app.state.error

    @app.get("/page")
    async def page() -> PlainTextResponse:
        return PlainTextResponse("hello", headers={"Cache-Control": "max-age=1"})

    @app.post("/api/json")
    async def take_json(body: Body) -> int:
        return len(body.text)

    @app.post("/api/raw")
    async def take_raw(request: Request) -> int:
        return len(await request.body())

    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://pi.lan") as client:
        client.app = app  # type: ignore[attr-defined]
        yield client


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadRequest("No."), 400, "bad_request"),
        (TooLarge("No."), 413, "too_large"),
        (NotSignedIn("No."), 401, "not_signed_in"),
        (Forbidden("No.", code="csrf"), 403, "csrf"),
        (NotFound("No."), 404, "not_found"),
        (Conflict("No."), 409, "conflict"),
        (TooManyRequests("No.", retry_after=1.2), 429, "too_many_requests"),
        (Unavailable("No."), 503, "unavailable"),
        (WrongKey("No."), 503, "wrong_key"),
        (AppError("No."), 500, "error"),
        (ProviderError("auth", "No.", provider="openai", status=401), 502, "auth"),
        (ProviderError("rate_limit", "No.", provider="openai", retry_after=7), 429, "rate_limit"),
        (ProviderError("timeout", "No.", provider="openai"), 504, "timeout"),
        (ProviderError("no_key", "No.", provider="openai"), 400, "no_key"),
    ],
)
async def test_every_error_has_its_status_and_one_shape(
    client: AsyncClient, error: AppError, status: int, code: str
) -> None:
    client.app.state.error = error  # type: ignore[attr-defined]
    response = await client.get("/api/raise")
    body = response.json()["error"]
    assert (response.status_code, body["code"], body["message"]) == (status, code, "No.")
    wait = getattr(error, "retry_after", None)
    assert response.headers.get("retry-after") == (None if wait is None else str(body["retry_after"]))
    assert wait is None or wait <= body["retry_after"] < wait + 1


async def test_an_unexpected_error_says_nothing_of_the_inside(
    client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.app.state.error = RuntimeError("the canary sings")  # type: ignore[attr-defined]
    response = await client.get("/api/raise")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal"
    assert "canary" not in response.text
    assert "canary" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not_found"), ("PUT", "/page", 405, "method_not_allowed")],
)
async def test_even_what_is_not_there_answers_in_the_same_shape(
    client: AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    response = await client.request(method, path)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/page", "/nowhere", "/api/raise"])
async def test_every_response_tells_the_browser_what_the_page_may_not_do(client: AsyncClient, path: str) -> None:
    client.app.state.error = NotFound("No.")  # type: ignore[attr-defined]
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self' 'sha256-abc';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "permissions-policy" in headers


async def test_answers_of_the_api_are_kept_by_nobody_and_a_page_decides_itself(client: AsyncClient) -> None:
    client.app.state.error = NotFound("No.")  # type: ignore[attr-defined]
    assert (await client.get("/api/raise")).headers["cache-control"] == "no-store"
    assert (await client.get("/page")).headers["cache-control"] == "max-age=1"


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/api/json", "/api/raw"])
@pytest.mark.parametrize("size", [900, 1001, 100_000])
async def test_a_body_is_taken_up_to_the_limit_and_not_beyond(
    client: AsyncClient, announced: bool, path: str, size: int
) -> None:
    body = json.dumps({"text": "x" * (size - 12)}).encode()
    assert len(body) == size

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 300):
            yield body[start : start + 300]

    content = body if announced else pieces()
    response = await client.post(path, content=content, headers={"Content-Type": "application/json"})
    if size > 1000:
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "too_large"
    else:
        assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (b"{", "application/json", "the request is not valid JSON"),
        (b"{}", "application/json", "text: field required"),
        (b'{"text": 1}', "application/json", "text: input should be a valid string"),
        (b"", "application/json", "needs a JSON body"),
        (b'{"text": ""}', "text/plain", "Content-Type: application/json"),
    ],
)
async def test_a_wrong_body_is_explained_in_a_sentence(
    client: AsyncClient, body: bytes, kind: str, sentence: str
) -> None:
    response = await client.post("/api/json", content=body, headers={"Content-Type": kind})
    assert response.status_code == 422
    assert sentence in response.json()["error"]["message"]
