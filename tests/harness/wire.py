"""A wire between client and service that loses replies, refuses, and changes bytes."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from ledger.client import (
    Author,
    LedgerClient,
    Statement,
)
from ledger.http import serving
from ledger.http.wire import MAX_BATCH_BYTES
from tests.harness import stories
from tests.harness.registry import Registry, secret
from tests.harness.service import KeySigner, Service
from verifier.event import Event, parse

Tamper = Callable[[str, bytes], bytes]
STREAM = f"{stories.PARTNERSHIP}/commitment/taps"


@dataclass(slots=True)
class Wire:
    """What lies between client and service: it can lose replies, refuse, and change bytes."""

    upstream: str
    lose: int = 0
    """So many replies to appends are lost after the service has acted."""
    fail: list[int] = field(default_factory=list)
    """States that are answered, one a request, before anything reaches the service."""
    tamper: Tamper | None = None
    appends: int = 0
    busiest: int = 0
    """The most requests that were on their way at once."""
    _now: int = 0

    async def carry(self, request: web.Request) -> web.StreamResponse:
        """Carry a request to the service and its reply back."""
        self._now += 1
        self.busiest = max(self.busiest, self._now)
        try:
            if self.fail:
                headers = {"Retry-After": "0", "Location": self.upstream + request.path_qs}
                return web.Response(status=self.fail.pop(0), headers=headers)
            return await self._carry(request)
        finally:
            self._now -= 1

    async def _carry(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {k: v for k, v in request.headers.items() if k in ("Content-Type", "Accept")}
        async with aiohttp.ClientSession() as http, http.request(
            request.method, self.upstream + request.path_qs, data=io.BytesIO(body), headers=headers
        ) as response:  # fmt: skip
            answer = await response.read()
        if request.method == "POST":
            self.appends += 1
            if self.lose:
                self.lose -= 1
                assert request.transport is not None
                request.transport.abort()
        if self.tamper is not None:
            answer = self.tamper(request.path, answer)
        kind = {"Content-Type": response.headers["Content-Type"]}
        return web.Response(status=response.status, body=answer, headers=kind)


@asynccontextmanager
async def between(live: Service, **faults: Any) -> AsyncIterator[tuple[Wire, LedgerClient]]:
    """Open a client that reaches the service over a faulty wire."""
    wire = Wire(live.url, **faults)
    app = web.Application(client_max_size=MAX_BATCH_BYTES)
    app.router.add_route("*", "/{tail:.*}", wire.carry)
    async with (
        serving(app, host="127.0.0.1", port=0) as address,
        LedgerClient(address.url, policy=live.policy) as client,
    ):
        yield wire, client


def progressing() -> Registry:
    """Return a scenario with an acknowledged commitment, on which progress can be reported."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    return registry


def author_of(live: Service, actor: str = stories.SECRETARIAT) -> Author:
    """Return an author with an actor's key, who knows no stream yet."""
    registry = live.registry
    return Author(actor, KeySigner(secret(actor)), ledger_id=registry.book.ledger,
                  clock=lambda: registry.now)  # fmt: skip


def progress(live: Service, n: int = 0, *, resign: bool = False) -> Statement:
    """Return a report of progress; it says the same on any head."""
    payload = {"as_of": live.registry.day(), "status": "on_track", "value": str(n)}
    return Statement(stream=STREAM, type="ProgressReported/1", payload=payload, resign=resign)


def recorded_in(live: Service, stream: str = STREAM) -> list[Event]:
    """Return what the ledger itself has on a stream."""
    return [parse(raw) for _, raw in live.ledger.stream(stream, 0, 1000)]
