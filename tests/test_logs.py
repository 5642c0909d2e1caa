"""Log lines: for people or for machines, and never what somebody wrote."""

import io
import json
import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from server import logs
from server.errors import NotFound
from tests.conftest import ADA
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

SECRET = "sk-ant-a-secret and a prompt"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where the lines go; afterwards everything is as it was."""
    yield io.StringIO()
    logs.remove()


def fail(error: BaseException, times: int = 1) -> None:
    try:
        raise error
    except BaseException as caught:
        for _ in range(times):
            logging.getLogger("server.test").error("it failed", exc_info=caught)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_machine_gets_one_object_a_line_with_the_id_of_the_request(out: io.StringIO) -> None:
    logs.install("info", "auto", out)
    token = logs.REQUEST.set("req_1")
    logging.getLogger("server.test").info("two\nlines for %s", "ada")
    logs.REQUEST.reset(token)
    (said,) = lines(out)
    assert said.pop("time").endswith("Z")
    expected = {"level": "info", "logger": "server.test", "message": "two\nlines for ada", "request": "req_1"}
    assert said == expected


def test_people_get_a_short_line_and_nobody_can_forge_another(out: io.StringIO) -> None:
    lines_of = logs.install("warning", "text", out)
    logging.getLogger("server.test").info("not important enough")
    logging.getLogger("server.test").warning("before\n12:00:00 error forged\x1b[31m")
    fail(OSError(28, "No space left on device"))
    first, second = out.getvalue().splitlines()
    assert first[9:] == "warning before 12:00:00 error forged [31m"
    assert second[9:].startswith(
        "error   it failed: OSError ([Errno 28] No space left on device) at tests/test_logs.py:"
    )
    assert second.endswith(" fail")
    assert lines_of.spoken("  Open  here") == "  Open  here"


def test_of_an_error_only_words_that_come_from_the_system_are_written(out: io.StringIO) -> None:
    logs.install("info", "json", out)
    for error in (ValueError(SECRET), KeyError(SECRET), NotFound("this is not there"), sqlite3.Error("disk I/O error")):
        fail(error)
    said = [line["error"] for line in lines(out)]
    assert SECRET not in out.getvalue()
    kinds = ["ValueError at tests", "KeyError at tests", "NotFound (this is not there)", "Error (disk I/O error)"]
    for expected, found in zip(kinds, said, strict=True):
        assert found.startswith(expected)


def test_an_error_is_logged_once_on_its_way_up(out: io.StringIO) -> None:
    logs.install("info", "json", out)
    fail(ValueError("no"), times=3)
    assert len(lines(out)) == 1


def test_libraries_are_heard_only_when_something_is_wrong(out: io.StringIO) -> None:
    logs.install("debug", "json", out)
    logging.getLogger("httpx2").info("HTTP Request: POST %s", SECRET)
    logging.getLogger("sse_starlette.sse").debug("chunk: %s", SECRET)
    logging.getLogger("asyncio").warning("socket.send() raised exception.")
    fail(ValueError("all of it"))
    warned, failed = lines(out)
    assert warned["logger"] == "asyncio"
    assert "Traceback" in failed["error"] and "all of it" in failed["error"]


@pytest.mark.anyio
async def test_what_is_worth_a_line_gets_one_without_anybodys_words(
    house: House, root: Phone, upstream: Upstream, out: io.StringIO
) -> None:
    logs.install("info", "json", out)
    upstream.default(Answer(status=401, error={"message": SECRET}))
    user = await root.post("/api/users", {"username": ADA[0], "password": ADA[1]}, expect=201)
    guess = {"username": SECRET, "password": SECRET}
    assert (await root.http.post("/api/auth/login", json=guess)).status_code == 401
    await root.ask(SECRET)
    said = {line["logger"]: line for line in lines(out)}
    assert said["server.api.auth"]["message"] == "a sign-in from 127.0.0.1 was refused: wrong_login"
    assert said["server.api.deps"]["message"] == "admin root: POST /api/users"
    assert said["server.providers.pool"]["message"] == "gpt-5.1 failed with openai: auth (401)"
    assert said["server.providers.pool"]["request"].startswith("req_")
    assert user["id"] and SECRET not in out.getvalue() and "sk-" not in out.getvalue()
