"""Waivers: one clause of a guideline is set aside for one partnership, for a reason and a time.

- WV1 What is waived is a clause of a version that the partnership is listed under, of the base set
      or of a further layer: a principle stands in no such set, so none is ever waived. [R57]
- WV2 It lasts until a stated day, after the day of its record and within the profile's time.
- WV3 It is granted by an issuer whose own grant reaches as far as the set that it sets aside.
- WV4 A clause is not waived while it is waived already; each waiver has a stream of its own.

It counts from the day of its record and never before, so that nobody is let off afterwards. What
it does to the reports that are owed is ``standing``'s (ST10), and to the checks of a clause
``filing``'s (FI12).

Sources: R14, R57; domain C2.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Final

import msgspec

from verifier.rules import dates, guideline, partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Day, EventRef, LocalId, Texts, VersionRef
from verifier.rules.guideline.layers import unmet_issuer
from verifier.rules.guideline.state import issuer

__all__ = ["EVENTS", "Waiver", "WaiverGranted", "waived"]


class Waiver(msgspec.Struct, frozen=True):
    """A waiver on record; the thing ``waiver:<id>`` of its partnership. Days are ISO 8601."""

    ref: EventRef
    guideline: VersionRef
    clause: str
    since: str
    until: str


def waived(clause: str, ref: VersionRef, subject: Subject, today: date) -> Waiver | None:
    """Return the waiver of a clause that is in force on a day, or nothing."""
    return next(
        (
            w for w in subject.all(Waiver)
            if (w.clause, w.guideline) == (clause, ref)
            and w.since <= today.isoformat() <= w.until
        ),
        None,
    )  # fmt: skip


class WaiverGranted(Body, frozen=True, kw_only=True):
    """An issuer sets a clause aside for a partnership (WV1 to WV4)."""

    TYPE: ClassVar[str] = "WaiverGranted/1"
    STREAM: ClassVar[str] = "p-*/waiver/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (issuer,)
    MISSION: ClassVar[tuple[int, ...]] = (57,)

    guideline: VersionRef
    clause: LocalId
    reason: Texts
    until: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of WV1 to WV4."""
        subject, today = book.subject(entry.event.subject), dates.day_of(entry.at)
        found = partnership.of(subject)
        listed_under = (found.guideline, *found.further) if found and found.guideline else ()
        held = guideline.guideline_set(self.guideline, book)
        if self.guideline not in listed_under or held is None:
            yield Unmet(rule="WV1", reason="the partnership is not listed under this version")
        else:
            if self.clause not in {clause.id for clause in held.clauses}:
                yield Unmet(rule="WV1", reason=f"{self.guideline.set} has no clause {self.clause}")
            reach = None if held.layer == "layer_1" else held.reach
            yield from unmet_issuer(reach, entry, book, "WV3")
        rules = partnership.profile_of(found, book) if found else None
        last = dates.add(today, rules.waiver_at_most).isoformat() if rules else None
        if last is not None and not (
            dates.is_day(self.until) and today.isoformat() < self.until <= last
        ):
            yield Unmet(rule="WV2", reason=f"it lasts until {last} at most, and beyond today")
        if entry.event.seq != 0 or waived(self.clause, self.guideline, subject, today):
            yield Unmet(rule="WV4", reason="a waiver stands here, or the clause is waived already")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the waiver on record."""
        key = "waiver:" + entry.event.stream.rpartition("/")[2]
        yield key, Waiver(
            entry.ref, self.guideline, self.clause, dates.day_text(entry.at), self.until
        )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (WaiverGranted,)
