"""A panel's review: what it rests on, who may decide, and what becomes of its conditions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, refused, refused_voice
from tests.harness.stories import (
    COMPANY,
    PARTNERSHIP,
    REVIEWERS,
    text,
)
from verifier.rules.book import Entry
from verifier.rules.commitment.state import Commitment
from verifier.rules.review.state import Review, ReviewDecided, of

A, B, C = REVIEWERS
STREAM = f"{PARTNERSHIP}/decision/d1"
REVIEW = f"{PARTNERSHIP}/review/r1"
OTHER_VERSION = {"set": "default", "version": 9}


@pytest.fixture(scope="module")
def reported() -> Registry:
    """A partnership with an accepted report and an open review of it, on its first due day."""
    registry = stories.listed_partnership()
    stories.acknowledged_commitment(registry)
    removals.later(registry, 365)
    stories.accepted_report(registry)
    removals.open_review(registry)
    return registry


@pytest.fixture
def registry(reported: Registry) -> Registry:
    """A branch of that review of the test's own."""
    return branch(reported)


def review(registry: Registry) -> Review:
    """Return the review."""
    found = of(registry.subject(PARTNERSHIP), "r1")
    assert found is not None
    return found


def endorse(registry: Registry, proposal: Entry) -> None:
    """Endorse a proposal by the whole panel."""
    for member in REVIEWERS:
        registry.endorse(member, proposal, member)


def propose(registry: Registry, *findings: Entry, **changes: Any) -> set[str]:
    """Propose what the rules refuse after the comments; return every rule that is not met."""
    removals.heard(registry)
    fields = removals.review_decision(registry, *findings, **changes)
    return refused(registry, A, STREAM, "ReviewDecisionProposed", **fields)


def test_a_review_goes_from_opening_to_decision(registry: Registry) -> None:
    """Findings, a complete evidence list and three organizations make a decision that closes it."""
    finding = removals.record_finding(registry)
    proposal = removals.propose_review_decision(registry, finding, outcome="unsatisfactory")
    endorse(registry, proposal)
    found = registry.subject(PARTNERSHIP).get("decision:d1", ReviewDecided)
    assert found is not None
    assert found.outcome == "unsatisfactory"
    assert [item.stream for item in found.evidence.refs] == [f"{PARTNERSHIP}/report/first"]
    assert review(registry).state == "closed"
    assert review(registry).decision == "d1"


def test_the_panel_does_not_choose_the_evidence(registry: Registry) -> None:
    """A report that is left out of the evidence list makes the decision unlawful."""
    assert propose(registry, evidence=[]) == {"EV3"}


def test_rejected_evidence_has_a_reason(registry: Registry) -> None:
    """A report may be rejected, but not in silence."""
    items = [item | {"treatment": "rejected"} for item in removals.treated(registry)]
    assert propose(registry, evidence=items) == {"EV2"}
    items = [item | {"reason": "It is about another period"} for item in items]
    removals.propose_review_decision(registry, evidence=items)


def test_evidence_is_what_is_on_record(registry: Registry) -> None:
    """An item that is no present report, or stands twice, is refused."""
    items = removals.treated(registry)
    invented = {"ref": items[0]["ref"] | {"id": bytes(32)}, "treatment": "considered"}
    assert propose(registry, evidence=[*items, invented]) == {"EV1"}
    assert propose(registry, evidence=[*items, *items]) == {"EV1"}


def test_a_long_evidence_list_stands_before_the_decision(registry: Registry) -> None:
    """A part of the list that was recorded for this review counts; one for another does not."""
    fields = {"matter": "r1", "items": removals.treated(registry)}
    part = registry.append(A, f"{PARTNERSHIP}/evidence/e1", "EvidenceListed", **fields)
    other = registry.append(A, f"{PARTNERSHIP}/evidence/e2", "EvidenceListed",
                            **(fields | {"matter": "r2"}))  # fmt: skip
    assert propose(registry, evidence=[], evidence_parts=[ref(other)]) == {"EV4"}
    proposal = removals.propose_review_decision(registry, evidence=[], evidence_parts=[ref(part)])
    endorse(registry, proposal)
    assert review(registry).state == "closed"


def test_a_report_filed_since_the_proposal_stops_it(registry: Registry) -> None:
    """An endorsement is refused once an own report came that the proposal does not list."""
    removals.later(registry, 290)
    proposal = removals.propose_review_decision(registry)
    registry.endorse(A, proposal, A)
    stories.submitted_report(registry, local="second")
    assert refused_voice(registry, B, proposal, B) == {"EV3"}
    removals.propose_review_decision(registry, local="d2")


def test_a_contributors_report_does_not_stop_a_proposal(registry: Registry) -> None:
    """A partner cannot hold up a panel by filing contributor reports one after the other."""
    proposal = removals.propose_review_decision(registry)
    fields = stories.report(registry) | {"kind": "contributor"}
    fields = {k: v for k, v in fields.items() if k not in ("obligation", "due")}
    fields |= {"period_start": "2024-01-15", "organization": COMPANY}
    registry.append(COMPANY, f"{PARTNERSHIP}/report/company", "ReportSubmitted", **fields)
    endorse(registry, proposal)
    assert review(registry).state == "closed"


def test_a_later_decision_need_not_list_what_an_earlier_considered(registry: Registry) -> None:
    """What one decision considered, the next may leave out; the same version only."""
    endorse(registry, removals.propose_review_decision(registry))
    removals.open_review(registry, "r2")
    assert removals.treated(registry) == []
    removals.propose_review_decision(registry, local="d2", review="r2")


def test_a_decision_rests_on_every_finding(registry: Registry) -> None:
    """A finding that is left out, and a reproach without any finding, are refused."""
    assert propose(registry, outcome="unsatisfactory") == {"RV6"}
    removals.record_finding(registry)
    assert propose(registry, outcome="unsatisfactory") == {"RV6"}


def test_what_takes_a_governments_task_is_not_satisfactory(registry: Registry) -> None:
    """An answer «no» to one of the two standing questions contradicts the outcome (RV5)."""
    finding = removals.record_finding(registry)
    no = {"complements_governments": {"answer": "no", "reason": "It runs the town's water works"}}
    assert propose(registry, finding, **no) == {"RV5"}
    removals.propose_review_decision(registry, finding, outcome="unsatisfactory", **no)


def test_conditions_belong_to_their_outcome(registry: Registry) -> None:
    """Conditions come with «conditions» alone, each with its id and a day ahead."""
    finding = removals.record_finding(registry)
    one = removals.condition(registry)
    assert propose(registry, finding, conditions=[one]) == {"RV7"}
    assert propose(registry, finding, outcome="conditions") == {"RV7"}
    assert propose(registry, finding, outcome="conditions", conditions=[one, one]) == {"RV7"}
    late = one | {"due": registry.day()}
    assert propose(registry, finding, outcome="conditions", conditions=[late]) == {"RV7"}


def test_a_finding_cites_a_clause_and_the_record(registry: Registry) -> None:
    """A clause that the guideline has not, and evidence that is not on record, are refused."""
    fields = {"clause": "9.9", "severity": 1, "text": text("…"),
              "evidence": [removals.treated(registry)[0]["ref"] | {"seq": 7}]}  # fmt: skip
    assert refused(registry, A, REVIEW, "FindingRecorded", **fields) == {"RV3"}
    report = removals.treated(registry)[0]["ref"]
    removals.record_finding(registry, evidence=[report])


def test_no_citation_is_taken_on_trust(registry: Registry) -> None:
    """An invented id at an earlier place of a stream is refused, and so is another record's (RV3).

    What is on record by its reference can be cited, wherever it stands on its stream.
    """
    made = registry.subject(PARTNERSHIP).get("commitment:taps", Commitment)
    assert made is not None
    head = registry.subject(PARTNERSHIP).heads[made.ref.stream]
    assert head.seq > made.ref.seq
    good = removals.fields_of(made.ref)
    other = {"stream": "guidelines/set/default", "seq": 0,
             "id": registry.subject("guidelines").heads["guidelines/set/default"].id}  # fmt: skip
    fields = {"clause": "2.1", "severity": 1, "text": text("…")}
    for wrong in (good | {"id": bytes(32)}, good | {"seq": head.seq}, other):
        rules = refused(registry, A, REVIEW, "FindingRecorded", **fields, evidence=[wrong])
        assert rules == {"RV3"}
    at_head = good | {"seq": head.seq, "id": head.id}
    removals.record_finding(registry, evidence=[good, at_head])


def test_an_opening_names_what_is_in_force(registry: Registry) -> None:
    """A review is opened by the present guideline version and the partnership's own profile."""
    stale = {"guideline": {"set": "default", "version": 7}, "profile": "un_led"}
    terms = {"kind": "peer", "reviewer_class": "un", "mandate": "A/1", "terms": text("…")}
    stream = f"{PARTNERSHIP}/review/r2"
    assert refused(registry, A, stream, "ReviewOpened", **(terms | stale)) == {"RV1"}
    again = terms | {k: v for k, v in stories.listing(registry).items() if k != "mandate"}
    assert "RV1" in refused(registry, A, REVIEW, "ReviewOpened", **again)


def test_an_ended_review_takes_nothing_more(registry: Registry) -> None:
    """A discontinued review is not decided, and a decided one not discontinued."""
    proposal = removals.propose_review_decision(registry)
    other = branch(registry)
    registry.append(A, REVIEW, "ReviewDiscontinued", reason=text("The terms were mistaken"))
    assert refused_voice(registry, A, proposal, A) == {"RV2"}
    endorse(other, proposal)
    assert refused(other, A, REVIEW, "ReviewDiscontinued", reason=text("…")) == {"RV2"}
    assert refused(other, A, REVIEW, "FindingRecorded", clause="2.1", severity=1,
                   text=text("…")) == {"RV2"}  # fmt: skip


def conditional(registry: Registry) -> Registry:
    """Decide the review with two conditions."""
    finding = removals.record_finding(registry)
    conditions = [removals.condition(registry), removals.condition(registry, "budget", 90)]
    endorse(registry, removals.propose_review_decision(
        registry, finding, outcome="conditions", conditions=conditions))  # fmt: skip
    return registry


def test_a_review_with_conditions_closes_when_each_is_settled(registry: Registry) -> None:
    """One condition met, one missed after its day: then the review is closed."""
    conditional(registry)
    settle = {"text": text("Seen on site")}
    assert review(registry).state == "conditions_open"
    registry.append(A, REVIEW, "ConditionMet", condition="meters", **settle)
    assert refused(registry, A, REVIEW, "ConditionMet", condition="meters", **settle) == {"RV10"}
    assert refused(registry, A, REVIEW, "ConditionMissed", condition="budget", **settle) == {"RV10"}
    removals.later(registry, 91)
    registry.append(A, REVIEW, "ConditionMissed", condition="budget", **settle)
    assert review(registry).state == "closed"
    assert [c.state for c in review(registry).conditions] == ["met", "missed"]


def test_what_may_happen_next_is_never_nothing(registry: Registry) -> None:
    """An open review, and one with conditions, name their next steps and who signs them."""
    for type_ in ("FindingRecorded", "ReviewDiscontinued", "DraftShared", "QuestionAsked"):
        step = removals.next_step(registry, type_)
        assert step.lawful
        assert step.who == ("reviewer",)
    shared = branch(registry)
    removals.share_draft(shared)
    step = removals.next_step(shared, "ReviewDecisionProposed")
    assert (step.lawful, removals.day_of(step.earliest)) == (False, "2025-02-14")
    assert removals.next_step(shared, "CommentReceived").lawful
    conditional(registry)
    assert [s.lawful for s in removals.next_steps(registry, "ConditionMet")] == [True, True]
    missed = removals.next_steps(registry, "ConditionMissed")
    assert [removals.day_of(step.earliest) for step in missed] == ["2025-03-16", "2025-04-15"]
    assert removals.next_step(registry, "ReviewOpened").lawful


@pytest.mark.parametrize("changes", [{"mandate": "A/RES/1"}, {"guideline": OTHER_VERSION}])
def test_a_decision_stands_on_the_mandate_of_its_review(
    registry: Registry, changes: dict[str, Any]
) -> None:
    """RV4: neither another mandate nor another guideline version than the review was opened by."""
    assert "RV4" in propose(registry, **changes)
