"""Dates as other registers write them, read only as far as they can be read in one way.

1. A text keeps its own words; the value is what *every* reading of it agrees on.
2. ``31/12/2014`` and ``12/31/2014`` have one reading each: a day. ``9/1/2018`` has two, in the same
   year: a year. ``1/1/2024`` has two that are the same day: a day.
3. ``April 2012`` is a month, ``IV quarter of 2020`` and ``Quarter 1 2014`` a quarter, ``2012`` a
   year. A spring or an autumn lies within its year in either hemisphere: a year.
4. A year of two digits, a bare serial number of a spreadsheet, ``Ongoing``, ``NA`` and whatever
   else is not listed here are ``unknown``: nobody can say which day was meant.
5. A reading outside the years that the source can mean is none. Spreadsheets turn a year into a
   day of 1905, and stores turn "never set" into 1 January 1970.

Nothing is completed: a day is stated only where the text holds day, month and year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from verifier.rules.imported import ImportedDate, Precision

__all__ = ["read_date"]

MAX_TEXT: Final = 80  # what a cell for a date can hold; a longer text is no date

_MONTHS: Final = {
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6,
    "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
}  # fmt: skip
_QUARTERS: Final = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}

_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_ISO: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2}))?", re.ASCII
)
_ISO_MONTH: Final = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_YEAR: Final = re.compile(r"(?:(?:spring|autumn|fall) )?(\d{4})", re.ASCII)
_MONTH: Final = re.compile(rf"({'|'.join(_MONTHS)}) (\d{{4}})", re.ASCII)
_QUARTER: Final = re.compile(
    r"(?:quarter ([1-4])|(i{1,3}|iv) quarter)(?: of)? (\d{4})", re.ASCII
)  # fmt: skip


def read_date(text: str, *, years: range) -> ImportedDate:
    """Read a date of a source whose dates lie within ``years``."""
    if len(text) > MAX_TEXT:
        return ImportedDate(text=text[:MAX_TEXT], precision="unknown")
    plain = " ".join(text.lower().split())
    readings = {value for value in _readings(plain) if int(value[:4]) in years}
    if len(readings) == 1:
        value = readings.pop()
        return ImportedDate(text=text, precision=_precision(value), value=value)
    own_years = {value[:4] for value in readings}
    if len(own_years) == 1:
        return ImportedDate(text=text, precision="year", value=own_years.pop())
    return ImportedDate(text=text, precision="unknown")


def _readings(plain: str) -> Iterator[str]:
    """Yield every value that a text may mean, in the form of its precision."""
    if found := _SLASHED.fullmatch(plain):
        first, second, year = map(int, found.groups())
        yield from _day(year, first, second)
        yield from _day(year, second, first)
    elif found := _ISO.fullmatch(plain.upper()):
        yield from _day(*map(int, found.groups()))
    elif found := _ISO_MONTH.fullmatch(plain):
        if 1 <= int(found[2]) <= 12:
            yield found[0]
    elif found := _MONTH.fullmatch(plain):
        yield f"{found[2]}-{_MONTHS[found[1]]:02}"
    elif found := _QUARTER.fullmatch(plain):
        yield f"{found[3]}-Q{_QUARTERS[found[1] or found[2]]}"
    elif found := _YEAR.fullmatch(plain):
        yield found[1]


def _day(year: int, month: int, day: int) -> Iterator[str]:
    try:
        yield date(year, month, day).isoformat()
    except ValueError:
        return


def _precision(value: str) -> Precision:
    if len(value) == 10:
        return "day"
    if len(value) == 4:
        return "year"
    return "quarter" if "Q" in value else "month"
