"""Exemptions: a waived clause and a national report let nothing be owed, and end with it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, refused
from tests.harness.stories import EXECUTIVE_HEAD, FOCAL_POINT, ISSUER, OFFICE_A, PARTNERSHIP, text
from tests.verifier.rules import test_integrity, test_report_national
from verifier.rules import dates, partnership
from verifier.rules.report.duties import duties
from verifier.rules.standing import Standing, owed, standing_at

BASE = {"set": "default", "version": 1}


def waive(registry: Registry, local: str = "w1", **changes: Any) -> dict[str, Any]:
    """Waive the clause that asks for reports, for 300 days; return the reference to the waiver."""
    fields = {"guideline": BASE, "clause": "2.1", "reason": text("A flood"),
              "until": registry.day(300)} | changes  # fmt: skip
    stream = f"{PARTNERSHIP}/waiver/{local}"
    return ref(registry.append(ISSUER, stream, "WaiverGranted", **fields))


def on(registry: Registry, day: str) -> Standing:
    """Return the standing on a day."""
    return standing_at(registry.subject(PARTNERSHIP), registry.on(day).now, registry.book)


@pytest.fixture
def registry() -> Registry:
    """A partnership half a year before its first due day, 2025-01-15."""
    return stories.listed_partnership().on("2024-07-15")


def test_a_period_whose_clause_is_waived_is_exempt_until_its_due_day_has_passed(
    registry: Registry,
) -> None:
    """ST10: exempt from the waiver on; the day after, the next obligation counts, and only it."""
    assert on(registry, "2024-07-15").state == "not_due"
    waive(registry)
    for day in ("2024-07-15", "2025-01-14", "2025-01-15"):
        assert on(registry, day).state == "exempt"
    found = on(registry, "2025-01-16")
    assert (found.obligation, found.due, found.state) == (2, date(2026, 1, 15), "not_due")
    assert on(registry, "2026-01-15").state == "overdue"


def test_a_waiver_counts_on_the_due_day_alone(registry: Registry) -> None:
    """ST10: one that ended before, one of another clause and one given late excuse nothing."""
    waive(registry, until="2025-01-14")
    waive(registry, "w2", clause="4.1")
    assert on(registry, "2025-01-15").state == "overdue"
    waive(registry.on("2025-01-16"), "w3")
    assert on(registry, "2025-01-16").state == "overdue"


def test_a_waiver_that_lasts_until_the_due_day_is_enough(registry: Registry) -> None:
    """ST10: the day itself counts."""
    waive(registry, until="2025-01-15")
    assert on(registry, "2025-01-15").state == "exempt"


def test_no_notice_is_given_while_a_period_is_exempt(registry: Registry) -> None:
    """CS3, NT1: not about the exempt period ever, and about the next from its own day on."""
    notice = (OFFICE_A, removals.CASE, "RemovalNoticeIssued")
    other, day = branch(registry), on(registry, "2024-07-15").removal_eligible_from
    assert day is not None
    first = removals.notice_fields(registry)
    waive(registry)
    assert refused(registry.on("2025-01-15"), *notice, **first) == {"CS3", "NT1"}
    fields = removals.notice_fields(registry)
    assert refused(registry, *notice, **fields) == {"CS3"}
    for now in (registry, other):
        now.on(day.isoformat())
    assert "NT1" in refused(registry, *notice, **first)
    other.append(*notice, **first)
    later = on(registry, registry.day()).removal_eligible_from
    assert later is not None
    registry.on(dates.add(later, "P1D", times=-1).isoformat())
    assert refused(registry, *notice, **fields) == {"CS3"}
    registry.on(later.isoformat()).append(*notice, **fields)


def test_what_is_waived_is_no_omission_and_not_owed_on_a_return(registry: Registry) -> None:
    """ST10: the duty is told for the next report alone, and a return is about what was owed."""
    waive(registry)
    registry.on("2026-02-01")
    registry.book.time = registry.now
    subject = registry.subject(PARTNERSHIP)
    found = partnership.of(subject)
    assert found is not None
    rules = partnership.profile_of(found, registry.book)
    assert rules is not None
    missing = owed(found, subject, rules, date(2026, 2, 1), registry.book)
    assert [one.k for one in missing] == [2]
    told = [d.what for d in duties(subject, registry.book) if d.rule == "RE27"]
    assert told == ["report 2"]


def test_no_principle_is_set_aside(registry: Registry) -> None:
    """WV1, ST10: a breach of a principle is taken up while the clause on reports is waived."""
    waive(registry)
    registry.append(
        EXECUTIVE_HEAD, removals.CASE, "IntegrityCaseOpened", **test_integrity.opening(registry)
    )
    assert on(registry, registry.day()).state == "exempt"


def test_a_national_report_lets_nothing_be_owed_in_its_period() -> None:
    """ST10: exempt once it is accepted, until its due day; a self report satisfies instead."""
    registry = test_report_national.due()
    test_report_national.recognise(registry)
    own = branch(registry)
    test_report_national.submit(
        registry, stories.SECRETARIAT, organization=stories.NGO, awaits=None
    )
    assert on(registry, "2025-01-14").state == "pending_review"
    stories.accept(registry)
    assert [on(registry, f"2025-01-{day}").state for day in (14, 15, 16)] == [
        "exempt", "exempt", "not_due",
    ]  # fmt: skip
    stories.accepted_report(own)
    assert on(own, "2025-01-14").state == "not_due"


def check(registry: Registry, result: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a check of the clause on reports."""
    return {"guideline": BASE, "clause": "2.1", "result": result, "text": text("Seen")} | changes


def test_a_waived_clause_is_not_found_broken_in_silence(registry: Registry) -> None:
    """FI12: broken, it names the waiver in force; met, it need not; a strange one is refused."""
    stream, type_ = f"{PARTNERSHIP}/compliance/c1", "ComplianceChecked"
    early = branch(registry)
    early.append(FOCAL_POINT, stream, type_, **check(early, "not_met"))
    other, held = waive(registry, "w2", clause="4.1"), waive(registry)
    for result in ("not_met", "partly_met"):
        assert refused(registry, FOCAL_POINT, stream, type_, **check(registry, result)) == {"FI12"}
    wrong = check(registry, "not_met", waiver=other)
    assert refused(registry, FOCAL_POINT, stream, type_, **wrong) == {"FI12"}
    met = branch(registry)
    met.append(FOCAL_POINT, stream, type_, **check(met, "met"))
    over = branch(registry).on(dates.add(date.fromisoformat(registry.day()), "P301D").isoformat())
    late = check(over, "not_met", waiver=held)
    assert refused(over, FOCAL_POINT, stream, type_, **late) == {"FI12"}
    over.append(FOCAL_POINT, stream, type_, **check(over, "not_met"))
    registry.append(FOCAL_POINT, stream, type_, **check(registry, "not_met", waiver=held))
