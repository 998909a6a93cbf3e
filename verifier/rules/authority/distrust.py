"""A key is distrusted back to a past day: what it signed since is suspect, until reaffirmed.

- KD1 It names a key of this actor that is not distrusted already; a root's key, present or past, is
      reached as well.
- KD2 The day from which it is distrusted is not after today and at most P90D back, so that a key
      declared stolen long after cannot undo what others relied on.
- KD3 A reaffirmation names a distrusted key of its own actor, and is signed with another.
- KD4 An event is reaffirmed once; a reaffirmation's stream holds one.
- KD6 A root's present key signs no more once it is distrusted; so as many roots of distinct
      principals must remain as their threshold asks, or they replace themselves (RT).
- KD5 (whole log) Within P30D the actor says which of the events stand; saying that none does is an
      answer.

Whether an event lay before that day is measured by the anchors that the auditor accepts, where
there are any, and otherwise by log time (``suspect``).

One person alone can distrust nothing: it takes the roots' threshold, because «my key was stolen
just before that decision» is also a way to go back on one's word. Nothing vanishes and no effect is
undone: the event stays in the log, whoever reads it is told that it is suspect, and what follows is
for a new decision. Source: record format §4; standards §3.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.roots import Roots, is_member, root, threshold
from verifier.rules.authority.state import (
    Distrusted,
    Key,
    distrusted,
    distrusted_key,
    itself,
    key_of,
    thumbprint,
)
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Day, EventRef, Hash, Symbol
from verifier.rules.proposal import Proposal, ProposalBody

__all__ = ["EVENTS", "KeyDistrustProposed", "Reaffirmed", "suspect", "whole_log"]

REACHES_BACK: Final = "P90D"
ANSWERED_WITHIN: Final = "P30D"
LAST_S: Final = dates.ENDS_S - 1


class Answered(msgspec.Struct, frozen=True):
    """The actor said which events of a distrusted key stand."""

    ref: EventRef


class StandsAgain(msgspec.Struct, frozen=True):
    """An event of a distrusted key that its actor reaffirmed."""

    ref: EventRef


class KeyDistrustProposed(ProposalBody, frozen=True, kw_only=True):
    """The roots distrust a key back to a day; it ends if it was active (KD1, KD2)."""

    TYPE: ClassVar[str] = "KeyDistrustProposed/1"
    STREAM: ClassVar[str] = "actor-*/distrust/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (root,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (root,)
    AUTHORITY: ClassVar[bool] = True

    kid: Hash
    since: Day
    reason: Symbol

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the roots' threshold."""
        return threshold(book)

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of KD1 and KD2."""
        yield from self.bars("", "", entry, book)
        today = dates.day_of(entry.at)
        if not dates.is_day(self.since) or not (
            dates.parse_day(self.since) <= today <= dates.add(dates.parse_day(self.since),
                                                              REACHES_BACK)
        ):  # fmt: skip
            yield Unmet(rule="KD2", reason=f"it reaches back at most {REACHES_BACK} from {today}")

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of KD1, also at an endorsement."""
        subject = book.subject(entry.event.subject)
        key = key_of(subject.id, self.kid, book)
        if key is None or distrusted(subject.id, self.kid, book) is not None:
            yield Unmet(rule="KD1", reason=f"{subject.id} has no such key to distrust")
        elif key.ended is None and is_member(subject.id, book) and not _enough(subject.id, book):
            yield Unmet(rule="KD6", reason="too few roots would remain for their threshold",
                        hint="replace the roots")  # fmt: skip

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Distrust the key, and end it if it still signs."""
        held = Distrusted(self.kid, self.since, dates.day_text(entry.at), entry.index)
        yield distrusted_key(self.kid), held
        key = subject.get("key:" + self.kid.hex(), Key)  # a root's key stands in the ledger's own
        if key is not None and key.ended is None:
            ended = msgspec.structs.replace(key, ended=entry.index, why="distrusted")
            yield "key:" + self.kid.hex(), ended


class Reaffirmed(Body, frozen=True, kw_only=True):
    """An actor says which events of its distrusted key stand (KD3, KD4)."""

    TYPE: ClassVar[str] = "Reaffirmed/1"
    STREAM: ClassVar[str] = "actor-*/reaffirmation/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (itself,)
    AUTHORITY: ClassVar[bool] = True

    kid: Hash
    events: Annotated[tuple[EventRef, ...], Meta(min_length=1, max_length=20)] | None = None
    """The events that stand; none, where nothing does."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of KD3 and KD4."""
        subject = book.subject(entry.event.subject)
        if distrusted_key(self.kid) not in subject.things or entry.event.kid == self.kid:
            yield Unmet(rule="KD3", reason=f"{subject.id} has no such distrusted key")
        ids = [reference.id for reference in self.events or ()]
        if len(set(ids)) < len(ids) or any(_stands(i) in subject.things for i in ids):
            yield Unmet(rule="KD4", reason="an event is reaffirmed once")
        if entry.event.seq != 0:
            yield Unmet(rule="KD4", reason="this stream holds a reaffirmation")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the events stand again."""
        yield f"answered:{self.kid.hex()}", Answered(entry.ref)
        for reference in self.events or ():
            yield _stands(reference.id), StandsAgain(reference)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the answer that a distrusted key waits for."""
        for found in subject.all(Distrusted):
            if f"answered:{found.kid.hex()}" not in subject.things:
                body = cls(kid=found.kid)
                yield f"{subject.id}/reaffirmation/{found.kid.hex()[:16]}", body


def _enough(actor: str, book: Book) -> bool:
    """Say whether enough roots of distinct principals could still sign without one (KD6)."""
    roots = book.thing("ledger", "roots", Roots)
    able = {
        one.principal for one in (roots.members if roots is not None else ())
        if one.actor != actor and distrusted(one.actor, thumbprint(one.public), book) is None
    }  # fmt: skip
    return len(able) >= threshold(book)


def suspect(
    event_id: bytes, *, actor: str, kid: bytes, day: str, book: Book, seen_by: int | None = None
) -> bool:
    """Say whether an event that an actor's key signed is suspect.

    It stands where it was on record before the day from which the key is distrusted. Where anchors
    measure that, only they count, since log time is what signers say: *seen_by* is when outsiders
    had seen it (``dates.ENDS_S`` if they have not yet); without anchors *day* of log time counts.
    """
    subject = book.subject(actor)
    found = distrusted(actor, kid, book)
    if found is None or _stands(event_id) in subject.things:
        return False
    return found.since <= (day if seen_by is None else dates.day_text(min(seen_by, LAST_S)))


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield the distrusted keys that nobody answered for in time (KD5)."""
    for subject in book.subjects.values():
        for found in subject.all(Distrusted):
            late = dates.deadline(dates.add(dates.parse_day(found.on), ANSWERED_WITHIN))
            if f"answered:{found.kid.hex()}" not in subject.things and book.time >= late:
                kid = found.kid.hex()[:16]
                yield Broken(
                    rule="KD5", kind="omission", subject=subject.id, who=subject.id,
                    reason=f"what key {kid}… signed from {found.since} on is suspect",
                    hint="reaffirm what stands, or say that nothing does",
                )  # fmt: skip


def _stands(event_id: bytes) -> str:
    return "stands:" + event_id.hex()


EVENTS: Final[tuple[type[Body], ...]] = (KeyDistrustProposed, Reaffirmed)
