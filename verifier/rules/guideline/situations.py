"""Countries in special situations: the United Nations' lists of them, in versions.

- SG1 No group stands twice in a version, and no country twice in a group, whether it is in it or
      leaves it.
- SG2 A country that leaves a group keeps what the group has until a stated day (the smooth
      transition), which comes after the version's first day. [R16]

What a special situation gives is said by the rules that ask it (RE29). Sources: R16; decision
D3.27.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.book import Body, Book, Change, Entry, Subject, Unmet
from verifier.rules.fields import Alpha3, Day, VersionRef
from verifier.rules.guideline.document import Document
from verifier.rules.guideline.layers import unmet_issuer
from verifier.rules.guideline.state import GUIDELINES, Issued, in_force, issued, key_of

__all__ = [
    "EVENTS",
    "CountryGroupsIssued",
    "Group",
    "Leaving",
    "Situations",
    "groups_in_force",
    "is_special",
]

KIND: Final = "situations"


class Leaving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A country that leaves a group, and the last day on which it is treated as of it."""

    country: Alpha3
    until: Day


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A group of countries: least developed, landlocked developing, small island developing."""

    name: Literal["ldc", "lldc", "sids"]
    countries: Annotated[tuple[Alpha3, ...], Meta(min_length=1, max_length=200)]
    leaving: Annotated[tuple[Leaving, ...], Meta(max_length=50)] = ()


class Situations(Issued, frozen=True, kw_only=True):
    """A version of the groups; the thing ``situations:<id>:<version>``."""

    groups: tuple[Group, ...]


class CountryGroupsIssued(Document, frozen=True, kw_only=True):
    """A version of the groups of countries is issued (GU1, GU2, GU11, LY1, SG1, SG2)."""

    TYPE: ClassVar[str] = "CountryGroupsIssued/1"
    STREAM: ClassVar[str] = "guidelines/situations/*"
    MISSION: ClassVar[tuple[int, ...]] = (16,)

    groups: Annotated[tuple[Group, ...], Meta(min_length=1, max_length=3)]

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GU1, GU2, GU11, LY1, SG1 and SG2."""
        yield from super().unmet(entry, book)
        yield from unmet_issuer(None, entry, book, "LY1")
        if len({group.name for group in self.groups}) < len(self.groups):
            yield Unmet(rule="SG1", reason="a group stands twice")
        for group in self.groups:
            named = (*group.countries, *(one.country for one in group.leaving))
            if len({*named}) < len(named):
                yield Unmet(rule="SG1", reason=f"a country stands twice in {group.name}")
            for one in group.leaving:
                if not dates.is_day(one.until) or one.until <= self.valid_from:
                    yield Unmet(rule="SG2", reason=f"{one.until} is no day after {self.valid_from}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the version on record."""
        held = Situations(**self.head(entry), groups=self.groups)
        yield key_of(KIND, held.ref), held


def is_special(ref: VersionRef, country: str | None, at: int, book: Book) -> bool:
    """Say whether a version is in force at a log time, and a country in a situation by it then."""
    day = dates.day_of(at)
    held = issued(KIND, ref, Situations, book)
    if held is None or country is None or in_force(ref.set, day, book, kind=KIND) != ref:
        return False
    return any(
        country in group.countries
        or any(one.country == country and day.isoformat() <= one.until for one in group.leaving)
        for group in held.groups
    )


def groups_in_force(day: date, book: Book) -> Iterator[VersionRef]:
    """Yield the version in force of each list of groups."""
    for stream in book.subject(GUIDELINES).heads:
        kind, _, name = stream.partition("/")[2].partition("/")
        ref = in_force(name, day, book, kind=KIND) if kind == KIND else None
        if ref is not None:
            yield ref


EVENTS: Final[tuple[type[Body], ...]] = (CountryGroupsIssued,)
