"""Forms: one model each, in whatever spelling; and a client that leaves or goes too far is its own doing."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from server.errors import BadRequest
from server.gateway import form
from tests.gateway.conftest import new_key, rows
from tests.house import House
from tests.upstream import Upstream

pytestmark = pytest.mark.anyio

EDGE = "----edge"


def part(disposition: str, value: str = "openai/gpt-image-1") -> bytes:
    return f"--{EDGE}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n".encode()


async def send(http: httpx2.AsyncClient, *parts: bytes) -> httpx2.Response:
    headers = {"content-type": f"multipart/form-data; boundary={EDGE}"}

    async def body() -> AsyncIterator[bytes]:
        for each in parts:
            yield each
        yield f"--{EDGE}--\r\n".encode()

    return await http.post("/v1/images/edits", content=body(), headers=headers)


OWN = part('name="model"', "gpt-image-1")


@pytest.mark.parametrize(
    "other",
    [
        'name="model"',
        "name=model",
        'NAME="Model"',
        'name = "model"',
        'name="mod\\el"',
        'name="%6dodel"',
        "name*=utf-8''model",
        'name*0="mod"; name*1="el"',
        'name="model"; filename="x"',
        'x="y";\r\n name="model"',
        'name="model[]"',
    ],
)
@pytest.mark.parametrize("late", [False, True])
async def test_a_form_names_one_model_once(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream, other: str, late: bool
) -> None:
    between = (part('name="image"; filename="a.png"', "x" * 200_000),) if late else ()
    answer = await send(tool, OWN, part('name="prompt"', "more"), *between, part(other, "gpt-image-1-dear"))
    assert answer.status_code == 400, answer.text
    assert "names its model once" in answer.json()["error"]["message"]
    assert all(asked.body.get("model") != "gpt-image-1-dear" for asked in upstream.calls if asked.body)


PADDED = part('x="' + "y" * 2000 + '"; name="model"', "gpt-image-1-dear")
WIDE = PADDED.replace(b"Disposition:", b"Disposition" + b" " * 2000 + b":")
FOLDED = PADDED.replace(b"; name", b";\r\n name")


def asking(*chunks: bytes) -> Any:
    """A request whose body comes in these chunks."""
    waiting = list(chunks)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    settings = SimpleNamespace(idle_timeout=5)
    outlet = SimpleNamespace(watch=lambda receive: None)
    return SimpleNamespace(headers={}, receive=receive, outlet=outlet, desk=SimpleNamespace(settings=settings))


@pytest.mark.parametrize(
    ("other", "at"),
    [
        (PADDED, 1000),
        (WIDE, 1000),
        (WIDE, 2500),
        (FOLDED, FOLDED.index(b"\r\n name")),
        (FOLDED, FOLDED.index(b" name")),
    ],
)
@pytest.mark.parametrize("early", [False, True])
async def test_no_name_hides_in_a_header_that_comes_in_two_pieces(other: bytes, at: int, early: bool) -> None:
    before = [OWN + other[:at]] if early else [OWN, part('name="prompt"', "more") + other[:at]]
    sent = form.Form(asking(*before, other[at:]))
    model = await sent.model()
    with pytest.raises(BadRequest, match="names its model once"):
        _ = [piece async for piece in sent.parts(model, "gpt-image-1")]


async def test_a_header_without_an_end_is_refused() -> None:
    sent = form.Form(asking(OWN, b'Content-Disposition: form-data; x="' + b"y" * 20_000, b'"; name="model"\r\n\r\nx'))
    model = await sent.model()
    with pytest.raises(BadRequest, match="at most 16 KB"):
        _ = [piece async for piece in sent.parts(model, "gpt-image-1")]


async def test_a_part_that_only_looks_like_it_is_passed_on(tool: httpx2.AsyncClient, upstream: Upstream) -> None:
    page = '<input name="model">\r\n\r\nnothing'
    answer = await send(tool, OWN, part('name="prompt"', "more"), part('name="image"; filename="model"', page))
    assert answer.status_code == 200, answer.text
    assert upstream.calls[0].body["model"] == "gpt-image-1"


async def test_a_form_that_is_too_large_is_told_so_and_the_credential_goes_on(
    house: House, tool: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form, "MAX_UPLOAD", 100_000)
    answer = await send(tool, OWN, part('name="image"; filename="a.png"', "x" * 200_000))
    assert answer.status_code == 413, answer.text
    assert house.services.pool.health._states == {}


async def test_an_upload_that_the_client_breaks_off_is_no_failure_of_the_credential(
    house: House, ada: str, upstream: Upstream
) -> None:
    key = await new_key(house, ada)
    begun = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield OWN
        yield b"x" * 100_000
        begun.set()
        await asyncio.Event().wait()

    headers = {"content-type": f"multipart/form-data; boundary={EDGE}", "x-api-key": key}
    async with httpx2.AsyncClient(base_url=house.url, headers=headers, timeout=20) as http:
        sending = asyncio.create_task(http.post("/v1/images/edits", content=body()))
        async with asyncio.timeout(5):
            await begun.wait()
            while not await rows_are(house, ["held"]):
                await asyncio.sleep(0.01)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        async with asyncio.timeout(5):
            while not await rows_are(house, ["stopped"]):
                await asyncio.sleep(0.01)
    assert house.services.pool.health._states == {}


async def rows_are(house: House, wanted: list[str]) -> bool:
    return [row.status for row in await rows(house)] == wanted
