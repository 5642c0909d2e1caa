"""Alive, ready, counted, examined: what a machine and an admin may ask of a running server."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy import text

from server.accounts.new_key import NewKey
from server.ops.room import MB
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio
TOKEN = "a token of the settings"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(page: str) -> Samples:
    return {(one.name, frozenset(one.labels.items())): one.value for family in parsed(page) for one in family.samples}


def of(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


@pytest.fixture
async def measured(house: House) -> House:
    await house.stop()
    house.environment["LLM_ROUTER_METRICS_TOKEN"] = TOKEN
    return await house.start()


async def test_ready_says_in_one_word_what_is_missing(house: House) -> None:
    async with httpx2.AsyncClient(base_url=house.url) as stranger:
        assert (await stranger.get("/health/live")).json() == {"status": "ok"}
        answer = await stranger.get("/health/ready")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready"})

        ready, room = house.services.ready, house.services.room
        ready.add("locked", lambda: False)
        room._measure, room._until = lambda _folder: 5 * MB, 0
        answer = await stranger.get("/health/ready")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "missing": ["disk", "locked"]})

        await house.services.database.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num='0'")))
        ready._until = 0
        assert (await stranger.get("/health/ready")).json()["missing"][0] == "schema"
        assert (await stranger.get("/health")).status_code == 200


async def test_metrics_count_what_happens_and_say_nothing_private(measured: House, upstream: Upstream) -> None:
    phone = await Phone(measured.url).sign_in(*ADMIN)
    upstream.default(Answer(text="an answer that is secret"))
    async with httpx2.AsyncClient(base_url=measured.url) as prometheus:
        assert (await prometheus.get("/metrics")).status_code == 401
        wrong = await prometheus.get("/metrics", headers={"Authorization": "Bearer another token"})
        assert wrong.status_code == 401

        async def scrape(key: str) -> tuple[str, Samples]:
            answer = await prometheus.get("/metrics", headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            return answer.text, samples(answer.text)

        _, before = await scrape(TOKEN)
        reply = await phone.ask("a private question")
        admin = (await phone.get("/api/session"))["user"]["id"]
        _, key = await measured.services.keys.create(admin, NewKey(name="grafana", scope="admin"))
        _, gateway = await measured.services.keys.create(admin, NewKey(name="tool"))
        body = {"model": "gpt-5.1", "input": "hello"}
        asked = await prometheus.post("/v1/responses", json=body, headers={"Authorization": f"Bearer {gateway}"})
        assert asked.status_code == 200
        assert (await prometheus.get("/metrics", headers={"Authorization": f"Bearer {gateway}"})).status_code == 403
        await measured.services.database.write(lambda _: None)
        page, after = await scrape(key)

    def grew(name: str, **labels: str) -> float:
        return of(after, name, **labels) - of(before, name, **labels)

    assert grew("llm_router_replies_total", status="done") == 1
    assert grew("llm_router_requests_total", **{"class": "gateway", "status": "200"}) == 1
    assert grew("llm_router_requests_total", **{"class": "health", "status": "403"}) == 1
    assert grew("llm_router_calls_total", kind="chat", status="done") == 1
    assert grew("llm_router_call_seconds_count", kind="gateway") == 1
    assert grew("llm_router_first_token_seconds_bucket", kind="chat", le="+Inf") == 1
    assert grew("llm_router_ledger_calls_total") == 2
    assert grew("llm_router_ledger_tokens_total", bucket="output") > 0
    assert grew("llm_router_ledger_cost_dollars_total") > reply["cost_nanos"] / 1e9 > 0
    assert grew("llm_router_database_commits_total") > 0
    assert of(after, "llm_router_database_bytes", part="database") > 0
    assert of(after, "process_resident_memory_bytes") > 10 * MB and of(after, "process_open_fds") > 5
    for private in ("private", "secret", "gpt", *ADMIN, "grafana", admin):
        assert private not in page
    await phone.close()


async def test_an_admin_has_the_server_examined(house: House, root: Phone, phone: Phone, upstream: Upstream) -> None:
    assert (await root.get("/api/doctor")) == {"findings": [], "looking": None, "at": None}
    await phone.get("/api/doctor", expect=403)
    await phone.post("/api/doctor", {"providers": True}, expect=403)

    async def examined(**wish: Any) -> dict[str, Any]:
        said = await root.post("/api/doctor", wish, expect=202)
        assert said["looking"] == {"at": "version", "done": 0, "total": 8 + bool(wish)}
        async with asyncio.timeout(20):
            while (said := await root.get("/api/doctor"))["looking"]:
                await asyncio.sleep(0.01)
        return {one["subject"]: one for one in said["findings"]}

    found = await examined()
    assert {one["state"] for one in found.values()} == {"ok", "note"}
    assert found["content"]["message"] == "every page of the database is whole"
    assert upstream.requests == [], "nobody outside is asked"
    found = await examined(providers=True)
    assert found["openai …0001"]["state"] == "ok" and "models" in found["openai …0001"]["message"]
    assert "sk-test" not in json.dumps(found)
