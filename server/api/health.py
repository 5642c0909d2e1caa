"""Is it alive, can it work, and how is it doing: for orchestrators, load balancers and Prometheus."""

import hmac

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection, select

from server.api.deps import Here, Services
from server.api.virtual_keys import admin
from server.money.figures import NAMES, Figures
from server.money.rollup import totals

router = APIRouter(include_in_schema=False)


@router.get("/health")
@router.head("/health")
@router.get("/health/live")
@router.head("/health/live")
async def live() -> dict[str, str]:
    """Public, cheap, and says nothing private: whoever can answer is alive."""
    return {"status": "ok"}


@router.get("/health/ready")
@router.head("/health/ready")
async def ready(here: Here) -> Response:
    missing = await here.ready.missing()
    body = {"status": "not ready", "missing": missing} if missing else {"status": "ready"}
    return JSONResponse(body, 503 if missing else 200, {"Cache-Control": "no-store"})


@router.get("/metrics")
async def show(request: Request, here: Here) -> Response:
    """For the token of the settings, and for whoever may see everything. Raises NotSignedIn, Forbidden."""
    from server.ops import metrics  # where nobody asks, nobody carries it

    await _check(request, here)
    used = await here.database.read(_used)
    replies = list(here.replies.running.values())
    resting, refused = here.pool.health.counts()
    streams = {"page": here.live.readers, "gateway": here.underway.count}
    gauges = [
        metrics.many("llm_router_streams_open", "gauge", "Connected pages and programs.", "class", streams),
        metrics.one("llm_router_replies_running", "gauge", "Replies that are being made.", len(replies)),
        metrics.one(
            "llm_router_replies_queued", "gauge", "… of them waiting for another.", sum(one.queued for one in replies)
        ),
        metrics.one("llm_router_database_commits_total", "counter", "Commits.", here.database.commits),
        metrics.one("llm_router_database_waiting", "gauge", "Writes in the queue.", here.database.waiting),
        metrics.one("llm_router_disk_free_bytes", "gauge", "Room on the disk of the data.", here.room.free or 0),
        metrics.one("llm_router_credentials_resting", "gauge", "Provider keys that rest for a while.", resting),
        metrics.one("llm_router_credentials_refused", "gauge", "Provider keys that were refused.", refused),
    ]
    families = [*metrics.counted(), *metrics.spent(used), *gauges]
    families += [*metrics.stored(here.settings.database_file), *metrics.process()]
    return Response(metrics.page(families), headers={"Content-Type": metrics.TYPE, "Cache-Control": "no-store"})


async def _check(request: Request, here: Services) -> None:
    token = here.settings.metrics_token
    scheme, _, offered = request.headers.get("authorization", "").partition(" ")
    wanted = token.get_secret_value().encode() if token is not None and scheme.lower() == "bearer" else b""
    if wanted and hmac.compare_digest(offered.strip().encode(), wanted):
        return
    await admin(request, here)


def _used(connection: Connection) -> Figures:
    """All accounts together: one row for each is kept beside the ledger, whatever retention takes."""
    columns = [totals.c[name] for name in NAMES]
    rows = connection.execute(select(*columns).where(totals.c.scope == "account"))
    return sum((Figures.of(row) for row in rows), Figures())
