"""Due diligence in two layers: what excludes, what is said, what risk remains, and who decides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.diligences import (
    DECIDER,
    HEAD,
    NOTHING,
    RATER,
    attest,
    clear,
    examine,
    fields_of,
    staff,
    step,
    words,
)
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, later, refused
from tests.harness.stories import (
    COMPANY,
    GOVERNMENT,
    NGO,
    OFFICE_A,
    PARTNERSHIP,
    SCREENER,
    UN_AGENCY,
    text,
)
from verifier.rules import dates
from verifier.rules.ahead import steps
from verifier.rules.diligence import decision
from verifier.rules.diligence.state import Diligence

STREAM = f"{PARTNERSHIP}/diligence/{COMPANY}"
LISTING = f"{PARTNERSHIP}/registration"


@pytest.fixture
def registry() -> Registry:
    """A partnership with a UN partner that has passed the screening, and two officers."""
    return staff(stories.screened_partnership(profile="un_participating"))


def refusal(registry: Registry, type_: str, author: str = RATER, organization: str = COMPANY,
            stream: str = STREAM, **changes: Any) -> set[str]:  # fmt: skip
    """Return the rules by which a step is refused."""
    fields = fields_of(registry, PARTNERSHIP, organization, type_, **changes)
    return refused(registry, author, stream, type_, **fields)


def go(registry: Registry, type_: str, author: str = RATER, **changes: Any) -> None:
    """Record a step of the case on the company."""
    step(registry, PARTNERSHIP, COMPANY, type_, author, **changes)


def rated(registry: Registry, risk: str = "low") -> Registry:
    """Take the case on the company to its rating."""
    return examine(registry, PARTNERSHIP, COMPANY, risk=risk, until="RiskRated")


def found(registry: Registry) -> Diligence:
    """Return the case on the company."""
    thing = registry.subject(PARTNERSHIP).get(f"diligence:{COMPANY}", Diligence)
    assert thing is not None
    return thing


def waiting(registry: Registry) -> dict[str, Any]:
    """Return the reference to the decision that waits for its approval."""
    waits = registry.subject(PARTNERSHIP).get(f"reserved:{COMPANY}", decision.Reserved)
    assert waits is not None
    return {"stream": waits.ref.stream, "seq": waits.ref.seq, "id": waits.ref.id}


def unlisted(registry: Registry) -> set[str]:
    """Return the rules by which the listing is refused."""
    return refused(registry, OFFICE_A, LISTING, "PartnershipListed",
                   **stories.listing(registry, "un_participating"))  # fmt: skip


def offered(registry: Registry) -> list[str]:
    """Return the steps of the case that are offered and lawful now."""
    return [s.type.removesuffix("/1") for s in steps(PARTNERSHIP, registry.book, registry.now)
            if s.stream == STREAM and s.lawful]  # fmt: skip


def test_every_step_is_offered_in_its_turn(registry: Registry) -> None:
    """Opened, screened, researched, rated, decided: one step at a time, and then none."""
    way = ("DueDiligenceOpened", "ExclusionScreened", "ControversyResearched", "RiskRated",
           "DueDiligenceDecided")  # fmt: skip
    for type_ in way:
        assert offered(registry) == [type_]
        go(registry, type_, DECIDER if type_ == "DueDiligenceDecided" else RATER)
    assert offered(registry) == []
    assert (found(registry).outcome, found(registry).valid_until) == ("approved", "2026-01-15")


def test_a_listing_waits_for_the_principles_of_its_partners(registry: Registry) -> None:
    """PL4: with a UN role all but States and UN entities have attested them."""
    for organization in (NGO, COMPANY):
        examine(registry, PARTNERSHIP, organization)
        assert "PL4" in unlisted(registry)
    attest(registry, PARTNERSHIP, NGO)
    assert unlisted(registry) == {"PL4"}
    attest(registry, PARTNERSHIP, COMPANY)
    registry.append(OFFICE_A, LISTING, "PartnershipListed",
                    **stories.listing(registry, "un_participating"))  # fmt: skip


def test_a_listing_waits_for_the_due_diligence_on_its_partners(registry: Registry) -> None:
    """PL5: approved where the profile asks more than a basic one, and nowhere declined."""
    for organization in (NGO, COMPANY):
        attest(registry, PARTNERSHIP, organization)
    examine(registry, PARTNERSHIP, NGO)
    assert unlisted(registry) == {"PL5"}
    rated(registry)
    assert unlisted(registry) == {"PL5"}
    go(registry, "DueDiligenceDecided", DECIDER, outcome="declined", valid_until=None)
    assert unlisted(registry) == {"PL5"}


def test_without_a_un_role_only_what_was_decided_against_a_partner_stands_against_it() -> None:
    """PL4 and PL5: a light partnership is listed without a case; a declined partner bars it.

    To reopen the case is not to decide it otherwise.
    """
    registry = staff(stories.screened_partnership())
    light = stories.listing(registry)
    examine(registry, PARTNERSHIP, COMPANY, until="RiskRated")
    go(registry, "DueDiligenceDecided", DECIDER, outcome="declined", valid_until=None)
    assert refused(registry, OFFICE_A, LISTING, "PartnershipListed", **light) == {"PL5"}
    go(registry, "DueDiligenceReopened", trigger="new_facts")
    assert refused(registry, OFFICE_A, LISTING, "PartnershipListed", **light) == {"PL5"}
    for type_ in ("ExclusionScreened", "RiskRated"):
        go(registry, type_)
    go(registry, "DueDiligenceDecided", DECIDER)
    registry.append(OFFICE_A, LISTING, "PartnershipListed", **light)


def test_a_case_is_about_a_partner(registry: Registry) -> None:
    """DD1: not about an outsider, not on another's stream, not where nothing is submitted."""
    stranger = f"{PARTNERSHIP}/diligence/actor-reviewer-c"
    assert refusal(registry, "DueDiligenceOpened", organization="actor-reviewer-c",
                   stream=stranger) == {"DD1"}  # fmt: skip
    assert refusal(registry, "DueDiligenceOpened", organization=NGO) == {"DD1"}
    fields = fields_of(registry, PARTNERSHIP, COMPANY, "DueDiligenceOpened")
    nowhere = f"p-nowhere/diligence/{COMPANY}"
    assert refused(registry, RATER, nowhere, "DueDiligenceOpened", **fields) == {"DD1"}
    go(registry, "DueDiligenceOpened")


@pytest.mark.parametrize("organization", [GOVERNMENT, UN_AGENCY])
def test_states_and_un_entities_pass_none(organization: str, registry: Registry) -> None:
    """DD2: the Charter binds them; a case on one is refused, on an NGO it is opened."""
    stream = f"{PARTNERSHIP}/diligence/{organization}"
    assert "DD2" in refusal(registry, "DueDiligenceOpened", organization=organization,
                            stream=stream, author=SCREENER)  # fmt: skip
    step(registry, PARTNERSHIP, NGO, "DueDiligenceOpened")


def test_the_kind_and_depth_of_a_case_are_asked_by_the_profile(registry: Registry) -> None:
    """DD3: enhanced for business, standard for others; deeper is lawful, another kind is not."""
    assert refusal(registry, "DueDiligenceOpened", depth="standard") == {"DD3"}
    assert refusal(registry, "DueDiligenceOpened", case_type="philanthropy") == {"DD3"}
    go(registry, "DueDiligenceOpened")
    ngo = f"{PARTNERSHIP}/diligence/{NGO}"
    assert refusal(registry, "DueDiligenceOpened", organization=NGO, stream=ngo,
                   depth="basic") == {"DD3"}  # fmt: skip
    step(registry, PARTNERSHIP, NGO, "DueDiligenceOpened", depth="enhanced")


def test_there_is_one_case_at_a_time(registry: Registry) -> None:
    """DD4: neither opened twice nor reopened before it was decided; then reopened."""
    rated(registry)
    assert refusal(registry, "DueDiligenceOpened") == {"DD4"}
    assert refusal(registry, "DueDiligenceReopened") == {"DD4"}
    go(registry, "DueDiligenceDecided", DECIDER)
    go(registry, "DueDiligenceReopened", trigger="controversy")
    assert (found(registry).state, found(registry).outcome) == ("opened", "")


def test_nobody_examines_its_own(registry: Registry) -> None:
    """DD5: an officer of the organization takes no part in the case on it."""
    registry.enlist("actor-insider", kind="office", principal=COMPANY, stakeholder_type="business")
    registry.grant("actor-insider", "screening_officer", OFFICE_A)
    assert refusal(registry, "DueDiligenceOpened", "actor-insider") == {"DD5"}
    go(registry, "DueDiligenceOpened", SCREENER)


def test_the_screen_is_against_lists_of_past_days(registry: Registry) -> None:
    """DD6: a list of tomorrow is refused, and a second screen."""
    go(registry, "DueDiligenceOpened")
    tomorrow = [{"name": "UN sanctions", "as_of": registry.day(1)}]
    assert refusal(registry, "ExclusionScreened", lists=tomorrow) == {"DD6"}
    go(registry, "ExclusionScreened")
    assert refusal(registry, "ExclusionScreened") == {"DD6"}


def test_an_enhanced_case_hears_the_place(registry: Registry) -> None:
    """DD7: no research before the screen, and none without what was heard there."""
    go(registry, "DueDiligenceOpened")
    assert refusal(registry, "ControversyResearched") == {"DD7"}
    go(registry, "ExclusionScreened")
    assert refusal(registry, "ControversyResearched", local_input=None) == {"DD7"}
    go(registry, "ControversyResearched")


def test_a_risk_is_rated_after_the_research_and_watched(registry: Registry) -> None:
    """DD8: no rating before; more than a low risk has a plan."""
    examine(registry, PARTNERSHIP, COMPANY, until="ExclusionScreened")
    assert refusal(registry, "RiskRated") == {"DD8"}
    go(registry, "ControversyResearched")
    assert refusal(registry, "RiskRated", risk="moderate") == {"DD8"}
    go(registry, "RiskRated", risk="moderate", monitoring=words("Yearly talks"))


def test_who_rated_does_not_decide(registry: Registry) -> None:
    """DD9: not decided before the rating, and not by the same office."""
    examine(registry, PARTNERSHIP, COMPANY, until="ControversyResearched")
    assert refusal(registry, "DueDiligenceDecided", DECIDER) == {"DD9"}
    go(registry, "RiskRated")
    assert refusal(registry, "DueDiligenceDecided", RATER) == {"DD9"}
    go(registry, "DueDiligenceDecided", DECIDER)


@pytest.mark.parametrize("criterion", list(NOTHING))
def test_each_criterion_excludes(criterion: str, registry: Registry) -> None:
    """DD9: what the screen finds leaves one outcome; without a finding there is no exclusion."""
    go(registry, "DueDiligenceOpened")
    go(registry, "ExclusionScreened", criteria=NOTHING | {criterion: True})
    assert refusal(registry, "ControversyResearched") == {"DD7"}
    assert refusal(registry, "DueDiligenceDecided", DECIDER) == {"DD9"}
    assert offered(registry) == ["DueDiligenceDecided"]
    go(registry, "DueDiligenceDecided", DECIDER, outcome="excluded", valid_until=None)
    examine(registry, PARTNERSHIP, NGO, until="RiskRated")
    ngo = f"{PARTNERSHIP}/diligence/{NGO}"
    assert refusal(registry, "DueDiligenceDecided", DECIDER, NGO, ngo, outcome="excluded",
                   valid_until=None) == {"DD9"}  # fmt: skip


@pytest.mark.parametrize("risk", ["substantial", "high"])
def test_a_great_risk_is_the_heads_to_decide(risk: str, registry: Registry) -> None:
    """DD10: an officer decides on a low or moderate risk, the executive head on more."""
    rated(registry, risk)
    assert refusal(registry, "DueDiligenceDecided", DECIDER) == {"DD10"}
    go(registry, "DueDiligenceDecided", HEAD)


def test_a_reservation_names_the_office_that_approves_it(registry: Registry) -> None:
    """DD11: not without its words or its office, not by a focal point, and no other has one."""
    rated(registry, "moderate")
    kind = {"outcome": "approved_with_reservation"}
    said = {"reservation": text("No use of the emblem")}
    assert refusal(registry, "DueDiligenceDecided", DECIDER, **kind, **said) == {"DD11"}
    assert refusal(registry, "DueDiligenceDecided", DECIDER, **kind,
                   approving_office=HEAD) == {"DD11"}  # fmt: skip
    assert refusal(registry, "DueDiligenceDecided", DECIDER, **kind, **said,
                   approving_office=stories.FOCAL_POINT) == {"DD11"}  # fmt: skip
    assert refusal(registry, "DueDiligenceDecided", DECIDER, **said) == {"DD11"}
    assert refusal(registry, "DueDiligenceDecided", DECIDER, **kind, **said,
                   approving_office=DECIDER) == {"DD11"}  # fmt: skip
    go(registry, "DueDiligenceDecided", DECIDER, approving_office=HEAD, **kind, **said)


def test_a_reservation_waits_for_the_office_that_approves_it(registry: Registry) -> None:
    """DD11: named is not signed; until that office signs, nothing is approved."""
    rated(registry, "moderate")
    fields = {"outcome": "approved_with_reservation", "reservation": text("No emblem"),
              "approving_office": HEAD}  # fmt: skip
    go(registry, "DueDiligenceDecided", DECIDER, **fields)
    first = {"decision": waiting(registry)}
    assert (found(registry).state, found(registry).outcome) == ("reserved", "")
    go(registry, "DueDiligenceDecided", DECIDER, **fields)
    assert refused(registry, HEAD, STREAM, "ReservationApproved", **first) == {"DD11"}
    newest = {"decision": waiting(registry)}
    assert refused(registry, DECIDER, STREAM, "ReservationApproved", **newest) == {"AD10", "DD11"}
    late = later(branch(registry), 732)
    assert refused(late, HEAD, STREAM, "ReservationApproved", **newest) == {"DD11"}
    assert "ReservationApproved/1" in {s.type for s in steps(PARTNERSHIP, registry.book,
                                                             registry.now)}  # fmt: skip
    registry.append(HEAD, STREAM, "ReservationApproved", **newest)
    assert found(registry).outcome == "approved_with_reservation"
    assert refused(registry, HEAD, STREAM, "ReservationApproved", **newest) == {"DD11"}


def test_an_approval_that_is_withheld_is_decided_otherwise(registry: Registry) -> None:
    """DD9: while the approving office is silent the case is declined, or decided by another."""
    rated(registry, "moderate")
    go(registry, "DueDiligenceDecided", DECIDER, outcome="approved_with_reservation",
       reservation=text("No emblem"), approving_office=HEAD)  # fmt: skip
    go(registry, "DueDiligenceDecided", DECIDER, outcome="declined", valid_until=None)
    assert (found(registry).state, found(registry).outcome) == ("decided", "declined")


def test_an_approval_has_the_profiles_last_day(registry: Registry) -> None:
    """DD12: two years from the decision; a declined case has no last day."""
    rated(registry)
    assert refusal(registry, "DueDiligenceDecided", DECIDER, valid_until="2030-01-01") == {"DD12"}
    assert refusal(registry, "DueDiligenceDecided", DECIDER, outcome="declined") == {"DD12"}
    go(registry, "DueDiligenceDecided", DECIDER)


def test_an_approval_that_has_expired_is_told_and_examined_anew() -> None:
    """DD13: valid on its last day; the day after it is an omission until the case is reopened.

    What is reopened and left open is told again after P90D.
    """
    registry = stories.listed_partnership(profile="un_participating")
    days = (dates.parse_day("2026-01-15") - dates.parse_day(registry.day())).days
    later(registry, days).enlist("actor-last-day")
    assert not list(decision.whole_log(registry.book))
    later(registry, 1).enlist("actor-day-after")
    told = list(decision.whole_log(registry.book))
    assert [(t.rule, t.kind, t.who) for t in told] == [
        ("DD13", "omission", "due_diligence_officer")
    ] * 2
    assert offered(registry) == ["DueDiligenceReopened"]
    for organization in (NGO, COMPANY):
        step(registry, PARTNERSHIP, organization, "DueDiligenceReopened")
    later(registry, 90).enlist("actor-in-time")
    assert not list(decision.whole_log(registry.book))
    later(registry, 1).enlist("actor-too-late")
    assert [t.rule for t in decision.whole_log(registry.book)] == ["DD13"] * 2


def test_all_is_done_where_a_test_needs_it_done(registry: Registry) -> None:
    """The harness clears a partnership by the rules, so that it can be listed."""
    clear(registry, PARTNERSHIP)
    registry.append(OFFICE_A, LISTING, "PartnershipListed",
                    **stories.listing(registry, "un_participating"))  # fmt: skip


def test_who_joins_a_partnership_with_a_un_role_is_examined_like_the_others() -> None:
    """PL4, PL5, DD1, GC1: one that asks to join attests and is examined before it is confirmed."""
    registry = stories.listed_partnership(profile="un_participating")
    newcomer = "actor-newcomer"
    registry.enlist(newcomer, stakeholder_type="philanthropy")
    stream = f"{PARTNERSHIP}/partner/{newcomer}"
    case_of = f"{PARTNERSHIP}/diligence/{newcomer}"
    assert "DD1" in refusal(registry, "DueDiligenceOpened", organization=newcomer, stream=case_of)
    asked = registry.append(newcomer, stream, "PartnerJoined", organization=newcomer,
                            role="partner", sector="philanthropy",
                            stakeholder_type="philanthropy")  # fmt: skip
    confirmed = {"joined": ref(asked)}
    secretariat = stories.SECRETARIAT
    assert refused(registry, secretariat, stream, "PartnerConfirmed", **confirmed) == {
        "PL4", "PL5",
    }  # fmt: skip
    attest(registry, PARTNERSHIP, newcomer)
    assert refused(registry, secretariat, stream, "PartnerConfirmed", **confirmed) == {"PL5"}
    step(registry, PARTNERSHIP, newcomer, "DueDiligenceOpened", case_type="philanthropy",
         depth="standard")  # fmt: skip
    for type_ in ("ExclusionScreened", "ControversyResearched", "RiskRated"):
        step(registry, PARTNERSHIP, newcomer, type_)
    step(registry, PARTNERSHIP, newcomer, "DueDiligenceDecided", DECIDER)
    registry.append(secretariat, stream, "PartnerConfirmed", **confirmed)
