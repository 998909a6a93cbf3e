"""The clock of a partnership: which reports are owed, and what is counted from their due days.

1. Obligation k is due on the first due day and (k - 1) cycles. The first due day lies ``first``
   after the day since which the clock runs; where a calendar says on which day of the year reports
   are due, it is the next such day.
2. A move of the cycle puts an obligation, and with it all later ones, on a later day; those before
   keep theirs.
3. An obligation's period begins at the clock's first day or at the due day before. A report covers
   it that begins no later and ends no earlier than the window before the due day, so that there is
   time to write and to sign. One report may cover several.

Every register is one value of ``Clock``: the profiles of the guidelines, and the historical
registers below. Sources: domain B8, C3.1; decision D3.17.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

import msgspec

from verifier.rules import dates
from verifier.rules.guideline import Profile

__all__ = ["DESA_2018", "R_2005", "R_2011", "Clock", "CycleMove", "Obligation", "Terms", "terms_of"]

MAX_CACHED_OBLIGATIONS: Final = 4_096  # for speed alone; what falls out is computed again


class CycleMove(msgspec.Struct, frozen=True):
    """The one move of a clock's cycle: from this obligation on (rule 2). The day is ISO 8601."""

    obligation: int
    due: str


class Obligation(msgspec.Struct, frozen=True):
    """One report that is owed: its number, its period's first day, its window, its due day."""

    k: int
    start: date
    opens: date
    """A report that covers the period ends on this day or later."""
    due: date
    """Before any extension."""


class Terms(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What a clock counts with: durations in ISO 8601, as ``guideline.Profile`` explains them."""

    first: str
    cycle: str
    window: str = "P90D"
    grace: str = "P0D"
    second_state: str
    removal_eligible_after: str
    screening_within: str = "P30D"
    cure_after_return: str = "P0D"
    cure_periods: int = 1
    cosign_within: str = "P0D"
    due_on: str | None = None


class Clock(msgspec.Struct, frozen=True):
    """A clock that runs since a day by certain terms."""

    terms: Terms
    since: date
    moved: CycleMove | None = None

    def obligation(self, k: int) -> Obligation:
        """Return obligation k (rules 1 to 3)."""
        return _obligation(self, k)


@lru_cache(maxsize=MAX_CACHED_OBLIGATIONS)
def _obligation(clock: Clock, k: int) -> Obligation:
    due = _due(clock, k)
    start = clock.since if k == 1 else _due(clock, k - 1)
    return Obligation(k, start, dates.add(due, clock.terms.window, times=-1), due)


def _due(clock: Clock, k: int) -> date:
    terms, moved = clock.terms, clock.moved
    if moved is not None and k >= moved.obligation:
        return dates.add(dates.parse_day(moved.due), terms.cycle, times=k - moved.obligation)
    first = dates.add(clock.since, terms.first)
    return dates.add(
        _next(first, terms.due_on) if terms.due_on else first, terms.cycle, times=k - 1
    )


def _next(day: date, month_day: str) -> date:
    """Return the first day from a day on that has this place in the year."""
    this_year = date(day.year, int(month_day[:2]), int(month_day[3:]))
    return this_year if this_year >= day else this_year.replace(year=day.year + 1)


@lru_cache(maxsize=1024)
def terms_of(profile: Profile) -> Terms:
    """Return the terms by which a profile counts."""
    return Terms(
        first=profile.first, cycle=profile.cycle, window=profile.window, grace=profile.grace,
        second_state=profile.second_state, due_on=profile.due_on,
        removal_eligible_after=profile.removal_eligible_after,
        screening_within=profile.screening_within, cosign_within=profile.cosign_within,
        cure_after_return=profile.cure_after_return, cure_periods=profile.cure_periods,
    )  # fmt: skip


R_2005: Final = Terms(first="P2Y", cycle="P1Y", second_state="P1Y", removal_eligible_after="P2Y")
"""The Global Compact's integrity measures of 2005: late, inactive after a year, out after two."""

R_2011: Final = Terms(first="P1Y", cycle="P1Y", second_state="P1Y", removal_eligible_after="P1Y")
"""The Global Compact's policy of 2011: out a year after the due day."""

DESA_2018: Final = Terms(
    first="P1Y", cycle="P1Y", grace="P1Y", second_state="P1Y", removal_eligible_after="P2Y"
)
"""The traffic light of 2018: yellow a year after the listing, red and inactive after two."""
