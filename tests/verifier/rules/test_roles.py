"""Roles are given by those who may, no wider than they hold them, and taken back the same way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.removals import branch, refused, refused_voice
from tests.harness.stories import (
    BODY_SECRETARY,
    EXECUTIVE_HEAD,
    FOCAL_POINT,
    GOVERNMENT,
    OFFICE_A,
    SCREENER,
    UN_AGENCY,
)
from verifier.rules.authority.offices import APPOINTS, GIVERS, INCOMPATIBLE
from verifier.rules.authority.scope import Place, Scope, widens
from verifier.rules.authority.seats import BY_DECISION
from verifier.rules.authority.state import Grant, role
from verifier.rules.book import Entry

ROOT_A = "actor-root-a"
MISSION = "actor-mission"
MINISTRY = "actor-ministry"
COORDINATOR = "actor-coordinator"


@pytest.fixture(scope="module")
def staffed() -> Registry:
    """A ledger with its cast, a Permanent Mission of Kenya and a Resident Coordinator there."""
    registry = stories.cast(Registry())
    for office in (MISSION, MINISTRY):
        registry.enlist(office, kind="office", principal=GOVERNMENT, country="KEN")
    registry.enlist(COORDINATOR, kind="office", principal=UN_AGENCY)
    registry.appoint(MISSION, "permanent_mission", scope={"countries": ["KEN"]})
    registry.appoint(COORDINATOR, "resident_coordinator", scope={"countries": ["KEN", "TZA"]})
    return registry


@pytest.fixture
def registry(staffed: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(staffed)


def give(registry: Registry, actor: str, name: str, by: str, **terms: Any) -> set[str]:
    """Try to give a role; return the rules that are not met."""
    changes = {k: terms.pop(k) for k in ("giver", "under", "depth") if k in terms}
    stated = {"role": name, "mandate": "A/1", "first_day": registry.day()} | terms
    if by == BODY_SECRETARY and name in BY_DECISION:
        changes["decision"] = registry.decide_seat(actor, name, by, terms=stated)
    return refused(
        registry, by, f"{actor}/role/{name.replace('_', '-')}-2", "RoleGranted",
        **({"depth": 2, "terms": stated} | registry.basis(by, name) | changes),
    )  # fmt: skip


def withdraw(registry: Registry, actor: str, by: str, number: int = -1) -> Any:
    """Return the arguments of a withdrawal of an actor's grant."""
    grant = list(registry.subject(actor).all(Grant))[number]
    named = {"stream": grant.ref.stream, "seq": grant.ref.seq, "id": grant.ref.id}
    return (by, f"{actor}/withdrawal/w1", "RoleWithdrawn"), {"grant": named, "reason": "A/2"}


def test_every_role_that_is_given_has_one_who_gives_it() -> None:
    """The table has no giver that nobody appoints, and no pair that excludes itself."""
    given = frozenset().union(*APPOINTS.values())
    assert set(GIVERS) <= APPOINTS["root"]
    assert all(len(pair) == 2 and pair <= given for pair in INCOMPATIBLE)


@pytest.mark.parametrize("giver", GIVERS)
def test_a_role_is_given_only_as_one_that_gives_it(registry: Registry, giver: str) -> None:
    """RO1: each giver gives its own roles; stating another's, or the roots', helps nobody."""
    holders = {
        "registry": OFFICE_A, "body_secretary": BODY_SECRETARY, "executive_head": EXECUTIVE_HEAD,
        "permanent_mission": MISSION, "resident_coordinator": COORDINATOR,
    }  # fmt: skip
    holder = holders[giver]
    others = frozenset().union(*APPOINTS.values()) - APPOINTS[giver]
    scope = {"scope": {"countries": ["KEN"]}}
    for name in sorted(others):
        assert "RO1" in give(registry, MINISTRY, name, holder, **scope)
    assert "RO1" in give(registry, MINISTRY, "registry", holder, giver="root", **scope)


def test_a_grant_rests_on_its_givers_own(registry: Registry) -> None:
    """RO7: it names a grant of its giver, of the role stated, that is in force."""
    registry.enlist("actor-new")
    other = registry.basis("actor-registry-office-b", "screening_officer")["under"]
    assert give(registry, "actor-new", "screening_officer", OFFICE_A, under=other) == {"RO7"}
    assert "RO7" in give(registry, "actor-new", "reviewer", OFFICE_A, giver="body_secretary")
    registry.grant("actor-new", "screening_officer", OFFICE_A)
    given = registry.subject("actor-new").get("grant:role:screening-officer", Grant)
    own = registry.subject(OFFICE_A).get("grant:appointment:registry", Grant)
    assert given is not None
    assert own is not None
    assert (given.under, given.giver, own.under) == (own.ref, "registry", None)


def test_a_role_that_has_ended_gives_none(registry: Registry) -> None:
    """RO7: whoever gave its own role up gives no other."""
    args, fields = withdraw(registry, EXECUTIVE_HEAD, EXECUTIVE_HEAD)
    registry.append(*args, **fields)
    assert give(registry, FOCAL_POINT, "risk_owner", EXECUTIVE_HEAD) == {"AD10", "RO7"}


@pytest.mark.parametrize(
    "scope", [None, {"countries": ["TZA"]}, {"countries": ["KEN", "TZA"]}, {"goals": [6]}]
)
def test_a_scope_only_shrinks(registry: Registry, scope: dict[str, Any] | None) -> None:
    """RO2: who is limited to a country gives roles in that country only."""
    terms = {} if scope is None else {"scope": scope}
    assert give(registry, MINISTRY, "host_government", MISSION, **terms) == {"RO2"}
    kenya = {"countries": ["KEN"], "goals": [6]}
    registry.grant(MINISTRY, "host_government", MISSION, scope=kenya)


@pytest.mark.parametrize("days", [(-1, None), (0, 41), (0, None)])
def test_days_only_shrink(registry: Registry, days: tuple[int, int | None]) -> None:
    """RO2: nothing that is given begins before or lasts beyond what the giver holds."""
    first, last = days
    registry.enlist("actor-secretary", kind="office", principal=UN_AGENCY)
    registry.appoint("actor-secretary", "body_secretary", last_day=registry.day(40))
    terms = {"first_day": registry.day(first)} | (
        {"last_day": registry.day(last)} if last is not None else {}
    )
    registry.enlist("actor-new")
    assert give(registry, "actor-new", "major_group", "actor-secretary", **terms) == {"RO2"}
    registry.grant("actor-new", "major_group", "actor-secretary", last_day=registry.day(40))


def test_a_chain_states_its_length(registry: Registry) -> None:
    """RO2: a grant is one deeper than the one that it rests on."""
    registry.enlist("actor-new")
    assert give(registry, "actor-new", "major_group", BODY_SECRETARY, depth=3) == {"RO2"}


@pytest.mark.parametrize(
    ("name", "scope"),
    [("permanent_mission", None), ("permanent_mission", {"countries": ["TZA"]}),
     ("permanent_mission", {"countries": ["KEN", "TZA"]}), ("permanent_mission", {"goals": [6]}),
     ("resident_coordinator", None), ("resident_coordinator", {"goals": [6]})],
)  # fmt: skip
def test_who_speaks_for_a_country_is_limited_to_it(
    registry: Registry, name: str, scope: dict[str, Any] | None
) -> None:
    """RO9: no mission but in its own country, no coordinator without its countries."""
    terms = {"role": name, "mandate": "A/1", "first_day": registry.day()}
    rules = refused(
        registry, ROOT_A, f"{MINISTRY}/appointment/a", "AppointmentProposed", quorum=2,
        expires=registry.day(30), terms=terms | ({} if scope is None else {"scope": scope}),
    )  # fmt: skip
    assert rules == {"RO9"}


def test_heads_and_missions_give_roles_in_their_own_house(registry: Registry) -> None:
    """RO10: an executive head appoints nobody of another entity, a mission of no other State."""
    assert give(registry, MINISTRY, "risk_owner", EXECUTIVE_HEAD) == {"RO10"}
    registry.enlist("actor-alien", country="KEN")
    kenya = {"scope": {"countries": ["KEN"]}}
    assert give(registry, "actor-alien", "host_government", MISSION, **kenya) == {"RO10"}
    registry.grant(FOCAL_POINT, "risk_owner", EXECUTIVE_HEAD)
    registry.grant("actor-alien", "un_country_team", COORDINATOR, **kenya)


# Taking back.


def test_who_gives_in_a_country_takes_back_in_that_country(registry: Registry) -> None:
    """RO6: a mission takes back what a mission gave there, whoever holds it and wherever it is."""
    registry.grant(MINISTRY, "host_government", MISSION, scope={"countries": ["KEN"]})
    args, fields = withdraw(registry, MINISTRY, MISSION)
    registry.append(*args, **fields)
    assert [g.withdrawn for g in registry.subject(MINISTRY).all(Grant)] == [
        len(registry.events) - 1
    ]
    again = f"{MINISTRY}/withdrawal/w2"
    assert refused(registry, MISSION, again, "RoleWithdrawn", **fields) == {"RO5"}


def test_nobody_takes_back_what_another_gives(registry: Registry) -> None:
    """RO6: neither the other role that gives it, nor one whose own scope is narrower."""
    registry.grant(MINISTRY, "focal_point", MISSION, scope={"countries": ["KEN"]})
    for stranger in (COORDINATOR, EXECUTIVE_HEAD, OFFICE_A):
        args, fields = withdraw(registry, MINISTRY, stranger)
        assert refused(registry, *args, **fields) == {"RO6"}
    args, fields = withdraw(registry, MINISTRY, ROOT_A)
    assert refused(registry, *args, **fields) == {"AD10", "RO6"}
    registry.enlist("actor-narrow", kind="office", principal=UN_AGENCY)
    registry.appoint("actor-narrow", "resident_coordinator", scope={"countries": ["TZA"]})
    registry.enlist("actor-team")
    registry.grant("actor-team", "un_country_team", COORDINATOR, scope={"countries": ["KEN"]})
    args, fields = withdraw(registry, "actor-team", "actor-narrow")
    assert refused(registry, *args, **fields) == {"RO6"}
    args, fields = withdraw(registry, "actor-team", COORDINATOR)
    registry.append(*args, **fields)


def test_no_house_takes_back_what_another_gave_its_own(registry: Registry) -> None:
    """RO6: the head of one entity dismisses no officer of another; a second head of it does."""
    other, second = "actor-other-head", "actor-second-head"
    registry.enlist("actor-un-other").enlist(other, kind="office", principal="actor-un-other")
    registry.enlist(second, kind="office", principal=UN_AGENCY)
    for head in (other, second):
        registry.appoint(head, "executive_head")
    args, fields = withdraw(registry, FOCAL_POINT, other)
    assert refused(registry, *args, **fields) == {"RO6"}
    args, fields = withdraw(registry, FOCAL_POINT, second)
    registry.append(*args, **fields)


def test_a_role_is_laid_down_by_its_holder(registry: Registry) -> None:
    """RO5: the holder needs nobody for that; a stranger to the roles cannot do it for it."""
    args, fields = withdraw(registry, SCREENER, MINISTRY)
    assert refused(registry, *args, **fields) == {"AD10", "RO6"}
    args, fields = withdraw(registry, SCREENER, SCREENER)
    registry.append(*args, **fields)


def dismissal(registry: Registry, actor: str) -> tuple[tuple[str, str, str], dict[str, Any]]:
    """Return the arguments of a proposal that the roots take back an actor's grant."""
    _, fields = withdraw(registry, actor, ROOT_A)
    place = (ROOT_A, f"{actor}/dismissal/d1", "RoleWithdrawalProposed")
    return place, {**fields, "quorum": 2, "expires": registry.day(30)}


def test_what_the_roots_gave_only_the_roots_take_back(registry: Registry) -> None:
    """RO6: one root takes nothing back; their threshold does, once, and only what they gave."""
    args, fields = withdraw(registry, MISSION, ROOT_A)
    assert refused(registry, *args, **fields) == {"AD10", "RO6"}
    place, fields = dismissal(registry, MISSION)
    proposal = registry.append(*place, **fields)
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    assert [g.withdrawn for g in registry.subject(MISSION).all(Grant)] == [None]
    completed = registry.endorse("actor-root-b", proposal, "actor-root-b-org")
    assert [g.withdrawn for g in registry.subject(MISSION).all(Grant)] == [completed.index]
    place, fields = dismissal(registry, SCREENER)
    assert refused(registry, *place, **fields) == {"RO6"}


def test_a_role_that_was_laid_down_is_not_taken_back(registry: Registry) -> None:
    """RO5: a dismissal that waits ends where its grant does."""
    place, fields = dismissal(registry, MISSION)
    proposal = registry.append(*place, **fields)
    registry.endorse(ROOT_A, proposal, f"{ROOT_A}-org")
    args, withdrawn = withdraw(registry, MISSION, MISSION)
    registry.append(*args, **withdrawn)
    assert refused_voice(registry, "actor-root-b", proposal, "actor-root-b-org") == {"RO5"}
    again = (ROOT_A, f"{MISSION}/dismissal/d2", "RoleWithdrawalProposed")
    assert refused(registry, *again, **fields) == {"RO5"}


@pytest.mark.parametrize("pair", sorted(sorted(pair) for pair in INCOMPATIBLE))
def test_who_keeps_who_decides_and_who_hears_appeals_are_apart(
    registry: Registry, pair: list[str]
) -> None:
    """RO3: no actor holds two roles of those that watch over each other."""
    registry.enlist("actor-greedy")
    givers = {name: giver for giver in ("registry", "body_secretary") for name in APPOINTS[giver]}
    by = {"registry": OFFICE_A, "body_secretary": BODY_SECRETARY}
    first, second = pair
    if first in givers:
        registry.grant("actor-greedy", first, by[givers[first]])
    else:
        registry.appoint("actor-greedy", first)
    if second in givers:
        assert give(registry, "actor-greedy", second, by[givers[second]]) == {"RO3"}
        return
    terms = {"role": second, "mandate": "A/1", "first_day": registry.day()}
    rules = refused(registry, ROOT_A, "actor-greedy/appointment/a", "AppointmentProposed",
                    terms=terms, quorum=2, expires=registry.day(30))  # fmt: skip
    assert rules == {"RO3"}


# Scopes.


def entry_about(registry: Registry, place: Place | None) -> Entry:
    """Return some entry of a subject that is about a place."""
    entry = registry.entry(registry.sign(FOCAL_POINT, f"{FOCAL_POINT}/delegation/d",
                           "DelegationGranted", to=MINISTRY, types=["ReportSubmitted"],
                           last_day=registry.day(3), mandate="A/1"))  # fmt: skip
    if place is not None:
        registry.book.subjects[FOCAL_POINT].change(("place", place))
    return entry


@pytest.mark.parametrize(
    ("scope", "whole", "part"),
    [
        (None, True, True),
        ({"subjects": ["actor-focal-"]}, True, True),
        ({"subjects": ["p-"]}, False, False),
        ({"countries": ["KEN", "TZA", "UGA"]}, True, True),
        ({"countries": ["KEN"]}, False, True),
        ({"countries": ["UGA"]}, False, False),
        ({"goals": [6, 14]}, True, True),
        ({"goals": [6]}, False, False),
        ({"entities": ["actor-un-agency", "actor-other"]}, True, True),
        ({"entities": ["actor-other"]}, False, False),
        ({"countries": ["KEN", "TZA"], "goals": [6]}, False, False),
    ],
)
def test_a_role_counts_where_its_scope_covers(
    registry: Registry, scope: dict[str, Any] | None, whole: bool, part: bool
) -> None:
    """AU2: countries and goals by all of them (or, where that is asked, some), entities by one."""
    registry.appoint(FOCAL_POINT, "custodian", **({} if scope is None else {"scope": scope}))
    entry = entry_about(registry, Place(("KEN", "TZA"), (6, 14), (UN_AGENCY,)))
    book = registry.book
    assert role("custodian").holds(FOCAL_POINT, entry, book) is whole
    assert role("custodian", partly=True).holds(FOCAL_POINT, entry, book) is part


@pytest.mark.parametrize("place", [None, Place(())])
@pytest.mark.parametrize("scope", [{"countries": ["KEN"]}, {"goals": [6]},
                                   {"entities": ["actor-un-agency"]}])  # fmt: skip
def test_what_is_nowhere_is_covered_by_no_limit(
    registry: Registry, place: Place | None, scope: dict[str, Any]
) -> None:
    """AU2: a subject without a place, or in no country, is not everyone's."""
    registry.appoint(FOCAL_POINT, "custodian", scope=scope)
    entry = entry_about(registry, place)
    assert not role("custodian").holds(FOCAL_POINT, entry, registry.book)
    assert not role("custodian", partly=True).holds(FOCAL_POINT, entry, registry.book)


def test_an_actors_country_is_its_place(registry: Registry) -> None:
    """A registry that is limited to a country keeps the keys of that country's actors only."""
    registry.enlist("actor-kenya-registry")
    registry.appoint("actor-kenya-registry", "registry", scope={"countries": ["KEN"]})
    for actor, country in (("actor-in", "KEN"), ("actor-out", "TZA")):
        registry.append(ROOT_A, f"{actor}/profile", "ActorRegistered", kind="organization",
                        name=stories.text("A name"), principal=actor, stakeholder_type="ngo",
                        country=country)  # fmt: skip
    fields = registry.possession("actor-out", "actor-out")
    rules = refused(registry, "actor-kenya-registry", "actor-out/keys", "KeyEnrolled", **fields)
    assert rules == {"AD10"}
    registry.enrol("actor-in", by="actor-kenya-registry")


@pytest.mark.parametrize(
    ("narrow", "wide", "beyond"),
    [
        (Scope(countries=("KEN",)), Scope(countries=("KEN", "TZA")), False),
        (Scope(countries=("KEN",)), Scope(goals=(6,)), True),
        (Scope(goals=(6, 7)), Scope(goals=(6,)), True),
        (Scope(goals=(6,), countries=("KEN",)), Scope(goals=(6,)), False),
        (Scope(entities=("actor-a",)), Scope(entities=("actor-a", "actor-b")), False),
        (Scope(entities=("actor-a", "actor-c")), Scope(entities=("actor-a",)), True),
        (None, Scope(entities=("actor-a",)), True),
        (Scope(entities=("actor-a",)), None, False),
        (Scope(subjects=("p-a",)), Scope(subjects=("p-",)), False),
        (Scope(subjects=("p-",)), Scope(subjects=("p-a",)), True),
        (Scope(subjects=("p-",)), Scope(subjects=("p",)), True),
    ],
)
def test_a_narrower_scope_lies_within_the_wider(
    narrow: Scope | None, wide: Scope | None, beyond: bool
) -> None:
    """RO2: every limit of the wider one is kept by the narrower."""
    assert widens(narrow, wide) is beyond
