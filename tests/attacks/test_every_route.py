"""Attacks on every route that there is, also on those that are added later."""

import json
import logging
import re
from typing import Any

import pytest

from tests.attacks.walk import Operation, operations
from tests.house import House
from tests.phone import Phone

pytestmark = pytest.mark.anyio

SQL = ("x' OR '1'='1", "'\") UNION SELECT * FROM user; DROP TABLE message; --", "%' ESCAPE '\x00")
INSIDE = re.compile(r"sqlite|syntax error|operationalerror|traceback|sqlalchemy|/server/|\.py\b", re.I)


async def send(phone: Phone, request: tuple[str, str, dict[str, Any], Any]) -> Any:
    method, path, query, body = request
    content = None if body is None else json.dumps(body)
    headers = {"X-CSRF-Token": phone.csrf, "Content-Type": "application/json"}
    return await phone.http.request(method, path, params=query, content=content, headers=headers)


async def test_sql_in_any_parameter_is_only_text(
    house: House, phone: Phone, bob: Phone, root: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    reply = await bob.ask("BOBSECRET")
    seen = 0
    for operation in operations(house.app):
        for number, place in enumerate(operation.places):
            payload = SQL[number % len(SQL)]
            who = root if is_for_admins(operation) else phone
            answer = await send(who, operation.request({place: payload}))
            seen += 1
            assert answer.status_code < 500, (operation.method, operation.path, place, payload, answer.text)
            assert "BOBSECRET" not in answer.text, (operation.path, place, payload)
            assert answer.status_code < 400 or not INSIDE.search(answer.text), answer.text
    assert seen > 150
    assert caplog.records == []
    assert (await bob.message(reply["id"]))["status"] == "done"


async def test_what_a_route_is_not_made_for_is_no_failure(house: House, phone: Phone) -> None:
    """Wrong kinds of values, deep ones and none at all."""
    deep = "[" * 20_000 + "]" * 20_000
    for operation in operations(house.app):
        headers = {"X-CSRF-Token": phone.csrf, "Content-Type": "application/json"}
        path = re.sub(r"\{\w+\}", "%2e%2e%2f", operation.path)
        for content in ("null", '{"a": NaN, "b": "\\ud800"}', deep) if operation.body else ("",):
            answer = await phone.http.request(operation.method, path, content=content, headers=headers)
            assert answer.status_code < 500, (operation.method, path, content[:20], answer.text)
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_somebody_elses_ids_are_not_found_on_any_route(
    house: House, phone: Phone, bob: Phone, root: Phone
) -> None:
    theirs = await bobs_things(house, bob, root)
    before = await house_of(bob)
    tried: list[str] = []
    for operation in operations(house.app):
        if "{" not in operation.path:
            continue
        name = re.search(r"\{(\w+)\}", operation.path)
        assert name
        kind = next((each for each in theirs if operation.path.startswith(each)), None)
        assert kind is not None, f"{operation.path} is new: say here what of bob's it could be asked for"
        answer = await send(phone, operation.request({}, **{name[1]: theirs[kind]}))
        wanted = (403,) if is_for_admins(operation) else (404,)
        if operation.path == "/api/commands/{name}/values":
            wanted = (200,)  # what is asked for is a command, and everybody's
        assert answer.status_code in wanted, (operation.method, operation.path, answer.status_code, answer.text)
        tried.append(operation.path)
    assert len(tried) > 35
    assert await house_of(bob) == before


def is_for_admins(operation: Operation) -> bool:
    for_admins = ("/admin/", "/api/users", "/api/invitations", "/api/prices", "/api/backups")
    return operation.path.startswith(for_admins)


async def bobs_things(house: House, bob: Phone, root: Phone) -> dict[str, str]:
    """An id of bob's for what begins with such a path; the longest first."""
    reply = await bob.ask("private")
    conversation = reply["conversation_id"]
    binned = await bob.conversation(title="gone")
    await bob.call("DELETE", f"/api/conversations/{binned}")
    key = await bob.post("/api/settings/api-keys", {"key": "sk-proj-bobs-own-key-1234"})
    virtual = await bob.post("/api/virtual-keys", {"name": "tool"})
    calls = (await bob.get("/api/usage/calls"))["calls"]
    sessions = (await bob.get("/api/sessions"))["sessions"]
    template = await bob.post("/api/templates", {"name": "mine", "text": "hello {who}"})
    attachment = await bob.upload("secret.txt", b"BOBSECRET")
    pdf = await bob.post(f"/api/export/{conversation}/pdf")
    limit = {"scope": "key", "subject_id": virtual["id"], "period": "month", "limit": "5"}
    budget = (await bob.call("PUT", "/api/budgets", limit))["budget"]
    imported = await bob.http.post(
        "/api/import", params={"name": "x.json"}, content=b"{}", headers={"X-CSRF-Token": bob.csrf}
    )
    request_id = calls[0]["request_id"] if "request_id" in calls[0] else calls[0]["id"]
    return {
        "/api/sessions": sessions[0]["id"],
        "/api/conversations": conversation,
        "/api/messages": reply["id"],
        "/api/bin": binned,
        "/api/attachments": attachment["id"],
        "/api/export": conversation,
        "/api/pdf": pdf["id"],
        "/api/import": imported.json()["id"],
        "/api/usage/calls": calls[0]["id"],
        "/api/settings/api-keys": key["id"],
        "/api/virtual-keys": virtual["id"],
        "/api/budgets": budget["id"],
        "/api/templates": template["id"],
        "/api/users": bob.session["user"]["id"],
        "/api/invitations": "none",
        "/api/prices": "none",
        "/api/backups": "none",
        "/api/commands": "model",
        "/admin/requests": request_id,
        "/admin/virtual-keys": virtual["id"],
        "/admin/aliases": "fast",
    }


async def house_of(bob: Phone) -> list[Any]:
    paths = ("/api/conversations", "/api/settings/api-keys", "/api/virtual-keys", "/api/templates", "/api/sessions")
    return [await bob.get(path) for path in paths]
