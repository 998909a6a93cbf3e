"""What is known of reports, and which of them cover what is owed.

1. A report is ``unsigned`` until every signature that its profile asks for is there, then
   ``submitted``, until it is ``accepted`` or ``returned``. Until it is signed nothing rests on it.
2. ``Report.ref`` names the version that is judged: the newest submission or amendment. A correction
   and whatever else is added later never change it, so that no decision loses its evidence.
3. A due day lies where the clock puts it, or where a decision moved it to if that is later; then an
   extension is added, then the general ones.
4. Nothing is owed for an obligation on whose due day every clause that asks for reports, of all
   sets that the partnership is listed under, is waived (ST10).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, Literal

import msgspec

from verifier.rules import calendar, dates, partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Book, Capacity, Entry, Subject, Unmet
from verifier.rules.clock import Clock, CycleMove, Obligation, terms_of
from verifier.rules.fields import EventRef
from verifier.rules.guideline import Profile, guideline_set
from verifier.rules.partnership import Partnership
from verifier.rules.waiver import Waiver, waived

__all__ = [
    "OWN",
    "REPORTING",
    "SIGNED",
    "DueMoved",
    "Extended",
    "Kind",
    "Report",
    "Return",
    "Slot",
    "Withheld",
    "clock_of",
    "covering",
    "due_day",
    "exempt_until",
    "first_open",
    "is_waived",
    "key_of",
    "named",
    "on_stream",
    "own_reports",
    "unmet_named",
    "unmet_once",
    "within",
]

Kind = Literal["self", "national", "equivalent", "contributor", "board", "audit", "external"]

OWN: Final = frozenset({"self", "national", "equivalent"})
"""The kinds of report that satisfy an obligation (decision D3.17)."""

ASKS_REPORTS: Final = "RE3"
"""The rule by which a clause is checked that asks for reports."""

REPORTING: Final = ("listed", "suspended", "removed", "withdrawn_under_case")
"""In which of these a partnership reports: once it is gone, what it owes for its return."""

SIGNED: Final = frozenset({"self", "national"})
"""The kinds of report that need the signatures of the profile; an equivalent one has its own."""

Slot = Literal["secretariat", "lead_un_entity", "partner", "local_partner", "auditor"]
"""Who is to sign a report."""


class Return(msgspec.Struct, frozen=True):
    """A submission that led to nothing: returned, or never signed. Days are ISO 8601."""

    filed_on: str
    ended_on: str
    unsigned: bool = False


class Withheld(msgspec.Struct, frozen=True):
    """A document of a report that is not shown until a day, by whose authority."""

    document: bytes
    until: str
    authority: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report on record; the thing ``report:<id>`` of its partnership. Days are ISO 8601."""

    ref: EventRef
    """The version that is judged (rule 2)."""
    kind: str
    author: str
    organization: str
    """For which it was submitted."""
    period_start: str
    period_end: str
    obligation: int | None
    due: str | None
    clock_from: str | None
    """The first day of the clock by which it was owed: a restarted clock starts new periods."""
    filed_on: str
    """The day of its newest submission: from then on the clock stands still."""
    submitted_at: int
    """Log time in seconds at which the newest submission took effect: its last signature."""
    submitted_on: str
    state: str
    """unsigned, submitted, accepted or returned (rule 1)."""
    awaits: tuple[str, ...] = ()
    """Who has yet to sign it."""
    slots: tuple[str, ...] = ()
    """Who was to sign its submission."""
    documents: tuple[bytes, ...] = ()
    mechanism: str | None = None
    screened_at: int | None = None
    screened_on: str | None = None
    returns: tuple[Return, ...] = ()
    amended: int = 0
    corrections: tuple[EventRef, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    considered_by: tuple[str, ...] = ()
    """The reviews that took it up."""

    def is_to_be_signed(self, day: date, within: str) -> bool:
        """Say whether it can still be signed on a day."""
        last = dates.add(dates.parse_day(self.filed_on), within)
        return self.state == "unsigned" and day <= last


class DueMoved(msgspec.Struct, frozen=True):
    """A report's new due day, by a decision; the thing ``due:<clock's first day>:<number>``."""

    clock_from: str
    obligation: int
    due: str
    by: EventRef


class Extended(msgspec.Struct, frozen=True):
    """A report's extension; the thing ``extended:<clock's first day>:<number>``.

    The second one, in a special situation, has ``:more`` behind it (RE29).
    """

    ref: EventRef
    obligation: int
    duration: str


def clock_of(found: Partnership, subject: Subject, profile: Profile) -> Clock | None:
    """Return the clock of a partnership, or nothing where none runs."""
    if found.clock_from is None:
        return None
    moved = subject.get("cycle:" + found.clock_from, CycleMove)
    return Clock(terms_of(profile), dates.parse_day(found.clock_from), moved)


def due_day(owed: Obligation, clock_from: str, subject: Subject, book: Book) -> date:
    """Return an obligation's due day as decisions and extensions have moved it (rule 3)."""
    moved = subject.get(f"due:{clock_from}:{owed.k}", DueMoved)
    due = max(owed.due, dates.parse_day(moved.due)) if moved else owed.due
    for key in (f"extended:{clock_from}:{owed.k}", f"extended:{clock_from}:{owed.k}:more"):
        extension = subject.get(key, Extended)
        due = dates.add(due, extension.duration) if extension else due
    return calendar.extended(due, book)


def own_reports(subject: Subject, clock_from: str) -> list[Report]:
    """Return the reports that may satisfy an obligation of a clock, in order of appearance."""
    return [r for r in subject.all(Report) if r.kind in OWN and r.clock_from == clock_from]


def covering(reports: list[Report], owed: Obligation) -> list[Report]:
    """Return those reports whose period covers an obligation's."""
    start, opens = owed.start.isoformat(), owed.opens.isoformat()
    return [r for r in reports if r.period_start <= start and opens <= r.period_end]


def first_open(reports: list[Report], clock: Clock, subject: Subject, book: Book) -> Obligation:
    """Return the first obligation that no accepted report covers and no waiver sets aside."""
    accepted = [r for r in reports if r.state == "accepted"]
    k = 1
    while covering(accepted, owed := clock.obligation(k)) or is_waived(owed, clock, subject, book):
        k += 1
    return owed


def is_waived(owed: Obligation, clock: Clock, subject: Subject, book: Book) -> bool:
    """Say whether a waiver sets an obligation aside on its due day (rule 4)."""
    found = partnership.of(subject)
    if found is None or found.guideline is None or not any(subject.all(Waiver)):
        return False
    sets = [guideline_set(ref, book) for ref in (found.guideline, *found.further)]
    asking = [
        (clause.id, held.ref)
        for held in sets if held is not None
        for clause in held.clauses if ASKS_REPORTS in clause.checks
    ]  # fmt: skip
    due = due_day(owed, clock.since.isoformat(), subject, book)
    return bool(asking) and all(waived(clause, ref, subject, due) for clause, ref in asking)


def exempt_until(
    first: Obligation, reports: list[Report], clock: Clock, subject: Subject, book: Book
) -> date | None:
    """Return the due day of the obligation before the first open one, if it is exempt (ST10)."""
    if first.k == 1:
        return None
    before = clock.obligation(first.k - 1)
    national = [r for r in reports if (r.kind, r.state) == ("national", "accepted")]
    if covering(national, before) or is_waived(before, clock, subject, book):
        return due_day(before, clock.since.isoformat(), subject, book)
    return None


def unmet_once(
    rule: str, owed: Obligation, profile: Profile, entry: Entry, book: Book
) -> Iterator[Unmet]:
    """Yield which other report stands in the way of one on an obligation (RE4)."""
    subject, today = book.subject(entry.event.subject), dates.day_of(entry.at)
    clock_from = subject.things["partnership"].clock_from
    for other in covering(own_reports(subject, clock_from), owed):
        waits = other.state in ("submitted", "accepted")
        if other.ref.stream != entry.event.stream and (
            waits or other.is_to_be_signed(today, profile.cosign_within)
        ):
            yield Unmet(rule=rule, reason=f"{other.ref.stream} covers it and is {other.state}")


def key_of(entry: Entry) -> str:
    """Return the key of the report that an event of its stream is about."""
    return "report:" + entry.event.stream.rpartition("/")[2]


def on_stream(entry: Entry, book: Book) -> Report | None:
    """Return the report that an event's stream holds, or nothing."""
    return book.thing(entry.event.subject, key_of(entry), Report)


def named(entry: Entry, subject: Subject) -> Report:
    """Return the report of an event's stream, which admission has seen there."""
    report: Report = subject.things[key_of(entry)]
    return report


def unmet_named(rule: str, report: EventRef, states: tuple[str, ...], entry: Entry, book: Book,
                ) -> list[Unmet]:  # fmt: skip
    """Return what stands against an event on a report that it names, in one of these states."""
    found = on_stream(entry, book)
    if found is None or found.state not in states:
        state = "not on record" if found is None else found.state
        return [Unmet(rule=rule, reason=f"the report is {state}", who=partnership.secretariat.name)]
    if found.ref != report:
        return [Unmet(rule=rule, reason="it names another version than the newest")]
    return []


def within(entry: Entry, book: Book, begins: str, parameter: str) -> date | None:
    """Return the end of a time of the profile that begins on a day of an event's partnership."""
    found = partnership.of(book.subject(entry.event.subject))
    profile = found and partnership.profile_of(found, book)
    return dates.add(dates.parse_day(begins), getattr(profile, parameter)) if profile else None


def _is_author(actor: str, entry: Entry, book: Book) -> bool:
    """Say whether an actor may speak for a report: its author, or whoever submits the own ones."""
    found = on_stream(entry, book)
    if found is None:
        return False
    if found.kind not in OWN:
        return actor == found.author
    return any(c.holds(actor, entry, book) for c in (partnership.secretariat, partnership.lead))


def _is_writer(actor: str, entry: Entry, book: Book) -> bool:
    found = on_stream(entry, book)
    return found is not None and actor == found.author


author = Capacity("whoever answers for the report", _is_author)
writer = Capacity("the author of the report", _is_writer)
officer = (role("screening_officer"), role("registry"))
