"""General extensions of deadlines: an outage or a calamity moves everyone's days, on record.

- CA1 A stream holds one extension; it is never changed.
- CA2 Its days exist, the last not before the first, at most P180D after it.
- CA3 It reaches back at most P30D: a deadline that passed long ago stays passed.
- CA4 With those on record before it moves no deadline by more than P180D altogether, so that none
      is put off for ever by one extension upon another.

A deadline that falls on one of the days named moves by the number of days stated; extensions
apply in the order of their record, each to the day as already moved. Source: domain C4.3 (outage),
decision D1.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Day, Symbol, Texts

__all__ = ["EVENTS", "DeadlineExtendedGenerally", "Extension", "extended", "opens"]

CALENDAR: Final = "calendar"
REACHES_BACK: Final = "P30D"
LONGEST: Final = "P180D"
MOST_DAYS: Final = 180


class Extension(msgspec.Struct, frozen=True):
    """Deadlines from the first to the last day move by this many days."""

    first_day: str
    last_day: str
    days: int
    mandate: str


class DeadlineExtendedGenerally(Body, frozen=True, kw_only=True):
    """The registry moves every deadline that falls on certain days (CA1 to CA4)."""

    TYPE: ClassVar[str] = "DeadlineExtendedGenerally/1"
    STREAM: ClassVar[str] = "calendar/extension/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry"),)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    first_day: Day
    last_day: Day
    days: Annotated[int, Meta(ge=1, le=180)]
    ground: Texts
    mandate: Symbol

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CA1 to CA4."""
        if entry.event.seq != 0:
            yield Unmet(rule="CA1", reason="this extension is on record", hint="name another")
        if not (dates.is_day(self.first_day) and dates.is_day(self.last_day)):
            yield Unmet(rule="CA2", reason="a day does not exist")
            return
        first, last = dates.parse_day(self.first_day), dates.parse_day(self.last_day)
        if not first <= last <= dates.add(first, LONGEST):
            yield Unmet(rule="CA2", reason=f"the last day lies within {LONGEST} after the first")
        earliest = dates.add(dates.day_of(entry.at), REACHES_BACK, times=-1)
        if first < earliest:
            yield Unmet(rule="CA3", reason=f"it begins on {earliest} at the earliest")
        for moved in self._moved(first, last, book):
            if moved + self.days > MOST_DAYS:
                yield Unmet(rule="CA4", reason=f"a deadline was moved by {moved} days already",
                            hint=f"{MOST_DAYS} days altogether are the most")  # fmt: skip
                break

    def _moved(self, first: date, last: date, book: Book) -> Iterator[int]:
        """Yield by how many days each deadline that falls on these days was moved before."""
        day = first - timedelta(days=MOST_DAYS)
        while day <= last:
            now = extended(day, book)
            if first <= now <= last:
                yield (now - day).days
            day += timedelta(days=1)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the extension on record."""
        key = "extension:" + entry.event.stream.rpartition("/")[2]
        yield key, Extension(self.first_day, self.last_day, self.days, self.mandate)


def extended(day: date, book: Book) -> date:
    """Return the day of a deadline after the general extensions on record."""
    for extension in book.subject(CALENDAR).all(Extension):
        if extension.first_day <= day.isoformat() <= extension.last_day:
            day += timedelta(days=extension.days)
    return day


def opens(day: date) -> int:
    """Return the first second of log time on a day, which is a day in UTC (dates, rule 4)."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


EVENTS: Final[tuple[type[Body], ...]] = (DeadlineExtendedGenerally,)
