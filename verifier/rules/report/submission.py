"""Reports are submitted: on which obligation, on which period, by whom and for whom.

- RE1 A report is about a partnership that is listed or suspended, was removed, or withdrew under a
      removal case.
- RE2 Its period has days that exist, the last not before the first and not in the future.
- RE3 A self, national or equivalent report names the first obligation that it covers and the due
      day of that; other reports name none. [R78]
- RE4 An obligation is reported on once: no other report that covers it is accepted, waits or is to
      be signed.
- RE5 A stream holds one report; it is submitted again only after it was returned, until that has
      lapsed, or while it is not signed by all; by the organization that submitted it or, where it
      is a report of the partnership, by the secretariat or the lead.
- RE10 It states whose signatures it still awaits: those that the profile asks for and its author
       does not give; where its author is local itself, another partner's in place of a local one's,
       so that the one local partner of several is no dead end. A national report that an office of
       a State submits awaits the secretariat's signature as well. [R26, R80]
- RE19 An audit and an outside report come from none of the partners. [R84]

Sources: R74, R78, R80, R84, R85, R88; domain C2.4, C5;
decisions D3.17, D3.19, D3.25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from verifier.event import Event
from verifier.rules import calendar, dates, partnership
from verifier.rules.authority.scope import Place
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.clock import Obligation
from verifier.rules.commitment.state import Commitment
from verifier.rules.fields import ActorId, Day
from verifier.rules.guideline import Profile
from verifier.rules.guideline.recognition import is_recognised
from verifier.rules.partnership import UNDECIDED, Partnership
from verifier.rules.report.content import (
    Amount,
    Answer,
    Content,
    Contribution,
    Finances,
    Result,
    asked,
    unmet_content,
)
from verifier.rules.report.signing import awaited, is_local, state_office, unmet_awaits
from verifier.rules.report.state import (
    OWN,
    REPORTING,
    Kind,
    Report,
    Return,
    Slot,
    clock_of,
    covering,
    due_day,
    first_open,
    key_of,
    own_reports,
    unmet_once,
)

__all__ = ["EVENTS", "ReportSubmitted"]

OTHERS: Final = frozenset({"audit", "external"})
UNNAMED: Final = bytes(32)
"""Stands for the document that the author of a possible next report has yet to name."""


def _of_kind(capacity: Capacity, kinds: frozenset[str]) -> Capacity:
    """Narrow a capacity to reports of certain kinds, by an author of the organization stated."""

    def holds(actor: str, entry: Entry, book: Book) -> bool:
        body = entry.body
        return (
            isinstance(body, ReportSubmitted)
            and body.kind in kinds
            and organization_of(actor, book) == body.organization
            and capacity.holds(actor, entry, book)
        )

    return Capacity(capacity.name, holds)


class ReportSubmitted(Content, frozen=True, kw_only=True):
    """A report is submitted and, once signed, waits (RE1 to RE7, RE10, RE13 to RE19)."""

    TYPE: ClassVar[str] = "ReportSubmitted/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        _of_kind(partnership.secretariat, OWN),
        _of_kind(partnership.lead, OWN),
        _of_kind(state_office, frozenset({"national"})),
        _of_kind(partnership.partner, frozenset({"contributor"})),
        _of_kind(role("independent_auditor"), frozenset({"audit"})),
        _of_kind(role("lead_entity_officer"), frozenset({"board"})),
        _of_kind(role("expert_body"), frozenset({"external"})),
        _of_kind(role("reviewer"), frozenset({"external"})),
    )
    MISSION: ClassVar[tuple[int, ...]] = (26, 74, 78, 80, 85, 88)

    kind: Kind
    period_start: Day
    period_end: Day
    obligation: Annotated[int, Meta(ge=1, le=200)] | None = None
    due: Day | None = None
    organization: ActorId
    awaits: Annotated[tuple[Slot, ...], Meta(max_length=3)] = ()
    """Who else is to sign it before it takes effect."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the organization that it is submitted for."""
        return (self.organization,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE1 to RE7, RE10, RE13 to RE19."""
        subject = book.subject(entry.event.subject)
        found = partnership.of(subject)
        profile = found and partnership.profile_of(found, book)
        if found is None or not profile or found.listing not in REPORTING:
            yield Unmet(rule="RE1", reason="the partnership is not listed and never was removed",
                        who="registry")  # fmt: skip
            return
        if dates.is_day(self.period_start) and dates.is_day(self.period_end):
            yield from self._unmet_period(entry)
            yield from self._unmet_owed(found, profile, entry, book)
        else:
            yield Unmet(rule="RE2", reason="a day of the period does not exist")
        earlier = subject.get(key_of(entry), Report)
        yield from _unmet_again(earlier, profile, entry)
        if earlier is not None and not self._may_replace(earlier, entry, book):
            yield Unmet(rule="RE5", reason=f"it was submitted for {earlier.organization}",
                        hint="submit yours on a stream of its own")  # fmt: skip
        local = is_local(self.organization, found, book)
        yield from unmet_awaits(self.awaits, self.kind, profile, entry, book, local=local)
        if self.kind in OTHERS and partnership.is_partner(found, self.organization):
            yield Unmet(rule="RE19", reason=f"{self.organization} is a partner", hint="let another")
        yield from unmet_content(self, self.kind, (self.period_start, self.period_end), entry, book)
        place, today = subject.get("place", Place), dates.day_of(entry.at)
        if (
            self.kind == "national"
            and self.mechanism is not None
            and not is_recognised(self.mechanism, profile.template, place, today, book)
        ):
            yield Unmet(rule="NM3", reason=f"{self.mechanism} is not recognised for it",
                        who="permanent_mission")  # fmt: skip

    def _may_replace(self, earlier: Report, entry: Entry, book: Book) -> bool:
        own = earlier.kind in OWN and self.kind in OWN
        answers = (partnership.secretariat, partnership.lead)
        return self.organization == earlier.organization or (
            own and any(capacity.holds(entry.actor, entry, book) for capacity in answers)
        )

    def _unmet_owed(
        self, found: Partnership, profile: Profile, entry: Entry, book: Book
    ) -> Iterator[Unmet]:
        if self.kind not in OWN:
            if self.obligation is not None or self.due is not None:
                yield Unmet(rule="RE3", reason=f"a {self.kind} report satisfies no obligation")
        elif found.clock_from is None:
            yield Unmet(rule="RE3", reason="the partnership owes no reports")
        else:
            yield from self._unmet_obligation(found, found.clock_from, profile, entry, book)

    def _unmet_period(self, entry: Entry) -> Iterator[Unmet]:
        if self.period_end < self.period_start:
            yield Unmet(rule="RE2", reason="the period ends before it begins")
        if dates.day_of(entry.at).isoformat() < self.period_end:
            yield Unmet(rule="RE2", reason=f"the period ends on {self.period_end}",
                        earliest=calendar.opens(dates.parse_day(self.period_end)))  # fmt: skip

    def _unmet_obligation(
        self, found: Partnership, clock_from: str, profile: Profile, entry: Entry, book: Book
    ) -> Iterator[Unmet]:
        subject = book.subject(entry.event.subject)
        clock = clock_of(found, subject, profile)
        if self.obligation is None or clock is None:
            yield Unmet(rule="RE3", reason="the report names no obligation")
            return
        owed = clock.obligation(self.obligation)
        due = due_day(owed, clock_from, subject, book).isoformat()
        if self.due != due:
            yield Unmet(rule="RE3", reason=f"obligation {owed.k} is due on {due}")
        if not self._covers(owed):
            yield Unmet(
                rule="RE3",
                reason=f"the period does not cover obligation {owed.k}",
                hint=f"it begins by {owed.start} and ends on {owed.opens} or later",
            )
        elif owed.k > 1 and self._covers(clock.obligation(owed.k - 1)):
            yield Unmet(rule="RE3", reason=f"it covers obligation {owed.k - 1} as well",
                        hint="name the first that it covers")  # fmt: skip
        yield from unmet_once("RE4", owed, profile, entry, book)

    def _covers(self, owed: Obligation) -> bool:
        return (
            self.period_start <= owed.start.isoformat()
            and owed.opens.isoformat() <= self.period_end
        )

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the report on record; it waits for signatures, or for its screening."""
        earlier = subject.get(key_of(entry), Report)
        today = dates.day_text(entry.at)
        yield key_of(entry), Report(
            ref=entry.ref, kind=self.kind, author=entry.actor, organization=self.organization,
            period_start=self.period_start, period_end=self.period_end,
            obligation=self.obligation, due=self.due,
            clock_from=subject.things["partnership"].clock_from, filed_on=today,
            submitted_at=entry.at, submitted_on=today, awaits=self.awaits, slots=self.awaits,
            state="unsigned" if self.awaits else "submitted", documents=self.documents,
            mechanism=self.mechanism, returns=_ended(earlier, today) if earlier else (),
            corrections=earlier.corrections if earlier else (),
            considered_by=earlier.considered_by if earlier else (),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the report on the first open obligation, for the shortest period that covers it."""
        found = partnership.of(subject)
        profile = found and partnership.profile_of(found, book)
        clock = clock_of(found, subject, profile) if found and profile else None
        if found is None or not profile or clock is None or found.clock_from is None:
            return
        reports = own_reports(subject, found.clock_from)
        owed = first_open(reports, clock, subject, book)
        again = [r for r in covering(reports, owed) if r.state in ("returned", "unsigned")]
        again = [r for r in again if not _has_lapsed(r, profile, dates.day_text(book.time))]
        name = again[0].ref.stream.rpartition("/")[2] if again else _new_name(subject, owed.k)
        questions = asked(profile.template, dates.day_of(book.time), book)
        house = organization_of(found.secretariat, book)
        yield f"{subject.id}/report/{name}", cls(
            kind="self", period_start=owed.start.isoformat(), period_end=owed.opens.isoformat(),
            obligation=owed.k, due=due_day(owed, found.clock_from, subject, book).isoformat(),
            organization=house,
            awaits=awaited("self", profile, local=is_local(house, found, book)),
            template=profile.template,
            answers=tuple(Answer(question, UNDECIDED) for question in questions or ("1",)),
            results=_results_due(subject, owed.opens), finances=_finances_due(found, profile),
            documents=(UNNAMED,),
        )  # fmt: skip


def _unmet_again(earlier: Report | None, profile: Profile, entry: Entry) -> Iterator[Unmet]:
    """Yield what is not met of RE5."""
    if earlier is None:
        return
    if earlier.state not in ("returned", "unsigned"):
        yield Unmet(rule="RE5", reason=f"the report of this stream is {earlier.state}")
    elif _has_lapsed(earlier, profile, dates.day_text(entry.at)):
        yield Unmet(rule="RE5", reason=f"it was returned on {earlier.screened_on} and has lapsed",
                    hint="submit a new one, on a stream of its own")  # fmt: skip


def _has_lapsed(report: Report, profile: Profile, today: str) -> bool:
    returned = report.screened_on if report.state == "returned" else None
    return returned is not None and (
        dates.add(dates.parse_day(returned), profile.return_lapses).isoformat() < today
    )


def _ended(earlier: Report, today: str) -> tuple[Return, ...]:
    """Return the submissions that led to nothing, one more if the last was never signed."""
    if earlier.state != "unsigned":
        return earlier.returns
    return (*earlier.returns, Return(earlier.filed_on, today, unsigned=True))


def _results_due(subject: Subject, until: date) -> tuple[Result, ...]:
    """Return a result for every commitment that a report until a day tells of (RE13)."""
    return tuple(
        Result(key.partition(":")[2], "on_track")
        for key, made in subject.by_key(Commitment).items()
        if made.state in ("active", "missed") and made.made_on <= until.isoformat()
    )


def _finances_due(found: Partnership, profile: Profile) -> Finances:
    nothing = Amount("0", "USD")
    if profile.financial_disclosure == "total":
        return Finances(nothing)
    one = Contribution(found.lead, "cash", nothing, country=found.countries[0])
    audited = profile.financial_disclosure == "audited_statements"
    return Finances(nothing, (one,), (UNNAMED,) if audited else ())


def _new_name(subject: Subject, k: int) -> str:
    """Return a stream name that is free: the obligation's number, told apart where it is taken."""
    count = sum(1 for _ in subject.all(Report))
    return str(k) if f"report:{k}" not in subject.things else f"{k}-{count + 1}"


EVENTS: Final[tuple[type[Body], ...]] = (ReportSubmitted,)
