"""Milestones on the way to 2030: set, met, replaced, and aligned among partnerships."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.commitments import (
    PROOF,
    STREAM,
    found,
    milestone,
    promised,
    say,
)
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, refused
from tests.harness.stories import (
    COMPANY,
    PARTNERSHIP,
    SECRETARIAT,
    text,
)
from verifier.rules.commitment.milestone import Agreed
from verifier.rules.commitment.state import Milestone, milestone_key

OTHER = "p-clean-coast"


@pytest.fixture
def registry() -> Registry:
    """A listed partnership with a commitment of the company, made on 2024-01-15."""
    return promised()


def test_a_milestone_is_met_by_a_deliverable(registry: Registry) -> None:
    """CO30, CO22, CO23: the promiser sets it, a deliverable with evidence meets it, once."""
    assert refused(registry, SECRETARIAT, STREAM, "MilestoneSet", **milestone()) == {"AD10"}
    say(registry, COMPANY, "MilestoneSet", **milestone())
    assert refused(registry, COMPANY, STREAM, "MilestoneSet", **milestone()) == {"CO30"}
    registry.on("2025-01-20")
    delivered = {"on": "2025-01-19", "text": text("Fifteen taps"), "evidence": [PROOF],
                 "milestone": "half"}  # fmt: skip
    for wrong in ({"on": "2025-01-21"}, {"on": "2024-01-14"}):
        assert refused(registry, COMPANY, STREAM, "DeliverableReported",
                       **(delivered | wrong)) == {"CO22"}  # fmt: skip
    say(registry, SECRETARIAT, "DeliverableReported", **delivered)
    met = registry.subject(PARTNERSHIP).get("milestone:taps/half", Milestone)
    assert met is not None
    assert (met.met_on, found(registry).deliverables) == ("2025-01-19", 1)
    assert refused(registry, COMPANY, STREAM, "DeliverableReported", **delivered) == {"CO23"}


def test_milestones_lie_before_the_due_day_and_the_end_of_2030(registry: Registry) -> None:
    """CO31: past, impossible, after the due day or after 2030 is refused."""
    for day in ("2024-01-15", "2025-02-29", "2026-01-15"):
        assert refused(registry, COMPANY, STREAM, "MilestoneSet",
                       **milestone(day=day)) == {"CO31"}  # fmt: skip
    stories.acknowledged_commitment(registry, local="late", due="2032-01-01", horizon="long")
    late = f"{PARTNERSHIP}/commitment/late"
    assert refused(registry, COMPANY, late, "MilestoneSet",
                   **milestone(day="2031-01-01")) == {"CO31"}  # fmt: skip
    registry.append(COMPANY, late, "MilestoneSet", **milestone(day="2030-12-31"))


@pytest.mark.parametrize("value", ["-1", "30.5"])
def test_a_milestone_lies_on_the_way(registry: Registry, value: str) -> None:
    """CO32: between the baseline and the target."""
    assert refused(registry, COMPANY, STREAM, "MilestoneSet", **milestone(value=value)) == {"CO32"}


def test_a_milestone_is_replaced_in_time_and_with_a_reason(registry: Registry) -> None:
    """CO33: the first stays on record, replaced; after its day, or without a reason, it is not."""
    say(registry, COMPANY, "MilestoneSet", **milestone())
    again = milestone("half-again", "2025-06-30", replaces="half")
    assert refused(registry, COMPANY, STREAM, "MilestoneSet", **again) == {"CO33"}
    again["reason"] = text("Floods")
    late = branch(registry).on("2025-02-02")
    assert refused(late, COMPANY, STREAM, "MilestoneSet", **again) == {"CO33"}
    say(registry, COMPANY, "MilestoneSet", **again)
    first = registry.subject(PARTNERSHIP).get("milestone:taps/half", Milestone)
    assert first is not None
    assert (first.due, first.replaced_by, first.is_open) == ("2025-01-31", "half-again", False)
    third = milestone("third", "2025-07-31", replaces="half", reason=text("b"))
    assert refused(registry, COMPANY, STREAM, "MilestoneSet", **third) == {"CO33"}


# Alignment.


@pytest.fixture
def two(registry: Registry) -> Registry:
    """Two partnerships, each with a milestone on one day."""
    stories.listed_partnership(registry, name=OTHER)
    stories.acknowledged_commitment(registry, name=OTHER, local="drains")
    say(registry, COMPANY, "MilestoneSet", **milestone())
    registry.append(COMPANY, f"{OTHER}/commitment/drains", "MilestoneSet", **milestone())
    return registry


ALIGNMENT: dict[str, Any] = {
    "ours": {"commitment": "taps", "milestone": "half"}, "other": OTHER,
    "theirs": {"commitment": "drains", "milestone": "half"}, "relation": "together",
    "text": text("Pipes and drains in one trench"),
}  # fmt: skip
HERE, THERE = f"{PARTNERSHIP}/alignment/trench", f"{OTHER}/alignment/trench"


def test_milestones_are_aligned_by_both_partnerships(two: Registry) -> None:
    """CO34, CO36: proposed on the one record, agreed on the other, by either's secretariat."""
    proposal = two.append(SECRETARIAT, HERE, "MilestoneAlignmentProposed", **ALIGNMENT)
    agreed = {"proposal": ref(proposal)}
    wrong = {"proposal": ref(proposal) | {"id": bytes(32)}}
    assert refused(two, SECRETARIAT, THERE, "MilestoneAlignmentAgreed", **wrong) == {"CO36"}
    assert refused(two, SECRETARIAT, f"{PARTNERSHIP}/alignment/other", "MilestoneAlignmentAgreed",
                   **agreed) == {"CO36"}  # fmt: skip
    two.append(SECRETARIAT, THERE, "MilestoneAlignmentAgreed", **agreed)
    assert two.subject(OTHER).get("agreed:trench", Agreed) is not None
    assert refused(two, SECRETARIAT, THERE, "MilestoneAlignmentAgreed", **agreed) == {"CO34"}
    assert refused(two, SECRETARIAT, HERE, "MilestoneAlignmentProposed", **ALIGNMENT) == {"CO34"}


def test_an_alignment_is_about_open_milestones_of_one_goal(two: Registry) -> None:
    """CO34: neither with oneself, nor of what is not there, nor across goals."""
    stories.acknowledged_commitment(two, name=OTHER, local="reefs", sdg_target="14.1")
    two.append(COMPANY, f"{OTHER}/commitment/reefs", "MilestoneSet", **milestone())
    for changes in (
        {"theirs": {"commitment": "drains", "milestone": "whole"}},
        {"theirs": {"commitment": "reefs", "milestone": "half"}},
        {"other": PARTNERSHIP, "theirs": {"commitment": "taps", "milestone": "half"}},
    ):
        assert refused(two, SECRETARIAT, HERE, "MilestoneAlignmentProposed",
                       **(ALIGNMENT | changes)) == {"CO34"}  # fmt: skip


def test_the_days_of_an_alignment_fit(two: Registry) -> None:
    """CO35, CO36: one day, or «ours first» and earlier; agreed while it holds."""
    say(two, COMPANY, "MilestoneSet", **milestone("early", "2025-01-01"))
    say(two, COMPANY, "MilestoneSet", **milestone("after", "2025-02-01"))
    early, after = ({"ours": {"commitment": "taps", "milestone": m}} for m in ("early", "after"))
    proposed = (SECRETARIAT, HERE, "MilestoneAlignmentProposed")
    assert refused(two, *proposed, **(ALIGNMENT | early)) == {"CO35"}
    assert refused(two, *proposed, **(ALIGNMENT | after | {"relation": "ours_first"})) == {"CO35"}
    proposal = two.append(*proposed, **(ALIGNMENT | early | {"relation": "ours_first"}))
    two.append(COMPANY, STREAM, "MilestoneSet",
               **milestone("new", "2025-01-30", replaces="early", reason=text("a")))  # fmt: skip
    assert refused(two, SECRETARIAT, THERE, "MilestoneAlignmentAgreed",
                   proposal=ref(proposal)) == {"CO36"}  # fmt: skip


def test_no_two_milestones_share_a_key() -> None:
    """A colon in an id does not make one commitment's milestone another's."""
    assert milestone_key("a:b", "c") != milestone_key("a", "b:c")
