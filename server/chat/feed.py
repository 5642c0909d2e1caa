"""Reads conversations and messages as a page is shown them, and tells the pages that watch what changed.

Reading never writes. A running reply's own knowledge (status, text so far) is laid over its row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row

from server.chat import branches, conversations, messages, views
from server.chat.running import RunningReply, dumps
from server.chat.views import Renderer
from server.live.ring import Live
from server.money import budgets, ledger, report
from server.money.figures import Figures
from server.store.engine import Database


class Feed:
    def __init__(
        self, db: Database, live: Live, renderer: Renderer, running: dict[str, RunningReply], default_zone: str
    ) -> None:
        self._db, self._live, self._renderer, self._running = db, live, renderer, running
        self._zone = default_zone

    async def conversations(
        self,
        user_id: str,
        before: tuple[datetime, str] | None,
        limit: int,
        choice: conversations.Choice = conversations.ALL,
    ) -> list[dict[str, Any]]:
        def work(connection: Connection) -> tuple[list[Row[Any]], Any, Any]:
            rows = conversations.page(connection, user_id, before, limit, choice)
            figures = ledger.figures(connection, "conversation", [row.id for row in rows])
            return rows, figures, branches.relatives(connection, rows)

        rows, figures, kin = await self._db.read(work)
        busy = self._busy()
        return [views.conversation(row, figures.get(row.id), kin[row.id], running=row.id in busy) for row in rows]

    async def conversation(self, user_id: str, id: str, *, deleted: bool = False) -> dict[str, Any]:
        """Raises NotFound."""

        def work(connection: Connection) -> dict[str, Any]:
            return self._conversation(connection, conversations.get(connection, user_id, id, deleted=deleted))

        return await self._db.read(work)

    async def family(self, user_id: str, id: str) -> dict[str, Any]:
        """The conversation's family with what each of them cost, and all together. Raises NotFound."""

        def work(connection: Connection) -> dict[str, Any]:
            rows = branches.family(connection, conversations.get(connection, user_id, id))
            figures = ledger.figures(connection, "conversation", [row.id for row in rows])
            return views.family(rows, figures, branches.excerpts(connection, rows))

        return await self._db.read(work)

    async def page(
        self,
        user_id: str,
        id: str,
        limit: int,
        before: str | None,
        after: str | None,
        leaf: str | None,
        around: str | None = None,
    ) -> dict[str, Any]:
        """The conversation with ``limit`` messages of its path, and what is compared with them. Raises NotFound."""

        def work(connection: Connection) -> tuple[dict[str, Any], messages.Page, list[Row[Any]], Any]:
            row = conversations.get(connection, user_id, id)
            if around is not None:
                page = messages.around(connection, row, around, limit)
            else:
                page = messages.page(connection, row, limit, before=before, after=after, leaf=leaf)
            here = {one.id for one in page.rows}
            beside = [one for one in messages.compared(connection, page.rows) if one.id not in here]
            details = views.around(connection, [*page.rows, *beside])
            return self._conversation(connection, row), page, beside, details

        conversation, page, beside, details = await self._db.read(work)
        shown = await self._shown([*page.rows, *beside], details)
        return {
            "conversation": conversation,
            "messages": shown[: len(page.rows)],
            "beside": shown[len(page.rows) :],
            "earlier": page.earlier,
            "later": page.later,
            "leaf": page.leaf,
        }

    async def changes(self, user_id: str, id: str, since: int) -> dict[str, Any]:
        """The conversation and its messages that changed after revision ``since``. Raises NotFound."""

        def work(connection: Connection) -> tuple[dict[str, Any], list[Row[Any]], Any]:
            row = conversations.get(connection, user_id, id)
            rows = messages.changed_since(connection, id, since)
            return self._conversation(connection, row), rows, views.around(connection, rows)

        conversation, rows, around = await self._db.read(work)
        return {"conversation": conversation, "messages": await self._shown(rows, around)}

    async def message(self, user_id: str, id: str) -> dict[str, Any]:
        """Raises NotFound."""
        return (await self.messages(user_id, [id]))[0]

    async def messages(self, user_id: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Messages of one conversation, in this order. Raises NotFound."""

        def work(connection: Connection) -> tuple[list[Row[Any]], Any]:
            rows = [messages.get(connection, user_id, id) for id in ids]
            return rows, views.around(connection, rows)

        rows, around = await self._db.read(work)
        return await self._shown(rows, around)

    async def statistics(
        self, user_id: str, device_id: str, conversation_id: str | None = None, place: ZoneInfo | None = None
    ) -> dict[str, Any]:
        """The figures of this device, of the account, of one conversation, of today in this place. Raises NotFound."""

        def work(connection: Connection) -> dict[str, Any]:
            if conversation_id is not None:
                conversations.get(connection, user_id, conversation_id)
            scopes = {"conversation": conversation_id, "device": device_id, "account": user_id}
            found = {
                scope: (ledger.figures(connection, scope, [id]).get(id) or Figures()).as_json() if id else None
                for scope, id in scopes.items()
            }
            found["budget"] = self._budget(connection, user_id)
            return found if place is None else found | {"day": report.today(connection, user_id, place)}

        return await self._db.read(work)

    async def tell_messages(self, user_id: str, ids: Sequence[str]) -> None:
        for shown in await self.messages(user_id, ids):
            self._live.publish(user_id, "message", dumps(shown), conversation=shown["conversation_id"])

    async def tell_conversation(self, user_id: str, id: str) -> None:
        shown = await self.conversation(user_id, id, deleted=True)
        if shown["deleted_at"]:
            self._live.publish(user_id, "gone", dumps({"conversation": id}))
        else:
            self._live.publish(user_id, "conversation", dumps(shown))

    async def tell_family(self, user_id: str, id: str) -> None:
        """For what its relatives show of a conversation too: that it is there, where it came from, its name."""

        def work(connection: Connection) -> list[dict[str, Any]]:
            family = branches.family(connection, conversations.get(connection, user_id, id, deleted=True))
            living = [one.id for one in family if one.deleted_at is None and one.id != id]
            rows = [conversations.get(connection, user_id, one) for one in living]
            kin = branches.relatives(connection, rows)
            return [self._conversation(connection, row, kin[row.id]) for row in rows]

        await self.tell_conversation(user_id, id)
        if self._live.present(user_id):
            for shown in await self._db.read(work):
                self._live.publish(user_id, "conversation", dumps(shown))

    async def tell_statistics(self, user_id: str, device_id: str | None) -> None:
        """To every page of the user; the figures of another device than its own a page leaves aside."""
        if self._live.present(user_id):
            shown = await self.statistics(user_id, device_id or "")
            self._live.publish(user_id, "statistics", dumps({"device_id": device_id} | shown))

    def _budget(self, connection: Connection, user_id: str) -> dict[str, Any] | None:
        """The tightest of the person's own."""
        if (found := budgets.tightest(connection, self._zone, user_id)) is None:
            return None
        budget, spent = found
        return {"period": budget.period, "spent_nanos": spent, "limit_nanos": budget.limit_nanos}

    def _busy(self) -> set[str]:
        return {reply.conversation_id for reply in self._running.values()}

    def _conversation(
        self, connection: Connection, row: Row[Any], kin: branches.Relatives | None = None
    ) -> dict[str, Any]:
        figures = ledger.figures(connection, "conversation", [row.id]).get(row.id)
        used = None
        if row.leaf_id is not None:
            paid = messages.paid_as(connection, row.leaf_id)
            last = ledger.by_message(connection, [paid]).get(paid)
            used = {"used": last.figures.tokens, "limit": None} if last else None
        kin = kin or branches.relatives(connection, [row])[row.id]
        return views.conversation(row, figures, kin, running=row.id in self._busy(), context=used)

    async def _shown(self, rows: Sequence[Row[Any]], around: Any) -> list[dict[str, Any]]:
        usage, siblings, files = around
        # A row that has ended says all there is, also while its reply does not know yet that it was saved.
        running = {row.id: self._running.get(row.id) for row in rows if row.status in messages.RUNNING}
        html = await self._renderer.html([row for row in rows if running.get(row.id) is None])
        shown = []
        for row in rows:
            reply = running.get(row.id)
            shown.append(
                views.message(
                    row,
                    html=html.get(row.id),
                    usage=usage.get(row.id),
                    siblings=siblings.get(row.parent_id, ()),
                    files=files.get(row.id, ()),
                    queued=reply.queued if reply else False,
                    live=reply.live_view() if reply else None,
                )
            )
        return shown
