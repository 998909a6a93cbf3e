"""Reminders come before notices, on days that the profile names; a machine may sign them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.removals import later, next_step, refused
from tests.harness.stories import MACHINE, OFFICE_A, PARTNERSHIP
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
