"""Seats: nobody alone says who reviews, judges, advises or audits, nor lets one of them go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import bodies, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, fields_of, later, refused
from tests.harness.stories import (
    APPEALS_PANEL,
    BODY,
    BODY_PRESIDENT,
    BODY_SECRETARY,
    NGO,
    REVIEWERS,
)
from verifier.rules.authority.offices import APPOINTS
from verifier.rules.authority.seats import BY_DECISION
from verifier.rules.authority.state import Grant, Terms
from verifier.rules.body import Decision
from verifier.rules.body.duties import duties, whole_log

NEWCOMER = "actor-newcomer"
JUDGE = APPEALS_PANEL[0]


@pytest.fixture(scope="module")
def staffed() -> Registry:
    """A ledger with its cast, another council, and somebody without a seat."""
    registry = bodies.seat(stories.cast(Registry()))
    return registry.enlist(NEWCOMER, stakeholder_type="academia")


@pytest.fixture
def registry(staffed: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(staffed)


def terms(registry: Registry, role: str = "reviewer", **changes: Any) -> dict[str, Any]:
    """Return the terms of a seat from this day on."""
    return {"role": role, "mandate": "E/2024/9", "first_day": registry.day()} | changes


def decided(registry: Registry, role: str = "reviewer", **changes: Any) -> dict[str, Any]:
    """Let the body give a seat to the newcomer; return the reference to its decision."""
    return (
        registry.decide_seat(NEWCOMER, role, BODY_SECRETARY, terms=terms(registry, role)) | changes
    )


def grant(registry: Registry, stated: dict[str, Any], **fields: Any) -> tuple[Any, dict[str, Any]]:
    """Return the arguments of a grant to the newcomer."""
    place = (BODY_SECRETARY, registry.free(f"{NEWCOMER}/role/seat"), "RoleGranted")
    basis = registry.basis(BODY_SECRETARY, stated["role"])
    return place, {"terms": stated, "depth": 2, **basis, **fields}


def give(registry: Registry, stated: dict[str, Any], **fields: Any) -> set[str]:
    """Try to give the newcomer a role; return the rules that are not met."""
    place, values = grant(registry, stated, **fields)
    return refused(registry, *place, **values)


def take(registry: Registry, actor: str, role: str, by: str = BODY_SECRETARY, **fields: Any) -> Any:
    """Return the arguments of a withdrawal."""
    held = [g for g in registry.subject(actor).all(Grant) if g.role == role][-1]
    place = (by, registry.free(f"{actor}/withdrawal/seat"), "RoleWithdrawn")
    return place, {"grant": fields_of(held.ref), "reason": "E/2024/9", **fields}


def test_the_seats_are_roles_that_secretaries_give() -> None:
    """What a body fills is what its secretary puts into effect, and nobody else gives it."""
    assert APPOINTS["body_secretary"] >= BY_DECISION
    for giver, roles in APPOINTS.items():
        assert giver == "body_secretary" or BY_DECISION.isdisjoint(roles)


@pytest.mark.parametrize("role", sorted(BY_DECISION))
def test_a_seat_is_given_as_a_body_decided(registry: Registry, role: str) -> None:
    """RO11: not by the secretary alone; by the decision it is, and the first seats were too."""
    stated = terms(registry, role)
    assert give(registry, stated) == {"RO11"}
    place, fields = grant(registry, stated, decision=decided(registry, role))
    registry.append(*place, **fields)
    for panel, name in ((REVIEWERS, "reviewer"), (APPEALS_PANEL, "appeals_panel")):
        for member in panel:
            (held,) = registry.subject(member).all(Grant)
            assert held.role == name
            assert held.decision is not None
            assert held.decision.stream.startswith(f"{BODY}/decision/")


@pytest.mark.parametrize(
    "changes",
    [{"first_day": "2024-06-01"}, {"last_day": "2024-03-01"}, {"scope": {"countries": ["KEN"]}},
     {"scope": {"subjects": ["p-other"]}}, {"mandate": "E/2024/10"}],
)  # fmt: skip
def test_no_secretary_shortens_a_term_or_narrows_a_scope(
    registry: Registry, changes: dict[str, Any]
) -> None:
    """RO11: the terms are the body's, all of them; a shorter seat is another seat."""
    given = decided(registry)
    assert give(registry, terms(registry, **changes), decision=given) == {"RO11"}
    other = registry.decide_seat(
        NEWCOMER, "reviewer", BODY_SECRETARY, terms=terms(registry, **changes)
    )
    place, fields = grant(registry, terms(registry, **changes), decision=other)
    registry.append(*place, **fields)


def test_a_decision_seats_whom_it_names_where_it_says(registry: Registry) -> None:
    """RO11: not another, not in another role, not where it says something else, nor uncosigned."""
    stated = terms(registry)
    given = decided(registry)
    assert give(registry, terms(registry, "expert_body"), decision=given) == {"RO11"}
    place, fields = grant(registry, stated, decision=given)
    wrong = (place[0], f"{NGO}/role/seat", place[2])
    assert refused(registry, *wrong, **fields) == {"RO11"}
    dismissed = registry.decide_seat(NEWCOMER, "reviewer", BODY_SECRETARY, "dismiss")
    assert give(registry, stated, decision=dismissed) == {"RO11"}
    removal = bodies.decide(registry, "other", items=[
        bodies.item(NEWCOMER, "reviewer", "appoint", terms=stated)])  # fmt: skip
    assert give(registry, stated, decision=ref(removal)) == {"RO11"}
    item = bodies.item(NEWCOMER, "reviewer", "appoint", terms=stated)
    waiting = registry.append(
        BODY_SECRETARY, f"{BODY}/decision/waits", "DecisionCertified",
        **bodies.adopted(registry, kind="appointment", items=[item],
                         session=registry._sitting(BODY, BODY_SECRETARY)),
    )  # fmt: skip
    assert give(registry, stated, decision=ref(waiting)) == {"RO11"}
    registry.append(BODY_PRESIDENT, waiting.event.stream, "DecisionCosigned", decision=ref(waiting))
    place, fields = grant(registry, stated, decision=ref(waiting))
    registry.append(*place, **fields)


def test_a_secretary_acts_for_its_own_body(registry: Registry) -> None:
    """RO11: what another body decided is put into effect by that body's secretary."""
    item = bodies.item(NEWCOMER, "reviewer", "appoint", terms=terms(registry))
    other = ref(bodies.decide(registry, "seat", kind="appointment", items=[item]))
    assert give(registry, terms(registry), decision=other) == {"RO11"}
    registry.appoint(bodies.SECRETARY, "body_secretary", local="everywhere")
    registry.append(
        bodies.SECRETARY, f"{NEWCOMER}/role/seat", "RoleGranted", depth=2, terms=terms(registry),
        decision=other, **registry.basis(bodies.SECRETARY, "reviewer"),
    )  # fmt: skip


def test_a_decision_gives_a_seat_once_and_soon(registry: Registry) -> None:
    """RO11: whom the body dismissed comes back by no old decision, and none by a forgotten one."""
    given = decided(registry)
    stated = terms(registry)
    old = branch(registry)
    place, fields = grant(registry, stated, decision=given)
    registry.append(*place, **fields)
    registry.dismiss(NEWCOMER, "reviewer", BODY_SECRETARY)
    assert give(registry, stated, decision=given) == {"RO11"}
    place, fields = grant(later(old, 90), stated, decision=given)
    forgotten = later(branch(old), 1)
    old.append(*place, **fields)
    assert give(forgotten, stated, decision=given) == {"RO11"}


def test_other_roles_need_no_decision_and_name_none(registry: Registry) -> None:
    """RO11: a major group has no seat that a body fills; a decision beside it would say nothing."""
    stated = terms(registry, "major_group")
    assert give(registry, stated, decision=decided(registry)) == {"RO11"}
    place, fields = grant(registry, stated)
    registry.append(*place, **fields)


def test_nobody_dismisses_alone(registry: Registry) -> None:
    """RO12: not the secretary by itself, nor on a decision that says something else."""
    place, fields = take(registry, JUDGE, "appeals_panel")
    assert refused(registry, *place, **fields) == {"RO12"}
    for wrong in (
        registry.decide_seat(APPEALS_PANEL[1], "appeals_panel", BODY_SECRETARY, "dismiss"),
        registry.decide_seat(JUDGE, "reviewer", BODY_SECRETARY, "dismiss"),
        registry.decide_seat(JUDGE, "appeals_panel", BODY_SECRETARY,
                             terms=terms(registry, "appeals_panel")),
    ):  # fmt: skip
        assert refused(registry, *place, **(fields | {"decision": wrong})) == {"RO12"}
    registry.dismiss(JUDGE, "appeals_panel", BODY_SECRETARY)
    (held,) = registry.subject(JUDGE).all(Grant)
    assert (held.withdrawn is not None, held.laid_down) == (True, False)


def test_a_dismissal_is_of_the_seat_that_stood(registry: Registry) -> None:
    """RO12: one that is older than the seat, or was kept in a drawer, ends nothing."""
    early = registry.decide_seat(NEWCOMER, "reviewer", BODY_SECRETARY, "dismiss")
    registry.grant(NEWCOMER, "reviewer", BODY_SECRETARY)
    place, fields = take(registry, NEWCOMER, "reviewer", decision=early)
    assert refused(registry, *place, **fields) == {"RO12"}
    fields["decision"] = registry.decide_seat(NEWCOMER, "reviewer", BODY_SECRETARY, "dismiss")
    assert refused(later(branch(registry), 91), *place, **fields) == {"RO12"}
    later(registry, 90).append(*place, **fields)


def test_a_body_lets_go_whom_it_seated_itself(registry: Registry) -> None:
    """RO12: another body's decision does not reach a seat, though its secretary gives such ones."""
    registry.appoint(bodies.SECRETARY, "body_secretary", local="everywhere")
    item = bodies.item(JUDGE, "appeals-panel", "dismiss")
    other = ref(bodies.decide(registry, "seat", kind="appointment", items=[item]))
    place, fields = take(registry, JUDGE, "appeals_panel", by=bodies.SECRETARY, decision=other)
    assert refused(registry, *place, **fields) == {"RO12"}
    registry.dismiss(JUDGE, "appeals_panel", BODY_SECRETARY)


def test_who_sits_may_go(registry: Registry) -> None:
    """RO12: a seat is laid down by its holder, by nobody's leave and in nobody's name."""
    place, fields = take(registry, JUDGE, "appeals_panel", by=JUDGE)
    named = registry.decide_seat(JUDGE, "appeals_panel", BODY_SECRETARY, "dismiss")
    assert refused(registry, *place, **(fields | {"decision": named})) == {"RO12"}
    registry.append(*place, **fields)
    assert all(held.laid_down for held in registry.subject(JUDGE).all(Grant))


def told(registry: Registry) -> list[tuple[str, str, str]]:
    """Return what the audit tells of decisions on seats, as of this day."""
    registry.book.time = registry.now
    return [(b.rule, b.subject, b.who) for b in whole_log(registry.book)]


@pytest.mark.parametrize("result", ["appoint", "dismiss"])
def test_what_a_body_decided_is_put_into_effect(registry: Registry, result: str) -> None:
    """BO11: from the thirty-first day on it is the secretary's omission, until it is done."""
    holder = NEWCOMER if result == "appoint" else JUDGE
    role = "reviewer" if result == "appoint" else "appeals_panel"
    stated = {"terms": terms(registry, role)} if result == "appoint" else {}
    given = registry.decide_seat(holder, role, BODY_SECRETARY, result, **stated)
    assert told(later(registry, 30)) == []
    assert [duty.due for duty in duties(registry.subject(BODY), registry.book)] == [registry.day()]
    assert told(later(registry, 2)) == [("BO11", holder, "body_secretary")]
    place, fields = (
        grant(registry, stated["terms"], decision=given) if result == "appoint"
        else take(registry, holder, role, decision=given)
    )  # fmt: skip
    registry.append(*place, **fields)
    assert told(registry) == []


def test_a_body_that_decides_anew_leaves_nothing_owed(registry: Registry) -> None:
    """BO11: what it decided before on the same seat is no longer asked."""
    decided(registry)
    registry.decide_seat(NEWCOMER, "reviewer", BODY_SECRETARY, "dismiss")
    assert told(later(registry, 60)) == []


def test_the_terms_of_a_seat_stand_in_the_decision(registry: Registry) -> None:
    """Anyone reads in the decision what it gives: the role, the mandate, the days, the scope."""
    given = decided(registry)
    key = "decision:" + given["stream"].rpartition("/")[2]
    found = registry.book.thing(BODY, key, Decision)
    assert found is not None
    assert found.terms == {
        f"{NEWCOMER}/reviewer": Terms(role="reviewer", mandate="E/2024/9", first_day=registry.day())
    }
