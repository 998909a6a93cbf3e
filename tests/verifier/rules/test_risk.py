"""Risks to integrity: raised in time, owned by somebody, treated, and closed by another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import bodies, removals, stories
from tests.harness.bodies import COUNCIL, MISSIONS
from tests.harness.registry import Registry
from tests.harness.removals import refused
from tests.harness.stories import COMPANY, FOCAL_POINT, PARTNERSHIP, UN_AGENCY, text
from verifier.rules import risk
from verifier.rules.ahead import steps
from verifier.rules.book import Entry
from verifier.rules.risk import Risk

STREAM = f"{PARTNERSHIP}/risk/one"
HEAD = "actor-executive-office"
OFFICER = "actor-lead-officer"
OWNER = "actor-risk-office"


@pytest.fixture
def registry() -> Registry:
    """A listed partnership; an executive head with a risk owner and an officer; a council."""
    registry = bodies.seat(stories.listed_partnership())
    for office in (HEAD, OFFICER, OWNER):
        registry.enlist(office, kind="office", principal=UN_AGENCY)
    registry.appoint(HEAD, "executive_head")
    registry.grant(OWNER, "risk_owner", HEAD)
    return registry.grant(OFFICER, "lead_entity_officer", HEAD)


def fields(type_: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of what is done about a risk."""
    return {
        "IntegrityRiskRaised": {"severity": "moderate", "kind": "finance",
                                "text": text("Money went astray")},
        "SubstitutionRiskRaised": {"severity": "low", "task": text("The water inspection"),
                                   "text": text("Nobody else inspects")},
        "RiskOwnerDesignated": {"owner": OWNER},
        "IntegrityRiskEscalated": {"to": HEAD, "text": text("For decision")},
        "IntegrityRiskAssessed": {"severity": "moderate", "likelihood": 2, "impact": 4,
                                  "text": text("One account")},
        "IntegrityRiskMitigated": {"text": text("Two signatures"), "residual": "low"},
        "IntegrityRiskClosed": {"outcome": "resolved", "reason": text("It was paid back")},
    }[type_] | changes  # fmt: skip


def say(registry: Registry, author: str, type_: str, **changes: Any) -> Entry:
    """Put something about the risk on record."""
    return registry.append(author, STREAM, type_, **fields(type_, **changes))


def refusal(registry: Registry, author: str, type_: str, **changes: Any) -> set[str]:
    """Return the rules by which it is refused."""
    return refused(registry, author, STREAM, type_, **fields(type_, **changes))


def high(registry: Registry, days: int = 7) -> dict[str, str]:
    """Return the fields of a high risk."""
    return {"severity": "high", "escalate_by": registry.day(days)}


def found(registry: Registry) -> Risk:
    """Return the risk on record."""
    thing = registry.subject(PARTNERSHIP).get("risk:one", Risk)
    assert thing is not None
    return thing


def owned(registry: Registry, **changes: Any) -> Registry:
    """Raise a risk and name its owner."""
    say(registry, FOCAL_POINT, "IntegrityRiskRaised", **changes)
    say(registry, HEAD, "RiskOwnerDesignated")
    return registry


def test_a_risk_goes_its_way_and_every_step_is_offered(registry: Registry) -> None:
    """RK1 to RK6: raised, owned, escalated, assessed, treated, closed; then nothing is left."""

    def offered() -> set[str]:
        return {s.type.removesuffix("/1") for s in steps(PARTNERSHIP, registry.book, registry.now)
                if s.stream == STREAM}  # fmt: skip

    say(registry, FOCAL_POINT, "IntegrityRiskRaised", **high(registry))
    assert offered() == {"RiskOwnerDesignated", "IntegrityRiskEscalated"}
    say(registry, HEAD, "RiskOwnerDesignated")
    say(registry, OWNER, "IntegrityRiskEscalated")
    assert offered() == {"IntegrityRiskAssessed"}
    say(registry, OWNER, "IntegrityRiskAssessed", severity="low")
    assert offered() == {"IntegrityRiskMitigated"}
    say(registry, OWNER, "IntegrityRiskMitigated")
    assert offered() == {"IntegrityRiskClosed"}
    say(registry, OFFICER, "IntegrityRiskClosed")
    assert (found(registry).state, offered()) == ("closed", set())


def test_a_risk_is_about_what_is_listed_and_stands_alone(registry: Registry) -> None:
    """RK1: refused about a partnership that waits, on a stream in use, and to a company."""
    stories.submitted_partnership(registry, name="p-waiting")
    raised = fields("IntegrityRiskRaised")
    waiting = "p-waiting/risk/one"
    assert refused(registry, FOCAL_POINT, waiting, "IntegrityRiskRaised", **raised) == {"RK1"}
    assert refusal(registry, COMPANY, "IntegrityRiskRaised") == {"AD10"}
    say(registry, MISSIONS[0], "IntegrityRiskRaised")
    assert refusal(registry, MISSIONS[1], "SubstitutionRiskRaised") == {"RK1"}


def test_a_state_sees_a_task_of_its_own_taken(registry: Registry) -> None:
    """RK1: a substitution risk stands on a stream of its own and may be found to be none."""
    say(registry, MISSIONS[0], "SubstitutionRiskRaised")
    say(registry, HEAD, "RiskOwnerDesignated")
    say(registry, OWNER, "IntegrityRiskAssessed", severity="low")
    say(registry, OWNER, "IntegrityRiskClosed", outcome="unfounded")


def test_a_high_risk_states_when_it_is_escalated(registry: Registry) -> None:
    """RK2: a high one by the profile's day, another by none; also where it rises later."""
    assert refusal(registry, FOCAL_POINT, "IntegrityRiskRaised", severity="high") == {"RK2"}
    assert refusal(registry, FOCAL_POINT, "IntegrityRiskRaised", **high(registry, 8)) == {"RK2"}
    day = {"escalate_by": registry.day(7)}
    assert refusal(registry, FOCAL_POINT, "IntegrityRiskRaised", **day) == {"RK2"}
    owned(registry)
    assert refusal(registry, OWNER, "IntegrityRiskAssessed", severity="high") == {"RK2"}
    say(registry, OWNER, "IntegrityRiskAssessed", **high(registry))
    assert found(registry).escalate_by == registry.day(7)


def test_an_owner_holds_the_role(registry: Registry) -> None:
    """RK3: an office that is no risk owner is not designated; nobody else treats the risk."""
    say(registry, FOCAL_POINT, "IntegrityRiskRaised")
    assert refusal(registry, HEAD, "RiskOwnerDesignated", owner=FOCAL_POINT) == {"RK3"}
    assert refusal(registry, OWNER, "IntegrityRiskAssessed") == {"AD10"}
    say(registry, OFFICER, "RiskOwnerDesignated")
    say(registry, OWNER, "IntegrityRiskAssessed")


def test_a_risk_is_assessed_then_treated_then_closed(registry: Registry) -> None:
    """RK4: no step is skipped, and what is closed takes nothing more."""
    assert "RK4" in refusal(registry, HEAD, "RiskOwnerDesignated")
    owned(registry)
    assert refusal(registry, OWNER, "IntegrityRiskMitigated") == {"RK4"}
    assert refusal(registry, OWNER, "IntegrityRiskClosed") == {"RK4"}
    say(registry, OWNER, "IntegrityRiskAssessed")
    assert refusal(registry, OWNER, "IntegrityRiskClosed") == {"RK4"}
    say(registry, OWNER, "IntegrityRiskMitigated")
    say(registry, OWNER, "IntegrityRiskClosed")
    for type_ in ("IntegrityRiskAssessed", "IntegrityRiskMitigated", "IntegrityRiskClosed",
                  "IntegrityRiskEscalated"):  # fmt: skip
        assert refusal(registry, OWNER, type_) == {"RK4"}


def test_a_risk_is_escalated_once_to_one_who_can_act(registry: Registry) -> None:
    """RK5: to an executive head or a body, not to a focal point, and not twice."""
    owned(registry)
    assert refusal(registry, OWNER, "IntegrityRiskEscalated", to=FOCAL_POINT) == {"RK5"}
    say(registry, OWNER, "IntegrityRiskEscalated", to=COUNCIL)
    assert refusal(registry, OWNER, "IntegrityRiskEscalated") == {"RK5"}


def test_a_high_risk_is_closed_by_another_after_its_escalation(registry: Registry) -> None:
    """RK6: not unescalated, and not by the office that assessed it, even if it has sunk since."""
    owned(registry, **high(registry))
    say(registry, OWNER, "IntegrityRiskAssessed", severity="low")
    say(registry, OWNER, "IntegrityRiskMitigated")
    assert refusal(registry, OFFICER, "IntegrityRiskClosed") == {"RK6"}
    say(registry, OWNER, "IntegrityRiskEscalated")
    assert refusal(registry, OWNER, "IntegrityRiskClosed") == {"RK6"}
    say(registry, OFFICER, "IntegrityRiskClosed")


def test_a_high_risk_that_stays_below_is_told(registry: Registry) -> None:
    """RK7: nothing on the seventh day, an omission of its owner on the eighth."""
    owned(registry, **high(registry))
    removals.later(registry, 7).enlist("actor-last-day")
    assert not list(risk.whole_log(registry.book))
    removals.later(registry, 1).enlist("actor-day-after")
    (told,) = risk.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("RK7", "omission", OWNER)
    say(registry, OWNER, "IntegrityRiskEscalated")
    assert not list(risk.whole_log(registry.book))


def test_what_remains_high_is_not_resolved(registry: Registry) -> None:
    """RK8: it is accepted, or referred; what was treated once more and fell is resolved."""
    owned(registry)
    say(registry, OWNER, "IntegrityRiskAssessed")
    say(registry, OWNER, "IntegrityRiskMitigated", residual="high")
    assert refusal(registry, OWNER, "IntegrityRiskClosed") == {"RK8"}
    accepted = removals.branch(registry)
    say(accepted, OWNER, "IntegrityRiskClosed", outcome="accepted")
    say(registry, OWNER, "IntegrityRiskMitigated", residual="moderate")
    say(registry, OWNER, "IntegrityRiskClosed")


def test_a_risk_is_referred_to_what_is_open_here(registry: Registry) -> None:
    """RK9: to a review or a case that is open; without it, or to nothing, it is not referred."""
    owned(registry)
    say(registry, OWNER, "IntegrityRiskAssessed")
    refers = {"outcome": "referred"}
    assert refusal(registry, OWNER, "IntegrityRiskClosed", **refers) == {"RK9"}
    assert refusal(registry, OWNER, "IntegrityRiskClosed", matter="r1", **refers) == {"RK9"}
    removals.open_review(registry)
    assert refusal(registry, OWNER, "IntegrityRiskClosed", outcome="unfounded",
                   matter="r1") == {"RK9"}  # fmt: skip
    say(registry, OWNER, "IntegrityRiskClosed", matter="r1", **refers)
