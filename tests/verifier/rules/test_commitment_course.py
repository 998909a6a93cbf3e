"""Commitments on their way: revised in the open, handed on, measured, aligned, assessed, failed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.harness import stories
from tests.harness.commitments import (
    ACCOUNT,
    DUE,
    LESSON,
    MONEY,
    PROOF,
    STREAM,
    TERMS,
    found,
    promised,
    say,
)
from tests.harness.registry import Registry, body_fields, ref, seconds
from tests.harness.removals import branch, refused
from tests.harness.stories import (
    COMPANY,
    GOVERNMENT,
    NGO,
    PARTNERSHIP,
    REVIEWERS,
    SECRETARIAT,
    text,
)
from verifier.rules import dates
from verifier.rules.ahead import steps
from verifier.rules.commitment import unsettled
from verifier.rules.commitment.assessment import Assessment


@pytest.fixture
def registry() -> Registry:
    """A listed partnership with a commitment of the company, made on 2024-01-15."""
    return promised()


# The horizon and the claim.


def test_a_short_horizon_ends_after_two_years() -> None:
    """CO9: due on the day P2Y from now it is short; a day later it is not."""
    registry = stories.listed_partnership()
    made = (SECRETARIAT, STREAM, "CommitmentMade")
    on_the_day, later = (stories.commitment(registry, due=day)
                         for day in ("2026-01-15", "2026-01-16"))  # fmt: skip
    assert refused(registry, *made, **(on_the_day | {"horizon": "medium"})) == {"CO9"}
    assert refused(registry, *made, **later) == {"CO9"}
    registry.append(*made, **(later | {"horizon": "long"}))


def test_a_claim_that_nobody_acknowledges_is_no_dead_end() -> None:
    """CO6: the secretariat takes back what it claimed, also late; a promise it does not."""
    registry = stories.listed_partnership()
    stories.made_commitment(registry)
    why = {"reason": text("The company was never asked")}
    assert refused(registry, NGO, STREAM, "CommitmentWithdrawn", **why) == {"AD10"}
    late = branch(registry).on("2027-01-01")
    say(late, SECRETARIAT, "CommitmentWithdrawn", **why)
    assert not list(unsettled(late.subject(PARTNERSHIP)))
    say(registry, COMPANY, "CommitmentAcknowledged", organization=COMPANY)
    assert refused(registry, SECRETARIAT, STREAM, "CommitmentWithdrawn", **why) == {"AD10"}


# Transfers.


def test_a_transfer_needs_the_receiver(registry: Registry) -> None:
    """CO7, CO8: the proposal changes nothing; the receiver's signature does."""
    proposal = say(registry, COMPANY, "CommitmentTransferProposed", to=GOVERNMENT,
                   reason=text("The works go to the town"))  # fmt: skip
    assert found(registry).accountable == COMPANY
    taken = {"proposal": ref(proposal), "organization": GOVERNMENT}
    assert refused(registry, NGO, STREAM, "CommitmentTransferred", **taken) == {"AD10"}
    step = next(s for s in steps(PARTNERSHIP, registry.book, registry.now)
                if s.type == "CommitmentTransferred/1")  # fmt: skip
    assert step.lawful
    say(registry, GOVERNMENT, "CommitmentTransferred", **taken)
    commitment = found(registry)
    assert (commitment.accountable, commitment.transferred_from) == (GOVERNMENT, (COMPANY,))
    assert (commitment.contributors, commitment.acknowledged_by) == ((), (GOVERNMENT,))
    why = {"reason": text("a")}
    assert refused(registry, COMPANY, STREAM, "CommitmentWithdrawn", **why) == {"AD10"}


@pytest.mark.parametrize("to", [COMPANY, stories.UN_AGENCY])
def test_it_is_transferred_to_another_partner(registry: Registry, to: str) -> None:
    """CO7: neither to oneself nor to an outsider."""
    fields = {"to": to, "reason": text("a")}
    assert refused(registry, COMPANY, STREAM, "CommitmentTransferProposed", **fields) == {"CO7"}


def test_who_was_accountable_on_the_due_day_stays_so(registry: Registry) -> None:
    """CO7, CO8: neither proposed nor taken over after that day, nor by an older proposal."""
    fields = {"to": GOVERNMENT, "reason": text("a")}
    first = say(registry, COMPANY, "CommitmentTransferProposed", **fields)
    say(registry, COMPANY, "CommitmentTransferProposed", **fields)
    taken = {"proposal": ref(first), "organization": GOVERNMENT}
    assert refused(registry, GOVERNMENT, STREAM, "CommitmentTransferred", **taken) == {"CO8"}
    registry.on("2026-02-01")
    assert refused(registry, COMPANY, STREAM, "CommitmentTransferProposed", **fields) == {"CO7"}
    taken["proposal"] = body_fields(found(registry).transfer.ref)  # type: ignore[union-attr]
    assert refused(registry, GOVERNMENT, STREAM, "CommitmentTransferred", **taken) == {"CO8"}


# Revisions.


def revise(registry: Registry, *lowers: str, **after: Any) -> dict[str, Any]:
    """Return the fields of a revision of the story's terms."""
    fields = {"reason": text("The pumps came late"), "before": TERMS, "after": TERMS | after}
    return fields | ({"lowers": list(lowers)} if lowers else {})


def test_a_revision_keeps_what_was_promised_first(registry: Registry) -> None:
    """CO10, CO11, CO13: the original terms stand, what was eased is marked, all sign anew."""
    say(registry, GOVERNMENT, "CommitmentAcknowledged", organization=GOVERNMENT)
    target = {"value": "20", "day": "2026-06-30"}
    say(registry, COMPANY, "CommitmentRevised",
        **revise(registry, "due", "target", due="2026-06-30", target=target))  # fmt: skip
    commitment = found(registry)
    assert (commitment.original.due, commitment.original.target.value) == (DUE, "30")
    assert (commitment.due, commitment.terms.target.value) == ("2026-06-30", "20")
    assert (commitment.revisions, commitment.lowered) == (1, ("due", "target"))
    assert commitment.acknowledged_by == (COMPANY,)
    say(registry, GOVERNMENT, "CommitmentAcknowledged", organization=GOVERNMENT)


def test_what_is_eased_is_said(registry: Registry) -> None:
    """CO13: a lowered target, a later day and less money are each named, and nothing else is."""
    lower = {"value": "20", "day": DUE}
    for after in ({"target": lower}, {"due": "2026-02-01"},
                  {"money": MONEY | {"pledged": "999.99"}}):  # fmt: skip
        assert refused(registry, COMPANY, STREAM, "CommitmentRevised",
                       **revise(registry, **after)) == {"CO13"}  # fmt: skip
    higher = {"value": "31", "day": DUE}
    assert refused(registry, COMPANY, STREAM, "CommitmentRevised",
                   **revise(registry, "target", target=higher)) == {"CO13"}  # fmt: skip
    say(registry, COMPANY, "CommitmentRevised", **revise(registry, target=higher))
    assert found(registry).lowered == ()


def test_terms_are_not_revised_after_the_due_day(registry: Registry) -> None:
    """CO10: one second before that day has ended it is in time; then it is not."""
    end = dates.deadline(dates.parse_day(DUE))
    revision = revise(registry, "due", due="2026-06-30")
    registry.now = end
    assert refused(registry, COMPANY, STREAM, "CommitmentRevised", **revision) == {"CO10"}
    registry.now = end - 1
    say(registry, COMPANY, "CommitmentRevised", **revision)


def test_a_revision_states_what_stands_before_it(registry: Registry) -> None:
    """CO11: other terms than those on record are refused, and a change of nothing."""
    assert refused(registry, COMPANY, STREAM, "CommitmentRevised", **revise(registry)) == {"CO11"}
    wrong = revise(registry, "due", due="2026-06-30") | {"before": TERMS | {"due": "2026-01-01"}}
    assert refused(registry, COMPANY, STREAM, "CommitmentRevised", **wrong) == {"CO11"}


@pytest.mark.parametrize(
    ("lowers", "after"),
    [
        ((), {"due": "2024-01-15"}),
        (("due",), {"due": "2026-02-30"}),
        (("target",), {"target": {"value": "0", "day": DUE}}),
        ((), {"target": {"value": "30", "day": "2024-01-15"}}),
    ],
)
def test_new_terms_are_terms(registry: Registry, lowers: Any, after: Any) -> None:
    """CO12: a past or impossible day, a target no better or later than the baseline."""
    assert "CO12" in refused(
        registry, COMPANY, STREAM, "CommitmentRevised", **revise(registry, *lowers, **after)
    )


@pytest.mark.parametrize("money", [None, MONEY | {"currency": "EUR"}])
def test_a_pledge_is_not_changed_into_another(registry: Registry, money: Any) -> None:
    """CO14: neither left out nor exchanged."""
    fields = revise(registry, money=money)
    fields["after"] = {k: v for k, v in fields["after"].items() if v is not None}
    assert refused(registry, COMPANY, STREAM, "CommitmentRevised", **fields) == {"CO14"}


# Progress and deliverables.


def test_disbursed_is_of_what_was_pledged(registry: Registry) -> None:
    """CO21: never negative, and only where money was pledged; it stands until it is said anew."""
    paid = {"as_of": "2024-01-15", "status": "on_track", "disbursed": "250.5"}
    assert refused(registry, COMPANY, STREAM, "ProgressReported",
                   **(paid | {"disbursed": "-1"})) == {"CO21"}  # fmt: skip
    say(registry, COMPANY, "ProgressReported", **paid)
    say(registry, COMPANY, "ProgressReported", as_of="2024-01-15", status="financial_issues")
    assert (found(registry).disbursed, found(registry).status) == ("250.5", "financial_issues")
    stories.acknowledged_commitment(registry, local="wells")
    wells = f"{PARTNERSHIP}/commitment/wells"
    assert refused(registry, COMPANY, wells, "ProgressReported", **paid) == {"CO21"}


# Failure and assessment.


def test_a_failure_is_told_without_penalty(registry: Registry) -> None:
    """CO42, R29: it ends as «completed with lessons»; nothing adverse becomes possible by it."""
    before = {s.type for s in steps(PARTNERSHIP, registry.book, registry.now)}
    assert refused(registry, SECRETARIAT, STREAM, "FailureReported", **LESSON) == {"AD10"}
    told = say(registry, COMPANY, "FailureReported", **LESSON)
    commitment = found(registry)
    assert (commitment.state, commitment.failure) == ("completed_with_lessons", told.ref)
    assert {s.type for s in steps(PARTNERSHIP, registry.book, registry.now)} <= before
    assert not list(unsettled(registry.subject(PARTNERSHIP)))
    assert refused(registry, COMPANY, STREAM, "FailureReported", **LESSON) == {"CO42"}


def test_a_miss_is_settled_by_its_lesson(registry: Registry) -> None:
    """CO42: missed alone leaves something open; told with its lesson it does not."""
    registry.on("2026-02-01")
    say(registry, COMPANY, "CommitmentMissed", **ACCOUNT)
    assert [c.state for c in unsettled(registry.subject(PARTNERSHIP))] == ["missed"]
    say(registry, COMPANY, "FailureReported", **LESSON)
    assert not list(unsettled(registry.subject(PARTNERSHIP)))


def assess(**changes: Any) -> dict[str, Any]:
    """Return the fields of an assessment at mid-term."""
    return {"commitment": "taps", "point": "mid_term", "as_of": "2025-01-15", "code": "limited",
            "basis": text("Two visits")} | changes  # fmt: skip


def test_a_reviewer_says_how_complete_it_is(registry: Registry) -> None:
    """CO50: on a stream of its own; the newest one stands beside the partners' own word."""
    registry.on("2025-01-15")
    one, two = (f"{PARTNERSHIP}/assessment/{n}" for n in ("a1", "a2"))
    registry.append(REVIEWERS[1], one, "CompletionAssessed", **assess())
    assert refused(registry, REVIEWERS[1], one, "CompletionAssessed", **assess()) == {"CO50"}
    assert refused(registry, REVIEWERS[1], two, "CompletionAssessed",
                   **assess(commitment="wells")) == {"CO50"}  # fmt: skip
    registry.append(REVIEWERS[0], two, "CompletionAssessed",
                    **assess(as_of="2025-01-14", code="unclear"))  # fmt: skip
    newest = registry.subject(PARTNERSHIP).get("assessment:taps", Assessment)
    assert newest is not None
    assert (newest.code, newest.as_of) == ("limited", "2025-01-15")


def test_nobody_assesses_its_own(registry: Registry) -> None:
    """CO51: a reviewer that belongs to a partner is refused."""
    registry.enlist("actor-seconded", kind="office", principal=NGO, stakeholder_type="ngo")
    registry.grant("actor-seconded", "reviewer", stories.BODY_SECRETARY)
    assert refused(registry.on("2025-01-15"), "actor-seconded", f"{PARTNERSHIP}/assessment/a1",
                   "CompletionAssessed", **assess()) == {"CO51"}  # fmt: skip


def test_an_assessment_has_its_day(registry: Registry) -> None:
    """CO52: not of days to come, not before the promise, and the end of term after the term."""
    registry.on("2025-01-15")
    stream = f"{PARTNERSHIP}/assessment/a1"
    for changes in ({"as_of": "2025-01-16"}, {"as_of": "2024-01-14"}, {"point": "end_of_term"}):
        assert refused(registry, REVIEWERS[1], stream, "CompletionAssessed",
                       **assess(**changes)) == {"CO52"}  # fmt: skip
    registry.on("2026-01-20").append(REVIEWERS[1], stream, "CompletionAssessed",
                    **assess(point="end_of_term", as_of="2026-01-15", code="complete"))  # fmt: skip


def test_withdrawn_is_what_was_withdrawn(registry: Registry) -> None:
    """CO53: the code follows the record, both ways."""
    registry.on("2025-01-15")
    stream = f"{PARTNERSHIP}/assessment/a1"
    assert refused(registry, REVIEWERS[1], stream, "CompletionAssessed",
                   **assess(code="withdrawn")) == {"CO53"}  # fmt: skip
    say(registry, COMPANY, "CommitmentWithdrawn", reason=text("a"))
    assert refused(registry, REVIEWERS[1], stream, "CompletionAssessed", **assess()) == {"CO53"}
    registry.append(REVIEWERS[1], stream, "CompletionAssessed", **assess(code="withdrawn"))


# Any order of steps.


class Life(RuleBasedStateMachine):
    """A commitment lives by any order of steps and days; a small table says where steps lead."""

    LEADS_TO = {  # noqa: RUF012
        "CommitmentAcknowledged": {"claimed": "active", "active": "active"},
        "CommitmentRevised": {"active": "active"},
        "CommitmentTransferProposed": {"active": "active"},
        "CommitmentFulfilled": {"active": "fulfilled", "missed": "fulfilled"},
        "CommitmentMissed": {"active": "missed"},
        "CommitmentWithdrawn": {"claimed": "withdrawn", "active": "withdrawn"},
        "FailureReported": {
            "active": "completed_with_lessons", "missed": "completed_with_lessons",
        },
    }  # fmt: skip

    @initialize()
    def make(self) -> None:
        """Make the commitment."""
        self.registry = branch(LISTED)
        stories.made_commitment(self.registry, money=MONEY)
        self.first = found(self.registry)

    @rule(days=st.integers(1, 400))
    @precondition(lambda self: self.registry.now < seconds("2028-01-01"))
    def wait(self, days: int) -> None:
        """Let days pass."""
        self.registry.now += days * 86_400

    @rule(type_=st.sampled_from(sorted(LEADS_TO)), more=st.integers(1, 500))
    def step(self, type_: str, more: int) -> None:
        """Try a step; it is recorded exactly where the table and the due day allow it."""
        before, registry = found(self.registry), self.registry
        late = registry.now >= dates.deadline(dates.parse_day(before.due))
        day = registry.day(more)
        after = TERMS | {"due": day}
        fields: dict[str, Any] = {
            "CommitmentAcknowledged": {"organization": COMPANY},
            "CommitmentRevised": {
                "reason": text("a"), "before": body_fields(before.terms), "after": after,
                "lowers": ["due"],
            },
            "CommitmentTransferProposed": {"to": GOVERNMENT, "reason": text("a")},
            "CommitmentFulfilled": {"on": registry.day(), "evidence": [PROOF]},
            "CommitmentMissed": ACCOUNT,
            "CommitmentWithdrawn": {"reason": text("a")},
            "FailureReported": LESSON,
        }[type_]  # fmt: skip
        if type_ == "CommitmentRevised" and day <= before.due:
            fields.pop("lowers")
        allowed = before.state in self.LEADS_TO[type_] and {
            "CommitmentAcknowledged": COMPANY not in before.acknowledged_by,
            "CommitmentRevised": not late and body_fields(before.terms) != after,
            "CommitmentTransferProposed": not late,
            "CommitmentMissed": late,
            "CommitmentWithdrawn": not late or before.state == "claimed",
        }.get(type_, True)
        if allowed:
            say(registry, COMPANY, type_, **fields)
            assert found(registry).state == self.LEADS_TO[type_][before.state]
        else:
            assert refused(registry, COMPANY, STREAM, type_, **fields)

    @invariant()
    def what_was_promised_stays(self) -> None:
        """The original terms never change, and a fulfilment after its day stays late."""
        now = found(self.registry)
        assert now.original == self.first.original
        if now.fulfilled_on is not None:
            assert now.late == (now.fulfilled_on > now.due)


LISTED = stories.listed_partnership()
TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
