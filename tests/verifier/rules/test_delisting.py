"""Removal from the register: every step on record, every window open, a way back at each point."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import (
    ANSWERS,
    CASE,
    MANDATE,
    REGISTRY_ORG,
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
    FOCAL_POINT,
    MACHINE,
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    SCREENER,
    SECRETARIAT,
    text,
)
from verifier.errors import MalformedError
from verifier.rules import partnership
from verifier.rules.book import Entry, Refused
from verifier.rules.delisting.case import milder
from verifier.rules.guideline import Profile
from verifier.rules.standing import standing_at

SUPPORT = f"{PARTNERSHIP}/support/s1"
LAST_CALL = text("Last call")


@pytest.fixture(scope="module")
def beginnings() -> dict[str, tuple[Registry, Entry | None]]:
    """The story told up to each of its points, once."""
    told: dict[str, tuple[Registry, Entry | None]] = {}
    registry = removals.overdue()
    told["overdue"] = branch(registry), None
    told["noticed"] = branch(removals.noticed(registry)), None
    later(registry, 90)
    told["final"] = registry, removals.give_final_notice(registry)
    told["final"] = branch(registry), told["final"][1]
    decision = removals.decide(later(registry, 31))
    told["decided"] = branch(registry), decision
    filed = removals.appeal(later(registry, 10), decision)
    told["appealed"] = branch(registry), filed
    over, _ = told["decided"]
    gone = later(branch(over), 31)
    removals.remove(gone, decision)
    told["removed"] = gone, decision
    return told


class Story:
    """Branches of the story of the test's own."""

    def __init__(self, told: dict[str, tuple[Registry, Entry | None]]) -> None:
        self._told = told

    def at(self, point: str) -> Registry:
        """Return a branch at a point."""
        return branch(self._told[point][0])

    def last(self, point: str) -> tuple[Registry, Entry]:
        """Return a branch at a point and the event that led there."""
        registry, entry = self._told[point]
        assert entry is not None
        return branch(registry), entry


@pytest.fixture
def story(beginnings: dict[str, tuple[Registry, Entry | None]]) -> Story:
    """The story, to be left at any point."""
    return Story(beginnings)


def the_partnership(registry: Registry) -> partnership.Partnership:
    """Return the partnership."""
    found = partnership.of(registry.subject(PARTNERSHIP))
    assert found is not None
    return found


# The way to a removal.


def test_a_removal_takes_every_step(story: Story) -> None:
    """Support, two notices, a reply window, two offices and an appeal window: then it is removed."""
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


# Notices.


def test_a_case_opens_when_the_standing_allows_it() -> None:
    """On the day before, a first notice is refused, with the day from which it is lawful."""
    registry = removals.overdue()
    later(registry, -1)
    with pytest.raises(Refused) as refusal:
        registry.append(OFFICE_A, CASE, "RemovalNoticeIssued", **removals.notice_fields(registry))
    (unmet,) = refusal.value.unmet
    assert unmet.rule == "CS3"
    assert removals.day_of(unmet.earliest) == "2026-01-15"


def test_a_first_notice_names_what_is_owed_and_in_force(story: Story) -> None:
    """Another report, another due day, another version or profile is refused."""
    registry = story.at("overdue")
    fields = removals.notice_fields(registry)
    for change, rule in (({"obligation": 2}, "NT1"), ({"due": "2025-01-14"}, "NT1"),
                         ({"guideline": {"set": "default", "version": 2}}, "NT2"),
                         ({"profile": "un_led"}, "NT2")):  # fmt: skip
        rules = refused(registry, OFFICE_A, CASE, "RemovalNoticeIssued", **(fields | change))
        assert rules == {rule}


def test_one_case_at_a_time(story: Story) -> None:
    """A second case is refused while one is open."""
    registry = story.at("noticed")
    fields = removals.notice_fields(registry)
    stream = f"{PARTNERSHIP}/case/c2"
    assert refused(registry, OFFICE_A, stream, "RemovalNoticeIssued", **fields) == {"NT1"}


def test_a_partnership_with_a_un_role_is_not_removed_by_the_light_track() -> None:
    """Its track is the full one, which begins with a suspension by its decider."""
    registry = removals.overdue(profile="un_led")
    fields = removals.notice_fields(registry) | {"profile": "un_led"}
    assert refused(registry, OFFICE_A, CASE, "RemovalNoticeIssued", **fields) == {"NT2"}


def test_a_machine_gives_no_notice(story: Story) -> None:
    """A machine that holds the registry's role still signs nothing adverse."""
    registry = story.at("overdue")
    registry.appoint(MACHINE, "registry")
    fields = removals.notice_fields(registry)
    assert refused(registry, MACHINE, CASE, "RemovalNoticeIssued", **fields) == {"CS2"}


def test_a_party_does_not_act_on_its_own_partnership(story: Story) -> None:
    """An office of a partner cannot sign an adverse step, though it holds the role."""
    registry = story.at("overdue")
    registry.appoint(stories.GOVERNMENT, "registry")
    fields = removals.notice_fields(registry)
    assert refused(registry, stories.GOVERNMENT, CASE, "RemovalNoticeIssued", **fields) == {"CS2"}


def test_only_the_registry_gives_notices(story: Story) -> None:
    """A screening officer's valid key does not make a notice."""
    registry = story.at("overdue")
    fields = removals.notice_fields(registry)
    assert refused(registry, SCREENER, CASE, "RemovalNoticeIssued", **fields) == {"AD10"}


def test_a_delivery_takes_two_channels_and_a_copy(story: Story) -> None:
    """One channel twice, a copy to nobody in charge, or an impossible day is refused."""
    registry = story.at("overdue")
    notice = registry.append(OFFICE_A, CASE, "RemovalNoticeIssued",
                             **removals.notice_fields(registry))  # fmt: skip
    fields = removals.delivery(registry, notice)
    for change in ({"channels": ["post", "post"]}, {"copy_to": SECRETARIAT},
                   {"delivered_on": registry.day(1)}, {"delivered_on": registry.day(-1)},
                   {"notice": ref(notice) | {"id": bytes(32)}}):  # fmt: skip
        rules = refused(registry, OFFICE_A, CASE, "NoticeDelivered", **(fields | change))
        assert rules == {"NT3"}


def test_a_notice_counts_from_the_record_of_its_delivery(story: Story) -> None:
    """A delivery recorded late does not shorten the time that follows."""
    registry = story.at("overdue")
    removals.offer_support(registry)
    notice = registry.append(OFFICE_A, CASE, "RemovalNoticeIssued",
                             **removals.notice_fields(registry))  # fmt: skip
    delivered_on = registry.day()
    removals.deliver(later(registry, 40), notice, delivered_on=delivered_on)
    later(registry, 50)
    step = next_step(registry, "FinalNoticeIssued")
    assert not step.lawful
    assert [unmet.rule for unmet in step.unmet] == ["NT5"]
    assert removals.day_of(step.earliest) == registry.day(40)
    assert step.who == ("registry",)


def test_a_published_notice_counts_after_sixty_days(story: Story) -> None:
    """Where delivery fails, publication stands in for it, from a later day on."""
    registry = story.at("overdue")
    removals.offer_support(registry)
    notice = registry.append(OFFICE_A, CASE, "RemovalNoticeIssued",
                             **removals.notice_fields(registry))  # fmt: skip
    fields = {"notice": ref(notice), "where": "https://registry.example.org/notices/7"}
    early = registry.day(59)
    assert refused(registry, OFFICE_A, CASE, "NoticePublished", counts_from=early,
                   **fields) == {"NT4"}  # fmt: skip
    registry.append(OFFICE_A, CASE, "NoticePublished", counts_from=registry.day(60), **fields)
    step = next_step(registry, "FinalNoticeIssued")
    assert removals.day_of(step.earliest) == registry.day(150)


@pytest.mark.parametrize(("offered_after", "day"), [(0, 90), (20, 90), (60, 120)])
def test_the_final_notice_waits_for_notice_and_support(
    story: Story, offered_after: int, day: int
) -> None:
    """It comes P90D after the first notice counts and P60D after the offer, whichever is later."""
    registry = story.at("overdue")
    start = date.fromisoformat(registry.day())
    removals.give_notice(registry)
    removals.offer_support(later(registry, offered_after))
    step = next_step(registry, "FinalNoticeIssued")
    lawful_from = date.fromisoformat(removals.day_of(step.earliest))
    assert (lawful_from - start).days == day


@pytest.mark.parametrize("changes", [{"obligation": None}, {"withdrawn": True}])
def test_an_offer_that_does_not_stand_does_not_count(
    story: Story, changes: dict[str, bool | None]
) -> None:
    """A general offer, or one taken back, opens no way to a final notice."""
    registry = story.at("overdue")
    fields = {"kind": "reporting", "text": text("An adviser")}
    if "withdrawn" in changes:
        fields["obligation"] = 1  # type: ignore[assignment]
    registry.append(FOCAL_POINT, SUPPORT, "SupportOffered", **fields)
    if "withdrawn" in changes:
        removals.end_support(registry, "withdrawn")
    removals.give_notice(registry)
    later(registry, 90)
    rules = refused(registry, OFFICE_A, CASE, "FinalNoticeIssued", text=LAST_CALL,
                    decision_day=registry.day(30))  # fmt: skip
    assert rules == {"CS6"}


def test_a_decision_day_lies_a_reply_window_ahead(story: Story) -> None:
    """Twenty-nine days are too few."""
    registry = later(story.at("noticed"), 90)
    rules = refused(registry, OFFICE_A, CASE, "FinalNoticeIssued", text=LAST_CALL,
                    decision_day=registry.day(29))  # fmt: skip
    assert rules == {"NT6"}


def test_a_decision_day_that_was_not_used_needs_a_new_final_notice(story: Story) -> None:
    """P90D after the decision day the offices decide no more; a new final notice opens it again."""
    registry = story.at("final")
    fields = {"text": LAST_CALL, "decision_day": registry.day(150)}
    assert refused(registry, OFFICE_A, CASE, "FinalNoticeIssued", **fields) == {"NT7"}
    later(registry, 30 + 90 + 1)
    stream = f"{PARTNERSHIP}/decision/d1"
    rules = refused(registry, OFFICE_A, stream, "RemovalDecisionProposed",
                    **removals.decision_fields(registry))  # fmt: skip
    assert rules == {"CS9"}
    assert next_step(registry, "FinalNoticeIssued").lawful
    removals.give_final_notice(registry)
    removals.decide(later(registry, 31))
    assert removals.case(registry).decision is not None


# Support stops the clock.


def test_accepted_support_stops_every_adverse_step(story: Story) -> None:
    """While it is awaited nothing goes on; afterwards the time runs as many days longer."""
    registry = story.at("noticed")
    start = date.fromisoformat(registry.day())
    removals.accept_support(registry)
    later(registry, 90)
    rules = refused(registry, OFFICE_A, CASE, "FinalNoticeIssued", text=LAST_CALL,
                    decision_day=registry.day(30))  # fmt: skip
    assert rules == {"CS4", "NT5"}
    assert next_step(registry, "SupportDelivered").lawful
    removals.deliver_support(registry)
    step = next_step(registry, "FinalNoticeIssued")
    assert (date.fromisoformat(removals.day_of(step.earliest)) - start).days == 180


def test_support_that_is_awaited_lengthens_reply_and_appeal_windows(story: Story) -> None:
    """A window that ran when support was accepted ends as many days later."""
    registry = story.at("final")
    removals.accept_support(registry)
    removals.deliver_support(registry)
    removals.offer_support(registry, "s2")
    removals.accept_support(registry, "s2")
    later(registry, 12)
    removals.deliver_support(registry, "s2")
    later(registry, 19)
    steps = {step.lawful: step for step in next_steps(registry, "RemovalDecisionProposed")}
    assert [unmet.rule for unmet in steps[False].unmet] == ["CS8"]
    later(registry, 12)
    removals.decide(registry)
    removals.offer_support(registry, "s3")
    removals.accept_support(registry, "s3")
    later(registry, 7)
    removals.deliver_support(registry, "s3")
    removed = next_step(registry, "PartnershipRemoved")
    assert removals.day_of(removed.earliest) == registry.day(30 + 1)


def test_support_goes_its_way_once(story: Story) -> None:
    """Delivered is what was accepted; only the unaccepted is declined, by the partnership."""
    registry = story.at("noticed")
    offer = {"offer": removals.support_of(registry)}
    declined = offer | {"outcome": "declined"}
    assert refused(registry, FOCAL_POINT, SUPPORT, "SupportDelivered", **offer) == {"SP3"}
    assert refused(registry, FOCAL_POINT, SUPPORT, "SupportEnded", **declined) == {"AD10"}
    other = branch(registry)
    removals.end_support(other, "declined", by=SECRETARIAT)
    assert refused(other, SECRETARIAT, SUPPORT, "SupportAccepted", **offer) == {"SP3"}
    removals.accept_support(registry)
    assert refused(registry, SECRETARIAT, SUPPORT, "SupportEnded", **declined) == {"SP4"}
    assert refused(registry, FOCAL_POINT, f"{PARTNERSHIP}/support/s2", "SupportOffered",
                   kind="reporting", text=text("…"), obligation=2) == {"SP2"}  # fmt: skip


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
        decision_offices=3, appeal_quorum=1, removal_track="full",
    )  # fmt: skip
    rules = milder(first, later_one)
    assert (rules.reply_window, rules.appeal_window) == ("P1Y", "P30D")
    assert (rules.notice_lapses, rules.decision_window) == ("P30D", "P90D")
    assert (rules.decision_offices, rules.appeal_quorum) == (3, 3)
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


# The appeal.


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
    registry, filed = story.last("appealed")
    registry.enlist("actor-sister-office", kind="office", principal=REGISTRY_ORG)
    for member in ("actor-sister-office", stories.NGO):
        registry.grant(member, "appeals_panel", BODY_SECRETARY)
    proposal = removals.propose_on_appeal(registry, filed, "overturn")
    rules = refused_voice(registry, "actor-sister-office", proposal, REGISTRY_ORG)
    assert rules == {"AP5"}
    assert refused_voice(registry, stories.NGO, proposal, stories.NGO) == {"AP5"}
    assert refused_voice(registry, OFFICE_B, proposal, REGISTRY_ORG) == {"AP5", "PR5"}


def test_an_office_that_changed_sides_does_not_decide_on_appeal(story: Story) -> None:
    """One who signed for the registry, left it and joined the panel is barred all the same."""
    registry, filed = story.last("appealed")
    grant = removals.grant_of(registry, OFFICE_B, "registry")
    registry.append(OFFICE_B, f"{OFFICE_B}/withdrawal/registry", "RoleWithdrawn", grant=grant,
                    reason="new post")  # fmt: skip
    registry.grant(OFFICE_B, "appeals_panel", BODY_SECRETARY)
    proposal = removals.propose_on_appeal(registry, filed)
    assert refused_voice(registry, OFFICE_B, proposal, REGISTRY_ORG) == {"AP5"}
    fields = removals.appeal_decision(registry, filed, "uphold")
    rules = refused(registry, OFFICE_B, f"{PARTNERSHIP}/decision/d3", "AppealDecisionProposed",
                    **fields)  # fmt: skip
    assert rules == {"AP5"}


def test_the_panel_is_of_three_organizations(story: Story) -> None:
    """A second office of one organization does not make the third voice."""
    registry, filed = story.last("appealed")
    a, b, c = APPEALS_PANEL
    registry.enlist("actor-appeals-a-2", kind="office", principal=a)
    registry.grant("actor-appeals-a-2", "appeals_panel", BODY_SECRETARY)
    proposal = removals.propose_on_appeal(registry, filed, "overturn")
    registry.endorse(a, proposal, a)
    registry.endorse(b, proposal, b)
    assert refused_voice(registry, "actor-appeals-a-2", proposal, a) == {"PR8"}
    assert removals.case(registry).ended_on is None
    registry.endorse(c, proposal, c)
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


def test_an_appeal_is_sent_back_once(story: Story) -> None:
    """After a remittal the offices decide anew; a second appeal is upheld or overturned."""
    registry, filed = story.last("appealed")
    removals.decide_appeal(registry, filed, "remit")
    assert removals.case(registry).decision is None
    again = removals.decide(later(registry, 5), "d3")
    filed = removals.appeal(registry, again, "a2")
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


def test_the_panel_answers_every_ground(story: Story) -> None:
    """A ground left open makes the decision unlawful; so does an answer to none that was raised."""
    registry, filed = story.last("appealed")
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
              "reasons": text("The recommitment names nobody")}  # fmt: skip
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


# No dead ends.


@pytest.mark.parametrize(("point", "days", "type_", "who"), [
    ("overdue", 0, "RemovalNoticeIssued", "registry"),
    ("overdue", 0, "SupportOffered", "focal_point"),
    ("noticed", 90, "FinalNoticeIssued", "registry"),
    ("final", 31, "RemovalDecisionProposed", "registry"),
    ("final", 31 + 91, "FinalNoticeIssued", "registry"),
    ("decided", 0, "AppealFiled", "the partnership's secretariat"),
    ("decided", 31, "PartnershipRemoved", "registry"),
    ("appealed", 0, "AppealDecisionProposed", "appeals_panel"),
    ("appealed", 91, "RemovalDecisionProposed", "registry"),
    ("appealed", 91 + 91, "FinalNoticeIssued", "registry"),
    ("removed", 0, "ReinstatementRequested", "the partnership's secretariat"),
])  # fmt: skip
def test_at_every_point_the_next_step_has_a_signer(
    story: Story, point: str, days: int, type_: str, who: str
) -> None:
    """What may happen next names a step that is lawful now, and the capacity that signs it."""
    found = next_steps(later(story.at(point), days), type_)
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
