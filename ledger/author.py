"""An author: builds and signs the events of one actor, with one key, on the heads of its streams.

Rules:

1. An event continues a head that the author knows: one it has signed, or one it was told by
   ``adopt``. Without either nothing is signed.
2. A position for which this author holds a receipt is never signed again. A head before it is a
   rollback, and refused: who signs two events for one position is taken for an equivocator.
3. What was signed is not yet recorded: ``confirm`` is called with what a receipt has proved, and
   ``withdraw`` when an event was declined; the stream's head is then what was last confirmed.
4. The memory of an author lasts as long as the object. A service that signs on the same streams
   across restarts prefetches their heads, and submits again what it had signed before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger.errors import LedgerError
from ledger.signer import Signer
from verifier import encoding
from verifier.event import Draft, Event, EventId, Seen, sign
from verifier.keys import Kid, thumbprint
from verifier.rules.book import Body, Head

__all__ = ["Author", "Statement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What an author wants to say, before it has a place in its stream."""

    stream: str
    type: str
    """Name and schema version, such as ``ProgressReported/1``."""
    payload: Mapping[str, Any]
    iat: int | None = None
    """The signing time in seconds; None for the author's clock."""
    needs_seen: bool = False
    """Decisions, endorsements and appeals say which tree their author had seen."""
    resign: bool = False
    """It says the same on any head, so it may be signed anew when the stream has moved on."""

    @classmethod
    def of(
        cls, stream: str, body: Body, *, iat: int | None = None, resign: bool = False
    ) -> Statement:
        """Return the statement of a typed payload."""
        return cls(
            stream=stream, type=body.TYPE, iat=iat, needs_seen=body.DECISION, resign=resign,
            payload=msgspec.to_builtins(body, builtin_types=(bytes,)),
        )  # fmt: skip


class Author:
    """Signs as one actor; knows the heads of its streams. Not for several threads at once.

    *ledger_id* binds every event to one ledger; None only to sign the event that opens it. *clock*
    gives the signing time in seconds since 1970.
    """

    def __init__(
        self,
        actor: str,
        signer: Signer,
        *,
        ledger_id: bytes | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.actor = actor
        self.ledger_id = ledger_id
        self.kid: Kid = thumbprint(signer.public_key())
        self._signer = signer
        self._clock = clock
        self._heads: dict[str, Head | None] = {}
        self._confirmed: dict[str, Head] = {}
        self._unsettled: dict[bytes, Event] = {}

    @property
    def unsettled(self) -> list[Event]:
        """What is signed and neither confirmed nor withdrawn, in the order of signing."""
        return list(self._unsettled.values())

    def knows(self, stream: str) -> bool:
        """Say whether the head of a stream is known, so that it can be signed on."""
        return stream in self._heads

    def head(self, stream: str) -> Head | None:
        """Return the known head of a stream, with what is signed and not yet confirmed."""
        return self._heads.get(stream)

    def adopt(self, stream: str, head: Head | None) -> None:
        """Take a head, None for an empty stream, as what the next event continues.

        Raises:
            LedgerError: code ``head-rolled-back``; a receipt proves a later one (rule 2).
        """
        confirmed = self._confirmed.get(stream)
        if confirmed is not None and (head is None or head.seq < confirmed.seq):
            shown = "an empty stream" if head is None else f"position {head.seq}"
            reason = f"{stream}: shown {shown}, a receipt proves position {confirmed.seq}"
            raise LedgerError("head-rolled-back", reason)
        self._heads[stream] = head

    def sign(self, statement: Statement, *, seen: Seen | None = None) -> Event:
        """Sign a statement on the stream's known head, and make it the head.

        Raises:
            LedgerError: code ``head-unknown`` (rule 1).
            MalformedError: the statement is outside the grammar or the payload's profile.
        """
        if statement.stream not in self._heads:
            raise LedgerError("head-unknown", f"the head of {statement.stream} was not fetched")
        head = self._heads[statement.stream]
        draft = Draft(
            kid=self.kid,
            iss=self.actor,
            stream=statement.stream,
            type=statement.type,
            iat=int(self._clock()) if statement.iat is None else statement.iat,
            seq=0 if head is None else head.seq + 1,
            prev=None if head is None else EventId(head.id),
            payload=encoding.encode(statement.payload),
            ledger=self.ledger_id,
            seen=seen,
        )
        event = sign(draft, self._signer.sign)
        self._heads[statement.stream] = Head(event.seq, event.id)
        self._unsettled[event.submission_id] = event
        return event

    def confirm(self, event: Event) -> None:
        """Remember that a receipt proves an event to be on record (rule 3)."""
        self._unsettled.pop(event.submission_id, None)
        confirmed = self._confirmed.get(event.stream)
        if confirmed is None or event.seq > confirmed.seq:
            self._confirmed[event.stream] = Head(event.seq, event.id)

    def withdraw(self, stream: str) -> None:
        """Forget what was signed on a stream and not confirmed (rule 3)."""
        for event in [e for e in self._unsettled.values() if e.stream == stream]:
            del self._unsettled[event.submission_id]
        self._heads.pop(stream, None)
        if stream in self._confirmed:
            self._heads[stream] = self._confirmed[stream]
