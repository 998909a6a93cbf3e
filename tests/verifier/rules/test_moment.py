"""A watched time answers as a plain one does, and knows until when its answers stand."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.rules import dates
from verifier.rules.moment import ALWAYS, DAY_S, Watch

SECONDS = st.integers(0, 4_000_000_000)
NEAR = st.integers(-3 * DAY_S, 3 * DAY_S)
COMPARE = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
Compare = Callable[[Any, Any], bool]


def forms(moment: int) -> tuple[int, date, str]:
    """Return a time in its three forms: watched if it is."""
    return moment, dates.day_of(moment), dates.day_text(moment)


@given(now=SECONDS, away=NEAR, compare=st.sampled_from(COMPARE), form=st.integers(0, 2),
       turned=st.booleans())  # fmt: skip
def test_an_answer_stands_exactly_until_it_says(
    now: int, away: int, compare: Compare, form: int, turned: bool
) -> None:
    """The same answer as of the plain value, at every second before, and never too late."""
    other = forms(max(now + away, 0))[form]

    def answer(value: Any) -> bool:
        return compare(other, value) if turned else compare(value, other)

    watch = Watch(now)
    told = answer(forms(watch.moment)[form])
    assert told == answer(forms(now)[form])
    assert watch.until > now
    for later in {watch.until - 1, min(watch.until - 1, now + 4 * DAY_S), now + 1, now + DAY_S}:
        if now < later < min(watch.until, dates.ENDS_S):
            assert answer(forms(later)[form]) == told


@given(now=SECONDS, days=st.integers(1, 400))
def test_what_changes_with_the_day_stands_for_the_day(now: int, days: int) -> None:
    """Sums, texts and hashes are those of the plain day, and stand until midnight in UTC."""
    midnight = (now // DAY_S + 1) * DAY_S
    plain = datetime.fromtimestamp(now, UTC).date()
    for use in (
        lambda day: day + timedelta(days), lambda day: day - timedelta(days), str, hash, repr,
        lambda day: day.month, lambda day: dates.add(day, "P1M"), lambda day: f"{day:%d}",
        lambda day: f"by {day.isoformat()}", lambda day: date(2100, 1, 1) - day,
    ):  # fmt: skip
        watch = Watch(now)
        told = use(dates.day_of(watch.moment))
        if use is not repr:
            assert told == use(plain)
        assert watch.until == midnight


@pytest.mark.parametrize("use", [
    lambda moment: moment + 1, lambda moment: 5 - moment, lambda moment: moment // DAY_S, str, int,
    lambda moment: f"{moment}", hash, lambda moment: -moment, lambda moment: moment % 60,
])  # fmt: skip
def test_what_is_computed_from_seconds_stands_for_one(use: Callable[[int], Any]) -> None:
    """Whatever else is done with a time in seconds."""
    watch = Watch(1_700_000_000)
    assert use(watch.moment) == use(1_700_000_000)
    assert watch.until == 1_700_000_001


def test_a_year_stands_for_the_year() -> None:
    """Rules that count whole years are not asked every day."""
    watch = Watch(1_700_000_000)
    assert dates.day_of(watch.moment).year == 2023
    assert watch.until == 1_704_067_200  # 2024-01-01T00:00Z


def test_what_asks_nothing_stands_for_ever() -> None:
    """A time that is passed on and not looked at changes nothing."""
    watch = Watch(1_700_000_000)
    assert dates.parse_day(dates.day_text(watch.moment)) is not None
    assert watch.until == ALWAYS


def test_a_day_that_was_text_is_watched_again() -> None:
    """Parsing the watched text gives the watched day back."""
    watch = Watch(1_700_000_000)
    assert dates.parse_day(dates.day_text(watch.moment)) < date(2023, 11, 20)
    assert watch.until == 1_700_438_400
