"""Milestones on the way to 2030, and their alignment among partnerships.

- CO30 A milestone is set by the accountable organization, for what is open, under an id that its
       commitment has not used.
- CO31 Its day exists, lies ahead, and comes neither after the commitment's due day nor after
       2030-12-31. [R75]
- CO32 Its value lies on the way from the baseline to the target.
- CO33 It replaces another one of its commitment while that is open and its day has not ended, and
       says why; what it replaces stays on record. [R75]
- CO34 An alignment is proposed for an open milestone of one's own and an open one of another
       partnership; both commitments serve one goal. A stream holds one alignment. [R76]
- CO35 The two days fit the relation that it states: together on one day, or the one's not after the
       other's.
- CO36 It is agreed by the other partnership, on its own record, and names the proposal; CO34 and
       CO35 hold still. [R76]

Sources: R65, R75, R76; domain C2.3; decision D3.24.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Literal

import msgspec

from verifier.event import Event
from verifier.rules import dates, partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.commitment.state import (
    Commitment,
    Milestone,
    accountable,
    local_of,
    milestone_key,
    of,
    on_stream,
    unmet_state,
)
from verifier.rules.fields import Day, Decimal, EventRef, LocalId, StreamName, Texts

__all__ = [
    "AGENDA_ENDS",
    "EVENTS",
    "Agreed",
    "Alignment",
    "MilestoneAlignmentAgreed",
    "MilestoneAlignmentProposed",
    "MilestoneName",
    "MilestoneSet",
]

AGENDA_ENDS: Final = "2030-12-31"


class MilestoneName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A milestone by the ids of its commitment and its own."""

    commitment: LocalId
    milestone: LocalId


class Alignment(msgspec.Struct, frozen=True):
    """An alignment that a partnership proposed; the thing ``alignment:<id>`` of its subject."""

    ref: EventRef
    ours: MilestoneName
    other: str
    theirs: MilestoneName
    relation: str


class Agreed(msgspec.Struct, frozen=True):
    """An alignment that a partnership agreed to; the thing ``agreed:<id>`` of its subject."""

    ref: EventRef
    proposal: EventRef


class MilestoneSet(Body, frozen=True, kw_only=True):
    """The accountable organization sets a milestone, or replaces one (CO30 to CO33)."""

    TYPE: ClassVar[str] = "MilestoneSet/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable,)
    MISSION: ClassVar[tuple[int, ...]] = (65, 75)

    milestone: LocalId
    due: Day
    text: Texts
    value: Decimal | None = None
    replaces: LocalId | None = None
    reason: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO30 to CO33."""
        yield from unmet_state("CO30", ("claimed", "active"), entry, book)
        subject = book.subject(entry.event.subject)
        if milestone_key(local_of(entry), self.milestone) in subject.things:
            yield Unmet(rule="CO30", reason=f"milestone {self.milestone} is on record",
                        hint="name another; it may replace that one")  # fmt: skip
        found = on_stream(entry, book)
        if found is not None:
            yield from self._unmet_day(found, entry)
            if self.value is not None and not _on_the_way(self.value, found):
                yield Unmet(rule="CO32", reason=f"{self.value} lies outside "
                            f"{found.baseline.value} to {found.terms.target.value}")  # fmt: skip
        yield from self._unmet_replaced(entry, subject)

    def _unmet_day(self, found: Commitment, entry: Entry) -> Iterator[Unmet]:
        last = min(found.due, AGENDA_ENDS)
        if not dates.is_day(self.due):
            yield Unmet(rule="CO31", reason=f"{self.due} is not a calendar day")
        elif self.due <= dates.day_text(entry.at):
            yield Unmet(rule="CO31", reason=f"{self.due} does not lie ahead")
        elif self.due > last:
            yield Unmet(rule="CO31", reason=f"it comes by {last} at the latest")

    def _unmet_replaced(self, entry: Entry, subject: Subject) -> Iterator[Unmet]:
        if self.replaces is None:
            return
        before = subject.get(milestone_key(local_of(entry), self.replaces), Milestone)
        if before is None or not before.is_open:
            yield Unmet(rule="CO33", reason=f"no milestone {self.replaces} is open here")
        elif not dates.in_time(entry.at, dates.parse_day(before.due)):
            yield Unmet(rule="CO33", reason=f"milestone {self.replaces} was due on {before.due}")
        if self.reason is None:
            yield Unmet(rule="CO33", reason="it does not say why it replaces another")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the milestone on record; the one it replaces stays, replaced."""
        local = local_of(entry)
        yield (
            milestone_key(local, self.milestone),
            Milestone(entry.ref, local, self.milestone, self.due, self.value),
        )
        before = subject.get(milestone_key(local, self.replaces or ""), Milestone)
        if before is not None:
            yield (
                milestone_key(local, self.replaces or ""),
                msgspec.structs.replace(before, replaced_by=self.milestone),
            )


def _on_the_way(value: str, found: Commitment) -> bool:
    ends = decimal.Decimal(found.baseline.value), decimal.Decimal(found.terms.target.value)
    return min(ends) <= decimal.Decimal(value) <= max(ends)


class MilestoneAlignmentProposed(Body, frozen=True, kw_only=True):
    """A partnership proposes to another to align two milestones (CO34, CO35)."""

    TYPE: ClassVar[str] = "MilestoneAlignmentProposed/1"
    STREAM: ClassVar[str] = "p-*/alignment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.lead)
    MISSION: ClassVar[tuple[int, ...]] = (76,)

    ours: MilestoneName
    other: StreamName
    """The subject of the other partnership."""
    theirs: MilestoneName
    relation: Literal["together", "ours_first"]
    text: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the other partnership."""
        return (self.other,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO34 and CO35."""
        if entry.event.seq != 0:
            yield Unmet(rule="CO34", reason="this stream holds an alignment", hint="name another")
        if self.other == entry.event.subject:
            yield Unmet(rule="CO34", reason="the other partnership is the same")
        here, there = book.subject(entry.event.subject), book.subject(self.other)
        yield from _unmet_fit("CO34", "CO35", (here, self.ours), (there, self.theirs),
                              self.relation)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the proposal on record."""
        yield "alignment:" + local_of(entry), Alignment(
            entry.ref, self.ours, self.other, self.theirs, self.relation
        )  # fmt: skip


class MilestoneAlignmentAgreed(Body, frozen=True, kw_only=True):
    """The other partnership agrees to an alignment (CO34, CO36)."""

    TYPE: ClassVar[str] = "MilestoneAlignmentAgreed/1"
    STREAM: ClassVar[str] = "p-*/alignment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.lead)
    MISSION: ClassVar[tuple[int, ...]] = (76,)

    proposal: EventRef

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the partnership that proposed it."""
        return (self.proposal.stream.partition("/")[0],)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO34 and CO36."""
        if entry.event.seq != 0:
            yield Unmet(rule="CO34", reason="this stream holds an alignment", hint="name another")
        proposer = book.subject(self.proposal.stream.partition("/")[0])
        found = proposer.get("alignment:" + self.proposal.stream.rpartition("/")[2], Alignment)
        if found is None or found.ref != self.proposal or found.other != entry.event.subject:
            yield Unmet(rule="CO36", reason="no such alignment was proposed to this partnership")
            return
        here = book.subject(entry.event.subject)
        yield from _unmet_fit("CO36", "CO36", (proposer, found.ours), (here, found.theirs),
                              found.relation)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the agreement on record."""
        yield "agreed:" + local_of(entry), Agreed(entry.ref, self.proposal)


def _unmet_fit(
    stands: str, fits: str, ours: tuple[Subject, MilestoneName],
    theirs: tuple[Subject, MilestoneName], relation: str,
) -> Iterator[Unmet]:  # fmt: skip
    found = []
    for subject, name in (ours, theirs):
        milestone = subject.get(milestone_key(name.commitment, name.milestone), Milestone)
        commitment = of(subject, name.commitment)
        if commitment is None or milestone is None or not milestone.is_open:
            yield Unmet(rule=stands, reason=f"no milestone {name.milestone} of {name.commitment} "
                        f"is open in {subject.id}")  # fmt: skip
        else:
            found.append((milestone.due, commitment.sdg_target.partition(".")[0]))
    if len(found) < 2:
        return
    (day, goal), (other_day, other_goal) = found
    if goal != other_goal:
        yield Unmet(rule=stands, reason=f"one serves goal {goal}, the other goal {other_goal}")
    if day != other_day if relation == "together" else day > other_day:
        yield Unmet(rule=fits, reason=f"{day} and {other_day} are not «{relation}»",
                    hint="replace a milestone first")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    MilestoneSet,
    MilestoneAlignmentProposed,
    MilestoneAlignmentAgreed,
)
