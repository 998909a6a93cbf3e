"""The appeal against a removal, and the way back after one."""

from __future__ import annotations

from datetime import date

from tests.harness import judging, removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import (
    ANSWERS,
    CASE,
    MANDATE,
    REGISTRY_ORG,
    Story,
    branch,
    later,
    listing,
    next_step,
    next_steps,
    refused,
    refused_voice,
)
from tests.harness.stories import (
    APPEALS_PANEL,
    BODY_SECRETARY,
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    SECRETARIAT,
    text,
)
from verifier.rules import partnership
from verifier.rules.book import Entry
from verifier.rules.delisting.judges import Judges, seated
from verifier.rules.standing import standing_at


def the_partnership(registry: Registry) -> partnership.Partnership:
    """Return the partnership."""
    found = partnership.of(registry.subject(PARTNERSHIP))
    assert found is not None
    return found


def appealed(registry: Registry) -> Entry:
    """Go on from a final notice to the decision and an appeal against it."""
    decision = removals.decide(later(registry, 31))
    return removals.appeal(later(registry, 10), decision)


def dismiss(registry: Registry, member: str, by: str) -> None:
    """Take a seat on the roster back as its body decides, or lay it down."""
    if by != member:
        registry.dismiss(member, "appeals_panel", by)
        return
    registry.append(by, f"{member}/withdrawal/panel", "RoleWithdrawn", reason="A/1",
                    grant=removals.grant_of(registry, member, "appeals_panel"))  # fmt: skip


def test_an_upheld_removal_takes_effect(story: Story) -> None:
    """Until the panel has decided the removal waits; upheld, it may be recorded at once."""
    registry, filed = story.last("appealed")
    later(registry, 31)
    assert [u.rule for u in next_step(registry, "PartnershipRemoved").unmet] == ["CS11"]
    removals.decide_appeal(registry, filed, "uphold")
    assert next_step(registry, "PartnershipRemoved").lawful


def test_an_appeal_comes_in_time_and_once(story: Story) -> None:
    """After the window, by another than the partnership, or a second time, it is refused."""
    registry, decision = story.last("decided")
    stream = f"{PARTNERSHIP}/appeal/a1"
    fields = {"case": "c1", "decision": ref(decision), "grounds": ["fact"], "text": text("…")}
    assert refused(registry, OFFICE_A, stream, "AppealFiled", **fields) == {"AD10"}
    late = later(branch(registry), 31)
    assert refused(late, SECRETARIAT, stream, "AppealFiled", **fields) == {"AP2"}
    removals.appeal(registry, decision)
    again = f"{PARTNERSHIP}/appeal/a2"
    assert refused(registry, SECRETARIAT, again, "AppealFiled", **fields) == {"AP1"}


def test_nobody_who_signed_before_decides_on_appeal(story: Story) -> None:
    """An office that decided, an organization that decided and a party have no voice on appeal."""
    registry = story.at("final")
    registry.enlist("actor-sister-office", kind="office", principal=REGISTRY_ORG)
    for member in ("actor-sister-office", stories.NGO):
        registry.grant(member, "appeals_panel", BODY_SECRETARY)
    filed = appealed(registry)
    proposal = removals.propose_on_appeal(registry, filed, "overturn")
    rules = refused_voice(registry, "actor-sister-office", proposal, REGISTRY_ORG)
    assert rules == {"AP5", "AP10"}
    assert refused_voice(registry, stories.NGO, proposal, stories.NGO) == {"AP5", "AP10"}
    rules = refused_voice(registry, OFFICE_B, proposal, REGISTRY_ORG)
    assert rules == {"AP5", "AP10", "PR5"}


def test_an_office_that_changed_sides_does_not_decide_on_appeal(story: Story) -> None:
    """One who signed for the registry, left it and joined the panel is barred all the same."""
    registry, filed = story.last("appealed")
    grant = removals.grant_of(registry, OFFICE_B, "registry")
    registry.append(OFFICE_B, f"{OFFICE_B}/withdrawal/registry", "RoleWithdrawn", grant=grant,
                    reason="new post")  # fmt: skip
    registry.grant(OFFICE_B, "appeals_panel", BODY_SECRETARY)
    proposal = removals.propose_on_appeal(registry, filed)
    rules = refused_voice(registry, OFFICE_B, proposal, REGISTRY_ORG)
    assert rules == {"AP5", "AP9", "AP10"}
    fields = removals.appeal_decision(registry, filed, "uphold")
    rules = refused(registry, OFFICE_B, f"{PARTNERSHIP}/decision/d3", "AppealDecisionProposed",
                    **fields)  # fmt: skip
    assert rules == {"AP5", "AP9", "AP10"}


def test_nobody_picks_the_judges_of_a_case(story: Story) -> None:
    """AP9: who came after the decision is not heard; whom another dismissed since still is."""
    registry, decision = story.last("decided")
    registry.enlist("actor-late", stakeholder_type="ngo")
    registry.grant("actor-late", "appeals_panel", BODY_SECRETARY)
    for member in APPEALS_PANEL:
        dismiss(registry, member, BODY_SECRETARY)
    filed = removals.appeal(registry, decision)
    proposal = removals.propose_on_appeal(registry, filed, "overturn")
    assert refused_voice(registry, "actor-late", proposal, "actor-late") == {"AP9", "AP10"}
    for member in APPEALS_PANEL[:2]:
        registry.endorse(member, proposal, member)
    assert removals.case(registry).ground == "overturned"


def test_who_left_the_roster_does_not_decide_on_appeal(story: Story) -> None:
    """AP9, PR5: dismissed before it, gone by itself, or in a role that excludes this one."""
    registry = story.at("final")
    first, second, third = APPEALS_PANEL
    dismiss(registry, second, BODY_SECRETARY)
    filed = appealed(registry)
    proposal = removals.propose_on_appeal(registry, filed)
    assert refused_voice(registry, second, proposal, second) == {"AP9", "AP10"}
    other = branch(registry)
    dismiss(registry, third, third)
    assert refused_voice(registry, third, proposal, third) == {"PR5"}
    dismiss(other, first, BODY_SECRETARY)
    other.appoint(first, "registry")
    assert refused_voice(other, first, proposal, first) == {"PR5"}


def test_the_judges_are_of_three_organizations(story: Story) -> None:
    """AJ7, PR8: a second office of one organization is no second judge, and no second voice."""
    registry = story.at("final")
    a, b, c = APPEALS_PANEL
    registry.enlist("actor-appeals-a-2", kind="office", principal=a)
    registry.grant("actor-appeals-a-2", "appeals_panel", BODY_SECRETARY)
    filed = appealed(registry)
    judging.draw_judges(registry, filed, a, "actor-appeals-a-2", b, c)
    (found,) = registry.subject(PARTNERSHIP).all(Judges)
    one, sister = sorted((a, "actor-appeals-a-2"), key=lambda who: who not in seated(found))
    assert set(seated(found)) == {one, b, c}
    fields = removals.appeal_decision(registry, filed, "overturn")
    stream = f"{PARTNERSHIP}/decision/d2"
    proposal = registry.append(one, stream, "AppealDecisionProposed", **fields)
    registry.endorse(one, proposal, a)
    assert refused_voice(registry, sister, proposal, a) == {"PR8", "AP10"}
    assert removals.case(registry).ended_on is None
    registry.endorse(b, proposal, b)
    assert removals.case(registry).ground == "overturned"


def test_an_overturned_removal_gives_a_new_due_day(story: Story) -> None:
    """The case ends, the report is due P60D later, and no case can begin before that is late."""
    registry, filed = story.last("appealed")
    removals.decide_appeal(registry, filed, "overturn")
    assert (listing(registry), removals.case(registry).ground) == ("listed", "overturned")
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert now.state == "due_soon"
    assert now.due is not None
    assert now.due.isoformat() == registry.day(60)
    step = next_step(registry, "RemovalNoticeIssued")
    assert not step.lawful
    assert (date.fromisoformat(removals.day_of(step.earliest)) - now.due).days == 365


def test_a_further_layer_gives_more_time_after_an_overturned_removal() -> None:
    """CC3: the new due day is the layer's, where it says more than the base set."""
    registry, filed = removals.appealed(
        removals.overdue(removals.layered(due_after_overturn="P90D"))
    )
    removals.decide_appeal(registry, filed, "overturn")
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert now.due is not None
    assert now.due.isoformat() == registry.day(90)


def test_an_appeal_is_sent_back_once(story: Story) -> None:
    """After a remittal the offices decide anew; a second appeal is upheld or overturned."""
    registry, filed = story.last("appealed")
    removals.decide_appeal(registry, filed, "remit")
    assert removals.case(registry).decision is None
    again = removals.decide(later(registry, 5), "d3")
    filed = removals.appeal(registry, again, "a2")
    judging.draw_judges(registry, filed)
    fields = removals.appeal_decision(registry, filed, "remit")
    rules = refused(registry, APPEALS_PANEL[0], f"{PARTNERSHIP}/decision/d4",
                    "AppealDecisionProposed", **fields)  # fmt: skip
    assert rules == {"AP6"}
    removals.decide_appeal(registry, filed, "uphold", "d5")
    removals.remove(registry, again)
    assert listing(registry) == "removed"


def test_offices_that_let_a_remittal_rest_begin_with_a_final_notice(story: Story) -> None:
    """The time to decide anew ends too; then a new final notice opens a new window."""
    registry, filed = story.last("appealed")
    removals.decide_appeal(registry, filed, "remit")
    later(registry, 91)
    stream = f"{PARTNERSHIP}/decision/d3"
    rules = refused(registry, OFFICE_A, stream, "RemovalDecisionProposed",
                    **removals.decision_fields(registry))  # fmt: skip
    assert rules == {"CS9"}
    removals.give_final_notice(registry)
    decision = removals.decide(later(registry, 31), "d3")
    filed = removals.appeal(registry, decision, "a2")
    judging.draw_judges(registry, filed)
    fields = removals.appeal_decision(registry, filed, "remit")
    rules = refused(registry, APPEALS_PANEL[0], f"{PARTNERSHIP}/decision/d4",
                    "AppealDecisionProposed", **fields)  # fmt: skip
    assert rules == {"AP6"}


def test_an_appeal_that_is_not_decided_lapses_to_the_offices(story: Story) -> None:
    """After P90D the panel decides no more, the removal has fallen, and the offices decide anew."""
    registry, filed = story.last("appealed")
    proposal = removals.propose_on_appeal(registry, filed, expires=registry.day(170))
    later(registry, 91)
    member = APPEALS_PANEL[0]
    assert refused_voice(registry, member, proposal, member) == {"AP4"}
    assert next_steps(registry, "PartnershipRemoved") == []
    decision = removals.case(registry).decision
    assert decision is not None
    rules = refused(registry, OFFICE_A, CASE, "PartnershipRemoved", effective_on=registry.day(),
                    decision=removals.fields_of(decision.ref))  # fmt: skip
    assert rules == {"CS10"}
    removals.decide(registry, "d3")
    assert removals.case(registry).appeal is None
    assert [u.rule for u in next_step(registry, "PartnershipRemoved").unmet] == ["CS11"]


def test_a_panel_that_never_sits_puts_no_removal_off_for_ever(story: Story) -> None:
    """CS11: the second lapse of an appeal leaves the offices' new decision standing."""
    registry, _ = story.last("appealed")
    again = removals.decide(later(registry, 91), "d3")
    filed = removals.appeal(registry, again, "a2")
    late = removals.propose_on_appeal(registry, filed, local="d4", expires=registry.day(170))
    fields = {"decision": ref(again), "effective_on": registry.day(90)}
    rules = refused(later(registry, 90), OFFICE_B, CASE, "PartnershipRemoved", **fields)
    assert rules == {"CS11"}
    later(registry, 1)
    fields["effective_on"] = registry.day()
    decision = removals.decision_fields(registry)
    stream = f"{PARTNERSHIP}/decision/d5"
    assert refused(registry, OFFICE_A, stream, "RemovalDecisionProposed", **decision) == {"RD1"}
    member = APPEALS_PANEL[0]
    assert refused_voice(registry, member, late, member) == {"AP4"}
    assert next_step(registry, "PartnershipRemoved").lawful
    removals.remove(registry, again)
    assert listing(registry) == "removed"


def test_the_panel_answers_every_ground(story: Story) -> None:
    """A ground left open makes the decision unlawful; so does an answer to none that was raised."""
    registry, filed = story.last("appealed")
    judging.draw_judges(registry, filed)
    one = {"ground": "fact", "founded": False, "reason": "As recorded"}
    other = {"ground": "proportionality", "founded": False, "reason": "As recorded"}
    for answers in ([one], [one, other]):
        fields = removals.appeal_decision(registry, filed, "uphold", answers=answers)
        rules = refused(registry, APPEALS_PANEL[0], f"{PARTNERSHIP}/decision/d2",
                        "AppealDecisionProposed", **fields)  # fmt: skip
        assert rules == {"AP3"}


# The way back.


def request(registry: Registry, local: str = "r1") -> Entry:
    """Ask for reinstatement."""
    return registry.append(SECRETARIAT, f"{PARTNERSHIP}/reinstatement/{local}",
                           "ReinstatementRequested", recommitment=text("We report"))  # fmt: skip


def test_who_files_what_was_owed_returns(story: Story) -> None:
    """Every report due by the removal, a recommitment and P14D: then the clock starts anew."""
    registry = story.at("removed")
    asked = request(registry)
    fields = {"request": ref(asked)} | stories.listing(registry)
    rules = refused(registry, OFFICE_A, asked.event.stream, "Reinstated", **fields)
    assert rules == {"RI2", "RI3"}
    stories.accepted_report(registry, period_end=registry.day())
    step = next_step(registry, "Reinstated")
    assert [unmet.rule for unmet in step.unmet] == ["RI3"]
    later(registry, 15)
    registry.append(OFFICE_A, asked.event.stream, "Reinstated", **fields)
    assert listing(registry) == "listed"
    assert the_partnership(registry).clock_from == registry.day()
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert (now.state, now.obligation) == ("not_due", 1)
    assert not next_step(registry, "RemovalNoticeIssued").lawful


def test_a_refusal_takes_two_offices_in_time_and_lasts_three_years(story: Story) -> None:
    """The deciders may object within P14D; the next request waits P3Y."""
    registry = story.at("removed")
    asked = request(registry)
    fields = {"request": ref(asked), "mandate": MANDATE, "quorum": 2, "expires": registry.day(60),
              "reasons": text("The recommitment names nobody"), **ANSWERS}  # fmt: skip
    late = later(branch(registry), 15)
    stream = f"{PARTNERSHIP}/decision/d9"
    assert refused(late, OFFICE_A, stream, "ReinstatementRefusalProposed", **fields) == {"RI5"}
    proposal = registry.append(OFFICE_A, stream, "ReinstatementRefusalProposed", **fields)
    registry.endorse(OFFICE_A, proposal, REGISTRY_ORG)
    waits = later(branch(registry), 15)
    assert refused_voice(waits, OFFICE_B, proposal, REGISTRY_ORG) == {"RI5"}
    registry.endorse(OFFICE_B, proposal, REGISTRY_ORG)
    assert next_steps(registry, "Reinstated") == []
    step = next_step(registry, "ReinstatementRequested")
    assert removals.day_of(step.earliest) == registry.on("2029-06-16").day()
    request(registry, "r2")


def test_only_the_removed_ask_to_return(story: Story) -> None:
    """A listed partnership has nothing to return from; one request is pending at a time."""
    registry = story.at("decided")
    assert refused(registry, SECRETARIAT, f"{PARTNERSHIP}/reinstatement/r1",
                   "ReinstatementRequested", recommitment=text("…")) == {"RI1"}  # fmt: skip
    registry = story.at("removed")
    request(registry)
    assert refused(registry, SECRETARIAT, f"{PARTNERSHIP}/reinstatement/r2",
                   "ReinstatementRequested", recommitment=text("…")) == {"RI1"}  # fmt: skip


def test_what_was_removed_cannot_be_removed_again(story: Story) -> None:
    """No notice, no decision and no removal touches a partnership that is off the register."""
    registry, decision = story.last("removed")
    rules = refused(registry, OFFICE_A, CASE, "PartnershipRemoved", decision=ref(decision),
                    effective_on=registry.day())  # fmt: skip
    assert "CS1" in rules
    fields = removals.notice_fields(registry)
    assert "CS1" in refused(registry, OFFICE_A, f"{PARTNERSHIP}/case/c2", "RemovalNoticeIssued",
                            **fields)  # fmt: skip
