"""What comes before and beside a body's decisions: sessions, annexes, silence, explanations.

- BO1 What stands here is of a registered body, and signed by the offices whose grants name it: so
      nobody makes a body that decides by registering one.
- BO2 A session's days exist, the last not before the first and at most P1Y after it, the first not
      past; its days move only before it begins. [R44, R45]
- BO5 Silence is announced on the decision's own stream, with what is to be decided, at least PT72H
      before the decision is certified; what is certified is what was announced.
- BO7 A decision has items, none twice, each with its result; where an item was voted on by itself
      and its vote does not carry by BO4, its result is «not_adopted». A longer list stands before
      the decision in annexes that it names.
- BO10 A mission breaks a silence that it names, while it lasts, once; its explanation of position
       names a decision of this body that is certified. Which States are members of a body is not
       on record: that a mission's State has a seat there, and a voice, is for the body to say. [R1]

Sources: R1, R44, R45; decision D2.10.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.body.state import (
    Annex,
    Annexes,
    Announced,
    Decision,
    DecisionItem,
    Items,
    OfBody,
    Session,
    annexes_named,
    mission,
    named_key,
    thing_key,
    unmet_items,
    whole,
)
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Code, Day, EventRef, Label, Symbol, Texts

__all__ = [
    "EVENTS",
    "Decides",
    "DecisionItemsListed",
    "PositionExplained",
    "SessionScheduled",
    "SilenceAnnounced",
    "SilenceBroken",
]

LONGEST: Final = "P1Y"
SHORTEST_SILENCE_H: Final = 72
HOUR_S: Final = 3_600


class SessionScheduled(OfBody, frozen=True, kw_only=True):
    """A body's secretary announces a session, or other days for it (BO1, BO2)."""

    TYPE: ClassVar[str] = "SessionScheduled/1"
    STREAM: ClassVar[str] = "actor-*/session/*"
    MISSION: ClassVar[tuple[int, ...]] = (44, 45)

    name: Label
    first_day: Day
    last_day: Day
    agenda: Symbol | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO1 and BO2."""
        yield from super().unmet(entry, book)
        if not (dates.is_day(self.first_day) and dates.is_day(self.last_day)):
            yield Unmet(rule="BO2", reason="a day of the session does not exist")
        elif self.last_day < self.first_day:
            yield Unmet(rule="BO2", reason="the session ends before it begins")
        elif self.last_day > dates.add(dates.parse_day(self.first_day), LONGEST).isoformat():
            yield Unmet(rule="BO2", reason=f"a session lasts {LONGEST} at most",
                        hint="schedule the next one on another stream")  # fmt: skip
        elif self.first_day < dates.day_text(entry.at):
            yield Unmet(rule="BO2", reason=f"{self.first_day} is past", hint="announce it ahead")
        before = book.thing(entry.event.subject, thing_key("session", entry.event.stream), Session)
        if before is not None and before.first_day <= dates.day_text(entry.at):
            yield Unmet(rule="BO2", reason=f"the session began on {before.first_day}",
                        hint="schedule a further one on another stream")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the session on record."""
        key = thing_key("session", entry.event.stream)
        yield key, Session(entry.ref, self.first_day, self.last_day)


class DecisionItemsListed(OfBody, frozen=True, kw_only=True):
    """A list of items that is too long for the decision itself (BO1, BO7)."""

    TYPE: ClassVar[str] = "DecisionItemsListed/1"
    STREAM: ClassVar[str] = "actor-*/annex/*"
    MISSION: ClassVar[tuple[int, ...]] = (1,)

    items: Annotated[tuple[DecisionItem, ...], Meta(min_length=1, max_length=300)]

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO1 and BO7."""
        yield from super().unmet(entry, book)
        if entry.event.seq != 0:
            yield Unmet(rule="BO7", reason="this annex is on record", hint="name another")
        yield from unmet_items(self.items)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the annex on record."""
        yield thing_key("annex", entry.event.stream), Annex(entry.ref, self.items)


class Decides(OfBody, frozen=True, kw_only=True):
    """What is decided, as announced and as certified (BO1, BO7)."""

    STREAM: ClassVar[str] = "actor-*/decision/*"
    DECISION: ClassVar[bool] = True

    kind: Code
    """What the decision is about, such as ``review_cycle`` or ``appointment``."""
    title: Texts
    items: Items = ()
    annexes: Annexes = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO1 and BO7."""
        yield from super().unmet(entry, book)
        subject = book.subject(entry.event.subject)
        known = {annex.ref for annex in annexes_named(self.annexes, subject)}
        for ref in self.annexes:
            if ref not in known:
                yield Unmet(rule="BO7", reason=f"{ref.stream} is no annex on record here")
        settled = whole(self.items, self.annexes, subject)
        if not settled:
            yield Unmet(rule="BO7", reason="it settles nothing", hint="name an item and its result")
        yield from unmet_items(settled)


class SilenceAnnounced(Decides, frozen=True, kw_only=True):
    """A draft decision is adopted unless a mission breaks the silence (BO1, BO5, BO7)."""

    TYPE: ClassVar[str] = "SilenceAnnounced/1"
    MISSION: ClassVar[tuple[int, ...]] = (44, 45)

    hours: Annotated[int, Meta(ge=SHORTEST_SILENCE_H, le=24 * 60)]

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO1, BO5 and BO7."""
        yield from super().unmet(entry, book)
        if entry.event.seq != 0:
            yield Unmet(rule="BO5", reason="this stream holds a decision", hint="name another")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the procedure on record; silence lasts from now on."""
        yield (
            thing_key("silence", entry.event.stream),
            Announced(
                entry.ref, self.kind, self.items, self.annexes, entry.at + self.hours * HOUR_S
            ),
        )


class SilenceBroken(OfBody, frozen=True, kw_only=True):
    """A mission objects to a decision by silence (BO1, BO10)."""

    TYPE: ClassVar[str] = "SilenceBroken/1"
    STREAM: ClassVar[str] = "actor-*/objection/*/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (mission,)
    DECISION: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (1,)

    silence: EventRef
    reason: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO1 and BO10."""
        yield from super().unmet(entry, book)
        found = book.thing(entry.event.subject, named_key("silence", entry), Announced)
        if found is None or found.ref != self.silence:
            yield Unmet(rule="BO10", reason="no such silence procedure is on record")
        elif entry.at >= found.ends:
            yield Unmet(rule="BO10", reason="the silence has lasted to its end")
        if entry.event.seq != 0:
            yield Unmet(rule="BO10", reason=f"{entry.event.iss} has broken this silence already")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the procedure."""
        key = named_key("silence", entry)
        yield key, msgspec.structs.replace(subject.things[key], broken_by=entry.actor)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the objection to each silence that lasts."""
        for announced in subject.all(Announced):
            if announced.broken_by is None and book.time < announced.ends:
                local = announced.ref.stream.rpartition("/")[2]
                yield f"{subject.id}/objection/{local}/*", cls(silence=announced.ref)


class PositionExplained(OfBody, frozen=True, kw_only=True):
    """A mission explains its State's position on a decision (BO1, BO10)."""

    TYPE: ClassVar[str] = "PositionExplained/1"
    MISSION: ClassVar[tuple[int, ...]] = (1,)
    STREAM: ClassVar[str] = "actor-*/explanation/*/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (mission,)

    decision: EventRef
    vote: Literal["in_favour", "against", "abstaining", "not_voting"] | None = None
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO1 and BO10."""
        yield from super().unmet(entry, book)
        found = book.thing(entry.event.subject, named_key("decision", entry), Decision)
        if found is None or found.ref != self.decision:
            yield Unmet(rule="BO10", reason="no such decision of this body is certified")


EVENTS: Final[tuple[type[Body], ...]] = (
    SessionScheduled,
    DecisionItemsListed,
    SilenceAnnounced,
    SilenceBroken,
    PositionExplained,
)
