"""Half a character in one reply harms neither that reply nor anybody else's."""

import pytest
from sqlalchemy import Connection

from server.chat import messages
from tests.house import House
from tests.phone import Phone, Screen
from tests.upstream import LONG, Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_half_a_character_is_saved_shown_and_billed_as_any_other(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="smile \ud83d " + LONG, reasoning="hm \ude00", chunk=6, hold_after=40))
    conversation = await phone.conversation()
    async with phone.listening(conversation) as stream:
        sent = await phone.send(conversation, "hello")
        screen = Screen(sent["reply"]["id"])
        await phone.until(screen.reply, lambda message: len(message["text"]) > 20)
        await house.checkpoint()

        def kept(connection: Connection) -> str:
            return "".join(row.text for row in connection.execute(messages.checkpoints.select()))

        assert (await house.services.database.read(kept)).startswith("smile \ufffd Paragraph")
        upstream.release()
        reply = await stream.until_ended(screen.reply)
    for event in stream.seen:
        screen.see(event)
    assert (reply["status"], reply["text"]) == ("done", "smile \ufffd " + LONG)
    assert (reply["reasoning"], screen.reasoning) == ("hm \ufffd", "hm \ufffd")
    assert reply["usage"]["calls"] == 1 and not reply["usage"]["estimated"]
    assert screen.blocks[0].startswith("<p>smile \ufffd Paragraph")
