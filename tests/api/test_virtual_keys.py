"""Virtual keys over HTTP: a member's own, everybody's for an admin, and for programs with an admin's key."""

from typing import Any

import httpx2
import pytest

from tests.house import House
from tests.phone import Phone

pytestmark = pytest.mark.anyio


async def test_a_member_makes_lists_and_revokes_their_own(phone: Phone, house: House) -> None:
    wanted = {"name": "laptop", "project": "home", "models": ["gpt-*"], "rpm": 10, "limit_nanos": 5_000_000_000}
    made = await phone.post("/api/virtual-keys", wanted, expect=201)
    assert made["key"].startswith("sk-llmr-")
    assert made["shown"] == f"sk-llmr-…{made['key'][-4:]}"
    listed = (await phone.get("/api/virtual-keys"))["keys"]
    assert [key["id"] for key in listed] == [made["id"]]
    assert {name: listed[0][name] for name in wanted} == wanted
    assert listed[0]["figures"]["cost_nanos"] == 0
    assert made["key"] not in str(listed)
    await phone.call("DELETE", f"/api/virtual-keys/{made['id']}", expect=204)
    assert (await phone.get("/api/virtual-keys"))["keys"][0]["state"] == "revoked"
    assert (await house.services.keys.find(made["key"])).revoked_at is not None


async def test_somebody_elses_key_does_not_exist(phone: Phone, bob: Phone) -> None:
    made = await phone.post("/api/virtual-keys", {"name": "laptop"})
    assert (await bob.get("/api/virtual-keys"))["keys"] == []
    await bob.call("DELETE", f"/api/virtual-keys/{made['id']}", expect=404)
    assert (await phone.get("/api/virtual-keys"))["keys"][0]["state"] == "active"


async def test_an_admin_sees_and_revokes_every_key_and_makes_them_for_others(phone: Phone, root: Phone) -> None:
    own = await phone.post("/api/virtual-keys", {"name": "laptop"})
    given = await root.post("/admin/virtual-keys", {"name": "printer", "username": "ada"}, expect=201)
    everybody = (await root.get("/admin/virtual-keys"))["keys"]
    assert [(key["name"], key["username"]) for key in everybody] == [("printer", "ada"), ("laptop", "ada")]
    await root.call("DELETE", f"/admin/virtual-keys/{own['id']}", expect=204)
    states = {key["id"]: key["state"] for key in (await phone.get("/api/virtual-keys"))["keys"]}
    assert states == {own["id"]: "revoked", given["id"]: "active"}


async def test_a_member_is_no_admin(phone: Phone, root: Phone) -> None:
    for method, path, body in (
        ("GET", "/admin/virtual-keys", None),
        ("POST", "/admin/virtual-keys", {"name": "x"}),
        ("DELETE", "/admin/virtual-keys/whatever", None),
    ):
        await phone.call(method, path, body, expect=403)
    await root.call("POST", "/admin/virtual-keys", {"name": "x", "scope": "admin", "username": "ada"}, expect=403)
    await root.call("POST", "/admin/virtual-keys", {"name": "x", "username": "nobody"}, expect=404)
    await phone.call("POST", "/api/virtual-keys", {"name": "x", "scope": "admin"}, expect=422)


async def test_a_program_manages_keys_with_the_key_of_an_admin(root: Phone, house: House) -> None:
    script = await root.post("/admin/virtual-keys", {"name": "script", "scope": "admin"})
    for headers in ({"Authorization": f"Bearer {script['key']}"}, {"x-api-key": script["key"]}):
        async with httpx2.AsyncClient(base_url=house.url, headers=headers) as http:
            made = await http.post("/admin/virtual-keys", json={"name": "made by a program"})
            assert made.status_code == 201
            listed = (await http.get("/admin/virtual-keys")).json()["keys"]
            assert listed[0]["id"] == made.json()["id"]
            assert (await http.delete(f"/admin/virtual-keys/{made.json()['id']}")).status_code == 204


@pytest.mark.parametrize("shown", ["garbage", "gateway key", "member", "revoked", "cookie without csrf", "nothing"])
async def test_whoever_is_not_an_admin_is_kept_out_of_the_keys(
    phone: Phone, root: Phone, house: House, shown: str
) -> None:
    made = await root.post("/admin/virtual-keys", {"name": "script", "scope": "admin"})
    headers, cookies = {"x-api-key": made["key"]}, {}
    if shown == "garbage":
        headers = {"x-api-key": "sk-llmr-garbage"}
    elif shown == "gateway key":
        headers = {"x-api-key": (await root.post("/api/virtual-keys", {"name": "tool"}))["key"]}
    elif shown == "member":
        headers = {"x-api-key": (await phone.post("/api/virtual-keys", {"name": "tool"}))["key"]}
    elif shown == "revoked":
        await root.call("DELETE", f"/admin/virtual-keys/{made['id']}")
    else:
        headers, cookies = {}, dict(root.http.cookies) if shown != "nothing" else {}
    before = (await root.get("/admin/virtual-keys"))["keys"]
    async with httpx2.AsyncClient(base_url=house.url, headers=headers, cookies=cookies) as http:
        answer = await http.post("/admin/virtual-keys", json={"name": "stolen"})
    assert answer.status_code in (401, 403)
    assert made["key"] not in answer.text
    assert (await root.get("/admin/virtual-keys"))["keys"] == before


async def test_a_key_never_signs_in_to_the_page(phone: Phone, house: House) -> None:
    made = await phone.post("/api/virtual-keys", {"name": "laptop"})
    async with httpx2.AsyncClient(base_url=house.url, headers={"Authorization": f"Bearer {made['key']}"}) as http:
        for path in ("/api/session", "/api/conversations", "/api/virtual-keys", "/api/settings/api-keys"):
            assert (await http.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": ""}, 400),
        ({"name": "x", "budget": 5}, 422),
        ({"name": "x", "rpm": 0}, 400),
        ({"name": "x", "rpm": "many"}, 422),
        ({"name": "x", "models": "gpt-5"}, 422),
        ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, 400),
        ({"name": "x", "expires_at": "2120-01-01T00:00:00"}, 422),
        ({"name": "x", "limit_nanos": -1}, 400),
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(phone: Phone, body: dict[str, Any], status: int) -> None:
    answer = await phone.post("/api/virtual-keys", body, expect=status)
    assert answer["error"]["message"]
    assert (await phone.get("/api/virtual-keys"))["keys"] == []


async def test_a_made_key_is_nowhere_in_the_data_folder(phone: Phone, house: House) -> None:
    made = await phone.post("/api/virtual-keys", {"name": "laptop"})
    await phone.get("/api/virtual-keys")
    await house.stop()
    secret = made["key"].removeprefix("sk-llmr-").encode()
    assert not any(path.is_file() and secret in path.read_bytes() for path in house.data.rglob("*"))
    await house.start()


async def test_an_admin_names_models_and_a_member_does_not(root: Phone, phone: Phone) -> None:
    await root.call("PUT", "/admin/aliases/openai/gpt-4", {"model": "ollama/qwen3"}, expect=204)
    assert await root.get("/admin/aliases") == {"aliases": {"openai/gpt-4": "ollama/qwen3"}}
    await root.call("PUT", "/admin/aliases/two%20words", {"model": "x"}, expect=400)
    await phone.call("PUT", "/admin/aliases/x", {"model": "y"}, expect=403)
    await phone.call("DELETE", "/admin/aliases/openai/gpt-4", expect=403)
    await root.call("DELETE", "/admin/aliases/openai/gpt-4", expect=204)
    await root.call("DELETE", "/admin/aliases/openai/gpt-4", expect=404)


async def test_an_admin_sees_what_was_spent_on_what(root: Phone, phone: Phone) -> None:
    await phone.ask("hello", model="gpt-5.1")
    found = await root.get("/admin/usage-stats?range=today")
    assert found["total"]["calls"] == 1
    assert [line["name"] for line in found["by"]["user"]] == ["ada"]
    assert found["by"]["model"][0]["cost_nanos"] == found["total"]["cost_nanos"] > 0
    await phone.get("/admin/usage-stats", expect=403)
    await phone.get("/admin/requests/req_x", expect=403)
    await root.get("/admin/requests/req_x", expect=404)


async def test_a_key_is_changed_where_something_is_given_and_stays_what_it_was_elsewhere(
    phone: Phone, bob: Phone, root: Phone, house: House
) -> None:
    made = await phone.post("/api/virtual-keys", {"name": "laptop", "rpm": 10, "tpm": 500, "limit_nanos": 5})
    path = f"/api/virtual-keys/{made['id']}"
    wanted = {"name": "desk", "project": "home", "models": ["gpt-*"], "endpoints": ["chat/*"], "streams": 2}
    changed = await phone.call("PATCH", path, wanted | {"rpm": None, "limit_nanos": 7_000_000_000})
    assert {name: changed[name] for name in wanted} == wanted
    assert (changed["rpm"], changed["tpm"], changed["limit_nanos"]) == (None, 500, 7_000_000_000)
    assert (await phone.get("/api/virtual-keys"))["keys"] == [changed]
    found = await house.services.keys.find(made["key"])
    assert (found.name, found.models, found.rpm) == ("desk", ("gpt-*",), None)
    assert (await phone.call("PATCH", path, {}))["name"] == "desk"
    assert (await phone.call("PATCH", path, {"limit_nanos": None}))["limit_nanos"] is None
    later = {"expires_at": "2100-01-01T00:00:00Z"}
    assert (await root.call("PATCH", f"/admin/virtual-keys/{made['id']}", later))["expires_at"] == later["expires_at"]
    for wrong in ({"name": ""}, {"rpm": 0}, {"limit_nanos": 0}, {"expires_at": "2001-01-01T00:00:00Z"}):
        await phone.call("PATCH", path, wrong, expect=400)
    await phone.call("PATCH", path, {"scope": "admin"}, expect=422)
    await phone.call("PATCH", path, {"name": None}, expect=422)
    await bob.call("PATCH", path, {"name": "mine"}, expect=404)
    await bob.call("PATCH", f"/admin/virtual-keys/{made['id']}", {"name": "mine"}, expect=403)
    await phone.call("DELETE", path, expect=204)
    await phone.call("PATCH", path, {"name": "again"}, expect=409)
    assert (await phone.get("/api/virtual-keys"))["keys"][0]["name"] == "desk"
