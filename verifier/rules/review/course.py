"""The course of a review: opened, findings, or discontinued.

- RV1 A review is opened of a partnership that is or was listed, by the version of the base set
      that is in force on that day; its stream holds this one review.
- RV2 Findings are recorded, conditions settled and a review discontinued only while it is open.
- RV3 A finding cites a clause of that version and what this partnership's record holds: the head of
      a stream, which commits to everything before it there, or what stands on record by its
      reference (a report's present version, a commitment, a reply, a decision).
- RV18 A review that follows another names one of this partnership's with a missed condition that
       none follows yet.
- RV20 An open review is decided or discontinued within `review_within` of its version's profile
       (whole log; an omission of the reviewers').
- RV21 A listed partnership of which the profile asks a review each `review_every`, and not by
       sample, has one opened in that time; one that was discontinued is none (whole log; an
       omission of the reviewers'). [R24]
- RV23 A review that is part of a cycle names one that is open. [R45]

Sources: mission table R1, R24; domain C2.5, C3; decision D3.25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import calendar, dates, guideline, partnership
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code, EventRef, LocalId, Symbol, Texts, VersionRef
from verifier.rules.guideline import ReviewerClass
from verifier.rules.partnership import UNDECIDED
from verifier.rules.review.state import (
    Finding,
    Review,
    citable,
    cycle_of,
    decided_reviews,
    free_stream,
    key_of,
    local_of,
    of,
    open_reviews,
    reviewer,
    terms_of,
    unmet_alone,
    unmet_class,
    unmet_open,
    unmet_seat,
)

__all__ = [
    "EVENTS",
    "FindingRecorded",
    "ReviewDiscontinued",
    "ReviewOpened",
    "whole_log",
]

CycleName = Annotated[str, Meta(pattern=r"^cycle-[a-z0-9][a-z0-9._:-]{0,57}\Z")]

REVIEWABLE: Final = ("listed", "suspended", "removed", "withdrawn", "completed")


def _here(entry: Entry, book: Book) -> tuple[str, Review | None]:
    local = local_of(entry)
    return local, of(book.subject(entry.event.subject), local)


class ReviewOpened(Body, frozen=True, kw_only=True):
    """A reviewer opens a review of a partnership (RV1, RV13, RV18, RV23)."""

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
    follows: LocalId | None = None
    """The review of which a condition was missed."""
    cycle: CycleName | None = None

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the cycle it is part of."""
        return (self.cycle,) if self.cycle is not None else ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV1, RV13, RV18 and RV23."""
        cycle = cycle_of(self.cycle, book) if self.cycle is not None else None
        if self.cycle is not None and (cycle is None or cycle.closed_on is not None):
            yield Unmet(rule="RV23", reason=f"{self.cycle} is no open cycle", who="body_secretary")
        yield from self._unmet_follows(book.subject(entry.event.subject))
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

    def _unmet_follows(self, subject: Subject) -> Iterator[Unmet]:
        if self.follows is None:
            return
        before = of(subject, self.follows)
        if before is None or not before.missed() or before.followed_by is not None:
            yield Unmet(rule="RV18", reason=f"{self.follows} has no missed condition that waits "
                        "for a review")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the review on record."""
        local = local_of(entry)
        yield key_of(local), Review(
            ref=entry.ref, kind=self.kind, reviewer_class=self.reviewer_class,
            mandate=self.mandate, guideline=self.guideline, profile=self.profile,
            opened_on=dates.day_text(entry.at), cycle=self.cycle,
            follows=self.follows, further=subject.things["partnership"].further,
        )  # fmt: skip
        before = None if self.follows is None else of(subject, self.follows)
        if self.follows is not None and before is not None:
            yield key_of(self.follows), msgspec.structs.replace(before, followed_by=local)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a review where none is open."""
        found = partnership.of(subject)
        version = guideline.base_in_force(dates.day_of(book.time), book)
        if found is None or found.profile is None or version is None:
            return
        if not any(open_reviews(subject)):
            waits = (local for local, review in decided_reviews(subject)
                     if review.missed() and review.followed_by is None)  # fmt: skip
            yield free_stream(subject, "review"), cls(
                kind="desk", reviewer_class="member_state", mandate="…", guideline=version,
                profile=found.profile, terms=UNDECIDED, follows=next(waits, None),
            )  # fmt: skip


class FindingRecorded(Body, frozen=True, kw_only=True):
    """A reviewer records what was found on one clause (RV2, RV3, RV11, RV12, RV25)."""

    TYPE: ClassVar[str] = "FindingRecorded/1"
    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    MISSION: ClassVar[tuple[int, ...]] = (1,)

    clause: LocalId
    severity: Annotated[int, Meta(ge=1, le=4)]
    text: Texts
    evidence: Annotated[tuple[EventRef, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV3, RV11, RV12 and RV25."""
        subject = book.subject(entry.event.subject)
        local, review = _here(entry, book)
        yield from unmet_open(review)
        if review is not None and review.draft is not None and review.draft.is_last:
            yield Unmet(rule="RV25", reason="the second draft was shared: findings are closed",
                        hint="a finding of later waits for the next review")  # fmt: skip
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
        key = key_of(local_of(entry))
        review = subject.things[key]
        finding = Finding(entry.ref, self.clause, self.severity)
        yield key, msgspec.structs.replace(review, findings=(*review.findings, finding))

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a finding in each open review."""
        for local, review in open_reviews(subject):
            version = guideline.guideline_set(review.guideline, book)
            closed = review.draft is not None and review.draft.is_last
            if version is not None and not closed:
                yield (
                    f"{subject.id}/review/{local}",
                    cls(clause=version.clauses[0].id, severity=1, text=UNDECIDED),
                )


class ReviewDiscontinued(Body, frozen=True, kw_only=True):
    """A reviewer ends a review without a decision, and says why (RV2, RV8, RV11, RV12)."""

    TYPE: ClassVar[str] = "ReviewDiscontinued/1"
    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV8, RV11 and RV12."""
        local, review = _here(entry, book)
        subject = book.subject(entry.event.subject)
        yield from unmet_open(review)
        yield from unmet_seat(entry, local, subject)
        yield from unmet_alone(entry, subject, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the review; what it followed waits for another."""
        key = key_of(local_of(entry))
        review = subject.things[key]
        yield key, msgspec.structs.replace(review, state="discontinued")
        before = None if review.follows is None else of(subject, review.follows)
        if before is not None:
            yield key_of(review.follows), msgspec.structs.replace(before, followed_by=None)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the end of each open review."""
        for local, _ in open_reviews(subject):
            yield f"{subject.id}/review/{local}", cls(reason=UNDECIDED)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of RV20 and RV21: reviews that nobody decided, or never opened."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        found = partnership.of(subject)
        if found is None:
            continue
        reviews = list(subject.all(Review))
        for review in reviews:
            rules = terms_of(review, book)
            if review.state == "open" and rules is not None:
                due = _due(review.opened_on, rules.review_within, book)
                if due < today:
                    yield Broken(rule="RV20", kind="omission", subject=subject.id,
                                 who=reviewer.name, reason=f"{review.ref.stream}, opened on "
                                 f"{review.opened_on}, was to be decided by {due}")  # fmt: skip
        yield from _unreviewed(found, subject, reviews, book)


def _unreviewed(
    found: partnership.Partnership, subject: Subject, reviews: list[Review], book: Book
) -> Iterator[Broken]:
    rules = partnership.profile_of(found, book)
    if rules is None or rules.review_every is None or found.listing != "listed":
        return
    led = (review.opened_on for review in reviews if review.state != "discontinued")
    last = max(led, default=found.listed_on or "")
    if last and rules.review_share is None:
        due = _due(last, rules.review_every, book)
        if due < dates.day_text(book.time):
            yield Broken(rule="RV21", kind="omission", subject=subject.id, who=reviewer.name,
                         reason=f"a review was to be opened by {due}, the last began, or the "
                         f"listing was, on {last}")  # fmt: skip


def _due(day: str, duration: str, book: Book) -> str:
    return calendar.extended(dates.add(dates.parse_day(day), duration), book).isoformat()


EVENTS: Final[tuple[type[Body], ...]] = (ReviewOpened, FindingRecorded, ReviewDiscontinued)
