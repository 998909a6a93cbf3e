"""The judges of an appeal: drawn by lot from a roster that was public before the lot was known.

- AJ1 Judges are announced once for a pending appeal, by a secretary who is no party (CS2).
- AJ2 The announcement holds the roster in the order of its names, each member once, with its own
      organization and able to hear the appeal (AP5, AP9): of as many organizations at least as the
      profile seats. [R86]
- AJ3 It names the witnesses that count, each with the key of its cosignatures, none of them the
      log.
- AJ4 The draw rests on a checkpoint of this log that covers the announcement, with the log's root,
      and that a named witness cosigned: its seed is known to nobody before. [R86]
- AJ5 The roster comes in the order of SHA-256 of the seed and the name. It is drawn once; and once
      more only where an earlier cosignature was shown, on the earliest.
- AJ6 Anyone shows a checkpoint that fulfils AJ4 and was cosigned earlier than the draw's.
- AJ7 The judges are the first of that order, one for each seat, of an organization each. Who
      recuses itself, or can hear the appeal no more, as anyone may put on record, gives way to the
      next in the order, unless it has given its voice. [R86]
- AJ8 The roster left nobody out who could hear the appeal when it was announced (whole log).
- AJ9 No draw stands on a cosignature when an earlier one was shown (whole log).

So neither the deciders nor the secretary nor the partnership choose who hears an appeal. Sources:
domain C4.3 step 9; decision D3.21; ADR 0014 and 0031.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier import note
from verifier.event import Event
from verifier.rules import dates, lot, partnership
from verifier.rules.authority.state import Grant, office, organization_of
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.roster import PANEL, Moment, Ties, barred, has_seat, ties
from verifier.rules.fields import ActorId, EventRef, LocalId, Texts
from verifier.rules.lot import Draw, Lot, Shown
from verifier.rules.proposal import Proposal

__all__ = [
    "EVENTS",
    "AppealCheckpointShown",
    "AppealPanelAnnounced",
    "AppealPanelDrawn",
    "JudgeReplaced",
    "Judges",
    "Member",
    "judges_of",
    "seated",
    "whole_log",
]


BASE_POINT: Final = bytes([0x58, *[0x66] * 31])
UNDECIDED_WITNESS: Final = str(
    note.VerifierKey("witness.undecided.example", note.COSIGNATURE, BASE_POINT)
)
"""Stands for the witnesses that are yet to be named; its key is the base point of the curve."""


secretary: Final = office("body_secretary")
"""The secretary of any body: what it announces leaves it no choice but of witnesses, all named."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member of the roster, and the organization that it counts for."""

    member: ActorId
    organization: ActorId


class Judges(Lot, frozen=True, kw_only=True):
    """The judges of an appeal as announced; the thing ``judges:<id>`` of its partnership."""

    appeal: EventRef
    at: int
    seats: int
    roster: tuple[Member, ...]
    tied: Ties
    vacated: tuple[str, ...] = ()


def judges_of(appeal: EventRef, subject: Subject) -> Judges | None:
    """Return the judges that were announced for an appeal, or nothing."""
    return next((found for found in subject.all(Judges) if found.appeal == appeal), None)


def seated(found: Judges) -> tuple[str, ...]:
    """Return who hears an appeal now, in the drawn order (AJ7)."""
    of = {one.member: one.organization for one in found.roster}
    taken: dict[str, str] = {}
    for member in found.draw.drawn if found.draw else ():
        if member not in found.vacated and len(taken) < found.seats:
            taken.setdefault(of[member], member)
    return tuple(taken.values())


def _pending(subject: Subject) -> Judges | None:
    """Return the judges announced for the appeal that is pending, or nothing."""
    case = cases.open_case(subject)
    appeal = case.appeal if case else None
    return judges_of(appeal.ref, subject) if appeal and not appeal.outcome else None


def _local(entry: Entry) -> str:
    return entry.event.stream.split("/")[2]


def _of(entry: Entry, book: Book) -> Judges | None:
    return book.subject(entry.event.subject).get("judges:" + _local(entry), Judges)


class AppealPanelAnnounced(Body, frozen=True, kw_only=True):
    """A body's secretary announces who can be drawn to hear an appeal (AJ1 to AJ3, CS1, CS2)."""

    TYPE: ClassVar[str] = "AppealPanelAnnounced/1"
    STREAM: ClassVar[str] = "p-*/judges/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (secretary,)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    case: LocalId
    appeal: EventRef
    seats: Annotated[int, Meta(ge=1, le=50)]
    roster: Annotated[tuple[Member, ...], Meta(min_length=1, max_length=200)]
    witnesses: lot.Witnesses

    def touches(self, event: Event) -> Iterable[str]:
        """Look at each member of the roster."""
        return (one.member for one in self.roster)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1, CS2 and AJ1 to AJ3."""
        subject = book.subject(entry.event.subject)
        yield from way.unmet_open(entry, book, self.case)
        yield from way.unmet_signer(entry, book)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        appeal = case.appeal if case else None
        if case is None or rules is None or appeal is None or appeal.ref != self.appeal:
            yield Unmet(rule="AJ1", reason="the appeal named is not on record in an open case",
                        who=partnership.secretariat.name)  # fmt: skip
        elif appeal.outcome or cases.appeal_over(case, rules, entry.at, book):
            yield Unmet(rule="AJ1", reason="the appeal is decided, or its time has passed")
        if entry.event.seq != 0 or judges_of(self.appeal, subject) is not None:
            yield Unmet(rule="AJ1", reason="the judges of this appeal are announced: a second "
                        "roster could be drawn until it pleases")  # fmt: skip
        yield from self._unmet_roster(rules.appeal_seats if rules else 0, entry, book)
        yield from lot.unmet_witnesses("AJ3", self.witnesses, book)

    def _unmet_roster(self, seats: int, entry: Entry, book: Book) -> Iterator[Unmet]:
        names = [one.member for one in self.roster]
        if names != sorted(set(names)):
            yield Unmet(rule="AJ2", reason="the roster is not in the order of its names, each once")
        if self.seats != seats or len({one.organization for one in self.roster}) < seats:
            yield Unmet(rule="AJ2", reason=f"{seats} organizations are seated, of as many at least")
        tied = ties(book.subject(entry.event.subject), entry.index)
        when = Moment(entry.at, entry.index)
        for one in self.roster:
            organization = organization_of(one.member, book)
            if organization != one.organization:
                yield Unmet(rule="AJ2", reason=f"{one.member} belongs to {organization or 'none'}")
            if not has_seat(one.member, tied, when, book):
                yield Unmet(rule="AJ2", reason=f"{one.member} has no seat on the roster")
            for unmet in barred(one.member, organization, tied, when, book):
                yield Unmet(rule="AJ2", reason=unmet.reason, hint="leave it out")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the announcement on record."""
        yield "judges:" + _local(entry), Judges(
            ref=entry.ref, index=entry.index, at=entry.at, witnesses=self.witnesses,
            appeal=self.appeal, seats=self.seats, roster=self.roster,
            tied=ties(subject, entry.index),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the announcement for a pending appeal, with everyone who can hear it now."""
        case, rules = cases.open_case(subject), cases.terms(subject, book.time, book)
        appeal = case.appeal if case else None
        if case is None or rules is None or appeal is None or appeal.outcome:
            return
        if judges_of(appeal.ref, subject) is None:
            able = _able(ties(subject, book.size), Moment(book.time, book.size), book)
            yield f"{subject.id}/judges/{appeal.ref.stream.rpartition('/')[2]}", cls(
                case=case.id, appeal=appeal.ref, seats=rules.appeal_seats,
                roster=tuple(able), witnesses=(UNDECIDED_WITNESS,),
            )  # fmt: skip


def _able(tied: Ties, when: Moment, book: Book) -> Iterator[Member]:
    """Yield everyone who could hear an appeal at a moment, in the order of their names."""
    for name in sorted(book.subjects):
        if any(grant.role == PANEL for grant in book.subjects[name].all(Grant)):
            organization = organization_of(name, book)
            if has_seat(name, tied, when, book) and not any(
                barred(name, organization, tied, when, book)
            ):
                yield Member(name, organization)


class AppealPanelDrawn(lot.Cosigned, frozen=True, kw_only=True):
    """The roster is drawn by the first checkpoint that was witnessed since (AJ4, AJ5)."""

    TYPE: ClassVar[str] = "AppealPanelDrawn/1"
    STREAM: ClassVar[str] = "p-*/judges/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        secretary, partnership.secretariat, partnership.lead,
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    drawn: Annotated[tuple[ActorId, ...], Meta(max_length=200)]
    """The whole roster, in the order in which it was drawn."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AJ4 and AJ5."""
        found = _of(entry, book)
        if found is None:
            yield Unmet(rule="AJ5", reason="no judges are announced here", who=secretary.name)
            return
        unmet = tuple(self.unmet_checkpoint("AJ4", found, entry, book))
        yield from unmet
        if unmet:
            return
        at, seed = lot.earliest(self.checkpoint, found.witnesses)
        subject = book.subject(entry.event.subject)
        yield from lot.unmet_again("AJ5", found, _local(entry), at, subject)
        right = lot.in_order(seed, (one.member for one in found.roster))
        if self.drawn != right:
            yield Unmet(rule="AJ5", reason=f"the seed draws {', '.join(right)}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the draw on record; it replaces one that rested on a later cosignature."""
        key = "judges:" + _local(entry)
        found: Judges = subject.things[key]
        at, seed = lot.earliest(self.checkpoint, found.witnesses)
        draw = Draw(entry.ref, at, seed, self.drawn, entry.index)
        yield key, msgspec.structs.replace(found, draw=draw)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the draw that a pending appeal awaits; its checkpoint is a witness's to give."""
        found = _pending(subject)
        if found is None:
            return
        local = found.ref.stream.rpartition("/")[2]
        shown = lot.shown_first(local, subject)
        if found.draw is None or (shown is not None and shown < found.draw.at):
            roster = tuple(one.member for one in found.roster)
            yield f"{subject.id}/judges/{local}", cls(checkpoint=b"\n", drawn=roster)


class AppealCheckpointShown(lot.Cosigned, frozen=True, kw_only=True):
    """Anyone shows that judges were not drawn by the first witnessed checkpoint (AJ4, AJ6)."""

    TYPE: ClassVar[str] = "AppealCheckpointShown/1"
    STREAM: ClassVar[str] = "p-*/shown/*/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (lot.anyone,)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AJ4 and AJ6."""
        found = _of(entry, book)
        if found is None or found.draw is None:
            yield Unmet(rule="AJ6", reason="no such judges are drawn")
            return
        unmet = tuple(self.unmet_checkpoint("AJ4", found, entry, book))
        yield from unmet
        if not unmet and lot.earliest(self.checkpoint, found.witnesses)[0] >= found.draw.at:
            yield Unmet(rule="AJ6", reason="it was not cosigned before the draw's")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the earlier cosignature on record."""
        _, _, local, author = entry.event.stream.split("/")
        at, _ = lot.earliest(self.checkpoint, subject.things["judges:" + local].witnesses)
        yield f"shown:{local}/{author}:{entry.event.seq}", Shown(entry.ref, local, at)


class JudgeReplaced(Body, frozen=True, kw_only=True):
    """A judge recuses itself or can hear the appeal no more: the next takes its seat (AJ7)."""

    TYPE: ClassVar[str] = "JudgeReplaced/1"
    STREAM: ClassVar[str] = "p-*/vacancy/*/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (lot.anyone,)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    member: ActorId
    ground: Literal["recused", "gone"]
    reason: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the member."""
        return (self.member,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AJ7."""
        subject, found = book.subject(entry.event.subject), _of(entry, book)
        if found is None or self.member not in seated(found):
            yield Unmet(rule="AJ7", reason=f"{self.member} is no judge of this appeal")
            return
        if self.ground == "recused" and entry.actor != self.member:
            yield Unmet(rule="AJ7", reason="a judge recuses itself", who=self.member)
        if self.ground == "gone" and _can_hear(self.member, entry, book):
            yield Unmet(rule="AJ7", reason=f"{self.member} can hear the appeal")
        if any(
            voice.actor == self.member and getattr(one.body, "appeal", None) == found.appeal
            for one in subject.all(Proposal)
            if entry.at < dates.deadline(dates.parse_day(one.body.expires))
            for voice in one.endorsements
        ):
            yield Unmet(rule="AJ7", reason=f"{self.member} has given its voice")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Free the seat."""
        key = "judges:" + _local(entry)
        found: Judges = subject.things[key]
        yield key, msgspec.structs.replace(found, vacated=(*found.vacated, self.member))

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer to put on record each judge that can hear the appeal no more."""
        found = _pending(subject)
        if found is None:
            return
        tied, when = ties(subject, book.size), Moment(book.time, book.size)
        for member in seated(found):
            if not has_seat(member, tied, when, book):
                local = found.ref.stream.rpartition("/")[2]
                yield f"{subject.id}/vacancy/{local}/*", cls(
                    member=member, ground="gone", reason=partnership.UNDECIDED
                )  # fmt: skip


def _can_hear(member: str, entry: Entry, book: Book) -> bool:
    tied = ties(book.subject(entry.event.subject), entry.index)
    when, organization = Moment(entry.at, entry.index), organization_of(member, book)
    return has_seat(member, tied, when, book) and not any(
        barred(member, organization, tied, when, book)
    )


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of AJ8 and AJ9: judges whom somebody could have chosen."""
    yield from across(book)
    yield from by_subject(book)


def by_subject(book: Book) -> Iterator[Broken]:
    """Yield what is broken of AJ9."""
    for subject in book.subjects.values():
        for key, found in subject.by_key(Judges).items():
            local = key.partition(":")[2]
            yield from lot.chosen("AJ9", found, local, subject, secretary.name)


ACROSS: Final = (Judges,)


def across(book: Book) -> Iterator[Broken]:
    """Yield what is broken of AJ8."""
    for subject in book.subjects.values():
        for found in subject.all(Judges):
            yield from _left_out(found, subject, book)


def _left_out(found: Judges, subject: Subject, book: Book) -> Iterator[Broken]:
    able = {one.member for one in _able(found.tied, Moment(found.at, found.index), book)}
    missing = sorted(able - {one.member for one in found.roster})
    if missing:
        yield Broken(rule="AJ8", subject=subject.id, who=secretary.name,
                     reason=f"the roster of {found.ref.stream} leaves out {', '.join(missing)}, "
                     f"who could hear the appeal on {dates.day_text(found.at)}")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    AppealPanelAnnounced,
    AppealPanelDrawn,
    AppealCheckpointShown,
    JudgeReplaced,
)
