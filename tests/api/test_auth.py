from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from sqlmodel import SQLModel

from server.accounts.invitations import Invitations
from server.accounts.pace import Pace
from server.accounts.passwords import Passwords
from server.accounts.sessions import Sessions
from server.accounts.setup_code import SetupCode
from server.accounts.throttle import Throttle
from server.accounts.users import Users
from server.api import auth, errors
from server.live.ring import Live
from server.ops.push import Push
from server.settings import Settings
from server.store.engine import Database, connect
from server.vault.vault import Vault

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse"
NAME = {"username": "ada", "password": PASSWORD}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[SimpleNamespace]:
    engine = connect(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(engine)
    database, vault = Database(engine), Vault([Fernet.generate_key()])
    users, settings, live = Users(database, Passwords()), Settings(), Live()
    yield SimpleNamespace(
        settings=settings,
        database=database,
        vault=vault,
        users=users,
        invitations=Invitations(database, users),
        sessions=Sessions(database, vault, timedelta(days=90)),
        throttle=Throttle(),
        pace=Pace(0),
        setup_code=SetupCode(),
        live=live,
        push=Push(database, vault, live, settings, str),
    )
    await database.close()


@pytest.fixture
def browser(here: SimpleNamespace) -> Callable[..., AsyncClient]:
    """A browser at an address; it keeps cookies and sends what it is told to send."""
    app = FastAPI()
    app.state.services = here
    app.include_router(auth.router)
    errors.install(app)

    def make(address: str = "http://pi.lan:8080", **headers: str) -> AsyncClient:
        app.state.settings = here.settings
        return AsyncClient(transport=ASGITransport(app=app), base_url=address, headers=headers)

    return make


@pytest.fixture
async def ada(here: SimpleNamespace) -> Any:
    return await here.users.create_first("ada", PASSWORD)


def error_of(response: Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert error["message"][0].islower() and error["message"][-1] not in ".!"
    return response.status_code, error["code"]


async def test_the_first_account_is_made_with_the_code_and_is_signed_in_at_once(
    browser: Callable[..., AsyncClient], here: SimpleNamespace
) -> None:
    async with browser() as phone:
        before = await phone.get("/api/session")
        assert error_of(before) == (401, "not_signed_in")
        assert before.json()["error"]["setup"] is True
        made = await phone.post("/api/setup", json={"code": here.setup_code.text, **NAME})
        assert made.status_code == 201
        assert made.json()["user"]["role"] == "admin"
        session = await phone.get("/api/session")
        assert session.json() == made.json()


async def test_a_wrong_code_makes_nothing_and_guessing_it_is_slowed_down(
    browser: Callable[..., AsyncClient], here: SimpleNamespace
) -> None:
    async with browser() as phone:
        answers = [error_of(await phone.post("/api/setup", json={"code": "0000-0000-0000", **NAME})) for _ in range(12)]
    assert answers[0] == (403, "wrong_code")
    assert answers[-1] == (429, "too_many_requests")
    assert await here.users.count() == 0


async def test_the_code_is_worth_nothing_once_there_is_an_account(
    browser: Callable[..., AsyncClient], here: SimpleNamespace, ada: Any
) -> None:
    async with browser() as phone:
        body = {"code": here.setup_code.text, "username": "eve", "password": PASSWORD}
        assert error_of(await phone.post("/api/setup", json=body)) == (409, "already_set_up")
        assert (await phone.get("/api/session")).json()["error"]["setup"] is False


async def test_a_sign_in_sets_cookies_that_no_script_can_read(browser: Callable[..., AsyncClient], ada: Any) -> None:
    async with browser() as phone:
        response = await phone.post("/api/auth/login", json=NAME)
    cookies = response.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("llm_router_")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie
        assert "Secure" not in cookie
    assert response.json()["csrf"] not in str(cookies)


@pytest.mark.parametrize(
    ("address", "public"),
    [("https://chat.example.com", None), ("http://chat.example.com", "https://chat.example.com")],
)
async def test_on_https_the_cookies_are_secure_and_bound_to_the_host(
    browser: Callable[..., AsyncClient], here: SimpleNamespace, ada: Any, address: str, public: str | None
) -> None:
    here.settings = Settings(public_url=public)
    async with browser(address) as phone:
        cookies = (await phone.post("/api/auth/login", json=NAME)).headers.get_list("set-cookie")
    assert all(cookie.startswith("__Host-llm_router_") and "Secure" in cookie for cookie in cookies)


async def test_a_plain_cookie_is_not_believed_on_https(browser: Callable[..., AsyncClient], ada: Any) -> None:
    async with browser() as phone:
        await phone.post("/api/auth/login", json=NAME)
        cookie = phone.cookies["llm_router_session"]
    async with browser("https://pi.lan", Cookie=f"llm_router_session={cookie}") as phone:
        assert error_of(await phone.get("/api/session")) == (401, "not_signed_in")


async def test_the_lan_address_works_beside_a_public_https_one(
    browser: Callable[..., AsyncClient], here: SimpleNamespace, ada: Any
) -> None:
    here.settings = Settings(public_url="https://chat.example.com")
    async with browser("http://192.168.1.20:8080") as phone:
        await phone.post("/api/auth/login", json=NAME)
        assert (await phone.get("/api/session")).status_code == 200


async def test_an_unknown_person_and_a_wrong_password_get_the_same_answer(
    browser: Callable[..., AsyncClient], ada: Any
) -> None:
    async with browser() as phone:
        wrong = await phone.post("/api/auth/login", json={"username": "ada", "password": "wrong password"})
        unknown = await phone.post("/api/auth/login", json={"username": "eve", "password": "wrong password"})
    assert error_of(wrong) == (401, "wrong_login")
    assert (wrong.status_code, wrong.text) == (unknown.status_code, unknown.text)


async def test_guessing_a_password_is_slowed_down_and_says_for_how_long(
    browser: Callable[..., AsyncClient], ada: Any
) -> None:
    async with browser() as phone:
        body = {"username": "ada", "password": "wrong password"}
        answers = [await phone.post("/api/auth/login", json=body) for _ in range(7)]
        assert error_of(answers[-1]) == (429, "too_many_requests")
        assert int(answers[-1].headers["retry-after"]) == answers[-1].json()["error"]["retry_after"] >= 1
        # Even the right one has to wait its turn now.
        assert error_of(await phone.post("/api/auth/login", json=NAME)) == (429, "too_many_requests")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"Origin": "http://pi.lan:8080"}, 200),
        ({"Origin": "http://PI.lan:8080"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://chat.example.com"}, 200),
        ({"Origin": "http://pi.lan"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://pi.lan:8080.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://pi.lan:8080"}, 403),
    ],
)
async def test_only_our_own_page_may_sign_in_or_change_things(
    browser: Callable[..., AsyncClient],
    here: SimpleNamespace,
    ada: Any,
    headers: dict[str, str],
    expected: int,
) -> None:
    here.settings = Settings(public_url="https://chat.example.com")
    async with browser() as phone:
        assert (await phone.post("/api/auth/login", json=NAME, headers=headers)).status_code == expected
        csrf = (await phone.post("/api/auth/login", json=NAME)).json()["csrf"]
        change = await phone.patch("/api/preferences", json={"theme": "day"}, headers={"X-CSRF-Token": csrf, **headers})
        assert change.status_code == expected


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_a_foreign_form_can_send_does_not_sign_in(
    browser: Callable[..., AsyncClient], ada: Any, kind: str
) -> None:
    async with browser() as phone:
        body = b'{"username": "ada", "password": "correct horse"}'
        response = await phone.post("/api/auth/login", content=body, headers={"Content-Type": kind})
    assert error_of(response) == (400, "not_json")
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("token", [None, "", "wrong", "ü"])
async def test_changing_something_needs_the_token_of_the_session(
    browser: Callable[..., AsyncClient], ada: Any, token: str | None
) -> None:
    async with browser() as phone:
        await phone.post("/api/auth/login", json=NAME)
        headers = {} if token is None else {"X-CSRF-Token": token.encode("latin-1")}
        for method, path in [
            ("POST", "/api/auth/logout"),
            ("PATCH", "/api/preferences"),
            ("DELETE", "/api/sessions/x"),
        ]:
            assert error_of(await phone.request(method, path, headers=headers, json={})) == (403, "csrf")


async def test_the_token_of_another_session_does_not_do(browser: Callable[..., AsyncClient], ada: Any) -> None:
    async with browser() as phone, browser() as laptop:
        await phone.post("/api/auth/login", json=NAME)
        other = (await laptop.post("/api/auth/login", json=NAME)).json()["csrf"]
        response = await phone.post("/api/auth/logout", headers={"X-CSRF-Token": other})
        assert error_of(response) == (403, "csrf")


async def test_signing_out_ends_the_session_and_not_only_the_cookie(
    browser: Callable[..., AsyncClient], ada: Any
) -> None:
    async with browser() as phone:
        csrf = (await phone.post("/api/auth/login", json=NAME)).json()["csrf"]
        stolen = phone.cookies["llm_router_session"]
        response = await phone.post("/api/auth/logout", headers={"X-CSRF-Token": csrf})
        assert response.status_code == 204
        assert "llm_router_session" not in phone.cookies
    async with browser(Cookie=f"llm_router_session={stolen}") as thief:
        assert error_of(await thief.get("/api/sessions")) == (401, "not_signed_in")


async def test_a_lost_phone_is_signed_out_from_the_laptop(browser: Callable[..., AsyncClient], ada: Any) -> None:
    async with browser() as phone, browser() as laptop:
        await phone.post("/api/auth/login", json=NAME)
        csrf = (await laptop.post("/api/auth/login", json=NAME)).json()["csrf"]
        listed = (await laptop.get("/api/sessions")).json()["sessions"]
        assert [each["current"] for each in listed] == [True, False]
        assert set(listed[0]) == {"id", "device", "created_at", "expires_at", "current"}
        gone = await laptop.delete(f"/api/sessions/{listed[1]['id']}", headers={"X-CSRF-Token": csrf})
        assert gone.status_code == 204
        assert (await phone.get("/api/session")).status_code == 401
        assert (await laptop.get("/api/session")).status_code == 200


async def test_the_device_survives_lost_cookies_and_a_cleared_local_storage(
    browser: Callable[..., AsyncClient], ada: Any
) -> None:
    async with browser() as phone:
        device = (await phone.post("/api/auth/login", json=NAME)).json()["device"]["id"]
        # Local storage cleared: the cookie brings the same device back at the next sign-in.
        again = (await phone.post("/api/auth/login", json=NAME)).json()["device"]["id"]
        # The device cookie alone is gone: the session brings it back.
        del phone.cookies["llm_router_device"]
        await phone.get("/api/session")
        assert phone.cookies["llm_router_device"] == device
    async with browser() as phone:  # cookies gone: what local storage remembers brings it back
        kept = (await phone.post("/api/auth/login", json=NAME, headers={"X-Device": device})).json()["device"]
    assert [again, kept["id"]] == [device, device]


async def test_nobody_signs_up_unless_the_admin_allows_it(
    browser: Callable[..., AsyncClient], here: SimpleNamespace, ada: Any
) -> None:
    _, code = await here.invitations.invite("member", 7, ada.id)
    newcomer = {"username": "eve", "password": PASSWORD}
    async with browser() as phone:
        invited = newcomer | {"code": code}
        assert error_of(await phone.post("/api/auth/register", json=invited)) == (403, "registration_off")
        here.settings = Settings(registration=True)
        assert error_of(await phone.post("/api/auth/register", json=newcomer)) == (404, "link_over")
        made = await phone.post("/api/auth/register", json=invited)
        assert (made.status_code, made.json()["user"]["role"]) == (201, "member")


async def test_guessing_an_invitation_is_slowed_down(
    browser: Callable[..., AsyncClient], here: SimpleNamespace, ada: Any
) -> None:
    here.settings = Settings(registration=True)
    async with browser() as phone:
        body = {"username": "eve", "password": PASSWORD, "code": "0000-0000-0000-0000"}
        answers = [error_of(await phone.post("/api/auth/register", json=body)) for _ in range(12)]
    assert answers[0] == (404, "link_over")
    assert answers[-1] == (429, "too_many_requests")


async def test_the_first_account_cannot_be_made_by_signing_up(
    browser: Callable[..., AsyncClient], here: SimpleNamespace
) -> None:
    here.settings = Settings(registration=True)
    async with browser() as phone:
        assert error_of(await phone.post("/api/auth/register", json=NAME)) == (409, "not_set_up")


async def test_preferences_are_kept_with_the_account(browser: Callable[..., AsyncClient], ada: Any) -> None:
    async with browser() as phone:
        csrf = {"X-CSRF-Token": (await phone.post("/api/auth/login", json=NAME)).json()["csrf"]}
        await phone.patch("/api/preferences", json={"theme": "day"}, headers=csrf)
        answer = await phone.patch("/api/preferences", json={"default_model": "gpt-5.1"}, headers=csrf)
        assert answer.json() == {"preferences": {"theme": "day", "default_model": "gpt-5.1"}}
        for wrong in ({"theme": "pink"}, {"colour": "red"}, [], "x"):
            assert error_of(await phone.patch("/api/preferences", json=wrong, headers=csrf)) == (422, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"username": "ada"}',
        b'{"username": 1, "password": 2}',
        b'{"username": "\\ud800", "password": "x"}',
        b"\xff",
    ],
)
async def test_a_broken_request_gets_a_sentence(browser: Callable[..., AsyncClient], ada: Any, body: bytes) -> None:
    async with browser() as phone:
        response = await phone.post("/api/auth/login", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    assert set(response.json()["error"]) == {"code", "message"}


@pytest.mark.parametrize("username", ["a\\u0000b", "😀" * 600, "' OR 1=1 --"])
async def test_a_strange_username_is_just_wrong(browser: Callable[..., AsyncClient], ada: Any, username: str) -> None:
    async with browser() as phone:
        response = await phone.post(
            "/api/auth/login",
            content=f'{{"username": "{username}", "password": "a\\u0000b"}}'.encode(),
            headers={"Content-Type": "application/json"},
        )
    assert error_of(response) == (401, "wrong_login")
