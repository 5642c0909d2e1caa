"""What a running server has in memory of what people change: told here, by its own page and by commands alike."""

from server.api.deps import Services
from server.api.stream import EVERY_SESSION, SIGNED_OUT


class Following:
    def __init__(self, here: Services) -> None:
        self._here = here

    async def budgets_changed(self) -> None:
        await self._here.book.change()

    def credential_changed(self, id: str) -> None:
        """Its key, its address, or that it is gone."""
        self._here.directory.forget(id)
        self._here.pool.health.forget(id)
        self.credentials_changed()

    def credentials_changed(self) -> None:
        """Which there are, or their order."""
        self._here.pool.forget()
        self._here.live.broadcast("models", "{}")

    def key_revoked(self, id: str) -> None:
        self._here.underway.end_key(id)

    def user_changed(self, id: str) -> None:
        """What somebody may use."""
        self._here.pool.forget()
        self._here.keys.forget()
        self._here.live.publish(id, "models", "{}")

    def signed_out(self, id: str) -> None:
        """Everywhere."""
        self._here.live.publish(id, SIGNED_OUT, EVERY_SESSION)

    async def shut_out(self, id: str) -> None:
        """Ends everything that somebody has open."""
        self._here.pool.forget()
        self._here.keys.forget()
        self.signed_out(id)
        self._here.underway.end(id)
        await self._here.replies.stop_user(id)

    async def erase(self, id: str) -> None:
        """Everything of somebody who was deleted."""
        await self._here.erasure.erase(id)
