"""Reviews, removals, appeals and returns are told as far as they have come, and as the rules have
it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from projections.views import Directory, Subject, lookup, subject
from projections.views.state import State
from tests.harness import removals, rulings, stories
from tests.harness.registry import Registry
from tests.projections.logs import Log, runner
from tests.verifier.rules import test_integrity


def _told(registry: Registry, folder: Path) -> State:
    """Return the state that the subject view tells; the directory must agree on the listing."""
    follower = runner(Log.of(registry), folder, Subject, Directory)
    follower.catch_up()
    with follower.reading("subject") as (rows, _):
        answer = subject.read(rows, stories.PARTNERSHIP)
    with follower.reading("directory") as (rows, _):
        (found,) = lookup.find(rows, lookup.Filters(kind="partnership")).results
    follower.close()
    assert answer is not None
    assert answer.state.status is not None
    assert answer.state.status.state == found.status == removals.listing(registry)
    assert answer.state.status.since == found.status_from
    assert not any("cannot be read" in told.summary for told in answer.timeline)
    return answer.state


def test_a_removal_by_the_light_track(tmp_path: Path) -> None:
    """Notice, final notice, decision by two offices, removal: each step with its event and day."""
    registry = removals.noticed()
    assert _told(registry, tmp_path).things["case:c1"].state == "notice"
    removals.give_final_notice(removals.later(registry, 90))
    assert _told(registry, tmp_path).things["case:c1"].state == "final_notice"
    decision = removals.propose_decision(removals.later(registry, 31))
    registry.endorse(stories.OFFICE_A, decision, removals.REGISTRY_ORG)
    state = _told(registry, tmp_path)
    assert state.things["case:c1"].state == "final_notice"  # one office is not two
    assert state.proposals["decision/d1"].effective is None
    last = registry.endorse(stories.OFFICE_B, decision, removals.REGISTRY_ORG)
    state = _told(registry, tmp_path)
    assert state.things["case:c1"].state == "removal_decided"
    assert state.proposals["decision/d1"].effective == last.index
    assert [v.actor for v in state.proposals["decision/d1"].endorsements] == [
        stories.OFFICE_A, stories.OFFICE_B,
    ]  # fmt: skip
    assert state.status is not None
    assert state.status.state == "listed"  # decided is not yet removed
    removals.remove(removals.later(registry, 31), decision)
    state = _told(registry, tmp_path)
    assert state.things["case:c1"].state == "removed"
    assert [step.event for step in state.things["case:c1"].steps] == [
        "RemovalNoticeIssued", "NoticeDelivered", "FinalNoticeIssued", "NoticeDelivered",
        "Endorsed", "PartnershipRemoved",
    ]  # fmt: skip


def test_an_appeal_that_is_upheld_by_the_panel(tmp_path: Path) -> None:
    """The appeal stands in the case; the panel's decision counts distinct organizations."""
    registry, filed = removals.appealed()
    assert _told(registry, tmp_path).things["case:c1"].state == "appealed"
    removals.decide_appeal(registry, filed, "overturn")
    state = _told(registry, tmp_path)
    assert state.things["case:c1"].state == "overturned"
    assert state.proposals["decision/d2"].facts["outcome"] == "overturn"


@pytest.mark.parametrize("outcome", ["overturn", "remit", "uphold"])
def test_a_suspension_that_is_appealed(tmp_path: Path, outcome: str) -> None:
    """Overturned or sent back, the suspension ends at once in both views; upheld, it goes on."""
    registry = rulings.full_track()
    suspended = rulings.suspend(registry)
    removals.decide_appeal(registry, removals.appeal(registry, suspended), outcome)
    state = _told(registry, tmp_path)
    assert state.status is not None
    assert state.status.state == ("suspended" if outcome == "uphold" else "listed")


@pytest.mark.parametrize("outcome", ["overturn", "remit", "uphold"])
def test_a_removal_that_is_appealed_while_suspended(tmp_path: Path, outcome: str) -> None:
    """Sent back is the removal alone: the suspension goes on; an overturn ends it too."""
    registry = rulings.full_track()
    rulings.suspend(registry)
    decided = rulings.rule(removals.later(registry, 367), "remove")
    removals.decide_appeal(registry, removals.appeal(registry, decided), outcome)
    state = _told(registry, tmp_path)
    assert state.status is not None
    assert state.status.state == ("listed" if outcome == "overturn" else "suspended")


@pytest.fixture(scope="module")
def suspended() -> Registry:
    """A suspended partnership with a case about integrity besides."""
    registry = test_integrity.enter(rulings.full_track())
    rulings.suspend(registry)
    removals.later(registry, 31)
    fields = test_integrity.opening(registry, profile="un_led")
    registry.append(test_integrity.AGENCY_HEAD, test_integrity.OTHER, "IntegrityCaseOpened",
                    **fields)  # fmt: skip
    return registry


@pytest.mark.parametrize("end", ["closed", "dismissed"])
def test_a_case_about_integrity_ends_no_suspension(
    suspended: Registry, tmp_path: Path, end: str
) -> None:
    """Both views have it as the rules do: closed or dismissed, what was suspended still is."""
    registry = removals.branch(suspended)
    assert _told(registry, tmp_path).status is not None
    if end == "closed":
        registry.append(stories.OFFICE_A, test_integrity.OTHER, "CaseClosed", ground="withdrawn",
                        text=stories.text("Unfounded"))  # fmt: skip
    else:
        rulings.rule(removals.later(registry, 32), "dismiss", case=test_integrity.OTHER)
    state = _told(registry, tmp_path).status
    assert state is not None
    assert state.state == "suspended"
    stories.accepted_report(registry)
    registry.append(stories.OFFICE_A, removals.CASE, "SuspensionLifted", obligation=1)
    state = _told(registry, tmp_path).status
    assert state is not None
    assert state.state == "listed"


def test_a_late_report_that_cures(tmp_path: Path) -> None:
    """Support, a late report and the closing of the case are told; the listing stays."""
    registry = removals.noticed()
    removals.accept_support(registry)
    removals.deliver_support(registry)
    stories.accepted_report(registry)
    registry.append(stories.OFFICE_A, removals.CASE, "CaseClosed", ground="cured")
    state = _told(registry, tmp_path)
    assert state.things["case:c1"].state == "cured"
    assert state.things["support:s1"].state == "delivered"
    assert state.things["report:first"].state == "accepted"


def test_a_review_decided_by_quorum(tmp_path: Path) -> None:
    """A review is open until its quorum is met, then as the rules have it."""
    registry = stories.listed_partnership(Registry())
    stories.accepted_report(removals.later(registry, 400))
    removals.open_review(registry)
    finding = removals.record_finding(registry)
    proposal = removals.propose_review_decision(registry, finding)
    for member in stories.REVIEWERS:
        before = _told(registry, tmp_path)
        assert before.things["review:r1"].state == "open"
        registry.endorse(member, proposal, member)
    state = _told(registry, tmp_path)
    settled = registry.subject(stories.PARTNERSHIP).things["review:r1"]
    assert state.things["review:r1"].state == settled.state
    assert state.things["review:r1"].facts["outcome"] == "satisfactory"
    assert {v.organization for v in state.proposals["decision/d1"].endorsements} == set(
        stories.REVIEWERS
    )


def test_a_review_with_conditions_closes_with_the_last_of_them(tmp_path: Path) -> None:
    """Decided with two conditions, one met and one missed; told as the rules have it throughout."""
    registry = stories.listed_partnership(Registry())
    stories.accepted_report(removals.later(registry, 400))
    removals.open_review(registry)
    finding = removals.record_finding(registry)
    conditions = [removals.condition(registry, local) for local in ("meters", "maps")]
    proposal = removals.propose_review_decision(
        registry, finding, outcome="conditions", conditions=conditions
    )
    for member in stories.REVIEWERS:
        registry.endorse(member, proposal, member)
    seen = []
    for type_, local, days in (("ConditionMet", "meters", 10), ("ConditionMissed", "maps", 60)):
        seen.append(_told(registry, tmp_path).things["review:r1"].state)
        removals.later(registry, days).append(
            stories.REVIEWERS[0], f"{stories.PARTNERSHIP}/review/r1", type_,
            condition=local, text=stories.text("As seen on site"),
        )  # fmt: skip
        rules = registry.subject(stories.PARTNERSHIP).things["review:r1"].state
        assert _told(registry, tmp_path).things["review:r1"].state == rules
    assert seen == ["conditions_open", "conditions_open"]
    assert rules == "closed"
