"""The course of a review: opened, findings, conditions, or discontinued.

- RV1 A review is opened of a partnership that is or was listed, by the version of the base set
      that is in force on that day; its stream holds this one review.
- RV2 Findings are recorded, conditions settled and a review discontinued only while it is open.
- RV3 A finding cites a clause of that version and what this partnership's record holds: the head of
      a stream, which commits to everything before it there, or what stands on record by its
      reference (a report's present version, a commitment, a reply, a decision).
- RV10 A condition is met or missed once; it is missed only after its day has ended everywhere.

Sources: mission table R1, R24; domain C2.5, C3; decision D3.25.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import calendar, dates, guideline, partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code, EventRef, LocalId, Symbol, Texts, VersionRef
from verifier.rules.guideline import ReviewerClass
from verifier.rules.partnership import UNDECIDED
from verifier.rules.review.state import (
    Finding,
    Review,
    citable,
    free_stream,
    of,
    open_reviews,
    reviewer,
    unmet_class,
    unmet_open,
    unmet_seat,
)

__all__ = [
    "EVENTS",
    "ConditionMet",
    "ConditionMissed",
    "FindingRecorded",
    "ReviewDiscontinued",
    "ReviewOpened",
]

REVIEWABLE: Final = ("listed", "suspended", "removed", "withdrawn", "completed")


def _here(entry: Entry, book: Book) -> tuple[str, Review | None]:
    local = entry.event.stream.rpartition("/")[2]
    return local, of(book.subject(entry.event.subject), local)


class ReviewOpened(Body, frozen=True, kw_only=True):
    """A reviewer opens a review of a partnership (RV1, RV13)."""

    TYPE: ClassVar[str] = "ReviewOpened/1"
    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    MISSION: ClassVar[tuple[int, ...]] = (1, 24, 43)

    kind: Literal["desk", "peer", "independent", "audit", "integrity"]
    reviewer_class: ReviewerClass
    mandate: Symbol
    guideline: VersionRef
    profile: Code
    terms: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV1 and RV13."""
        yield from unmet_class(self.guideline, self.profile, self.reviewer_class, book)
        if entry.event.seq != 0:
            yield Unmet(rule="RV1", reason="this review is opened already", hint="name another")
        found = partnership.of(book.subject(entry.event.subject))
        if found is None or found.listing not in REVIEWABLE:
            state = "not on record" if found is None else found.listing
            yield Unmet(rule="RV1", reason=f"the partnership is {state}", who="registry")
        elif found.profile != self.profile:
            yield Unmet(rule="RV1", reason=f"the partnership's profile is {found.profile}")
        version = guideline.base_in_force(dates.day_of(entry.at), book)
        if version is None or version != self.guideline:
            named = "none" if version is None else f"{version.set} version {version.version}"
            yield Unmet(rule="RV1", reason=f"the base guideline in force is {named}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the review on record."""
        yield "review:" + entry.event.stream.rpartition("/")[2], Review(
            ref=entry.ref, kind=self.kind, reviewer_class=self.reviewer_class,
            mandate=self.mandate, guideline=self.guideline, profile=self.profile,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a review where none is open."""
        found = partnership.of(subject)
        version = guideline.base_in_force(dates.day_of(book.time), book)
        if found is None or found.profile is None or version is None:
            return
        if not any(open_reviews(subject)):
            yield free_stream(subject, "review"), cls(
                kind="desk", reviewer_class="member_state", mandate="…", guideline=version,
                profile=found.profile, terms=UNDECIDED,
            )  # fmt: skip


class FindingRecorded(Body, frozen=True, kw_only=True):
    """A reviewer records what was found on one clause (RV2, RV3, RV11, RV12)."""

    TYPE: ClassVar[str] = "FindingRecorded/1"
    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    MISSION: ClassVar[tuple[int, ...]] = (1,)

    clause: LocalId
    severity: Annotated[int, Meta(ge=1, le=4)]
    text: Texts
    evidence: Annotated[tuple[EventRef, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV3, RV11 and RV12."""
        subject = book.subject(entry.event.subject)
        local, review = _here(entry, book)
        yield from unmet_open(review)
        version = guideline.guideline_set(review.guideline, book) if review else None
        if version is not None and not any(c.id == self.clause for c in version.clauses):
            yield Unmet(rule="RV3", reason=f"{self.clause} is no clause of this guideline version")
        yield from unmet_seat(entry, local, subject)
        known = citable(subject) if self.evidence else set()
        for ref in self.evidence:
            if ref not in known:
                yield Unmet(rule="RV3", reason=f"{ref.stream} {ref.seq} is not in this record",
                            hint="cite the head of its stream, or what is on record")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Add the finding to the review."""
        key = "review:" + entry.event.stream.rpartition("/")[2]
        review = subject.things[key]
        finding = Finding(entry.ref, self.clause, self.severity)
        yield key, msgspec.structs.replace(review, findings=(*review.findings, finding))

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a finding in each open review."""
        for local, review in open_reviews(subject):
            version = guideline.guideline_set(review.guideline, book)
            if version is not None:
                yield (
                    f"{subject.id}/review/{local}",
                    cls(clause=version.clauses[0].id, severity=1, text=UNDECIDED),
                )


class ReviewDiscontinued(Body, frozen=True, kw_only=True):
    """A reviewer ends a review without a decision, and says why (RV2, RV11, RV12)."""

    TYPE: ClassVar[str] = "ReviewDiscontinued/1"
    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV11 and RV12."""
        local, review = _here(entry, book)
        yield from unmet_open(review)
        yield from unmet_seat(entry, local, book.subject(entry.event.subject))

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the review."""
        key = "review:" + entry.event.stream.rpartition("/")[2]
        yield key, msgspec.structs.replace(subject.things[key], state="discontinued")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the end of each open review."""
        for local, _ in open_reviews(subject):
            yield f"{subject.id}/review/{local}", cls(reason=UNDECIDED)


class _Settles(Body, frozen=True, kw_only=True):
    """What settles a condition of a decided review (RV2, RV10 to RV12)."""

    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    AS: ClassVar[str]

    condition: LocalId
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2 and RV10 to RV12."""
        local, review = _here(entry, book)
        yield from unmet_open(review, "conditions_open")
        yield from unmet_seat(entry, local, book.subject(entry.event.subject))
        conditions = review.conditions if review else ()
        found = next((c for c in conditions if c.id == self.condition), None)
        if found is None or found.state != "open":
            yield Unmet(rule="RV10", reason=f"{self.condition} is no open condition")
        elif self.AS == "missed":
            due = calendar.extended(dates.parse_day(found.due), book)
            if dates.in_time(entry.at, due):
                yield Unmet(rule="RV10", reason=f"there is time until {due}",
                            earliest=dates.deadline(due), who=reviewer.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Settle the condition; the last one closes the review."""
        key = "review:" + entry.event.stream.rpartition("/")[2]
        review = subject.things[key]
        settled = tuple(
            msgspec.structs.replace(c, state=self.AS) if c.id == self.condition else c
            for c in review.conditions
        )
        open_ = any(c.state == "open" for c in settled)
        yield (
            key,
            msgspec.structs.replace(
                review, conditions=settled, state="conditions_open" if open_ else "closed"
            ),
        )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer to settle each open condition."""
        for local, review in open_reviews(subject, "conditions_open"):
            for condition in review.conditions:
                if condition.state == "open":
                    yield (
                        f"{subject.id}/review/{local}",
                        cls(condition=condition.id, text=UNDECIDED),
                    )


class ConditionMet(_Settles, frozen=True, kw_only=True):
    """A reviewer finds a condition met (RV2, RV10 to RV12)."""

    TYPE: ClassVar[str] = "ConditionMet/1"
    AS: ClassVar[str] = "met"


class ConditionMissed(_Settles, frozen=True, kw_only=True):
    """A reviewer finds a condition missed, after its day (RV2, RV10 to RV12)."""

    TYPE: ClassVar[str] = "ConditionMissed/1"
    AS: ClassVar[str] = "missed"


EVENTS: Final[tuple[type[Body], ...]] = (
    ReviewOpened,
    FindingRecorded,
    ReviewDiscontinued,
    ConditionMet,
    ConditionMissed,
)
