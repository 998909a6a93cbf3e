"""The log as everyone reads it: checkpoint, tiles, entry bundles (C2SP tlog-tiles), and health.

Rules:

1. ``checkpoint``, ``tile/<L>/<N>[.p/<W>]`` and ``tile/entries/<N>[.p/<W>]``, spelt exactly so.
   Whatever is spelt otherwise is absent; there are no redirects.
2. Tiles never change, so they are immutable to caches. A checkpoint lives for a second.
3. Any width is answered that the committed size covers; a wider one is absent, and says so with
   ``no-store``, since it may exist in a second. Never another width than was asked for.
4. Health says whether the process answers, readiness whether it takes events now.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from ledger.errors import LedgerError
from ledger.http.entries import IMMUTABLE, LEDGER
from ledger.http.openapi import Answer, Parameter, Route
from ledger.http.problems import SERVER
from ledger.http.wire import MEDIA_JSON, Health, encode_json
from verifier.errors import MalformedError
from verifier.tiles import Bundle, parse_path, width_at

__all__ = ["CLOSING", "ROUTES"]

CLOSING: Final = web.AppKey("closing", list[bool])
"""Non-empty once the service has begun to close."""

MEDIA_NOTE: Final = "text/plain; charset=utf-8"
MEDIA_TILE: Final = "application/octet-stream"

_SHARED: Final = {
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    "Server": SERVER,
}
_NOTE_HEADERS: Final = {"Content-Type": MEDIA_NOTE, "Cache-Control": "public, max-age=1"} | _SHARED
_TILE_HEADERS: Final = {"Content-Type": MEDIA_TILE, "Cache-Control": IMMUTABLE} | _SHARED
_HEALTH_HEADERS: Final = {"Content-Type": MEDIA_JSON, "Cache-Control": "no-store"} | _SHARED


async def checkpoint(request: web.Request) -> web.StreamResponse:
    """Give the newest published checkpoint."""
    return web.Response(body=request.app[LEDGER].checkpoint(), headers=_NOTE_HEADERS)


async def tile(request: web.Request) -> web.StreamResponse:
    """Give a hash tile or an entry bundle (rules 1 to 3)."""
    path = request.rel_url.raw_path
    ledger = request.app[LEDGER]
    try:  # from the raw path: another spelling must not reach the same tile
        place = parse_path(path[path.rindex("/tile/") + 1 :])
    except MalformedError as error:
        raise LedgerError("T-path", error.reason) from None
    level = 0 if isinstance(place, Bundle) else place.level
    if place.width > width_at(level, place.n, ledger.size):
        raise LedgerError("entry-absent", f"the log of {ledger.size} entries has no {place.path}")
    if isinstance(place, Bundle):
        body = ledger.bundle(place.n, place.width)
    else:
        body = ledger.tile(place.level, place.n, place.width)
    return web.Response(body=body, headers=_TILE_HEADERS)


async def healthz(request: web.Request) -> web.StreamResponse:
    """Say that the process answers."""
    return _health(Health(status="ok", size=request.app[LEDGER].size), 200)


async def readyz(request: web.Request) -> web.StreamResponse:
    """Say whether the service takes events now; 503 and the reason if not."""
    ledger = request.app[LEDGER]
    ready, reason = (False, "the service is closing") if request.app[CLOSING] else ledger.ready()
    health = Health(
        status="ready" if ready else "not ready",
        size=ledger.size,
        ledger_id=ledger.ledger_id.hex(),
        reason=reason,
    )
    return _health(health, 200 if ready else 503)


def _health(health: Health, status: int) -> web.Response:
    return web.Response(body=encode_json(health), status=status, headers=_HEALTH_HEADERS)


ROUTES: Final = (
    Route(
        method="GET", path="/checkpoint", name="checkpoint", handler=checkpoint,
        summary="The newest published checkpoint (C2SP tlog-checkpoint).",
        answers=(Answer(200, "A signed note.", ((MEDIA_NOTE, ()),)),),
    ),
    Route(
        method="GET", path="/tile/{path:.+}", name="tile", handler=tile,
        summary="A hash tile or an entry bundle (C2SP tlog-tiles), of any width so far.",
        parameters=(Parameter("path", "<L>/<N>[.p/<W>] or entries/<N>[.p/<W>]."),),
        answers=(Answer(200, "The tile; it never changes.", ((MEDIA_TILE, ()),)),),
    ),
    Route(
        method="GET", path="/-/healthz", name="healthz", handler=healthz,
        summary="Whether the process answers.",
        answers=(Answer(200, "It does.", ((MEDIA_JSON, (Health,)),)),),
    ),
    Route(
        method="GET", path="/-/readyz", name="readyz", handler=readyz,
        summary="Whether the service takes events now.",
        answers=(
            Answer(200, "It does.", ((MEDIA_JSON, (Health,)),)),
            Answer(503, "It does not; reads may still be answered.", ((MEDIA_JSON, (Health,)),)),
        ),
    ),
)  # fmt: skip
