"""Layers of guidelines: who may add, for whom and how long, and that nothing is taken away."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.harness import diligences, stories
from tests.harness.registry import Registry
from tests.harness.stories import EXECUTIVE_HEAD, ISSUER, OFFICE_A, PARTNERSHIP, UN_AGENCY
from verifier.rules import guideline, partnership
from verifier.rules.book import Refused
from verifier.rules.fields import VersionRef

AGENCY = "actor-water-agency"
KENYA = "actor-kenya-guidelines"


@pytest.fixture
def registry() -> Registry:
    """A registry with the base set, an issuer for goal 6 and one for Kenya."""
    registry = stories.guidelines(stories.cast(Registry()))
    registry.enlist(AGENCY).enlist(KENYA)
    registry.appoint(AGENCY, "guideline_issuer", scope={"goals": [6]})
    return registry.appoint(KENYA, "guideline_issuer", scope={"countries": ["KEN"]})


def cells(profile: str, **values: Any) -> dict[str, Any]:
    """Return the values of some parameters of a profile."""
    return {"profile": profile, "cells": [{"name": n, "value": v} for n, v in values.items()]}


def fields(registry: Registry, layer: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a first version of a further layer."""
    told = {
        "version": 1, "layer": layer, "mandate": "WHO/1", "valid_from": registry.day(),
        "clauses": [{"id": "w1", "text": "Water is tested.", "checks": ["PA6"]}],
    } | changes  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def issue(registry: Registry, by: str, name: str, layer: str, **changes: Any) -> VersionRef:
    """Issue a version of a further layer."""
    held = registry.append(by, f"guidelines/set/{name}", "GuidelineSetIssued",
                           **fields(registry, layer, **changes))  # fmt: skip
    return VersionRef(name, held.body.version)  # type: ignore[attr-defined]


def refusal(
    registry: Registry, by: str, layer: str, name: str = "more", **changes: Any
) -> set[str]:
    """Return the rules by which a further layer is refused."""
    with pytest.raises(Refused) as refused:
        issue(registry, by, name, layer, **changes)
    return {unmet.rule for unmet in refused.value.unmet}


def test_what_is_for_everyone_is_issued_without_a_limit(registry: Registry) -> None:
    """LY1: an agency's issuer cannot set the base or the minimum; the unlimited one can."""
    base = stories.default_guidelines()[1] | {"valid_from": registry.day(), "version": 2}
    with pytest.raises(Refused) as refused:
        registry.append(AGENCY, "guidelines/set/default", "GuidelineSetIssued", **base)
    assert [unmet.rule for unmet in refused.value.unmet] == ["LY1"]
    assert refusal(registry, KENYA, "qcpr", valid_until="2027-12-31") == {"LY1"}
    issue(registry, ISSUER, "minimum", "qcpr", valid_until="2028-01-14")
    registry.append(ISSUER, "guidelines/set/default", "GuidelineSetIssued", **base)


def test_who_issues_for_a_house_does_not_issue_for_all(registry: Registry) -> None:
    """LY1: an executive head without a scope makes no issuer of base sets; the roots do."""
    officer = "actor-agency-rules"
    registry.enlist(officer, kind="office", principal=UN_AGENCY)
    registry.grant(officer, "guideline_issuer", EXECUTIVE_HEAD)
    assert refusal(registry, officer, "qcpr", valid_until="2027-12-31") == {"LY1"}
    issue(registry, officer, "water", "layer_2", reach={"goals": [6]})
    asked = {"version": 1, "mandate": "WHO/1", "valid_from": registry.day(), "questions": [
        {"id": "1", "item": "results", "text": "What was done?",
         "clauses": [{"set": "water", "clause": "w1"}]}]}  # fmt: skip
    for by, rule in ((officer, {"LY1"}), (AGENCY, {"LY1"})):
        with pytest.raises(Refused) as refused:
            registry.append(by, "guidelines/template/light", "ReportTemplateIssued", **asked)
        assert {unmet.rule for unmet in refused.value.unmet} == rule
    registry.append(ISSUER, "guidelines/template/light", "ReportTemplateIssued", **asked)
    with pytest.raises(Refused) as refused:
        registry.append(AGENCY, "guidelines/gold-standard", "GoldStandardDesignated",
                        template={"set": "light", "version": 1},
                        reason=stories.text("Ours"))  # fmt: skip
    assert {unmet.rule for unmet in refused.value.unmet} == {"LY1"}


def test_a_layer_reaches_no_further_than_its_issuer(registry: Registry) -> None:
    """LY2: goals, entities or countries are named, and lie within the issuer's grant."""
    assert refusal(registry, AGENCY, "layer_2", reach={"goals": [6, 14]}) == {"LY2"}
    assert refusal(registry, AGENCY, "national", reach={"countries": ["KEN"]}) == {"LY2"}
    assert refusal(registry, KENYA, "national", reach={"countries": ["UGA"]}) == {"LY2"}
    assert refusal(registry, ISSUER, "layer_2") == {"LY2"}
    assert refusal(registry, ISSUER, "layer_2", reach={"subjects": ["p-"], "goals": [6]}) == {"LY2"}
    issue(registry, AGENCY, "water", "layer_2", reach={"goals": [6]})
    issue(registry, KENYA, "kenya", "national", reach={"countries": ["KEN"]})
    issue(registry, ISSUER, "all-goals", "layer_2", reach={"goals": [1, 2, 3]})


@pytest.mark.parametrize("last", [None, "2028-01-16"])
def test_a_minimum_of_the_quadrennial_review_ends_with_it(
    registry: Registry, last: str | None
) -> None:
    """LY3: without a last day, or with one more than P4Y on, it is refused."""
    assert refusal(registry, ISSUER, "qcpr", valid_until=last) == {"LY3"}
    issue(registry, ISSUER, "minimum", "qcpr", valid_until="2028-01-15")
    place = stories.submitted_partnership(registry).subject(PARTNERSHIP).things["place"]
    for day, expected in ((date(2028, 1, 15), 1), (date(2028, 1, 16), 0)):
        assert len(guideline.applicable(place, day, registry.book)) == expected


def test_tailoring_adds_and_never_removes(registry: Registry) -> None:
    """LY4: it names the version in force that it adds to, and replaces no clause of it."""
    base = {"set": "default", "version": 1}
    taken = [{"id": "2.1", "text": "No report is due.", "checks": ["PA6"]}]
    assert refusal(registry, KENYA, "tailored", reach={"countries": ["KEN"]}) == {"LY4"}
    assert refusal(registry, KENYA, "tailored", reach={"countries": ["KEN"]},
                   tailors=base, clauses=taken) == {"LY4"}  # fmt: skip
    assert refusal(registry, KENYA, "tailored", reach={"countries": ["KEN"]},
                   tailors=base | {"version": 2}) == {"LY4"}  # fmt: skip
    assert refusal(registry, KENYA, "national", reach={"countries": ["KEN"]},
                   tailors=base) == {"LY4"}  # fmt: skip
    issue(registry, KENYA, "more", "tailored", reach={"countries": ["KEN"]}, tailors=base)


@pytest.mark.parametrize(
    "change",
    [
        cells("light", grace="P2Y"),
        cells("light", reply_window="P10D"),
        cells("light", window="P10D"),
        cells("light", appeal_seats="many"),
        cells("heavy", grace="P1D"),
    ],
)
def test_a_layer_makes_stricter_and_nothing_else(
    registry: Registry, change: dict[str, Any]
) -> None:
    """LY5: a milder demand, a lesser protection, a fixed value or a strange one is refused."""
    assert refusal(registry, AGENCY, "layer_2", reach={"goals": [6]}, changes=[change]) == {"LY5"}
    stricter = [cells("light", grace="P100D", reply_window="P40D")]
    issue(registry, AGENCY, "more", "layer_2", reach={"goals": [6]}, changes=stricter)


def test_a_set_stays_in_its_layer(registry: Registry) -> None:
    """LY6: a set of layer 2 cannot become a national one."""
    issue(registry, ISSUER, "more", "layer_2", reach={"goals": [6]})
    assert refusal(registry, ISSUER, "national", version=2,
                   reach={"countries": ["KEN"]}) == {"LY6"}  # fmt: skip
    issue(registry, ISSUER, "more", "layer_2", version=2, reach={"goals": [6, 7]})


def listed(registry: Registry, *further: VersionRef) -> set[str]:
    """List the partnership under further layers; return the rules by which it is refused."""
    named = [{"set": ref.set, "version": ref.version} for ref in further]
    terms = stories.listing(registry) | ({"further": named} if named else {})
    try:
        registry.append(OFFICE_A, f"{PARTNERSHIP}/registration", "PartnershipListed", **terms)
    except Refused as refused:
        return {unmet.rule for unmet in refused.unmet}
    return set()


def test_a_listing_names_every_layer_that_reaches_it(registry: Registry) -> None:
    """PL3: one left out, one that does not reach it, and an old version are each refused."""
    strict_water = cells("light", grace="P100D", removal_eligible_after="P2Y")
    strict_kenya = cells("light", grace="P200D", evidence="per_milestone")
    water = issue(
        registry, AGENCY, "water", "layer_2", reach={"goals": [6]}, changes=[strict_water]
    )
    kenya = issue(registry, KENYA, "kenya", "national", reach={"countries": ["KEN"]},
                  changes=[strict_kenya])  # fmt: skip
    energy = issue(registry, ISSUER, "energy", "layer_2", reach={"goals": [7]})
    stories.screened_partnership(registry)
    for wrong in ((), (water,), (energy, kenya, water), (kenya, VersionRef("water", 2))):
        assert listed(registry, *wrong) == {"PL3"}
    assert listed(registry, kenya, water) == set()
    found = partnership.of(registry.subject(PARTNERSHIP))
    assert found is not None
    rules = partnership.profile_of(found, registry.book)
    assert rules is not None
    assert (rules.grace, rules.evidence) == ("P100D", "per_milestone")
    assert rules.removal_eligible_after == "P2Y"


def test_a_national_partnership_has_the_country_overlay(registry: Registry) -> None:
    """PL2: the profile follows from the UN role and the scale; the base alone is refused."""
    stories.screened_partnership(registry, scale="national")
    assert listed(registry) == {"PL2"}
    diligences.clear(registry, PARTNERSHIP)
    terms = stories.listing(registry) | {"profile": "country_light"}
    registry.append(OFFICE_A, f"{PARTNERSHIP}/registration", "PartnershipListed", **terms)
    found = partnership.of(registry.subject(PARTNERSHIP))
    assert found is not None
    assert found.profile == "country_light"
