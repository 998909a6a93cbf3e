"""Logs to follow: any events in any order, signed and checkpointed, served from memory.

The views show what is on record, also what the rules would never admit; so these logs are not
admitted by anybody. Where a test needs lawful events it takes them from ``tests.harness``.
"""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from projections import Feed, Runner
from projections.store import ViewStore
from tests.harness.registry import ORIGIN, Registry, public, secret, signed_checkpoint
from verifier import encoding, note, tiles
from verifier.errors import UndecidedError
from verifier.event import Draft, Event, sign
from verifier.keys import thumbprint
from verifier.policy import Policy, parse_policy
from verifier.tree import leaf_hash, root_of

if TYPE_CHECKING:
    from projections.views import View

EXECUTOR = ThreadPoolExecutor(2)


class Log:
    """A log in memory that grows by signed events; it is a ``Source`` of what was published."""

    name = "memory"

    def __init__(self, entries: list[bytes] | None = None) -> None:
        self.raws: list[bytes] = list(entries or [])
        self.published = 0
        self.key = "log"
        self._heads: dict[str, Event] = {}
        self.now = 1_705_320_000

    @classmethod
    def of(cls, registry: Registry) -> Log:
        """Return the published log of a registry."""
        log = cls([event.raw for event in registry.events])
        log.publish()
        return log

    def append(self, actor: str, stream: str, type_: str, **fields: Any) -> Event:
        """Sign an event that continues its stream and put it at the end of the log."""
        head = self._heads.get(stream)
        self.now += 60
        draft = Draft(
            kid=thumbprint(public(actor)), iss=actor, stream=stream, type=type_, iat=self.now,
            payload=encoding.encode(msgspec.to_builtins(fields, builtin_types=(bytes,))),
            seq=0 if head is None else head.seq + 1, prev=None if head is None else head.id,
            ledger=leaf_hash(self.raws[0]) if self.raws else None,
        )  # fmt: skip
        event = self._heads[stream] = sign(draft, secret(actor).sign)
        self.raws.append(event.raw)
        return event

    def take(self, registry: Registry) -> Log:
        """Take over what a registry has recorded since, and publish it."""
        self.raws = [event.raw for event in registry.events]
        return self.publish()

    def publish(self, size: int | None = None) -> Log:
        """Let the checkpoint cover the first *size* entries, or all."""
        self.published = len(self.raws) if size is None else size
        return self

    def checkpoint(self) -> bytes:
        """Return the checkpoint of what is published."""
        hashes = [leaf_hash(raw) for raw in self.raws[: self.published]]
        if not hashes:
            raise UndecidedError("source-missing", "nothing is published yet")
        return signed_checkpoint(note.Checkpoint(ORIGIN, len(hashes), root_of(hashes)), self.key)

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the bytes of a hash tile."""
        span = 256**level
        first = n * 256
        return b"".join(
            root_of([leaf_hash(raw) for raw in self.raws[i * span : (i + 1) * span]])
            for i in range(first, first + width)
        )

    def entries(self, n: int, width: int) -> bytes:
        """Return the bytes of an entry bundle."""
        return tiles.encode_bundle(self.raws[n * 256 : n * 256 + width])

    def close(self) -> None:
        """Do nothing."""


def policy() -> Policy:
    """Return the policy that trusts the key of the logs here."""
    vkey = note.VerifierKey(ORIGIN, note.ED25519, public("log"))
    return parse_policy(f"log {vkey}\nquorum none\n".encode())


def feed(log: Log, *, page: int = 64) -> Feed:
    """Return a feed of a log."""
    return Feed(log, policy=policy(), executor=EXECUTOR, page=page)


def runner(log: Log, folder: Path, *views: type[View], page: int = 64, **options: Any) -> Runner:
    """Return a runner over a log; nothing is followed until it is told to."""
    return Runner(feed(log, page=page), folder, views, **options)


def dump(runner_: Runner, name: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table of a view, and where it stands."""
    with runner_.reading(name) as (rows, stand):
        tables = [
            row[0]
            for row in rows.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
            )
        ]
        found = {table: _rows(rows.execute(f"SELECT * FROM {table}")) for table in tables
                 if not table.startswith(("sqlite_", "search_", "stop"))}  # fmt: skip
        found["stand"] = [(stand.position, stand.time)]
        return found


def _rows(rows: list[sqlite3.Row]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in rows), key=repr)


__all__ = ["Log", "ViewStore", "dump", "feed", "policy", "runner"]
