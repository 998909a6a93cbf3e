"""Who belongs to a listed partnership: joining, leaving, and what follows where too few remain.

- MB1 Who joins is a registered organization that counts for itself, of the stakeholder type on
      record, is no partner yet, and signs this itself. [R20]
- MB2 Members come and go while the partnership is listed or suspended.
- MB3 Who joined is a partner once the secretariat or the lead, of another organization, has
      confirmed the newest request.
- MB4 A partner leaves by its own word; the lead leaves once another partner leads.
- MB5 Where fewer than two partners remain, or a multi-stakeholder partnership lacks the sectors
      that are asked of it, the time to cure of its profile runs. When it is over the registry ends
      the listing; while a case is open or it is suspended, or what was lost is there again, it does
      not. [R20]
- MB6 (whole log) A listing that lost its partners is ended when the time to cure is over; leaving
      it is the registry's own omission.

The role of the United Nations follows from who belongs: a UN entity that joins or takes the lead
signs for itself, as PA4 asks; the profile follows by reclassification. Commitments stay with the
organizations that made them. Sources: R20, R22; domain C2.2; decisions D2.12, D3.25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import ClassVar, Final, Literal

import msgspec

from verifier.event import Event
from verifier.rules import calendar, dates
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.diligence import unmet_partners
from verifier.rules.fields import ActorId, Code, EventRef, Texts
from verifier.rules.partnership import state
from verifier.rules.partnership.partners import belongs, unmet_partner
from verifier.rules.partnership.state import (
    ON_THE_REGISTER,
    UNDECIDED,
    Partner,
    Partnership,
    Sector,
    is_partner,
    moved,
    of,
    profile_of,
    unmet_on_register,
)

__all__ = [
    "EVENTS",
    "Joining",
    "PartnerConfirmed",
    "PartnerJoined",
    "PartnerLeft",
    "PartnershipLapsed",
    "cure_until",
    "whole_log",
]

registry: Final = role("registry")


class Joining(msgspec.Struct, frozen=True):
    """An organization that asks to join; the thing ``joining:<organization>``."""

    ref: EventRef
    partner: Partner
    waits: bool = True


def cure_until(found: Partnership, book: Book) -> date | None:
    """Return the last day on which a listing that lost its partners can be cured, or nothing."""
    profile = profile_of(found, book)
    if found.short_since is None or profile is None or found.listing not in ON_THE_REGISTER:
        return None
    since = dates.parse_day(found.short_since)
    return calendar.extended(dates.add(since, profile.partner_cure), book)


def _signs_for(actor: str, entry: Entry, book: Book) -> bool:
    body = entry.body
    return isinstance(body, _OfPartner) and organization_of(actor, book) == body.organization


_named: Final = Capacity("the organization that it names", _signs_for)


class _OfPartner(Body, frozen=True, kw_only=True):
    """What joining and leaving have in common (MB2)."""

    STREAM: ClassVar[str] = "p-*/partner/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_named,)
    MISSION: ClassVar[tuple[int, ...]] = (20,)

    organization: ActorId

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the organization."""
        return (self.organization,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MB1, that its stream is the organization's, and of MB2."""
        yield from unmet_on_register("MB2", entry, book)
        if entry.event.stream != f"{entry.event.subject}/partner/{self.organization}":
            yield Unmet(rule="MB1", reason=f"this is not the stream of {self.organization}")


class PartnerJoined(_OfPartner, frozen=True, kw_only=True):
    """An organization asks to join; it is a partner once that is confirmed (MB1, MB2)."""

    TYPE: ClassVar[str] = "PartnerJoined/1"

    role: Literal["partner", "contributor", "beneficiary"]
    sector: Sector
    stakeholder_type: Code

    @property
    def partner(self) -> Partner:
        """Return the partner that it would be."""
        return Partner(self.organization, self.role, self.sector, self.stakeholder_type)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MB1 and MB2."""
        yield from super().unmet(entry, book)
        yield from unmet_partner("MB1", self.partner, book)
        found = of(book.subject(entry.event.subject))
        if found is not None and is_partner(found, self.organization):
            yield Unmet(rule="MB1", reason=f"{self.organization} is a partner")
        if organization_of(entry.event.iss, book) != self.organization:
            yield Unmet(rule="MB1", reason=f"{self.organization} did not sign this itself",
                        who=self.organization)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the request on record."""
        yield "joining:" + self.organization, Joining(entry.ref, self.partner)


class PartnerConfirmed(Body, frozen=True, kw_only=True):
    """The secretariat or the lead confirms who joined: it is a partner from now on.

    MB2, MB3, PL4, PL5.
    """

    TYPE: ClassVar[str] = "PartnerConfirmed/1"
    STREAM: ClassVar[str] = "p-*/partner/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (state.secretariat, state.lead)
    MISSION: ClassVar[tuple[int, ...]] = (20,)

    joined: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MB2, MB3, PL4 and PL5."""
        yield from unmet_on_register("MB2", entry, book)
        found = book.thing(entry.event.subject, _joining(entry), Joining)
        if found is None or not found.waits or found.ref != self.joined:
            yield Unmet(rule="MB3", reason="no such request waits", who=_named.name)
        elif any(organization_of(s, book) == found.partner.organization for s in entry.signers):
            yield Unmet(rule="MB3", reason="who joined does not confirm it", hint="let another")
        if found is not None:
            yield from _unmet_asked(found.partner, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Count the partner in."""
        key, found = _joining(entry), subject.things["partnership"]
        joining: Joining = subject.things[key]
        yield key, msgspec.structs.replace(joining, waits=False)
        partners = (*found.partners, joining.partner)
        yield from belongs(partners, found.lead, dates.day_text(entry.at), subject)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the confirmation of each request that waits."""
        for joining in subject.all(Joining):
            if joining.waits:
                yield joining.ref.stream, cls(joined=joining.ref)


class PartnerLeft(_OfPartner, frozen=True, kw_only=True):
    """A partner leaves; its commitments stay its own (MB2, MB4, MB5)."""

    TYPE: ClassVar[str] = "PartnerLeft/1"

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MB2 and MB4."""
        yield from super().unmet(entry, book)
        found = of(book.subject(entry.event.subject))
        if found is not None and not is_partner(found, self.organization):
            yield Unmet(rule="MB4", reason=f"{self.organization} is no partner")
        if found is not None and found.lead == self.organization:
            yield Unmet(rule="MB4", reason=f"{self.organization} leads",
                        hint="hand the lead on first")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Count the partner out; where too few remain, the time to cure begins."""
        found = subject.things["partnership"]
        partners = tuple(p for p in found.partners if p.organization != self.organization)
        yield from belongs(partners, found.lead, dates.day_text(entry.at), subject)


class PartnershipLapsed(Body, frozen=True, kw_only=True):
    """The registry ends a listing whose partners are gone; it may be submitted anew (MB5)."""

    TYPE: ClassVar[str] = "PartnershipLapsed/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (20,)

    reasons: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MB5."""
        subject = book.subject(entry.event.subject)
        found = of(subject)
        last = cure_until(found, book) if found is not None else None
        if last is None:
            yield Unmet(rule="MB5", reason="it has the partners that are asked, or is not listed")
        elif dates.in_time(entry.at, last):
            yield Unmet(rule="MB5", reason=f"it may be cured until {last}",
                        earliest=dates.deadline(last), who=state.secretariat.name)  # fmt: skip
        if cases.open_case(subject) is not None or (found and found.listing == "suspended"):
            yield Unmet(rule="MB5", reason="a removal case is open, or it is suspended",
                        hint="that goes its own way")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the listing."""
        found = subject.things["partnership"]
        yield "partnership", moved(found, "lapsed", entry)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the end of a listing that lost its partners."""
        found = of(subject)
        if found is not None and cure_until(found, book) is not None:
            yield f"{subject.id}/registration", cls(reasons=UNDECIDED)


def _unmet_asked(partner: Partner, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of PL4 and PL5 by one that joins."""
    subject, today = book.subject(entry.event.subject), dates.day_text(entry.at)
    known = of(subject)
    profile = profile_of(known, book) if known is not None else None
    if known is not None and profile is not None:
        yield from unmet_partners(subject, (partner,), known.un_role, profile, today)


def _joining(entry: Entry) -> str:
    return "joining:" + entry.event.stream.rpartition("/")[2]


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of MB6: listings that lost their partners and were left standing."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        found = of(subject)
        last = cure_until(found, book) if found is not None else None
        if last is not None and last.isoformat() < today and cases.open_case(subject) is None:
            yield Broken(
                rule="MB6", kind="omission", subject=subject.id, who=registry.name,
                reason=f"it lost its partners and could be cured until {last}",
            )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    PartnerJoined,
    PartnerConfirmed,
    PartnerLeft,
    PartnershipLapsed,
)
