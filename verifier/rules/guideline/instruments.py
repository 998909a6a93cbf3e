"""Instruments: resolutions, outcomes and rules of others, on which guidelines build.

- IN1 An instrument is registered once; it is on record under its own name. [R4]
- IN2 It was adopted on a day (or in a month or year) that is not in the future.
- IN3 What it supersedes is on record and was not adopted after it. [R4]

Clauses name the instrument and the paragraph that they derive from (GU9), so that the lineage of
every norm can be followed back. Sources: R4, R62.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from verifier.rules import dates
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import LocalId, PartialDate, Symbol, Text
from verifier.rules.guideline.state import Instrument, instrument, issuer, named

__all__ = ["EVENTS", "InstrumentRegistered"]


class InstrumentRegistered(Body, frozen=True, kw_only=True):
    """An instrument is put on record, so that clauses can cite it (IN1 to IN3)."""

    TYPE: ClassVar[str] = "InstrumentRegistered/1"
    STREAM: ClassVar[str] = "guidelines/instrument/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (issuer,)
    MISSION: ClassVar[tuple[int, ...]] = (4, 62)

    symbol: Symbol
    title: Text
    adopted: PartialDate
    supersedes: LocalId | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of IN1 to IN3."""
        if entry.event.seq != 0:
            yield Unmet(rule="IN1", reason="this instrument is on record", hint="name another")
        if self.adopted > dates.day_text(entry.at)[: len(self.adopted)]:
            yield Unmet(rule="IN2", reason=f"{self.adopted} is not past")
        if self.supersedes is not None:
            earlier = instrument(self.supersedes, book)
            if earlier is None or not _is_no_later(earlier.adopted, self.adopted):
                yield Unmet(rule="IN3", reason=f"{self.supersedes} is no earlier one on record")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the instrument on record."""
        name = named(entry)
        yield (
            f"instrument:{name}",
            Instrument(entry.ref, self.symbol, self.adopted, self.supersedes),
        )


def _is_no_later(one: str, other: str) -> bool:
    """Say whether a date lies not after another, as far as both are precise."""
    precision = min(len(one), len(other))
    return one[:precision] <= other[:precision]


EVENTS: Final[tuple[type[Body], ...]] = (InstrumentRegistered,)
