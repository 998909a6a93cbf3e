"""The service as an aiohttp application, and how it starts and stops.

Rules:

1. ``ROUTES`` is the whole interface; the OpenAPI document is made from the same table.
2. Request bodies are never inflated, redirects never sent, nothing is logged per request.
3. Stopping, in this order: no new connections; idle ones are closed; requests in hand are answered;
   the ledger drains. What was answered is durable, what was not is safe to submit again.
4. The queue of connections not yet accepted holds at least 512: auditors come in bursts.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ledger.application import Ledger
from ledger.http import blobs, entries, log, register, scitt
from ledger.http.bodies import Bodies, expect
from ledger.http.entries import BODIES, LEDGER
from ledger.http.log import CLOSING
from ledger.http.openapi import Answer, Route, render
from ledger.http.problems import SERVER, answer_problems
from ledger.http.wire import MEDIA_JSON

__all__ = ["ROUTES", "Address", "make_app", "mount", "serve", "serving"]

BACKLOG: Final = 1_024
YOUNG_OBJECTS: Final = 20_000  # new containers before the cycle collector looks; usually 700
SHUTDOWN_TIMEOUT_S: Final = 30.0  # for the requests in hand; a group commits in milliseconds
KEEPALIVE_S: Final = 75.0  # longer than the usual proxy holds a connection idle
LINGER_S: Final = 2.0  # reading on after a refusal, so that the client sees the reply
MAX_LINE_BYTES: Final = 4_096  # the longest path is a stream of 128 bytes, percent-encoded
MAX_HEADER_BYTES: Final = 8_190
READ_BUFFER_BYTES: Final = 64 * 1024  # 100 events arrive in one piece

_DOCUMENT_HEADERS: Final = {
    "Content-Type": MEDIA_JSON,
    "Cache-Control": "public, max-age=3600",
    "Access-Control-Allow-Origin": "*",
    "Server": SERVER,
}


async def openapi(_request: web.Request) -> web.StreamResponse:
    """Give the OpenAPI document."""
    return web.Response(body=_DOCUMENT, headers=_DOCUMENT_HEADERS)


ROUTES: Final[tuple[Route, ...]] = (
    *entries.ROUTES,
    *blobs.ROUTES,
    *log.ROUTES,
    *register.ROUTES,
    *scitt.ROUTES,
    Route(
        method="GET", path="/openapi.json", name="openapi", handler=openapi,
        summary="This document.",
        answers=(Answer(200, "OpenAPI 3.1.", ((MEDIA_JSON, ()),)),),
    ),
)  # fmt: skip

_DOCUMENT: Final = render(ROUTES)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The base URL, without a final slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def mount(app: web.Application, ledger: Ledger, *, bodies: Bodies | None = None) -> None:
    """Add the ledger's routes to an application, which then starts and drains it (rule 3).

    The application's middlewares must turn errors into replies, as ``answer_problems`` does.
    """
    app[LEDGER] = ledger
    app[BODIES] = Bodies() if bodies is None else bodies
    app[CLOSING] = []
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.handler, expect_handler=expect)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, route.handler, expect_handler=expect)
    app.on_shutdown.append(_begin_closing)
    app.cleanup_ctx.append(_run_ledger)


def make_app(ledger: Ledger, *, bodies: Bodies | None = None) -> web.Application:
    """Return the application that serves a ledger and nothing else."""
    app = web.Application(middlewares=[answer_problems])
    mount(app, ledger, bodies=bodies)
    return app


@asynccontextmanager
async def serving(app: web.Application, *, host: str, port: int) -> AsyncIterator[Address]:
    """Serve an application while the context is open; port 0 takes a free one.

    Raises:
        OSError: the address cannot be bound.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        handle_signals=False,
        keepalive_timeout=KEEPALIVE_S,
        lingering_time=LINGER_S,
        max_field_size=MAX_HEADER_BYTES,
        max_line_size=MAX_LINE_BYTES,
        read_bufsize=READ_BUFFER_BYTES,
        shutdown_timeout=SHUTDOWN_TIMEOUT_S,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=BACKLOG)
        await site.start()
        yield Address(host, int(runner.addresses[0][1]))
    finally:
        await runner.cleanup()


async def serve(
    app: web.Application, *, host: str, port: int, ready: Callable[[Address], None]
) -> None:
    """Serve until SIGTERM or SIGINT, then stop as rule 3 says; *ready* is told the address."""
    gc.freeze()  # what was loaded stays: the cycle collector need never look at it again
    gc.set_threshold(YOUNG_OBJECTS)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        async with serving(app, host=host, port=port) as address:
            ready(address)
            await stop.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _begin_closing(app: web.Application) -> None:
    app[CLOSING].append(True)


async def _run_ledger(app: web.Application) -> AsyncIterator[None]:
    """Start the ledger with the application; drain it after the last reply."""
    await app[LEDGER].start()
    yield
    await app[LEDGER].close()
