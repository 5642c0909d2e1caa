"""What every request of the gateway is served with."""

from dataclasses import dataclass

from server.accounts.pace import Pace
from server.calls.admission import Admissions, Caller
from server.calls.calls import Calls
from server.calls.underway import Underway
from server.errors import Forbidden
from server.gateway.body import Body
from server.gateway.client import Client
from server.gateway.targets import Targets
from server.ops.room import Room
from server.providers.pool import Pool
from server.settings import Settings
from server.store.engine import Database

PREFIX = "/v1/"
"""What the path of a request to the gateway begins with."""


@dataclass(slots=True)
class Desk:
    settings: Settings
    database: Database
    calls: Calls
    pool: Pool
    admissions: Admissions
    targets: Targets
    underway: Underway
    client: Client
    pace: Pace
    room: Room
    key: bytes
    """Seals what is only for another provider."""

    async def refuse_others(self, caller: Caller, body: Body) -> None:
        """Raises Forbidden when a body names more models to somebody who may not use every one."""
        if body.names_others and (caller.key.models or (await self.pool.grants.of(caller.user_id)).models):
            raise Forbidden("name one model, in `model`: this key may not use every one", code="model_not_allowed")
