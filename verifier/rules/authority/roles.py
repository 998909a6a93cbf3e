"""Roles: who gives them, with which scope, and how they end.

- RO1 A role is given only as a role that may give it (``APPOINTS``); what the roots give needs
      their threshold.
- RO2 The scope and the days given lie within those of the giver's own grant; the chain of grants is
      at most three long.
- RO3 The roles of one actor are compatible (``INCOMPATIBLE``) on every day of both; a root holds no
      operational role. An appointment is judged by this again at each endorsement.
- RO4 The holder is registered; the days exist, the last not before the first.
- RO5 A withdrawal names a grant of this actor that is still in force.
- RO6 A role is taken back only as the role that gave it, within the scope of the one who takes it
      back, and what a house gave to its own actors (RO10) by that house alone; what the roots
      gave, by their threshold. Its holder lays it down at any time.
- RO7 A grant names the grant that it rests on: its giver's own, in force, of the role stated.
- RO8 A grant's stream holds one grant and nothing before it.
- RO9 A Permanent Mission counts in its actor's own country and nowhere else, a Resident
      Coordinator in countries that its grant names.
- RO10 An executive head and a Permanent Mission give roles to actors of their own
      organization only.

What a body decides about its seats is asked in ``seats`` (RO11, RO12).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import dates
from verifier.rules.authority.offices import APPOINTS, BY_COUNTRY, GIVERS, INCOMPATIBLE, OWN_HOUSE
from verifier.rules.authority.roots import is_member, root, threshold
from verifier.rules.authority.scope import widens
from verifier.rules.authority.seats import unmet_appointment, unmet_dismissal
from verifier.rules.authority.state import (
    Actor,
    Grant,
    Terms,
    grant_in_force,
    grant_key,
    grants,
    is_registered,
    itself,
    office,
    organization_of,
)
from verifier.rules.body.state import subject_of
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code, EventRef, Symbol
from verifier.rules.proposal import Proposal, ProposalBody

__all__ = [
    "EVENTS",
    "AppointmentProposed",
    "RoleGranted",
    "RoleWithdrawalProposed",
    "RoleWithdrawn",
    "Terms",
]

LONGEST_CHAIN: Final = 3
NO_LAST_DAY: Final = "9999-12-31"


def unmet_holder(terms: Terms, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of RO3, RO4 and RO9."""
    holder = entry.event.subject
    if not is_registered(holder, book):
        yield Unmet(rule="RO4", reason=f"{holder} is not registered")
    if not all(dates.is_day(day) for day in (terms.first_day, terms.last_day or terms.first_day)):
        yield Unmet(rule="RO4", reason="a day does not exist")
    elif terms.last_day is not None and terms.last_day < terms.first_day:
        yield Unmet(rule="RO4", reason="the last day lies before the first")
    if is_member(holder, book):
        yield Unmet(rule="RO3", reason="a root holds no operational role")
    for grant in book.subject(holder).all(Grant):
        pair = frozenset((grant.role, terms.role))
        if pair in INCOMPATIBLE and _overlaps(terms, grant, dates.day_text(entry.at)):
            yield Unmet(rule="RO3", reason=f"{holder} is {grant.role}, which excludes {terms.role}")
    if terms.role in BY_COUNTRY:
        countries = (terms.scope.countries if terms.scope else None) or ()
        actor = book.thing(holder, "actor", Actor)
        own = actor.country if actor else None
        if not countries:
            yield Unmet(rule="RO9", reason=f"the role {terms.role} names its countries")
        elif terms.role == "permanent_mission" and countries != (own,):
            yield Unmet(rule="RO9", reason=f"{holder} is of {own or 'no country'}")


def _overlaps(terms: Terms, grant: Grant, today: str) -> bool:
    """Say whether there is a day from today on at which both would count (RO3)."""
    first = max(terms.first_day, grant.first_day, today)
    last = min(terms.last_day or NO_LAST_DAY, grant.last_day or NO_LAST_DAY)
    return grant.withdrawn is None and first <= last


def _grant(
    terms: Terms, ref: EventRef, at: int, *, giver: str, depth: int, under: EventRef | None = None
) -> Grant:
    return Grant(
        ref, terms.role, giver, under, terms.mandate, depth,
        terms.first_day, terms.last_day, terms.scope, at,
    )  # fmt: skip


class AppointmentProposed(ProposalBody, frozen=True, kw_only=True):
    """The roots appoint: one proposes, the threshold endorses (RO1, RO3, RO4, RO9)."""

    TYPE: ClassVar[str] = "AppointmentProposed/1"
    STREAM: ClassVar[str] = "actor-*/appointment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (root,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (root,)
    AUTHORITY: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (44, 53)

    terms: Terms

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the roots' threshold."""
        return threshold(book)

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO1, RO3, RO4 and RO9."""
        if self.terms.role not in APPOINTS["root"]:
            yield Unmet(rule="RO1", reason=f"the roots do not give the role {self.terms.role}")
        yield from unmet_holder(self.terms, entry, book)

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO3, RO4 and RO9 at an endorsement."""
        yield from unmet_holder(self.terms, entry, book)

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Give the role."""
        given = _grant(self.terms, proposal.ref, entry.index, giver="root", depth=1)
        yield grant_key(given.ref), given


class RoleGranted(Body, frozen=True, kw_only=True):
    """A holder of a role that may give it gives a role (RO1 to RO4, RO7 to RO11)."""

    TYPE: ClassVar[str] = "RoleGranted/1"
    STREAM: ClassVar[str] = "actor-*/role/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = tuple(office(role) for role in GIVERS)
    AUTHORITY: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (49, 50, 51, 92, 98)

    terms: Terms
    giver: Code
    """The role that the giver gives it as."""
    under: EventRef
    """The giver's own grant of that role, on which this one rests."""
    depth: Annotated[int, Meta(ge=2, le=LONGEST_CHAIN)]
    """The length of the chain of grants from the roots."""
    decision: EventRef | None = None
    """The decision of a body that it puts into effect, where a body fills the role."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided."""
        return (subject_of(self.decision),) if self.decision else ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO1 to RO4 and RO7 to RO11."""
        if entry.event.seq != 0:
            yield Unmet(rule="RO8", reason="this stream holds a grant", hint="name another")
        if self.terms.role not in APPOINTS.get(self.giver, ()) or self.giver not in GIVERS:
            yield Unmet(rule="RO1", reason=f"{self.giver} does not give the role {self.terms.role}")
        under = book.subject(entry.actor).get(grant_key(self.under), Grant)
        if under is None or under.ref != self.under or under.role != self.giver:
            yield Unmet(rule="RO7", reason=f"{entry.actor} has no such grant of {self.giver}")
        elif not grant_in_force(under, entry.at):
            yield Unmet(rule="RO7", reason="the grant that it rests on is not in force")
        elif under.depth + 1 != self.depth or _beyond(self.terms, under):
            yield Unmet(rule="RO2", reason="wider, longer or deeper than what the giver holds")
        yield from unmet_holder(self.terms, entry, book)
        yield from unmet_appointment(self.terms, self.decision, entry, book)
        if self.giver in OWN_HOUSE:
            house = organization_of(entry.actor, book)
            if organization_of(entry.event.subject, book) != house:
                yield Unmet(rule="RO10", reason=f"{entry.event.subject} does not count for {house}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Give the role."""
        given = _grant(
            self.terms, entry.ref, entry.index, giver=self.giver, depth=self.depth, under=self.under
        )
        yield grant_key(given.ref), msgspec.structs.replace(given, decision=self.decision)


def _beyond(terms: Terms, under: Grant) -> bool:
    """Say whether terms reach beyond the scope or the days of the grant they rest on (RO2)."""
    return (
        widens(terms.scope, under.scope)
        or terms.first_day < under.first_day
        or (terms.last_day or NO_LAST_DAY) > (under.last_day or NO_LAST_DAY)
    )


class RoleWithdrawn(Body, frozen=True, kw_only=True):
    """A role ends: its holder lays it down, or who may give it takes it back (RO5, RO6, RO12)."""

    TYPE: ClassVar[str] = "RoleWithdrawn/1"
    STREAM: ClassVar[str] = "actor-*/withdrawal/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself, *RoleGranted.SIGNERS)
    AUTHORITY: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (51, 92)

    grant: EventRef
    reason: Symbol
    decision: EventRef | None = None
    """The decision of a body that it puts into effect, where a body fills the role."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided."""
        return (subject_of(self.decision),) if self.decision else ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO5, RO6 and RO12."""
        found = _found(self.grant, entry, book)
        if found is None:
            yield Unmet(rule="RO5", reason="this actor has no such grant in force")
            return
        yield from unmet_dismissal(found, self.decision, entry, book)
        if entry.actor != entry.event.subject and not _takes_back(found, entry, book):
            yield Unmet(rule="RO6", reason=f"{entry.actor} may not take back this {found.role}",
                        who=found.giver)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the role here."""
        key = grant_key(self.grant)
        yield (
            key,
            msgspec.structs.replace(
                subject.things[key], withdrawn=entry.index, laid_down=entry.actor == subject.id
            ),
        )


def _found(ref: EventRef, entry: Entry, book: Book) -> Grant | None:
    """Return the grant of this actor that a withdrawal names, if it was not withdrawn before."""
    found = book.subject(entry.event.subject).get(grant_key(ref), Grant)
    return found if found and found.ref == ref and found.withdrawn is None else None


def _takes_back(found: Grant, entry: Entry, book: Book) -> bool:
    """Say whether who acts holds the role that gave this one, over at least its scope (RO6)."""
    house = organization_of(entry.event.subject, book)
    if found.giver in OWN_HOUSE and organization_of(entry.actor, book) != house:
        return False
    return any(
        not widens(found.scope, own.scope) for own in grants(entry.actor, found.giver, entry, book)
    )


class RoleWithdrawalProposed(ProposalBody, frozen=True, kw_only=True):
    """The roots take back what they gave: one proposes, the threshold endorses (RO5, RO6)."""

    TYPE: ClassVar[str] = "RoleWithdrawalProposed/1"
    STREAM: ClassVar[str] = "actor-*/dismissal/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (root,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (root,)
    AUTHORITY: ClassVar[bool] = True

    grant: EventRef
    reason: Symbol

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the roots' threshold."""
        return threshold(book)

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO5 and RO6."""
        yield from self.bars("", "", entry, book)

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO5 and RO6, also at an endorsement."""
        found = _found(self.grant, entry, book)
        if found is None:
            yield Unmet(rule="RO5", reason="this actor has no such grant in force")
        elif found.giver != "root":
            yield Unmet(rule="RO6", reason=f"this {found.role} was given by {found.giver}",
                        who=found.giver)  # fmt: skip

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """End the role here."""
        key = grant_key(self.grant)
        yield key, msgspec.structs.replace(subject.things[key], withdrawn=entry.index)


EVENTS: Final[tuple[type[Body], ...]] = (
    AppointmentProposed,
    RoleGranted,
    RoleWithdrawn,
    RoleWithdrawalProposed,
)
