"""Signing in by what a proxy says: only one of the configured addresses may, and only once a request."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlmodel import SQLModel

from server.accounts.pace import Pace
from server.accounts.passwords import Passwords
from server.accounts.roster import Change
from server.accounts.sessions import Sessions
from server.accounts.users import Users
from server.api import auth, errors
from server.live.ring import Live
from server.setting_sources import SettingsError
from server.settings import Settings
from server.store.engine import Database, connect
from server.vault.vault import Vault

pytestmark = pytest.mark.anyio

PROXY, STRANGER = "172.18.0.7", "192.0.2.9"
SETTINGS = {
    "LLM_ROUTER_PROXY_USER_HEADER": "Remote-User",
    "LLM_ROUTER_PROXY_ADDRESSES": "127.0.0.1, 172.18.0.0/16",
}


class Stand:
    def __init__(self, here: SimpleNamespace) -> None:
        self.here = here
        self.app = FastAPI()
        self.app.state.services, self.app.state.settings = here, here.settings
        self.app.include_router(auth.router)
        errors.install(self.app)

    def use(self, **more: str) -> None:
        self.here.settings = self.app.state.settings = Settings.load(SETTINGS | more)

    def browser(self, address: str, *names: str, **headers: str) -> AsyncClient:
        pairs = [*(("Remote-User", name) for name in names), *headers.items()]
        transport = ASGITransport(app=self.app, client=(address, 4711))
        return AsyncClient(transport=transport, base_url="http://pi.lan:8080", headers=pairs)

    async def enter(self, address: str, *names: str, **headers: str) -> tuple[int, Any]:
        answer = await self.browser(address, *names, **headers).post("/api/auth/proxy", json={})
        body = answer.json()
        return answer.status_code, body["error"]["code"] if "error" in body else body["user"]["username"]


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    engine = connect(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(engine)
    database = Database(engine)
    sessions = Sessions(database, Vault([Fernet.generate_key()]), timedelta(days=90))
    here = SimpleNamespace(
        settings=Settings.load(SETTINGS),
        users=Users(database, Passwords()),
        sessions=sessions,
        live=Live(),
        push=SimpleNamespace(prepare=AsyncMock()),
        pace=Pace(0),
    )
    await here.users.create_first("root", "correct horse")
    await here.users.create("ada", "lovelace engine")
    yield Stand(here)
    await database.close()


async def test_who_the_proxy_let_in_is_signed_in_and_csrf_still_holds(stand: Stand) -> None:
    page = stand.browser(PROXY, "Ada")
    told = (await page.get("/api/session")).json()["error"]
    assert (told["code"], told["proxy"]) == ("not_signed_in", True)
    assert "set-cookie" not in (await page.get("/api/session")).headers
    csrf = (await page.post("/api/auth/proxy", json={})).json()["csrf"]
    assert (await page.get("/api/session")).json()["user"]["username"] == "ada"
    assert (await page.patch("/api/preferences", json={"theme": "day"})).status_code == 403
    changed = await page.patch("/api/preferences", json={"theme": "day"}, headers={"X-CSRF-Token": csrf})
    assert changed.status_code == 200
    cookie = dict(page.cookies)
    assert (await stand.enter(PROXY, "ada", **{"sec-fetch-site": "cross-site"})) == (403, "cross_site")

    # The session is ada's: it is nobody's for whoever comes through the proxy as somebody else.
    other = stand.browser(PROXY, "root")
    other.cookies.update(cookie)
    assert (await other.get("/api/session")).status_code == 401


async def test_nobody_else_can_say_who_they_are(stand: Stand) -> None:
    forwarded = {"X-Forwarded-For": PROXY, "Forwarded": f"for={PROXY}", "X-Real-IP": PROXY}
    for address, names, headers in (
        (STRANGER, ("root",), {}),
        (STRANGER, ("root",), forwarded),
        ("::ffff:192.0.2.9", ("root",), {}),
        (PROXY, ("ada", "root"), {}),
        (PROXY, ("ada", "ada"), {}),
        (PROXY, ("",), {}),
        (PROXY, (), {}),
        (PROXY, (), {"Remote_User": "root"}),
        ("testclient", ("root",), {}),
    ):
        assert (await stand.enter(address, *names, **headers)) == (401, "no_proxy"), (address, names, headers)
        seen = await stand.browser(address, *names, **headers).get("/api/session")
        assert seen.json()["error"]["proxy"] is False
    assert (await stand.enter("::ffff:172.18.0.7", "ada")) == (200, "ada")


async def test_only_those_who_have_an_account_that_is_open(stand: Stand) -> None:
    for name in ("nobody", "legacy", "a b", "x" * 400):
        assert (await stand.enter(PROXY, name)) == (403, "no_account"), name
    ada = await stand.here.users.named("ada")
    await stand.here.users.change(ada.id, Change(disabled=True))
    assert (await stand.enter(PROXY, "ada")) == (403, "account_disabled")
    stand.use(LLM_ROUTER_PROXY_CREATE="true")
    assert (await stand.enter(PROXY, "grace@example.com")) == (200, "grace@example.com")
    assert (await stand.here.users.named("grace@example.com")).role == "member"
    assert (await stand.enter(PROXY, "ada")) == (403, "account_disabled")


def test_a_header_without_addresses_is_refused_at_start() -> None:
    for given in (
        {"LLM_ROUTER_PROXY_USER_HEADER": "Remote-User"},
        {"LLM_ROUTER_PROXY_ADDRESSES": "127.0.0.1"},
        SETTINGS | {"LLM_ROUTER_PROXY_ADDRESSES": "everywhere"},
    ):
        with pytest.raises(SettingsError):
            Settings.load(given)
