"""What the browser keeps of the page: the service worker, the list of files under their hashes, the way out."""

import hashlib
import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.api import joined
from server.api.assets import AT_ONCE, ENTRY, Assets
from server.main import WEB
from tests.house import House

pytestmark = pytest.mark.anyio


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who is not signed in."""
    async with httpx2.AsyncClient(base_url=house.url) as http:
        yield http


def shell_in(worker: str) -> Any:
    begin = worker.index("{", worker.index("self.SHELL"))
    return json.JSONDecoder().raw_decode(worker, begin)[0]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def test_the_worker_is_asked_for_again_each_time_and_reaches_the_whole_site(visitor: httpx2.AsyncClient) -> None:
    response = await visitor.get("/sw.js")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["content-type"].startswith("text/javascript")
    assert "worker-src 'self'" in response.headers["content-security-policy"]


async def test_every_file_that_the_worker_keeps_is_served_with_the_promised_hash(visitor: httpx2.AsyncClient) -> None:
    shell = shell_in((await visitor.get("/sw.js")).text)
    for address in shell["files"]:
        response = await visitor.get(address)
        assert response.status_code == 200, address
        assert "immutable" in response.headers["cache-control"]
        assert digest(response.content).startswith(address.partition("?v=")[2]), address
    assert digest((await visitor.get("/")).content).startswith(shell["index"])


async def test_the_worker_keeps_all_that_the_page_can_ask_for_later(visitor: httpx2.AsyncClient) -> None:
    shell = shell_in((await visitor.get("/sw.js")).text)
    names = {address.partition("?")[0].removeprefix("/assets/") for address in shell["files"]}
    written = {path.relative_to(WEB).as_posix(): path.read_text() for path in WEB.rglob("*.js")}
    del written["sw.js"], written["sw-off.js"]
    modules = {ENTRY} | set(written) - {AT_ONCE} - set(joined.start_up(ENTRY, written))
    linked = set(re.findall(r"/assets/([\w/]+\.css)", (WEB / "index.html").read_text()))
    later = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*.css")} - linked
    assert modules | later < names and not linked & names
    assert {"styles.css", "icons/icon.svg"} < names
    assert {path.relative_to(WEB).as_posix() for path in WEB.rglob("*.woff2")} < names


async def test_page_worker_and_server_name_the_same_version(visitor: httpx2.AsyncClient) -> None:
    version = (await visitor.get("/shell.json")).json()["version"]
    assert shell_in((await visitor.get("/sw.js")).text)["version"] == version
    assert f'<meta name="version" content="{version}">' in (await visitor.get("/")).text


@pytest.mark.parametrize(
    "changed", ["index.html", "sw.js", "ui/help.js", "lib/theme.js", "ui/shell.css", "manifest.webmanifest"]
)
def test_a_change_of_any_file_is_another_version_and_another_worker(tmp_path: Path, changed: str) -> None:
    before = Assets(WEB)
    folder = shutil.copytree(WEB, tmp_path / "web")
    assert Assets(folder).version == before.version
    path = folder / changed
    path.write_text(path.read_text() + "\n")
    if changed.endswith((".js", ".css")):
        path.write_text(path.read_text() + ("/* */ ;void 0;" if changed.endswith(".js") else "i { color: red }"))
    after = Assets(folder)
    assert after.version != before.version
    assert after.worker.content != before.worker.content


async def test_what_is_shared_opens_the_page_itself(visitor: httpx2.AsyncClient) -> None:
    shared = await visitor.get("/share", params={"title": "a", "text": "b", "url": "https://example.com"})
    assert shared.status_code == 200
    assert shared.text == (await visitor.get("/")).text


async def test_the_manifest_is_what_an_installed_app_needs(visitor: httpx2.AsyncClient) -> None:
    manifest = (await visitor.get("/manifest.webmanifest")).json()
    assert {manifest[key] for key in ("id", "start_url", "scope")} == {"/"}
    assert manifest["display"] == "standalone"
    assert manifest["share_target"]["method"] == "POST"
    assert [shortcut["name"] for shortcut in manifest["shortcuts"]] == ["new chat", "usage"]
    icons = {(icon.get("purpose", "any"), icon["sizes"]) for icon in manifest["icons"]}
    assert icons >= {("any", "192x192"), ("any", "512x512"), ("maskable", "192x192"), ("maskable", "512x512")}
    for icon in manifest["icons"]:
        assert (await visitor.get(icon["src"])).status_code == 200, icon


async def test_switched_off_the_worker_is_one_that_leaves(empty_house: Path, tmp_path: Path) -> None:
    house = await House.over(empty_house, tmp_path / "off", LLM_ROUTER_SERVICE_WORKER="false").start()
    async with httpx2.AsyncClient(base_url=house.url) as http:
        worker = await http.get("/sw.js")
        assert worker.headers["cache-control"] == "no-cache"
        assert "unregister()" in worker.text and "SHELL" not in worker.text
        assert '<meta name="worker"' not in (await http.get("/")).text
    await house.stop()
