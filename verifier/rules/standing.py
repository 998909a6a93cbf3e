"""Standing: where a partnership stands with its reports on a day; computed, never stored.

- ST1 What counts is the first obligation that no accepted report covers and no waiver sets aside.
- ST2 While a report that covers it waits for screening, or for its signatures in their time, the
      state is «pending review», whatever the day.
- ST3 The clock stands still from a submission to its screening: what had not come yet when the
      report was submitted comes as many days later. It does so for signatures that are missing, but
      no longer than their time.
- ST4 A return leaves the profile's time to cure, in which nothing new begins.
- ST5 General extensions move the due day, and with it all that is counted from it.
- ST6 Otherwise the state follows the day: not due, due soon (the window before the due day),
      overdue (from the due day), non-communicating (after the grace), inactive (second state). [R6]
- ST7 A due day that a decision moved to a later day counts from that day.
- ST8 Only a listed or suspended partnership with a clock has a standing. [R21]
- ST9 As often as the profile says (``cure_periods``) submissions on one obligation stop the clock
      and grant time; those after them are screened like any other and stop nothing, so that nobody
      puts off a removal by one useless report after the other. [R86]
- ST10 Nothing is owed for a period on whose due day the clause that asks for reports is waived, of
      every set that the partnership is listed under, nor for one that an accepted report for a
      recognised national mechanism covers: until that due day has passed the state is «exempt»,
      then the next obligation counts. A waiver given after the due day excuses nothing, and none
      sets a principle aside (WV1). [R26, R57]

A report not screened within the profile's time is the registry's own omission: ``screening_due``.
Sources: R6, R26, R57; domain C3, C3.1; decisions D3.17, D3.19.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import msgspec

from verifier.rules import dates, partnership
from verifier.rules.book import Book, Subject
from verifier.rules.clock import Clock, Obligation, Terms
from verifier.rules.fields import EventRef
from verifier.rules.guideline import Profile
from verifier.rules.partnership import Partnership
from verifier.rules.report.state import (
    DueMoved,
    Report,
    Return,
    clock_of,
    covering,
    due_day,
    exempt_until,
    first_open,
    is_waived,
    own_reports,
)

__all__ = ["LATE", "DueMoved", "Standing", "owed", "standing", "standing_at", "stops_the_clock"]


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A partnership's state and the days on which time alone would change it."""

    state: str
    """none, exempt, not_due, due_soon, overdue, non_communicating, inactive or pending_review."""
    obligation: int | None = None
    due: date | None = None
    non_communicating_from: date | None = None
    second_state_from: date | None = None
    removal_eligible_from: date | None = None
    """The first day on which a removal case may be opened."""
    screening_due: date | None = None
    """Where a report waits: the day by which the registry owes its screening."""

    def is_removal_eligible(self, today: date) -> bool:
        """Say whether a removal case may be opened on a day.

        Never while a report waits (ST2) or the period is exempt (ST10).
        """
        return (
            self.state not in ("pending_review", "exempt")
            and self.removal_eligible_from is not None
            and self.removal_eligible_from <= today
        )


class _Stop(msgspec.Struct, frozen=True):
    """A time for which the clock stood still, and whether a return ended it."""

    begin: date
    end: date
    returned: bool
    waiting: EventRef | None = None
    """The report that still waits, where one does."""


NONE: Final = Standing(state="none")
LATE: Final = ("overdue", "non_communicating", "inactive")
"""The states of who owes a report whose due day is over."""


def standing_at(subject: Subject, at: int, book: Book) -> Standing:
    """Return a partnership's standing at a log time, by the profile it was listed with."""
    found = partnership.of(subject)
    profile = found and partnership.profile_of(found, book)
    if found is None or not profile:
        return NONE
    clock = clock_of(found, subject, profile)
    return standing(subject, clock, dates.day_of(at), book) if clock else NONE


def standing(subject: Subject, clock: Clock, today: date, book: Book) -> Standing:
    """Return a partnership's standing on a day, by a clock (ST1 to ST10)."""
    found = partnership.of(subject)
    if found is None or found.clock_from is None or found.listing not in ("listed", "suspended"):
        return NONE
    reports, terms = own_reports(subject, found.clock_from), clock.terms
    first = first_open(reports, clock, subject, book)
    late = _Lateness(due_day(first, found.clock_from, subject, book))
    stops = _stops(covering(reports, first), terms, today)
    for stop in stops:
        late.stop(stop, terms.cure_after_return)
    waits = any(stop.waiting is not None for stop in stops)
    until = exempt_until(first, reports, clock, subject, book)
    exempt = until is not None and today <= until and today < late.due
    state = "exempt" if exempt else _state(late, terms, today)
    return Standing(
        state="pending_review" if waits else state,
        obligation=first.k,
        due=late.due,
        non_communicating_from=late.after(terms.grace),
        second_state_from=late.after(terms.second_state),
        removal_eligible_from=late.after(terms.removal_eligible_after),
        screening_due=_screening_due(reports, terms),
    )


class _Lateness:
    """The due day and what is counted from it, as the clock stood still (ST3, ST4)."""

    def __init__(self, due: date) -> None:
        self.due = due
        self._stood = timedelta()
        self._nothing_before = date.min

    def stop(self, stop: _Stop, cure: str) -> None:
        """Let the clock stand still for a time after all earlier ones."""
        ends = dates.add(stop.end, cure) if stop.returned else stop.end
        if stop.begin <= self.due:
            self.due = max(self.due + (stop.end - stop.begin), ends)
        else:
            self._stood += stop.end - stop.begin
        self._nothing_before = ends

    def after(self, duration: str) -> date:
        """Return the day that lies a duration after the due day on this clock."""
        return max(dates.add(self.due, duration) + self._stood, self._nothing_before)


def _stops(reports: list[Report], terms: Terms, today: date) -> list[_Stop]:
    """Return the times for which the clock stood still, no more than ST9 allows."""
    stops = [
        _past(past, terms)
        for report in reports
        for past in report.returns
        if past.ended_on <= today.isoformat()
    ]
    for report in reports:
        begin = dates.parse_day(report.filed_on)
        if report.state == "submitted" or report.is_to_be_signed(today, terms.cosign_within):
            stops.append(_Stop(begin, max(begin, today), False, report.ref))
        elif report.state == "unsigned":
            stops.append(_past(Return(report.filed_on, today.isoformat(), unsigned=True), terms))
    return sorted(stops, key=lambda stop: stop.begin)[: terms.cure_periods]


def _past(past: Return, terms: Terms) -> _Stop:
    begin, end = dates.parse_day(past.filed_on), dates.parse_day(past.ended_on)
    if past.unsigned:
        return _Stop(begin, min(end, dates.add(begin, terms.cosign_within)), False)
    return _Stop(begin, end, True)


def _state(late: _Lateness, terms: Terms, today: date) -> str:
    if today < dates.add(late.due, terms.window, times=-1):
        return "not_due"
    if today < late.due:
        return "due_soon"
    if today < late.after(terms.grace):
        return "overdue"
    return "non_communicating" if today < late.after(terms.second_state) else "inactive"


def _screening_due(reports: list[Report], terms: Terms) -> date | None:
    days = (dates.parse_day(r.submitted_on) for r in reports if r.state == "submitted")
    return min((dates.add(day, terms.screening_within) for day in days), default=None)


def stops_the_clock(subject: Subject, at: int, book: Book) -> EventRef | None:
    """Return the report that waits and stops the clock at a log time, or nothing (ST2, ST9)."""
    found = partnership.of(subject)
    profile = found and partnership.profile_of(found, book)
    clock = clock_of(found, subject, profile) if found and profile else None
    if found is None or clock is None or found.clock_from is None:
        return None
    reports = own_reports(subject, found.clock_from)
    first = first_open(reports, clock, subject, book)
    stops = _stops(covering(reports, first), clock.terms, dates.day_of(at))
    return next((stop.waiting for stop in stops if stop.waiting is not None), None)


def owed(
    found: Partnership, subject: Subject, profile: Profile, until: date, book: Book
) -> list[Obligation]:
    """Return every obligation due by a day, without extensions, that is neither met nor waived.

    Unlike the standing it also looks at partnerships that were removed: what they owe on return.
    """
    clock = clock_of(found, subject, profile)
    if clock is None or found.clock_from is None:
        return []
    accepted = [r for r in own_reports(subject, found.clock_from) if r.state == "accepted"]
    missing, k = [], 1
    while (one := clock.obligation(k)).due <= until:
        if not covering(accepted, one) and not is_waived(one, clock, subject, book):
            missing.append(one)
        k += 1
    return missing
