"""Attachments over HTTP: stored for those whom an event on record names, served to everyone.

Rules:

1. ``PUT /blobs/<name>?event=<id>`` stores an object that this event refers to. The event was signed
   by an enrolled key and admitted; that is the right to store, and no other is asked for. Bytes
   that do not have the name are refused; repeating it changes nothing.
2. The answer comes when the object is durable.
3. ``GET`` serves an object as it is stored, immutable to caches, for an hour at a time: so long may
   a cache go on serving what was erased. An erased object answers 410 with the ground.
4. An object is never served as anything that a browser would show or run, and never held in memory
   for a reader who is slow.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from ledger.errors import LedgerError
from ledger.http.bodies import require_media
from ledger.http.entries import BODIES, LEDGER
from ledger.http.openapi import Answer, Parameter, Route
from ledger.http.problems import SERVER, problem_response
from verifier.blob import MAX_BLOB_BYTES, read_name
from verifier.errors import MalformedError, PledgebookError
from verifier.event import parse
from verifier.rules import admission
from verifier.rules.references import blobs_of

__all__ = ["ROUTES"]

MEDIA_BLOB: Final = "application/octet-stream"
_SHARED: Final = {
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    "Server": SERVER,
}
_BLOB_HEADERS: Final = {
    "Content-Type": MEDIA_BLOB,
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "public, max-age=3600, immutable",
} | _SHARED


async def put(request: web.Request) -> web.StreamResponse:
    """Store an attachment that an event refers to (rules 1 and 2)."""
    try:
        require_media(request, (MEDIA_BLOB,))
        name = read_name(request.match_info["name"])
        _require_named(request, name)
    except PledgebookError as error:
        return problem_response(error, close=True)
    body = await request.app[BODIES].read(request, MAX_BLOB_BYTES)
    if not isinstance(body, bytes):
        return body
    new = await asyncio.to_thread(request.app[LEDGER].blobs.put, name, body)
    return web.Response(status=201 if new else 200, headers=_SHARED)


def _require_named(request: web.Request, name: bytes) -> None:
    """Require that the event that the request shows refers to this attachment (rule 1)."""
    ledger = request.app[LEDGER]
    event_id = request.query.get("event", "")
    try:
        index = ledger.index_of(read_name(event_id))
    except MalformedError:
        raise LedgerError("T-request", "event is not an event's id in 64 hex digits") from None
    if index is None:
        raise LedgerError("entry-absent", f"there is no event {event_id}")
    body = admission.read_body(parse(ledger.event_at(index)))
    if name not in blobs_of(body):
        raise LedgerError("blob-unnamed", f"entry {index} does not refer to {name.hex()}")


async def get(request: web.Request) -> web.StreamResponse:
    """Give an attachment as it is stored (rules 3 and 4)."""
    name = read_name(request.match_info["name"])
    path = await asyncio.to_thread(request.app[LEDGER].blobs.place, name)
    return web.FileResponse(path, headers=_BLOB_HEADERS)


_NAME: Final = Parameter("name", "The attachment's name in 64 hex digits.")

ROUTES: Final = (
    Route(
        method="PUT", path="/blobs/{name}", name="putBlob", handler=put, takes=(MEDIA_BLOB,),
        summary="Store an attachment that an event on record refers to; answered when durable.",
        parameters=(
            _NAME,
            Parameter("event", "The id of an event that refers to it, in 64 hex digits.",
                      query=True),
        ),
        answers=(Answer(201, "It is stored.", ()), Answer(200, "It was stored before.", ())),
    ),
    Route(
        method="GET", path="/blobs/{name}", name="blob", handler=get, parameters=(_NAME,),
        summary="An attachment as it is stored: 32 random bytes, then its content.",
        answers=(
            Answer(200, "The attachment.", ((MEDIA_BLOB, ()),)),
            Answer(410, "It was erased; the detail says on which ground.", ()),
        ),
    ),
)  # fmt: skip
