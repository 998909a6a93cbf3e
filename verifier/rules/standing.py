"""Standing: where a partnership stands with its reports on a day; computed, never stored.

- ST1 What counts is the first obligation that no accepted report covers.
- ST2 While a self, national or equivalent report waits for screening, the state is «pending
      review», whatever the day.
- ST3 The clock stands still from a submission to its screening: what had not come yet when the
      report was submitted comes as many days later.
- ST4 A return leaves the profile's time to cure, in which nothing new begins.
- ST5 General extensions move the due day, and with it all that is counted from it.
- ST6 Otherwise the state follows the day: not due, due soon (the window before the due day),
      overdue (from the due day), non-communicating (after the grace), inactive (second state). [R6]
- ST7 A due day that a decision moved to a later day counts from that day.
- ST8 Only a listed or suspended partnership with a clock has a standing. [R21]

A report not screened within the profile's time is the registry's own omission: ``screening_due``.
Sources: R6; domain C3.1; decision D3.17.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import msgspec

from verifier.rules import dates, partnership
from verifier.rules.book import Book, Subject
from verifier.rules.guideline import Profile
from verifier.rules.partnership import Partnership
from verifier.rules.report import (
    DueMoved,
    Obligation,
    Report,
    covering,
    due_day,
    first_open,
    obligation,
    own_reports,
)

__all__ = ["DueMoved", "Standing", "owed", "standing", "standing_at"]


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A partnership's state and the days on which time alone would change it."""

    state: str
    """none, not_due, due_soon, overdue, non_communicating, inactive or pending_review."""
    obligation: int | None = None
    due: date | None = None
    non_communicating_from: date | None = None
    second_state_from: date | None = None
    removal_eligible_from: date | None = None
    """The first day on which a removal case may be opened."""
    screening_due: date | None = None
    """Where a report waits: the day by which the registry owes its screening."""

    def is_removal_eligible(self, today: date) -> bool:
        """Say whether a removal case may be opened on a day; never while a report waits (ST2)."""
        return (
            self.state != "pending_review"
            and self.removal_eligible_from is not None
            and self.removal_eligible_from <= today
        )


class _Stop(msgspec.Struct, frozen=True):
    """A time for which the clock stood still, and whether a return ended it."""

    begin: date
    end: date
    returned: bool


NONE: Final = Standing(state="none")


def standing_at(subject: Subject, at: int, book: Book) -> Standing:
    """Return a partnership's standing at a log time, by the profile it was listed with."""
    found = partnership.of(subject)
    profile = found and partnership.profile_of(found, book)
    return standing(subject, profile, dates.day_of(at), book) if profile else NONE


def standing(subject: Subject, profile: Profile, today: date, book: Book) -> Standing:
    """Return a partnership's standing on a day, by a profile (ST1 to ST8)."""
    found = partnership.of(subject)
    if found is None or found.clock_from is None or found.listing not in ("listed", "suspended"):
        return NONE
    reports = own_reports(subject, found.clock_from)
    first = first_open(reports, dates.parse_day(found.clock_from), profile)
    late = _Lateness(due_day(first, found.clock_from, subject, book))
    for stop in _stops(covering(reports, first), today):
        late.stop(stop, profile.cure_after_return)
    waiting = [r for r in reports if r.state == "submitted"]
    return Standing(
        state="pending_review" if waiting else _state(late, profile, today),
        obligation=first.k,
        due=late.due,
        non_communicating_from=late.after(profile.grace),
        second_state_from=late.after(profile.second_state),
        removal_eligible_from=late.after(profile.removal_eligible_after),
        screening_due=_screening_due(waiting, profile),
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


def _stops(reports: list[Report], today: date) -> list[_Stop]:
    stops = [
        _Stop(dates.parse_day(r.submitted_on), dates.parse_day(r.returned_on), True)
        for report in reports
        for r in report.returns
        if r.returned_on <= today.isoformat()
    ]
    waiting = (dates.parse_day(r.submitted_on) for r in reports if r.state == "submitted")
    stops += (_Stop(begin, max(begin, today), False) for begin in waiting)
    return sorted(stops, key=lambda stop: stop.begin)


def _state(late: _Lateness, profile: Profile, today: date) -> str:
    if today < dates.add(late.due, profile.window, times=-1):
        return "not_due"
    if today < late.due:
        return "due_soon"
    if today < late.after(profile.grace):
        return "overdue"
    return "non_communicating" if today < late.after(profile.second_state) else "inactive"


def _screening_due(waiting: list[Report], profile: Profile) -> date | None:
    days = (dates.parse_day(report.submitted_on) for report in waiting)
    return min((dates.add(day, profile.screening_within) for day in days), default=None)


def owed(found: Partnership, subject: Subject, profile: Profile, until: date) -> list[Obligation]:
    """Return every obligation due by a day, without extensions, that no accepted report covers.

    Unlike the standing it also looks at partnerships that were removed: what they owe on return.
    """
    if found.clock_from is None:
        return []
    anchor = dates.parse_day(found.clock_from)
    accepted = [r for r in own_reports(subject, found.clock_from) if r.state == "accepted"]
    missing, k = [], 1
    while (one := obligation(anchor, profile, k)).due <= until:
        if not covering(accepted, one):
            missing.append(one)
        k += 1
    return missing
