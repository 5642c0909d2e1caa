"""Attacks on who somebody is: sessions planted and kept, names guessed, pages elsewhere that act for them."""

import asyncio
from statistics import median
from time import perf_counter

import httpx2
import pytest

from tests.conftest import ADA
from tests.house import House
from tests.phone import Phone

pytestmark = pytest.mark.anyio
ELSEWHERE = "https://evil.example"


def cookie(phone: Phone) -> str:
    return phone.http.cookies["llm_router_session"]


async def test_a_session_that_was_planted_before_the_sign_in_is_worth_nothing_after_it(
    house: House, bob: Phone, phone: Phone
) -> None:
    victim = Phone(house.url)
    planted = cookie(bob)
    victim.http.cookies.set("llm_router_session", planted, domain="127.0.0.1")
    await victim.sign_in(*ADA)
    fresh = {each.value for each in victim.http.cookies.jar if each.name == "llm_router_session"}
    assert fresh - {planted}
    assert (await bob.get("/api/session"))["user"]["username"] == "bob"
    assert len(set(fresh | {cookie(phone), planted})) == 3, "every sign-in has a session of its own"
    await victim.close()
    async with httpx2.AsyncClient(base_url=house.url) as http:
        for made_up in ("", "x", planted[:-2], f"{planted}x", planted.replace(".", ".x"), "a" * 5000):
            answer = await http.get("/api/session", headers={"Cookie": f"llm_router_session={made_up}"})
            assert answer.status_code == 401, made_up


async def test_a_new_password_ends_every_session_and_a_sign_out_ends_the_stolen_copy(
    house: House, phone: Phone, laptop: Phone, root: Phone
) -> None:
    stolen = {"Cookie": f"llm_router_session={cookie(laptop)}"}
    async with httpx2.AsyncClient(base_url=house.url, headers=stolen) as thief:
        assert (await thief.get("/api/conversations")).status_code == 200
        await laptop.post("/api/auth/logout")
        assert (await thief.get("/api/conversations")).status_code == 401
    stolen = {"Cookie": f"llm_router_session={cookie(phone)}"}
    async with httpx2.AsyncClient(base_url=house.url, headers=stolen) as thief:
        assert (await thief.get("/api/conversations")).status_code == 200
        await house.services.users.set_password(ADA[0], "an entirely new one")
        assert (await thief.get("/api/conversations")).status_code == 401
        assert (await phone.http.get("/api/session")).status_code == 401


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_a_form_elsewhere_changes_nothing(phone: Phone, kind: str) -> None:
    headers = {"Content-Type": kind, "Origin": ELSEWHERE, "Sec-Fetch-Site": "cross-site"}
    body = '{"title": "theirs", "x": "="}'
    assert (await phone.http.post("/api/conversations", content=body, headers=headers)).status_code == 403
    signed_in = await phone.http.post("/api/auth/login", content='{"username":"a","password":"b"}', headers=headers)
    assert signed_in.status_code in (400, 403)
    assert (await phone.get("/api/conversations"))["conversations"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ELSEWHERE},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": ELSEWHERE, "X-HTTP-Method-Override": "GET"},
    ],
)
async def test_a_fetch_elsewhere_changes_nothing_even_with_the_token(phone: Phone, headers: dict[str, str]) -> None:
    told = headers | {"X-CSRF-Token": phone.csrf, "Content-Type": "application/json"}
    for method, path in (("POST", "/api/conversations"), ("PATCH", "/api/preferences"), ("POST", "/api/commands")):
        answer = await phone.http.request(method, path, content="{}", headers=told)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site")
    assert "access-control-allow-origin" not in (await phone.http.get("/api/session", headers=headers)).headers


async def test_an_address_alone_never_changes_anything(phone: Phone) -> None:
    """A picture elsewhere whose address is ours is a GET with the cookie."""
    await phone.conversation(title="here")
    before = await phone.get("/api/conversations")
    for path in ("logout", "login", "register"):
        assert (await phone.http.get(f"/api/auth/{path}")).status_code == 405
    await phone.http.get("/api/conversations", params={"title": "x", "_method": "DELETE"})
    assert await phone.get("/api/conversations") == before


async def test_names_cannot_be_told_from_the_answer_or_its_time(
    house: House, phone: Phone, quick_passwords: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def guess(name: str) -> tuple[float, int, str]:
        house.services.throttle = type(house.services.throttle)()
        began = perf_counter()
        answer = await phone.http.post("/api/auth/login", json={"username": name, "password": "wrong one"})
        return perf_counter() - began, answer.status_code, answer.text

    for name in ("ada", "nobody"):  # what is made at the first attempt is made now
        await guess(name)
    known, unknown = [], []
    for _ in range(5):
        known.append(await guess("ada"))
        unknown.append(await guess("nobody"))
    assert {each[1:] for each in known} == {each[1:] for each in unknown}
    ratio = median(each[0] for each in known) / median(each[0] for each in unknown)
    assert 0.25 < ratio < 4


async def test_many_guesses_at_once_are_not_more_guesses(house: House, phone: Phone) -> None:
    async with httpx2.AsyncClient(base_url=house.url, timeout=60) as http:
        guesses = [http.post("/api/auth/login", json={"username": "ada", "password": f"p{n}"}) for n in range(30)]
        told = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert told.count(401) <= 10
    assert told.count(429) >= 20
