"""Disputes in a partnership: opened, mediated by someone who is no party, closed with a lesson.

- DP1 A partner or the secretariat opens a dispute, on a stream of its own, while the partnership is
      listed or suspended; the parties are partners, at least two, none twice, and whoever opens it
      is one of them or the secretariat. [R40]
- DP2 The mediator is registered and counts for none of the parties. [R40]
- DP3 A dispute is closed once: as settled by its mediator or, without one, by the party that it was
      not opened by; as withdrawn by who opened it; as not settled by its mediator. [R40]
- DP4 (whole log) A dispute is closed within the time of the profile; later it is an omission of the
      secretariat. [R40]

Sources: R40; domain C2.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import calendar, dates
from verifier.rules.authority.state import is_registered, organization_of
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, EventRef, Texts
from verifier.rules.partnership.state import (
    UNDECIDED,
    is_partner,
    lead,
    of,
    partner,
    profile_of,
    secretariat,
    unmet_on_register,
)

__all__ = ["EVENTS", "Dispute", "DisputeClosed", "DisputeMediated", "DisputeOpened", "whole_log"]


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute on record; the thing ``dispute:<id>``. Days are ISO 8601."""

    ref: EventRef
    parties: tuple[str, ...]
    opened_by: str
    """The organization that it was opened for."""
    opened_on: str
    mediator: str | None = None
    outcome: str = ""


def _key(entry: Entry) -> str:
    return "dispute:" + entry.event.stream.rpartition("/")[2]


def _dispute(entry: Entry, book: Book) -> Dispute | None:
    return book.thing(entry.event.subject, _key(entry), Dispute)


class DisputeOpened(Body, frozen=True, kw_only=True):
    """A partner says that it is in dispute with others of the partnership (DP1)."""

    TYPE: ClassVar[str] = "DisputeOpened/1"
    STREAM: ClassVar[str] = "p-*/dispute/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partner, secretariat)
    MISSION: ClassVar[tuple[int, ...]] = (40,)

    organization: ActorId
    """For which it is opened."""
    parties: Annotated[tuple[ActorId, ...], Meta(min_length=2, max_length=20)]
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DP1."""
        yield from unmet_on_register("DP1", entry, book)
        found = of(book.subject(entry.event.subject))
        if entry.event.seq != 0:
            yield Unmet(rule="DP1", reason="this stream holds a dispute", hint="name another")
        if len(set(self.parties)) < len(self.parties):
            yield Unmet(rule="DP1", reason="a party stands twice")
        for party in self.parties:
            if found is not None and not is_partner(found, party):
                yield Unmet(rule="DP1", reason=f"{party} is no partner")
        own = organization_of(entry.actor, book)
        if self.organization != own:
            yield Unmet(rule="DP1", reason=f"{entry.actor} belongs to {own}")
        if own not in self.parties and (found is None or entry.actor != found.secretariat):
            yield Unmet(rule="DP1", reason=f"{own} is no party", who=secretariat.name)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the dispute on record."""
        yield _key(entry), Dispute(
            ref=entry.ref, parties=self.parties, opened_by=self.organization,
            opened_on=dates.day_text(entry.at),
        )  # fmt: skip


def _unmet_open(rule: str, found: Dispute | None) -> Iterator[Unmet]:
    if found is None or found.outcome:
        state = found.outcome.replace("_", " ") if found else "not on record"
        yield Unmet(rule=rule, reason=f"the dispute is {state}")


class DisputeMediated(Body, frozen=True, kw_only=True):
    """Someone who is no party is to mediate (DP2)."""

    TYPE: ClassVar[str] = "DisputeMediated/1"
    STREAM: ClassVar[str] = "p-*/dispute/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (secretariat, lead)
    MISSION: ClassVar[tuple[int, ...]] = (40,)

    mediator: ActorId
    text: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the mediator."""
        return (self.mediator,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DP2."""
        found = _dispute(entry, book)
        yield from _unmet_open("DP2", found)
        if not is_registered(self.mediator, book):
            yield Unmet(rule="DP2", reason=f"{self.mediator} is not registered", who="registry")
        if found is not None and organization_of(self.mediator, book) in found.parties:
            yield Unmet(rule="DP2", reason=f"{self.mediator} counts for a party")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Name the mediator."""
        yield _key(entry), msgspec.structs.replace(
            subject.things[_key(entry)], mediator=self.mediator
        )  # fmt: skip


def _closes(actor: str, entry: Entry, book: Book) -> bool:
    found = _dispute(entry, book)
    return found is not None and (
        actor == found.mediator or organization_of(actor, book) in (*found.parties, found.opened_by)
    )


closer: Final = Capacity("the mediator or a party", _closes)


class DisputeClosed(Body, frozen=True, kw_only=True):
    """A dispute ends, and what is learned from it is told (DP3)."""

    TYPE: ClassVar[str] = "DisputeClosed/1"
    STREAM: ClassVar[str] = "p-*/dispute/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (closer,)
    MISSION: ClassVar[tuple[int, ...]] = (40,)

    outcome: Literal["settled", "not_settled", "withdrawn"]
    text: Texts
    learned: Texts
    """What the partnership does otherwise from now on."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DP3."""
        found = _dispute(entry, book)
        yield from _unmet_open("DP3", found)
        if found is None:
            return
        own = organization_of(entry.actor, book)
        if self.outcome == "withdrawn":
            may, who = own == found.opened_by, found.opened_by
        elif found.mediator is not None:
            may, who = entry.actor == found.mediator, found.mediator
        else:
            may = self.outcome == "settled" and own in found.parties and own != found.opened_by
            who = "another party" if self.outcome == "settled" else "a mediator"
        if not may:
            told = self.outcome.replace("_", " ")
            yield Unmet(rule="DP3", reason=f"{who} closes it as {told}", who=who)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Close the dispute."""
        yield _key(entry), msgspec.structs.replace(
            subject.things[_key(entry)], outcome=self.outcome
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the end of each open dispute."""
        for found in subject.all(Dispute):
            if not found.outcome:
                yield found.ref.stream, cls(outcome="settled", text=UNDECIDED, learned=UNDECIDED)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of DP4: disputes that were left open."""
    today = dates.day_of(book.time)
    for subject in book.subjects.values():
        found = of(subject)
        profile = profile_of(found, book) if found else None
        if found is None or profile is None:
            continue
        for dispute in subject.all(Dispute):
            end = dates.add(dates.parse_day(dispute.opened_on), profile.settle_within)
            last = calendar.extended(end, book)
            if not dispute.outcome and last < today:
                yield Broken(rule="DP4", kind="omission", subject=subject.id,
                             who=found.secretariat,
                             reason=f"{dispute.ref.stream} was to be closed by {last}")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (DisputeOpened, DisputeMediated, DisputeClosed)
