"""Calendar arithmetic that every verifier does alike.

Rules:

1. A day is an ISO 8601 calendar date; days outside 1900 … 2199 are refused.
2. ``P<n>Y`` and ``P<n>M`` keep the day of the month and clamp to the month's last day, so P1Y from
   29 February is 28 February; ``P<n>D`` adds days.
3. A deadline is a day. A filing is in time if log time at its index is before 24:00 in UTC-12 on
   that day: the last place on Earth where the day has not ended.
4. The day *of* a log time is its day in UTC.
5. A sum stops at 1 January 1000 and at 31 December 8999: no duration leads out of the calendar, and
   as texts days compare as they follow each other.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from verifier.errors import MalformedError
from verifier.rules.moment import Moment, Today

__all__ = [
    "EARLIEST",
    "ENDS_S",
    "LATEST",
    "add",
    "day_of",
    "day_text",
    "deadline",
    "in_time",
    "is_day",
    "parse_day",
]

LATEST_ZONE_S: Final = 12 * 3600  # UTC-12: rule 3
DAY_S: Final = 86_400
ENDS_S: Final = 7_258_118_400  # 2200-01-01T00:00Z: log time beyond has no day (rule 1)
EARLIEST: Final = date(1000, 1, 1)  # rule 5; a thousand years of room on either side of rule 1 …
LATEST: Final = date(8999, 12, 31)  # … and another thousand for what is counted on from a sum
_FIRST: Final = EARLIEST.toordinal()
_LAST: Final = LATEST.toordinal()


def parse_day(text: str) -> date:
    """Parse a calendar day (rule 1).

    Raises:
        MalformedError: code ``event-fields``.
    """
    if isinstance(text, Today):
        return text.plain
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise MalformedError("event-fields", f"{text!r} is not a calendar day") from None
    if not 1900 <= day.year <= 2199:
        raise MalformedError("event-fields", f"{text} lies outside 1900 to 2199")
    return day


def is_day(text: str) -> bool:
    """Say whether a text is a calendar day (rule 1)."""
    try:
        parse_day(text)
    except MalformedError:
        return False
    return True


def add(day: date, duration: str, *, times: int = 1) -> date:
    """Add a duration a number of times to a day (rules 2 and 5); negative times subtract."""
    count, unit = int(duration[1:-1]) * times, duration[-1]
    if unit == "D":
        ordinal = day.toordinal() + count
        return date.fromordinal(min(max(ordinal, _FIRST), _LAST))
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "Y" else 1)
    year, month = divmod(months, 12)
    if not EARLIEST.year <= year <= LATEST.year:
        return EARLIEST if year < EARLIEST.year else LATEST
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def day_of(time_s: int) -> date:
    """Return the UTC day of a log time in seconds (rule 4)."""
    if isinstance(time_s, Moment):
        return time_s.day()
    return datetime.fromtimestamp(time_s, UTC).date()


def day_text(time_s: int) -> str:
    """Return the UTC day of a log time as text; days compare as their texts do."""
    if isinstance(time_s, Moment):
        return time_s.day().isoformat()
    return _day_text(time_s // DAY_S)


@lru_cache(maxsize=1024)
def _day_text(days: int) -> str:
    return day_of(days * DAY_S).isoformat()


def deadline(day: date) -> int:
    """Return the first second of log time that is too late for a deadline on this day (rule 3)."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(midnight.timestamp()) + DAY_S + LATEST_ZONE_S


def in_time(time_s: int, day: date) -> bool:
    """Say whether something at this log time meets a deadline on this day (rule 3)."""
    return time_s < deadline(day)
