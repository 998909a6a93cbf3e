"""Removal from the register: every step is on record, and every window was open."""

from __future__ import annotations

import msgspec
import pytest

from tests.harness import judging, removals, stories
from tests.harness.registry import ref
from tests.harness.removals import (
    ANSWERS,
    CASE,
    REGISTRY_ORG,
    Story,
    later,
    listing,
    next_step,
    next_steps,
    refused,
    refused_voice,
)
from tests.harness.stories import (
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    SECRETARIAT,
    text,
)
from verifier.errors import MalformedError
from verifier.rules.book import Refused
from verifier.rules.guideline import Profile, milder
from verifier.rules.standing import standing_at

LAST_CALL = text("Last call")


def test_a_removal_takes_every_step(story: Story) -> None:
    """Support, two notices, a reply window, two offices, an appeal window: then it is removed."""
    registry = story.at("removed")
    assert listing(registry) == "removed"
    case = removals.case(registry)
    assert (case.ground, case.ended_on) == ("removed", registry.day())
    assert {s.actor for s in case.signers} == {OFFICE_A, OFFICE_B}


def test_a_removal_out_of_nothing_is_refused_with_everything_it_lacks(story: Story) -> None:
    """A removal signed by a valid office without any step names every rule that is not met."""
    registry = story.at("overdue")
    invented = {"stream": f"{PARTNERSHIP}/decision/d1", "seq": 0, "id": bytes(32)}
    rules = refused(registry, OFFICE_A, CASE, "PartnershipRemoved", decision=invented,
                    effective_on=registry.day())  # fmt: skip
    assert rules == {"CS1", "CS5", "CS6", "CS7", "CS8", "CS10", "CS11"}


@pytest.mark.parametrize(("skipped", "rules"), [
    ("delivery", {"CS5"}),
    ("support", {"CS6"}),
    ("final", {"CS7", "CS8"}),
    ("final delivery", {"CS8"}),
    ("window", {"CS8"}),
])  # fmt: skip
def test_a_decision_that_skips_a_step_is_refused(
    story: Story, skipped: str, rules: set[str]
) -> None:
    """Each step that is left out is named; nothing else is."""
    registry = story.at("overdue")
    if skipped != "support":
        removals.offer_support(registry)
    notice = registry.append(OFFICE_A, CASE, "RemovalNoticeIssued",
                             **removals.notice_fields(registry))  # fmt: skip
    if skipped != "delivery":
        removals.deliver(registry, notice)
    later(registry, 90)
    if skipped != "final":
        fields = {"decision_day": registry.day(30), "text": LAST_CALL}
        event = registry.sign(OFFICE_A, CASE, "FinalNoticeIssued", **fields)
        final = registry.force(event) if skipped in ("delivery", "support") else registry.add(event)
        if skipped != "final delivery":
            removals.deliver(registry, final)
    later(registry, 29 if skipped == "window" else 31)
    stream = f"{PARTNERSHIP}/decision/d1"
    fields = removals.decision_fields(registry)
    assert refused(registry, OFFICE_A, stream, "RemovalDecisionProposed", **fields) == rules


def test_a_removal_without_a_decision_is_refused(story: Story) -> None:
    """Two notices and an open window make no removal: two offices must have decided."""
    registry, final = story.last("final")
    later(registry, 31)
    rules = refused(registry, OFFICE_A, CASE, "PartnershipRemoved", decision=ref(final),
                    effective_on=registry.day())  # fmt: skip
    assert rules == {"CS10", "CS11"}


def test_a_removal_within_the_appeal_window_is_refused_until_its_last_hour(story: Story) -> None:
    """The window is open until its last day has ended everywhere; then time alone was missing."""
    registry, decision = story.last("decided")
    fields = {"decision": ref(decision), "effective_on": registry.day()}
    with pytest.raises(Refused) as refusal:
        registry.append(OFFICE_A, CASE, "PartnershipRemoved", **fields)
    (unmet,) = refusal.value.unmet
    assert unmet.rule == "CS11"
    assert unmet.earliest is not None
    registry.now = unmet.earliest - 1
    fields["effective_on"] = registry.day()
    assert refused(registry, OFFICE_A, CASE, "PartnershipRemoved", **fields) == {"CS11"}
    registry.now = unmet.earliest
    fields["effective_on"] = registry.day()
    registry.append(OFFICE_A, CASE, "PartnershipRemoved", **fields)
    assert listing(registry) == "removed"


@pytest.mark.parametrize("days", [-1, -200, 1])
def test_a_removal_takes_effect_on_the_day_of_its_record(story: Story, days: int) -> None:
    """Neither for the past nor for a day on which nobody acts."""
    registry, decision = story.last("decided")
    later(registry, 31)
    rules = refused(registry, OFFICE_A, CASE, "PartnershipRemoved", decision=ref(decision),
                    effective_on=registry.day(days))  # fmt: skip
    assert rules == {"RM2"}


def test_a_removal_names_the_decision_that_stands(story: Story) -> None:
    """Another event in its place is refused."""
    registry, decision = story.last("decided")
    later(registry, 31)
    other = ref(decision) | {"id": bytes(32)}
    rules = refused(registry, OFFICE_A, CASE, "PartnershipRemoved", decision=other,
                    effective_on=registry.day())  # fmt: skip
    assert rules == {"RM1"}


# A late report.


@pytest.mark.parametrize("point", ["overdue", "noticed", "final", "decided", "appealed"])
def test_a_late_report_stops_the_track_until_it_is_screened(story: Story, point: str) -> None:
    """From its submission on no adverse step is lawful, whatever the step that would come next."""
    registry = later(story.at(point), 90 if point == "noticed" else 31)
    stories.submitted_report(registry)
    adverse = {"RemovalNoticeIssued", "FinalNoticeIssued", "RemovalDecisionProposed",
               "PartnershipRemoved", "AppealDecisionProposed"}  # fmt: skip
    found = [step for name in adverse for step in next_steps(registry, name)]
    stopped = [s for s in found if any(u.rule == "CS3" for u in s.unmet)]
    assert stopped
    assert not any(step.lawful for step in stopped)
    lawful = {s.type for s in found if s.lawful}
    assert lawful <= {"RemovalDecisionProposed/1", "AppealDecisionProposed/1"}
    assert next_step(registry, "ReportAccepted").lawful


def test_a_late_report_stops_a_decision_between_two_endorsements(story: Story) -> None:
    """The second office's voice is refused once the report came."""
    registry = later(story.at("final"), 31)
    proposal = removals.propose_decision(registry)
    registry.endorse(OFFICE_A, proposal, REGISTRY_ORG)
    stories.submitted_report(registry)
    assert refused_voice(registry, OFFICE_B, proposal, REGISTRY_ORG) == {"CS3", "EV3"}
    assert removals.case(registry).decision is None


@pytest.mark.parametrize("point", ["noticed", "final", "decided", "appealed"])
def test_acceptance_leaves_only_the_closing_as_cured(story: Story, point: str) -> None:
    """Once the report is accepted the case ends one way, and the partnership stays listed."""
    registry = later(story.at(point), 90 if point == "noticed" else 31)
    stories.accepted_report(registry)
    for name in ("FinalNoticeIssued", "RemovalDecisionProposed", "PartnershipRemoved",
                 "AppealDecisionProposed"):  # fmt: skip
        assert not any(step.lawful for step in next_steps(registry, name))
    assert refused(registry, OFFICE_A, CASE, "CaseClosed", ground="withdrawn",
                   text=text("…")) >= {"CC1"}  # fmt: skip
    registry.append(OFFICE_A, CASE, "CaseClosed", ground="cured")
    assert listing(registry) == "listed"
    assert removals.case(registry).ground == "cured"


def test_a_returned_report_leaves_time_to_cure(story: Story) -> None:
    """For P30D after a return nothing adverse is lawful; a case is not cured by it either."""
    registry = later(story.at("final"), 31)
    stories.returned_report(registry)
    assert refused(registry, OFFICE_A, CASE, "CaseClosed", ground="cured") == {"CC1"}
    step = next(s for s in next_steps(registry, "RemovalDecisionProposed") if not s.lawful)
    assert removals.day_of(step.earliest) == registry.day(30)
    removals.decide(later(registry, 30))
    assert removals.case(registry).decision is not None


# The decision.


def test_the_decision_is_open_to_every_reply(story: Story) -> None:
    """A reply that the decision does not list makes it unlawful."""
    registry = story.at("final")
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/reply/one", "ReplyFiled", case="c1",
                    text=text("We moved house"))  # fmt: skip
    later(registry, 31)
    fields = removals.decision_fields(registry, evidence=[])
    stream = f"{PARTNERSHIP}/decision/d1"
    assert refused(registry, OFFICE_A, stream, "RemovalDecisionProposed", **fields) == {"EV3"}
    assert refused(registry, SECRETARIAT, f"{PARTNERSHIP}/reply/two", "ReplyFiled", case="c1",
                   text=text("…")) == {"NT8"}  # fmt: skip
    removals.decide(registry)


def test_the_decision_states_the_terms_of_its_case(story: Story) -> None:
    """A shorter appeal window, one office, or another guideline version is refused."""
    registry = later(story.at("final"), 31)
    stream = f"{PARTNERSHIP}/decision/d1"
    for change, rule in (({"appeal_window": "P10D"}, "RD3"), ({"quorum": 1}, "PR1"),
                         ({"guideline": {"set": "default", "version": 2}}, "RD3"),
                         ({"case": "c9"}, "CS1")):  # fmt: skip
        fields = removals.decision_fields(registry, **change)
        assert refused(registry, OFFICE_A, stream, "RemovalDecisionProposed", **fields) == {rule}


def test_a_decided_case_is_not_decided_again(story: Story) -> None:
    """Neither a second decision nor a withdrawal touches what two offices decided."""
    registry = story.at("decided")
    stream = f"{PARTNERSHIP}/decision/d2"
    fields = removals.decision_fields(registry)
    assert refused(registry, OFFICE_A, stream, "RemovalDecisionProposed", **fields) == {"RD1"}
    assert refused(registry, OFFICE_A, CASE, "CaseClosed", ground="withdrawn",
                   text=text("…")) == {"CC2"}  # fmt: skip


def test_a_dismissal_ends_the_case_with_a_new_due_day(story: Story) -> None:
    """Two offices may dismiss at any time; the report is then due P60D later."""
    registry = story.at("noticed")
    removals.decide(registry, outcome="dismiss")
    assert removals.case(registry).ground == "dismissed"
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert now.due is not None
    assert now.due.isoformat() == registry.day(60)
    assert not next_step(registry, "RemovalNoticeIssued").lawful


def test_a_case_is_withdrawn_with_a_reason(story: Story) -> None:
    """The registry may drop what is not decided, and says why."""
    registry = story.at("final")
    assert refused(registry, OFFICE_A, CASE, "CaseClosed", ground="withdrawn") == {"CC2"}
    registry.append(OFFICE_A, CASE, "CaseClosed", ground="withdrawn", text=text("A mistake"))
    assert removals.case(registry).ground == "withdrawn"
    assert listing(registry) == "listed"


def test_an_expired_proposal_leaves_the_case_open_for_another(story: Story) -> None:
    """A decision that found no second office in time lapses; the next one may be proposed."""
    registry = later(story.at("final"), 31)
    proposal = removals.propose_decision(registry, expires=registry.day(5))
    registry.endorse(OFFICE_A, proposal, REGISTRY_ORG)
    later(registry, 6)
    assert refused_voice(registry, OFFICE_B, proposal, REGISTRY_ORG) == {"PR4"}
    removals.decide(registry, "d2")
    assert removals.case(registry).decision is not None


def test_a_later_guideline_applies_where_it_is_milder(story: Story) -> None:
    """A case keeps the terms of its first notice, except where a new version is kinder."""
    registry = story.at("noticed")
    stories.guidelines(registry, reply_window="P60D", notice_to_final="P61D")
    later(registry, 89)
    assert removals.day_of(next_step(registry, "FinalNoticeIssued").earliest) == registry.day(1)
    later(registry, 1)
    rules = refused(registry, OFFICE_A, CASE, "FinalNoticeIssued", text=LAST_CALL,
                    decision_day=registry.day(30))  # fmt: skip
    assert rules == {"NT6"}
    registry.append(OFFICE_A, CASE, "FinalNoticeIssued", text=LAST_CALL,
                    decision_day=registry.day(60))  # fmt: skip


def test_milder_is_defined_for_each_parameter() -> None:
    """Windows for the partnership grow, those for the deciders shrink, numbers of deciders grow."""
    fields = next(p for p in stories.default_guidelines()[1]["profiles"] if p["name"] == "light")
    first = msgspec.convert(fields, Profile)
    later_one = msgspec.structs.replace(
        first, reply_window="P1Y", appeal_window="P1D", notice_lapses="P30D", decision_window="P2Y",
        decision_offices=3, appeal_seats=1, removal_track="full",
    )  # fmt: skip
    rules = milder(first, later_one)
    assert (rules.reply_window, rules.appeal_window) == ("P1Y", "P30D")
    assert (rules.notice_lapses, rules.decision_window) == ("P30D", "P90D")
    assert (rules.decision_offices, rules.appeal_seats) == (3, 3)
    assert rules.removal_track == "light"


def test_a_general_extension_moves_the_windows(story: Story) -> None:
    """An outage on the last day of the appeal window keeps it open for as many days."""
    registry, decision = story.last("decided")
    registry.append(OFFICE_A, "calendar/extension/outage", "DeadlineExtendedGenerally",
                    first_day=registry.day(25), last_day=registry.day(35), days=14,
                    ground=text("The registry was out of reach"), mandate="A/1")  # fmt: skip
    later(registry, 40)
    assert [u.rule for u in next_step(registry, "PartnershipRemoved").unmet] == ["CS11"]
    removals.appeal(registry, decision)


# No dead ends.


@pytest.mark.parametrize(("point", "days", "type_", "who"), [
    ("overdue", 0, "RemovalNoticeIssued", "registry"),
    ("overdue", 0, "SupportOffered", "focal_point"),
    ("noticed", 90, "FinalNoticeIssued", "registry"),
    ("final", 31, "RemovalDecisionProposed", "registry"),
    ("final", 31 + 91, "FinalNoticeIssued", "registry"),
    ("decided", 0, "AppealFiled", "the partnership's secretariat"),
    ("decided", 31, "PartnershipRemoved", "registry"),
    ("appealed", 0, "AppealPanelAnnounced", "body_secretary"),
    ("drawn", 0, "AppealDecisionProposed", "appeals_panel"),
    ("appealed", 91, "RemovalDecisionProposed", "registry"),
    ("appealed", 91 + 91, "FinalNoticeIssued", "registry"),
    ("removed", 0, "ReinstatementRequested", "the partnership's secretariat"),
])  # fmt: skip
def test_at_every_point_the_next_step_has_a_signer(
    story: Story, point: str, days: int, type_: str, who: str
) -> None:
    """What may happen next names a step that is lawful now, and the capacity that signs it."""
    if point == "drawn":
        registry, filed = story.last("appealed")
        judging.draw_judges(registry, filed)
    else:
        registry = story.at(point)
    found = next_steps(later(registry, days), type_)
    assert any(step.lawful for step in found)
    assert who in found[0].who


def test_the_missing_step_is_told_with_its_day(story: Story) -> None:
    """A decision that comes too early names the final notice, and from when it can be given."""
    registry = story.at("noticed")
    step = next(s for s in next_steps(registry, "RemovalDecisionProposed") if not s.lawful)
    unmet = next(u for u in step.unmet if u.rule == "CS7")
    assert unmet.who == "registry"
    assert registry.day(90) in unmet.hint


def test_decisions_answer_the_two_questions(story: Story) -> None:
    """A decision without the answers on governments' and the UN's tasks is no decision."""
    registry = later(story.at("final"), 31)
    fields = removals.decision_fields(registry)
    for name in ANSWERS:
        without = {k: v for k, v in fields.items() if k != name}
        event = registry.sign(OFFICE_A, f"{PARTNERSHIP}/decision/d1", "RemovalDecisionProposed",
                              **without)  # fmt: skip
        with pytest.raises(MalformedError):
            registry.entry(event)
