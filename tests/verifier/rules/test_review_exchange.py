"""What a panel and a partnership say to each other before anything is decided."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, later, refused, refused_voice
from tests.harness.stories import COMPANY, NGO, PARTNERSHIP, REVIEWERS, SECRETARIAT, text
from verifier.rules import evidence
from verifier.rules.book import Entry
from verifier.rules.evidence import Reply
from verifier.rules.review.state import Review, of

A, B, C = REVIEWERS
REBUTTAL = f"{PARTNERSHIP}/rebuttal/b1"
QUESTION = f"{PARTNERSHIP}/question/q1"
COMMENT = f"{PARTNERSHIP}/comment/r1"


@pytest.fixture(scope="module")
def opened() -> Registry:
    """A review of a partnership that has reported."""
    registry = stories.listed_partnership()
    later(registry, 365)
    stories.accepted_report(registry)
    removals.open_review(registry)
    return registry


@pytest.fixture
def registry(opened: Registry) -> Registry:
    """A branch of that review of the test's own."""
    return branch(opened)


def review(registry: Registry) -> Review:
    """Return the review."""
    found = of(registry.subject(PARTNERSHIP), "r1")
    assert found is not None
    return found


def ask(registry: Registry, days: int = 14) -> Entry:
    """Ask the partnership a question."""
    return registry.append(B, QUESTION, "QuestionAsked", review="r1", text=text("Which taps?"),
                           answer_by=registry.day(days))  # fmt: skip


def rebut(registry: Registry, finding: Entry, **changes: Any) -> Entry:
    """Rebut a finding."""
    fields = {"review": "r1", "finding": ref(finding), "text": text("It was the flood")} | changes
    return registry.append(SECRETARIAT, REBUTTAL, "FindingRebutted", **fields)


def unrebutted(registry: Registry, finding: dict[str, Any], **changes: Any) -> set[str]:
    """Rebut what the rules refuse, on another stream; return every rule that is not met."""
    fields = {"review": "r1", "finding": finding, "text": text("…")} | changes
    return refused(registry, NGO, f"{PARTNERSHIP}/rebuttal/b2", "FindingRebutted", **fields)


def unproposed(registry: Registry, *findings: Entry, **changes: Any) -> set[str]:
    """Propose what the rules refuse; return every rule that is not met."""
    fields = removals.review_decision(registry, *findings, **changes)
    return refused(registry, A, f"{PARTNERSHIP}/decision/d1", "ReviewDecisionProposed", **fields)


def test_a_question_names_a_day_and_is_answered_once(registry: Registry) -> None:
    """By the partnership, until the day has ended; then the panel can ask anew (RV14).

    A day beyond the time of the review would put its decision off for as long.
    """
    asked = {"review": "r1", "text": text("…")}
    for day in (registry.day(), "2025-02-30", registry.day(367), "2199-12-31"):
        assert refused(registry, B, QUESTION, "QuestionAsked", answer_by=day, **asked) == {"RV14"}
    question = ask(registry)
    again = refused(registry, B, QUESTION, "QuestionAsked", answer_by=registry.day(9), **asked)
    assert again == {"RV14"}
    said = {"question": ref(question), "text": text("Those in the north")}
    invented = said | {"question": ref(question) | {"id": bytes(32)}}
    assert refused(registry, SECRETARIAT, QUESTION, "QuestionAnswered", **invented) == {"RV14"}
    late = later(branch(registry), 16)
    assert refused(late, SECRETARIAT, QUESTION, "QuestionAnswered", **said) == {"RV14"}
    registry.append(COMPANY, QUESTION, "QuestionAnswered", **said)
    assert refused(registry, SECRETARIAT, QUESTION, "QuestionAnswered", **said) == {"RV14"}


def test_an_answer_is_evidence(registry: Registry) -> None:
    """What the partnership answered stands in the evidence list, or the decision is refused."""
    question = ask(registry)
    listed = removals.treated(registry)
    registry.append(SECRETARIAT, QUESTION, "QuestionAnswered", question=ref(question),
                    text=text("Those in the north"))  # fmt: skip
    removals.heard(registry)
    assert unproposed(registry, evidence=listed) == {"EV3"}
    removals.propose_review_decision(registry)


def test_nothing_is_decided_while_a_question_may_be_answered(registry: Registry) -> None:
    """Once its day is over, an unanswered question stands in nobody's way (RV16)."""
    ask(registry, days=40)
    removals.heard(registry)
    assert unproposed(registry) == {"RV16"}
    later(registry, 11)
    removals.propose_review_decision(registry)


def test_a_finding_is_rebutted_once_and_answered_once(registry: Registry) -> None:
    """The panel maintains, revises with a severity, or withdraws it (RV15)."""
    finding = removals.record_finding(registry)
    invented = ref(finding) | {"id": bytes(32)}
    assert unrebutted(registry, invented) == {"RV15"}
    assert unrebutted(registry, ref(finding), evidence=[invented]) == {"RV15"}
    report = removals.treated(registry)[0]["ref"]
    rebuttal = rebut(registry, finding, evidence=[report])
    assert unrebutted(registry, ref(finding)) == {"RV15"}
    said = {"rebuttal": ref(rebuttal), "outcome": "revised", "text": text("In part")}
    assert refused(registry, C, REBUTTAL, "RebuttalAnswered", **said) == {"RV15"}
    other = said | {"rebuttal": ref(finding), "severity": 1}
    assert refused(registry, C, REBUTTAL, "RebuttalAnswered", **other) == {"RV15"}
    registry.append(C, REBUTTAL, "RebuttalAnswered", severity=1, **said)
    again = refused(registry, C, REBUTTAL, "RebuttalAnswered", severity=1, **said)
    assert again == {"RV15"}
    (found,) = review(registry).findings
    assert (found.state, found.severity) == ("revised", 1)


def test_a_second_rebuttal_needs_a_stream_of_its_own(registry: Registry) -> None:
    """A rebuttal is not replaced under the panel (RV15)."""
    first, second = removals.record_finding(registry), removals.record_finding(registry)
    rebut(registry, first)
    assert refused(registry, NGO, REBUTTAL, "FindingRebutted", review="r1", finding=ref(second),
                   text=text("…")) == {"RV15"}  # fmt: skip


def test_a_rebuttal_waits_for_its_answer_before_a_decision(registry: Registry) -> None:
    """Unanswered, it stops the decision (RV16); what is withdrawn is no longer rested on (RV6)."""
    finding = removals.record_finding(registry)
    rebuttal = rebut(registry, finding)
    removals.heard(registry)
    assert unproposed(registry, finding) == {"RV16"}
    registry.append(C, REBUTTAL, "RebuttalAnswered", rebuttal=ref(rebuttal), outcome="withdrawn",
                    text=text("The flood is on record"))  # fmt: skip
    assert unproposed(registry, finding) == {"RV6"}
    assert unproposed(registry, outcome="unsatisfactory") == {"RV6"}
    removals.propose_review_decision(registry)


def test_a_draft_has_every_finding_and_the_time_for_comments(registry: Registry) -> None:
    """A draft that leaves one out, or closes early, is refused (RV16)."""
    removals.record_finding(registry)
    stream = f"{PARTNERSHIP}/review/r1"
    fields = {"text": text("…"), "comments_by": registry.day(30)}
    assert refused(registry, A, stream, "DraftShared", **fields) == {"RV16"}
    standing = [removals.fields_of(ref_) for ref_ in review(registry).standing()]
    short = fields | {"comments_by": registry.day(29), "findings": standing}
    assert refused(registry, A, stream, "DraftShared", **short) == {"RV16"}
    removals.share_draft(registry)


def test_no_finding_reaches_a_decision_that_was_in_no_draft(registry: Registry) -> None:
    """A finding after the draft needs another draft, with its time for comments (RV16)."""
    removals.heard(registry)
    finding = removals.record_finding(registry)
    assert unproposed(registry, finding) == {"RV16"}
    removals.share_draft(registry)
    assert unproposed(registry, finding) == {"RV16"}
    later(registry, 31)
    removals.propose_review_decision(registry, finding)


def test_what_is_found_late_puts_a_decision_off_once(registry: Registry) -> None:
    """RV25: after the comments one more draft, with a finding that is new; then no finding more."""
    stream = f"{PARTNERSHIP}/review/r1"
    first = removals.record_finding(registry)
    removals.share_draft(registry)
    later(registry, 31)
    again = {"text": text("…"), "comments_by": registry.day(30)}
    again["findings"] = [removals.fields_of(one) for one in review(registry).standing()]
    assert refused(registry, A, stream, "DraftShared", **again) == {"RV25"}
    second = removals.record_finding(registry)
    removals.share_draft(registry)
    found = {"clause": "2.1", "severity": 2, "text": text("And one more")}
    again["findings"] = [removals.fields_of(one) for one in review(registry).standing()]
    assert refused(registry, B, stream, "FindingRecorded", **found) == {"RV25"}
    assert refused(registry, A, stream, "DraftShared", **again) == {"RV25"}
    assert removals.next_steps(registry, "FindingRecorded") == []
    removals.propose_review_decision(later(registry, 31), first, second)


def test_drafts_of_the_first_round_close_nothing(registry: Registry) -> None:
    """RV25: while the first draft is open to comments, drafts and findings go on as they need."""
    findings = []
    for _ in range(3):
        removals.share_draft(later(registry, 5))
        findings.append(removals.record_finding(registry))
    removals.propose_review_decision(registry, *findings)


def test_a_finding_after_the_proposal_stops_its_voices(registry: Registry) -> None:
    """A decision rests on every finding when it takes effect, and not only before (RV6)."""
    proposal = removals.propose_review_decision(registry)
    removals.record_finding(registry)
    assert refused_voice(registry, A, proposal, A) == {"RV6"}


def test_comments_come_in_time_once_and_on_the_newest_draft(registry: Registry) -> None:
    """Each of the partnership once on each draft, until its last day has ended (RV16)."""
    first = removals.share_draft(registry)
    said = {"draft": ref(first), "text": text("Two figures are wrong")}
    registry.append(SECRETARIAT, f"{COMMENT}/{SECRETARIAT}", "CommentReceived", **said)
    again = refused(registry, SECRETARIAT, f"{COMMENT}/{SECRETARIAT}", "CommentReceived", **said)
    assert again == {"RV16"}
    second = removals.share_draft(registry)
    assert refused(registry, NGO, f"{COMMENT}/{NGO}", "CommentReceived", **said) == {"RV16"}
    said["draft"] = ref(second)
    for author in (SECRETARIAT, NGO):
        registry.append(author, f"{COMMENT}/{author}", "CommentReceived", **said)
    later(registry, 32)
    assert refused(registry, COMPANY, f"{COMMENT}/{COMPANY}", "CommentReceived", **said) == {"RV16"}
    replies = [r for r in registry.subject(PARTNERSHIP).all(Reply) if r.matter == "r1"]
    assert len(replies) == 3
    assert {r.ref for r in replies} <= set(evidence.on_record(registry.subject(PARTNERSHIP)))


def test_after_the_comments_nothing_is_rebutted(registry: Registry) -> None:
    """Nothing of the partnership's comes between a proposal and its voices (RV15)."""
    finding = removals.record_finding(registry)
    removals.propose_review_decision(registry, finding)
    assert unrebutted(registry, ref(finding)) == {"RV15"}


def test_a_member_gives_a_separate_opinion(registry: Registry) -> None:
    """Once, on a decision of its own panel that is proposed (RV17), also after it is in effect."""
    proposal = removals.propose_review_decision(registry)
    stream = f"{PARTNERSHIP}/opinion/d1"
    said = {"decision": ref(proposal), "text": text("I do not agree with the outcome")}
    invented = said | {"decision": ref(proposal) | {"id": bytes(32)}}
    assert refused(registry, C, f"{stream}/{C}", "SeparateOpinionFiled", **invented) == {"RV17"}
    assert removals.next_step(registry, "SeparateOpinionFiled").lawful
    for member in REVIEWERS:
        registry.endorse(member, proposal, member)
    registry.append(C, f"{stream}/{C}", "SeparateOpinionFiled", **said)
    assert refused(registry, C, f"{stream}/{C}", "SeparateOpinionFiled", **said) == {"RV17"}


def test_every_open_matter_names_its_next_step(registry: Registry) -> None:
    """An answer, a rebuttal and its answer are offered while they wait."""
    finding = removals.record_finding(registry)
    ask(registry)
    assert removals.next_step(registry, "QuestionAnswered").lawful
    assert removals.next_step(registry, "FindingRebutted").lawful
    rebut(registry, finding)
    assert removals.next_steps(registry, "FindingRebutted") == []
    assert removals.next_step(registry, "RebuttalAnswered").lawful


def test_further_layers_give_a_review_their_time() -> None:
    """RV16: a layer that reaches the partnership doubles its days for comments."""
    registry = removals.layered(review_comments="P60D")
    removals.open_review(stories.listed_partnership(registry))
    stream = f"{PARTNERSHIP}/review/r1"
    fields = {"text": text("…"), "comments_by": registry.day(30)}
    assert refused(registry, A, stream, "DraftShared", **fields) == {"RV16"}
    removals.share_draft(registry, comments_by=registry.day(60))
    assert removals.next_step(registry, "CommentReceived").lawful
