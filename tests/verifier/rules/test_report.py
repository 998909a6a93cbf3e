"""Reports: on the obligation they cover, screened by somebody who has no part in it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry, ref, seconds
from tests.harness.stories import COMPANY, NGO, OFFICE_A, PARTNERSHIP, SCREENER, SECRETARIAT, text
from verifier.rules.ahead import Step, steps
from verifier.rules.book import Entry, Refused
from verifier.rules.report import Report, Return

STREAM = f"{PARTNERSHIP}/report/first"


@pytest.fixture
def registry() -> Registry:
    """A partnership listed on 2024-01-15, on the day before its first report is due."""
    return stories.listed_partnership().on("2025-01-14")


def submit(registry: Registry, author: str = SECRETARIAT, stream: str = STREAM,
           **changes: Any) -> Entry:  # fmt: skip
    """Submit the story's report, changed; a field changed to None is left out."""
    fields = {k: v for k, v in stories.report(registry, **changes).items() if v is not None}
    return registry.append(author, stream, "ReportSubmitted", **fields)


def rules(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    """Return the numbers of the rules that were not met."""
    return {unmet.rule for unmet in refused.value.unmet}


def refusal(registry: Registry, author: str = SECRETARIAT, stream: str = STREAM,
            **changes: Any) -> set[str]:  # fmt: skip
    """Return the rules by which a report is refused."""
    with pytest.raises(Refused) as refused:
        submit(registry, author, stream, **changes)
    return rules(refused)


def found(registry: Registry, local: str = "first") -> Report:
    """Return the report on record."""
    thing = registry.subject(PARTNERSHIP).get(f"report:{local}", Report)
    assert thing is not None
    return thing


def ahead(registry: Registry, at: int) -> dict[str, Step]:
    """Return what may happen next to the partnership, by type."""
    return {step.type: step for step in steps(PARTNERSHIP, registry.book, at)}


def test_a_report_is_submitted_and_accepted(registry: Registry) -> None:
    """It names what it covers and when that was due; acceptance keeps both times."""
    submit(registry)
    assert (found(registry).state, found(registry).obligation) == ("submitted", 1)
    assert found(registry).due == "2025-01-15"
    stories.accept(registry.on("2025-01-20"))
    report = found(registry)
    assert (report.state, report.submitted_on, report.screened_on) == (
        "accepted", "2025-01-14", "2025-01-20",
    )  # fmt: skip
    assert (report.submitted_at, report.screened_at) == (
        seconds("2025-01-14"),
        seconds("2025-01-20"),
    )


def test_there_is_nothing_to_report_before_the_listing() -> None:
    """RE1: an unlisted partnership submits no report."""
    registry = stories.screened_partnership()
    fields = {"kind": "self", "period_start": "2024-01-01", "period_end": "2024-01-10",
              "template": "light", "answers": [{"question": "1", "text": text("a")}],
              "organization": NGO}  # fmt: skip
    with pytest.raises(Refused) as refused:
        registry.append(SECRETARIAT, STREAM, "ReportSubmitted", **fields)
    assert rules(refused) == {"RE1"}


@pytest.mark.parametrize("day", ["2025-02-30", "2024-01-14"])
def test_a_period_is_made_of_days_in_order(registry: Registry, day: str) -> None:
    """RE2: an end that does not exist or lies before the start is refused."""
    assert "RE2" in refusal(registry, period_end=day)


def test_a_period_has_ended_before_it_is_reported_on(registry: Registry) -> None:
    """RE2: a period that ends tomorrow is refused until tomorrow begins."""
    with pytest.raises(Refused) as refused:
        submit(registry, period_end="2025-01-15")
    assert [(u.rule, u.earliest) for u in refused.value.unmet] == [
        ("RE2", seconds("2025-01-15") - 12 * 3600)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"obligation": None},
        {"due": "2025-01-16"},
        {"due": None},
        {"period_start": "2024-01-16"},
        {"period_end": "2024-10-16"},
        {"obligation": 2, "due": "2026-01-15"},
    ],
)
def test_a_report_covers_the_obligation_that_it_names(
    registry: Registry, changes: dict[str, Any]
) -> None:
    """RE3: the right due day, and a period that begins and ends with it."""
    assert refusal(registry, **changes) == {"RE3"}


def test_a_report_may_end_a_window_before_its_due_day(registry: Registry) -> None:
    """RE3: ninety days before the due day is soon enough for the light profile."""
    submit(registry, period_end="2024-10-17")
    assert found(registry).period_end == "2024-10-17"


def test_one_report_may_cover_several_obligations(registry: Registry) -> None:
    """RE3: it names the first of them, and none that it covers is reported on again."""
    registry.on("2026-01-10")
    assert refusal(registry, obligation=2, due="2026-01-15") == {"RE3"}
    submit(registry)
    again = {"obligation": 2, "due": "2026-01-15", "period_start": "2025-01-01"}
    assert refusal(registry, stream=f"{PARTNERSHIP}/report/second", **again) == {"RE4"}


def test_other_kinds_satisfy_nothing(registry: Registry) -> None:
    """RE3: a contributor's report is a partner's and names no obligation."""
    theirs = {"kind": "contributor", "organization": COMPANY}
    assert refusal(registry, COMPANY, **theirs) == {"RE3"}
    submit(registry, COMPANY, **theirs, obligation=None, due=None)
    assert found(registry).obligation is None
    assert refusal(registry, COMPANY, f"{PARTNERSHIP}/report/second") == {"AD10"}


def test_an_obligation_is_reported_on_once(registry: Registry) -> None:
    """RE4: a second report on it waits until the first is returned."""
    submit(registry)
    second = f"{PARTNERSHIP}/report/second"
    assert refusal(registry, stream=second) == {"RE4"}
    stories.send_back(registry)
    submit(registry, stream=second)


def test_a_stream_holds_one_report(registry: Registry) -> None:
    """RE5: it is submitted again after a return, with the time the clock stood still on record."""
    submit(registry)
    assert refusal(registry) == {"RE5"}
    registry.on("2025-02-01")
    stories.send_back(registry)
    submit(registry)
    assert found(registry).state == "submitted"
    assert found(registry).returns == (Return("2025-01-14", "2025-02-01"),)


def test_results_are_about_commitments_on_record(registry: Registry) -> None:
    """RE6: an unknown commitment and one that stands twice are refused."""
    stories.acknowledged_commitment(registry)
    on_taps = {"commitment": "taps", "status": "on_track", "value": "4"}
    on_wells = {"commitment": "wells", "status": "on_track"}
    assert refusal(registry, results=[on_taps, on_wells]) == {"RE6"}
    assert refusal(registry, results=[on_taps, on_taps]) == {"RE6"}
    submit(registry, results=[on_taps])


def test_a_self_report_uses_the_template_of_the_profile(registry: Registry) -> None:
    """RE7: another template is for equivalent reports."""
    assert refusal(registry, template="enhanced") == {"RE7"}
    submit(registry, template="cop", kind="equivalent", mechanism="UNGC CoP", sdg_targets=["6.1"])


SCREENINGS = [("ReportAccepted", {}), ("ReportReturned", {"deficiencies": text("a")})]


@pytest.mark.parametrize(("type_", "fields"), SCREENINGS)
def test_only_what_waits_is_screened(
    registry: Registry, type_: str, fields: dict[str, Any]
) -> None:
    """RE8: neither what was never submitted nor what was screened already."""
    unknown = {"stream": STREAM, "seq": 0, "id": bytes(32)}
    with pytest.raises(Refused) as refused:
        registry.append(SCREENER, STREAM, type_, report=unknown, **fields)
    assert rules(refused) == {"RE8"}
    submitted = ref(submit(registry))
    registry.append(OFFICE_A, STREAM, type_, report=submitted, **fields)
    with pytest.raises(Refused) as refused:
        registry.append(SCREENER, STREAM, type_, report=submitted, **fields)
    assert rules(refused) == {"RE8"}


def test_a_screening_names_the_newest_submission(registry: Registry) -> None:
    """RE8: what is accepted is what was submitted last, not what was returned before."""
    first = ref(submit(registry))
    stories.send_back(registry)
    submit(registry)
    with pytest.raises(Refused) as refused:
        registry.append(SCREENER, STREAM, "ReportAccepted", report=first)
    assert rules(refused) == {"RE8"}
    stories.accept(registry)
    assert found(registry).state == "accepted"


def test_an_officer_of_a_partner_does_not_screen(registry: Registry) -> None:
    """RE9: the role alone is not enough where the officer belongs to a partner."""
    registry.enlist("actor-seconded", kind="office", principal=NGO, stakeholder_type="ngo")
    registry.grant("actor-seconded", "screening_officer", OFFICE_A)
    submitted = ref(submit(registry))
    with pytest.raises(Refused) as refused:
        registry.append("actor-seconded", STREAM, "ReportAccepted", report=submitted)
    assert rules(refused) == {"RE9"}


def test_what_may_happen_next_names_the_report_and_its_due_day() -> None:
    """Long before, the step says when time alone makes it lawful, and until when it is owed."""
    registry = stories.listed_partnership()
    step = ahead(registry, registry.now)["ReportSubmitted/1"]
    assert (step.lawful, step.due) == (False, "2025-01-15")
    assert step.earliest == seconds("2024-10-17") - 12 * 3600
    assert "the partnership's secretariat" in step.who
    assert ahead(registry, step.earliest)["ReportSubmitted/1"].lawful


def test_what_waits_for_screening_is_told(registry: Registry) -> None:
    """A submitted report can be accepted or returned now; after a return its stream continues."""
    submit(registry)
    screening = ahead(registry, registry.now)
    assert screening["ReportAccepted/1"].lawful
    assert screening["ReportReturned/1"].lawful
    assert screening["ReportAccepted/1"].who == ("screening_officer", "registry")
    stories.send_back(registry)
    again = ahead(registry, registry.now)["ReportSubmitted/1"]
    assert (again.stream, again.lawful) == (STREAM, True)
    assert "ReportAccepted/1" not in ahead(registry, registry.now)
