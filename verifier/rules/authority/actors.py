"""Actors: registered by one, confirmed by another.

- AC1 An actor is registered once, under an id that an author can have; its principal is itself or a
      registered actor.
- AC2 An organization is its own principal or counts as another organization; a body is its own; an
      office or a machine counts for its organization. A principal is an organization that counts
      for itself, and a root's is the one that its roots are
      named with.
- AC10 An actor is confirmed once, as what is on record: its organization and a key that is active.
- AC11 Who confirms it is another than registered it or enrolled that key. Where its organization
      holds a key itself, or did, only that organization's own actors confirm, so that no registrar
      makes an office of somebody else's organization, not even by revoking that key first;
      otherwise another registrar does.
- AC12 Nothing that an actor signs is admitted before it is confirmed, or given a key by the roots
      together: by their threshold or, where that is one, by a root's enrolment. A root that signs
      with its root's key needs neither.

Source: mission table R5, R20; decision D2.11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from verifier.keys import thumbprint
from verifier.rules.authority.roots import member
from verifier.rules.authority.scope import Place
from verifier.rules.authority.state import (
    Actor,
    Confirmed,
    Key,
    is_registered,
    organization_of,
    registrars,
)
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Alpha3, Code, Hash, Texts

__all__ = ["EVENTS", "ActorConfirmed", "ActorRegistered"]

MAX_ACTOR_CHARS: Final = 64  # what an author's id may have (event, rule 4)
OrgId = Annotated[
    str, Meta(pattern=r"^[A-Z]{2,4}(-[A-Z0-9]{1,10}){1,3}-[A-Za-z0-9._/-]{1,60}\Z", max_length=100)
]
"""An identifier of org-id.guide: the list's code, then the identifier in that list."""


class ActorRegistered(Body, frozen=True, kw_only=True):
    """An organization, an office or a machine becomes known to the ledger (AC1, AC2)."""

    TYPE: ClassVar[str] = "ActorRegistered/1"
    STREAM: ClassVar[str] = "actor-*/profile"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = registrars
    AUTHORITY: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (20,)

    kind: Literal["organization", "body", "office", "machine"]
    name: Texts
    principal: ActorId
    stakeholder_type: Code
    country: Alpha3 | None = None
    org_id: OrgId | None = None

    def touches(self, event: object) -> Iterable[str]:
        """Look at the principal."""
        return (self.principal,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC1 and AC2."""
        own = entry.event.subject
        if is_registered(own, book):
            yield Unmet(rule="AC1", reason=f"{own} is registered already")
        if len(own) > MAX_ACTOR_CHARS:
            yield Unmet(rule="AC1", reason=f"an actor id has at most {MAX_ACTOR_CHARS} characters")
        principal = book.thing(self.principal, "actor", Actor)
        if self.principal == own:
            if self.kind not in ("organization", "body"):
                yield Unmet(rule="AC2", reason=f"an {self.kind} counts for its organization")
        elif principal is None:
            yield Unmet(rule="AC1", reason=f"the principal {self.principal} is not registered")
        elif principal.principal != self.principal or "body" in (self.kind, principal.kind):
            yield Unmet(rule="AC2", reason=f"{self.principal} does not count for itself alone",
                        hint="name the organization that counts for itself")  # fmt: skip
        seat = member(own, book)
        if seat is not None and seat.principal != self.principal:
            yield Unmet(rule="AC2", reason=f"the root {own} counts for {seat.principal}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the actor on record, and the country that it is of."""
        yield (
            "actor",
            Actor(self.kind, self.principal, self.stakeholder_type, self.country, entry.actor),
        )
        if self.country is not None:
            yield "place", Place((self.country,))


def _counts_for_it(actor: str, entry: Entry, book: Book) -> bool:
    known = book.thing(entry.event.subject, "actor", Actor)
    return known is not None and organization_of(actor, book) == known.principal


class ActorConfirmed(Body, frozen=True, kw_only=True):
    """Another than registered an actor confirms it; from here on it signs (AC10, AC11)."""

    TYPE: ClassVar[str] = "ActorConfirmed/1"
    STREAM: ClassVar[str] = "actor-*/profile"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        Capacity("the actor's organization", _counts_for_it), *registrars,
    )  # fmt: skip
    AUTHORITY: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (20,)

    organization: ActorId
    """The organization that the actor counts for."""
    kid: Hash
    """The thumbprint of a key that the actor holds."""

    def touches(self, event: object) -> Iterable[str]:
        """Look at the organization."""
        return (self.organization,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AC10 and AC11."""
        subject = book.subject(entry.event.subject)
        actor, key = subject.get("actor", Actor), subject.get("key:" + self.kid.hex(), Key)
        if "confirmed" in subject.things:
            yield Unmet(rule="AC10", reason=f"{subject.id} is confirmed already")
        if actor is None or actor.principal != self.organization:
            yield Unmet(rule="AC10", reason=f"{subject.id} does not count for {self.organization}")
            return
        if key is None or key.ended is not None:
            yield Unmet(rule="AC10", reason=f"{subject.id} has no such active key")
        elif entry.actor in (actor.by, key.by):
            yield Unmet(rule="AC11", reason=f"{entry.actor} registered it or enrolled its key",
                        who="another registrar, or the actor's organization")  # fmt: skip
        own = organization_of(entry.actor, book)
        house = book.subject(self.organization)
        if own and own != self.organization and house.id != subject.id and any(house.all(Key)):
            yield Unmet(rule="AC11", reason=f"{house.id} can speak for its own actors",
                        who=house.id)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the actor sign."""
        yield "confirmed", Confirmed(entry.index)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer to confirm who has a key and is not confirmed."""
        actor = subject.get("actor", Actor)
        if actor is None or "confirmed" in subject.things:
            return
        for key in subject.all(Key):
            if key.ended is None:
                body = cls(organization=actor.principal, kid=thumbprint(key.public))
                yield f"{subject.id}/profile", body


EVENTS: Final[tuple[type[Body], ...]] = (ActorRegistered, ActorConfirmed)
