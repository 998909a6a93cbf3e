"""What a partnership's commitments ask by which day, and whether it was done.

- CO37 In each ``milestone_every`` of its time, until its due day or the end of 2030, an active
       commitment has a milestone that stands, or its due day (whole log). [R75]
- CO38 A commitment is fulfilled by its due day, or its miss acknowledged, or its failure told
       (whole log). [R7]
- CO39 A milestone is met by its day with a deliverable, or replaced before (whole log). [R66]

Sources: R7, R66, R75; decision D3.24.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from verifier.rules import dates, partnership
from verifier.rules.book import Body, Book, Broken, Subject
from verifier.rules.commitment.milestone import AGENDA_ENDS
from verifier.rules.commitment.state import Commitment, Milestone
from verifier.rules.duty import Duty, late

__all__ = ["EVENTS", "duties", "whole_log"]


def duties(subject: Subject, book: Book) -> Iterator[Duty]:
    """Yield what a partnership's commitments and milestones ask, in order of their making.

    Claims ask nothing, and neither does what was withdrawn or what is told as missed or failed.
    """
    found = partnership.of(subject)
    profile = found and partnership.profile_of(found, book)
    steps: dict[str, list[Milestone]] = {}
    for milestone in subject.all(Milestone):
        steps.setdefault(milestone.commitment, []).append(milestone)
    for commitment in subject.all(Commitment):
        if commitment.state not in ("active", "fulfilled"):
            continue
        yield _promise(subject.id, commitment)
        standing = steps.get(commitment.ref.stream.rpartition("/")[2], [])
        for milestone in standing:
            if not milestone.replaced_by and milestone.due <= commitment.due:
                yield _step(subject.id, commitment, milestone)
        if profile and commitment.state == "active":
            yield from _gaps(subject.id, commitment, standing, profile.milestone_every)


def _promise(subject: str, found: Commitment) -> Duty:
    return Duty(
        rule="CO38", subject=subject, stream=found.ref.stream, what="the commitment's fulfilment",
        who=found.accountable, due=found.due, met_on=found.fulfilled_on,
    )  # fmt: skip


def _step(subject: str, found: Commitment, milestone: Milestone) -> Duty:
    return Duty(
        rule="CO39", subject=subject, stream=found.ref.stream,
        what=f"milestone {milestone.id}", who=found.accountable, due=milestone.due,
        met_on=milestone.met_on or found.fulfilled_on,
    )  # fmt: skip


def _gaps(subject: str, found: Commitment, steps: list[Milestone], every: str) -> Iterator[Duty]:
    """Yield the first time that holds no milestone: it is owed by the last day of that time."""
    last = min(found.due, AGENDA_ENDS)
    reached = dates.parse_day(found.made_on)
    for day in [*sorted(m.due for m in steps if not m.replaced_by), last]:
        until = dates.add(reached, every)
        if until < min(date.fromisoformat(day), date.fromisoformat(last)):
            yield Duty(
                rule="CO37", subject=subject, stream=found.ref.stream,
                what="a milestone", who=found.accountable, due=until.isoformat(),
            )  # fmt: skip
            return
        reached = date.fromisoformat(day)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what was promised and neither kept by its day nor told (CO37 to CO39)."""
    yield from late(duties, book)


EVENTS: Final[tuple[type[Body], ...]] = ()
