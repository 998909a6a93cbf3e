"""Lessons: published, applied by others, and told in a safe space.

- LE1 A lesson is published by a partnership that was listed once; each stream holds one lesson.
      [R31]
- LE2 The reports it draws on were accepted, the commitments are on record, both its own; its goals
      are among those of its partnership's targets.
- LE3 What is applied is a lesson on record, in the version named, of another partnership. [R31]
- LE4 A partnership applies a lesson once.
- LE5 A cycle of the safe space opens once, for a last day that exists and lies ahead. [R30]
- LE6 Its batch is recorded once, after its last day.
- LE7 The commitments of a batch stand in ascending order, none twice, so that their order tells
      nothing of when or by whom they came. [R30]

Failure is no ground for anything: no rule of a removal reads a lesson. What is told in the safe
space stays off the log; the custodian records only commitments to it, batched by cycle, and nothing
may refer to them (AD13). The harms that the custodian refers on all the same, and how many cases
any published figure stands for, are said beforehand. Opening a commitment is no event here.
Sources: R29 to R31; decision D3.29.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import calendar, dates, partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.commitment.state import Commitment
from verifier.rules.fields import Code, Day, EventRef, Hash, LocalId, SdgTarget, Symbol, Texts
from verifier.rules.report import Report

__all__ = [
    "EVENTS",
    "Cycle",
    "Lesson",
    "LessonApplied",
    "LessonPublished",
    "SafeSpaceLessonSubmitted",
    "SafeSpaceOpened",
    "lesson",
]

_ours: Final = (partnership.secretariat, partnership.lead)
_custodian: Final = (role("custodian"),)


class Lesson(msgspec.Struct, frozen=True):
    """A lesson on record; the thing ``lesson:<id>`` of its partnership."""

    ref: EventRef
    kind: str


class Applied(msgspec.Struct, frozen=True):
    """That a partnership applied another's lesson; the thing ``applied:<partnership>:<id>``."""

    ref: EventRef
    lesson: EventRef


class Cycle(msgspec.Struct, frozen=True):
    """A cycle of the safe space; the thing ``cycle`` of its subject."""

    ref: EventRef
    last_day: str
    recorded: int | None = None
    """How many commitments its batch has, once it is recorded."""


def lesson(ref: EventRef, book: Book) -> Lesson | None:
    """Return the lesson that a reference names, or nothing."""
    subject, _, rest = ref.stream.partition("/")
    kind, _, local = rest.partition("/")
    found = book.thing(subject, f"lesson:{local}", Lesson) if kind == "lesson" else None
    return found if found is not None and found.ref == ref else None


def _unmet_known(entry: Entry, book: Book, rule: str) -> Iterator[Unmet]:
    found = partnership.of(book.subject(entry.event.subject))
    if found is None or found.listed_on is None:
        yield Unmet(rule=rule, reason="the partnership was never listed", who="registry")


class LessonPublished(Body, frozen=True, kw_only=True):
    """A partnership says what it has learned, from success or from failure (LE1, LE2)."""

    TYPE: ClassVar[str] = "LessonPublished/1"
    STREAM: ClassVar[str] = "p-*/lesson/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _ours
    MISSION: ClassVar[tuple[int, ...]] = (29, 31)

    kind: Literal["success", "failure", "mixed"]
    title: Texts
    text: Texts
    """What was tried, what came of it, and what one would do otherwise."""
    sdg_targets: Annotated[tuple[SdgTarget, ...], Meta(min_length=1, max_length=20)]
    tags: Annotated[tuple[Code, ...], Meta(max_length=12)] = ()
    reports: Annotated[tuple[LocalId, ...], Meta(max_length=20)] = ()
    commitments: Annotated[tuple[LocalId, ...], Meta(max_length=20)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of LE1 and LE2."""
        subject = book.subject(entry.event.subject)
        yield from _unmet_known(entry, book, "LE1")
        if entry.event.seq != 0:
            yield Unmet(rule="LE1", reason="this stream holds a lesson", hint="name another")
        for local in self.reports:
            report = subject.get("report:" + local, Report)
            if report is None or report.state != "accepted":
                yield Unmet(rule="LE2", reason=f"the report {local} was not accepted here")
        for local in self.commitments:
            if subject.get("commitment:" + local, Commitment) is None:
                yield Unmet(rule="LE2", reason=f"there is no commitment {local} here")
        found = partnership.of(subject)
        own = {target.partition(".")[0] for target in found.sdg_targets} if found else set()
        for target in self.sdg_targets:
            if target.partition(".")[0] not in own:
                yield Unmet(rule="LE2", reason=f"the partnership has no target of goal {target}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the lesson on record."""
        yield "lesson:" + entry.event.stream.rpartition("/")[2], Lesson(entry.ref, self.kind)


class LessonApplied(Body, frozen=True, kw_only=True):
    """Another partnership applies a lesson and says what came of it (LE1, LE3, LE4)."""

    TYPE: ClassVar[str] = "LessonApplied/1"
    STREAM: ClassVar[str] = "p-*/lesson-applied/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _ours
    MISSION: ClassVar[tuple[int, ...]] = (28, 31)

    lesson: EventRef
    text: Texts
    result: Literal["worked", "worked_in_part", "did_not_work", "too_early_to_say"]

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the partnership whose lesson it is."""
        return (self.lesson.stream.partition("/")[0],)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of LE1, LE3 and LE4."""
        yield from _unmet_known(entry, book, "LE1")
        if entry.event.seq != 0:
            yield Unmet(rule="LE1", reason="this stream is in use", hint="name another")
        if lesson(self.lesson, book) is None:
            yield Unmet(rule="LE3", reason=f"{self.lesson.stream} is no lesson on record")
        elif self.lesson.stream.startswith(entry.event.subject + "/"):
            yield Unmet(rule="LE3", reason="the lesson is this partnership's own")
        if self._key() in book.subject(entry.event.subject).things:
            yield Unmet(rule="LE4", reason="the lesson was applied here already")

    def _key(self) -> str:
        return "applied:" + self.lesson.stream.replace("/lesson/", ":")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note that the lesson was applied."""
        yield self._key(), Applied(entry.ref, self.lesson)


class SafeSpaceOpened(Body, frozen=True, kw_only=True):
    """The custodian opens a cycle of the safe space and says its terms (LE5)."""

    TYPE: ClassVar[str] = "SafeSpaceOpened/1"
    STREAM: ClassVar[str] = "safespace-*/cycle"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _custodian
    MISSION: ClassVar[tuple[int, ...]] = (30, 32)

    mandate: Symbol
    last_day: Day
    """Until when lessons are taken."""
    harms: Annotated[tuple[Texts, ...], Meta(min_length=1, max_length=20)]
    """The harms to people or to integrity that the custodian refers on; no others."""
    smallest_cell: Annotated[int, Meta(ge=5, le=1000)]
    """How many lessons any published figure stands for at least."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of LE5."""
        if entry.event.seq != 0:
            yield Unmet(rule="LE5", reason="the cycle is open already")
        if not dates.is_day(self.last_day):
            yield Unmet(rule="LE5", reason=f"{self.last_day} is not a calendar day")
        elif self.last_day <= dates.day_text(entry.at):
            yield Unmet(rule="LE5", reason=f"{self.last_day} does not lie ahead")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Open the cycle."""
        yield "cycle", Cycle(entry.ref, self.last_day)


class SafeSpaceLessonSubmitted(Body, frozen=True, kw_only=True):
    """The custodian records commitments to a cycle's lessons, all at once (LE6, LE7)."""

    TYPE: ClassVar[str] = "SafeSpaceLessonSubmitted/1"
    STREAM: ClassVar[str] = "safespace-*/cycle"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _custodian
    MISSION: ClassVar[tuple[int, ...]] = (30,)

    commitments: Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=1000)]
    """To lessons whose openings their authors keep."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of LE6 and LE7."""
        cycle = book.thing(entry.event.subject, "cycle", Cycle)
        if cycle is None:
            yield Unmet(rule="LE6", reason="the cycle was not opened", who="custodian")
        elif cycle.recorded is not None:
            yield Unmet(rule="LE6", reason="the batch of this cycle is recorded")
        elif dates.day_text(entry.at) <= cycle.last_day:
            opens = calendar.opens(dates.add(dates.parse_day(cycle.last_day), "P1D"))
            yield Unmet(rule="LE6", reason=f"lessons are taken until {cycle.last_day}",
                        earliest=opens)  # fmt: skip
        if any(a >= b for a, b in zip(self.commitments, self.commitments[1:], strict=False)):
            yield Unmet(rule="LE7", reason="the commitments do not stand in ascending order",
                        hint="sort them, and leave out what stands twice")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note that the batch is recorded, and its size."""
        yield "cycle", msgspec.structs.replace(
            subject.things["cycle"], recorded=len(self.commitments)
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the batch of an open cycle."""
        cycle = subject.get("cycle", Cycle)
        if cycle is not None and cycle.recorded is None:
            yield f"{subject.id}/cycle", cls(commitments=(bytes(32),))


EVENTS: Final[tuple[type[Body], ...]] = (
    LessonPublished,
    LessonApplied,
    SafeSpaceOpened,
    SafeSpaceLessonSubmitted,
)
