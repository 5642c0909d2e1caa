"""Every request passes the door: the page's and the gateway's, those that are refused as well."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.gateway.conftest import new_key
from tests.house import ADMIN, House
from tests.phone import Phone

pytestmark = pytest.mark.anyio
TOOL = "https://tool.example.com"


@pytest.fixture
async def guarded(empty_house: Path, tmp_path: Path) -> AsyncIterator[House]:
    """As on the internet, behind a proxy on this machine."""
    house = House.over(
        empty_house,
        tmp_path / "data",
        LLM_ROUTER_ENV="production",
        LLM_ROUTER_PUBLIC_URL="https://chat.example.com",
        LLM_ROUTER_TRUSTED_PROXIES="127.0.0.1",
        LLM_ROUTER_CORS_ORIGINS=TOOL,
        LLM_ROUTER_RATE_LIMIT="30",
    )
    yield await house.start()
    await house.stop()


@pytest.fixture
async def key(house: House, phone: Phone) -> str:
    return await new_key(house, phone.session["user"]["id"])


@pytest.fixture
async def http(guarded: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=guarded.url) as http:
        yield http


async def test_another_name_is_refused_with_what_to_do_and_the_probe_is_not(http: httpx2.AsyncClient) -> None:
    for path in ("/", "/api/session", "/assets/app.js", "/manifest.webmanifest"):
        answer = await http.get(path, headers={"Host": "evil.example"})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "host"), path
        assert "evil.example" in error["message"]
        assert "LLM_ROUTER_HOSTS" in error["message"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert (await http.get("/health", headers={"Host": "10.0.0.7.probe.example"})).json()["status"] == "ok"
    assert (await http.get("/", headers={"Host": "chat.example.com"})).status_code == 200
    assert (await http.get("/", headers={"Host": "192.168.1.20:8080"})).status_code == 200


async def test_the_gateway_refuses_another_name_in_its_clients_words(http: httpx2.AsyncClient) -> None:
    headers = {"Host": "evil.example", "anthropic-version": "2023-06-01"}
    answer = await http.post("/v1/messages", json={}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert answer.headers["x-content-type-options"] == "nosniff"
    answer = await http.get("/v1/models", headers={"Host": "evil.example"})
    assert "evil.example" in answer.json()["error"]["message"]


async def test_the_proxys_word_makes_the_cookies_secure(http: httpx2.AsyncClient) -> None:
    body = {"username": ADMIN[0], "password": ADMIN[1]}
    given = {"Host": "other.local", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    answer = await http.post("/api/auth/login", json=body, headers=given)
    assert answer.status_code == 200
    cookies = answer.headers.get_list("set-cookie")
    assert all(each.startswith("__Host-") and "Secure" in each for each in cookies)
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_an_address_that_asks_too_much_waits_and_another_does_not(http: httpx2.AsyncClient) -> None:
    def at(address: str) -> dict[str, str]:
        return {"X-Forwarded-For": address}

    told = [await http.get("/api/session", headers=at("203.0.113.1"))]
    while told[-1].status_code == 401 and len(told) < 200:
        told.append(await http.get("/api/session", headers=at("203.0.113.1")))
    assert told[-1].status_code == 429
    assert len(told) > 30
    assert int(told[-1].headers["retry-after"]) >= 1
    assert told[-1].json()["error"]["code"] == "too_many_requests"
    assert (await http.get("/v1/models", headers=at("203.0.113.1"))).status_code == 429
    assert (await http.get("/api/session", headers=at("203.0.113.2"))).status_code == 401
    assert (await http.get("/", headers=at("203.0.113.1"))).status_code == 200


async def test_a_person_who_asks_too_much_waits_whatever_the_address(guarded: House) -> None:
    phone = await Phone(guarded.url).sign_in(*ADMIN)
    told = [200]
    while told[-1] == 200 and len(told) < 200:
        told.append((await phone.http.get("/api/conversations")).status_code)
    assert told[-1] == 429
    assert len(told) > 30
    async with phone.listening() as stream:
        assert (await stream.next()).type == "sync"
    await phone.close()


async def test_a_configured_page_may_use_the_gateway_and_no_other_may(http: httpx2.AsyncClient) -> None:
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-stainless-os",
    }
    allowed = await http.options("/v1/chat/completions", headers=asks | {"Origin": TOOL})
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == TOOL
    assert allowed.headers["access-control-allow-headers"] == asks["Access-Control-Request-Headers"]
    assert "access-control-allow-credentials" not in allowed.headers
    answer = await http.get("/v1/models", headers={"Origin": TOOL})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, TOOL)
    assert answer.headers["access-control-expose-headers"] == "*", "limits, estimate and model are for its tool too"
    assert "origin" in answer.headers["vary"].lower()
    for origin in ("https://evil.example", "null", TOOL + ".evil.example", "http://tool.example.com"):
        refused = await http.options("/v1/chat/completions", headers=asks | {"Origin": origin})
        assert refused.status_code != 204
        assert not [name for name in refused.headers if name.startswith("access-control-")]


async def test_no_page_elsewhere_reads_our_own_api(http: httpx2.AsyncClient) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Origin": TOOL}
    for path in ("/", "/api/session", "/api/conversations", "/admin/users", "/health", "/assets/app.js"):
        for answer in (await http.options(path, headers=asks), await http.get(path, headers={"Origin": TOOL})):
            assert not [name for name in answer.headers if name.startswith("access-control-")], path


async def test_what_nobody_expected_is_told_in_our_shape_on_both_edges(
    house: House, phone: Phone, key: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the canary sings")

    monkeypatch.setattr(house.services.admissions, "authenticate", fail)
    monkeypatch.setattr(house.services.sessions, "resolve", fail)
    told = [
        await phone.http.get("/api/conversations"),
        await phone.http.get("/v1/models", headers={"authorization": f"Bearer {key}"}),
        await phone.http.post("/v1/messages", json={}, headers={"x-api-key": key}),
    ]
    for answer in told:
        assert answer.status_code == 500
        assert answer.json()["error"]["message"].startswith("something went wrong")
        assert "canary" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "canary" in caplog.text
    monkeypatch.undo()


async def test_every_answer_says_what_a_browser_may_not_do_with_it(house: House, phone: Phone) -> None:
    for method, path in (
        ("GET", "/"),
        ("GET", "/health"),
        ("GET", "/nowhere"),
        ("PUT", "/"),
        ("POST", "/share"),
        ("GET", "/assets/nothing.js"),
        ("GET", "/api/conversations"),
        ("POST", "/api/conversations"),
        ("GET", "/admin/users"),
        ("GET", "/v1/models"),
        ("POST", "/v1/nothing"),
        ("OPTIONS", "/v1/messages"),
        ("BREW", "/api/session"),
    ):
        answer = await phone.http.request(method, path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["referrer-policy"] == "no-referrer", path
