"""What a removal case asks of its deciders by which day: their silence is told as theirs.

- CD1 (whole log) An appeal is decided by its day; later the matter is the deciders' again, and the
      silence is the judges' omission, or the secretary's where none were drawn.
- CD2 (whole log) A case whose report was accepted is closed within the profile's time for lifting a
      suspension; later is the registry's own omission. A suspension asks SU3.
- CD3 (whole log) A case about integrity is decided or closed within the profile's time for a
      decision after the days for its reply, or after the appeal panel sent it back or let it lapse;
      later is the registry's omission.

Sources: domain C4.3 steps 9 and 10; decisions D1.8, D3.19 to D3.21.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from verifier.rules import calendar, dates
from verifier.rules.body import secretary
from verifier.rules.book import Body, Book, Broken, Subject
from verifier.rules.delisting import case as cases
from verifier.rules.delisting.case import RemovalCase, registry
from verifier.rules.delisting.judges import judges_of
from verifier.rules.delisting.roster import PANEL
from verifier.rules.duty import Duty, late
from verifier.rules.guideline import Profile

__all__ = ["EVENTS", "duties", "whole_log"]


def duties(subject: Subject, book: Book) -> Iterator[Duty]:
    """Yield what is owed in the open case of a partnership."""
    case = cases.open_case(subject)
    rules = cases.terms(subject, book.time, book) if case else None
    if case is None or rules is None:
        return
    lapses = cases.appeal_lapses(case, rules, book)
    if lapses is not None:
        found = judges_of(case.appeal.ref, subject) if case.appeal else None
        drawn = found is not None and found.draw is not None
        yield Duty(
            rule="CD1", subject=subject.id, stream=f"{subject.id}/decision/*",
            what="the decision on the appeal", who=PANEL if drawn else secretary.name,
            due=lapses.isoformat(),
        )  # fmt: skip
    due = _ruling_until(case, rules, subject, book)
    if due is not None:
        yield Duty(
            rule="CD3", subject=subject.id, stream=f"{subject.id}/case/{case.id}",
            what="the decision on the case, or its closing", who=registry.name,
            due=due.isoformat(),
        )  # fmt: skip
    accepted = cases.cured_on(case, subject)
    if accepted is not None and case.suspension is None:
        since = max(accepted, case.resumed_on or accepted)
        due = cases.later(since, rules.suspension_lifted_within)
        yield Duty(
            rule="CD2", subject=subject.id, stream=f"{subject.id}/case/{case.id}",
            what="the closing of the case", who=registry.name, due=due.isoformat(),
        )  # fmt: skip


def _ruling_until(case: RemovalCase, rules: Profile, subject: Subject, book: Book) -> date | None:
    """Return the day until which a case about integrity is decided or closed (CD3)."""
    if case.track != "integrity" or not cases.is_undecided(case, rules, book.time, book):
        return None
    begins = cases.reply_until(case, rules, subject, book.time, book)
    since = (
        begins,
        cases.appeal_lapses(case, rules, book),
        dates.parse_day(case.remitted_on) if case.remitted_on else None,
    )
    last = max((day for day in since if day is not None), default=None)
    return calendar.extended(dates.add(last, rules.decision_window), book) if last else None


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield every appeal, decision and closing that is late (CD1 to CD3)."""
    yield from late(duties, book)


EVENTS: Final[tuple[type[Body], ...]] = ()
