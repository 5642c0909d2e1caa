"""The list of models: live where it can be had, built-in and marked so where not, never waited for."""

import pytest

from server.store.trouble import Unwritable
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def fetched(phone: Phone) -> None:
    """Waits until the providers' lists have come in."""
    async with phone.listening() as stream:
        await phone.get("/api/models")
        while {entry["source"] for entry in (await phone.get("/api/models"))["providers"]} != {"live"}:
            await stream.until(lambda event: event.type == "models")


async def test_the_list_is_live_and_says_what_is_known(phone: Phone, upstream: Upstream) -> None:
    upstream.models(openai=["gpt-5.1", "gpt-9-new", "text-embedding-3-small"], anthropic=["claude-sonnet-4-5"])
    await fetched(phone)
    listed = await phone.get("/api/models")
    models = {model["id"]: model for model in listed["models"]}
    assert {"gpt-5.1", "gpt-9-new", "claude-sonnet-4-5"} <= models.keys()
    known = models["gpt-5.1"]
    assert known["source"] == "live" and known["context"] == 400_000 and "low" in known["efforts"]
    assert (known["input_price"], known["output_price"]) == (1_250_000_000, 10_000_000_000)
    assert models["gpt-9-new"]["input_price"] is None
    assert models["text-embedding-3-small"]["kind"] != "chat"
    assert (listed["default"], listed["default_note"]) == ("gpt-5.1", None)


async def test_a_list_that_cannot_be_stored_is_used_all_the_same(
    house: House, root: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.models(openai=["gpt-9-new"], anthropic=["claude-sonnet-4-5"])
    here = house.services

    async def refuse(*_: object, **__: object) -> None:
        raise Unwritable("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(here.database, "write", refuse)
        for credential in await here.pool.credentials(root.session["user"]["id"]):
            assert (await here.directory.fetch(credential)).source == "live"
    assert "gpt-9-new" in {model["id"] for model in (await root.get("/api/models"))["models"]}


async def test_a_list_that_cannot_be_had_is_the_built_in_one_and_says_so(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    await house.stop()
    upstream.script(*[Answer(status=500, match="/models")] * 20)
    await house.start()
    phone.http.base_url = house.url
    listed = await phone.get("/api/models")
    assert {entry["source"] for entry in listed["providers"]} == {"built-in"}
    assert {"gpt-5.1", "claude-sonnet-4-5"} <= {model["id"] for model in listed["models"]}
    assert {model["source"] for model in listed["models"]} == {"built-in"}
    reply = await phone.ask("hello")
    assert reply["status"] == "done"


async def test_a_provider_that_does_not_answer_keeps_no_page_waiting(phone: Phone, upstream: Upstream) -> None:
    upstream.script(*[Answer(hold_after=0, first_delay=30, match="/models")] * 4)
    listed = await phone.get("/api/models")
    assert len(listed["models"]) > 5
    upstream.release()


async def test_a_list_survives_a_restart_of_the_server(house: House, phone: Phone, upstream: Upstream) -> None:
    upstream.models(openai=["gpt-5.1", "gpt-9-new"])
    await fetched(phone)
    await house.stop()
    upstream.models(openai=["something-else"])
    await house.start()
    phone.http.base_url = house.url
    listed = await phone.get("/api/models")
    assert "gpt-9-new" in {model["id"] for model in listed["models"]}


async def test_when_the_default_is_gone_the_newest_general_model_is_taken_and_said(
    phone: Phone, upstream: Upstream
) -> None:
    upstream.models(openai=["gpt-5-mini", "gpt-5.2", "gpt-4o"])
    await fetched(phone)
    listed = await phone.get("/api/models")
    assert listed["default"] == "gpt-5.2" and "gpt-5.1" in listed["default_note"]
    reply = await phone.ask("hello")
    assert reply["model"] == "gpt-5.2" and listed["default_note"] in reply["notes"]


async def test_the_demo_is_there_when_nothing_else_is_and_answers(house: House, phone: Phone) -> None:
    await house.stop()
    for name in [name for name in house.environment if name.startswith(("OPENAI", "ANTHROPIC"))]:
        del house.environment[name]
    await house.start()
    phone.http.base_url = house.url
    listed = await phone.get("/api/models")
    assert [model["id"] for model in listed["models"]] == ["demo"] and listed["models"][0]["demo"]
    reply = await phone.ask("what are you?")
    assert reply["status"] == "done" and "not an AI" in reply["text"]
    assert (reply["cost_nanos"], reply["cost_state"]) == (0, "free")


async def test_the_demo_is_hidden_once_there_is_a_key_but_comes_when_asked_for(phone: Phone) -> None:
    assert "demo" not in {model["id"] for model in (await phone.get("/api/models"))["models"]}
    reply = await phone.ask("hello", model="demo")
    assert reply["status"] == "done", reply["error"]
