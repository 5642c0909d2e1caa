"""Commands beside a server that runs: the same answers, one writer, and a server that follows at once."""

import asyncio
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server import cli, cli_gateway, local_socket
from tests.command_line.watched import Run, opened
from tests.conftest import ADA
from tests.house import ADMIN
from tests.money.list_file import with_price
from tests.phone import Phone
from tests.process import Process
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

ELSEWHERE = {"serve", "doctor", "restore", "rollback", "demo-data", "commands"}
"""Commands that never ask a server."""
SECRETS = {"rotate-key", "set-password", "remove-password", "export-keys", "import-keys", "unlock"}
"""Commands that change what everything is encrypted under: they have tests of their own."""


def every_command(run: Run, folder: Path) -> list[tuple[tuple[str, ...], tuple[int, str, str]]]:
    """Each command of the command line at least once, with what it answers."""
    said: list[tuple[tuple[str, ...], tuple[int, str, str]]] = []

    def type_(*line: str, stdin: str = "") -> str:
        said.append((line, run(*line, stdin=stdin)))
        return said[-1][1][1]

    newer = folder / "data.json"
    newer.write_bytes(with_price("gpt-5.1", input_mtok=9, output_mtok=90))
    type_("init")
    type_("users", "add", "ada", "--password-stdin", "--model", "gpt-*", stdin="lovelace engine\n")
    type_("users", "add", "eve", "--link")
    type_("users", "add", "ada", "--generate")
    type_("users", "add", "bob", "--password-stdin", stdin="short\n")
    type_("users", "set", "ada", "--role", "admin", "--budget", "month=2.50", "--budget", "total=off", "--all-models")
    for word in ("disable", "enable", "link"):
        type_("users", word, "eve")
    type_("users", "password", "eve", "--generate")
    type_("users", "disable", "nobody")
    type_("users", "list")
    type_("users", "list", "--json")
    type_("users", "delete", "eve", "--yes")
    type_("users", "invite", "--days", "3")
    type_("users", "withdraw", type_("users", "invitations").split()[0])
    made = json.loads(type_("keys", "create", "laptop", "--json", "--limit", "2", "--days", "3", "--model", "gpt-*"))
    type_("keys", "create", "script", "--admin", "--user", "ada")
    type_("keys", "create", "x", "--user", "nobody")
    type_("keys", "edit", made["id"], "--rpm", "3", "--days", "none", "--json")
    type_("keys", "revoke", made["id"])
    type_("keys", "edit", made["id"], "--rpm", "4")
    type_("keys", "list")
    type_("keys", "list", "--json")
    type_("aliases", "set", "fast", "gpt-5.1-mini")
    type_("aliases", "set", "faster", "fast")
    type_("aliases", "list")
    type_("aliases", "list", "--json")
    type_("aliases", "remove", "fast")
    type_("config", "set-key", "anthropic", "-", stdin="sk-ant-canary-0123456789\n")
    type_("config", "set-key", "compatible")
    type_("config", "list-keys")
    type_("prices", "set", "openai", "gpt-99*", "--input", "2", "--output", "8")
    type_("prices", "show", "gpt-99-mini")
    type_("prices", "list")
    type_("prices", "remove", json.loads(type_("prices", "list", "--json"))["overrides"][0]["id"])
    type_("prices", "update", str(newer))
    type_("prices", "update", "-", stdin="\udcff".encode("utf-8", "surrogateescape").decode("latin-1"))
    type_("prices", "show", "gpt-5.1", "--json")
    for output in ("table", "csv", "json"):
        type_("stats", "--output", output)
    type_("stats", "--since", "yesterday")
    type_("explain", "req_nothing")
    type_("backup", str(folder / "usb"))
    type_("backup", "-")
    type_("backup")
    return said


CHANGES = re.compile(
    r"\d{8}T\d{6,12}Z?"  # of a backup's name
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z?)?"
    r"|\b[0-7][0-9a-hjkmnp-tv-z]{25}\b"  # ids
    r"|(?<=sk-llmr-)\S+|(?<=sk-llmr-…)\S{4}|sk-llmr-\\u2026.{4}|(?<=/#/welcome/)\S+|(?<=Code: )\S+|(?<=Password: )\S+"
    r"|(?<=since )\d{4}-\d\d-\d\d"  # midnight may come between
    r"|(?<=list\": \{)[^}]+|\(file \S+|price list: file \S+"
)


def same(said: tuple[int, str, str]) -> tuple[int, str, str]:
    """Without what is another one every time; of a backup's bytes only that there are some."""
    code, out, err = said
    out = "packed" if out.startswith("\x1f") else out
    return code, CHANGES.sub("·", out), CHANGES.sub("·", err)


def typed(app: Any, before: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every command there is."""
    found = {(*before, each.name or each.callback.__name__) for each in app.registered_commands}
    return found.union(*(typed(each.typer_instance, (*before, each.name)) for each in app.registered_groups))


async def test_every_command_answers_the_same_with_and_without_a_server_and_the_server_alone_opens_the_database(
    process: Process, run: Run, tmp_path: Path, empty_house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = process.data / "llm-router.db"
    alone = every_command(run, tmp_path)
    assert any(str(database) in path for path in opened), "the watch sees what is opened"

    for path in process.data.iterdir():
        if path.is_file() and path.name != "secret.key":
            path.unlink()
    database.write_bytes((empty_house / "llm-router.db").read_bytes())
    await process.start()
    opened.clear()
    beside = every_command(run, tmp_path)
    assert not [path for path in opened if ".making-" not in path]
    files = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert not [file for file in files if file.startswith(str(database))]
    for (line, here), (_, there) in zip(alone, beside, strict=True):
        assert same(here) == same(there), line

    cli.add_others()
    lines = {line[:length] for line, _ in alone for length in (1, 2)}
    assert {each for each in typed(cli.app) if each[-1] not in ELSEWHERE | SECRETS} <= lines


async def test_a_running_server_follows_a_command_at_once(running: Process, run: Run, upstream: Upstream) -> None:
    run("users", "add", ADA[0], "--password-stdin", stdin=ADA[1])
    phone, program = await Phone(running.url).sign_in(*ADA), httpx2.AsyncClient(base_url=running.url, timeout=20)
    try:
        made = json.loads(run("keys", "create", "tool", "--user", "ada", "--json")[1])
        program.headers["Authorization"] = f"Bearer {made['key']}"
        question = {"model": "gpt-5.1", "messages": [{"role": "user", "content": "hello"}]}

        async def ask(**more: Any) -> httpx2.Response:
            return await program.post("/v1/chat/completions", json=question | more)

        assert (await ask()).status_code == 200
        assert run("config", "set-key", "openai", "sk-other-canary-7777", "--base-url", upstream.openai)[0] == 0
        assert (await ask()).status_code == 200
        assert upstream.calls[-1].headers["authorization"] == "Bearer sk-other-canary-7777"
        assert (await ask(model="house")).status_code == 404
        run("aliases", "set", "house", "gpt-5.1")
        assert (await ask(model="house")).status_code == 200
        run("users", "set", "ada", "--budget", "total=0.000001")
        assert (await ask()).status_code == 429
        run("users", "set", "ada", "--budget", "total=off", "--model", "claude-*")
        assert (await ask()).status_code == 403
        run("users", "set", "ada", "--all-models")

        upstream.default(Answer(text="word " * 100, hold_after=3))
        sent = await phone.send(await phone.conversation(), "count")
        async with program.stream("POST", "/v1/chat/completions", json=question | {"stream": True}) as stream:
            pieces = stream.aiter_raw()
            await anext(pieces)
            root = await Phone(running.url).sign_in(*ADMIN)
            before = len(upstream.calls)
            assert run("users", "disable", "ada")[0] == 0
            for index in (before - 1, before - 2):
                await asyncio.to_thread(upstream.wait_gone, upstream.requests.index(upstream.calls[index]))
            async with asyncio.timeout(10):
                [piece async for piece in pieces]
        assert (await ask()).status_code == 401
        await phone.get(f"/api/messages/{sent['reply']['id']}", expect=401)
        run("users", "enable", "ada")
        assert (await program.get("/v1/models")).status_code == 200
        run("keys", "revoke", made["id"])
        assert (await program.get("/v1/models")).status_code == 401
        run("prices", "set", "openai", "gpt-5.1", "--input", "77", "--output", "77")
        shown = await root.get("/api/prices/lookup?provider=openai&model=gpt-5.1")
        assert shown["price"]["rates"]["input"] == "77"
        assert run("users", "delete", "ada", "--yes")[0] == 0
        assert [one["username"] for one in (await root.get("/api/users"))["users"]] == [ADMIN[0]]
        assert "A server is running" in run("restore", "/dev/null")[2]
        await root.close()
    finally:
        await phone.close()
        await program.aclose()


async def test_fifty_commands_at_once_are_all_carried_out(running: Process, run: Run) -> None:
    def put(number: int) -> None:
        cli_gateway.put_alias(f"name-{number}", "gpt-5.1")

    with ThreadPoolExecutor(50) as many:
        await asyncio.gather(*(asyncio.get_running_loop().run_in_executor(many, put, each) for each in range(50)))
    assert len(json.loads(run("aliases", "list", "--json")[1])) == 50
    assert not [path for path in opened if path.endswith("llm-router.db")]


async def test_a_killed_command_is_carried_out_and_a_killed_server_leaves_nothing_in_the_way(
    process: Process, run: Run
) -> None:
    process.begin()
    assert run("users", "list")[1].startswith("root "), "one that comes while it starts waits for it"
    async with asyncio.timeout(20):
        while not (process.data / local_socket.NAME).exists() or run("aliases", "list")[0]:
            await asyncio.sleep(0.02)
    with closing(local_socket.connect(process.data)) as line:
        assert line is not None
        assert line.recv(100).startswith(b'{"version"')
        arguments = {"name": "left", "model": "gpt-5.1"}
        line.sendall(json.dumps({"procedure": "cli_gateway.put_alias", "arguments": arguments}).encode() + b"\n")
    async with asyncio.timeout(20):
        while "left" not in run("aliases", "list")[1]:
            await asyncio.sleep(0.02)
    await process.kill()
    assert (process.data / local_socket.NAME).is_socket()
    assert run("aliases", "list")[1] == "left → gpt-5.1\n"
    assert any(path.endswith("llm-router.db") for path in opened), "nobody listens at what it left behind"
    await process.start()
    opened.clear()
    command = [sys.executable, "-m", "server.cli", "aliases", "list"]
    shell = await asyncio.create_subprocess_exec(*command, env=process.environment, stdout=subprocess.PIPE)
    assert (await shell.communicate())[0].decode() == "left → gpt-5.1\n"
    mode = (process.data / local_socket.NAME).stat().st_mode & 0o777
    assert mode == 0o600
    await process.end()
    assert not (process.data / local_socket.NAME).exists()
