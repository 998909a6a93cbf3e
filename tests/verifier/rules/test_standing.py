"""Standing: computed from dates, by parameters that are data, the historical ones included."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.stories import OFFICE_A, PARTNERSHIP, text
from verifier.rules import admission, partnership
from verifier.rules.book import Book, Entry, Subject
from verifier.rules.clock import DESA_2018, R_2005, R_2011, Clock, Terms
from verifier.rules.fields import EventRef, LangText
from verifier.rules.guideline import Profile
from verifier.rules.partnership import Partnership
from verifier.rules.standing import Standing, owed, standing, standing_at

EMPTY = Book(lambda size: bytes(32))


def profile(**changes: Any) -> Profile:
    """Return the light profile of the default set, changed."""
    fields = next(p for p in stories.default_guidelines()[1]["profiles"] if p["name"] == "light")
    return msgspec.convert(fields | changes, Profile)


def joined(day: str) -> Subject:
    """Return a partnership listed on a day, with nothing else on record."""
    subject = Subject("p-old")
    listed = Partnership(
        ref=EventRef("p-old/registration", 0, bytes(32)), title=(LangText("en", "Old"),),
        lead="actor-lead", partners=(), secretariat="actor-secretariat", un_role="none",
        scale="global", countries=(), sdg_targets=(), initiative_kind="msp",
        planned_end="2030-12-31", listing="listed", listed_on=day, clock_from=day,
    )  # fmt: skip
    subject.change(("partnership", listed))
    return subject


def on(registry: Registry, day: str) -> Standing:
    """Return the story's standing on a day."""
    return standing_at(registry.subject(PARTNERSHIP), registry.on(day).now, registry.book)


@pytest.mark.parametrize(
    ("terms", "since", "day", "state"),
    [
        (R_2005, "2004-06-01", "2006-05-31", "due_soon"),
        (R_2005, "2004-06-01", "2006-06-01", "non_communicating"),
        (R_2005, "2004-06-01", "2007-05-31", "non_communicating"),
        (R_2005, "2004-06-01", "2007-06-01", "inactive"),
        (R_2011, "2011-06-01", "2012-05-31", "due_soon"),
        (R_2011, "2011-06-01", "2012-06-01", "non_communicating"),
        (R_2011, "2011-06-01", "2013-06-01", "inactive"),
        (DESA_2018, "2018-07-01", "2019-06-30", "due_soon"),
        (DESA_2018, "2018-07-01", "2019-07-01", "overdue"),
        (DESA_2018, "2018-07-01", "2020-06-30", "overdue"),
        (DESA_2018, "2018-07-01", "2020-07-01", "inactive"),
    ],
)
def test_historical_registers_are_parameterisations(
    terms: Terms, since: str, day: str, state: str
) -> None:
    """R-2005: late 2006-06-01, inactive 2007-06-01.

    DESA 2018: yellow 2019-07-01, red 2020-07-01.
    """
    clock = Clock(terms, date.fromisoformat(since))
    found = standing(joined(since), clock, date.fromisoformat(day), EMPTY)
    assert found.state == state


def test_removal_by_the_policy_of_2005_was_possible_after_1461_days() -> None:
    """R-2005: joined 2004-06-01 without any report, removal from 2008-06-01 on."""
    clock = Clock(R_2005, date(2004, 6, 1))
    found = standing(joined("2004-06-01"), clock, date(2008, 6, 1), EMPTY)
    assert found.due == date(2006, 6, 1)
    assert found.removal_eligible_from == date(2008, 6, 1)
    assert (found.removal_eligible_from - date(2004, 6, 1)).days == 1461
    assert found.is_removal_eligible(date(2008, 6, 1))
    assert not found.is_removal_eligible(date(2008, 5, 31))


def test_a_leap_day_joins_the_calendar() -> None:
    """Joined on 29 February: obligations fall on 28 February, and on the 29th in leap years."""
    parameters = profile(first="P1Y", cycle="P1Y")
    missing = owed(
        partnership.of(joined("2020-02-29")),
        joined("2020-02-29"),
        parameters,
        date(2022, 3, 1),
        EMPTY,
    )
    assert [one.due for one in missing] == [date(2021, 2, 28), date(2022, 2, 28)]


@pytest.mark.parametrize(
    ("day", "state"),
    [
        ("2024-10-16", "not_due"), ("2024-10-17", "due_soon"), ("2025-01-14", "due_soon"),
        ("2025-01-15", "overdue"), ("2026-01-14", "overdue"), ("2026-01-15", "non_communicating"),
        ("2027-01-14", "non_communicating"), ("2027-01-15", "inactive"),
    ],
)  # fmt: skip
def test_the_state_follows_the_day(day: str, state: str) -> None:
    """ST6: the light profile from listing to inactive, on both sides of each border."""
    assert on(stories.listed_partnership(), day).state == state


def test_an_accepted_report_opens_the_next_obligation() -> None:
    """ST1: after it the standing is about the second obligation."""
    registry = stories.listed_partnership().on("2025-01-10")
    stories.accepted_report(registry)
    found = on(registry, "2025-01-20")
    assert (found.obligation, found.due, found.state) == (2, date(2026, 1, 15), "not_due")


def test_a_report_that_covers_two_periods_satisfies_both() -> None:
    """ST1: a late report over two years leaves the third obligation open."""
    registry = stories.listed_partnership().on("2026-01-10")
    stories.accepted_report(registry)
    assert on(registry, "2026-01-20").obligation == 3


def test_a_contributors_report_satisfies_nothing() -> None:
    """ST1: only self, national and equivalent reports do."""
    registry = stories.listed_partnership().on("2025-01-10")
    fields = stories.report(registry, kind="contributor", organization=stories.COMPANY)
    del fields["obligation"], fields["due"]
    registry.append(stories.COMPANY, f"{PARTNERSHIP}/report/c", "ReportSubmitted", **fields)
    assert on(registry, "2025-01-14").state == "due_soon"
    stories.accept(registry, local="c")
    assert on(registry, "2025-01-15").state == "overdue"


def test_a_waiting_report_stops_everything() -> None:
    """ST2: pending review however late, not eligible for removal, and the registry's own day."""
    registry = stories.listed_partnership().on("2026-06-01")
    stories.submitted_report(registry)
    found = on(registry, "2027-06-01")
    assert found.state == "pending_review"
    assert not found.is_removal_eligible(date(2027, 6, 1))
    assert found.screening_due == date(2026, 7, 1)


def test_the_clock_stands_still_while_a_report_waits() -> None:
    """ST3: submitted 10 days before the grace ends, returned 40 days later: the 10 days remain."""
    registry = stories.listed_partnership().on("2026-01-05")
    stories.submitted_report(registry)
    registry.on("2026-02-14")
    stories.send_back(registry)
    found = on(registry, "2026-03-15")
    assert found.due == date(2025, 1, 15)
    assert found.second_state_from == date(2027, 2, 24)  # 2027-01-15 and 40 days
    assert found.state == "overdue"


def test_a_return_leaves_time_to_cure() -> None:
    """ST4: thirty days after the return nothing new begins, even long after the grace."""
    registry = stories.listed_partnership().on("2027-03-01")
    assert on(registry, "2027-03-01").state == "inactive"
    stories.returned_report(registry)
    assert on(registry, "2027-03-30").state == "overdue"
    assert not on(registry, "2027-03-30").is_removal_eligible(date(2027, 3, 30))
    assert on(registry, "2027-03-31").state == "inactive"
    assert on(registry, "2027-03-31").is_removal_eligible(date(2027, 3, 31))


def test_a_return_before_the_due_day_moves_it() -> None:
    """ST3, ST4: submitted in time, returned late: the due day is the end of the time to cure."""
    registry = stories.listed_partnership().on("2025-01-10")
    stories.submitted_report(registry)
    registry.on("2025-02-01")
    stories.send_back(registry)
    found = on(registry, "2025-02-02")
    assert found.due == date(2025, 3, 3)
    assert found.state == "due_soon"


def test_a_general_extension_moves_the_due_day() -> None:
    """ST5: an outage on the due day moves everything that is counted from it."""
    registry = stories.listed_partnership().on("2025-01-15")
    registry.append(
        OFFICE_A, "calendar/extension/outage", "DeadlineExtendedGenerally",
        first_day="2025-01-14", last_day="2025-01-16", days=10,
        ground=text("The service could not be reached"), mandate="REG/2025/1",
    )  # fmt: skip
    found = on(registry, "2025-01-20")
    assert (found.due, found.state) == (date(2025, 1, 25), "due_soon")
    assert found.non_communicating_from == date(2026, 1, 25)


def test_what_is_not_listed_has_no_standing() -> None:
    """ST7: neither a submission nor an initiative without a clock nor what is unknown."""
    registry = stories.screened_partnership()
    assert on(registry, "2024-01-16").state == "none"
    other = "p-pledge"
    stories.listed_partnership(registry, name=other, initiative_kind="voluntary_commitment")
    assert standing_at(registry.subject(other), registry.now, registry.book).state == "none"
    assert standing_at(registry.subject("p-nothing"), registry.now, registry.book).state == "none"


def test_what_is_owed_is_every_period_without_an_accepted_report() -> None:
    """For a return to the register: the middle report is there, the first and third are not."""
    registry = stories.listed_partnership().on("2026-02-01")
    stories.accepted_report(
        registry, obligation=2, period_start="2025-01-01", period_end="2025-12-31", due="2026-01-15"
    )
    subject = registry.subject(PARTNERSHIP)
    found = partnership.of(subject)
    rules = partnership.profile_of(found, registry.book)
    assert [one.k for one in owed(found, subject, rules, date(2027, 1, 15), registry.book)] == [
        1,
        3,
    ]


def test_a_partnership_is_rebuilt_from_its_own_events_alone() -> None:
    """Folding only its events into a book that holds nothing else gives the same things."""
    registry = stories.listed_partnership()
    stories.acknowledged_commitment(registry)
    stories.returned_report(registry.on("2025-01-10"))
    stories.accepted_report(registry.on("2025-02-01"))
    rebuilt = Subject(PARTNERSHIP)
    now = 0
    for index, event in enumerate(registry.events):
        now = max(now, event.iat)
        if event.subject == PARTNERSHIP:
            entry = Entry(index, event, admission.read_body(event), now)
            admission.fold(entry, rebuilt, EMPTY)
    assert rebuilt.things == registry.subject(PARTNERSHIP).things
    assert rebuilt.heads == registry.subject(PARTNERSHIP).heads
