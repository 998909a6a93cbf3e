"""A removal case: what is known of it, which parameters rule it, and what its days are.

1. The version of the base set that was in force at the first notice rules, parameter by parameter,
   unless a later one is milder (``guideline.milder``).
2. Whatever runs in a case runs longer by the days for which accepted support was awaited.
3. A general extension moves every last day in a case: those of the deciders like those of the
   partnership.
4. An appeal that is not decided in time lapses: the matter is the deciders' again, once for a
   suspension and once for a removal. Where one against their new decision is not decided in time
   either, that decision stands: a panel that never sits puts nothing off for ever.
5. A case about integrity takes over an open one about a report; that goes on when the other ends
   without a removal. A suspension in it stands meanwhile, and no longer than else.

Sources: domain C4.3; decisions D3.18 to D3.21, D3.27.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from verifier.rules import calendar, dates, guideline, partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Book, Entry, Subject
from verifier.rules.fields import EventRef, VersionRef
from verifier.rules.guideline import Profile
from verifier.rules.proposal import Endorsement
from verifier.rules.report import Report
from verifier.rules.standing import Standing
from verifier.rules.support import SupportOffer

__all__ = [
    "Appeal",
    "Left",
    "Notice",
    "Opinion",
    "RemovalCase",
    "RemovalDecision",
    "Signer",
    "Suspension",
    "about_report",
    "appeal_lapses",
    "appeal_over",
    "appeal_until",
    "cured",
    "cured_on",
    "decide_until",
    "final_notice_from",
    "focal_point",
    "has_lapsed",
    "is_over",
    "is_undecided",
    "lapsed_with",
    "later",
    "leads_no_further",
    "matter",
    "of",
    "open_case",
    "registry",
    "reply_until",
    "shifted",
    "signers_of",
    "terms",
]

registry: Final = role("registry")
focal_point: Final = role("focal_point")


class Notice(msgspec.Struct, frozen=True):
    """A notice of a case. Days are ISO 8601."""

    ref: EventRef
    issued_on: str
    counts_from: str | None = None
    decision_day: str | None = None
    """On a final notice: the day until which a reply is awaited."""


class RemovalDecision(msgspec.Struct, frozen=True):
    """A removal or suspension: when, by which offices or body, until when it may be appealed."""

    ref: EventRef
    decided_on: str
    appeal_until: str
    index: int
    offices: tuple[Endorsement, ...] = ()
    kind: str = "remove"
    """remove or suspend."""
    body: str | None = None


class Suspension(msgspec.Struct, frozen=True):
    """A suspension on the full track: its event, its days, and whether it was extended once."""

    ref: EventRef
    begun_on: str
    until: str
    extended: bool = False


class Opinion(msgspec.Struct, frozen=True):
    """The opinion that a United Nations entity was asked for, and gave."""

    entity: str
    asked_on: str
    given: EventRef | None = None


class Appeal(msgspec.Struct, frozen=True):
    """An appeal against a removal, its grounds, and what became of it: nothing yet, or upheld."""

    ref: EventRef
    filed_on: str
    grounds: tuple[str, ...]
    outcome: str = ""


class Signer(msgspec.Struct, frozen=True):
    """Who signed a step of a case, and with which key."""

    actor: str
    kid: bytes


class Left(msgspec.Struct, frozen=True):
    """The day on which a partnership last withdrew; the thing ``left``."""

    on: str


class RemovalCase(msgspec.Struct, frozen=True, kw_only=True):
    """The present or last removal case of a partnership; the thing ``case``."""

    id: str
    obligation: int
    clock_from: str
    guideline: VersionRef
    profile: str
    track: str = "light"
    """light, full or integrity."""
    notice: Notice
    """On the integrity track: the statement of grounds."""
    final: Notice | None = None
    decision: RemovalDecision | None = None
    appeal: Appeal | None = None
    opinion: Opinion | None = None
    board: EventRef | None = None
    """The information of the governing body of the United Nations entity that leads."""
    suspension: Suspension | None = None
    remitted_on: str | None = None
    """The day on which the appeal panel sent the decision back; it may do so once."""
    signers: tuple[Signer, ...] = ()
    lapsed: tuple[str, ...] = ()
    """The kinds of decision, suspend or remove, of which an appeal lapsed to the deciders."""
    before: RemovalCase | None = None
    """The case about a report that this one about integrity took over."""
    resumed_on: str | None = None
    """The day on which it went on after a case about integrity."""
    rulings: tuple[EventRef, ...] = ()
    """The decisions of bodies that were put into effect in it: each counts once."""
    ended_on: str | None = None
    ground: str = ""
    """Why it ended: cured, withdrawn, dismissed, overturned, removed, lapsed with its suspension,
    or the partnership left."""


def of(subject: Subject) -> RemovalCase | None:
    """Return the present or last case of a partnership, or nothing."""
    return subject.get("case", RemovalCase)


def open_case(subject: Subject) -> RemovalCase | None:
    """Return the open case of a partnership, or nothing."""
    case = of(subject)
    return case if case is not None and case.ended_on is None else None


def about_report(subject: Subject) -> RemovalCase | None:
    """Return the open case about a report, also where one about integrity took it over."""
    case = open_case(subject)
    return case.before if case is not None and case.track == "integrity" else case


def signers_of(entry: Entry) -> tuple[Signer, ...]:
    """Return who signed an event, and for whom, as signers of its case."""
    author = Signer(entry.event.iss, entry.event.kid)
    return (author,) if entry.actor == author.actor else (author, Signer(entry.actor, b""))


def terms(subject: Subject, at: int, book: Book) -> Profile | None:
    """Return the parameters that rule a partnership's case, or would rule a new one."""
    found, case = partnership.of(subject), open_case(subject)
    name = case.profile if case else found.profile if found else None
    now = guideline.base_in_force(dates.day_of(at), book)
    further = found.further if found else ()
    later = guideline.profile_under(now, further, name, book) if now and name else None
    first = guideline.profile_under(case.guideline, further, case.profile, book) if case else later
    return guideline.milder(first, later) if first and later else first


def later(day: str, duration: str) -> date:
    """Return the day that lies a duration after a day in ISO 8601."""
    return dates.add(dates.parse_day(day), duration)


def shifted(day: date, since: date, subject: Subject, at: int) -> date:
    """Return a day of a time that runs since another, as accepted support was awaited (CS4).

    A wait that began on the day or before moves it by as many days as it has lasted.
    """
    today, reached = dates.day_of(at), since
    spans = sorted(
        (dates.parse_day(o.accepted_on), dates.parse_day(o.ended_on) if o.ended_on else today)
        for o in subject.all(SupportOffer)
        if o.accepted_on is not None and o.obligation is not None
    )
    for accepted, ended in spans:
        begin = max(accepted, reached)
        if begin <= day and begin < ended:
            day, reached = day + (ended - begin), ended
    return day


def final_notice_from(case: RemovalCase, rules: Profile, subject: Subject, at: int) -> date | None:
    """Return the first day for the final notice, or nothing while the first does not count."""
    counts = case.notice.counts_from
    if counts is None:
        return None
    return shifted(later(counts, rules.notice_to_final), dates.parse_day(counts), subject, at)


def reply_until(
    case: RemovalCase, rules: Profile, subject: Subject, at: int, book: Book
) -> date | None:
    """Return the last day for replies, or nothing while no final notice counts (CS8)."""
    final = case.notice if case.track == "integrity" else case.final
    if final is None or final.counts_from is None or final.decision_day is None:
        return None
    counts = dates.parse_day(final.counts_from)
    window = rules.integrity_reply if case.track == "integrity" else rules.reply_window
    last = max(dates.parse_day(final.decision_day), dates.add(counts, window))
    return calendar.extended(shifted(last, counts, subject, at), book)


def appeal_until(decision: RemovalDecision, subject: Subject, at: int, book: Book) -> date:
    """Return the last day for an appeal against a decision (CS11)."""
    begins, last = dates.parse_day(decision.decided_on), dates.parse_day(decision.appeal_until)
    return calendar.extended(shifted(last, begins, subject, at), book)


def appeal_lapses(case: RemovalCase, rules: Profile, book: Book) -> date | None:
    """Return the day until which a pending appeal is to be decided, or nothing (D3.21)."""
    appeal = case.appeal
    if appeal is None or appeal.outcome:
        return None
    return calendar.extended(later(appeal.filed_on, rules.appeal_decided_within), book)


def appeal_over(case: RemovalCase, rules: Profile, at: int, book: Book) -> bool:
    """Say whether an appeal was not decided in time."""
    lapses = appeal_lapses(case, rules, book)
    return lapses is not None and not dates.in_time(at, lapses)


def has_lapsed(case: RemovalCase, rules: Profile, at: int, book: Book) -> bool:
    """Say whether an appeal lapsed to the deciders, who decide anew (rule 4)."""
    return _may_lapse(case) and appeal_over(case, rules, at, book)


def _may_lapse(case: RemovalCase) -> bool:
    return case.decision is not None and case.decision.kind not in case.lapsed


def lapsed_with(case: RemovalCase) -> tuple[str, ...]:
    """Return what has lapsed of a case once its deciders act anew (rule 4)."""
    if case.decision is None or case.appeal is None or case.appeal.outcome:
        return case.lapsed
    return (*case.lapsed, case.decision.kind)


def is_undecided(case: RemovalCase, rules: Profile, at: int, book: Book) -> bool:
    """Say whether the deciders are to decide: not yet decided, sent back, or lapsed to them.

    After a suspension that is over they decide on the removal.
    """
    if case.decision is None or has_lapsed(case, rules, at, book):
        return True
    return case.decision.kind == "suspend" and is_over(case.suspension, at)


def is_over(suspension: Suspension | None, at: int) -> bool:
    """Say whether the last day of a suspension has passed."""
    return suspension is not None and not dates.in_time(at, dates.parse_day(suspension.until))


def matter(case: RemovalCase, rules: Profile, at: int, book: Book) -> str:
    """Return what the deciders decide on: on the full track first a suspension, else a removal."""
    suspends = case.decision is not None and case.decision.kind == "suspend"
    if case.track != "full" or (
        case.suspension and not (suspends and has_lapsed(case, rules, at, book))
    ):
        return "remove"
    return "suspend"


def decide_until(
    case: RemovalCase, rules: Profile, subject: Subject, at: int, book: Book
) -> date | None:
    """Return the last day for the decision, or nothing while there is none (CS9).

    After a remittal, or an appeal that lapsed, the deciders have a time of its own. A case about
    integrity has no last day: it ends by a decision, or the registry closes it.
    """
    if case.track == "integrity":
        return None
    lapsed = appeal_lapses(case, rules, book) if _may_lapse(case) else None
    if lapsed is not None:
        begins, duration = lapsed, rules.decision_window
    elif case.decision is not None and case.decision.kind == "suspend" and case.suspension:
        begins, duration = dates.parse_day(case.suspension.until), rules.notice_lapses
    elif case.remitted_on and case.final and case.remitted_on >= case.final.issued_on:
        begins, duration = dates.parse_day(case.remitted_on), rules.decision_window
    else:
        replies = reply_until(case, rules, subject, at, book)
        if replies is None:
            return None
        begins, duration = replies, rules.notice_lapses
    return calendar.extended(shifted(dates.add(begins, duration), begins, subject, at), book)


def leads_no_further(
    case: RemovalCase, rules: Profile, subject: Subject, at: int, book: Book
) -> bool:
    """Say whether a case that awaits a decision got none in its time."""
    if not is_undecided(case, rules, at, book):
        return False
    last = decide_until(case, rules, subject, at, book)
    return last is not None and not dates.in_time(at, last)


def cured_on(case: RemovalCase, subject: Subject) -> str | None:
    """Return the day on which the report that a case is about was accepted, if it was."""
    days = (
        report.screened_on
        for report in subject.all(Report)
        if report.state == "accepted" and report.clock_from == case.clock_from
        and report.obligation == case.obligation
    )  # fmt: skip
    return min((day for day in days if day is not None), default=None)


def cured(case: RemovalCase, standing: Standing) -> bool:
    """Say whether the report that a case is about was accepted (decision D3.19)."""
    return (
        case.track != "integrity"
        and standing.obligation is not None
        and standing.obligation > case.obligation
    )
