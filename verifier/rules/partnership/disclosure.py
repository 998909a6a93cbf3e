"""What a partnership discloses each year: who keeps its secretariat, who gives what.

- DS1 A year is disclosed once it has begun, not before the year of the listing, while the
      partnership is listed or suspended; again only in correction of what stands there. [R41]
- DS2 The host of the secretariat is a registered actor. [R40, R41]
- DS3 Whoever contributes is a partner or was one; an amount is more than nothing, its days exist,
      its period has part in the year, and nothing stands twice (A/RES/70/224, 14 (b)). A year to
      which nobody gave anything is disclosed too, by an empty list. [R41]
- DS4 (whole log) A multi-stakeholder partnership discloses each year that it was on the register
      within the time of its profile: its governance, and its funding where the profile asks more
      than a total; silence or delay is an omission of the secretariat. [R41]

Sources: R40, R41; domain C2.2; A/RES/70/224.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal as Number
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import calendar, dates
from verifier.rules.authority.state import is_registered
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Day, Decimal, EventRef, Texts
from verifier.rules.guideline import Profile
from verifier.rules.partnership.state import (
    ON_THE_REGISTER,
    Currency,
    Partnership,
    is_partner,
    lead,
    of,
    profile_of,
    secretariat,
    tied,
    unmet_on_register,
)

__all__ = [
    "EVENTS",
    "Contribution",
    "FundingDisclosed",
    "GovernanceDisclosed",
    "is_small",
    "whole_log",
]

LATEST: Final = "12-31"


class Contribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one organization gives: of which kind, how much, for when, and at which level."""

    organization: ActorId
    type: Literal["cash", "in_kind", "staff", "other"]
    amount: Decimal
    currency: Currency
    matching: bool
    """Whether it matches a contribution of the United Nations."""
    first_day: Day
    last_day: Day
    level: Literal["global", "regional", "national", "local"]


class Disclosed(msgspec.Struct, frozen=True):
    """What stands for a year; the thing ``disclosed:<kind>:<year>``."""

    ref: EventRef
    first_on: str
    """The day on which the year was first disclosed."""


class Staffed(msgspec.Struct, frozen=True):
    """How many posts a secretariat has, as last disclosed; the thing ``staffed``."""

    year: int
    staff: str


def is_small(subject: Subject, at: int, most: int) -> bool:
    """Say whether a secretariat is small, by what was disclosed for this year or the last."""
    found = subject.get("staffed", Staffed)
    recent = found is not None and found.year >= dates.day_of(at).year - 1
    return found is not None and recent and Number(found.staff) <= most


class _Disclosure(Body, frozen=True, kw_only=True):
    """What every yearly disclosure has in common (DS1)."""

    SIGNERS: ClassVar[tuple[Capacity, ...]] = (secretariat, lead)
    MISSION: ClassVar[tuple[int, ...]] = (41,)

    year: Annotated[int, Meta(ge=2000, le=2100)]
    corrects: EventRef | None = None
    """What stands for the year, where this is a correction of it."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DS1."""
        yield from unmet_on_register("DS1", entry, book)
        subject = book.subject(entry.event.subject)
        found = of(subject)
        listed = int((found.listed_on or "9999")[:4]) if found else self.year
        if not listed <= self.year <= dates.day_of(entry.at).year:
            yield Unmet(rule="DS1", reason=f"{self.year} has not begun, or lies before the listing")
        before = subject.get(_key(self.STREAM, self.year), Disclosed)
        if (before.ref if before else None) != self.corrects:
            yield Unmet(rule="DS1", reason="it names another disclosure of this year than stands",
                        hint="correct the newest")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put it on record for the year."""
        key = _key(self.STREAM, self.year)
        before, today = subject.get(key, Disclosed), dates.day_text(entry.at)
        yield key, Disclosed(entry.ref, before.first_on if before is not None else today)


def _key(stream: str, year: int) -> str:
    return f"disclosed:{stream.rpartition('/')[2]}:{year}"


class GovernanceDisclosed(_Disclosure, frozen=True, kw_only=True):
    """Who keeps the secretariat, with how many people, and what it costs (DS1, DS2)."""

    TYPE: ClassVar[str] = "GovernanceDisclosed/1"
    STREAM: ClassVar[str] = "p-*/governance"
    MISSION: ClassVar[tuple[int, ...]] = (40, 41)

    host: ActorId
    staff: Decimal
    """In full-time posts."""
    cost: Decimal
    currency: Currency
    independence: Texts
    """What keeps the secretariat independent of its host and its funders."""
    local_capacity: Texts
    """What is done for capacity where the partnership is at work."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the host."""
        return (self.host,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DS1 and DS2."""
        yield from super().unmet(entry, book)
        if not is_registered(self.host, book):
            yield Unmet(rule="DS2", reason=f"{self.host} is not registered", who="registry")
        if Number(self.staff) < 0 or Number(self.cost) < 0:
            yield Unmet(rule="DS2", reason="people and cost are not less than nothing")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the disclosure on record, and how many people the secretariat has."""
        yield from super().evolve(entry, subject, book)
        before = subject.get("staffed", Staffed)
        if before is None or before.year <= self.year:
            yield "staffed", Staffed(self.year, self.staff)


class FundingDisclosed(_Disclosure, frozen=True, kw_only=True):
    """Who gives what to a partnership in a year (DS1, DS3)."""

    TYPE: ClassVar[str] = "FundingDisclosed/1"
    STREAM: ClassVar[str] = "p-*/funding"

    contributions: Annotated[tuple[Contribution, ...], Meta(max_length=300)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DS1 and DS3."""
        yield from super().unmet(entry, book)
        found = of(book.subject(entry.event.subject))
        for one in self.contributions:
            name = one.organization
            if found and not is_partner(found, name) and name not in found.former:
                yield Unmet(rule="DS3", reason=f"{name} is no partner and was none")
            if Number(one.amount) <= 0:
                yield Unmet(rule="DS3", reason=f"{name} gives nothing")
            if not self._has_part(one):
                yield Unmet(rule="DS3", reason=f"the period of {name} has no part in {self.year}")
        if len(set(self.contributions)) < len(self.contributions):
            yield Unmet(rule="DS3", reason="a contribution stands twice")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the disclosure on record, and until when it ties each who gives."""
        yield from super().evolve(entry, subject, book)
        last: dict[str, str] = {}
        for one in self.contributions:
            last[one.organization] = max(one.last_day, last.get(one.organization, ""))
        for organization, day in last.items():
            yield tied(organization, day, subject)

    def _has_part(self, one: Contribution) -> bool:
        return (
            dates.is_day(one.first_day) and dates.is_day(one.last_day)
            and one.first_day <= one.last_day
            and one.first_day <= f"{self.year}-12-31" and one.last_day >= f"{self.year}-01-01"
        )  # fmt: skip


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of DS4: years that were not disclosed in time."""
    for subject in book.subjects.values():
        found = of(subject)
        profile = profile_of(found, book) if found else None
        if found is not None and profile is not None and found.clock_from is not None:
            yield from _undisclosed(found, profile, subject, book)


def _undisclosed(
    found: Partnership, profile: Profile, subject: Subject, book: Book
) -> Iterator[Broken]:
    today = dates.day_of(book.time)
    if found.listing not in ON_THE_REGISTER or found.listed_on is None:
        return
    asked: tuple[type[_Disclosure], ...] = (GovernanceDisclosed, FundingDisclosed)
    for year in range(int(found.listed_on[:4]), today.year):
        end = dates.add(dates.parse_day(f"{year}-{LATEST}"), profile.disclose_within)
        last = calendar.extended(end, book)
        for kind in asked[: 1 if profile.financial_disclosure == "total" else 2]:
            done = subject.get(_key(kind.STREAM, year), Disclosed)
            if last.isoformat() < (done.first_on if done is not None else today.isoformat()):
                name = kind.STREAM.rpartition("/")[2]
                yield Broken(
                    rule="DS4", kind="omission", subject=subject.id, who=found.secretariat,
                    reason=f"its {name} of {year} was to be disclosed by {last}, and was "
                    + (f"disclosed on {done.first_on}" if done is not None else "not"),
                )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (GovernanceDisclosed, FundingDisclosed)
