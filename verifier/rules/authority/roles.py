"""Roles and delegations: who gives them, with which scope, and how they end.

- RO1 A role is given only by a holder of a role that may give it (``APPOINTS``); what the roots
      give needs their threshold.
- RO2 The scope given lies within the giver's own; the chain of grants is at most three long.
- RO3 The roles of one actor are compatible (``INCOMPATIBLE``) on every day of both; a root holds no
      operational role. An appointment is judged by this again at each endorsement.
- RO4 The holder is registered; the days exist, the last not before the first.
- RO5 A withdrawal names a grant of this actor that is still in force.
- RO6 A delegation names a registered delegate, at least one event type, and its last day; it
      never covers endorsements.
- RO7 Only the delegator withdraws a delegation, and only once.
- RO8 A grant's stream holds one grant and nothing before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.state import (
    Delegation,
    Grant,
    Roots,
    Scope,
    grant_in_force,
    is_registered,
    itself,
    role,
    root,
    widens,
)
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Code, Day, EventRef, Symbol
from verifier.rules.proposal import Proposal, ProposalBody

__all__ = [
    "APPOINTS",
    "EVENTS",
    "INCOMPATIBLE",
    "AppointmentProposed",
    "DelegationGranted",
    "DelegationWithdrawn",
    "RoleGranted",
    "RoleWithdrawn",
    "Terms",
]

APPOINTS: Final[dict[str, frozenset[str]]] = {
    "root": frozenset(
        {
            "registry",
            "guideline_issuer",
            "body_secretary",
            "presiding_officer",
            "custodian",
            "permanent_mission",
        }
    ),
    "registry": frozenset({"screening_officer", "registry_service"}),
    "body_secretary": frozenset({"reviewer", "appeals_panel", "focal_point"}),
}
"""Who may give which role (decision D2.12)."""

INCOMPATIBLE: Final[frozenset[frozenset[str]]] = frozenset(
    frozenset(pair)
    for pair in (
        ("registry", "appeals_panel"),
        ("registry", "reviewer"),
        ("screening_officer", "appeals_panel"),
        ("reviewer", "appeals_panel"),
        ("custodian", "registry"),
        ("custodian", "reviewer"),
    )
)
"""Pairs of roles that one actor may not hold at the same time (decision D2.12)."""

LONGEST_CHAIN: Final = 3
NO_LAST_DAY: Final = "9999-12-31"


class Terms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What an appointment says, whether one signs it or several endorse it."""

    role: Code
    mandate: Symbol
    first_day: Day
    last_day: Day | None = None
    scope: Scope | None = None


def unmet_holder(terms: Terms, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of RO3 and RO4."""
    holder = entry.event.subject
    if not is_registered(holder, book):
        yield Unmet(rule="RO4", reason=f"{holder} is not registered")
    if not all(dates.is_day(day) for day in (terms.first_day, terms.last_day or terms.first_day)):
        yield Unmet(rule="RO4", reason="a day does not exist")
    elif terms.last_day is not None and terms.last_day < terms.first_day:
        yield Unmet(rule="RO4", reason="the last day lies before the first")
    roots = book.thing("ledger", "roots", Roots)
    if roots and any(r.actor == holder for r in roots.members):
        yield Unmet(rule="RO3", reason="a root holds no operational role")
    for grant in book.subject(holder).all(Grant):
        pair = frozenset((grant.role, terms.role))
        if pair in INCOMPATIBLE and _overlaps(terms, grant, dates.day_text(entry.at)):
            yield Unmet(rule="RO3", reason=f"{holder} is {grant.role}, which excludes {terms.role}")


def _overlaps(terms: Terms, grant: Grant, today: str) -> bool:
    """Say whether there is a day from today on at which both would count (RO3)."""
    first = max(terms.first_day, grant.first_day, today)
    last = min(terms.last_day or NO_LAST_DAY, grant.last_day or NO_LAST_DAY)
    return grant.withdrawn is None and first <= last


def _grant(terms: Terms, ref: EventRef, depth: int) -> Change:
    key = "grant:" + ref.stream.partition("/")[2].replace("/", ":")
    return key, Grant(
        ref, terms.role, terms.mandate, depth, terms.first_day, terms.last_day, terms.scope
    )


class AppointmentProposed(ProposalBody, frozen=True, kw_only=True):
    """The roots appoint: one proposes, the threshold endorses (RO1, RO3, RO4)."""

    TYPE: ClassVar[str] = "AppointmentProposed/1"
    STREAM: ClassVar[str] = "actor-*/appointment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (root,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (root,)
    AUTHORITY: ClassVar[bool] = True

    terms: Terms

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the roots' threshold."""
        roots = book.thing("ledger", "roots", Roots)
        return roots.threshold if roots else 0

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO1, RO3 and RO4."""
        if self.terms.role not in APPOINTS["root"]:
            yield Unmet(rule="RO1", reason=f"the roots do not give the role {self.terms.role}")
        yield from unmet_holder(self.terms, entry, book)

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO3 and RO4 at an endorsement."""
        yield from unmet_holder(self.terms, entry, book)

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Give the role."""
        yield _grant(self.terms, proposal.ref, 1)


class RoleGranted(Body, frozen=True, kw_only=True):
    """A holder of a role that may give it gives a role (RO1 to RO4, RO8)."""

    TYPE: ClassVar[str] = "RoleGranted/1"
    STREAM: ClassVar[str] = "actor-*/role/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry"), role("body_secretary"))
    AUTHORITY: ClassVar[bool] = True

    terms: Terms
    depth: Annotated[int, Meta(ge=2, le=LONGEST_CHAIN)]
    """The length of the chain of grants from the roots."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO1 to RO4 and RO8."""
        if entry.event.seq != 0:
            yield Unmet(rule="RO8", reason="this stream holds a grant", hint="name another")
        givers = [
            grant
            for grant in book.subject(entry.actor).all(Grant)
            if grant_in_force(grant, entry.at) and self.terms.role in APPOINTS.get(grant.role, ())
        ]
        if not givers:
            yield Unmet(rule="RO1", reason=f"{entry.actor} may not give the role {self.terms.role}")
        elif not any(
            g.depth + 1 == self.depth and not widens(self.terms.scope, g.scope) for g in givers
        ):
            yield Unmet(rule="RO2", reason="wider or deeper than what the giver holds")
        yield from unmet_holder(self.terms, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Give the role."""
        yield _grant(self.terms, entry.ref, self.depth)


class RoleWithdrawn(Body, frozen=True, kw_only=True):
    """A role ends: its holder lays it down, or one who may give it takes it back (RO5)."""

    TYPE: ClassVar[str] = "RoleWithdrawn/1"
    STREAM: ClassVar[str] = "actor-*/withdrawal/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        itself, role("registry"), role("body_secretary"), root,
    )  # fmt: skip
    AUTHORITY: ClassVar[bool] = True

    grant: EventRef
    reason: Symbol

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO5."""
        found = book.subject(entry.event.subject).get(_grant_key(self.grant), Grant)
        if found is None or found.ref != self.grant or found.withdrawn is not None:
            yield Unmet(rule="RO5", reason="this actor has no such grant in force")
            return
        if entry.actor != entry.event.subject:
            held = {g.role for g in book.subject(entry.actor).all(Grant)
                    if grant_in_force(g, entry.at)}  # fmt: skip
            if root.holds(entry.actor, entry, book):
                held.add("root")
            if not any(found.role in APPOINTS.get(r, ()) for r in held):
                yield Unmet(rule="RO1", reason=f"{entry.actor} may not take back {found.role}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the role here."""
        key = _grant_key(self.grant)
        yield key, msgspec.structs.replace(subject.things[key], withdrawn=entry.index)


class DelegationGranted(Body, frozen=True, kw_only=True):
    """An actor lets another sign certain events in its name (RO6)."""

    TYPE: ClassVar[str] = "DelegationGranted/1"
    STREAM: ClassVar[str] = "actor-*/delegation/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself,)
    AUTHORITY: ClassVar[bool] = True

    to: ActorId
    types: Annotated[tuple[str, ...], Meta(min_length=1, max_length=40)]
    last_day: Day
    mandate: Symbol
    scope: Scope | None = None

    def touches(self, event: object) -> Iterable[str]:
        """Look at the delegate."""
        return (self.to,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO6."""
        if not is_registered(self.to, book):
            yield Unmet(rule="RO6", reason=f"{self.to} is not registered")
        if not dates.is_day(self.last_day):
            yield Unmet(rule="RO6", reason="the last day does not exist")
        if "Endorsed" in self.types:
            yield Unmet(rule="RO6", reason="a voice is never delegated")
        if entry.event.seq != 0:
            yield Unmet(rule="RO7", reason="this delegation is given already")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Give the delegation."""
        key = "delegation:" + entry.event.stream.rpartition("/")[2]
        yield key, Delegation(entry.ref, self.to, self.types, self.last_day, self.scope)


class DelegationWithdrawn(Body, frozen=True, kw_only=True):
    """An actor takes a delegation back (RO7)."""

    TYPE: ClassVar[str] = "DelegationWithdrawn/1"
    STREAM: ClassVar[str] = "actor-*/delegation/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself,)
    AUTHORITY: ClassVar[bool] = True

    reason: Symbol

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RO7."""
        key = "delegation:" + entry.event.stream.rpartition("/")[2]
        found = book.thing(entry.event.subject, key, Delegation)
        if found is None or found.withdrawn is not None:
            yield Unmet(rule="RO7", reason="there is no such delegation in force")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the delegation here."""
        key = "delegation:" + entry.event.stream.rpartition("/")[2]
        yield key, msgspec.structs.replace(subject.things[key], withdrawn=entry.index)


def _grant_key(ref: EventRef) -> str:
    return "grant:" + ref.stream.partition("/")[2].replace("/", ":")


EVENTS: Final[tuple[type[Body], ...]] = (
    AppointmentProposed,
    RoleGranted,
    RoleWithdrawn,
    DelegationGranted,
    DelegationWithdrawn,
)
