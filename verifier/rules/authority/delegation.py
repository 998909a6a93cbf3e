"""Delegations: an actor lets another sign certain events in its name.

- DG1 A delegation names a registered delegate, at least one event type, and its last day; it
      never covers endorsements. [R54]
- DG2 Only the delegator withdraws a delegation, and only once.

A delegate signs with ``on_behalf_of`` (AD11). Source: R54; decision D2.12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.scope import Scope
from verifier.rules.authority.state import Delegation, is_registered, itself
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Day, Symbol

__all__ = ["EVENTS", "DelegationGranted", "DelegationWithdrawn"]


class DelegationGranted(Body, frozen=True, kw_only=True):
    """An actor lets another sign certain events in its name (DG1)."""

    TYPE: ClassVar[str] = "DelegationGranted/1"
    STREAM: ClassVar[str] = "actor-*/delegation/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself,)
    AUTHORITY: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (54,)

    to: ActorId
    types: Annotated[tuple[str, ...], Meta(min_length=1, max_length=40)]
    last_day: Day
    mandate: Symbol
    scope: Scope | None = None

    def touches(self, event: object) -> Iterable[str]:
        """Look at the delegate."""
        return (self.to,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DG1."""
        if not is_registered(self.to, book):
            yield Unmet(rule="DG1", reason=f"{self.to} is not registered")
        if not dates.is_day(self.last_day):
            yield Unmet(rule="DG1", reason="the last day does not exist")
        if "Endorsed" in self.types:
            yield Unmet(rule="DG1", reason="a voice is never delegated")
        key = "delegation:" + entry.event.stream.rpartition("/")[2]
        if entry.event.seq != 0 or key in book.subject(entry.event.subject).things:
            yield Unmet(rule="DG2", reason="a delegation of this name is given already")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Give the delegation."""
        key = "delegation:" + entry.event.stream.rpartition("/")[2]
        yield key, Delegation(entry.ref, self.to, self.types, self.last_day, self.scope)


class DelegationWithdrawn(Body, frozen=True, kw_only=True):
    """An actor takes a delegation back (DG2)."""

    TYPE: ClassVar[str] = "DelegationWithdrawn/1"
    STREAM: ClassVar[str] = "actor-*/delegation/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself,)
    AUTHORITY: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (54,)

    reason: Symbol

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DG2."""
        key = "delegation:" + entry.event.stream.rpartition("/")[2]
        found = book.thing(entry.event.subject, key, Delegation)
        if found is None or found.withdrawn is not None:
            yield Unmet(rule="DG2", reason="there is no such delegation in force")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the delegation here."""
        key = "delegation:" + entry.event.stream.rpartition("/")[2]
        yield key, msgspec.structs.replace(subject.things[key], withdrawn=entry.index)


EVENTS: Final[tuple[type[Body], ...]] = (DelegationGranted, DelegationWithdrawn)
