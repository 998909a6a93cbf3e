"""What comes from outside a review: independent audits, and opinions of expert bodies.

- IA1 An audit's statement names an audit report on record here that its author's organization
      filed, and stands once for each.
- IA2 Its author declared before, in this matter, that it has no interest. [R49]
- IA3 Its organization is no partner, and has had no tie of membership or funding here within the
      profile's `auditor_tie`. [R43, R84]
- IA4 An opinion that is not «unqualified» says on what it rests.
- IA5 The auditor's organization has had no tie on record elsewhere with this partnership's lead
      within that time: no other listed partnership of both (whole log). [R43]
- IA6 A listed partnership of which the profile asks an audit has one each `audit_every`, counted
      from the listing or the last (whole log; the partnership's omission). [R84]
- EX1 An expert body declared before, in this matter, that it has no interest. [R49]
- EX2 Its organization is neither a partner nor the secretariat.
- EX3 An opinion stands once, and in a matter that is a review or a case on record here, or none.

An expert's opinion is evidence: decisions list it (EV3). Sources: mission table R43, R49; domain
C2.5, C4.2, C5; decision D2.15.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar, Final, Literal

import msgspec

from verifier.rules import calendar, dates, partnership
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.evidence import Opinion
from verifier.rules.fields import Blob, EventRef, LocalId, Texts
from verifier.rules.partnership import Partnership, Tie, tie_key
from verifier.rules.partnership.state import belonged, everybody
from verifier.rules.report import Report
from verifier.rules.review.state import Declared, declared_key, is_party, local_of

__all__ = ["ACROSS", "EVENTS", "Audit", "AuditReportFiled", "ExpertOpinionIssued", "across",
           "by_subject", "whole_log"]  # fmt: skip

auditor: Final = role("independent_auditor")
expert: Final = role("expert_body")


class Audit(msgspec.Struct, frozen=True):
    """An audit's statement; the thing ``audit:<id>`` of its partnership. Days are ISO 8601."""

    ref: EventRef
    report: EventRef
    organization: str
    opinion: str
    filed_on: str
    lead: str
    """Who led the partnership then."""


def unmet_declared(rule: str, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield, under a rule, that who signs here has not declared to have no interest."""
    subject = book.subject(entry.event.subject)
    for actor in entry.signers:
        found = subject.get(declared_key(local_of(entry), actor), Declared)
        if actor and (found is None or found.interest != "none"):
            said = "declared no interest" if found is None else f"declared «{found.interest}»"
            yield Unmet(rule=rule, reason=f"{actor} has {'not ' if found is None else ''}{said}",
                        hint="declare it on declaration/<the last part of this stream>/<you>",
                        who=actor)  # fmt: skip


class AuditReportFiled(Body, frozen=True, kw_only=True):
    """An independent auditor states by which standard it audited, and its opinion (IA1 to IA4)."""

    TYPE: ClassVar[str] = "AuditReportFiled/1"
    STREAM: ClassVar[str] = "p-*/audit/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (auditor,)
    MISSION: ClassVar[tuple[int, ...]] = (24, 43, 84)

    report: EventRef
    standard: Literal["issai", "isa", "other"]
    opinion: Literal["unqualified", "qualified", "adverse", "disclaimer"]
    basis: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of IA1 to IA4."""
        subject = book.subject(entry.event.subject)
        organization = organization_of(entry.actor, book)
        report = next((r for r in subject.all(Report) if r.ref == self.report), None)
        if report is None or (report.kind, report.organization) != ("audit", organization):
            yield Unmet(rule="IA1", reason=f"no audit report of {organization} is named",
                        hint="file the report first")  # fmt: skip
        stated = any(audit.report == self.report for audit in subject.all(Audit))
        if stated or entry.event.seq != 0:
            yield Unmet(rule="IA1", reason="the audit is stated", hint="file another report")
        yield from unmet_declared("IA2", entry, book)
        found = partnership.of(subject)
        if found is not None:
            yield from _unmet_tie(organization, found, entry, book)
        if (self.opinion != "unqualified") != (self.basis is not None):
            yield Unmet(rule="IA4", reason=f"the opinion is {self.opinion}, "
                        f"{'without' if self.basis is None else 'with'} a basis")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the statement on record."""
        report = next((r for r in subject.all(Report) if r.ref == self.report), None)
        yield "audit:" + local_of(entry), Audit(
            entry.ref, self.report, report.organization if report is not None else "",
            self.opinion, dates.day_text(entry.at), subject.things["partnership"].lead,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the statement of each audit report that has none."""
        stated = {audit.report for audit in subject.all(Audit)}
        for report in subject.all(Report):
            if report.kind == "audit" and report.ref not in stated:
                stream = f"{subject.id}/audit/{report.ref.stream.rpartition('/')[2]}"
                yield stream, cls(report=report.ref, standard="isa", opinion="unqualified")


def _unmet_tie(organization: str, found: Partnership, entry: Entry, book: Book) -> Iterator[Unmet]:
    if is_party(entry.event.iss, organization, found):
        yield Unmet(rule="IA3", reason=f"{organization} is a partner")
    rules = partnership.profile_of(found, book)
    tie = book.thing(entry.event.subject, tie_key(organization), Tie)
    if rules is not None and tie is not None:
        until = dates.add(dates.parse_day(tie.last_day), rules.auditor_tie)
        if dates.day_of(entry.at) <= until:
            opens = calendar.opens(dates.add(until, "P1D"))
            yield Unmet(rule="IA3", reason=f"{organization} was tied until {tie.last_day}; it "
                        f"audits here after {until}", earliest=opens)  # fmt: skip


class ExpertOpinionIssued(Body, frozen=True, kw_only=True):
    """An expert body gives its opinion on a question (EX1 to EX3)."""

    TYPE: ClassVar[str] = "ExpertOpinionIssued/1"
    STREAM: ClassVar[str] = "p-*/expert/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (expert,)
    MISSION: ClassVar[tuple[int, ...]] = (49,)

    matter: LocalId | None = None
    """The review or case that it was asked for."""
    question: Texts
    text: Texts
    document: Blob | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of EX1 to EX3."""
        subject = book.subject(entry.event.subject)
        yield from unmet_declared("EX1", entry, book)
        found = partnership.of(subject)
        organization = organization_of(entry.actor, book)
        if found is None:
            yield Unmet(rule="EX3", reason="there is no such partnership")
        elif is_party(entry.event.iss, organization, found):
            yield Unmet(rule="EX2", reason=f"{organization} is a party to the partnership")
        if entry.event.seq != 0:
            yield Unmet(rule="EX3", reason="this opinion is on record", hint="name another")
        streams = (f"{subject.id}/{kind}/{self.matter}" for kind in ("review", "case"))
        if self.matter is not None and not any(stream in subject.heads for stream in streams):
            yield Unmet(rule="EX3", reason=f"{self.matter} is no review or case here")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the opinion on record, as evidence."""
        yield (
            "opinion:" + local_of(entry),
            Opinion(entry.ref, self.matter, entry.at),
        )


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of IA5 and IA6: tied auditors, and audits that nobody filed."""
    yield from across(book)
    yield from by_subject(book)


def by_subject(book: Book) -> Iterator[Broken]:
    """Yield what is broken of IA6."""
    for subject in book.subjects.values():
        found = partnership.of(subject)
        if found is not None:
            yield from _unaudited(list(subject.all(Audit)), found, subject, book)


ACROSS: Final = (Audit,)


def across(book: Book) -> Iterator[Broken]:
    """Yield what is broken of IA5."""
    tied: dict[str, set[str]] = defaultdict(set)
    for subject in book.subjects.values():
        found = partnership.of(subject)
        if found is not None and found.listed_on is not None:
            for organization in _everybody(found, subject):
                tied[organization].add(subject.id)
    for subject in book.subjects.values():
        found = partnership.of(subject)
        if found is None:
            continue
        for audit in subject.all(Audit):
            for other in sorted((tied[audit.organization] & tied[audit.lead]) - {subject.id}):
                yield from _tied(audit, found, subject, book.subject(other), book)


def _everybody(found: Partnership, subject: Subject) -> Iterator[str]:
    """Yield every organization that is, or was, tied to a partnership."""
    yield from everybody(found, subject)
    prefix = tie_key("")
    yield from (key.removeprefix(prefix) for key in subject.things if key.startswith(prefix))


def _tied(
    audit: Audit, found: Partnership, subject: Subject, other: Subject, book: Book
) -> Iterator[Broken]:
    rules, theirs = partnership.profile_of(found, book), partnership.of(other)
    if rules is None or theirs is None or (theirs.listed_on or "") > audit.filed_on:
        return
    since = dates.add(dates.parse_day(audit.filed_on), rules.auditor_tie, times=-1).isoformat()
    both = (audit.organization, audit.lead)
    if all(_belongs(one, theirs, other, since, audit.filed_on) for one in both):
        yield Broken(rule="IA5", subject=subject.id, who=auditor.name,
                     reason=f"{audit.ref.stream}: {audit.organization} and the lead {audit.lead} "
                     f"are, or were, together in {other.id}",
                     hint="let another auditor audit")  # fmt: skip


def _belongs(
    organization: str, theirs: Partnership, subject: Subject, since: str, until: str
) -> bool:
    """Say whether an organization was a partner between two days, or gave until the first."""
    if belonged(theirs, organization, subject, since, until):
        return True
    tie = subject.get(tie_key(organization), Tie)
    once = belonged(theirs, organization, subject, "", until)
    return once and tie is not None and tie.last_day >= since


def _unaudited(
    audits: list[Audit], found: Partnership, subject: Subject, book: Book
) -> Iterator[Broken]:
    rules = partnership.profile_of(found, book)
    on_register = found.listing in partnership.ON_THE_REGISTER
    if rules is None or rules.audit_every is None or not on_register:
        return
    last = max((audit.filed_on for audit in audits), default=found.listed_on)
    if last is not None:
        ends = dates.add(dates.parse_day(last), rules.audit_every)
        due = calendar.extended(ends, book).isoformat()
        if due < dates.day_text(book.time):
            yield Broken(rule="IA6", kind="omission", subject=subject.id, who=found.secretariat,
                         reason=f"an independent audit was to be filed by {due}")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (AuditReportFiled, ExpertOpinionIssued)
