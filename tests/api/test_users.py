"""People as the admin manages them: made, changed, shut out, erased; links that work once; invitations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.chat import erasure
from server.errors import NotFound
from tests.conftest import ADA
from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.pictures import picture
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio
PASSWORD = "a better password"


async def id_of(root: Phone, username: str) -> str:
    users = (await root.get("/api/users"))["users"]
    return str(next(user["id"] for user in users if user["username"] == username))


def token_of(url: str) -> str:
    return url.partition("#/welcome/")[2]


async def stranger(house: House, path: str, body: Any, expect: int) -> Any:
    """What somebody without a session is answered."""
    async with httpx2.AsyncClient(base_url=house.url) as http:
        answer = await http.post(path, json=body)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def rows(house: House, query: str) -> list[Any]:
    found: list[Any] = await house.services.database.read(lambda connection: list(connection.exec_driver_sql(query)))
    return found


async def gone(house: House, id: str) -> None:
    """Waits until there is nobody with this id."""
    async with asyncio.timeout(PATIENCE):
        while await rows(house, f"SELECT 1 FROM users WHERE id = '{id}'"):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/users", None),
        ("POST", "/api/users", {"username": "eve"}),
        ("PATCH", "/api/users/{root}", {"role": "member"}),
        ("PATCH", "/api/users/{me}", {"role": "admin"}),
        ("PATCH", "/api/users/{me}", {"models": []}),
        ("DELETE", "/api/users/{root}", None),
        ("POST", "/api/users/{root}/link", {}),
        ("GET", "/api/invitations", None),
        ("POST", "/api/invitations", {"role": "admin"}),
        ("DELETE", "/api/invitations/x", None),
    ],
)
async def test_a_member_manages_nobody(phone: Phone, root: Phone, method: str, path: str, body: Any) -> None:
    names = {"root": root.session["user"]["id"], "me": phone.session["user"]["id"]}
    answer = await phone.call(method, path.format(**names), body, expect=403)
    assert answer["error"]["code"] == "forbidden"
    assert [user["role"] for user in (await root.get("/api/users"))["users"]] == ["admin", "member"]


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("DELETE", ""), ("POST", "/link")])
async def test_nobody_is_not_found(root: Phone, method: str, path: str) -> None:
    await root.call(method, f"/api/users/nobody{path}", {} if method != "DELETE" else None, expect=404)
    await root.call("DELETE", "/api/invitations/nothing", expect=404)


async def test_an_account_begins_with_a_link_that_works_once(house: House, root: Phone) -> None:
    wanted = {"username": "eve", "models": ["gpt-*"], "own_keys": "no"}
    eve = await root.post("/api/users", wanted, expect=201)
    assert (eve["role"], eve["state"], eve["models"], eve["own_keys"]) == ("member", "active", ["gpt-*"], "no")
    await root.post("/api/users", wanted, expect=409)
    link = await root.post(f"/api/users/{eve['id']}/link", expect=201)
    assert link["url"].startswith(f"{house.url}/#/welcome/")
    token = token_of(link["url"])
    offer = await stranger(house, "/api/welcome", {"token": token}, 200)
    assert (offer["kind"], offer["username"], offer["expires_at"]) == ("password", "eve", link["expires_at"])
    signed_in = await stranger(house, "/api/welcome/password", {"token": token, "password": PASSWORD}, 200)
    assert signed_in["user"]["username"] == "eve"
    for body in ({"token": token, "password": "yet another"}, {"token": "", "password": "yet another"}):
        refused = await stranger(house, "/api/welcome/password", body, 404)
        assert refused["error"]["code"] == "link_over"
    await (await Phone(house.url).sign_in("eve", PASSWORD)).close()


async def test_a_new_password_by_link_ends_what_was_open(house: House, root: Phone, phone: Phone) -> None:
    link = await root.post(f"/api/users/{phone.session['user']['id']}/link")
    async with phone.listening() as stream:
        await stream.next()
        await stranger(house, "/api/welcome/password", {"token": token_of(link["url"]), "password": PASSWORD}, 200)
        await stream.until(lambda event: event.type == "bye")
    await phone.get("/api/conversations", expect=401)


async def test_guessing_links_is_slowed_down(house: House) -> None:
    answers = [await stranger_status(house, f"guess-{number}") for number in range(12)]
    assert answers[0] == 404
    assert answers[-1] == 429


async def stranger_status(house: House, token: str) -> int:
    async with httpx2.AsyncClient(base_url=house.url) as http:
        return (await http.post("/api/welcome", json={"token": token})).status_code


async def test_disabling_ends_sessions_streams_replies_and_keys_at_once(
    house: House, root: Phone, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.api.stream.RECHECK", PATIENCE * 10)
    key = (await phone.post("/api/virtual-keys", {"name": "laptop"}))["key"]
    upstream.default(Answer(text="never said as a whole", chunk=1, hold_after=12))
    sent = await phone.send(await phone.conversation(), "hello", models=["gpt-5.1"])
    await phone.until(sent["reply"]["id"], lambda message: message["status"] == "streaming")
    body = {"model": "gpt-5.1", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=house.url, headers=headers, timeout=PATIENCE) as tool:
        async with phone.listening() as stream, tool.stream("POST", "/v1/chat/completions", json=body) as answer:
            pieces = answer.aiter_text()
            await anext(pieces)
            await stream.next()
            disabled = await root.call("PATCH", f"/api/users/{phone.session['user']['id']}", {"disabled": True})
            await stream.until(lambda event: event.type == "bye")
            rest = "".join([piece async for piece in pieces])
        assert disabled["state"] == "disabled"
        assert "this account was disabled" in rest
        assert (await tool.post("/v1/chat/completions", json=body)).status_code == 401
    await phone.get("/api/conversations", expect=401)
    assert sent["reply"]["id"] not in house.services.replies.running
    assert {row[0] for row in await rows(house, "SELECT status FROM calls")} == {"stopped"}
    await root.call("PATCH", f"/api/users/{phone.session['user']['id']}", {"disabled": False})
    await phone.sign_in(*ADA)
    assert (await phone.message(sent["reply"]["id"]))["status"] == "stopped"


async def test_a_session_that_another_process_ends_stops_listening(
    house: House, root: Phone, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.api.stream.RECHECK", 0.05)
    async with phone.listening() as stream:
        await stream.next()
        await rows(house, "SELECT 1")
        query = "UPDATE users SET disabled_at = created_at WHERE username = 'ada'"
        await house.services.database.write(lambda connection: connection.exec_driver_sql(query))
        await stream.until(lambda event: event.type == "bye")


async def test_it_stops_listening_too_while_there_is_always_something_to_hear(
    house: House, root: Phone, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.api.stream.RECHECK", 1.0)
    ada = phone.session["user"]["id"]

    async def talk() -> None:
        while True:
            house.services.live.publish(ada, "notice", "{}")
            await asyncio.sleep(0.01)

    async with phone.listening() as stream:
        talking = asyncio.create_task(talk())
        query = "UPDATE users SET disabled_at = created_at WHERE username = 'ada'"
        await house.services.database.write(lambda connection: connection.exec_driver_sql(query))
        try:
            async with asyncio.timeout(PATIENCE):
                await stream.until(lambda event: event.type == "bye")
        finally:
            talking.cancel()


async def test_a_deleted_person_leaves_nothing_but_figures(
    house: House, root: Phone, phone: Phone, bob: Phone, upstream: Upstream
) -> None:
    ada = phone.session["user"]["id"]
    alone, shared = picture(60), picture(70)
    mine = await phone.upload("a.png", alone)
    await phone.upload("b.png", shared)
    theirs = await bob.upload("b.png", shared)
    await phone.send(await phone.conversation(), "my secret", attachments=[mine["id"]])
    await phone.post("/api/virtual-keys", {"name": "ada's laptop"})
    await phone.post("/api/templates", {"client_id": "a-template", "name": "greeting", "text": "my secret"})
    await phone.ask("another secret")
    await bob.ask("mine stays")
    upstream.script(Answer(text="never whole", hold_after=2))
    running = await phone.send(await phone.conversation(), "a third secret")
    await phone.until(running["reply"]["id"], lambda _: len(upstream.calls) == 4)
    await phone.post("/api/settings/api-keys", {"key": "sk-proj-adas-own-key-1234"})
    await root.call("DELETE", f"/api/users/{ada}")
    assert running["reply"]["id"] not in house.services.replies.running
    await root.call("DELETE", f"/api/users/{ada}", expect=404)
    await gone(house, ada)
    tables = await rows(house, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%fts%'")
    kept = {name for (name,) in tables if any(ada in str(row) for row in await rows(house, f"SELECT * FROM [{name}]"))}
    assert kept <= {"calls", "totals", "usage_slots", "usage_days", "conversation_slots"}
    for (name,) in tables:
        assert not any("secret" in str(row) for row in await rows(house, f"SELECT * FROM [{name}]")), name
    assert len(await rows(house, f"SELECT 1 FROM calls WHERE user_id = '{ada}' AND status != 'held'")) == 3
    files = {path.name for path in (house.data / "attachments").rglob("*") if path.is_file()}
    assert len([name for name in files if not name.endswith(".thumb")]) == 1
    assert (await bob.http.get(f"/api/attachments/{theirs['id']}")).status_code == 200
    assert len((await bob.get("/api/conversations"))["conversations"]) == 1
    await root.post("/api/users", {"username": "ada"}, expect=201)


async def test_an_erasure_that_a_restart_interrupts_goes_on(house: House, root: Phone, phone: Phone) -> None:
    ada = phone.session["user"]["id"]
    await phone.ask("hello")
    await house.services.erasure.close()
    await root.call("DELETE", f"/api/users/{ada}")
    assert await rows(house, f"SELECT 1 FROM users WHERE id = '{ada}' AND username = 'deleted user'")
    await house.stop()
    await house.start()
    async with asyncio.timeout(PATIENCE):
        while await rows(house, "SELECT 1 FROM messages"):
            await asyncio.sleep(0.01)


async def test_the_last_admin_is_not_lost_over_http(root: Phone) -> None:
    me = root.session["user"]["id"]
    for method, body in (("PATCH", {"role": "member"}), ("PATCH", {"disabled": True}), ("DELETE", None)):
        refused = await root.call(method, f"/api/users/{me}", body, expect=409)
        assert refused["error"]["code"] == "last_admin"


@pytest.fixture
async def open_house(empty_house: Path, tmp_path: Path) -> AsyncIterator[House]:
    """One where people may register."""
    built = House.over(empty_house, tmp_path / "open", LLM_ROUTER_REGISTRATION="true", LLM_ROUTER_DEMO="true")
    yield await built.start()
    await built.stop()


async def test_an_invitation_makes_an_account_where_that_is_on(open_house: House) -> None:
    root = await Phone(open_house.url).sign_in("root", "correct horse battery")
    invited = await root.post("/api/invitations", {"days": 3}, expect=201)
    assert invited["url"].endswith(f"#/welcome/{invited['code']}")
    assert len((await root.get("/api/invitations"))["invitations"]) == 1
    offer = await stranger(open_house, "/api/welcome", {"token": invited["code"]}, 200)
    assert offer["kind"] == "register"
    body = {"username": "eve", "password": PASSWORD}
    for code in ("", "0000-0000-0000-0000"):
        refused = await stranger(open_house, "/api/auth/register", body | {"code": code}, 404)
        assert refused["error"]["code"] == "link_over"
    made = await stranger(open_house, "/api/auth/register", body | {"code": invited["code"].lower()}, 201)
    assert made["user"]["role"] == "member"
    assert (await root.get("/api/invitations"))["invitations"] == []
    await stranger(open_house, "/api/auth/register", body | {"username": "fay", "code": invited["code"]}, 404)
    second = await root.post("/api/invitations", {})
    await root.call("DELETE", f"/api/invitations/{second['id']}")
    await stranger(open_house, "/api/auth/register", body | {"username": "fay", "code": second["code"]}, 404)
    await root.close()


async def test_an_invitation_is_worth_nothing_where_registering_is_off(house: House, root: Phone) -> None:
    invited = await root.post("/api/invitations", {})
    body = {"username": "eve", "password": PASSWORD, "code": invited["code"]}
    refused = await stranger(house, "/api/auth/register", body, 403)
    assert refused["error"]["code"] == "registration_off"


async def test_the_sign_in_page_is_told_whether_people_may_register(house: House, open_house: House) -> None:
    for where, allowed in ((house, False), (open_house, True)):
        async with httpx2.AsyncClient(base_url=where.url) as http:
            assert (await http.get("/api/session")).json()["error"]["registration"] is allowed


async def test_no_secret_of_a_link_is_logged(
    house: House, root: Phone, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    token = token_of((await root.post(f"/api/users/{phone.session['user']['id']}/link"))["url"])
    await stranger(house, "/api/welcome", {"token": token}, 200)
    await stranger(house, "/api/welcome/password", {"token": token, "password": "x"}, 400)
    await stranger(house, "/api/welcome/password", {"token": [token], "password": PASSWORD}, 422)
    assert token not in caplog.text


async def test_a_pdf_under_way_ends_with_the_person_whom_a_command_deletes(
    house: House, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def endless(*_arguments: object, **_options: object) -> AsyncIterator[Any]:
        begun.set()
        yield await asyncio.Event().wait()

    monkeypatch.setattr("server.archive.papers.process.lines", endless)
    ada = phone.session["user"]["id"]
    reply = await phone.ask("my secret")
    paper = await phone.post(f"/api/export/{reply['conversation_id']}/pdf")
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
    await house.services.users.give_up(ada)
    house.services.erasure.look()
    await gone(house, ada)
    assert not (house.data / "papers" / paper["id"]).exists()
    with pytest.raises(NotFound):
        house.services.papers.get(ada, paper["id"])


async def test_one_who_cannot_be_erased_keeps_nobody_else(
    house: House, root: Phone, phone: Phone, bob: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, other = phone.session["user"]["id"], bob.session["user"]["id"]
    real = erasure.erase

    async def failing(database: Any, user_id: str, files: Any) -> None:
        if user_id == ada:
            raise OSError("the disk is of another opinion")
        await real(database, user_id, files)

    monkeypatch.setattr(erasure, "erase", failing)
    for id in (ada, other):
        await root.call("DELETE", f"/api/users/{id}")
    await gone(house, other)
    assert await rows(house, f"SELECT 1 FROM users WHERE id = '{ada}'")
