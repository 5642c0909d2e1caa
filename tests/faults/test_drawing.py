"""The plug is pulled while a picture is being made, and while files are there."""

import sqlite3
from contextlib import closing

import pytest

from tests.phone import Phone
from tests.pictures import picture
from tests.process import Process
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_a_picture_that_was_being_made_is_interrupted_settled_once_and_can_be_made_again(
    process: Process, root: Phone, upstream: Upstream
) -> None:
    given = await root.upload("cat.png", picture())
    upstream.script(Answer(hold_after=1))
    [opened] = await root.run("/image a fox like this", attachments=[given["id"]], client_id="fox-like-this-1")
    page = await root.get(f"/api/conversations/{opened['id']}")
    reply_id = page["messages"][-1]["id"]
    await root.until(reply_id, lambda message: (message.get("activity") or {}).get("preview") == 1)
    await process.kill()
    await process.start()
    reply = await root.message(reply_id)
    assert reply["status"] == "interrupted" and reply["error"]["action"] == "retry"
    with closing(sqlite3.connect(f"file:{process.data}/llm-router.db?mode=ro", uri=True)) as database:
        query = "SELECT status, cost_state, image_output > 0 FROM calls WHERE kind = 'image'"
        assert database.execute(query).fetchall() == [("killed", "estimated", 1)]
    again = await root.run("/image a fox like this", attachments=[given["id"]], client_id="fox-like-this-1")
    assert again[0]["id"] == opened["id"] and len(upstream.calls) == 1, "the same line is the same picture"
    retried = (await root.post(f"/api/messages/{reply_id}/retry", {"client_id": "once-more-fox"}))["reply"]
    done = await root.ended(retried["id"])
    assert done["status"] == "done" and upstream.calls[-1].path == "/v1/images/edits"
    assert (await root.http.get(f"/api/attachments/{given['id']}")).status_code == 200
