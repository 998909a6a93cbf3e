"""A real ledger behind real HTTP on a free port of the loopback, and a client's view of it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.application import Ledger, Settings
from ledger.http import Bodies, make_app, serving
from ledger.http.wire import MEDIA_BATCH, MEDIA_EVENT, Problem, encode_batch
from tests.harness import logkeys
from tests.harness.registry import Registry, secret
from verifier.event import Event
from verifier.policy import Policy, parse_policy


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A signer whose key is in memory; the port is the real one."""

    key: Ed25519PrivateKey

    def public_key(self) -> bytes:
        """Return the raw public key."""
        return self.key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """Return the Ed25519 signature."""
        return self.key.sign(data)

    def describe(self) -> str:
        """Say where the key is."""
        return "Ed25519 key in memory"


@dataclass(slots=True)
class Service:
    """A running ledger, the scenario that speaks to it, and a plain HTTP session."""

    ledger: Ledger
    registry: Registry
    url: str
    http: aiohttp.ClientSession
    bodies: Bodies

    @property
    def policy(self) -> Policy:
        """The trust policy of this log, pinned to this ledger."""
        return parse_policy(self.registry.policy().encode())

    async def post(self, data: Any, *, media: str = MEDIA_EVENT, path: str = "/entries",
                   **headers: str) -> aiohttp.ClientResponse:  # fmt: skip
        """POST a body and read the whole reply."""
        if isinstance(data, bytes) and len(data) > 2**20:
            data = io.BytesIO(data)  # aiohttp warns of a large body that is in one piece
        response = await self.http.post(
            self.url + path, data=data, headers={"Content-Type": media} | headers
        )
        await response.read()
        return response

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        """GET a path and read the whole reply."""
        response = await self.http.get(self.url + path, headers=headers, allow_redirects=False)
        await response.read()
        return response

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a plain connection, for what no HTTP client would send."""
        return await asyncio.open_connection("127.0.0.1", int(self.url.rpartition(":")[2]))

    async def load(self) -> None:
        """Submit everything that the scenario has recorded, in batches."""
        events = self.registry.events[self.ledger.size :]
        for at in range(0, len(events), 1000):
            batch = encode_batch([event.raw for event in events[at : at + 1000]])
            response = await self.post(batch, media=MEDIA_BATCH)
            results = (await response.json())["results"]
            assert {result["status"] for result in results} == {201}, results


async def until(true: Callable[[], object]) -> None:
    """Wait until something has become true in this process."""
    while not true():  # noqa: ASYNC110 - what is waited for offers no event to wait on
        await asyncio.sleep(0.001)


async def problem(response: aiohttp.ClientResponse) -> Problem:
    """Return the problem that a response tells; its form is checked, its hint must not be empty."""
    assert response.content_type == "application/problem+json", await response.text()
    assert response.headers["Cache-Control"] == "no-store"
    told = msgspec.json.decode(await response.read(), type=Problem)
    assert told.status == response.status
    assert told.code
    assert told.title
    assert told.detail
    assert told.hint
    return told


@asynccontextmanager
async def service(
    folder: Path, registry: Registry | None = None, *, bodies: Bodies | None = None,
    publisher: str = "", **settings: Any,
) -> AsyncIterator[Service]:  # fmt: skip
    """Serve a ledger that holds what a scenario has recorded; an opened ledger by default."""
    registry = Registry().open() if registry is None else registry
    upkeep = KeySigner(secret(publisher)) if publisher else None
    signers = replace(logkeys.signers(), service=upkeep)
    ledger = Ledger.open(folder, settings=Settings(**settings), signers=signers)
    bodies = Bodies() if bodies is None else bodies
    app = make_app(ledger, bodies=bodies)
    async with serving(app, host="127.0.0.1", port=0) as address, aiohttp.ClientSession() as http:
        live = Service(ledger, registry, address.url, http, bodies)
        await live.load()
        yield live


def registration(registry: Registry, actor: str, **options: Any) -> Event:
    """Sign, and do not record, the registration of an organization by a root."""
    fields: dict[str, Any] = {
        "kind": "organization", "name": [{"lang": "en", "text": actor}], "principal": actor,
        "stakeholder_type": "ngo",
    }  # fmt: skip
    return registry.sign(
        "actor-root-a", f"{actor}/profile", "ActorRegistered", **(fields | options)
    )


def register_many(registry: Registry, count: int) -> list[Event]:
    """Record the registrations of so many organizations, each on a stream of its own."""
    return [registry.add(registration(registry, f"actor-n{i}")).event for i in range(count)]
