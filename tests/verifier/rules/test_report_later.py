"""After its submission: a report is amended, corrected, withheld in part, considered; days move."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from tests.harness import removals, stories
from tests.harness.registry import Registry
from tests.harness.removals import branch, refused
from tests.harness.stories import (
    COMPANY,
    DOCUMENT,
    NGO,
    OFFICE_A,
    PARTNERSHIP,
    REVIEWERS,
    SCREENER,
    SECRETARIAT,
    text,
)
from verifier.rules import evidence
from verifier.rules.book import Entry
from verifier.rules.report import Report
from verifier.rules.standing import Standing, standing_at

STREAM = f"{PARTNERSHIP}/report/first"
OTHER_DOCUMENT = bytes(range(1, 33))


@pytest.fixture
def registry() -> Registry:
    """A partnership whose first report was submitted a day before it was due."""
    registry = stories.listed_partnership().on("2025-01-14")
    stories.submitted_report(registry)
    return registry


def found(registry: Registry) -> Report:
    """Return the report on record."""
    thing = registry.subject(PARTNERSHIP).get("report:first", Report)
    assert thing is not None
    return thing


def on(registry: Registry, day: str) -> Standing:
    """Return the partnership's standing on a day."""
    return standing_at(registry.subject(PARTNERSHIP), registry.on(day).now, registry.book)


def amendment(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of an amendment that names another document."""
    shared = {k: v for k, v in stories.report(registry).items()
              if k in ("template", "answers", "results", "finances")}  # fmt: skip
    return shared | {
        "report": stories.waiting(registry), "reason": text("The wrong file was attached"),
        "documents": [OTHER_DOCUMENT],
    } | changes  # fmt: skip


def test_a_report_is_amended_in_its_first_days(registry: Registry) -> None:
    """RE21: by its author, for ten days; what is screened is the amended version."""
    submitted = stories.waiting(registry)
    amend = (STREAM, "ReportAmended")
    assert refused(registry, COMPANY, *amend, **amendment(registry)) == {"AD10"}
    late = branch(registry).on("2025-01-25")
    assert refused(late, SECRETARIAT, *amend, **amendment(late)) == {"RE21"}
    registry.on("2025-01-24")
    assert refused(registry, SECRETARIAT, *amend,
                   **amendment(registry, template="enhanced")) == {"RE7"}  # fmt: skip
    assert refused(registry, NGO, *amend, **amendment(registry)) == {"AD10"}
    registry.append(SECRETARIAT, *amend, **amendment(registry))
    report = found(registry)
    assert (report.amended, report.documents) == (1, (OTHER_DOCUMENT,))
    assert (report.filed_on, report.submitted_on) == ("2025-01-14", "2025-01-14")
    assert refused(registry, SCREENER, STREAM, "ReportAccepted", report=submitted) == {"RE8"}
    assert refused(registry, SECRETARIAT, *amend,
                   **amendment(registry, report=submitted)) == {"RE21"}  # fmt: skip
    stories.accept(registry)
    assert refused(registry, SECRETARIAT, *amend, **amendment(registry)) == {"RE21"}


CORRECTION = {"wrong": text("Thirty taps"), "right": text("Thirteen taps")}


def test_a_correction_never_changes_what_was_judged(registry: Registry) -> None:
    """RE22: it stands beside the report; whatever decision considered it keeps its evidence."""
    fields = CORRECTION | {"report": stories.waiting(registry)}
    correct = (STREAM, "ReportCorrected")
    assert refused(registry, SECRETARIAT, *correct, **fields) == {"RE22"}
    stories.accept(registry)
    before = found(registry).ref
    assert refused(registry, COMPANY, *correct, **fields) == {"AD10"}
    corrected = registry.append(SECRETARIAT, *correct, **fields)
    assert (found(registry).ref, found(registry).corrections) == (before, (corrected.ref,))


def test_what_waits_long_is_corrected(registry: Registry) -> None:
    """RE22: after the window of amendments also before it is screened; what was returned is not."""
    fields = CORRECTION | {"report": stories.waiting(registry)}
    registry.on("2025-01-25").append(SECRETARIAT, STREAM, "ReportCorrected", **fields)
    stories.send_back(registry)
    assert refused(registry, SECRETARIAT, STREAM, "ReportCorrected", **fields) == {"RE22"}


def withheld(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a withholding until a year after the submission."""
    return {
        "report": stories.waiting(registry), "document": DOCUMENT, "ground": "safety_of_persons",
        "explanation": text("It names the wells' guards"), "authority": "ST/SGB/2007/6",
        "until": "2026-01-14",
    } | changes  # fmt: skip


def test_a_document_is_withheld_for_a_stated_time(registry: Registry) -> None:
    """RE23, R82: by the registry, on a ground and an authority, for two years at most."""
    withhold = (STREAM, "ReportWithheld")
    assert refused(registry, SECRETARIAT, *withhold, **withheld(registry)) == {"AD10"}
    for changes in (
        {"document": OTHER_DOCUMENT}, {"until": "2025-01-14"}, {"until": "2027-01-15"},
        {"until": "2026-02-30"},
    ):  # fmt: skip
        assert refused(registry, OFFICE_A, *withhold, **withheld(registry, **changes)) == {"RE23"}
    registry.append(OFFICE_A, *withhold, **withheld(registry))
    assert refused(registry, OFFICE_A, *withhold, **withheld(registry)) == {"RE23"}
    assert refused(registry, SECRETARIAT, STREAM, "ReportAmended",
                   **amendment(registry)) == {"RE21"}  # fmt: skip
    registry.on("2026-01-15").append(OFFICE_A, *withhold,
                                     **withheld(registry, until="2026-06-30"))  # fmt: skip
    assert [w.until for w in found(registry).withheld] == ["2026-06-30"]


def test_a_review_says_what_it_learnt_from_a_report(registry: Registry) -> None:
    """RE24, R89: from an accepted one, in an open review, once."""
    fields = {"report": stories.waiting(registry), "review": "r1", "learnt": text("Pumps fail")}
    consider = (REVIEWERS[1], STREAM, "ReportConsidered")
    stories.accept(registry)
    assert refused(registry, *consider, **fields) == {"RE24"}
    removals.open_review(registry)
    waiting = branch(registry)
    waiting.subject(PARTNERSHIP).change(("report:first", _unscreened(found(registry))))
    assert refused(waiting, *consider, **fields) == {"RE24"}
    registry.append(*consider, **fields)
    assert found(registry).considered_by == ("r1",)
    assert refused(registry, *consider, **fields) == {"RE24"}


def _unscreened(report: Report) -> Report:
    return replace(report, state="submitted")


# Days that move.


def extension(**changes: Any) -> dict[str, Any]:
    """Return the fields of an extension of the first report."""
    return {"obligation": 1, "duration": "P90D", "ground": "floods", "mandate": "REG/1",
            "explanation": text("The offices stood under water")} | changes  # fmt: skip


def extend(registry: Registry, local: str = "e1", **changes: Any) -> Entry:
    """Grant an extension."""
    return registry.append(OFFICE_A, f"{PARTNERSHIP}/extension/{local}", "ExtensionGranted",
                           **extension(**changes))  # fmt: skip


def test_an_extension_moves_one_due_day() -> None:
    """RE25: the first report that is owed, by the profile's time; the next keeps its day."""
    registry = stories.listed_partnership().on("2025-02-01")
    where = (OFFICE_A, f"{PARTNERSHIP}/extension/e1", "ExtensionGranted")
    for changes in ({"obligation": 2}, {"duration": "P91D"}):
        assert refused(registry, *where, **extension(**changes)) == {"RE25"}
    extend(registry)
    assert on(registry, "2025-04-14").state == "due_soon"
    assert on(registry, "2025-04-15").state == "overdue"
    stories.accepted_report(registry, due="2025-04-15")
    assert on(registry, "2025-05-01").due == date(2026, 1, 15)


def test_no_report_is_extended_twice_nor_two_in_a_row() -> None:
    """RE25: once each, and after an extended one the next is due on its day."""
    registry = stories.listed_partnership().on("2025-02-01")
    extend(registry)
    again = (OFFICE_A, f"{PARTNERSHIP}/extension/e2", "ExtensionGranted")
    assert refused(registry, *again, **extension()) == {"RE25"}
    assert refused(registry, OFFICE_A, f"{PARTNERSHIP}/extension/e1", "ExtensionGranted",
                   **extension()) == {"RE25"}  # fmt: skip
    stories.accepted_report(registry, due="2025-04-15")
    registry.on("2026-02-01")
    assert refused(registry, *again, **extension(obligation=2)) == {"RE25"}
    stories.accepted_report(registry, local="second")
    extend(registry.on("2027-02-01"), "e3", obligation=3)


def test_one_office_does_not_undo_a_decision_by_more_time() -> None:
    """RE30: before two offices have decided it gives time; afterwards an appeal may."""
    registry, _ = removals.decided()
    where = (OFFICE_A, f"{PARTNERSHIP}/extension/e1", "ExtensionGranted")
    assert refused(registry, *where, **extension()) == {"RE30"}
    assert not any(step.lawful for step in removals.next_steps(registry, "ExtensionGranted"))
    extend(removals.finally_noticed())


def test_the_cycle_moves_once_and_with_it_all_later_days() -> None:
    """RE26: by eleven months at most, before the due day has ended, once for good."""
    registry = stories.listed_partnership().on("2025-01-10")
    move = (SECRETARIAT, f"{PARTNERSHIP}/cycle", "CycleAdjusted")
    fields = {"obligation": 1, "due": "2025-06-30", "reason": text("To the year of the accounts")}
    for changes in ({"due": "2025-12-16"}, {"due": "2025-01-15"}, {"obligation": 2},
                    {"due": "2025-02-29"}):  # fmt: skip
        assert refused(registry, *move, **(fields | changes)) == {"RE26"}
    late = branch(registry).on("2025-01-17")
    assert refused(late, *move, **fields) == {"RE26"}
    registry.append(*move, **fields)
    assert on(registry, "2025-02-01").due == date(2025, 6, 30)
    stories.accepted_report(registry.on("2025-06-30"))
    assert on(registry, "2025-07-01").due == date(2026, 6, 30)
    again = fields | {"obligation": 2, "due": "2026-09-30"}
    assert refused(registry, *move, **again) == {"RE26"}


def test_without_a_clock_no_day_moves() -> None:
    """RE25, RE26: an initiative that owes no reports has no due day."""
    registry = stories.listed_partnership(initiative_kind="voluntary_commitment")
    assert refused(registry, OFFICE_A, f"{PARTNERSHIP}/extension/e1", "ExtensionGranted",
                   **extension()) == {"RE25"}  # fmt: skip
    assert refused(registry, SECRETARIAT, f"{PARTNERSHIP}/cycle", "CycleAdjusted",
                   obligation=1, due="2025-06-30", reason=text("a")) == {"RE26"}  # fmt: skip


# Useless reports.


def test_a_returned_report_lapses(registry: Registry) -> None:
    """RE5, D3.25: after 180 days it is not submitted again; a new one is."""
    stories.send_back(registry)
    on_time = branch(registry).on("2025-07-13")
    stories.submitted_report(on_time)
    registry.on("2025-07-14")
    fields = stories.report(registry)
    assert refused(registry, SECRETARIAT, STREAM, "ReportSubmitted", **fields) == {"RE5"}
    stories.submitted_report(registry, local="second")


def test_useless_reports_do_not_put_off_a_removal() -> None:
    """ST9: two returned ones grant time; the third is screened like any other and stops nothing."""
    registry = stories.listed_partnership().on("2026-03-01")
    for local in ("a", "b"):
        stories.returned_report(registry, local=local)
        assert not on(registry, registry.day()).is_removal_eligible(
            date.fromisoformat(registry.day())
        )
        removals.later(registry, 40)
    day = registry.day()
    assert on(registry, day).is_removal_eligible(date.fromisoformat(day))
    stories.submitted_report(registry, local="c")
    assert on(registry, day).is_removal_eligible(date.fromisoformat(day))
    stories.accept(registry, local="c")
    assert on(registry, day).obligation == 3


def to_the_decision(registry: Registry) -> None:
    """Move log time to the first day on which a removal may be decided."""
    offered = removals.next_steps(registry, "RemovalDecisionProposed")
    registry.now = max(registry.now, *(step.earliest or 0 for step in offered))


def test_a_third_useless_report_does_not_stop_a_decision() -> None:
    """EV3, ST9: while a removal collects endorsements, the first reports stop it, the third not."""
    registry = removals.finally_noticed()
    for local in ("a", "b"):
        stories.returned_report(registry, local=local)
        removals.later(registry, 31)
    to_the_decision(registry)
    proposal = removals.propose_decision(registry)
    stories.submitted_report(registry, local="c")
    for office in (OFFICE_A, stories.OFFICE_B):
        registry.endorse(office, proposal, removals.REGISTRY_ORG)
    assert removals.case(registry).decision is not None


def test_no_flood_of_papers_makes_a_decision_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    """EV3: of replies a list holds the newest, of contributors' reports each one's last."""
    monkeypatch.setattr(evidence, "MOST_REPLIES", 2)
    registry = removals.noticed()
    for n in range(4):
        registry.append(SECRETARIAT, f"{PARTNERSHIP}/reply/r{n}", "ReplyFiled", case="c1",
                        text=stories.text("…"))  # fmt: skip
        registry.append(
            COMPANY, f"{PARTNERSHIP}/report/own-{n}", "ReportSubmitted", kind="contributor",
            period_start="2024-01-15", period_end=registry.day(), organization=COMPANY,
            template="light", answers=[{"question": "1", "text": stories.text("…")}],
        )  # fmt: skip
    removals.give_final_notice(removals.later(registry, 90))
    to_the_decision(registry)
    listed = [item["ref"]["stream"].rpartition("/")[2] for item in removals.treated(registry)]
    assert listed == ["own-3", "r2", "r3"]
    for one in ("own-3", "r2"):
        fields = removals.decision_fields(registry, evidence=removals.treated(
            registry, leave_out=one))  # fmt: skip
        assert removals.refused(registry, OFFICE_A, f"{PARTNERSHIP}/decision/d1",
                                "RemovalDecisionProposed", **fields) == {"EV3"}  # fmt: skip
    removals.decide(registry)
    assert removals.case(registry).decision is not None


def test_a_first_report_stops_a_decision() -> None:
    """EV3: what the deciders have not seen and what may cure the case is not passed over."""
    registry = removals.finally_noticed()
    to_the_decision(registry)
    proposal = removals.propose_decision(registry)
    stories.submitted_report(registry, local="c")
    assert removals.refused_voice(registry, OFFICE_A, proposal, removals.REGISTRY_ORG) >= {"EV3"}


def test_a_general_extension_moves_the_deciders_days_too() -> None:
    """CS9: an outage on the last day for the decision moves it; no case is lost by it."""
    registry = removals.finally_noticed()
    to_the_decision(registry)
    late = branch(registry)
    removals.later(late, 95)
    where = (OFFICE_A, f"{PARTNERSHIP}/decision/d1", "RemovalDecisionProposed")
    assert refused(late, *where, **removals.decision_fields(late)) == {"CS9"}
    removals.later(registry, 89)
    registry.append(
        OFFICE_A, "calendar/extension/outage", "DeadlineExtendedGenerally",
        first_day=registry.day(-5), last_day=registry.day(10), days=30, ground=text("An outage"),
        mandate="REG/2",
    )  # fmt: skip
    removals.later(registry, 6)
    removals.propose_decision(registry)


def test_what_was_signed_is_not_amended_behind_the_signer() -> None:
    """RE21, RE10: an amended version is signed anew by all; it waits for screening only then."""
    registry = stories.listed_partnership(profile="un_led").on("2025-01-14")
    stories.submitted_report(registry)
    assert found(registry).state == "submitted"
    amend = (SECRETARIAT, STREAM, "ReportAmended")
    assert refused(registry, *amend, **amendment(registry)) == {"RE10"}
    registry.append(*amend, **amendment(registry, awaits=["lead_un_entity"]))
    assert (found(registry).state, found(registry).awaits) == ("unsigned", ("lead_un_entity",))
    fields = {"slot": "lead_un_entity", "organization": stories.UN_AGENCY}
    registry.on("2025-01-20").append(stories.UN_AGENCY, STREAM, "ReportCosigned",
                                     report=stories.waiting(registry), **fields)  # fmt: skip
    assert (found(registry).state, found(registry).submitted_on) == ("submitted", "2025-01-20")
