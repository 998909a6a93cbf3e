"""Sealed reports: what is committed to now and read by few, and may be shown to all later.

- SL1 A stream holds one sealed report, about a partnership that is on record.
- SL2 The number of leaves is a power of two from 16 to 1,024, so that it tells little.
- SL3 Its recipients stand once each.

The report itself lies beside the log, encrypted to its recipients; the log holds the commitment to
its fields. What anyone shows of it later, in whole or field by field, is checked against that
commitment (``verifier.disclosure``). What is never shown stays sealed, and is no evidence.
Source: record format §6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.fieldtree import MAX_LEAVES, MIN_LEAVES
from verifier.rules import partnership
from verifier.rules.authority.state import is_registered
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Blob, EventRef, Hash, Texts

__all__ = ["EVENTS", "ReportSealed", "Sealed"]


class Sealed(msgspec.Struct, frozen=True):
    """A sealed report; the thing ``sealed:<id>`` of its partnership."""

    ref: EventRef
    root: bytes


class ReportSealed(Body, frozen=True, kw_only=True):
    """A registered actor commits to a report that few can read for now (SL1 to SL3)."""

    TYPE: ClassVar[str] = "ReportSealed/1"
    STREAM: ClassVar[str] = "p-*/sealed/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        Capacity("any registered actor", lambda actor, entry, book: is_registered(actor, book)),
    )  # fmt: skip

    root: Hash
    """Of the tree over its salted fields (``verifier.fieldtree``)."""
    leaves: Annotated[int, Meta(ge=MIN_LEAVES, le=MAX_LEAVES)]
    sealed: Blob
    """The encrypted report."""
    recipients: Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=20)] | None = None
    """Thumbprints of the keys that open it; left out where who reads it is nobody's business."""
    shown_when: Texts | None = None
    """When it is to be shown, and to whom."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SL1 to SL3."""
        subject = book.subject(entry.event.subject)
        if entry.event.seq != 0 or partnership.of(subject) is None:
            yield Unmet(rule="SL1", reason="this stream is in use, or there is no such partnership",
                        hint="name another stream")  # fmt: skip
        if self.leaves.bit_count() != 1:
            yield Unmet(rule="SL2", reason=f"{self.leaves} leaves are no power of two")
        recipients = self.recipients or ()
        if len(set(recipients)) < len(recipients):
            yield Unmet(rule="SL3", reason="a recipient stands twice")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the commitment on record."""
        local = entry.event.stream.rpartition("/")[2]
        yield f"sealed:{local}", Sealed(entry.ref, self.root)


EVENTS: Final[tuple[type[Body], ...]] = (ReportSealed,)
