"""The page itself: index, assets, manifest, service worker. Read-only files with the right caching."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from server.api.assets import PREFIX, Asset, Assets
from server.api.deps import Page
from server.errors import NotFound

router = APIRouter()

FOREVER = "max-age=31536000, immutable"
ASK_FIRST = "no-cache"


@router.get("/", include_in_schema=False)
@router.head("/", include_in_schema=False)
@router.get("/share", include_in_schema=False)
async def index(request: Request, assets: Page) -> Response:
    """The page; what was shared to it stays in the address, and the page takes it from there."""
    return _respond(request, assets.index, ASK_FIRST)


@router.post("/share", include_in_schema=False)
async def share() -> Response:
    """Taken by the service worker, which keeps what is shared on the device; without one there is only the page."""
    return RedirectResponse("/", status_code=303)


@router.get(PREFIX + "{name:path}", include_in_schema=False)
async def asset(request: Request, assets: Page, name: str) -> Response:
    """Under the fingerprint that the index names a file never changes; under another it is asked for again."""
    found = _find(assets, name)
    current = request.query_params.get("v") == found.hash
    return _respond(request, found, FOREVER if current else ASK_FIRST)


@router.get("/manifest.webmanifest", include_in_schema=False)
async def manifest(request: Request, assets: Page) -> Response:
    return _respond(request, _find(assets, "manifest.webmanifest"), ASK_FIRST)


@router.get("/sw.js", include_in_schema=False)
async def worker(request: Request, assets: Page) -> Response:
    """At the root, as a worker only reaches what lies below its own address."""
    return _respond(request, assets.worker, ASK_FIRST)


@router.get("/shell.json", include_in_schema=False)
async def version(assets: Page) -> Response:
    """For pages that have no service worker to tell them that they are old."""
    return JSONResponse({"version": assets.version}, headers={"Cache-Control": ASK_FIRST})


@router.get("/favicon.ico", include_in_schema=False)
async def favicon(request: Request, assets: Page) -> Response:
    return _respond(request, _find(assets, "icons/icon.svg"), ASK_FIRST)


def _find(assets: Assets, name: str) -> Asset:
    if name not in assets.files:
        raise NotFound("there is no such file")
    return assets.files[name]


def _respond(request: Request, asset: Asset, caching: str) -> Response:
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    if caching != FOREVER:  # what never changes is never asked about
        headers["ETag"] = f'"{asset.hash}"'
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
    content = asset.content
    accepted = request.headers.get("accept-encoding", "")
    if asset.compressible:
        encoding = "br" if "br" in accepted else "gzip" if "gzip" in accepted else None
        if encoding is not None:
            content = asset.encoded(encoding)
            headers["Content-Encoding"] = encoding
    return Response(content, headers=headers | {"Content-Type": asset.type})
