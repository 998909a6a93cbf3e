"""A published folder, served as the log is: checkpoint, tiles, bundles, and attachments.

Only what is spelt as a path of the log is looked for, and only below the folder. Tiles never
change; a checkpoint is asked for again; what is absent may exist in a second. Everyone may read it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from aiohttp import web

from verifier.blob import read_name
from verifier.errors import MalformedError, UndecidedError
from verifier.sources import FolderSource
from verifier.tiles import Bundle, parse_path

__all__ = ["add_log_files"]

COPY: Final = web.AppKey("copy", FolderSource)
_SHARED: Final = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable", **_SHARED}


def add_log_files(app: web.Application, folder: Path) -> None:
    """Serve a published folder at the root of an application."""
    app[COPY] = FolderSource(folder)
    app.router.add_get("/checkpoint", _checkpoint)
    app.router.add_get("/tile/{path:.+}", _tile)
    app.router.add_get("/blobs/{name}", _blob)


async def _checkpoint(request: web.Request) -> web.Response:
    try:
        note = await asyncio.to_thread(request.app[COPY].checkpoint)
    except UndecidedError as error:
        return _absent(error.reason)
    headers = {"Cache-Control": "public, max-age=1", **_SHARED}
    return web.Response(body=note, content_type="text/plain", charset="utf-8", headers=headers)


async def _tile(request: web.Request) -> web.Response:
    copy = request.app[COPY]
    try:  # from the raw path: another spelling must not reach the same tile
        place = parse_path(request.rel_url.raw_path.removeprefix("/"))
        if isinstance(place, Bundle):
            data = await asyncio.to_thread(copy.entries, place.n, place.width)
        else:
            data = await asyncio.to_thread(copy.tile, place.level, place.n, place.width)
    except (MalformedError, UndecidedError) as error:
        return _absent(error.reason)
    return web.Response(body=data, content_type="application/octet-stream", headers=_FOR_EVER)


async def _blob(request: web.Request) -> web.Response:
    try:
        name = read_name(request.match_info["name"])
        stored = await asyncio.to_thread(request.app[COPY].blob, name)
    except (MalformedError, UndecidedError) as error:
        return _absent(error.reason)
    headers = {"Cache-Control": "no-cache", **_SHARED}  # it may be erased
    return web.Response(body=stored, content_type="application/octet-stream", headers=headers)


def _absent(reason: str) -> web.Response:
    headers = {"Cache-Control": "no-store", **_SHARED}
    return web.Response(status=404, text=f"{reason}\n", headers=headers)
