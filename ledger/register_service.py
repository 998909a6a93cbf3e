"""The service's own event: it publishes the register when the genesis says that it is due.

Rules:

1. It publishes on the first day on which a publication is due, once other events exist: after the
   commit that shows that day, or, where the ledger's clock is real, at the next look at the clock.
2. A publication has a commit group of its own, so that nothing stands between itself and the
   state that it speaks of. It is admitted like every other event.
3. It signs with the key ``service.key`` for the actor to whom that key is enrolled. Without the
   file, or while that actor holds no role for it, others may publish; here nothing is.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec

from ledger.book import LedgerBook
from ledger.intake import Item, read_item
from ledger.observe import say
from ledger.register_table import RegisterTable
from ledger.signer import Signer, Signers
from verifier import encoding
from verifier.event import Draft, EventId, sign
from verifier.keys import thumbprint
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.authority.state import Grant, grant_in_force
from verifier.rules.public import public
from verifier.rules.publication import STREAM, Published, RegisterPublished, due_from
from verifier.rules.upkeep import is_idle_since

__all__ = ["RegisterService", "service_of"]

LOOK_S: Final = 30.0  # how often a real clock is looked at
AGAIN_S: Final = 3_600  # after a failure: the reason is in the log, and for somebody to mend

logger = logging.getLogger(__name__)


class RegisterService:
    """Says when a publication is due and makes it; used from the book's thread."""

    def __init__(
        self, book: LedgerBook, signer: Signer, table: RegisterTable, *,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """Sign with *signer*; *clock* is in seconds since 1970."""
        self._book = book
        self._signer = signer
        self._table = table
        self._kid = thumbprint(signer.public_key())
        self._clock = clock
        self._actor = ""
        self._not_before = 0
        self._watch: asyncio.Task[None] | None = None

    def watch(self, wake: Callable[[], None]) -> None:
        """Look at the clock from now on, and call *wake* when a publication is due (rule 1)."""
        self._watch = asyncio.create_task(self._look(wake), name="ledger-register")

    async def close(self) -> None:
        """Look no more."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def _look(self, wake: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if self._now() >= self._not_before:
                wake()

    async def next(self) -> Item | None:
        """Return the publication that is due now, signed; nothing where none is.

        Nothing may be recorded meanwhile. The tree is hashed beside the event loop.

        Raises:
            StorageError: the database cannot be read.
        """
        now = self._now()
        if now < self._not_before:
            return None
        book = self._book
        due = due_from(book)
        last = book.thing("ledger", "register", Published)
        idle = last and is_idle_since(last.index + 1, book.size, book.subject("ledger"))
        if due is None or idle:
            return None
        midnight = int(datetime(due.year, due.month, due.day, tzinfo=UTC).timestamp())
        if now < midnight:
            self._not_before = midnight
            return None
        if not self._may(now):
            return None
        await book.register.compute(book.subject, public)
        return read_item(self._signed(now))

    def failed(self, reason: str) -> None:
        """Take note that a publication was not recorded, and try again later."""
        self._not_before = self._now() + AGAIN_S
        say(logger, logging.ERROR, "the register was not published", reason=reason)

    def _now(self) -> int:
        """Return the log's time, or this clock's where that is ahead and the genesis goes by it."""
        genesis = self._book.thing("ledger", "genesis", LedgerOpened)
        clock = int(self._clock()) if genesis is not None and genesis.clock == "real" else 0
        return max(self._book.time, clock)

    def _may(self, now: int) -> bool:
        """Say whether the key is enrolled, to an actor that holds the role (rule 3)."""
        if self._kid not in self._book.public_keys:
            return False
        if not self._actor:
            with self._table.snapshot() as snapshot:
                self._actor = snapshot.owner_of(self._kid)
        held = self._book.subject(self._actor).all(Grant)
        return any(g.role == "registry_service" and grant_in_force(g, now) for g in held)

    def _signed(self, now: int) -> bytes:
        book = self._book
        head = book.subject("ledger").heads.get(STREAM)
        register = book.register.commitment(book.subject, public)
        body = RegisterPublished(size=book.size, leaves=register.leaves, root=register.root)
        fields = msgspec.to_builtins(body, builtin_types=(bytes,))
        draft = Draft(
            kid=self._kid, iss=self._actor, stream=STREAM, type=RegisterPublished.TYPE, iat=now,
            seq=0 if head is None else head.seq + 1,
            prev=None if head is None else EventId(head.id),
            payload=encoding.encode(fields), ledger=book.ledger,
        )  # fmt: skip
        return sign(draft, self._signer.sign).raw


def service_of(signers: Signers, book: LedgerBook, table: RegisterTable) -> RegisterService | None:
    """Return the service of a ledger that holds a key for it, else nothing (rule 3)."""
    own = signers.service
    return None if own is None else RegisterService(book, own, table)
