"""One request to the gateway as it came in."""

from dataclasses import dataclass

from server.calls.admission import Caller
from server.errors import BadRequest
from server.gateway.body import Body, Receive, read
from server.gateway.desk import Desk
from server.gateway.outlet import Outlet
from server.gateway.surface import Surface


@dataclass(slots=True)
class Asked:
    """``path`` is what follows /v1, ``headers`` are in lower case."""

    desk: Desk
    surface: Surface
    """The format in which it is answered, errors too."""
    caller: Caller
    path: str
    query: str
    headers: dict[str, str]
    receive: Receive
    outlet: Outlet
    request_id: str

    async def body(self) -> Body:
        """Raises AppError, Gone."""
        self.check_encoding()
        body = Body(await read(self.receive))
        self.outlet.watch(self.receive)
        return body

    def check_encoding(self) -> None:
        """Raises BadRequest for a body that would have to be unpacked before it could be looked at."""
        kind = self.headers.get("content-encoding", "identity")
        if kind != "identity":
            raise BadRequest(f"this server reads no bodies in {kind}: send them as they are")
