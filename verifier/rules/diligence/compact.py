"""The principles of the Global Compact: attested, observed, lapsed, cured or ended.

- GC1 Who attests is a partner, or asks to join, and is not bound by the Charter, over the
      signature of its own office; once for a version, and for the version in force. [R14]
- GC2 Where the profile asks membership, a company names a status on record that is active: its own,
      or that of a parent which says itself that the company is its subsidiary [R63].
- GC4 The eligibility of a partner lapses on a ground that the record bears out: where membership
      is asked, a status that is active no more; a due diligence that has expired or was decided
      against it. It has the profile's time to cure it. [R63]
- GC5 It is restored once the record bears the ground out no more.
- GC6 The part of a partner ends after its time to cure is over, by the lead or the registry; the
      lead's own part does not end so.
- GC7 (whole log) A lapse is cured, or the part of its partner ended, once the time to cure is over.

To commit oneself is to attest the Ten Principles; active status is one proof of it, and asked for
only where a profile says «member» (decision D3.28); what a status is stands in ``status``.
Sources: R14, R63; A/RES/70/224, paragraph 12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Literal

import msgspec

from verifier.event import Event
from verifier.rules import calendar, dates, partnership
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.diligence.case import profile_for, type_of
from verifier.rules.diligence.state import (
    Attested,
    Diligence,
    Lapse,
    adverse,
    asks_attestation,
    is_company,
    is_exempt,
)
from verifier.rules.diligence.status import is_proof
from verifier.rules.fields import ActorId, Day, Label, Texts, VersionRef
from verifier.rules.guideline import Profile
from verifier.rules.guideline.state import in_force
from verifier.rules.partnership import UNDECIDED
from verifier.rules.partnership.partners import belongs

__all__ = [
    "EVENTS",
    "PartnerEligibilityEnded",
    "PartnerEligibilityLapsed",
    "PartnerEligibilityRestored",
    "PrincipleAttested",
    "whole_log",
]

_registry: Final = role("registry")
_officer: Final = role("due_diligence_officer")


def _named(entry: Entry) -> str:
    return entry.event.stream.rpartition("/")[2]


def _is_own(actor: str, entry: Entry, book: Book) -> bool:
    return organization_of(actor, book) == _named(entry)


_own: Final = Capacity("the organization itself", _is_own)


def _principles(profile: Profile | None, at: int, book: Book) -> VersionRef | None:
    """Return the version of the principles that a profile names, as in force."""
    day = dates.day_of(at)
    return in_force(profile.principles, day, book, kind="principles") if profile else None


class PrincipleAttested(Body, frozen=True, kw_only=True):
    """A partner attests the principles (GC1, GC2)."""

    TYPE: ClassVar[str] = "PrincipleAttested/1"
    STREAM: ClassVar[str] = "p-*/attestation/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_own,)
    MISSION: ClassVar[tuple[int, ...]] = (14, 63)

    principles: VersionRef
    """The version of the set of principles that the profile names."""
    signatory: Label
    """The office that signs for the organization, never a person."""
    holder: ActorId | None = None
    """Whose status with the Global Compact is the proof: the company's own or its parent's."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the one whose status is named."""
        return () if self.holder is None else (self.holder,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GC1 and GC2."""
        subject, name = book.subject(entry.event.subject), _named(entry)
        type_, found = type_of(name, subject), partnership.of(subject)
        if found is None or type_ is None:
            yield Unmet(rule="GC1", reason=f"{name} is no partner")
            return
        if is_exempt(type_):
            yield Unmet(rule="GC1", reason=f"{name} is {type_}: the Charter binds it")
        profile = profile_for(subject, entry.at, book)
        wanted = _principles(profile, entry.at, book)
        if wanted is None or wanted != self.principles:
            named = "none" if wanted is None else f"{wanted.set} version {wanted.version}"
            yield Unmet(rule="GC1", reason=f"the principles to attest are {named}")
        before = subject.get("attested:" + name, Attested)
        if before is not None and before.principles == self.principles:
            yield Unmet(rule="GC1", reason="this version is attested")
        if profile is None or profile.compact_mode != "member" or not is_company(type_):
            return
        if self.holder is None or not is_proof(self.holder, name, book):
            yield Unmet(rule="GC2", reason="the profile asks for an active status, the company's "
                        "own or that of a parent which names it", who=_officer.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the attestation."""
        key = "attested:" + _named(entry)
        yield key, Attested(entry.ref, self.principles, self.holder)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the attestation of each partner that owes one."""
        found = partnership.of(subject)
        profile = profile_for(subject, book.time, book)
        wanted = _principles(profile, book.time, book)
        if found is None or profile is None or wanted is None:
            return
        for partner in found.partners:
            name, type_ = partner.organization, partner.stakeholder_type
            if (
                asks_attestation(profile, found.un_role, type_)
                and f"attested:{name}" not in subject.things
            ):
                yield f"{subject.id}/attestation/{name}", cls(principles=wanted, signatory="…")


def _ground(name: str, holder: str | None, subject: Subject, at: int, book: Book) -> Iterator[str]:
    """Yield every ground on which a partner is not eligible, as the record has it (GC4).

    ``holder`` is whose status the event names, so that it was looked up; it is the one attested.
    """
    against = adverse(subject.get("diligence:" + name, Diligence), dates.day_text(at))
    if against:
        yield "diligence_expired" if against == "expired" else "diligence_adverse"
    attested = subject.get("attested:" + name, Attested)
    profile = profile_for(subject, at, book)
    if profile is None or profile.compact_mode != "member" or attested is None:
        return
    if holder is not None and holder == attested.holder and not is_proof(holder, name, book):
        yield "compact_status"


class _OfEligibility(Body, frozen=True, kw_only=True):
    """What is said of a partner's eligibility."""

    STREAM: ClassVar[str] = "p-*/eligibility/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_officer, _registry)
    MISSION: ClassVar[tuple[int, ...]] = (63,)

    holder: ActorId | None = None
    """Whose status with the Global Compact the partner has named, where it has named one."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the one whose status is named."""
        return () if self.holder is None else (self.holder,)

    def unmet_holder(self, rule: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield, under a rule, that the holder named is not the one that was attested."""
        attested = book.thing(entry.event.subject, "attested:" + _named(entry), Attested)
        holder = attested.holder if attested is not None else None
        if self.holder != holder:
            yield Unmet(rule=rule, reason=f"the status attested is that of {holder or 'nobody'}")


class PartnerEligibilityLapsed(_OfEligibility, frozen=True, kw_only=True):
    """A partner is eligible no more, and has time to cure it (GC4)."""

    TYPE: ClassVar[str] = "PartnerEligibilityLapsed/1"

    ground: Literal["compact_status", "diligence_expired", "diligence_adverse"]
    cure_until: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GC4."""
        subject, name = book.subject(entry.event.subject), _named(entry)
        found = partnership.of(subject)
        if found is None or not partnership.is_partner(found, name):
            yield Unmet(rule="GC4", reason=f"{name} is no partner")
            return
        before = subject.get("lapse:" + name, Lapse)
        if before is not None and not before.ended:
            yield Unmet(rule="GC4", reason="its eligibility has lapsed already")
        yield from self.unmet_holder("GC4", entry, book)
        if self.ground not in _ground(name, self.holder, subject, entry.at, book):
            yield Unmet(rule="GC4", reason=f"the record bears out no {self.ground}")
        profile = profile_for(subject, entry.at, book)
        if profile is not None:
            until = dates.add(dates.day_of(entry.at), profile.partner_cure).isoformat()
            if self.cure_until != until:
                yield Unmet(rule="GC4", reason=f"it has time to cure it until {until}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Begin the time to cure."""
        name = _named(entry)
        yield "lapse:" + name, Lapse(
            ref=entry.ref, organization=name, ground=self.ground, cure_until=self.cure_until
        )  # fmt: skip


class PartnerEligibilityRestored(_OfEligibility, frozen=True, kw_only=True):
    """A partner is eligible again (GC5)."""

    TYPE: ClassVar[str] = "PartnerEligibilityRestored/1"

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GC5."""
        subject, name = book.subject(entry.event.subject), _named(entry)
        lapse = subject.get("lapse:" + name, Lapse)
        if lapse is None or lapse.ended:
            yield Unmet(rule="GC5", reason="its eligibility has not lapsed")
        yield from self.unmet_holder("GC5", entry, book)
        case = subject.get("diligence:" + name, Diligence)
        waits = case is not None and not case.outcome
        for ground in _ground(name, self.holder, subject, entry.at, book):
            yield Unmet(rule="GC5", reason=f"the record still bears out {ground}")
        if waits:
            yield Unmet(rule="GC5", reason="its due diligence is not decided", who=_officer.name)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the lapse."""
        key = "lapse:" + _named(entry)
        yield key, msgspec.structs.replace(subject.things[key], ended="restored")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the cure of each lapse."""
        for lapse in subject.all(Lapse):
            if not lapse.ended:
                attested = subject.get("attested:" + lapse.organization, Attested)
                holder = attested.holder if attested is not None else None
                yield lapse.ref.stream, cls(reason=UNDECIDED, holder=holder)


class PartnerEligibilityEnded(Body, frozen=True, kw_only=True):
    """The part of a partner ends that did not cure its lapse (GC6)."""

    TYPE: ClassVar[str] = "PartnerEligibilityEnded/1"
    STREAM: ClassVar[str] = "p-*/eligibility/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.lead, _registry)
    MISSION: ClassVar[tuple[int, ...]] = (63,)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GC6."""
        subject, name = book.subject(entry.event.subject), _named(entry)
        found, lapse = partnership.of(subject), subject.get("lapse:" + name, Lapse)
        if found is None or lapse is None or lapse.ended:
            yield Unmet(rule="GC6", reason="no lapse is open here", who=_officer.name)
            return
        if found.lead == name:
            yield Unmet(rule="GC6", reason="the part of the lead does not end so")
        if dates.day_text(entry.at) <= lapse.cure_until:
            day = dates.add(dates.parse_day(lapse.cure_until), "P1D")
            yield Unmet(rule="GC6", reason=f"it has time to cure it until {lapse.cure_until}",
                        earliest=calendar.opens(day))  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Take the partner out; what it has promised stays on record."""
        name, found = _named(entry), subject.things["partnership"]
        rest = tuple(p for p in found.partners if p.organization != name)
        yield from belongs(rest, found.lead, dates.day_text(entry.at), subject)
        key = "lapse:" + name
        yield key, msgspec.structs.replace(subject.things[key], ended="removed")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the end of a partner's part where its lapse is not cured."""
        for lapse in subject.all(Lapse):
            if not lapse.ended:
                yield lapse.ref.stream, cls(reason=UNDECIDED)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is not met of GC7."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        for lapse in subject.all(Lapse):
            if not lapse.ended and lapse.cure_until < today:
                yield Broken(
                    rule="GC7", subject=subject.id, kind="omission", who=_registry.name,
                    reason=f"{lapse.organization} had until {lapse.cure_until} to cure its lapse",
                )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    PrincipleAttested,
    PartnerEligibilityLapsed,
    PartnerEligibilityRestored,
    PartnerEligibilityEnded,
)
