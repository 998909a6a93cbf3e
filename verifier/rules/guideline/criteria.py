"""Criteria of differentiation: what kind of initiative something is, as a function of answers.

- DC1 No criterion stands twice, and outcomes rest on criteria of this version alone.
- DC2 The last outcome has no condition and every other has one, so that any answers have a result.
      [R13, R23]
- DC3 A threshold of money for mega partnerships is more than nothing.

``classify`` is a pure function of the answers and the version: whoever has both gets the result.
Sources: R13, R21, R23, R84; domain C2.7, C5.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as Number
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules.book import Body, Book, Change, Entry, Subject, Unmet
from verifier.rules.fields import Decimal, LocalId, Text, VersionRef
from verifier.rules.guideline.document import Document
from verifier.rules.guideline.layers import unmet_issuer
from verifier.rules.guideline.state import Issued, issued, key_of

__all__ = [
    "EVENTS",
    "Criteria",
    "Criterion",
    "DifferentiationCriteriaIssued",
    "Kind",
    "Outcome",
    "Threshold",
    "classify",
    "criteria",
]

Kind = Literal["msp", "ppp", "private_engagement", "voluntary_commitment"]
Ids = Annotated[tuple[LocalId, ...], Meta(max_length=30)]


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A criterion, put as a question that is answered by yes or no."""

    id: LocalId
    question: Text


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A result, and the criteria that are met and not met where it applies."""

    result: Kind
    met: Ids = ()
    not_met: Ids = ()


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which yearly amount on a partnership with a UN role is a mega partnership."""

    amount: Decimal
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]


class Criteria(Issued, frozen=True, kw_only=True):
    """A version of criteria; the thing ``criteria:<id>:<version>``."""

    criteria: tuple[Criterion, ...]
    outcomes: tuple[Outcome, ...]
    mega: Threshold | None = None


class DifferentiationCriteriaIssued(Document, frozen=True, kw_only=True):
    """A version of the criteria of differentiation is issued (GU1, GU2, GU11, LY1, DC1 to DC3)."""

    TYPE: ClassVar[str] = "DifferentiationCriteriaIssued/1"
    STREAM: ClassVar[str] = "guidelines/criteria/*"
    MISSION: ClassVar[tuple[int, ...]] = (13, 21, 23, 84)

    criteria: Annotated[tuple[Criterion, ...], Meta(min_length=1, max_length=30)]
    outcomes: Annotated[tuple[Outcome, ...], Meta(min_length=1, max_length=30)]
    mega: Threshold | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GU1, GU2, GU11, LY1 and DC1 to DC3."""
        yield from super().unmet(entry, book)
        yield from unmet_issuer(None, entry, book, "LY1")
        known = {criterion.id for criterion in self.criteria}
        if len(known) < len(self.criteria):
            yield Unmet(rule="DC1", reason="a criterion stands twice")
        for outcome in self.outcomes:
            if not known.issuperset((*outcome.met, *outcome.not_met)):
                yield Unmet(rule="DC1", reason=f"{outcome.result} rests on an unknown criterion")
        open_ones = [not (outcome.met or outcome.not_met) for outcome in self.outcomes]
        if any(open_ones[:-1]) or not open_ones[-1]:
            yield Unmet(rule="DC2", reason="the last outcome has no condition, every other has")
        if self.mega is not None and Number(self.mega.amount) <= 0:
            yield Unmet(rule="DC3", reason="the threshold is nothing")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the version on record."""
        held = Criteria(
            **self.head(entry), criteria=self.criteria, outcomes=self.outcomes, mega=self.mega
        )
        yield key_of("criteria", held.ref), held


def classify(version: Criteria, met: frozenset[str]) -> Kind:
    """Return the result of the first outcome that fits the criteria that are met."""
    return next(
        outcome.result
        for outcome in version.outcomes
        if met.issuperset(outcome.met) and met.isdisjoint(outcome.not_met)
    )


def criteria(ref: VersionRef, book: Book) -> Criteria | None:
    """Return a version of the criteria of differentiation."""
    return issued("criteria", ref, Criteria, book)


EVENTS: Final[tuple[type[Body], ...]] = (DifferentiationCriteriaIssued,)
