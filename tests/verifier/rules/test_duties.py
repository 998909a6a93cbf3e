"""Duties: what is owed by which day, told when it is late, met when it was done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import judging, removals, stories
from tests.harness.commitments import ACCOUNT, DUE, PROOF, milestone, promised, say
from tests.harness.registry import Registry, seconds
from tests.harness.stories import COMPANY, PARTNERSHIP, text
from verifier.rules.book import Broken
from verifier.rules.commitment.duties import duties
from verifier.rules.commitment.duties import whole_log as promises_broken
from verifier.rules.delisting.duties import whole_log as cases_broken
from verifier.rules.report.duties import whole_log as reports_broken


@pytest.fixture
def registry() -> Registry:
    """A listed partnership with a commitment of the company, made on 2024-01-15."""
    return promised()


def owed(registry: Registry, day: str) -> list[tuple[str, str, bool]]:
    """Return the commitments' duties as (rule, due day, late) as of noon of a day."""
    return [(d.rule, d.due, d.is_late(seconds(day)))
            for d in duties(registry.subject(PARTNERSHIP), registry.book)]  # fmt: skip


def test_duties_follow_the_days(registry: Registry) -> None:
    """CO38, CO39: a milestone and a promise are late after their day, until met."""
    say(registry, COMPANY, "MilestoneSet", **milestone())
    assert owed(registry, "2025-01-31") == [("CO38", DUE, False), ("CO39", "2025-01-31", False)]
    assert owed(registry, "2025-02-02") == [("CO38", DUE, False), ("CO39", "2025-01-31", True)]
    registry.on("2025-03-01")
    say(registry, COMPANY, "DeliverableReported", on="2025-02-28", text=text("a"),
        evidence=[PROOF], milestone="half")  # fmt: skip
    assert owed(registry, "2025-03-01") == [("CO38", DUE, False), ("CO39", "2025-01-31", False)]
    assert [d.was_late for d in duties(registry.subject(PARTNERSHIP), registry.book)] == [
        False, True,
    ]  # fmt: skip
    assert owed(registry, "2026-01-16")[0] == ("CO38", DUE, True)
    registry.on("2026-01-16")
    say(registry, COMPANY, "CommitmentMissed", **ACCOUNT)
    assert owed(registry, "2026-01-16") == []


def test_a_long_promise_has_a_milestone_in_every_two_years() -> None:
    """CO37: the first time without one is named; with one in each there is none."""
    registry = stories.listed_partnership()
    stories.acknowledged_commitment(registry, due="2029-06-30", horizon="long")
    assert ("CO37", "2026-01-15", True) in owed(registry, "2026-02-01")
    assert ("CO37", "2026-01-15", False) in owed(registry, "2026-01-15")
    say(registry, COMPANY, "MilestoneSet", **milestone("a", "2026-01-15"))
    assert ("CO37", "2028-01-15", False) in owed(registry, "2026-02-01")
    say(registry, COMPANY, "MilestoneSet", **milestone("b", "2027-12-31"))
    assert not [one for one in owed(registry, "2029-01-01") if one[0] == "CO37"]


def told(registry: Registry, day: str) -> list[tuple[str, str, str]]:
    """Return what the whole log tells of reports at noon of a day: rule, whose it is, due day."""
    registry.book.time = registry.on(day).now
    found: list[Broken] = list(reports_broken(registry.book))
    assert {broken.kind for broken in found} <= {"omission"}
    return [(broken.rule, broken.who, broken.due) for broken in found]


def test_a_late_report_is_told_until_it_is_submitted() -> None:
    """RE27: not on its due day, but once that has ended; not while the report waits, nor after."""
    registry = stories.listed_partnership()
    assert told(registry, "2025-01-15") == []
    assert told(registry, "2025-01-17") == [("RE27", stories.SECRETARIAT, "2025-01-15")]
    stories.submitted_report(registry)
    assert told(registry, "2025-01-18") == []
    stories.accept(registry)
    assert told(registry, "2026-01-15") == []
    assert told(registry, "2026-01-17") == [("RE27", stories.SECRETARIAT, "2026-01-15")]


def test_a_registry_that_does_not_screen_is_told() -> None:
    """RE28: thirty days after a submission the lateness is the registry's own."""
    registry = stories.listed_partnership().on("2025-01-10")
    stories.submitted_report(registry)
    assert told(registry, "2025-02-09") == []
    owing = "screening_officer or registry"
    assert told(registry, "2025-02-11") == [("RE28", owing, "2025-02-09")]
    stories.send_back(registry)
    assert told(registry, "2025-02-12") == []


def test_what_is_broken_of_promises_is_told_of_every_subject(registry: Registry) -> None:
    """CO38, CO39: with the stream on which it would stand, and whose promise it was."""
    say(registry, COMPANY, "MilestoneSet", **milestone())
    registry.book.time = seconds("2026-02-01")
    found = [(b.rule, b.who, b.stream, b.due) for b in promises_broken(registry.book)]
    stream = f"{PARTNERSHIP}/commitment/taps"
    assert found == [("CO38", COMPANY, stream, DUE), ("CO39", COMPANY, stream, "2025-01-31")]


def test_who_is_removed_owes_no_report() -> None:
    """RE27: what is owed for a return is asked there, and is no omission meanwhile."""
    registry: Any = removals.removed()
    registry.book.time = registry.now + 400 * 86_400
    assert [b for b in reports_broken(registry.book) if b.rule == "RE27"] == []


def silent(registry: Registry) -> list[tuple[str, str, str]]:
    """Return what the whole log tells of a case's deciders: rule, whose it is, due day."""
    registry.book.time = registry.now
    return [(broken.rule, broken.who, broken.due) for broken in cases_broken(registry.book)]


@pytest.mark.parametrize("who", ["appeals_panel", "body_secretary"])
def test_an_appeal_that_nobody_decides_is_an_omission(who: str) -> None:
    """CD1: not on its last day; after it, the judges', or the secretary's who drew none."""
    registry, filed = removals.appealed()
    last = registry.day(90)
    if who == "appeals_panel":
        judging.draw_judges(registry, filed)
    removals.later(registry, 90)
    assert silent(registry) == []
    removals.later(registry, 2)
    assert silent(registry) == [("CD1", who, last)]


def test_a_case_that_was_cured_is_closed_soon() -> None:
    """CD2: fourteen days after the acceptance; an open case without one owes no closing."""
    registry = removals.noticed()
    removals.later(registry, 30)
    assert silent(registry) == []
    stories.accepted_report(registry)
    last = registry.day(14)
    removals.later(registry, 14)
    assert silent(registry) == []
    removals.later(registry, 2)
    assert silent(registry) == [("CD2", "registry", last)]
    registry.append(stories.OFFICE_A, removals.CASE, "CaseClosed", ground="cured")
    assert silent(registry) == []
