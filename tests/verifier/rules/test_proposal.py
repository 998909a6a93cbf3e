"""The one mechanism for acts of several: who counts, once, in time, and for which organization."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import ORIGIN, Registry, public, ref
from tests.harness.removals import branch, refused, refused_voice
from tests.harness.stories import (
    BODY_SECRETARY,
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    REVIEWERS,
    UN_AGENCY,
    text,
)
from verifier.rules.book import Entry
from verifier.rules.proposal import Proposal
from verifier.rules.review.state import ReviewDecided, of

A, B, C = REVIEWERS
STREAM = f"{PARTNERSHIP}/decision/d1"


@pytest.fixture(scope="module")
def proposed() -> tuple[Registry, Entry]:
    """A review whose decision waits for three organizations."""
    registry = stories.listed_partnership()
    registry.enlist("actor-reviewer-a-geneva", kind="office", principal=A)
    registry.grant("actor-reviewer-a-geneva", "reviewer", BODY_SECRETARY)
    removals.open_review(registry)
    removals.seat(registry, "actor-reviewer-a-geneva")
    removals.declare(registry, "actor-reviewer-a-geneva")
    return registry, removals.propose_review_decision(registry)


@pytest.fixture
def panel(proposed: tuple[Registry, Entry]) -> tuple[Registry, Entry]:
    """A branch of that review of the test's own."""
    registry, proposal = proposed
    return branch(registry), proposal


def decision(registry: Registry) -> ReviewDecided | None:
    """Return the decision in effect, or nothing."""
    return registry.subject(PARTNERSHIP).get("decision:d1", ReviewDecided)


def proposal_of(registry: Registry) -> Proposal:
    """Return the proposal as it stands."""
    found = registry.subject(PARTNERSHIP).get("proposal:decision:d1", Proposal)
    assert found is not None
    return found


def test_takes_effect_with_the_last_voice_of_the_quorum(panel: tuple[Registry, Entry]) -> None:
    """Two of three organizations decide nothing; the third completes the decision."""
    registry, proposal = panel
    registry.endorse(A, proposal, A)
    registry.endorse(B, proposal, B)
    assert decision(registry) is None
    last = registry.endorse(C, proposal, C)
    found = decision(registry)
    assert found is not None
    assert found.index == last.index
    assert [voice.organization for voice in found.panel] == [A, B, C]


def test_two_offices_of_one_organization_are_one_voice(panel: tuple[Registry, Entry]) -> None:
    """A second actor with a second key of the same organization adds nothing to a quorum."""
    registry, proposal = panel
    registry.endorse(A, proposal, A)
    assert refused_voice(registry, "actor-reviewer-a-geneva", proposal, A) == {"PR8"}


def test_two_keys_of_one_actor_are_one_voice(panel: tuple[Registry, Entry]) -> None:
    """An actor that enrols a further key does not endorse twice."""
    registry, proposal = panel
    registry.endorse(A, proposal, A)
    registry.append(A, f"{A}/keys", "KeyEnrolled", **registry.possession(A, "second-key"))
    registry.keys[A] = "second-key"
    assert refused_voice(registry, A, proposal, A) == {"PR8"}


def test_one_raw_key_never_belongs_to_two_organizations(panel: tuple[Registry, Entry]) -> None:
    """A key enrolled once is enrolled to nobody else, so one hand has one voice."""
    registry, _ = panel
    fields = registry.possession(UN_AGENCY, A)
    assert fields["public"] == public(A)
    assert "AC3" in refused(registry, UN_AGENCY, f"{UN_AGENCY}/keys", "KeyEnrolled", **fields)


@pytest.mark.parametrize("voices", [
    [(A, A), ("actor-reviewer-a-geneva", A), (B, B)],
    [(A, A), (B, A), (C, A)],
])  # fmt: skip
def test_a_forced_voice_does_not_complete_a_quorum(
    panel: tuple[Registry, Entry], voices: list[tuple[str, str]]
) -> None:
    """Even where an operator records refused voices, distinct organizations are what is counted."""
    registry, proposal = panel
    for actor, organization in voices:
        stream = f"{PARTNERSHIP}/endorsement/decision:d1/{actor}"
        registry.force(registry.sign(actor, stream, "Endorsed", proposal=ref(proposal),
                                     organization=organization))  # fmt: skip
    assert decision(registry) is None
    assert proposal_of(registry).count() == len({organization for _, organization in voices})


def test_a_forced_second_voice_of_one_key_does_not_count(panel: tuple[Registry, Entry]) -> None:
    """Three organizations with one raw key are one voice."""
    registry, proposal = panel
    for actor in REVIEWERS:
        stream = f"{PARTNERSHIP}/endorsement/decision:d1/{actor}"
        registry.force(registry.sign(actor, stream, "Endorsed", key=A, proposal=ref(proposal),
                                     organization=actor))  # fmt: skip
    assert proposal_of(registry).count() == 1
    assert decision(registry) is None


def genesis(*roots: tuple[str, str, str]) -> set[str]:
    """Open a ledger with roots (actor, principal, key) that the rules refuse."""
    registry = Registry()
    fields = {
        "origin": ORIGIN, "quorum": len(roots), "expires": registry.day(30), "clock": "stated",
        "roots": [{"actor": a, "principal": p, "public": public(key)} for a, p, key in roots],
        "ruleset": "pledgebook-1", "anchor_every": "P1D", "register_every": "P1D",
        "log_keys": {"checkpoint": public("log")},
    }  # fmt: skip
    return refused(registry, "actor-root-a", "ledger/genesis", "LedgerOpened", **fields)


def test_roots_of_one_principal_do_not_make_a_threshold_of_two() -> None:
    """A threshold above the number of distinct root principals is refused at genesis."""
    a, b = "actor-root-a", "actor-root-b"
    assert genesis((a, "actor-one-org", a), (b, "actor-one-org", b)) == {"GE2"}


def test_roots_with_one_raw_key_are_refused() -> None:
    """Two root actors never share a raw key."""
    a, b = "actor-root-a", "actor-root-b"
    assert "GE1" in genesis((a, "actor-org-a", a), (b, "actor-org-b", a))


def test_four_eyes_count_offices_and_not_keys() -> None:
    """One office with two keys is not two offices; two offices of one organization are."""
    registry = removals.later(removals.finally_noticed(), 31)
    proposal = removals.propose_decision(registry)
    registry.endorse(OFFICE_A, proposal, removals.REGISTRY_ORG)
    registry.append(OFFICE_A, f"{OFFICE_A}/keys", "KeyEnrolled",
                    **registry.possession(OFFICE_A, "second-key"))  # fmt: skip
    registry.keys[OFFICE_A] = "second-key"
    assert refused_voice(registry, OFFICE_A, proposal, removals.REGISTRY_ORG) == {"PR8"}
    assert removals.case(registry).decision is None
    registry.endorse(OFFICE_B, proposal, removals.REGISTRY_ORG)
    assert removals.case(registry).decision is not None


@pytest.mark.parametrize(("days", "rules"), [(30, set()), (31, {"PR4"})])
def test_a_proposal_expires_at_the_end_of_its_day(
    panel: tuple[Registry, Entry], days: int, rules: set[str]
) -> None:
    """A voice counts until the stated day has ended everywhere, and never after."""
    registry, proposal = panel
    removals.later(registry, days)
    if rules:
        assert refused_voice(registry, A, proposal, A) == rules
    else:
        registry.endorse(A, proposal, A)


def test_a_proposal_in_effect_takes_no_more_voices(panel: tuple[Registry, Entry]) -> None:
    """Once the quorum is met nobody joins it."""
    registry, proposal = panel
    registry.enlist("actor-reviewer-d").grant("actor-reviewer-d", "reviewer", BODY_SECRETARY)
    for member in REVIEWERS:
        registry.endorse(member, proposal, member)
    assert "PR4" in refused_voice(registry, "actor-reviewer-d", proposal, "actor-reviewer-d")


def test_a_voice_states_its_own_organization(panel: tuple[Registry, Entry]) -> None:
    """Nobody counts for an organization that it does not belong to."""
    registry, proposal = panel
    assert refused_voice(registry, A, proposal, B) == {"PR7"}


def test_only_who_may_endorse_is_heard(panel: tuple[Registry, Entry]) -> None:
    """An actor without the capacity, and without a seat, has no voice, whatever its key."""
    registry, proposal = panel
    assert refused_voice(registry, UN_AGENCY, proposal, UN_AGENCY) == {"PR5", "RV11"}


def test_a_voice_is_never_delegated(panel: tuple[Registry, Entry]) -> None:
    """An endorsement on behalf of another is refused, whatever the delegation says."""
    registry, proposal = panel
    given = registry.append(B, f"{B}/delegation/all", "DelegationGranted", to=A, mandate="A/1",
                            types=["ReviewOpened"], last_day=registry.day(30))  # fmt: skip
    stream = f"{PARTNERSHIP}/endorsement/decision:d1/{A}"
    behalf = {"actor": B, "delegation": ref(given)}
    rules = refused(registry, A, stream, "Endorsed", proposal=ref(proposal), organization=A,
                    on_behalf_of=behalf)  # fmt: skip
    assert "PR6" in rules


def test_an_endorsement_names_the_proposal_of_its_stream(panel: tuple[Registry, Entry]) -> None:
    """A voice for one proposal cannot be recorded as a voice for another."""
    registry, proposal = panel
    other = ref(proposal) | {"id": bytes(32)}
    stream = f"{PARTNERSHIP}/endorsement/decision:d1/{A}"
    assert refused(registry, A, stream, "Endorsed", proposal=other, organization=A) == {"PR3"}


@pytest.mark.parametrize(("changes", "rule"), [
    ({"quorum": 2}, "PR1"),
    ({"quorum": 4}, "PR1"),
    ({"expires": "2024-02-15"}, "PR2"),
    ({"expires": "2024-08-14"}, "PR2"),
    ({"expires": "2024-02-30"}, "PR2"),
])  # fmt: skip
def test_a_proposal_states_the_quorum_and_a_near_end(
    panel: tuple[Registry, Entry], changes: dict[str, Any], rule: str
) -> None:
    """The quorum is the profile's, and a proposal lives between one and 180 days."""
    registry, _ = panel
    fields = removals.review_decision(registry, **changes)
    stream = f"{PARTNERSHIP}/decision/d2"
    assert refused(registry, A, stream, "ReviewDecisionProposed", **fields) == {rule}


def test_nobody_replaces_a_proposal_under_its_endorsers(panel: tuple[Registry, Entry]) -> None:
    """A second proposal on the same stream is refused; the voices given stay counted."""
    registry, proposal = panel
    registry.endorse(A, proposal, A)
    fields = removals.review_decision(registry, outcome="satisfactory")
    assert refused(registry, B, STREAM, "ReviewDecisionProposed", **fields) == {
        "PR10",
    }  # fmt: skip
    assert proposal_of(registry).count() == 1


def test_an_opinion_stands_beside_a_voice(panel: tuple[Registry, Entry]) -> None:
    """A member may say what it thinks; its voice counts all the same."""
    registry, proposal = panel
    for member in REVIEWERS:
        registry.endorse(member, proposal, member, opinion=text("For the reasons given"))
    review = of(registry.subject(PARTNERSHIP), "r1")
    assert review is not None
    assert review.state == "closed"
