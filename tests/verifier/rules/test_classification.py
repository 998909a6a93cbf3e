"""Classification by answers, what follows from it, and what is waived or recognised."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import bodies, removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import later, refused
from tests.harness.stories import ISSUER, OFFICE_A, PARTNERSHIP, SCREENER, text
from verifier.rules import partnership
from verifier.rules.book import Refused

CLASSES = f"{PARTNERSHIP}/classification"
MEGA = f"{PARTNERSHIP}/mega"
VERSION = {"set": "differentiation", "version": 1}
MINISTRY = "actor-kenya-mission"


def with_criteria(registry: Registry) -> Registry:
    """Issue the shipped criteria."""
    for document in stories.shipped_documents("after"):
        if document["type"].startswith("DifferentiationCriteria"):
            stories.issue(registry, document)
    return registry


def found(registry: Registry) -> partnership.Partnership:
    """Return the partnership."""
    held = partnership.of(registry.subject(PARTNERSHIP))
    assert held is not None
    return held


def answers(*met: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a classification by the criteria that are met."""
    every = ("several-sectors", "shared-governance", "public-service", "one-company")
    fields = {
        "criteria": VERSION, "met": list(met), "not_met": [c for c in every if c not in met],
        "result": "msp", "reasons": text("As its statutes say"),
    } | changes  # fmt: skip
    return {name: value for name, value in fields.items() if value != []}


MSP = ("several-sectors", "shared-governance")


def test_the_kind_of_what_is_submitted_follows_from_its_answers() -> None:
    """CL3, R21: a concession is a public-private partnership, whatever its submission says."""
    registry = with_criteria(stories.submitted_partnership())
    wrong = answers(*MSP, "public-service")
    assert refused(registry, SCREENER, CLASSES, "ClassificationAssigned", **wrong) == {"CL3"}
    registry.append(SCREENER, CLASSES, "ClassificationAssigned", **(wrong | {"result": "ppp"}))
    assert found(registry).initiative_kind == "ppp"


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"criteria": {"set": "differentiation", "version": 2}}, {"CL1"}),
        ({"not_met": ["public-service"]}, {"CL2"}),
        ({"not_met": ["public-service", "one-company", "several-sectors"]}, {"CL2"}),
        ({"result": "ppp"}, {"CL3"}),
    ],
)
def test_a_classification_answers_the_criteria_in_force(
    changes: dict[str, Any], rules: set[str]
) -> None:
    """CL1 to CL3: another version, an answer missing or twice, another result are refused."""
    registry = with_criteria(stories.listed_partnership())
    fields = answers(*MSP) | changes
    assert refused(registry, SCREENER, CLASSES, "ClassificationAssigned", **fields) == rules
    registry.append(SCREENER, CLASSES, "ClassificationAssigned", **answers(*MSP))


def test_what_is_removed_is_not_classified() -> None:
    """CL4: nothing is classified that is off the register."""
    registry = with_criteria(removals.removed())
    fields = answers(*MSP)
    assert refused(registry, SCREENER, CLASSES, "ClassificationAssigned", **fields) == {"CL4"}


def large(**changes: Any) -> dict[str, Any]:
    """Return the fields of a designation by its yearly amount."""
    return {"criteria": VERSION, "yearly_amount": "60000000", "rate": "0.9",
            "reasons": text("Its budget")} | changes  # fmt: skip


def test_a_mega_partnership_has_a_un_role_and_the_money() -> None:
    """MZ1, MZ2: without a role of the United Nations, below the threshold, or twice: refused."""
    light = with_criteria(stories.listed_partnership())
    assert refused(light, OFFICE_A, MEGA, "MegaDesignated", **large()) == {"MZ1"}
    registry = with_criteria(stories.listed_partnership(profile="un_led"))
    less = large(rate="0.8")
    assert refused(registry, OFFICE_A, MEGA, "MegaDesignated", **less) == {"MZ2"}
    registry.append(OFFICE_A, MEGA, "MegaDesignated", **large())
    assert refused(registry, OFFICE_A, MEGA, "MegaDesignated", **large()) == {"MZ1"}


def test_a_body_may_designate_a_mega_partnership() -> None:
    """MZ2: by a decision in effect that says so, whatever the amount."""
    registry = bodies.seat(with_criteria(stories.listed_partnership(profile="un_led")))
    items = [bodies.item(matter="mega", result="designated")]
    fields = {"criteria": VERSION, "reasons": text("By the council")}
    for kind, expected in (("removal", {"MZ2"}), ("mega_designation", set())):
        decided = ref(bodies.decide(registry, kind.replace("_", "-"), kind=kind, items=items))
        if expected:
            rules = refused(registry, OFFICE_A, MEGA, "MegaDesignated", decision=decided, **fields)
            assert rules == expected
        else:
            registry.append(OFFICE_A, MEGA, "MegaDesignated", decision=decided, **fields)
    assert found(registry).mega


def reclassified(registry: Registry, profile: str) -> dict[str, Any]:
    """Return the fields of a reclassification today."""
    guideline = stories.listing(registry)["guideline"]
    return {"guideline": guideline, "profile": profile, "reasons": text("Its facts have changed")}


def test_another_profile_counts_from_a_new_clock_on() -> None:
    """CL5, CL6: refused where nothing has changed or a report is late; then the clock restarts."""
    registry = with_criteria(stories.listed_partnership(profile="un_led"))
    fields = reclassified(registry, "un_led")
    assert refused(registry, OFFICE_A, CLASSES, "Reclassified", **fields) == {"CL5"}
    registry.append(OFFICE_A, MEGA, "MegaDesignated", **large())
    assert refused(registry, OFFICE_A, CLASSES, "Reclassified", **fields) == {"CL5"}
    fields = reclassified(registry, "mega_un_led")
    late = later(removals.branch(registry), 370)
    assert refused(late, OFFICE_A, CLASSES, "Reclassified", **fields) == {"CL6"}
    registry.append(OFFICE_A, CLASSES, "Reclassified", **fields)
    assert (found(registry).profile, found(registry).clock_from) == ("mega_un_led", registry.day())


# Waivers.

WAIVER = f"{PARTNERSHIP}/waiver/w1"


def waiver(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a waiver of a clause of the base set."""
    return {"guideline": {"set": "default", "version": 1}, "clause": "4.1",
            "reason": text("Its first year"), "until": registry.day(300)} | changes  # fmt: skip


def test_a_clause_is_waived_with_a_reason_and_an_end() -> None:
    """WV1, WV2, WV4: a strange clause or set, a principle, no end in time, and twice: refused."""
    registry = stories.listed_partnership()
    for document in stories.shipped_documents("before")[12:]:
        stories.issue(registry, document)
    for change, rule in (
        ({"clause": "9.9"}, "WV1"),
        ({"guideline": {"set": "five", "version": 1}, "clause": "p1"}, "WV1"),
        ({"until": registry.day(367)}, "WV2"),
        ({"until": registry.day()}, "WV2"),
    ):
        fields = waiver(registry, **change)
        assert refused(registry, ISSUER, WAIVER, "WaiverGranted", **fields) == {rule}
    registry.append(ISSUER, WAIVER, "WaiverGranted", **waiver(registry))
    again = f"{PARTNERSHIP}/waiver/w2"
    assert refused(registry, ISSUER, again, "WaiverGranted", **waiver(registry)) == {"WV4"}
    later(registry, 301)
    registry.append(ISSUER, again, "WaiverGranted", **waiver(registry))


def test_an_agency_waives_nothing_of_the_base_set() -> None:
    """WV3: who issues for one goal sets no clause for everyone aside."""
    registry = stories.listed_partnership().enlist("actor-agency")
    registry.appoint("actor-agency", "guideline_issuer", scope={"goals": [6]})
    assert refused(registry, "actor-agency", WAIVER, "WaiverGranted", **waiver(registry)) == {"WV3"}


# National mechanisms.

MECHANISM = "guidelines/mechanism/kenya"


def mechanism(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a recognition for Kenya."""
    return {
        "symbol": "KEN/NIMES", "name": text("National monitoring and evaluation"),
        "countries": ["KEN"], "templates": ["light", "national"], "valid_from": registry.day(),
        "valid_until": registry.day(900),
    } | changes  # fmt: skip


def kenya(registry: Registry) -> Registry:
    """Appoint the mission of Kenya."""
    registry.enlist(MINISTRY, kind="office", principal=stories.GOVERNMENT,
                    stakeholder_type="government", country="KEN")  # fmt: skip
    return registry.appoint(MINISTRY, "permanent_mission", scope={"countries": ["KEN"]})


def test_a_state_recognises_its_own_mechanisms() -> None:
    """NM1, NM2: not another State's, not for a strange template, not for the past, and once."""
    registry = kenya(stories.listed_partnership())
    for change, rule in (
        ({"countries": ["KEN", "UGA"]}, "NM1"),
        ({"templates": ["short"]}, "NM2"),
        ({"valid_from": "2023-01-01"}, "NM2"),
        ({"valid_until": "2024-01-01"}, "NM2"),
    ):
        fields = mechanism(registry, **change)
        rules = refused(registry, MINISTRY, MECHANISM, "NationalMechanismRecognised", **fields)
        assert rules == {rule}
    fields = mechanism(registry)
    registry.append(MINISTRY, MECHANISM, "NationalMechanismRecognised", **fields)
    rules = refused(registry, MINISTRY, MECHANISM, "NationalMechanismRecognised", **fields)
    assert rules == {"NM2"}


def test_a_national_report_is_made_for_a_mechanism_that_is_recognised() -> None:
    """NM3: before the recognition it is refused; after it, the report is asked for once."""
    registry = kenya(stories.listed_partnership()).on("2025-01-10")
    report = {"kind": "national", "template": "national", "mechanism": "KEN/NIMES"}
    with pytest.raises(Refused) as refusal:
        stories.submitted_report(registry, **report)
    assert [unmet.rule for unmet in refusal.value.unmet] == ["NM3"]
    registry.append(MINISTRY, MECHANISM, "NationalMechanismRecognised", **mechanism(registry))
    stories.submitted_report(registry, **report)
