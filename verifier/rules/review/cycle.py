"""Review cycles: opened and closed by the body that leads the reviews, under a theme.

- CY1 A cycle is opened, and closed, once, by the secretary of the body it is of, on that body's
      decision in effect, of the kind «review_cycle», of which the item for this cycle says «open»,
      or «close». [R45]
- CY2 Its days exist, the last not before the first; its goals are of the seventeen, none twice.
      [R47]
- CY3 Before its last day has passed it is not closed while an announced sample is not drawn. [R90]
- CY4 A partnership that was drawn, and is on the register, has a review of this cycle when the
      cycle is closed or its last day has passed (whole log; an omission of the reviewers').
      [R45, R90]
- CY5 A sample that was announced is drawn before the cycle is closed or its last day has passed, so
      that a witness that is gone keeps no cycle open (whole log; an omission of the secretary's).
      [R90]

Sources: mission table R45, R47; domain C2.5; decisions D2.10, D1.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import body, calendar, dates, partnership
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Day, EventRef, Label, Symbol, Texts
from verifier.rules.review.state import Cycle, Review, Sample, cycle_of, reviewer

__all__ = ["EVENTS", "ReviewCycleClosed", "ReviewCycleOpened", "whole_log"]

KIND: Final = "review_cycle"

Goal = Annotated[int, Meta(ge=1, le=17)]


class _OnDecision(Body, frozen=True, kw_only=True):
    """What rests on a decision of the body that leads the cycle (CY1)."""

    STREAM: ClassVar[str] = "cycle-*/course"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (body.secretary,)
    DECISION: ClassVar[bool] = True
    RESULT: ClassVar[str]

    decision: EventRef

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided."""
        return (body.subject_of(self.decision),)

    def unmet_decision(self, of: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CY1 by the decision of a body."""
        if body.subject_of(self.decision) != of:
            yield Unmet(rule="CY1", reason=f"the decision is not of {of}")
        item = f"{entry.event.subject}/cycle"
        yield from body.unmet_result("CY1", self.decision, book, kind=KIND, item=item,
                                     result=self.RESULT)  # fmt: skip


class ReviewCycleOpened(_OnDecision, frozen=True, kw_only=True):
    """The secretary of a body opens a review cycle (CY1, CY2)."""

    TYPE: ClassVar[str] = "ReviewCycleOpened/1"
    MISSION: ClassVar[tuple[int, ...]] = (45, 47, 90)
    RESULT: ClassVar[str] = "open"

    body: ActorId
    name: Label
    mandate: Symbol
    theme: Texts
    goals: Annotated[tuple[Goal, ...], Meta(min_length=1, max_length=17)]
    first_day: Day
    last_day: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CY1 and CY2."""
        if cycle_of(entry.event.subject, book) is not None:
            yield Unmet(rule="CY1", reason="this cycle was opened", hint="name another")
        yield from self.unmet_decision(self.body, entry, book)
        if not (dates.is_day(self.first_day) and dates.is_day(self.last_day)):
            yield Unmet(rule="CY2", reason="a day of the cycle does not exist")
        elif self.last_day < self.first_day:
            yield Unmet(rule="CY2", reason="the cycle ends before it begins")
        if len(set(self.goals)) < len(self.goals):
            yield Unmet(rule="CY2", reason="a goal stands twice")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the cycle on record."""
        yield "cycle", Cycle(entry.ref, self.body, entry.index, self.last_day)


class ReviewCycleClosed(_OnDecision, frozen=True, kw_only=True):
    """The secretary of the body closes its review cycle (CY1, CY3)."""

    TYPE: ClassVar[str] = "ReviewCycleClosed/1"
    MISSION: ClassVar[tuple[int, ...]] = (45, 90)
    RESULT: ClassVar[str] = "close"

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CY1 and CY3."""
        found = cycle_of(entry.event.subject, book)
        if found is None or found.closed_on is not None:
            yield Unmet(rule="CY1", reason="there is no such open cycle", who=body.secretary.name)
            return
        yield from self.unmet_decision(found.body, entry, book)
        runs = dates.day_text(entry.at) <= _last_day(found, book)
        for sample in book.subject(entry.event.subject).all(Sample):
            if sample.draw is None and runs:
                yield Unmet(rule="CY3", reason=f"{sample.ref.stream} is not drawn",
                            who=body.secretary.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Close the cycle."""
        closed_on = dates.day_text(entry.at)
        yield "cycle", msgspec.structs.replace(subject.things["cycle"], closed_on=closed_on)


def _last_day(cycle: Cycle, book: Book) -> str:
    return calendar.extended(dates.parse_day(cycle.last_day), book).isoformat()


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of CY4 and CY5: drawn and not reviewed, or announced and not drawn."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        found = subject.get("cycle", Cycle)
        if found is None:
            continue
        if found.closed_on is None and today <= _last_day(found, book):
            continue
        for sample in subject.all(Sample):
            if sample.draw is None:
                yield Broken(rule="CY5", kind="omission", subject=subject.id,
                             who=body.secretary.name, stream=sample.ref.stream,
                             reason=f"the sample of {sample.profile} was announced, and not drawn "
                             "while the cycle lasted")  # fmt: skip
            for name in sample.draw.drawn if sample.draw is not None else ():
                yield from _unreviewed(name, subject.id, book)


def _unreviewed(name: str, cycle: str, book: Book) -> Iterator[Broken]:
    subject = book.subject(name)
    found = partnership.of(subject)
    reviewed = any(
        review.cycle == cycle and review.state != "discontinued" for review in subject.all(Review)
    )
    if found is not None and found.listing in partnership.ON_THE_REGISTER and not reviewed:
        yield Broken(rule="CY4", kind="omission", subject=name, who=reviewer.name,
                     reason=f"it was drawn in {cycle}, which is over, and has no review of it",
                     hint="open a review that names the cycle's sample")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (ReviewCycleOpened, ReviewCycleClosed)
