"""Notices of a removal case: two of them, each delivered or published, and the reply to them.

- NT1 A case opens with the first notice, on a stream of its own, while no other case is open; it
      names the report that is owed and its due day.
- NT2 It names the base guideline version in force, and the partnership's profile, whose track is
      the case's. Deadlines of the case are those of this version, or milder.
- NT3 A delivery names a notice of the case, at least two distinct channels, and a focal point that
      was sent a copy; it was made between the notice and the day of its record. The notice counts
      from the day of the record, so that nobody shortens a window afterwards.
- NT4 A publication stands in for a delivery: the notice counts from the stated time after it.
- NT5 The final notice comes its time after the day from which the first counts (CS5, CS6).
- NT6 It names a decision day at least the reply window ahead.
- NT7 A new final notice is given only where the last one can no longer lead to a decision, and
      not under a suspension, which has lapsed then (SU4).
- NT8 A reply is filed by the secretariat or the lead, while the case awaits replies; each stream
      holds one.

Each adverse step here asks CS1 to CS4 as well. Sources: domain C4.3 steps 3 and 5; decisions
D3.18, D3.19, D3.20.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import calendar, dates, guideline, partnership
from verifier.rules.authority.state import Grant, grant_in_force
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import Notice, RemovalCase, focal_point, registry
from verifier.rules.evidence import Reply
from verifier.rules.fields import ActorId, Blob, Code, Day, EventRef, LocalId, Texts, VersionRef
from verifier.rules.guideline import Profile
from verifier.rules.partnership import UNDECIDED
from verifier.rules.review.state import free_stream
from verifier.rules.standing import standing_at

__all__ = [
    "EVENTS",
    "FinalNoticeIssued",
    "NoticeDelivered",
    "NoticePublished",
    "RemovalNoticeIssued",
    "ReplyFiled",
]

Channel = Literal["post", "courier", "email", "diplomatic_note", "telephone", "platform"]


def _case_id(entry: Entry) -> str:
    return entry.event.stream.rpartition("/")[2]


class RemovalNoticeIssued(Body, frozen=True, kw_only=True):
    """The registry gives the first notice and so opens a removal case (NT1, NT2, CS2 to CS4)."""

    TYPE: ClassVar[str] = "RemovalNoticeIssued/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    obligation: Annotated[int, Meta(ge=1, le=200)]
    due: Day
    guideline: VersionRef
    profile: Code
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of NT1, NT2 and CS2 to CS4."""
        subject = book.subject(entry.event.subject)
        found = partnership.of(subject)
        if found is None or found.listing != "listed":
            state = "not on record" if found is None else found.listing
            yield Unmet(rule="CS1", reason=f"the partnership is {state}, not listed")
        if entry.event.seq != 0:
            yield Unmet(rule="NT1", reason="this stream holds a case", hint="name another")
        if cases.open_case(subject) is not None:
            yield Unmet(rule="NT1", reason="a case is open already", hint="continue or close it")
        now = standing_at(subject, entry.at, book)
        due = now.due.isoformat() if now.due else "no day"
        if (self.obligation, self.due) != (now.obligation, due):
            yield Unmet(rule="NT1", reason=f"what is owed is report {now.obligation}, due on {due}")
        yield from self._unmet_terms(entry, book)
        yield from way.unmet_adverse(entry, book)

    def _unmet_terms(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        version = guideline.base_in_force(dates.day_of(entry.at), book)
        if version is None or version != self.guideline:
            named = "none" if version is None else f"{version.set} version {version.version}"
            yield Unmet(rule="NT2", reason=f"the base guideline in force is {named}")
        found = partnership.of(book.subject(entry.event.subject))
        profile = guideline.profile_of(self.guideline, self.profile, book)
        if profile is None or found is None or found.profile != self.profile:
            named = str(found.profile) if found else "unknown"
            yield Unmet(rule="NT2", reason=f"the partnership's profile is {named}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Open the case, on the track of its profile."""
        profile = guideline.profile_of(self.guideline, self.profile, book)
        yield "case", RemovalCase(
            track=profile.removal_track if profile else "light",
            id=_case_id(entry), obligation=self.obligation,
            clock_from=subject.things["partnership"].clock_from,
            guideline=self.guideline, profile=self.profile,
            notice=Notice(entry.ref, dates.day_of(entry.at).isoformat()),
            signers=cases.signers_of(entry),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the first notice on the report that is owed, where no case is open."""
        now, found = standing_at(subject, book.time, book), partnership.of(subject)
        version = guideline.base_in_force(dates.day_of(book.time), book)
        if cases.open_case(subject) or found is None or now.due is None or now.obligation is None:
            return
        if found.profile is not None and version is not None:
            yield free_stream(subject, "case"), cls(
                obligation=now.obligation, due=now.due.isoformat(), guideline=version,
                profile=found.profile, text=UNDECIDED,
            )  # fmt: skip


class _AboutNotice(Body, frozen=True, kw_only=True):
    """What makes a notice count (CS1, NT3, NT4)."""

    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)

    notice: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 and of naming a notice of the case."""
        yield from way.unmet_open(entry, book, _case_id(entry))
        yield from way.unmet_signer(entry, book)
        notice = self._notice(book.subject(entry.event.subject))
        if notice is None:
            yield Unmet(rule="NT3", reason="the notice named is not one of this case")

    def _notice(self, subject: Subject) -> Notice | None:
        case = cases.open_case(subject)
        given = (case.notice, case.final) if case else ()
        return next((n for n in given if n is not None and n.ref == self.notice), None)

    def _counting(self, entry: Entry, subject: Subject, counts_from: str) -> Iterator[Change]:
        case: RemovalCase = subject.things["case"]
        which = "notice" if case.notice.ref == self.notice else "final"
        notice: Notice = getattr(case, which)
        earliest = min(counts_from, notice.counts_from or counts_from)
        yield (
            "case",
            msgspec.structs.replace(
                case,
                signers=(*case.signers, *cases.signers_of(entry)),
                **{which: msgspec.structs.replace(notice, counts_from=earliest)},
            ),
        )


class NoticeDelivered(_AboutNotice, frozen=True, kw_only=True):
    """A notice was delivered by two channels, with a copy to the focal point (NT3)."""

    TYPE: ClassVar[str] = "NoticeDelivered/1"
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    channels: Annotated[tuple[Channel, ...], Meta(min_length=1, max_length=6)]
    copy_to: ActorId
    delivered_on: Day

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the focal point."""
        return (self.copy_to,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 and NT3."""
        yield from super().unmet(entry, book)
        if len(set(self.channels)) < 2:
            yield Unmet(rule="NT3", reason="a notice goes out by two distinct channels")
        if not any(
            grant.role == focal_point.name and grant_in_force(grant, entry.at)
            for grant in book.subject(self.copy_to).all(Grant)
        ):
            yield Unmet(rule="NT3", reason=f"{self.copy_to} is no focal point")
        notice = self._notice(book.subject(entry.event.subject))
        today = dates.day_of(entry.at).isoformat()
        if not dates.is_day(self.delivered_on) or self.delivered_on > today:
            yield Unmet(rule="NT3", reason=f"{self.delivered_on} is no day until {today}")
        elif notice is not None and self.delivered_on < notice.issued_on:
            yield Unmet(rule="NT3", reason=f"the notice was given on {notice.issued_on}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the notice count from the day of this record."""
        yield from self._counting(entry, subject, dates.day_of(entry.at).isoformat())

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the delivery of each notice that does not count yet."""
        for stream, notice in _waiting(subject):
            yield stream, cls(
                notice=notice.ref, channels=("post", "email"), copy_to=_a_focal_point(book),
                delivered_on=dates.day_of(book.time).isoformat(),
            )  # fmt: skip


class NoticePublished(_AboutNotice, frozen=True, kw_only=True):
    """A notice that cannot be delivered is published in its place (NT4)."""

    TYPE: ClassVar[str] = "NoticePublished/1"
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    where: Annotated[str, Meta(min_length=1, max_length=500)]
    counts_from: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 and NT4."""
        yield from super().unmet(entry, book)
        rules = cases.terms(book.subject(entry.event.subject), entry.at, book)
        if rules is not None:
            day = dates.add(dates.day_of(entry.at), rules.notice_published_counts_after)
            if self.counts_from != day.isoformat():
                yield Unmet(rule="NT4", reason=f"published today, it counts from {day}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the notice count from the stated day."""
        yield from self._counting(entry, subject, self.counts_from)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the publication of each notice that does not count yet."""
        rules = cases.terms(subject, book.time, book)
        for stream, notice in _waiting(subject):
            if rules is not None:
                day = dates.add(dates.day_of(book.time), rules.notice_published_counts_after)
                yield stream, cls(notice=notice.ref, where="…", counts_from=day.isoformat())


class FinalNoticeIssued(Body, frozen=True, kw_only=True):
    """The registry gives the final notice and names the decision day (NT5 to NT7, CS1 to CS6)."""

    TYPE: ClassVar[str] = "FinalNoticeIssued/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    decision_day: Day
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of NT5 to NT7 and CS1 to CS6."""
        subject, today = book.subject(entry.event.subject), dates.day_of(entry.at)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        yield from way.unmet_open(entry, book, _case_id(entry))
        yield from way.unmet_adverse(entry, book)
        yield from way.unmet_first_notice(case)
        yield from way.unmet_support(subject, rules, today)
        if case is None or rules is None:
            return
        first = cases.final_notice_from(case, rules, subject, entry.at)
        if first is not None and today < first:
            yield Unmet(rule="NT5", reason=f"the final notice comes on {first} at the earliest",
                        earliest=calendar.opens(first), who=registry.name)  # fmt: skip
        ahead = dates.add(today, rules.reply_window)
        if not dates.is_day(self.decision_day) or dates.parse_day(self.decision_day) < ahead:
            yield Unmet(rule="NT6", reason=f"the decision day is {ahead} or later")
        yield from _unmet_again(case, rules, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the final notice on record; a lapsed decision and its appeal end here."""
        case: RemovalCase = subject.things["case"]
        final = Notice(
            entry.ref, dates.day_of(entry.at).isoformat(), decision_day=self.decision_day
        )
        yield "case", msgspec.structs.replace(
            case, final=final, decision=None, appeal=None, lapsed=cases.lapsed_with(case),
            signers=(*case.signers, *cases.signers_of(entry)),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the final notice, with the first decision day that is lawful."""
        case, rules = cases.open_case(subject), cases.terms(subject, book.time, book)
        if case is None or rules is None:
            return
        again = case.suspension is None and cases.leads_no_further(
            case, rules, subject, book.time, book
        )
        if case.final is None or again:
            day = dates.add(_from(case, rules, subject, book), rules.reply_window)
            yield f"{subject.id}/case/{case.id}", cls(decision_day=day.isoformat(), text=UNDECIDED)


def _from(case: RemovalCase, rules: Profile, subject: Subject, book: Book) -> date:
    today = dates.day_of(book.time)
    return max(today, cases.final_notice_from(case, rules, subject, book.time) or today)


def _unmet_again(case: RemovalCase, rules: Profile, entry: Entry, book: Book) -> Iterator[Unmet]:
    if case.final is None:
        return
    subject = book.subject(entry.event.subject)
    if not cases.leads_no_further(case, rules, subject, entry.at, book):
        last = cases.decide_until(case, rules, subject, entry.at, book)
        undecided = cases.is_undecided(case, rules, entry.at, book)
        yield Unmet(
            rule="NT7",
            reason="the final notice was given, and can still lead to a decision"
            if undecided else "the offices have decided",
            earliest=dates.deadline(last) if last and undecided else None,
        )  # fmt: skip
    elif case.suspension is not None:
        yield Unmet(rule="NT7", reason="the time to decide after the suspension is over: it lapsed",
                    hint="lift it", who=registry.name)  # fmt: skip


class ReplyFiled(Body, frozen=True, kw_only=True):
    """The partnership replies to a notice; every decision in the case lists it (NT8)."""

    TYPE: ClassVar[str] = "ReplyFiled/1"
    STREAM: ClassVar[str] = "p-*/reply/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.lead)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    case: LocalId
    text: Texts
    documents: Annotated[tuple[Blob, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 and NT8."""
        subject = book.subject(entry.event.subject)
        yield from way.unmet_open(entry, book, self.case)
        if entry.event.seq != 0:
            yield Unmet(rule="NT8", reason="this stream holds a reply", hint="name another")
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        last = case and rules and cases.reply_until(case, rules, subject, entry.at, book)
        if last and not dates.in_time(entry.at, last):
            yield Unmet(rule="NT8", reason=f"the reply window ended on {last}")

    def in_time_until(self, entry: Entry, book: Book) -> date | None:
        """Return the last day for replies."""
        subject = book.subject(entry.event.subject)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        return cases.reply_until(case, rules, subject, entry.at, book) if case and rules else None

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the reply on record."""
        key = "reply:" + entry.event.stream.rpartition("/")[2]
        yield key, Reply(entry.ref, self.case, entry.at)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a reply while a case is open and undecided."""
        case = cases.open_case(subject)
        if case is not None and case.decision is None:
            yield free_stream(subject, "reply"), cls(case=case.id, text=UNDECIDED)


def _waiting(subject: Subject) -> Iterator[tuple[str, Notice]]:
    case = cases.open_case(subject)
    if case is not None:
        for notice in (case.notice, case.final):
            if notice is not None and notice.counts_from is None:
                yield f"{subject.id}/case/{case.id}", notice


def _a_focal_point(book: Book) -> str:
    """Return a focal point on record, or a placeholder where there is none."""
    for subject in book.subjects.values():
        if subject.id.startswith("actor-") and any(
            grant.role == focal_point.name and grant_in_force(grant, book.time)
            for grant in subject.all(Grant)
        ):
            return subject.id
    return "actor-undecided"


EVENTS: Final[tuple[type[Body], ...]] = (
    RemovalNoticeIssued,
    NoticeDelivered,
    NoticePublished,
    FinalNoticeIssued,
    ReplyFiled,
)
