"""Authors for benchmarks: keys from names, and a pen that signs what continues each stream.

Keys come from names, so one version of this code always writes the same bytes. Nothing is admitted
here; the audit and the ledger under measurement do that, and a benchmark fails if they refuse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verifier import encoding
from verifier.event import Draft, Event, EventId, Seen, sign
from verifier.keys import Kid, thumbprint
from verifier.rules.authority.keys import possession_statement
from verifier.tree import Frontier

__all__ = ["Key", "Pen", "Statement", "key_of"]

SEEN_EVERY = 64  # events between the checkpoints that authors see


class Key(NamedTuple):
    """An actor's key pair and its thumbprint."""

    private: Ed25519PrivateKey
    public: bytes
    kid: Kid


class Statement(NamedTuple):
    """What an actor is about to sign: author, stream, type with version, fields."""

    actor: str
    stream: str
    type: str
    fields: Mapping[str, Any]
    saw: Literal["nothing", "recently", "all"] = "nothing"
    """Which size and root of the log the author states: none, that of the last checkpoint, or that
    just before its event, as who endorses a proposal must have seen the proposal."""


@lru_cache(maxsize=4_096)
def key_of(name: str) -> Key:
    """Return the key that belongs to a name in benchmarks."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    public = private.public_key().public_bytes_raw()
    return Key(private, public, thumbprint(public))


class Pen:
    """Signs statements in the order of a log, and knows the heads of its streams."""

    def __init__(self) -> None:
        self.ledger: bytes | None = None
        self.frontier = Frontier()
        self._heads: dict[str, tuple[int, EventId]] = {}
        self._seen = Seen(0, self.frontier.root())

    def write(self, statement: Statement, *, at: int) -> Event:
        """Sign a statement at a time in seconds, as the next event of the log."""
        event = self.sign(statement, at=at)
        if self.ledger is None:
            self.ledger = event.id
        self.frontier.append(event.id)
        if self.frontier.size % SEEN_EVERY == 0:
            self._seen = Seen(self.frontier.size, self.frontier.root())
        return event

    def sign(self, statement: Statement, *, at: int) -> Event:
        """Sign a statement as the next event of its stream, without a place in the log."""
        actor, stream, type_, fields, saw = statement
        key = key_of(actor)
        seq, prev = self.next_on(stream)
        draft = Draft(
            kid=key.kid, iss=actor, stream=stream, type=type_, iat=at, seq=seq, prev=prev,
            payload=encoding.encode(fields), ledger=self.ledger,
            seen=self._saw(saw),
        )  # fmt: skip
        event = sign(draft, key.private.sign)
        self._heads[stream] = event.seq, event.id
        return event

    def _saw(self, saw: str) -> Seen | None:
        if saw == "all":
            self._seen = Seen(self.frontier.size, self.frontier.root())
        return None if saw == "nothing" else self._seen

    def next_on(self, stream: str) -> tuple[int, EventId | None]:
        """Return the seq and prev that continue a stream."""
        head = self._heads.get(stream)
        return (0, None) if head is None else (head[0] + 1, head[1])

    def ref(self, stream: str, seq: int | None = None) -> dict[str, Any]:
        """Return the reference to the newest event of a stream."""
        head_seq, id_ = self._heads[stream]
        assert seq is None or seq == head_seq, f"{stream} has gone on to {head_seq}"
        return {"stream": stream, "seq": head_seq, "id": bytes(id_)}

    def enrolment(self, actor: str, by: str) -> Iterator[Statement]:
        """Yield the statement that enrols an actor's key."""
        key, stream = key_of(actor), f"{actor}/keys"
        seq, prev = self.next_on(stream)
        possession = possession_statement(
            ledger=self.ledger or b"", actor=actor, kid=key.kid, stream=stream, seq=seq, prev=prev
        )
        fields = {"public": key.public, "pop": key.private.sign(possession)}
        yield Statement(by, stream, "KeyEnrolled/1", fields)
