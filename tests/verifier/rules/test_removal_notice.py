"""Notices and support before a removal: given, delivered, counted, and never by a machine."""

from __future__ import annotations

from datetime import date

import pytest

from tests.harness import removals, stories
from tests.harness.registry import ref
from tests.harness.removals import (
    CASE,
    Story,
    branch,
    later,
    next_step,
    next_steps,
    refused,
)
from tests.harness.stories import (
    FOCAL_POINT,
    MACHINE,
    OFFICE_A,
    PARTNERSHIP,
    SCREENER,
    SECRETARIAT,
    text,
)
from verifier.rules.book import Refused

SUPPORT = f"{PARTNERSHIP}/support/s1"
LAST_CALL = text("Last call")


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


def test_a_partnership_with_a_un_role_has_the_full_track() -> None:
    """A case opens on the track of the profile; on the full one offices do not decide (RD5)."""
    registry = removals.overdue(profile="un_led")
    fields = removals.notice_fields(registry) | {"profile": "un_led"}
    registry.append(OFFICE_A, CASE, "RemovalNoticeIssued", **fields)
    assert removals.case(registry).track == "full"
    decision = removals.decision_fields(registry, outcome="dismiss")
    stream = f"{PARTNERSHIP}/decision/d1"
    assert refused(registry, OFFICE_A, stream, "RemovalDecisionProposed", **decision) == {"RD5"}


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


def test_a_general_offer_puts_nothing_off(story: Story) -> None:
    """CS4: what is not for a report neither stops a step nor lengthens a window."""
    registry = story.at("final")
    registry.append(FOCAL_POINT, f"{PARTNERSHIP}/support/g1", "SupportOffered", kind="technology",
                    text=text("Our laboratory"))  # fmt: skip
    removals.accept_support(registry, "g1")
    later(registry, 31)
    removals.decide(registry)
    assert removals.case(registry).decision is not None


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
