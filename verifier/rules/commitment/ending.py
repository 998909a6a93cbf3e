"""The end of a commitment: fulfilled, missed, or a failure that is told with its lesson.

- CO40 It is fulfilled by its accountable organization, on a day that has come, once acknowledged;
       also after it was missed, then late. [R7]
- CO41 A miss is acknowledged after the due day has ended, by the accountable organization. [R7]
- CO42 A failure is reported by the accountable organization of what is active or was missed: what
       happened, why, and what was changed. The commitment is completed with lessons; no rule lets
       anything adverse rest on it. [R29]

That a commitment is overdue is computed; «missed» is an acknowledgement. Sources: R7, R29, R31;
domain C2.3, C3; decisions D3.23, D3.24.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.commitment.state import (
    NO_EVIDENCE,
    Commitment,
    accountable,
    ended,
    key_of,
    on_stream,
    unmet_day,
    unmet_state,
)
from verifier.rules.fields import Blob, Day, Decimal, Texts
from verifier.rules.partnership import UNDECIDED

__all__ = ["EVENTS", "CommitmentFulfilled", "CommitmentMissed", "FailureReported"]


class CommitmentFulfilled(Body, frozen=True, kw_only=True):
    """The accountable organization says that the promise is kept, and shows by what (CO40)."""

    TYPE: ClassVar[str] = "CommitmentFulfilled/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable,)
    MISSION: ClassVar[tuple[int, ...]] = (7, 66)

    on: Day
    evidence: Annotated[tuple[Blob, ...], Meta(min_length=1, max_length=50)]
    value: Decimal | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO40."""
        yield from unmet_state("CO40", ("active", "missed"), entry, book)
        yield from unmet_day("CO40", self.on, entry)

    def in_time_until(self, entry: Entry, book: Book) -> date | None:
        """Return the due day; later it is late."""
        found = on_stream(entry, book)
        return dates.parse_day(found.due) if found is not None else None

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Fulfil the commitment, in time or late."""
        found: Commitment = subject.things[key_of(entry)]
        yield key_of(entry), msgspec.structs.replace(
            found, state="fulfilled", fulfilled_on=self.on, late=self.on > found.due, transfer=None
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the fulfilment of what is active or was missed."""
        today = dates.day_text(book.time)
        for found in subject.all(Commitment):
            if found.state in ("active", "missed"):
                yield found.ref.stream, cls(on=today, evidence=(NO_EVIDENCE,))


class CommitmentMissed(Body, frozen=True, kw_only=True):
    """The accountable organization acknowledges a miss (CO41)."""

    TYPE: ClassVar[str] = "CommitmentMissed/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable,)
    MISSION: ClassVar[tuple[int, ...]] = (7,)

    what: Texts
    why: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO41."""
        yield from unmet_state("CO41", ("active",), entry, book)
        found = on_stream(entry, book)
        if found is not None and entry.at < (end := ended(found)):
            yield Unmet(rule="CO41", reason=f"it is due on {found.due}", earliest=end)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the miss."""
        yield key_of(entry), msgspec.structs.replace(
            subject.things[key_of(entry)], state="missed", transfer=None
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the acknowledgement of a miss of what is active."""
        for found in subject.all(Commitment):
            if found.state == "active":
                yield found.ref.stream, cls(what=UNDECIDED, why=UNDECIDED)


class FailureReported(Body, frozen=True, kw_only=True):
    """The accountable organization tells a failure and what it changed since (CO42)."""

    TYPE: ClassVar[str] = "FailureReported/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable,)
    MISSION: ClassVar[tuple[int, ...]] = (29,)

    what: Texts
    why: Texts
    changed: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO42."""
        yield from unmet_state("CO42", ("active", "missed"), entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Complete the commitment with its lessons."""
        yield key_of(entry), msgspec.structs.replace(
            subject.things[key_of(entry)],
            state="completed_with_lessons", failure=entry.ref, transfer=None,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the lesson of what was missed."""
        for found in subject.all(Commitment):
            if found.state == "missed":
                yield found.ref.stream, cls(what=UNDECIDED, why=UNDECIDED, changed=UNDECIDED)


EVENTS: Final[tuple[type[Body], ...]] = (CommitmentFulfilled, CommitmentMissed, FailureReported)
