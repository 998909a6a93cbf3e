"""A date is read as far as its text has one reading, and no further."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.importers.dates import read_date

YEARS = range(2000, 2051)

days = st.dates(date(2000, 1, 1), date(2050, 12, 31))


@pytest.mark.parametrize(
    ("text", "precision", "value"),
    [
        ("12/31/2014", "day", "2014-12-31"),
        ("31/12/2014", "day", "2014-12-31"),
        ("1/1/2024", "day", "2024-01-01"),
        ("11/11/2018", "day", "2018-11-11"),
        ("08/30/2023", "day", "2023-08-30"),
        ("2022-07-29", "day", "2022-07-29"),
        ("2018-01-26T02:37:00-05:00", "day", "2018-01-26"),
        ("2015-03", "month", "2015-03"),
        ("April 2012", "month", "2012-04"),
        ("IV quarter of 2020", "quarter", "2020-Q4"),
        ("I quarter of 2021", "quarter", "2021-Q1"),
        ("Quarter 1 2014", "quarter", "2014-Q1"),
        ("9/1/2018", "year", "2018"),
        ("02/3/2014", "year", "2014"),
        ("2012", "year", "2012"),
        ("Spring 2015", "year", "2015"),
        ("Winter 2015", "unknown", None),
        ("12/31/18", "unknown", None),
        ("1/1/19", "unknown", None),
        ("43525", "unknown", None),
        ("7/15/1905", "unknown", None),
        ("1970-01-01", "unknown", None),
        ("9999-99-99", "unknown", None),
        ("31/31/2014", "unknown", None),
        ("30/2/2014", "unknown", None),
        ("2015-13", "unknown", None),
        ("Ongoing", "unknown", None),
        ("In progress", "unknown", None),
        ("Permanent activity", "unknown", None),
        ("NA", "unknown", None),
        ("", "unknown", None),
    ],
)
def test_reading(text: str, precision: str, value: str | None) -> None:
    """Each manner of writing that the sources use has its reading, and its text is kept."""
    read = read_date(text, years=YEARS)
    assert (read.text, read.precision, read.value) == (text, precision, value)


@given(days)
def test_both_orders_of_day_and_month(day: date) -> None:
    """A day is read from either order only if the other order is no other day."""
    for text in (f"{day.day}/{day.month}/{day.year}", f"{day.month}/{day.day}/{day.year}"):
        read = read_date(text, years=YEARS)
        if day.day > 12 or day.day == day.month:
            assert (read.precision, read.value) == ("day", day.isoformat())
        else:
            assert (read.precision, read.value) == ("year", str(day.year))


@given(days)
def test_two_digits_are_no_year(day: date) -> None:
    """A year of two digits is never completed to a century."""
    for text in (f"{day.month}/{day.day}/{day.year % 100:02}", f"{day.day}/{day.month}/{day:%y}"):
        assert read_date(text, years=YEARS).value is None


pieces = st.lists(
    st.one_of(
        st.sampled_from(
            ["/", "-", " ", ".", ",", "T", "00:00:00", "Z", "of", "quarter", "Quarter", "IV", "II",
             "April", "december", "Spring", "fall", "NA", "Ongoing"]
        ),
        st.integers(0, 2100).map(str),
        st.integers(0, 99).map("{:02}".format),
    ),
    max_size=8,
)  # fmt: skip


@given(st.one_of(pieces.map("".join), pieces.map(" ".join), st.text(max_size=100)))
@example("٣/٣/٢٠١٤")
@example("1/1/2024\n")
@example("5/5/2020-06-07")
def test_no_day_is_invented(text: str) -> None:
    """A day has its year, its day and its month in the text's own digits, whatever the text."""
    read = read_date(text, years=YEARS)
    assert text.startswith(read.text)
    if read.value is not None:
        numbers = [int(number) for number in re.findall(r"[0-9]+", text)]
        assert int(read.value[:4]) in YEARS
        assert int(read.value[:4]) in numbers
    if read.precision == "day":
        assert read.value is not None
        day = date.fromisoformat(read.value)
        numbers.remove(day.year)
        numbers.remove(day.month)
        numbers.remove(day.day)
    else:
        assert read.value is None or len(read.value) < len("2000-01-01")


@given(st.one_of(pieces.map("".join), pieces.map(" ".join)))
def test_a_narrower_span_of_years_only_takes_away(text: str) -> None:
    """What is read within few years is read within many, or is coarser there."""
    few, many = read_date(text, years=range(2010, 2021)), read_date(text, years=YEARS)
    if few.value is not None:
        assert many == few
