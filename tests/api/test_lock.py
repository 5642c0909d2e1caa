"""A server under a master password: what it says before it is unlocked, and that everything is there afterwards."""

import httpx2
import pytest

from server.vault import password
from server.vault.vault import Vault
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Upstream

pytestmark = pytest.mark.anyio

MASTER = "eine lange Kette"
KEY = "sk-canary-of-the-locked-house"


@pytest.fixture
async def locked(house: House, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> tuple[House, str, str]:
    """The house after a start under a master password; the cookie and the virtual key that it gave before."""
    monkeypatch.setattr(password, "MEMORY_KIB", 64)
    monkeypatch.setattr(password, "PASSES", 1)
    root = await Phone(house.url).sign_in(*ADMIN)
    await root.post("/api/settings/api-keys", {"provider": "openai", "key": KEY, "everybody": True})
    virtual = (await root.post("/api/virtual-keys", {"name": "laptop"}))["key"]
    cookie = root.http.cookies["llm_router_session"]
    await root.close()
    await house.stop()
    Vault.open(house.data).set_password(MASTER)
    await house.start()
    return house, cookie, virtual


async def test_a_locked_server_is_its_page_and_nothing_else_until_the_master_password_is_given(
    locked: tuple[House, str, str],
) -> None:
    house, cookie, virtual = locked
    mine = {"cookie": f"llm_router_session={cookie}"}
    async with httpx2.AsyncClient(base_url=house.url, timeout=20) as http:
        page = await http.get("/")
        assert page.status_code == 200 and "content-security-policy" in page.headers
        assert (await http.get("/assets/styles.css")).status_code == 200
        for path in ("/health", "/health/live"):
            assert (await http.get(path)).json() == {"status": "locked"}
        for path in ("/health/ready", "/api/session", "/api/conversations", "/api/stream", "/share", "/nowhere"):
            told = await http.get(path, headers=mine)
            assert (told.status_code, told.json()["error"]["code"]) == (503, "locked"), path
            assert "master password" in told.json()["error"]["message"]
        assert (await http.post("/api/auth/login", json={"username": "root", "password": "x"})).status_code == 503

        bearer = {"authorization": f"Bearer {virtual}"}
        chat = await http.post("/v1/chat/completions", json={}, headers=bearer)
        assert (chat.status_code, chat.json()["error"]["type"]) == (503, "server_error")
        anthropic = await http.post("/v1/messages", json={}, headers={"x-api-key": virtual})
        assert (anthropic.status_code, anthropic.json()["type"]) == (503, "error")
        assert "locked" in anthropic.json()["error"]["message"]

        for wrong in ("", "eine lange kette"):
            refused = await http.post("/api/unlock", json={"password": wrong})
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "wrong_password")
        form = await http.post("/api/unlock", content="password=x", headers={"content-type": "text/plain"})
        assert form.status_code in (400, 422)
        foreign = {"origin": "https://evil.example"}
        assert (await http.post("/api/unlock", json={"password": MASTER}, headers=foreign)).status_code == 403
        assert (await http.get("/api/session")).status_code == 503

        assert (await http.post("/api/unlock", json={"password": MASTER})).status_code == 204
        assert (await http.get("/health")).json() == {"status": "ok"}
        assert (await http.get("/api/session", headers=mine)).json()["user"]["username"] == "root"
        assert (await http.get("/v1/models", headers=bearer)).status_code == 200
        stored = (await http.get("/api/settings/api-keys", headers=mine)).json()["keys"]
        assert stored[0]["status"] == "untested"
        assert (await http.post("/api/unlock", json={"password": "again"})).status_code == 204


async def test_guesses_have_to_wait_and_the_right_one_too(locked: tuple[House, str, str]) -> None:
    house, _, _ = locked
    async with httpx2.AsyncClient(base_url=house.url, timeout=20) as http:
        for _ in range(6):
            told = await http.post("/api/unlock", json={"password": "guess"})
        assert told.status_code == 429 and int(told.headers["retry-after"]) > 0
        assert (await http.post("/api/unlock", json={"password": MASTER})).status_code == 429


async def test_the_settings_unlock_at_start_for_those_who_accept_that(locked: tuple[House, str, str]) -> None:
    house, cookie, _ = locked
    await house.stop()
    house.environment["LLM_ROUTER_MASTER_PASSWORD"] = MASTER
    await house.start()
    async with httpx2.AsyncClient(base_url=house.url, cookies={"llm_router_session": cookie}) as http:
        assert (await http.get("/api/session")).status_code == 200
    await house.stop()
    house.environment["LLM_ROUTER_MASTER_PASSWORD"] = "not the one"
    await house.start()
    async with httpx2.AsyncClient(base_url=house.url) as http:
        assert (await http.get("/health")).json() == {"status": "locked"}
