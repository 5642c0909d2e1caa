"""A credential and a virtual key are told to whom they are for, and nowhere else."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import ADA
from tests.gateway.conftest import new_key
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

CANARY = "sk-canary-credential-4f1d8a72c0"
HELLO = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 50}
BODIES: dict[str, dict[str, Any]] = {
    "chat/completions": HELLO,
    "messages": HELLO,
    "messages/count_tokens": {"messages": HELLO["messages"]},
    "responses": {"input": "hello"},
    "embeddings": {"input": "hello"},
    "images/generations": {"prompt": "a cat"},
    "moderations": {"input": "hello"},
}
MODELS = ("gpt-5.1", "claude-sonnet-5-5", "compatible/qwen3", "no-such-model")
REPORTS = ("/api/virtual-keys", "/admin/virtual-keys", "/admin/usage-stats", "/admin/aliases", "/api/keys", "/health")


@pytest.fixture
async def house(empty_house: Path, tmp_path: Path, upstream: Upstream) -> AsyncIterator[House]:
    """Each of its providers has the canary, one of them in the database."""
    built = House.over(
        empty_house,
        tmp_path / "data",
        OPENAI_API_KEY=CANARY,
        OPENAI_BASE_URL=upstream.openai,
        ANTHROPIC_API_KEY=CANARY,
        ANTHROPIC_BASE_URL=upstream.anthropic,
        LLM_ROUTER_RETRY_WAIT_MAX="0.1",
    )
    await built.start()
    await built.services.credentials.create(None, "compatible", CANARY, upstream.openai)
    yield built
    await built.stop()


async def test_neither_a_credential_nor_a_key_is_seen_where_it_does_not_belong(
    house: House, ada: str, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    upstream.trust()
    key = await new_key(house, ada, name="canary")
    seen: list[str] = []

    def note(answer: httpx2.Response) -> httpx2.Response:
        seen.append(
            f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.headers} {answer.text}"
        )
        return answer

    async with httpx2.AsyncClient(base_url=house.url, timeout=20) as http:
        bearer, other = {"authorization": f"Bearer {key}"}, {"x-api-key": key, "anthropic-version": "2023-06-01"}
        told = []
        for path, body in BODIES.items():
            for model in MODELS:
                for headers, stream in ((bearer, False), (other, True)):
                    asked = body | {"model": model} | ({"stream": True} if stream else {})
                    told.append(note(await http.post(f"/v1/{path}", json=asked, headers=headers)))
        assert sum(answer.status_code == 200 for answer in told) > 20, "hardly anything was answered"
        used = [asked for asked in upstream.calls if CANARY in str(asked.headers)]
        assert used, "the canary was never used"
        assert key not in str([(asked.headers, asked.body, asked.query) for asked in upstream.requests])

        for status in (400, 401, 403, 429, 500):
            upstream.script(Answer(status=status, error={"message": f"Incorrect API key provided: {CANARY}"}))
            note(await http.post("/v1/chat/completions", json=HELLO | {"model": "gpt-5.1"}, headers=bearer))
        for broken in (Answer(error_after=2), Answer(cut_after=2), Answer(garbage_after=1), Answer(html=True)):
            upstream.script(broken)
            asked = HELLO | {"model": "claude-sonnet-5-5", "stream": True}
            note(await http.post("/v1/messages", json=asked, headers=other))
        note(await http.post("/v1/messages", content=b"{", headers=other))
        note(await http.get("/v1/models", headers=bearer))
        note(await http.get("/v1/models", headers={"authorization": f"Bearer {key}x"}))

    admin = await Phone(house.url).sign_in(*ADMIN)
    member = await Phone(house.url).sign_in(*ADA)
    ids = [answer.headers.get("x-request-id") or answer.headers["request-id"] for answer in told]
    for phone in (admin, member):
        for path in (*REPORTS, *(f"/admin/requests/{request_id}" for request_id in ids[:20])):
            note(await phone.http.get(path))
        await phone.close()

    await house.stop()
    files = [path for path in house.data.rglob("*") if path.is_file()]
    assert any(path.suffix in (".db", ".sqlite", ".sqlite3") for path in files)
    for secret in (CANARY, key):
        assert [line for line in seen if secret in line] == []
        assert secret not in caplog.text
        assert [path.name for path in files if secret.encode() in path.read_bytes()] == []
