"""Making evidence bundles: what a ledger published of a subject, with all that it rests on.

Rules:

1. A bundle is made as of the last publication of the register, under the newest checkpoint that
   covers it, with the attachments at hand; for these there is one bundle of a subject, byte for
   byte.
2. What it must hold is found by judging the events as its reader will (``verifier/replay``).
3. It is made beside the event loop; the checkpoint is taken on it (``prepare``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ledger.errors import LedgerError
from ledger.recorder import RecordedEvent
from verifier.bundle import MAX_EVENTS, Contents, Manifest, write
from verifier.event import parse
from verifier.note import Checkpoint
from verifier.proof import parse_proof
from verifier.ranges import set_proof
from verifier.register import format_register_proof
from verifier.replay import Placed, closure
from verifier.rules import admission
from verifier.rules.erasure import ErasureRecorded
from verifier.rules.publication import RegisterPublished
from verifier.rules.references import blobs_of
from verifier.tiles import TileHashes
from verifier.tree import consistency_proof, root_from

if TYPE_CHECKING:
    from ledger.application import Ledger

__all__ = ["BundleMaker", "prepare"]

MAX_ATTACHMENTS_BYTES: Final = 128 * 1024 * 1024  # half of what an archive may hold


def prepare(ledger: Ledger) -> BundleMaker:
    """Take the last publication and a checkpoint that covers it, on the event loop.

    Raises:
        LedgerError: code ``entry-absent``; nothing was published yet.
    """
    index = ledger.register.published()
    return BundleMaker(ledger, index, ledger.register.publication(index))


class BundleMaker:
    """Makes bundles out of one publication under one checkpoint; may be used from any thread."""

    def __init__(self, ledger: Ledger, index: int, publication: bytes) -> None:
        """Make bundles as of the publication at *index*; *publication* is its proof file."""
        self._ledger = ledger
        self._index = index
        self._publication = publication
        self._note = parse_proof(publication).note
        size = Checkpoint.parse(self._note.partition(b"\n\n")[0] + b"\n").size
        self._size = size
        self._read = TileHashes(ledger.recorder, size)

    def make(self, subject: str) -> bytes:
        """Return the bundle of a subject (rules 1 and 2).

        Raises:
            LedgerError: code ``entry-absent``; it had no event at the publication, or the register
                was published anew meanwhile.
            MalformedError: code ``bundle-too-large`` or ``register-malformed``.
        """
        if not self._events(subject):
            raise LedgerError("entry-absent", f"the register has nothing on {subject}")
        last = self._last()
        covered, placed = closure(subject, self._events, self._root_at, last, most=MAX_EVENTS)
        proofs = []
        for name in sorted(covered):
            index, proof = self._ledger.register.prove(name)
            if index != self._index:
                raise LedgerError("entry-absent", "the register was published anew: ask again")
            proofs.append(format_register_proof(replace(proof, publication=self._publication)))
        return write(self._contents(subject, placed, proofs))

    def _attachments(self, subject: str, placed: Sequence[Placed]) -> dict[bytes, bytes]:
        """Return the attachments at hand that the subject's events name, up to a sum of sizes."""
        found: dict[bytes, bytes] = {}
        for one in placed:
            if one.event.subject != subject:
                continue
            body = admission.read_body(one.event)
            for name in () if isinstance(body, ErasureRecorded) else blobs_of(body):
                with suppress(LedgerError):  # it never came, or was erased
                    stored = self._ledger.blobs.get(name)
                    if sum(map(len, found.values())) + len(stored) <= MAX_ATTACHMENTS_BYTES:
                        found[name] = stored
        return found

    def _contents(
        self, subject: str, placed: Sequence[Placed], proofs: Sequence[bytes]
    ) -> Contents:
        seen = {one.event.seen.size for one in placed if one.event.seen is not None} - {0}
        manifest = Manifest(
            subject, tuple((one.index, one.at) for one in placed),
            set_proof([one.index for one in placed], self._size, self._read),
            {size: consistency_proof(size, self._size, self._read) for size in sorted(seen)},
        )  # fmt: skip
        return Contents(manifest, self._note, [one.event.raw for one in placed], proofs,
                        self._attachments(subject, placed))  # fmt: skip

    def _events(self, subject: str) -> list[tuple[int, int, bytes]]:
        """Return (index, log time, bytes) of a subject's events before the publication."""
        found = []
        for stored in self._ledger.recorder.select_events(subject, limit=MAX_EVENTS + 1):
            assert isinstance(stored, RecordedEvent)
            if stored.index < self._index:
                found.append((stored.index, stored.at, stored.state))
        return found

    def _last(self) -> Placed:
        for stored in self._ledger.recorder.select_events("ledger", desc=True):
            assert isinstance(stored, RecordedEvent)
            if stored.index == self._index and stored.topic == RegisterPublished.TYPE:
                return Placed(stored.index, stored.at, parse(stored.state))
        raise LedgerError("entry-absent", "no register was published yet")

    def _root_at(self, size: int) -> bytes:
        return root_from(size, TileHashes(self._ledger.recorder, size))
