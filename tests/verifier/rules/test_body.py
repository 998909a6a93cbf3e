"""A body decides by what it adopted and two of its offices certify, and in no other way."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import bodies
from tests.harness.bodies import (
    COUNCIL,
    MISSIONS,
    PRESIDENT,
    SECRETARY,
    STATES,
    UN_SECRETARIAT,
    adopted,
    item,
    votes,
)
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, later, refused
from tests.harness.stories import text
from verifier.rules import body
from verifier.rules.ahead import steps
from verifier.rules.body import Votes, carries
from verifier.rules.book import Entry
from verifier.rules.fields import EventRef

STREAM = f"{COUNCIL}/decision/d1"
HOUR = 3_600


@pytest.fixture(scope="module")
def seated() -> Registry:
    """A council in session."""
    registry = bodies.seat(Registry().open())
    bodies.schedule(registry)
    return later(registry, 10)


@pytest.fixture
def registry(seated: Registry) -> Registry:
    """A branch of that session of the test's own."""
    return branch(seated)


def reference(entry: Entry) -> EventRef:
    """Return the reference to an entry, as the rules hold it."""
    return msgspec.convert(ref(entry), EventRef)


def uncertified(registry: Registry, stream: str = STREAM, **changes: Any) -> set[str]:
    """Certify what the rules refuse; return every rule that is not met."""
    return refused(registry, SECRETARY, stream, "DecisionCertified", **adopted(registry, **changes))


def silence(registry: Registry, hours: int = 72) -> Entry:
    """Announce a decision by silence."""
    fields = adopted(registry)
    said = {name: fields[name] for name in ("kind", "title", "items")}
    return registry.append(SECRETARY, STREAM, "SilenceAnnounced", hours=hours, **said)


def test_a_decision_takes_effect_with_the_second_signature(registry: Registry) -> None:
    """Certified it is on record, cosigned it counts, and other rooms find it by its reference."""
    certified = bodies.certify(registry)
    named = reference(certified)
    assert body.decision(named, registry.book) is None
    cosigned = bodies.cosign(registry, certified)
    found = body.decision(named, registry.book)
    assert found is not None
    assert found.effective == cosigned.index
    assert found.results == {"p-clean-water/c1": "remove"}
    assert body.decision(msgspec.structs.replace(named, id=bytes(32)), registry.book) is None


def test_only_a_body_decides(registry: Registry) -> None:
    """A session of an organization that is no body is refused (BO1)."""
    registry.enlist("actor-company", stakeholder_type="business")
    registry.enlist("actor-clerk", kind="office", principal=UN_SECRETARIAT)
    scope = {"subjects": [COUNCIL, "actor-company"]}
    registry.appoint("actor-clerk", "body_secretary", scope=scope)
    days = {"first_day": registry.day(5), "last_day": registry.day(9), "name": "Session"}
    stream = "actor-company/session/s1"
    assert refused(registry, "actor-clerk", stream, "SessionScheduled", **days) == {"BO1"}
    registry.append("actor-clerk", f"{COUNCIL}/session/s1", "SessionScheduled", **days)


def test_a_body_holds_no_key(registry: Registry) -> None:
    """A key is enrolled to an office of a body, not to the body (AC9); it belongs to none (AC2)."""
    possession = registry.possession(COUNCIL, "council")
    assert refused(registry, "actor-root-a", f"{COUNCIL}/keys", "KeyEnrolled", **possession) == {
        "AC9"
    }
    terms = {"name": text("A board"), "stakeholder_type": "igo"}
    for kind, principal in (("office", COUNCIL), ("body", UN_SECRETARIAT)):
        assert refused(registry, "actor-root-a", "actor-board/profile", "ActorRegistered",
                       kind=kind, principal=principal, **terms) == {"AC2"}  # fmt: skip


def test_the_offices_are_those_of_this_body(registry: Registry) -> None:
    """Another body's secretary, one of no body and a mission certify nothing here (BO1, AD10)."""
    clerks = {"actor-clerk": {"scope": {"subjects": ["actor-board"]}}, "actor-anybodys": {}}
    for clerk, terms in clerks.items():
        registry.enlist(clerk, kind="office", principal=UN_SECRETARIAT)
        registry.appoint(clerk, "body_secretary", **terms)
    for other in (*clerks, MISSIONS[0], PRESIDENT):
        assert refused(registry, other, STREAM, "DecisionCertified", **adopted(registry)) == {
            "AD10"
        }


def test_a_session_is_announced_and_moves_only_before_it_begins(registry: Registry) -> None:
    """Days that do not exist, lie in the past, in the wrong order or too far apart (BO2)."""

    def days(first: str, last: str, local: str = "s1") -> set[str]:
        return refused(registry, SECRETARY, f"{COUNCIL}/session/{local}", "SessionScheduled",
                       name="Session", first_day=first, last_day=last)  # fmt: skip

    assert days("2024-02-30", "2024-03-01") == {"BO2"}
    assert days(registry.day(5), registry.day(4)) == {"BO2"}
    assert days(registry.day(-1), registry.day(4)) == {"BO2"}
    assert days(registry.day(1), registry.day(368)) == {"BO2"}
    assert days(registry.day(1), registry.day(4), "2024") == {"BO2"}
    for first in (20, 30):
        registry.append(SECRETARY, f"{COUNCIL}/session/next", "SessionScheduled",
                        name="Next", first_day=registry.day(first),
                        last_day=registry.day(first + 9))  # fmt: skip


def test_a_decision_is_adopted_in_a_session(registry: Registry) -> None:
    """On one of its days, and not on a day that is still to come (BO3)."""
    assert uncertified(registry, session=None) == {"BO3"}
    assert uncertified(registry, session="1999") == {"BO3"}
    assert uncertified(registry, adopted_on=registry.day(-11)) == {"BO3"}
    assert uncertified(registry, adopted_on=registry.day(1)) == {"BO3"}
    bodies.certify(registry, adopted_on=registry.day(-1))


def test_a_vote_carries_by_those_present_and_voting(registry: Registry) -> None:
    """A tie is no majority, abstentions do not count, and a vote is stated where one was (BO4)."""
    vote = {"adoption": "recorded_vote"}
    assert uncertified(registry, votes=votes(20, 20), **vote) == {"BO4"}
    assert uncertified(registry, votes=votes(0, 0, 54), **vote) == {"BO4"}
    assert uncertified(registry, **vote) == {"BO4"}
    assert uncertified(registry, votes=votes(54)) == {"BO4"}
    assert uncertified(registry, items=[item(votes=votes(54))]) == {"BO4"}
    bodies.certify(registry, votes=votes(16, 3, 35), **vote)


@settings(max_examples=60)
@given(*[st.integers(0, 193)] * 3)
def test_votes_are_counted_as_the_rules_of_procedure_do(
    in_favour: int, against: int, abstaining: int
) -> None:
    """Abstentions change nothing; more against never helps; a vote and its reverse differ."""
    told = carries(Votes(in_favour, against, abstaining))
    assert told == carries(Votes(in_favour, against, 0))
    assert told == (2 * in_favour > in_favour + against)
    assert not (told and carries(Votes(against, in_favour, abstaining)))
    assert not (told and not carries(Votes(in_favour + 1, against, abstaining)))


def test_one_decision_settles_many_cases(registry: Registry) -> None:
    """Each item has its own result and vote; what did not carry is said to be not adopted (BO7)."""
    items = [
        item("p-a", "c1", "remove", votes=votes(30, 10, 14)),
        item("p-b", "c4", "not_adopted", votes=votes(20, 20, 14)),
    ]
    vote = {"adoption": "recorded_vote"}
    named = reference(bodies.decide(registry, items=items, **vote))
    asked = {"kind": "removal", "result": "remove"}
    assert not list(body.unmet_result("XX1", named, registry.book, item="p-a/c1", **asked))
    for other, change in (("p-b/c4", {}), ("p-c/c1", {}), ("p-a/c1", {"kind": "appointment"})):
        told = list(body.unmet_result("XX1", named, registry.book, item=other, **asked | change))
        assert [unmet.rule for unmet in told] == ["XX1"]
    wrong = [items[1] | {"result": "remove"}]
    stream = f"{COUNCIL}/decision/d2"
    assert uncertified(registry, stream, items=wrong, **vote) == {"BO7"}
    assert uncertified(registry, stream, items=[item(), item(result="dismiss")]) == {"BO7"}
    assert uncertified(registry, stream, items=None) == {"BO7"}


def test_a_long_list_stands_in_an_annex(registry: Registry) -> None:
    """A hundred and eighty-seven cases are settled by one decision; an annex is never changed."""
    items = [item(f"p-{n}", "quadrennial", "suspend") for n in range(187)]
    stream = f"{COUNCIL}/annex/a1"
    annex = registry.append(SECRETARY, stream, "DecisionItemsListed", items=items)
    named = reference(bodies.decide(registry, items=None, annexes=[ref(annex)]))
    found = body.decision(named, registry.book)
    assert found is not None
    assert len(found.results) == 187
    assert refused(registry, SECRETARY, stream, "DecisionItemsListed", items=items) == {"BO7"}
    invented = [ref(annex) | {"id": bytes(32)}]
    assert uncertified(registry, f"{COUNCIL}/decision/d2", annexes=invented) == {"BO7"}


def test_silence_lasts_seventy_two_hours(registry: Registry) -> None:
    """Certified a second too early it is refused, and then it is adopted (BO5)."""
    announced = silence(registry)
    by = {"adoption": "silence", "session": None}
    registry.now = announced.at + 72 * HOUR - 1
    assert uncertified(registry, **by) == {"BO5"}
    registry.now += 1
    assert uncertified(registry, items=[item(result="dismiss")], **by) == {"BO5"}
    assert uncertified(registry, f"{COUNCIL}/decision/d2", **by) == {"BO5"}
    assert uncertified(registry, adoption="silence") == {"BO3"}
    assert [s.type for s in steps(COUNCIL, registry.book, registry.now) if s.lawful] == [
        "DecisionCertified/1"
    ]
    bodies.cosign(registry, bodies.certify(registry, **by))


def test_silence_is_announced_on_a_stream_of_its_own(registry: Registry) -> None:
    """A second announcement on one stream would move the time under the members (BO5)."""
    silence(registry)
    said = {name: adopted(registry)[name] for name in ("kind", "title", "items")}
    assert refused(registry, SECRETARY, STREAM, "SilenceAnnounced", hours=72, **said) == {"BO5"}


def test_a_mission_breaks_the_silence(registry: Registry) -> None:
    """Broken while it lasts, the decision is not adopted (BO6); once, and in time (BO10)."""
    announced = silence(registry)
    stream = f"{COUNCIL}/objection/d1"
    later(registry, 2)
    reason = {"silence": ref(announced), "reason": text("It needs a debate")}
    assert refused(registry, MISSIONS[0], f"{COUNCIL}/objection/d2/{MISSIONS[0]}",
                   "SilenceBroken", **reason) == {"BO10"}  # fmt: skip
    invented = {"silence": ref(announced) | {"id": bytes(32)}}
    assert refused(registry, MISSIONS[0], f"{stream}/{MISSIONS[0]}", "SilenceBroken",
                   **reason | invented) == {"BO10"}  # fmt: skip
    registry.append(MISSIONS[0], f"{stream}/{MISSIONS[0]}", "SilenceBroken", **reason)
    again = refused(registry, MISSIONS[0], f"{stream}/{MISSIONS[0]}", "SilenceBroken", **reason)
    assert again == {"BO10"}
    later(registry, 2)
    assert refused(registry, MISSIONS[1], f"{stream}/{MISSIONS[1]}", "SilenceBroken",
                   **reason) == {"BO10"}  # fmt: skip
    assert uncertified(registry, adoption="silence", session=None) == {"BO6"}


def test_what_is_cosigned_stands(registry: Registry) -> None:
    """A certification is corrected until it is cosigned; then it is final (BO8)."""
    first = bodies.certify(registry)
    second = bodies.certify(registry, symbol="E/2024/1/Corr.1")
    assert refused(registry, PRESIDENT, STREAM, "DecisionCosigned", decision=ref(first)) == {"BO9"}
    bodies.cosign(registry, second)
    assert uncertified(registry) == {"BO8"}
    assert refused(registry, PRESIDENT, STREAM, "DecisionCosigned", decision=ref(second)) == {"BO8"}


def test_two_offices_certify(registry: Registry) -> None:
    """One office that holds both roles does not cosign what it certified (BO9)."""
    registry.appoint(SECRETARY, "presiding_officer", scope={"subjects": [COUNCIL]})
    certified = bodies.certify(registry)
    fields = {"decision": ref(certified)}
    assert refused(registry, SECRETARY, STREAM, "DecisionCosigned", **fields) == {"BO9"}
    assert [s.type for s in steps(COUNCIL, registry.book, registry.now) if s.lawful] == [
        "DecisionCosigned/1"
    ]
    bodies.cosign(registry, certified)


def test_a_state_explains_its_position(registry: Registry) -> None:
    """On a decision of this body, once certified, by its mission (BO10)."""
    certified = bodies.certify(
        registry, explanations=[{"of": STATES[1], "text": text("As before")}]
    )
    stream = f"{COUNCIL}/explanation/d1/{MISSIONS[0]}"
    said = {"text": text("We joined the consensus with a reservation"), "vote": "not_voting"}
    invented = ref(certified) | {"id": bytes(32)}
    wrong = refused(registry, MISSIONS[0], stream, "PositionExplained", decision=invented, **said)
    assert wrong == {"BO10"}
    registry.append(MISSIONS[0], stream, "PositionExplained", decision=ref(certified), **said)
