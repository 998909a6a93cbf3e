"""Who sits on a panel, what its members declare, and who is not heard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, declare, refused, refused_voice, seat, seated
from tests.harness.stories import (
    BODY_SECRETARY,
    COMPANY,
    GOVERNMENT,
    NGO,
    PARTNERSHIP,
    REVIEWERS,
    text,
)
from verifier.rules.book import Broken
from verifier.rules.review import panel
from verifier.rules.review.state import Review, Seat, of, seat_key

A, B, C = REVIEWERS
UNIVERSITY = "actor-university"
PANEL = f"{PARTNERSHIP}/panel/r1"


@pytest.fixture(scope="module")
def opened() -> Registry:
    """A review of a partnership with its panel, and further reviewers without a seat."""
    registry = stories.listed_partnership()
    removals.open_review(registry)
    registry.enlist(UNIVERSITY, stakeholder_type="academia")
    for actor in (COMPANY, GOVERNMENT, UNIVERSITY):
        registry.grant(actor, "reviewer", BODY_SECRETARY)
    return registry


@pytest.fixture
def registry(opened: Registry) -> Registry:
    """A branch of that review of the test's own."""
    return branch(opened)


def unseated(registry: Registry, member: str, **changes: Any) -> set[str]:
    """Seat whom the rules refuse; return every rule that is not met."""
    fields = seated(registry, member, **changes)
    return refused(registry, BODY_SECRETARY, PANEL, "ReviewerAssigned", **fields)


def undeclared(registry: Registry, member: str, interest: str) -> set[str]:
    """Declare what the rules refuse; return every rule that is not met."""
    return refused(registry, member, f"{PARTNERSHIP}/declaration/r1/{member}",
                   "ConflictOfInterestDeclared", interest=interest,
                   statement=text("…"))  # fmt: skip


def review(registry: Registry) -> Review:
    """Return the review."""
    found = of(registry.subject(PARTNERSHIP), "r1")
    assert found is not None
    return found


def broken(registry: Registry) -> list[Broken]:
    """Return what the whole log shows to be broken."""
    return list(panel.across(registry.book))


def test_a_seat_is_given_once_and_states_what_is_on_record(registry: Registry) -> None:
    """To a reviewer, of its organization, class and country; not twice, and not later (RV11)."""
    assert unseated(registry, NGO, reviewer_class="independent") == {"RV11", "RV8"}
    assert unseated(registry, UNIVERSITY, reviewer_class="un") == {"RV11"}
    assert unseated(registry, UNIVERSITY, country="NOR") == {"RV11"}
    assert unseated(registry, UNIVERSITY, organization=B) == {"RV11"}
    seat(registry, UNIVERSITY)
    assert unseated(registry, UNIVERSITY) == {"RV11"}
    registry.append(A, f"{PARTNERSHIP}/review/r1", "ReviewDiscontinued", reason=text("…"))
    assert unseated(registry, GOVERNMENT) == {"RV2"}


def test_only_who_sits_acts_in_a_review(registry: Registry) -> None:
    """Without a seat a reviewer records no finding (RV11), and none before it declared (RV12)."""
    stream = f"{PARTNERSHIP}/review/r1"
    fields = {"clause": "2.1", "severity": 1, "text": text("…")}
    assert refused(registry, UNIVERSITY, stream, "FindingRecorded", **fields) == {"RV11"}
    seat(registry, UNIVERSITY)
    assert refused(registry, UNIVERSITY, stream, "FindingRecorded", **fields) == {"RV12"}
    declare(registry, UNIVERSITY)
    registry.append(UNIVERSITY, stream, "FindingRecorded", **fields)


def test_a_company_that_is_a_partner_is_neither_seated_nor_heard(registry: Registry) -> None:
    """Not even where it sat before it became one (RV8)."""
    assert unseated(registry, COMPANY) == {"RV8"}
    proposal = removals.propose_review_decision(registry)
    subject = registry.book.subjects[PARTNERSHIP]
    seat = Seat(actor=COMPANY, organization=COMPANY, reviewer_class="independent", interest="none")
    subject.change((seat_key("r1", COMPANY), seat))
    assert refused_voice(registry, COMPANY, proposal, COMPANY) == {"RV8"}


def test_a_state_that_is_a_partner_discloses_it(registry: Registry) -> None:
    """It does not declare «none» against the record (RV12); disclosed, it is heard."""
    seat(registry, GOVERNMENT)
    assert undeclared(registry, GOVERNMENT, "none") == {"RV12"}
    declare(registry, GOVERNMENT, interest="disclosed")
    proposal = removals.propose_review_decision(registry)
    for member in (GOVERNMENT, A, B):
        registry.endorse(member, proposal, member)
    assert review(registry).state == "closed"


def test_a_party_does_nothing_alone(registry: Registry) -> None:
    """RV8: a State that is a partner has a voice among others, and ends no review by itself."""
    seat(registry, GOVERNMENT)
    declare(registry, GOVERNMENT, interest="disclosed")
    stream = f"{PARTNERSHIP}/review/r1"
    ended = {"reason": text("Nothing to see")}
    assert refused(registry, GOVERNMENT, stream, "ReviewDiscontinued", **ended) == {"RV8"}
    finding = removals.record_finding(registry)
    rebuttal = registry.append(
        NGO, f"{PARTNERSHIP}/rebuttal/b1", "FindingRebutted", review="r1", finding=ref(finding),
        text=text("…"),
    )  # fmt: skip
    answer = {"rebuttal": ref(rebuttal), "outcome": "withdrawn", "text": text("…")}
    place = (f"{PARTNERSHIP}/rebuttal/b1", "RebuttalAnswered")
    assert refused(registry, GOVERNMENT, *place, **answer) == {"RV8"}
    registry.append(B, *place, **(answer | {"outcome": "maintained"}))
    removals.heard(registry)
    proposal = removals.propose_review_decision(
        registry, finding, outcome="conditions", conditions=[removals.condition(registry)]
    )
    for member in (B, C, A):
        registry.endorse(member, proposal, member)
    met = {"condition": "meters", "text": text("…")}
    assert refused(registry, GOVERNMENT, stream, "ConditionMet", **met) == {"RV8"}
    registry.append(A, stream, "ConditionMet", **met)


def test_an_independent_reviewer_with_an_interest_leaves(registry: Registry) -> None:
    """It does not stay by disclosing (RV12); a recusal is final, and its voice is not heard."""
    assert undeclared(registry, C, "disclosed") == {"RV12"}
    proposal = removals.propose_review_decision(registry)
    declare(registry, C, interest="recused")
    assert refused_voice(registry, C, proposal, C) == {"RV12"}
    assert undeclared(registry, C, "none") == {"RV12"}
    assert undeclared(registry, UNIVERSITY, "none") == {"RV11"}


def test_nobody_declares_for_another(registry: Registry) -> None:
    """A delegate signs no declaration (RV12)."""
    given = registry.append(B, f"{B}/delegation/all", "DelegationGranted", to=A, mandate="A/1",
                            types=["ConflictOfInterestDeclared"],
                            last_day=registry.day(30))  # fmt: skip
    behalf = {"actor": B, "delegation": removals.ref(given)}
    rules = refused(registry, A, f"{PARTNERSHIP}/declaration/r1/{A}", "ConflictOfInterestDeclared",
                    interest="none", statement=text("…"), on_behalf_of=behalf)  # fmt: skip
    assert rules == {"RV12"}


def test_a_profile_says_whose_reviewers_may_review() -> None:
    """A partnership that the UN leads is reviewed by the UN and by States, no others (RV13)."""
    registry = stories.listed_partnership(profile="un_led")
    terms = {k: v for k, v in stories.listing(registry, "un_led").items() if k != "mandate"}
    fields = {"kind": "peer", "mandate": "A/1", "terms": text("…"), **terms}
    stream = f"{PARTNERSHIP}/review/r1"
    assert refused(registry, A, stream, "ReviewOpened", reviewer_class="independent",
                   **fields) == {"RV13"}  # fmt: skip
    registry.append(A, stream, "ReviewOpened", reviewer_class="un", **fields)
    assert unseated(registry, C) == {"RV13"}
    seat(registry, B)


def test_the_last_voice_is_kept_for_a_state_without_a_tie(registry: Registry) -> None:
    """Three voices without such a State decide nothing (RV9); the fourth member completes it."""
    for member, interest in ((GOVERNMENT, "disclosed"), (UNIVERSITY, "none")):
        seat(registry, member)
        declare(registry, member, interest=interest)
    proposal = removals.propose_review_decision(registry)
    registry.endorse(B, proposal, B)
    registry.endorse(C, proposal, C)
    assert refused_voice(registry, UNIVERSITY, proposal, UNIVERSITY) == {"RV9"}
    assert refused_voice(registry, GOVERNMENT, proposal, GOVERNMENT) == {"RV9"}
    registry.endorse(A, proposal, A)
    assert review(registry).state == "closed"


def test_a_host_is_no_state_without_a_tie(registry: Registry) -> None:
    """A State in whose country the partnership works does not fill the last place (RV9)."""
    host = "actor-host-mission"
    registry.enlist(host, stakeholder_type="government", country="KEN")
    registry.grant(host, "reviewer", BODY_SECRETARY)
    seat(registry, host)
    declare(registry, host)
    proposal = removals.propose_review_decision(registry)
    registry.endorse(B, proposal, B)
    registry.endorse(C, proposal, C)
    assert refused_voice(registry, host, proposal, host) == {"RV9"}


def test_an_undisclosed_tie_is_found_in_the_whole_log(registry: Registry) -> None:
    """A reviewer that is a partner of this lead elsewhere had to say so (RV19)."""
    members = [(NGO, "lead", "civil_society", "ngo"), (A, "partner", "public", "government")]
    stories.listed_partnership(
        registry, name="p-forests", lead=NGO,
        partners=[{"organization": o, "role": r, "sector": s, "stakeholder_type": t}
                  for o, r, s, t in members],
    )  # fmt: skip
    other = branch(registry)
    proposal = removals.propose_review_decision(registry)
    for member in REVIEWERS:
        registry.endorse(member, proposal, member)
    (found,) = broken(registry)
    assert (found.rule, found.subject, found.kind) == ("RV19", PARTNERSHIP, "breach")
    assert A in found.reason
    assert "p-forests" in found.reason
    declare(other, A, interest="disclosed")
    proposal = removals.propose_review_decision(other)
    for member in REVIEWERS:
        other.endorse(member, proposal, member)
    assert broken(other) == []


def test_a_tie_is_that_of_the_day_of_the_decision(registry: Registry) -> None:
    """RV19: whoever joins later makes no decision false, and whoever leaves later hides nothing."""
    stories.listed_partnership(registry, name="p-forests")
    tied, stream = branch(registry), f"p-forests/partner/{C}"

    def join(there: Registry) -> None:
        joined = there.append(C, stream, "PartnerJoined", organization=C, role="partner",
                              sector="knowledge", stakeholder_type="academia")  # fmt: skip
        there.append(NGO, stream, "PartnerConfirmed", joined=ref(joined))

    def decide(there: Registry) -> None:
        proposal = removals.propose_review_decision(there)
        for member in REVIEWERS:
            there.endorse(member, proposal, member)

    decide(registry)
    join(removals.later(registry, 1))
    assert broken(registry) == []
    join(tied)
    decide(tied)
    removals.later(tied, 1).append(C, stream, "PartnerLeft", organization=C, reason=text("…"))
    assert [found.rule for found in broken(tied)] == ["RV19"]


def test_a_tie_that_came_later_is_not_held_against_anyone(registry: Registry) -> None:
    """What was not on record on the day of the decision could not be declared (RV19)."""
    proposal = removals.propose_review_decision(registry)
    for member in REVIEWERS:
        registry.endorse(member, proposal, member)
    removals.later(registry, 1)
    members = [(NGO, "lead", "civil_society", "ngo"), (A, "partner", "public", "government")]
    stories.listed_partnership(
        registry, name="p-forests", lead=NGO,
        partners=[{"organization": o, "role": r, "sector": s, "stakeholder_type": t}
                  for o, r, s, t in members],
    )  # fmt: skip
    assert broken(registry) == []


def test_the_panel_is_offered_as_a_next_step(registry: Registry) -> None:
    """Who has a seat and has not declared is told, and so is that more can be seated."""
    seat(registry, UNIVERSITY)
    step = removals.next_step(registry, "ConflictOfInterestDeclared")
    assert step.lawful
    assert step.stream.endswith(UNIVERSITY)
    assert removals.next_step(registry, "ReviewerAssigned").who == ("body_secretary",)
