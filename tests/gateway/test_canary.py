"""Secrets never leave: after calls that work and calls that fail, neither key is anywhere but where it belongs."""

import logging

import httpx2
import pytest

from tests.gateway.conftest import rows
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

CREDENTIALS = ("sk-test-openai-0001", "sk-ant-test-0002", "sk-test-compatible-0003")


async def test_no_key_is_in_an_answer_the_log_or_the_database(
    house: House, key: str, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.trust()
    caplog.set_level(logging.DEBUG, logger="server")
    told = []
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": key}, timeout=60) as http:
        for status in (200, 400, 401, 404, 429, 500, 503):
            words = f"no: {', '.join(CREDENTIALS)} and {key}"
            upstream.default(Answer(status=status, error={"message": words}))
            for path, model in (
                ("chat/completions", "gpt-5.1"),
                ("chat/completions", "claude-sonnet-5-5"),
                ("messages", "claude-sonnet-5-5"),
                ("responses", "compatible/qwen3"),
                ("embeddings", "gpt-5.1"),
            ):
                body = {"model": model, "messages": [{"role": "user", "content": "x"}], "max_tokens": 9, "input": "x"}
                if path == "messages":
                    del body["input"]
                answer = await http.post(f"/v1/{path}", json=body)
                own = {"openai": 0, "anthropic": 1, "compatible": 2}
                provider = "anthropic" if "claude" in model else "compatible" if "/" in model else "openai"
                assert CREDENTIALS[own[provider]] not in answer.text, (status, path, model)
                told.append(answer.status_code)
    assert {200, 400} <= set(told)
    assert await rows(house)
    await house.stop()
    for secret in (*CREDENTIALS, key):
        assert secret not in caplog.text
        for file in house.data.rglob("*"):
            assert not file.is_file() or secret.encode() not in file.read_bytes(), file
