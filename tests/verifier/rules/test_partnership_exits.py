"""Leaving the register: by a word, by work done, into another; commitments outlive every exit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.stories import COMPANY, NGO, OFFICE_A, PARTNERSHIP, SECRETARIAT, text
from verifier.rules import partnership
from verifier.rules.ahead import steps
from verifier.rules.book import Entry, Refused
from verifier.rules.commitment import Commitment
from verifier.rules.partnership import Partnership, exits
from verifier.rules.partnership.state import Membership

STREAM = f"{PARTNERSHIP}/registration"
TAPS = f"{PARTNERSHIP}/commitment/taps"
OTHER = "p-clean-coast"


def withdraw(registry: Registry, *, under_case: bool = False, author: str = SECRETARIAT) -> Entry:
    """Withdraw the partnership."""
    return registry.append(author, STREAM, "PartnershipWithdrawn", reason=text("The funds ended"),
                           under_case=under_case)  # fmt: skip


def complete(registry: Registry, report: Entry, **changes: Any) -> Entry:
    """Complete the partnership by its final report."""
    fields = {"report": ref(report), "ended_on": "2025-01-14"} | changes
    return registry.append(SECRETARIAT, STREAM, "PartnershipCompleted", **fields)


def correct(registry: Registry, completed: Entry) -> Entry:
    """Take a completion back."""
    return registry.append(OFFICE_A, STREAM, "CompletionCorrected", completion=ref(completed),
                           wrong=text("Eleven of thirty taps deliver no water"))  # fmt: skip


def fulfil(registry: Registry) -> Entry:
    """Keep the promise of thirty taps."""
    return registry.append(COMPANY, TAPS, "CommitmentFulfilled", on=registry.day(),
                           evidence=[bytes(range(32))])  # fmt: skip


def found(registry: Registry, name: str = PARTNERSHIP) -> Partnership:
    """Return the partnership on record."""
    thing = partnership.of(registry.subject(name))
    assert thing is not None
    return thing


def refused(act: Any, *args: Any, **changes: Any) -> set[str]:
    """Return the rules by which an act is refused."""
    with pytest.raises(Refused) as error:
        act(*args, **changes)
    return {unmet.rule for unmet in error.value.unmet}


def worked(*, fulfilled: bool = True) -> tuple[Registry, Entry]:
    """Tell of a year's work: a commitment, and the report on it, submitted and accepted."""
    registry = stories.listed_partnership()
    stories.acknowledged_commitment(registry)
    registry.on("2025-01-14")
    if fulfilled:
        fulfil(registry)
    report = stories.submitted_report(registry)
    stories.accept(registry)
    return registry, report


def test_a_partnership_withdraws_and_may_come_again() -> None:
    """LV1: by its own word; without a case it is submitted anew like any other."""
    registry = stories.listed_partnership()
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert ahead["PartnershipWithdrawn/1"].lawful
    assert refused(withdraw, registry, under_case=True) == {"LV1"}
    assert refused(withdraw, registry, author=COMPANY) == {"AD10"}
    withdraw(registry)
    assert found(registry).listing == "withdrawn"
    assert refused(withdraw, registry) == {"LV1"}
    stories.submitted_partnership(registry)
    assert [move.listing for move in found(registry).moves] == ["listed", "withdrawn"]
    withdraw(registry)


def test_who_is_gone_does_not_keep_the_others_from_their_end() -> None:
    """LV2, LV4: its open promise stays its own, and is told among the lessons."""
    registry = stories.listed_partnership()
    registry.enlist("actor-uni", stakeholder_type="academia")
    stories.acknowledged_commitment(registry)
    registry.on("2025-01-14")
    report = stories.submitted_report(registry)
    stories.accept(registry)
    lessons = {"lessons": text("Ask for a guarantee")}
    assert refused(complete, registry, report, **lessons) >= {"LV2"}
    registry.append(COMPANY, f"{PARTNERSHIP}/partner/{COMPANY}", "PartnerLeft",
                    organization=COMPANY, reason=text("Another focus"))  # fmt: skip
    assert refused(complete, registry, report) == {"LV4"}
    complete(registry, report, **lessons)
    assert found(registry).listing == "completed_with_lessons"
    made = registry.subject(PARTNERSHIP).get("commitment:taps", Commitment)
    assert made is not None
    assert (made.state, made.accountable) == ("active", COMPANY)


def test_commitments_outlive_a_withdrawal() -> None:
    """The accountable organization still owns what it promised, and keeps it (D3.23)."""
    registry, _ = worked(fulfilled=False)
    withdraw(registry)
    fulfil(registry)


def test_who_withdraws_under_a_case_comes_back_as_after_a_removal() -> None:
    """LV1: the case ends, a new submission is refused, and what was owed is reported first."""
    registry = removals.noticed()
    assert refused(withdraw, registry) == {"LV1"}
    withdraw(registry, under_case=True)
    assert (found(registry).listing, removals.case(registry).ground) == (
        "withdrawn_under_case", "left",
    )  # fmt: skip
    assert refused(stories.submitted_partnership, registry) == {"PA1"}
    asked = registry.append(SECRETARIAT, f"{PARTNERSHIP}/reinstatement/r1",
                            "ReinstatementRequested", recommitment=text("We are back"))  # fmt: skip
    registry.on(registry.day(20))
    fields = {"request": ref(asked)} | stories.listing(registry)
    again = f"{PARTNERSHIP}/reinstatement/r1"
    assert refused(registry.append, OFFICE_A, again, "Reinstated", **fields) == {"RI2"}
    stories.accepted_report(registry)
    registry.append(OFFICE_A, again, "Reinstated", **fields)
    assert found(registry).listing == "listed"


def test_nobody_leaves_its_debts_on_the_eve_of_a_notice() -> None:
    """LV1, RI2: who owes a late report withdraws under case, and reports before it comes back."""
    registry = removals.overdue()
    assert refused(withdraw, registry) == {"LV1"}
    withdraw(registry, under_case=True)
    assert refused(stories.submitted_partnership, registry) == {"PA1"}
    stream = f"{PARTNERSHIP}/reinstatement/r1"
    asked = registry.append(SECRETARIAT, stream, "ReinstatementRequested",
                            recommitment=text("We are back"))  # fmt: skip
    registry.on(registry.day(20))
    fields = {"request": ref(asked)} | stories.listing(registry)
    assert refused(registry.append, OFFICE_A, stream, "Reinstated", **fields) == {"RI2"}
    stories.accepted_report(registry)
    registry.append(OFFICE_A, stream, "Reinstated", **fields)
    assert found(registry).listing == "listed"


def test_nobody_leaves_a_suspension_by_a_word() -> None:
    """LV1, LV2: who withdraws while suspended withdraws under case, and does not complete."""
    registry, report = worked()
    subject = registry.subject(PARTNERSHIP)
    suspended = msgspec.structs.replace(subject.things["partnership"], listing="suspended")
    subject.change(("partnership", suspended))
    assert refused(complete, registry, report) == {"LV2"}
    assert refused(withdraw, registry) == {"LV1"}
    withdraw(registry, under_case=True)
    assert found(registry).listing == "withdrawn_under_case"


def test_work_that_is_done_is_completed() -> None:
    """LV2, LV3: with every commitment at its end, by the accepted report up to the last day."""
    registry, report = worked()
    complete(registry, report)
    assert found(registry).listing == "completed"
    assert refused(complete, registry, report) == {"LV2"}


def test_nothing_is_completed_with_an_open_commitment() -> None:
    """LV2: neither open nor missed without a lesson; with its lesson it is."""
    registry, report = worked(fulfilled=False)
    assert refused(complete, registry, report) == {"LV2"}
    registry.on("2026-02-01")
    registry.append(COMPANY, TAPS, "CommitmentMissed", what=text("Eleven taps"),
                    why=text("The pumps came late"))  # fmt: skip
    assert "LV2" in refused(complete, registry, report, lessons=text("Order pumps first"))
    registry.append(COMPANY, TAPS, "FailureReported", what=text("Eleven taps"),
                    why=text("The pumps came late"), changed=text("Pumps first"))  # fmt: skip
    assert refused(complete, registry, report) == {"LV4"}
    complete(registry, report, lessons=text("Pumps are ordered before wells are drilled"))
    assert found(registry).listing == "completed_with_lessons"


def test_a_success_has_no_failure_to_tell() -> None:
    """LV4: where everything was kept the partnership is simply completed."""
    registry, report = worked()
    assert refused(complete, registry, report, lessons=text("None")) == {"LV4"}


def test_the_final_report_is_accepted_and_final() -> None:
    """LV3: not returned, not of another day, not followed by one that waits."""
    registry, report = worked()
    assert refused(complete, registry, report, ended_on="2025-01-13") == {"LV3"}
    registry.on("2026-01-14")
    second = stories.submitted_report(registry, local="second")
    assert refused(complete, registry, report) == {"LV3"}
    assert refused(complete, registry, second, ended_on="2026-01-14") == {"LV3"}
    stories.accept(registry, local="second")
    complete(registry, second, ended_on="2026-01-14")


def test_nobody_completes_out_of_a_case() -> None:
    """LV2: while a removal case is open it is withdrawn under case, or the case ends first."""
    registry, report = worked()
    registry.on("2027-03-01")
    removals.offer_support(registry, obligation=2)
    removals.give_notice(registry)
    assert refused(complete, registry, report) == {"LV2"}


def test_a_completion_is_corrected_within_a_year() -> None:
    """LV5: then it is listed again with a new clock; later the completion stands."""
    registry, report = worked()
    completed = complete(registry, report)
    registry.on("2026-01-14")
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert ahead["CompletionCorrected/1"].lawful
    late = removals.branch(registry).on("2026-01-16")
    assert refused(correct, late, completed) == {"LV5"}
    correct(registry, completed)
    assert (found(registry).listing, found(registry).clock_from) == ("listed", "2026-01-14")
    assert refused(correct, registry, completed) == {"LV5"}


def test_a_planned_end_does_not_pass_in_silence() -> None:
    """LV6: it is completed, put off or withdrawn within half a year, or told."""
    registry = stories.listed_partnership(planned_end="2024-06-30")
    registry.on("2024-12-27")
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/details", "DetailsConfirmed",
                    details=ref_of(registry))  # fmt: skip
    assert not [*exits.whole_log(registry.book)]
    registry.on("2024-12-28")
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/details", "DetailsConfirmed",
                    details=ref_of(registry))  # fmt: skip
    (told,) = exits.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("LV6", "omission", SECRETARIAT)
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/details", "DetailsAmended",
                    before={"planned_end": "2024-06-30"}, after={"planned_end": "2025-06-30"},
                    reason=text("The last wells"))  # fmt: skip
    assert not [*exits.whole_log(registry.book)]


def ref_of(registry: Registry) -> dict[str, Any]:
    """Return the reference to the partnership's submission."""
    named = found(registry).ref
    return {"stream": named.stream, "seq": named.seq, "id": named.id}


# Mergers.


def merge(registry: Registry, survivor: str = OTHER) -> Entry:
    """Ask to go on in another partnership."""
    return registry.append(SECRETARIAT, f"{PARTNERSHIP}/merger", "MergedInto", survivor=survivor,
                           reason=text("One register entry for one work"))  # fmt: skip


def accept(registry: Registry, merger: Entry, author: str = "actor-coast-office",
           **changes: Any) -> Entry:  # fmt: skip
    """Accept a merger for the survivor."""
    fields = {"merger": ref(merger), "survivor": OTHER, "secretariat": "actor-coast-office",
              "lead": "actor-coast", "sector": "civil_society",
              "stakeholder_type": "ngo"} | changes  # fmt: skip
    return registry.append(author, f"{PARTNERSHIP}/merger", "MergerAccepted", **fields)


def conclude(registry: Registry, merger: Entry) -> Entry:
    """Take off the register what goes on in another."""
    return registry.append(OFFICE_A, f"{PARTNERSHIP}/merger", "MergerConcluded",
                           merger=ref(merger))  # fmt: skip


def pair(registry: Registry | None = None) -> Registry:
    """List another partnership, with a lead and a secretariat of its own."""
    registry = stories.listed_partnership() if registry is None else registry
    registry.enlist("actor-coast", stakeholder_type="ngo")
    registry.enlist("actor-coast-office", kind="office", principal="actor-coast",
                    stakeholder_type="ngo")  # fmt: skip
    own = stories.submission(registry)
    partners = [p | ({"organization": "actor-coast"} if p["role"] == "lead" else {})
                for p in own["partners"]]  # fmt: skip
    registry.append(
        "actor-coast-office", f"{OTHER}/registration", "PartnershipSubmitted",
        **(own | {"lead": "actor-coast", "secretariat": "actor-coast-office",
                  "partners": partners}),
    )  # fmt: skip
    registry.append(stories.SCREENER, f"{OTHER}/registration", "PartnershipScreened",
                    outcome="pass", method="desk", minutes=40)  # fmt: skip
    registry.append(OFFICE_A, f"{OTHER}/registration", "PartnershipListed",
                    **stories.listing(registry))  # fmt: skip
    return registry


def test_a_merger_needs_the_survivor() -> None:
    """MG1, MG2: its secretariat or lead accepts the newest proposal, as who it is."""
    registry = pair()
    assert refused(merge, registry, PARTNERSHIP) == {"MG1"}
    assert refused(merge, registry, "p-unknown") == {"MG1"}
    first = merge(registry)
    merger = merge(registry)
    assert refused(accept, registry, first) == {"MG2"}
    assert refused(accept, registry, merger, SECRETARIAT) == {"AD10", "MG2"}
    assert refused(accept, registry, merger, lead=COMPANY) == {"MG2"}
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert "MergerAccepted/1" in ahead
    accept(registry, merger)
    assert found(registry).secretariat == "actor-coast-office"
    assert refused(merge, registry) >= {"AD10"}
    assert refused(accept, registry, merger) == {"MG2"}
    conclude(registry, merger)
    assert found(registry).listing == "merged"


def test_who_leads_what_is_merged_is_a_partner_there() -> None:
    """MG2: it signs itself, as what it is in the survivor; who led before stays a partner."""
    registry = pair()
    registry.enlist("actor-new-office", kind="office", principal=COMPANY,
                    stakeholder_type="business")  # fmt: skip
    named = registry.append("actor-coast", f"{OTHER}/secretariat", "SecretariatReplaced",
                            to="actor-new-office", reason=text("Closer"))  # fmt: skip
    registry.append(COMPANY, f"{OTHER}/secretariat", "SecretariatReplacementConfirmed",
                    replacement=ref(named))  # fmt: skip
    merger = merge(registry)
    now = {"secretariat": "actor-new-office"}
    assert refused(accept, registry, merger, "actor-new-office", **now) == {"MG2"}
    assert refused(accept, registry, merger, sector="business", **now) == {"MG2"}
    accept(registry, merger, **now)
    parts = {p.organization: p.role for p in found(registry).partners}
    assert (parts["actor-coast"], parts[NGO]) == ("lead", "partner")
    assert partnership.is_partner(found(registry), found(registry).lead)
    told = registry.subject(PARTNERSHIP).get("member:actor-coast", Membership)
    assert told is not None
    assert told.periods == ((registry.day(), ""),)


def test_what_waits_is_not_merged_elsewhere() -> None:
    """MG1: once accepted, the way is into that survivor."""
    registry = pair()
    merger = merge(registry)
    accept(registry, merger)
    again = ("actor-coast-office", f"{PARTNERSHIP}/merger", "MergedInto")
    fields = {"survivor": OTHER, "reason": text("Again")}
    assert refused(registry.append, *again, **fields) == {"MG1"}


def test_a_merger_is_no_way_out_of_a_case() -> None:
    """MG3: the survivor leads it until the report is accepted and the case is closed."""
    registry = pair(removals.noticed())
    merger = merge(registry)
    assert refused(conclude, registry, merger) == {"MG3"}
    accept(registry, merger)
    assert refused(conclude, registry, merger) == {"MG3"}
    report = stories.report(registry) | {"organization": "actor-coast"}
    registry.append("actor-coast-office", f"{PARTNERSHIP}/report/first", "ReportSubmitted",
                    **report)  # fmt: skip
    stories.accept(registry)
    assert refused(conclude, registry, merger) == {"MG3"}
    registry.append(OFFICE_A, removals.CASE, "CaseClosed", ground="cured")
    conclude(registry, merger)
    assert found(registry).listing == "merged"


def test_what_is_off_the_register_is_not_merged() -> None:
    """MG3: a partnership that has withdrawn meanwhile is not concluded."""
    registry = pair()
    merger = merge(registry)
    accept(registry, merger)
    withdraw(registry, author="actor-coast-office")
    assert refused(conclude, registry, merger) == {"MG3"}
