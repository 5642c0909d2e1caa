"""What goes over the socket, and what happens where it cannot: each end by itself."""

import asyncio
import errno
import json
import os
import socket
import threading
import warnings
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from server import listener, local_socket, procedures
from server.errors import Unavailable
from server.procedures import Procedure
from server.store.lock import FolderLock
from tests.command_line.watched import Run
from tests.process import Process

pytestmark = pytest.mark.anyio


@pytest.fixture
def house_app() -> SimpleNamespace:
    """An app that has nothing but the places in which a listener looks."""
    lock, services = SimpleNamespace(is_closed=False), SimpleNamespace(backups=None)
    return SimpleNamespace(state=SimpleNamespace(lock=lock, services=services))


@pytest.fixture
async def door(tmp_path: Path, run: Run, house_app: Any) -> AsyncIterator[listener.Listener]:
    """A listener over the data folder as a server has it, in this process."""
    with closing(FolderLock(tmp_path / "data")):
        made = listener.Listener(tmp_path / "data")
        await made.start(house_app)
        yield made
        await made.stop()


async def test_a_large_answer_comes_through_and_a_stopping_server_says_so(
    door: listener.Listener, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work = threading.Event()

    async def large(_: Any, text: str) -> str:
        return text * 1000

    async def endless(_: Any) -> None:
        at_work.set()
        await asyncio.Event().wait()

    known = {f"large.{work.__name__}": Procedure(work, "backups") for work in (large, endless)}
    monkeypatch.setattr(procedures, "find", known.__getitem__)
    monkeypatch.setattr(listener, "GRACE", 0.01)
    for name, each in known.items():
        each.name = name
    text = "ü" * 5000
    assert await asyncio.to_thread(known["large.large"], text) == text * 1000
    asked = asyncio.create_task(asyncio.to_thread(known["large.endless"]))
    await asyncio.to_thread(at_work.wait, 10)
    await door.stop()
    with pytest.raises(Exception, match="the server is being stopped"):
        await asked


async def test_an_unknown_command_garbage_and_a_locked_server_are_sentences(
    door: listener.Listener, house_app: SimpleNamespace, run: Run, tmp_path: Path
) -> None:
    assert await asyncio.to_thread(raw, tmp_path / "data", b'{"procedure": "os.system", "arguments": {}}\n') == {
        "error": {"code": "not_found", "message": "this server does not know the command os.system"}
    }
    for garbage in (b"hello\n", b"{}\n", b"[]\n"):
        assert (await asyncio.to_thread(raw, tmp_path / "data", garbage))["error"]["code"] == "unavailable"
    house_app.state.lock.is_closed = True
    assert "the server is locked: `llm-router unlock` opens it" in (await asyncio.to_thread(run, "users", "list"))[2]


def raw(folder: Path, sent: bytes) -> Any:
    line = local_socket.connect(folder)
    assert line is not None
    with line, line.makefile("rwb") as file:
        file.readline()
        file.write(sent)
        file.flush()
        return json.loads(file.readline())


@pytest.mark.parametrize(
    ("greeting", "sentence"),
    [
        (b'{"version": "99.0"}\n', "the running server is version 99.0 and this command version "),
        (b'{"error": {"code": "forbidden", "message": "not you"}}\n', "not you"),
        (None, "the server ended before it answered"),
    ],
)
async def test_a_server_that_cannot_answer_is_one_line(
    process: Process, run: Run, greeting: bytes | None, sentence: str
) -> None:
    with closing(FolderLock(process.data)), closing(local_socket.listen(process.data)[0]) as other:

        def answer() -> None:
            line, _ = other.accept()
            with line:
                line.sendall(greeting or json.dumps({"version": listener.__version__}).encode() + b"\n")
                line.recv(100)

        thread = threading.Thread(target=answer)
        thread.start()
        code, out, err = await asyncio.to_thread(run, "users", "list")
        thread.join()
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert sentence in err


async def test_without_an_answer_in_time_it_says_that_the_server_starts_or_stops(
    process: Process, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procedures, "PATIENCE", 0.1)
    monkeypatch.setattr(procedures, "STOPPING", 0.1)
    monkeypatch.setenv("LLM_ROUTER_STOP_TIMEOUT", "0.1")
    with closing(FolderLock(process.data)):
        assert "is starting or stopping" in run("users", "list")[2]
        with closing(local_socket.listen(process.data)[0]):
            assert "does not answer" in run("users", "list")[2]
    monkeypatch.setattr("server.store.lock.PATIENCE", 0.1)
    commands = [procedures.CommandLock(process.data) for _ in range(2)]
    with pytest.raises(Unavailable, match="commands are at work"):
        FolderLock(process.data)
    for each in commands:
        each.close()


@pytest.mark.parametrize("place", ["very long", "without sockets"])
async def test_every_folder_has_its_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Also one on a file system that knows none, such as a share of another system's."""

    class Refused(socket.socket):
        def bind(self, path: Any) -> None:
            if Path(path).is_relative_to(tmp_path):
                raise OSError(errno.EOPNOTSUPP, "Operation not supported")
            super().bind(path)

    folder = tmp_path / ("long" * 30) / ("deep" * 30) if place == "very long" else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    if place == "without sockets":
        monkeypatch.setattr(local_socket.socket, "socket", Refused)
    door, path = local_socket.listen(folder)
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(door), closing(local_socket.connect(folder)) as line:
        assert line is not None
        door.accept()[0].close()
    path.unlink()
    assert (path.parent == folder) == (place == "very long")


async def test_another_user_of_the_machine_is_refused(door: listener.Listener, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    path = tmp_path / "data" / local_socket.NAME
    for each in (path, *path.parents):
        if each != Path("/tmp") and each.is_relative_to("/tmp"):
            each.chmod(each.stat().st_mode | 0o077)
    path.chmod(0o600)
    assert "cannot be asked" in await asyncio.to_thread(as_nobody, path.parent)
    path.chmod(0o666)
    assert "the server runs as another user" in await asyncio.to_thread(as_nobody, path.parent)


def as_nobody(folder: Path) -> str:
    """What another user hears who knocks at the door of a folder."""
    reads, writes = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads: the child needs none
        child = os.fork()
    if child == 0:
        os.setresuid(65534, 65534, 65534)
        try:
            line = local_socket.connect(folder)
            os.write(writes, line.recv(200) if line else b"nobody")
        except Unavailable as error:
            os.write(writes, error.message.encode())
        finally:
            os._exit(0)
    os.close(writes)
    os.waitpid(child, 0)
    with open(reads, "rb") as heard:
        return heard.read().decode()
