"""Reports: what a partnership owes, submitted by it, then accepted or returned by an officer.

- RE1 A report is about a partnership that is listed or suspended, or was removed.
- RE2 Its period has days that exist, the last not before the first and not in the future.
- RE3 A self, national or equivalent report names the first obligation that it covers and the due
      day of that; other reports name none.
- RE4 An obligation is reported on once: no other report that covers it is accepted or waits.
- RE5 A stream holds one report; it is submitted again only after it was returned.
- RE6 Its results name commitments on record, each once.
- RE7 A self report uses the template of the partnership's profile.
- RE8 What is screened is submitted and not yet screened, and named by its newest submission.
- RE9 The screening officer belongs to none of the partners, nor does one who signs for it.

Obligation k is due on anchor + first + (k - 1) · cycle. Its period begins at the anchor or the due
day before; a report covers it that begins no later and ends no earlier than the profile's window
before the due day, so that there is time to write and to sign. One report may cover several.
Sources: R74, R78, R85, R88; domain C2.4; decisions D3.17, D3.19.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import calendar, dates, partnership
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code, Day, Decimal, EventRef, Hash, LocalId, Texts
from verifier.rules.guideline import Profile
from verifier.rules.partnership import UNDECIDED

__all__ = [
    "EVENTS",
    "OWN",
    "Answer",
    "DueMoved",
    "Obligation",
    "Report",
    "ReportAccepted",
    "ReportReturned",
    "ReportSubmitted",
    "Result",
    "Return",
    "covering",
    "due_day",
    "first_open",
    "obligation",
    "own_reports",
]

OWN: Final = frozenset({"self", "national", "equivalent"})
"""The kinds of report that satisfy an obligation (decision D3.17)."""

MAX_CACHED_OBLIGATIONS: Final = 4_096  # for speed alone; what falls out is computed again

Kind = Literal["self", "national", "equivalent", "contributor", "audit"]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to a question of the template."""

    question: LocalId
    text: Texts


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a report says of one commitment."""

    commitment: LocalId
    status: Literal["on_track", "off_track", "completed", "cancelled", "inactive"]
    value: Decimal | None = None


class Return(msgspec.Struct, frozen=True):
    """A time for which the clock stood still: a submission and its return; days are ISO 8601."""

    submitted_on: str
    returned_on: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report on record; the thing ``report:<id>`` of its partnership. Days are ISO 8601."""

    ref: EventRef
    """Its newest submission."""
    kind: str
    period_start: str
    period_end: str
    obligation: int | None
    due: str | None
    clock_from: str | None
    """The first day of the clock by which it was owed: a restarted clock starts new periods."""
    submitted_at: int
    """Log time in seconds."""
    submitted_on: str
    state: str
    """submitted, accepted or returned."""
    screened_at: int | None = None
    screened_on: str | None = None
    returns: tuple[Return, ...] = ()


class Obligation(msgspec.Struct, frozen=True):
    """One report that is owed: its number, its period's first day, its window, its due day."""

    k: int
    start: date
    opens: date
    """A report that covers the period ends on this day or later."""
    due: date
    """Before any extension."""


class DueMoved(msgspec.Struct, frozen=True):
    """A report's new due day, by a decision; the thing ``due:<clock's first day>:<number>``."""

    clock_from: str
    obligation: int
    due: str
    by: EventRef


def obligation(anchor: date, profile: Profile, k: int) -> Obligation:
    """Return obligation k of a clock that runs from an anchor (decision D3.17)."""
    return _obligation(anchor, profile.first, profile.cycle, profile.window, k)


@lru_cache(maxsize=MAX_CACHED_OBLIGATIONS)
def _obligation(anchor: date, first: str, cycle: str, window: str, k: int) -> Obligation:
    first_due = dates.add(anchor, first)
    due = dates.add(first_due, cycle, times=k - 1)
    start = anchor if k == 1 else dates.add(first_due, cycle, times=k - 2)
    return Obligation(k, start, dates.add(due, window, times=-1), due)


def due_day(owed: Obligation, clock_from: str, subject: Subject, book: Book) -> date:
    """Return an obligation's due day as decisions and general extensions have moved it."""
    moved = subject.get(f"due:{clock_from}:{owed.k}", DueMoved)
    due = max(owed.due, dates.parse_day(moved.due)) if moved else owed.due
    return calendar.extended(due, book)


def own_reports(subject: Subject, clock_from: str) -> list[Report]:
    """Return the reports that may satisfy an obligation of a clock, in order of appearance."""
    return [r for r in subject.all(Report) if r.kind in OWN and r.clock_from == clock_from]


def covering(reports: list[Report], owed: Obligation) -> list[Report]:
    """Return those reports whose period covers an obligation's."""
    start, opens = owed.start.isoformat(), owed.opens.isoformat()
    return [r for r in reports if r.period_start <= start and opens <= r.period_end]


def first_open(reports: list[Report], anchor: date, profile: Profile) -> Obligation:
    """Return the first obligation that no accepted report covers."""
    accepted = [r for r in reports if r.state == "accepted"]
    k = 1
    while covering(accepted, owed := obligation(anchor, profile, k)):
        k += 1
    return owed


def _of_kind(capacity: Capacity, kinds: frozenset[str]) -> Capacity:
    """Narrow a capacity to reports of certain kinds."""

    def holds(actor: str, entry: Entry, book: Book) -> bool:
        body = entry.body
        if not isinstance(body, ReportSubmitted) or body.kind not in kinds:
            return False
        return capacity.holds(actor, entry, book)

    return Capacity(capacity.name, holds)


class ReportSubmitted(Body, frozen=True, kw_only=True):
    """A report is submitted and waits for screening (RE1 to RE7)."""

    TYPE: ClassVar[str] = "ReportSubmitted/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        _of_kind(partnership.secretariat, OWN),
        _of_kind(partnership.lead, OWN),
        _of_kind(partnership.partner, frozenset({"contributor"})),
        _of_kind(role("independent_auditor"), frozenset({"audit"})),
    )

    kind: Kind
    period_start: Day
    period_end: Day
    obligation: Annotated[int, Meta(ge=1, le=200)] | None = None
    due: Day | None = None
    template: Code
    answers: Annotated[tuple[Answer, ...], Meta(min_length=1, max_length=100)]
    results: Annotated[tuple[Result, ...], Meta(max_length=500)] = ()
    documents: Annotated[tuple[Hash, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE1 to RE7."""
        subject = book.subject(entry.event.subject)
        found = partnership.of(subject)
        profile = found and partnership.profile_of(found, book)
        if found is None or not profile or found.listing not in ("listed", "suspended", "removed"):
            yield Unmet(rule="RE1", reason="the partnership is not listed and never was removed",
                        who="registry")  # fmt: skip
            return
        days = dates.is_day(self.period_start) and dates.is_day(self.period_end)
        yield from (
            self._unmet_period(entry)
            if days
            else (Unmet(rule="RE2", reason="a day of the period does not exist"),)
        )
        if self.kind not in OWN:
            if self.obligation is not None or self.due is not None:
                yield Unmet(rule="RE3", reason=f"a {self.kind} report satisfies no obligation")
        elif found.clock_from is None:
            yield Unmet(rule="RE3", reason="the partnership owes no reports")
        elif days:
            yield from self._unmet_obligation(entry, found.clock_from, profile, book)
        earlier = subject.get(_key(entry), Report)
        if earlier is not None and earlier.state != "returned":
            yield Unmet(rule="RE5", reason=f"the report of this stream is {earlier.state}")
        yield from self._unmet_content(subject, profile)

    def _unmet_period(self, entry: Entry) -> Iterator[Unmet]:
        if self.period_end < self.period_start:
            yield Unmet(rule="RE2", reason="the period ends before it begins")
        if dates.day_of(entry.at).isoformat() < self.period_end:
            yield Unmet(rule="RE2", reason=f"the period ends on {self.period_end}",
                        earliest=calendar.opens(dates.parse_day(self.period_end)))  # fmt: skip

    def _unmet_obligation(
        self, entry: Entry, clock_from: str, profile: Profile, book: Book
    ) -> Iterator[Unmet]:
        if self.obligation is None:
            yield Unmet(rule="RE3", reason="the report names no obligation")
            return
        anchor = dates.parse_day(clock_from)
        owed = obligation(anchor, profile, self.obligation)
        subject = book.subject(entry.event.subject)
        due = due_day(owed, clock_from, subject, book).isoformat()
        if self.due != due:
            yield Unmet(rule="RE3", reason=f"obligation {owed.k} is due on {due}")
        if not self._covers(owed):
            yield Unmet(
                rule="RE3",
                reason=f"the period does not cover obligation {owed.k}",
                hint=f"it begins by {owed.start} and ends on {owed.opens} or later",
            )
        elif owed.k > 1 and self._covers(obligation(anchor, profile, owed.k - 1)):
            yield Unmet(rule="RE3", reason=f"it covers obligation {owed.k - 1} as well",
                        hint="name the first that it covers")  # fmt: skip
        reports = own_reports(subject, clock_from)
        stream = entry.event.stream
        for other in covering(reports, owed):
            if other.state != "returned" and other.ref.stream != stream:
                yield Unmet(rule="RE4", reason=f"{other.ref.stream} covers it and is {other.state}")

    def _covers(self, owed: Obligation) -> bool:
        return (
            self.period_start <= owed.start.isoformat()
            and owed.opens.isoformat() <= self.period_end
        )

    def _unmet_content(self, subject: Subject, profile: Profile) -> Iterator[Unmet]:
        named = [result.commitment for result in self.results]
        if len(set(named)) < len(named):
            yield Unmet(rule="RE6", reason="a commitment stands twice")
        for name in named:
            if "commitment:" + name not in subject.things:
                yield Unmet(rule="RE6", reason=f"there is no commitment {name} here")
        if self.kind == "self" and self.template != profile.template:
            yield Unmet(rule="RE7", reason=f"the template is {profile.template}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the report on record; the clock stands still until it is screened."""
        key = _key(entry)
        earlier = subject.get(key, Report)
        yield key, Report(
            ref=entry.ref, kind=self.kind, period_start=self.period_start,
            period_end=self.period_end, obligation=self.obligation, due=self.due,
            clock_from=subject.things["partnership"].clock_from, submitted_at=entry.at,
            submitted_on=dates.day_of(entry.at).isoformat(), state="submitted",
            returns=earlier.returns if earlier else (),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the report on the first open obligation, for the shortest period that covers it."""
        found = partnership.of(subject)
        profile = found and partnership.profile_of(found, book)
        if found is None or not profile or found.clock_from is None:
            return
        reports = own_reports(subject, found.clock_from)
        owed = first_open(reports, dates.parse_day(found.clock_from), profile)
        returned = [r for r in covering(reports, owed) if r.state == "returned"]
        name = returned[0].ref.stream.rpartition("/")[2] if returned else _new_name(subject, owed.k)
        yield f"{subject.id}/report/{name}", cls(
            kind="self", period_start=owed.start.isoformat(), period_end=owed.opens.isoformat(),
            obligation=owed.k, due=due_day(owed, found.clock_from, subject, book).isoformat(),
            template=profile.template, answers=(Answer("1", UNDECIDED),),
        )  # fmt: skip


class _Screening(Body, frozen=True, kw_only=True):
    """What acceptance and return have in common (RE8, RE9)."""

    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("screening_officer"), role("registry"))

    report: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE8 and RE9."""
        subject = book.subject(entry.event.subject)
        found = subject.get(_key(entry), Report)
        if found is None or found.state != "submitted":
            state = "not submitted" if found is None else found.state
            yield Unmet(rule="RE8", reason=f"the report is {state}",
                        who=partnership.secretariat.name)  # fmt: skip
        elif found.ref != self.report:
            yield Unmet(rule="RE8", reason="it names another submission than the newest")
        whole = partnership.of(subject)
        if whole is not None and any(
            partnership.is_partner(whole, organization_of(signer, book)) for signer in entry.signers
        ):
            yield Unmet(rule="RE9", reason="the officer belongs to a partner", hint="let another")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the screening of every report that waits."""
        for waiting in subject.all(Report):
            if waiting.state == "submitted":
                yield waiting.ref.stream, cls._placeholder(waiting.ref)

    @classmethod
    def _placeholder(cls, submission: EventRef) -> Body:
        return cls(report=submission)


class ReportAccepted(_Screening, frozen=True, kw_only=True):
    """A report is complete; what it covers is satisfied (RE8, RE9)."""

    TYPE: ClassVar[str] = "ReportAccepted/1"
    STREAM: ClassVar[str] = "p-*/report/*"

    remarks: Texts | None = None

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Accept the report."""
        yield _key(entry), _screened(subject, entry, "accepted")


class ReportReturned(_Screening, frozen=True, kw_only=True):
    """A report is incomplete; it says what is missing, and the time to cure runs (RE8, RE9)."""

    TYPE: ClassVar[str] = "ReportReturned/1"
    STREAM: ClassVar[str] = "p-*/report/*"

    deficiencies: Texts
    clauses: Annotated[tuple[LocalId, ...], Meta(max_length=100)] = ()

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Return the report and note for how long the clock stood still."""
        report = _screened(subject, entry, "returned")
        stop = Return(report.submitted_on, report.screened_on or report.submitted_on)
        yield _key(entry), msgspec.structs.replace(report, returns=(*report.returns, stop))

    @classmethod
    def _placeholder(cls, submission: EventRef) -> Body:
        return cls(report=submission, deficiencies=UNDECIDED)


def _key(entry: Entry) -> str:
    return "report:" + entry.event.stream.rpartition("/")[2]


def _new_name(subject: Subject, k: int) -> str:
    """Return a stream name that is free: the obligation's number, told apart where it is taken."""
    count = sum(1 for _ in subject.all(Report))
    return str(k) if f"report:{k}" not in subject.things else f"{k}-{count + 1}"


def _screened(subject: Subject, entry: Entry, state: str) -> Report:
    report: Report = subject.things[_key(entry)]
    return msgspec.structs.replace(
        report, state=state, screened_at=entry.at, screened_on=dates.day_of(entry.at).isoformat()
    )


EVENTS: Final[tuple[type[Body], ...]] = (ReportSubmitted, ReportAccepted, ReportReturned)
