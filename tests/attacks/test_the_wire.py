"""Attacks below the API: paths that climb, requests within requests, headers that end too early."""

import json
from urllib.parse import quote

import httpx2
import pytest

from tests.edge.wire import connected, exchange, statuses
from tests.house import House
from tests.phone import Phone

pytestmark = pytest.mark.anyio

CLIMBS = (
    "../../pyproject.toml",
    "..%2f..%2fpyproject.toml",
    "%2e%2e/%2e%2e/pyproject.toml",
    "..%252f..%252fpyproject.toml",
    "....//....//pyproject.toml",
    "..\\..\\pyproject.toml",
    "%00../pyproject.toml",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "~/.ssh/id_rsa",
    "secret.key",
)


async def test_no_path_leads_out_of_its_folder(house: House, phone: Phone, root: Phone) -> None:
    places = ("assets/", "assets/fonts/", "", "api/attachments/", "api/import/", "api/pdf/", "v1/files/")
    for place in places:
        for climb in CLIMBS:
            raw = f"GET /{place}{climb} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            cookie = f"Cookie: llm_router_session={phone.http.cookies['llm_router_session']}\r\n\r\n"
            heard = await exchange(house.url, (raw + cookie).encode())
            assert statuses(heard) in ([400], [401], [404], [405], [422]), (place, climb, heard[:200])
            assert b"[project]" not in heard
            assert b"root:" not in heard
    for climb in CLIMBS:
        for method in ("GET", "DELETE"):
            answer = await root.http.request(
                method, f"/api/backups/{quote(climb, safe='%')}", headers={"X-CSRF-Token": root.csrf}
            )
            assert answer.status_code in (400, 404, 405, 422), (method, climb)
    assert (house.data / "llm-router.db").exists()


async def test_the_name_of_a_file_is_only_a_name(house: House, phone: Phone) -> None:
    names = [
        "../../x.txt",
        "/etc/cron.d/x",
        "a\r\nSet-Cookie: x=1\r\n.txt",
        'x"; filename="y.html',
        "con.txt",
        "." * 300,
    ]
    before = {path for path in house.data.parent.rglob("*") if "attachments" not in path.parts}
    for name in names:
        kept = await phone.upload(name, name.encode())
        answer = await phone.http.get(f"/api/attachments/{kept['id']}", params={"save": "true"})
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "\n" not in answer.headers["content-disposition"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    after = {path for path in house.data.parent.rglob("*") if "attachments" not in path.parts}
    assert not [path for path in after - before if path.suffix not in (".db-wal", ".db-shm")]


HOST = "Host: localhost\r\n"
INNER = "GET /admin/users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        "POST /api/auth/login HTTP/1.1\r\n" + HOST + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/auth/login HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
        "POST /api/auth/login HTTP/1.1\r\n" + HOST + "Content-Length: 5, 50\r\n\r\nhello",
        "POST /api/auth/login HTTP/1.1\r\n" + HOST + "Content-Length: +5\r\n\r\nhello",
        "POST /api/auth/login HTTP/1.1\r\n" + HOST + "Content-Length: -1\r\n\r\n",
        "POST /api/auth/login HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /api/auth/login HTTP/1.1\r\n" + HOST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /api/auth/login HTTP/1.1\r\n" + HOST + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /api/auth/login HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n",
        "GET /health HTTP/1.1\r\n" + HOST + "X: a\r\n folded\r\n\r\n",
        "GET /health HTTP/1.1\r\n" + HOST + "X: a\0b\r\n\r\n",
        "GET /health HTTP/1.1\n" + "Host: localhost\n\n",
        "GET  /health HTTP/1.1\r\n" + HOST + "\r\n",
    ],
)
async def test_a_request_that_two_servers_read_differently_is_the_last_on_its_connection(
    house: House, head: str
) -> None:
    """A proxy in front might see one request where we see two: then the second is never answered."""
    heard = await exchange(house.url, (head + INNER).encode())
    assert len(statuses(heard)) <= 1 or statuses(heard)[0] in (200, 400, 422), heard
    if "Content-Length" in head or "Transfer-Encoding" in head:
        assert statuses(heard)[-1] == 400, heard
        assert len(statuses(heard)) <= 2


async def test_a_request_names_its_host_once(house: House) -> None:
    async with connected(house.url) as line:
        await line.say(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert statuses(await line.rest()) == [400]
    heard = await exchange(
        house.url, b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )
    assert statuses(heard) == [400]


async def test_nothing_that_was_sent_becomes_a_header(house: House, phone: Phone) -> None:
    evil = "x\r\nSet-Cookie: stolen=1\r\n\r\n<script>"
    told: list[httpx2.Response] = []
    conversation = await phone.conversation(title=evil)
    for path in (f"/api/export/{conversation}?format=json", f"/api/export/{conversation}?format=md", "/api/export"):
        told.append(await phone.http.get(path))
    told.append(await phone.http.get("/", params={"x": evil}))
    told.append(await phone.http.post("/share", params={"next": "https://evil.example"}, data={"title": evil}))
    told.append(await phone.http.get(f"/api/{quote(evil)}"))
    told.append(await phone.http.get(f"/v1/{quote(evil)}"))
    for answer in told:
        assert "stolen" not in answer.headers.get("set-cookie", "")
        assert answer.headers.get("location", "/") == "/"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_json_without_end_is_refused_before_it_costs_anything(house: House, phone: Phone) -> None:
    headers = {"X-CSRF-Token": phone.csrf, "Content-Type": "application/json"}
    deep = '{"title": ' * 5_000 + "1" + "}" * 5_000
    for body in (deep, "[" * 900_000, json.dumps({"title": "x" * 900_000}), '{"title": 1e999999}'):
        answer = await phone.http.post("/api/conversations", content=body, headers=headers)
        assert answer.status_code in (400, 422)
        assert "error" in answer.json()
