"""Reminders come before notices, on days that the profile names; a machine may sign them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.removals import later, next_step, refused
from tests.harness.stories import MACHINE, OFFICE_A, PARTNERSHIP
from verifier.rules.delisting.reminder import whole_log
from verifier.rules.standing import standing_at

STREAM = f"{PARTNERSHIP}/reminder"


@pytest.fixture
def registry() -> Registry:
    """A listed partnership, ninety days before its first report is due."""
    registry = stories.listed_partnership()
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert now.due is not None
    registry.on(now.due.isoformat())
    return later(registry, -90)


def reminder(registry: Registry, day: int, **changes: Any) -> dict[str, Any]:
    """Return the fields of a reminder of the first report."""
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert now.due is not None
    return {"obligation": 1, "due": now.due.isoformat(), "day": day} | changes


def test_a_machine_reminds_on_each_day_that_the_profile_names(registry: Registry) -> None:
    """Ninety, thirty and seven days before, on the day, and on the day after (RS1)."""
    for day, gap in ((-90, 60), (-30, 23), (-7, 7), (0, 1), (1, 0)):
        assert next_step(registry, "ReminderSent").lawful
        registry.append(MACHINE, STREAM, "ReminderSent", **reminder(registry, day))
        later(registry, gap)


@pytest.mark.parametrize(
    "wrong", [{"day": -30}, {"day": -60}, {"obligation": 2}, {"due": "2025-02-01"}]
)
def test_a_reminder_is_of_what_is_owed_on_its_day(
    registry: Registry, wrong: dict[str, Any]
) -> None:
    """RS1: not ahead of its day, not of a day that nobody named, not of another report."""
    assert refused(registry, MACHINE, STREAM, "ReminderSent",
                   **(reminder(registry, -90) | wrong)) == {"RS1"}  # fmt: skip
    registry.append(OFFICE_A, STREAM, "ReminderSent", **reminder(registry, -90))


def test_nobody_is_reminded_twice_of_one_day(registry: Registry) -> None:
    """RS2: the same day again is refused, also by another signer."""
    registry.append(MACHINE, STREAM, "ReminderSent", **reminder(registry, -90))
    assert refused(registry, OFFICE_A, STREAM, "ReminderSent", **reminder(registry, -90)) == {"RS2"}


def told(registry: Registry, days: int) -> list[str]:
    """Return the due days of the reminders that the whole log misses, some days from now."""
    registry.book.time = later(registry, days).now
    found = list(whole_log(registry.book))
    for broken in found:
        assert (broken.rule, broken.kind, broken.stream) == ("RS3", "omission", STREAM)
        assert broken.who == "registry or registry_service"
    return [broken.due for broken in found]


def test_a_reminder_that_was_not_sent_is_told(registry: Registry) -> None:
    """RS3: not on its day, but once that has ended; each that is missing, with its day."""
    assert told(registry, 0) == []
    assert told(registry, 2) == ["2024-10-17"]
    registry.append(MACHINE, STREAM, "ReminderSent", **reminder(registry, -90))
    assert told(registry, 0) == []
    assert told(registry, 90) == ["2024-12-16", "2025-01-08", "2025-01-15", "2025-01-16"]


def test_reminders_that_were_sent_leave_nothing_to_tell(registry: Registry) -> None:
    """RS3: one on each day is all that is asked, also in what the days after that bring."""
    for day, gap in ((-90, 60), (-30, 23), (-7, 7), (0, 1), (1, 0)):
        registry.append(MACHINE, STREAM, "ReminderSent", **reminder(registry, day))
        later(registry, gap)
    assert told(registry, 60) == []


def test_no_reminder_is_missed_while_a_report_waits_or_before_it_is_owed(
    registry: Registry,
) -> None:
    """RS3: a report that waits, and days on which another report was owed, ask for none."""
    assert told(registry, 100) != []
    stories.submitted_report(registry.on("2025-12-01"), period_end="2025-01-15")
    assert told(registry, 2) == []
    stories.accept(registry)
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert (now.obligation, now.due) == (2, date(2026, 1, 15))
    assert told(registry, 0) == []
    assert told(registry, 15) == ["2025-12-16"]
