"""What becomes of the conditions of a review's decision, and what follows from a missed one.

- RV10 A condition is met or missed once; it is missed only after its day has ended everywhere.
- RV22 A condition whose day is over is found met or missed within `review_follow_up`, and a review
       with a missed condition is followed in that time by one that names it (whole log; an omission
       of the reviewers'). [R1]

A missed condition is never the end: it is a ground for the review that follows, and stands on
record for whoever decides on a removal. Sources: domain C2.5, C3; decision D3.25.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec

from verifier.rules import calendar, dates
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import LocalId, Texts
from verifier.rules.partnership import UNDECIDED
from verifier.rules.review.state import (
    Review,
    key_of,
    local_of,
    of,
    open_reviews,
    reviewer,
    terms_of,
    unmet_alone,
    unmet_open,
    unmet_seat,
)

__all__ = ["EVENTS", "ConditionMet", "ConditionMissed", "whole_log"]


class _Settles(Body, frozen=True, kw_only=True):
    """What settles a condition of a decided review (RV2, RV8, RV10 to RV12)."""

    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    AS: ClassVar[str]

    condition: LocalId
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV8 and RV10 to RV12."""
        subject, local = book.subject(entry.event.subject), local_of(entry)
        review = of(subject, local)
        yield from unmet_open(review, "conditions_open")
        yield from unmet_seat(entry, local, subject)
        yield from unmet_alone(entry, subject, book)
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
        key = key_of(local_of(entry))
        review = subject.things[key]
        settled = tuple(
            msgspec.structs.replace(c, state=self.AS, on=dates.day_text(entry.at))
            if c.id == self.condition
            else c
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
    """A reviewer finds a condition met (RV2, RV8, RV10 to RV12)."""

    TYPE: ClassVar[str] = "ConditionMet/1"
    AS: ClassVar[str] = "met"
    MISSION: ClassVar[tuple[int, ...]] = (1,)


class ConditionMissed(_Settles, frozen=True, kw_only=True):
    """A reviewer finds a condition missed, after its day (RV2, RV8, RV10 to RV12)."""

    TYPE: ClassVar[str] = "ConditionMissed/1"
    AS: ClassVar[str] = "missed"
    MISSION: ClassVar[tuple[int, ...]] = (1,)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of RV22: conditions that nobody settled, or followed once missed."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        for review in subject.all(Review):
            rules = terms_of(review, book)
            if rules is None:
                continue
            for what, day in _waiting(review):
                last = dates.add(dates.parse_day(day), rules.review_follow_up)
                due = calendar.extended(last, book).isoformat()
                if due < today:
                    yield Broken(rule="RV22", kind="omission", subject=subject.id,
                                 who=reviewer.name,
                                 reason=f"{review.ref.stream}: {what}, by {due}")  # fmt: skip


def _waiting(review: Review) -> Iterator[tuple[str, str]]:
    """Yield what a decided review still asks of the reviewers, and since which day."""
    for condition in review.conditions:
        if condition.state == "open":
            yield f"{condition.id} was to be found met or missed", condition.due
    missed = review.missed()
    if missed and review.followed_by is None:
        since = min(condition.on or condition.due for condition in missed)
        yield "a review was to follow the missed condition", since


EVENTS: Final[tuple[type[Body], ...]] = (ConditionMet, ConditionMissed)
