"""Revisions: a commitment's terms change in the open, and what it was made with stands beside.

- CO10 What is revised is active, and its due day has not ended; its accountable organization says
       why.
- CO11 A revision states the terms on record as «before», and other terms as «after». [R7]
- CO12 The new due day exists and lies ahead; the new target's day lies after the baseline's, and
       its value on the side of the baseline that the direction says.
- CO13 A revision says by itself what it makes easier: a later due day, a target nearer to the
       baseline or later, less money. [R7]
- CO14 Money is pledged in one currency, and a pledge is lowered, never left out.

After a revision contributors acknowledge the new terms anew (CO5). Sources: R7, R74; domain C2.3;
decision D3.24.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.commitment.state import (
    Commitment,
    Terms,
    accountable,
    ended,
    key_of,
    moves_towards,
    on_stream,
    unmet_state,
)
from verifier.rules.fields import Texts

__all__ = ["EVENTS", "CommitmentRevised", "eased"]

Eased = Literal["due", "target", "money"]


class CommitmentRevised(Body, frozen=True, kw_only=True):
    """The accountable organization revises the terms of its commitment (CO10 to CO14)."""

    TYPE: ClassVar[str] = "CommitmentRevised/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (accountable,)
    MISSION: ClassVar[tuple[int, ...]] = (7, 74)

    reason: Texts
    before: Terms
    after: Terms
    lowers: Annotated[tuple[Eased, ...], Meta(max_length=3)] = ()
    """What the new terms make easier than those before."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO10 to CO14."""
        yield from unmet_state("CO10", ("active",), entry, book)
        found = on_stream(entry, book)
        if found is None:
            return
        if entry.at >= ended(found):
            yield Unmet(rule="CO10", reason=f"it was due on {found.due}",
                        hint="say that it was fulfilled, or acknowledge the miss")  # fmt: skip
        if self.before != found.terms:
            yield Unmet(rule="CO11", reason="the terms on record are others")
        elif self.after == self.before:
            yield Unmet(rule="CO11", reason="the revision changes nothing")
        yield from self._unmet_after(found, entry)
        if sorted(self.lowers) != eased(found, self.before, self.after):
            named = ", ".join(eased(found, self.before, self.after)) or "nothing"
            yield Unmet(rule="CO13", reason=f"it makes easier: {named}")
        yield from self._unmet_money()

    def _unmet_after(self, found: Commitment, entry: Entry) -> Iterator[Unmet]:
        if not (dates.is_day(self.after.due) and dates.is_day(self.after.target.day)):
            yield Unmet(rule="CO12", reason="a day of the new terms does not exist")
        elif self.after.due <= dates.day_text(entry.at):
            yield Unmet(rule="CO12", reason=f"{self.after.due} does not lie ahead")
        elif self.after.target.day <= found.baseline.day:
            yield Unmet(rule="CO12", reason="the target's day lies after the baseline's")
        if not moves_towards(found.direction, found.baseline.value, self.after.target.value):
            yield Unmet(rule="CO12", reason=f"from {found.baseline.value} to "
                        f"{self.after.target.value} is no {found.direction}")  # fmt: skip

    def _unmet_money(self) -> Iterator[Unmet]:
        before, after = self.before.money, self.after.money
        if before is None or before == after:
            return
        if after is None:
            yield Unmet(rule="CO14", reason="the pledge is left out", hint="state a pledge of 0")
        elif after.currency != before.currency:
            yield Unmet(rule="CO14", reason=f"the pledge was made in {before.currency}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the new terms in force; the original ones stay."""
        found: Commitment = subject.things[key_of(entry)]
        yield key_of(entry), msgspec.structs.replace(
            found, terms=self.after, revisions=found.revisions + 1,
            lowered=tuple(sorted({*found.lowered, *self.lowers})),
            acknowledged_by=(found.accountable,),
        )  # fmt: skip


def eased(found: Commitment, before: Terms, after: Terms) -> list[str]:
    """Return what new terms make easier than those before, in alphabetical order (CO13)."""
    changed = []
    if after.due > before.due:
        changed.append("due")
    if before.money and after.money and _less(after.money.pledged, before.money.pledged):
        changed.append("money")
    nearer = {
        "increase": _less(after.target.value, before.target.value),
        "decrease": _less(before.target.value, after.target.value),
        "maintain": False,
    }[found.direction]
    if nearer or after.target.day > before.target.day:
        changed.append("target")
    return changed


def _less(one: str, other: str) -> bool:
    return decimal.Decimal(one) < decimal.Decimal(other)


EVENTS: Final[tuple[type[Body], ...]] = (CommitmentRevised,)
