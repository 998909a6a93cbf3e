"""Concerns and observations: anyone raises them, the partnership replies, nobody waits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import bodies, removals, stories
from tests.harness.bodies import MISSIONS
from tests.harness.registry import Registry
from tests.harness.removals import refused
from tests.harness.stories import (
    BODY_SECRETARY,
    COMPANY,
    NGO,
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    SECRETARIAT,
    text,
)
from verifier.finding import meaning
from verifier.rules import concern
from verifier.rules.ahead import steps
from verifier.rules.book import Entry
from verifier.rules.concern import Concern

STREAM = f"{PARTNERSHIP}/concern/one"
WORRIED = "actor-worried"
GROUP = "actor-major-group"


@pytest.fixture
def registry() -> Registry:
    """A listed partnership; an outsider, a major group, and missions of two States."""
    registry = bodies.seat(stories.listed_partnership())
    registry.enlist(WORRIED, stakeholder_type="cso").enlist(GROUP, stakeholder_type="ngo")
    return registry.grant(GROUP, "major_group", BODY_SECRETARY)


def fields(type_: str, registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of what is said about a concern."""
    reason = {"reason": text("For the reasons stated")}
    return {
        "ConcernFiled": {"text": text("The wells run dry"), "ground": "harm",
                         "until": registry.day(30)},
        "StakeholderObservationFiled": {"text": text("Few were asked"), "until": registry.day(30)},
        "MemberStateConcernRaised": {"text": text("Not agreed with us"), "country": "CHL",
                                     "until": registry.day(60)},
        "PartnershipReplied": {"text": text("We have measured again")},
        "MemberStateConcernAnswered": {"text": text("It was agreed in May")},
        "ConcernEligibilityDecided": {"eligible": True, "reply_until": registry.day(30)} | reason,
        "ConcernClosed": {"outcome": "no_measure"} | reason,
    }[type_] | changes  # fmt: skip


def say(registry: Registry, author: str, type_: str, **changes: Any) -> Entry:
    """Say something on the concern's stream."""
    return registry.append(author, STREAM, type_, **fields(type_, registry, **changes))


def refusal(registry: Registry, author: str, type_: str, **changes: Any) -> set[str]:
    """Return the rules by which it is refused."""
    return refused(registry, author, STREAM, type_, **fields(type_, registry, **changes))


def state(registry: Registry) -> str:
    """Return the state of the concern."""
    found = registry.subject(PARTNERSHIP).get("concern:one", Concern)
    assert found is not None
    return found.state


def offered(registry: Registry) -> set[str]:
    """Return the steps on the concern that are lawful now."""
    return {s.type for s in steps(PARTNERSHIP, registry.book, registry.now)
            if s.stream == STREAM and s.lawful}  # fmt: skip


def test_a_concern_goes_its_way(registry: Registry) -> None:
    """CN1 to CN6: filed by anyone, found eligible, replied to, closed with a reason."""
    say(registry, WORRIED, "ConcernFiled")
    assert offered(registry) == {"ConcernEligibilityDecided/1", "PartnershipReplied/1"}
    say(registry, OFFICE_A, "ConcernEligibilityDecided")
    say(registry, SECRETARIAT, "PartnershipReplied")
    assert offered(registry) == {"ConcernClosed/1"}
    say(registry, OFFICE_A, "ConcernClosed")
    assert state(registry) == "closed"
    assert not offered(registry)


def test_it_is_about_what_is_listed_and_stands_alone(registry: Registry) -> None:
    """CN1: refused about a partnership that waits, and on a stream in use."""
    stories.submitted_partnership(registry, name="p-waiting")
    filed = fields("ConcernFiled", registry)
    assert refused(registry, WORRIED, "p-waiting/concern/one", "ConcernFiled", **filed) == {"CN1"}
    say(registry, WORRIED, "ConcernFiled")
    assert refusal(registry, GROUP, "StakeholderObservationFiled") == {"CN1"}


@pytest.mark.parametrize(
    ("author", "type_"),
    [(WORRIED, "ConcernFiled"), (GROUP, "StakeholderObservationFiled"),
     (MISSIONS[0], "MemberStateConcernRaised")],
)  # fmt: skip
def test_the_day_for_an_answer_is_the_profiles(author: str, type_: str, registry: Registry) -> None:
    """CN2: a day sooner or later than the profile says is refused."""
    for days in (29, 61):
        assert refusal(registry, author, type_, until=registry.day(days)) == {"CN2"}
    say(registry, author, type_)


def test_nobody_decides_on_what_it_raised_or_is_party_to(registry: Registry) -> None:
    """CN3: neither the office that filed it nor one of a partner decides or closes."""
    registry.enlist("actor-insider", kind="office", principal=NGO).appoint(
        "actor-insider", "registry"
    )
    say(registry, OFFICE_A, "ConcernFiled", for_another=True)
    assert refusal(registry, OFFICE_A, "ConcernEligibilityDecided") == {"CN3"}
    assert refusal(registry, "actor-insider", "ConcernEligibilityDecided") == {"CN3"}
    say(registry, OFFICE_B, "ConcernEligibilityDecided")
    say(registry, SECRETARIAT, "PartnershipReplied")
    assert refusal(registry, OFFICE_A, "ConcernClosed") == {"CN3"}
    say(registry, OFFICE_B, "ConcernClosed")


def test_the_partnership_replies_once(registry: Registry) -> None:
    """CN4: to an observation as to a concern, not twice, and not for it by a mere partner."""
    assert "CN4" in refusal(registry, SECRETARIAT, "PartnershipReplied")
    say(registry, GROUP, "StakeholderObservationFiled")
    assert refusal(registry, COMPANY, "PartnershipReplied") == {"AD10"}
    say(registry, SECRETARIAT, "PartnershipReplied")
    assert refusal(registry, SECRETARIAT, "PartnershipReplied") == {"CN4"}


def test_eligibility_is_decided_once_and_ends_what_is_not(registry: Registry) -> None:
    """CN5: an observation is not decided on; what is not eligible takes no reply and no closing."""
    say(registry, WORRIED, "ConcernFiled")
    no = {"eligible": False, "reply_until": None}
    assert refusal(registry, OFFICE_A, "ConcernEligibilityDecided", eligible=False) == {"CN2"}
    fine = {k: v for k, v in (fields("ConcernEligibilityDecided", registry) | no).items()
            if v is not None}  # fmt: skip
    registry.append(OFFICE_A, STREAM, "ConcernEligibilityDecided", **fine)
    assert state(registry) == "not_eligible"
    assert refusal(registry, OFFICE_A, "ConcernEligibilityDecided") == {"CN5"}
    assert refusal(registry, SECRETARIAT, "PartnershipReplied") == {"CN4"}
    assert refusal(registry, OFFICE_A, "ConcernClosed") == {"CN6"}


def test_a_concern_is_closed_after_the_reply_or_its_time(registry: Registry) -> None:
    """CN6: silence closes nothing before its last day is over; a review that follows is open."""
    say(registry, WORRIED, "ConcernFiled")
    say(registry, OFFICE_A, "ConcernEligibilityDecided")
    removals.later(registry, 30)
    assert refusal(registry, OFFICE_A, "ConcernClosed") == {"CN6"}
    assert removals.next_step(registry, "ConcernClosed").earliest is not None
    removals.later(registry, 1)
    assert refusal(registry, OFFICE_A, "ConcernClosed", outcome="review", review="none") == {"CN6"}
    removals.open_review(registry)
    follows = {"outcome": "review", "review": "r1"}
    assert refusal(registry, OFFICE_A, "ConcernClosed", review="r1") == {"CN6"}
    over = removals.branch(registry)
    over.append(stories.REVIEWERS[0], f"{stories.PARTNERSHIP}/review/r1", "ReviewDiscontinued",
                reason=stories.text("…"))  # fmt: skip
    assert refusal(over, OFFICE_A, "ConcernClosed", **follows) == {"CN6"}
    say(registry, OFFICE_A, "ConcernClosed", **follows)


def test_a_state_speaks_for_itself_and_is_answered_once(registry: Registry) -> None:
    """CN7: not in another's name, and not answered twice or where nothing was raised."""
    assert "CN7" in refusal(registry, OFFICE_A, "MemberStateConcernAnswered")
    assert refusal(registry, MISSIONS[1], "MemberStateConcernRaised") == {"CN7"}
    say(registry, MISSIONS[0], "MemberStateConcernRaised")
    say(registry, OFFICE_A, "MemberStateConcernAnswered")
    assert refusal(registry, OFFICE_A, "MemberStateConcernAnswered") == {"CN7"}


@pytest.mark.parametrize(
    ("author", "type_", "answer", "days"),
    [(WORRIED, "ConcernFiled", "ConcernEligibilityDecided", 30),
     (MISSIONS[0], "MemberStateConcernRaised", "MemberStateConcernAnswered", 60)],
)  # fmt: skip
def test_silence_of_those_who_owe_an_answer_is_told(
    author: str, type_: str, answer: str, days: int, registry: Registry
) -> None:
    """CN8: nothing on the last day, an omission on the day after, until it is answered."""
    say(registry, author, type_)
    removals.later(registry, days).enlist("actor-last-day")
    assert not list(concern.whole_log(registry.book))
    removals.later(registry, 1).enlist("actor-day-after")
    (told,) = concern.whole_log(registry.book)
    assert (told.rule, told.kind) == ("CN8", "omission")
    say(registry, OFFICE_A, answer)
    assert not list(concern.whole_log(registry.book))


def test_an_eligible_concern_is_not_left_open(registry: Registry) -> None:
    """CN9: as long after the time for a reply as the registry has for its decision, then told."""
    say(registry, WORRIED, "ConcernFiled")
    say(registry, OFFICE_A, "ConcernEligibilityDecided")
    removals.later(registry, 60).enlist("actor-last-day")
    assert not list(concern.whole_log(registry.book))
    removals.later(registry, 1).enlist("actor-day-after")
    (told,) = concern.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("CN9", "omission", "registry")
    assert meaning("CN9") != meaning("CN8")
    say(registry, OFFICE_A, "ConcernClosed")
    assert not list(concern.whole_log(registry.book))
