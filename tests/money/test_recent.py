"""How fast each model writes: read from the latest rows of the ledger."""

from datetime import timedelta

import pytest

from server import ids
from server.ids import first_id, new_id
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


def test_an_id_sorts_after_the_first_one_of_its_time() -> None:
    before = first_id(ids.now() - timedelta(seconds=1))
    made = new_id()
    assert before < made < first_id(ids.now() + timedelta(seconds=1))


async def test_how_fast_a_model_writes_is_known_once_it_has_written(phone: Phone, upstream: Upstream) -> None:
    async def speeds() -> dict[str, float | None]:
        models = (await phone.get("/api/models"))["models"]
        return {model["id"]: model["tokens_per_second"] for model in models}

    upstream.script(Answer(text="word " * 40, chunk=20, delay=0.02, usage={"input": 10, "output": 50}))
    await phone.ask("hello", model="gpt-5.1")
    found = await speeds()
    assert found["claude-sonnet-4-5-20250929"] is None
    assert found["gpt-5.1"] is not None and 10 < found["gpt-5.1"] < 50 / 0.15
