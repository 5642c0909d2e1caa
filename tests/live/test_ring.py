"""The ring honours a cursor exactly, or says that it cannot."""

import asyncio

import pytest

from server.live import ring
from server.live.ring import Live, LostPosition

pytestmark = pytest.mark.anyio


def fill(live: Live, count: int, conversation: str | None = "c") -> None:
    for number in range(count):
        live.publish("ada", "delta", f'"{number}"', conversation=conversation)


async def test_a_reader_gets_what_comes_after_its_cursor_once_and_in_order() -> None:
    live = Live()
    fill(live, 10)
    with live.attach("ada", "c") as reader:
        assert reader.resume(f"{live.boot}.4")
        assert [event.seq for event in await reader.next()] == [5, 6, 7, 8, 9, 10]
        fill(live, 2)
        assert [event.seq for event in await reader.next()] == [11, 12]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        None,
        "nonsense",
        "other.3",
        "{boot}.",
        "{boot}.-1",
        "{boot}.99",
        "{boot}.1e1",
        "{boot}.٣",
        "{boot}.9" + "9" * 30,
    ],
)
async def test_a_cursor_that_is_not_ours_is_not_honoured(cursor: str | None) -> None:
    live = Live()
    fill(live, 10)
    with live.attach("ada", "c") as reader:
        assert not reader.resume(cursor and cursor.format(boot=live.boot))


async def test_a_cursor_older_than_the_ring_is_not_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "MAX_EVENTS", 5)
    live = Live()
    fill(live, 20)
    with live.attach("ada", "c") as reader:
        assert not reader.resume(f"{live.boot}.14")
        assert reader.resume(f"{live.boot}.15")


async def test_a_reader_slower_than_the_ring_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "MAX_EVENTS", 5)
    live = Live()
    with live.attach("ada", "c") as reader:
        fill(live, 20)
        with pytest.raises(LostPosition):
            await reader.next()


async def test_what_was_skipped_makes_older_cursors_of_that_conversation_void() -> None:
    live = Live()
    fill(live, 3)
    live.skip("ada", "c")
    live.publish("ada", "conversation", "{}")
    with live.attach("ada", "c") as reader:
        assert not reader.resume(f"{live.boot}.3")
        assert reader.resume(f"{live.boot}.4")
    with live.attach("ada", "other") as reader:
        assert reader.resume(f"{live.boot}.3")


async def test_a_page_sees_its_conversation_and_what_concerns_all_pages() -> None:
    live = Live()
    with live.attach("ada", "c") as reader:
        live.publish("ada", "delta", "1", conversation="other")
        live.publish("ada", "conversation", "2")
        live.publish("bob", "conversation", "3")
        live.publish("ada", "delta", "4", conversation="c")
        assert [event.data for event in await reader.next()] == ["2", "4"]


async def test_a_waiting_reader_wakes_for_its_own_events_only() -> None:
    live = Live()
    with live.attach("ada", "c") as reader:
        waiting = asyncio.create_task(reader.next())
        live.publish("ada", "delta", "1", conversation="other")
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waiting.done()
        live.publish("ada", "delta", "2", conversation="c")
        assert [event.data for event in await waiting] == ["2"]


async def test_after_a_reset_every_page_needs_a_snapshot() -> None:
    live = Live()
    fill(live, 3)
    with live.attach("ada", "c") as reader:
        waiting = asyncio.create_task(reader.next())
        await asyncio.sleep(0)
        live.reset("ada")
        with pytest.raises(LostPosition):
            await waiting
        assert not reader.resume(f"{live.boot}.3")


async def test_watching_counts_the_pages() -> None:
    live = Live()
    assert not live.watched("ada", "c")
    with live.attach("ada", "c"):
        with live.attach("ada", "c"):
            assert live.watched("ada", "c") and live.present("ada")
        assert live.watched("ada", "c")
    assert not live.watched("ada", "c") and not live.present("ada")


async def test_the_ring_stays_within_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "MAX_BYTES", 1000)
    live = Live()
    for _ in range(100):
        live.publish("ada", "delta", "x" * 300, conversation="c")
    for number in range(1000):
        live.skip("ada", f"conversation {number}")
    held = live.attach("ada", "c")._ring
    assert held.bytes <= 1000 and len(held.gaps) <= ring.MAX_GAPS + 1


async def test_a_reader_that_waits_through_what_others_get_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "MAX_EVENTS", 5)
    live = Live()
    with live.attach("ada", "c") as reader:
        waiting = asyncio.create_task(reader.next())
        await asyncio.sleep(0)
        fill(live, 20, "other")
        assert reader.cursor == f"{live.boot}.20"
        live.publish("ada", "delta", "1", conversation="c")
        live.publish("ada", "conversation", "2")
        assert [event.data for event in await waiting] == ["1", "2"]


async def test_two_pages_of_one_conversation_get_the_same() -> None:
    live = Live()
    with live.attach("ada", "c") as one, live.attach("ada", "c") as two, live.attach("ada", None) as none:
        waiting = [asyncio.create_task(reader.next()) for reader in (one, two, none)]
        await asyncio.sleep(0)
        fill(live, 1)
        assert [event.data for event in await waiting[0]] == [event.data for event in await waiting[1]] == ['"0"']
        assert not waiting[2].done()
        live.broadcast("restarting", "{}")
        assert [event.type for event in await waiting[2]] == ["restarting"]


async def test_a_reader_that_is_stopped_waits_no_more_and_the_others_go_on() -> None:
    live = Live()
    with live.attach("ada", "c") as one, live.attach("ada", "c") as two:
        waiting = [asyncio.create_task(reader.next()) for reader in (one, two)]
        await asyncio.sleep(0)
        one.stop()
        assert await waiting[0] == [] == await one.next()
        fill(live, 1)
        assert [event.data for event in await waiting[1]] == ['"0"']


async def test_readers_that_have_gone_leave_nothing_behind() -> None:
    live = Live()
    with live.attach("ada", "c") as reader:
        waiting = asyncio.create_task(reader.next())
        await asyncio.sleep(0)
        held = reader._ring
        assert held.waiting
        waiting.cancel()
    assert not held.waiting
    reader.stop()
