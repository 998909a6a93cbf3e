"""A company's status with the Global Compact, and whose status counts as its parent's.

- GC3 A status was observed on a day that is not to come, and not before the one observed last.
- GC8 A parent names a subsidiary in its own name, and takes it back: another organization on
      record, and only what does not stand already. So no company borrows a stranger's status. [R63]

Sources: R63; decision D3.28.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Literal

import msgspec

from verifier.event import Event
from verifier.rules import dates
from verifier.rules.authority.state import Actor, organization_of, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Day, EventRef, Label

__all__ = [
    "EVENTS",
    "CompactStatus",
    "CompactStatusObserved",
    "Subsidiary",
    "SubsidiaryNamed",
    "is_proof",
]

_registry: Final = role("registry")
_officer: Final = role("due_diligence_officer")


class CompactStatus(msgspec.Struct, frozen=True):
    """An organization's status with the Global Compact; the thing ``compact`` of its actor."""

    ref: EventRef
    status: str
    observed_on: str


class CompactStatusObserved(Body, frozen=True, kw_only=True):
    """A status with the Global Compact was observed at its source (GC3)."""

    TYPE: ClassVar[str] = "CompactStatusObserved/1"
    STREAM: ClassVar[str] = "actor-*/compact"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_officer, _registry, role("registry_service"))
    MISSION: ClassVar[tuple[int, ...]] = (63,)

    status: Literal["active", "noncommunicating", "delisted", "never"]
    source: Label
    observed_on: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GC3."""
        last = book.thing(entry.event.subject, "compact", CompactStatus)
        if not dates.is_day(self.observed_on) or self.observed_on > dates.day_text(entry.at):
            yield Unmet(rule="GC3", reason=f"{self.observed_on} is no day past")
        elif last is not None and self.observed_on < last.observed_on:
            yield Unmet(rule="GC3", reason=f"it was observed last on {last.observed_on}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the status."""
        yield "compact", CompactStatus(entry.ref, self.status, self.observed_on)


def _of_parent(actor: str, entry: Entry, book: Book) -> bool:
    return organization_of(actor, book) == entry.event.subject


class Subsidiary(msgspec.Struct, frozen=True):
    """What a parent says of a company; the thing ``subsidiary:<company>`` of the parent."""

    ref: EventRef
    belongs: bool


class SubsidiaryNamed(Body, frozen=True, kw_only=True):
    """A parent says that a company is its subsidiary, or is so no more (GC8)."""

    TYPE: ClassVar[str] = "SubsidiaryNamed/1"
    STREAM: ClassVar[str] = "actor-*/subsidiary/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (Capacity("an office of the parent", _of_parent),)
    MISSION: ClassVar[tuple[int, ...]] = (63,)

    company: ActorId
    belongs: bool

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the company."""
        return (self.company,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GC8."""
        known = book.thing(self.company, "actor", Actor)
        other = known is not None and known.kind == "organization"
        if not other or self.company == entry.event.subject:
            yield Unmet(rule="GC8", reason=f"{self.company} is no other organization on record")
        named = entry.event.stream.rpartition("/")[2]
        if named != self.company:
            yield Unmet(rule="GC8", reason=f"the stream is {named}'s")
        before = book.thing(entry.event.subject, "subsidiary:" + self.company, Subsidiary)
        if self.belongs == (before is not None and before.belongs):
            yield Unmet(rule="GC8", reason="that is what stands on record")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put it on record."""
        yield "subsidiary:" + self.company, Subsidiary(entry.ref, self.belongs)


def is_proof(holder: str, company: str, book: Book) -> bool:
    """Say whether a status is active and the company's own or its parent's (GC2)."""
    found = book.thing(holder, "compact", CompactStatus)
    said = book.thing(holder, "subsidiary:" + company, Subsidiary)
    own = holder == company or (said is not None and said.belongs)
    return own and found is not None and found.status == "active"


EVENTS: Final[tuple[type[Body], ...]] = (CompactStatusObserved, SubsidiaryNamed)
