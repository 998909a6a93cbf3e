"""The register as everyone asks for it: what was published of a subject or a stream.

The answer is a register proof (``verifier/register``), out of the last publication, under a newer
checkpoint. It is made beside the event loop: it may read a whole subject.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from aiohttp import web

from ledger.bundle import prepare
from ledger.http.entries import LEDGER
from ledger.http.openapi import Answer, Parameter, Route
from ledger.http.problems import SERVER
from verifier.register import format_register_proof

__all__ = ["MEDIA_REGISTER", "ROUTES"]

MEDIA_REGISTER: Final = "text/plain; charset=utf-8"

MEDIA_ZIP: Final = "application/zip"

_ONE_BUNDLE: Final = asyncio.Semaphore(1)  # each judges some thousand events
_HEADERS: Final = {
    "Content-Type": MEDIA_REGISTER, "Cache-Control": "public, max-age=10",
    "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "Server": SERVER,
}  # fmt: skip


async def register(request: web.Request) -> web.StreamResponse:
    """Give the register proof of a subject or a stream."""
    reader = request.app[LEDGER].register
    index, proof = await asyncio.to_thread(reader.prove, request.match_info["name"])
    body = format_register_proof(replace(proof, publication=reader.publication(index)))
    return web.Response(body=body, headers=_HEADERS)


async def bundle(request: web.Request) -> web.StreamResponse:
    """Give the evidence bundle of a subject."""
    maker = prepare(request.app[LEDGER])
    async with _ONE_BUNDLE:
        body = await asyncio.to_thread(maker.make, request.match_info["subject"])
    return web.Response(body=body, headers=_HEADERS | {"Content-Type": MEDIA_ZIP})


ROUTES: Final = (
    Route(
        method="GET", path="/register/{name:.+}", name="register", handler=register,
        summary="All that was published of a subject or a stream last, or that there was nothing.",
        parameters=(Parameter("name", "A subject, or a stream id; it contains slashes."),),
        answers=(Answer(200, "A register proof.", ((MEDIA_REGISTER, ()),)),),
    ),
    Route(
        method="GET", path="/bundle/{subject}", name="bundle", handler=bundle,
        summary="All that was published of a subject last, with all that it rests on, in one file.",
        parameters=(Parameter("subject", "The first segment of its stream ids."),),
        answers=(Answer(200, "An evidence bundle.", ((MEDIA_ZIP, ()),)),),
    ),
)  # fmt: skip
