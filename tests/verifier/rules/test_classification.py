"""Classification by answers, what follows from it, and what is waived or recognised."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import bodies, removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import later, refused
from tests.harness.stories import (
    ISSUER,
    NGO,
    OFFICE_A,
    OFFICE_B,
    PARTNERSHIP,
    SCREENER,
    UN_AGENCY,
    text,
)
from verifier.rules import classification, partnership
from verifier.rules.ahead import steps
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


def reclassified(registry: Registry, profile: str, begins: str = "") -> dict[str, Any]:
    """Return the fields of a reclassification with a period that begins on a day."""
    guideline = stories.listing(registry)["guideline"]
    return {"guideline": guideline, "profile": profile, "profile_from": begins or registry.day(),
            "reasons": text("Its facts have changed")}  # fmt: skip


def reclassify(registry: Registry, *args: str, author: str = OFFICE_A) -> set[str]:
    """Reclassify, or return the rules by which that is refused."""
    fields = reclassified(registry, *args)
    try:
        registry.append(author, CLASSES, "Reclassified", **fields)
    except Refused as error:
        return {unmet.rule for unmet in error.unmet}
    return set()


def joined_by_the_un(registry: Registry) -> Registry:
    """Let a UN agency join a listed partnership, and an officer classify it again."""
    joined = registry.append(
        UN_AGENCY, f"{PARTNERSHIP}/partner/{UN_AGENCY}", "PartnerJoined", organization=UN_AGENCY,
        role="partner", sector="public", stakeholder_type="un_entity",
    )  # fmt: skip
    registry.append(NGO, joined.event.stream, "PartnerConfirmed", joined=ref(joined))
    registry.append(SCREENER, CLASSES, "ClassificationAssigned", **answers(*MSP))
    return registry


def test_another_profile_counts_from_the_next_period() -> None:
    """CL5, CL6: not within a period and not where nothing is another; then the clock runs on."""
    registry = with_criteria(stories.listed_partnership())
    registry.append(SCREENER, CLASSES, "ClassificationAssigned", **answers(*MSP))
    assert "CL5" in reclassify(registry, "light")
    joined_by_the_un(registry.on("2024-06-01"))
    assert "CL5" in reclassify(registry, "light", "2024-01-15")
    assert reclassify(registry, "un_participating", "2024-01-15") == {"CL6"}
    stories.accepted_report(registry.on("2025-01-14"))
    assert reclassify(registry, "un_participating", "2025-01-15") == {"CL6"}
    registry.on("2025-02-01")
    assert reclassify(registry, "un_participating", "2025-02-01") == {"CL6"}
    ahead = {step.type: step for step in steps(PARTNERSHIP, registry.book, registry.now)}
    assert ahead["Reclassified/1"].lawful
    assert reclassify(registry, "un_participating", "2025-01-15") == set()
    now = found(registry)
    assert (now.profile, now.clock_from) == ("un_participating", "2025-01-15")


def test_nobody_is_reclassified_out_of_what_it_owes() -> None:
    """CL6: while a report is owed or waits, or a case is open, everything stays as it is."""
    registry = joined_by_the_un(with_criteria(stories.listed_partnership()).on("2024-06-01"))
    registry.on("2025-02-01")
    assert reclassify(registry, "un_participating", "2024-01-15") == {"CL6"}
    stories.submitted_report(registry)
    assert reclassify(registry, "un_participating", "2024-01-15") == {"CL6"}
    stories.send_back(registry)
    removals.give_notice(registry.on("2026-03-01"))
    assert reclassify(registry, "un_participating", "2024-01-15") == {"CL6"}


def test_two_offices_reclassify() -> None:
    """CL5: who classified it does not reclassify it, and nothing is without a classification."""
    registry = with_criteria(stories.listed_partnership(profile="un_led"))
    registry.append(OFFICE_A, MEGA, "MegaDesignated", **large())
    stories.accepted_report(registry.on("2025-01-14"))
    registry.on("2025-02-01")
    assert reclassify(registry, "mega_un_led", "2025-01-15") == {"CL5"}
    registry.append(OFFICE_A, CLASSES, "ClassificationAssigned", **answers(*MSP))
    assert reclassify(registry, "mega_un_led", "2025-01-15") == {"CL5"}
    assert reclassify(registry, "mega_un_led", "2025-01-15", author=OFFICE_B) == {"CL6"}


def test_what_had_no_clock_changes_at_once() -> None:
    """CL6: a voluntary commitment that has become a partnership owes reports from this day on."""
    registry = stories.listed_partnership(initiative_kind="voluntary_commitment")
    with_criteria(registry).on("2024-06-01")
    registry.append(SCREENER, CLASSES, "ClassificationAssigned", **answers(*MSP))
    assert reclassify(registry, "light") == set()
    now = found(registry)
    assert (now.initiative_kind, now.clock_from) == ("msp", "2024-06-01")


def list_it(registry: Registry, author: str = OFFICE_A) -> set[str]:
    """List the partnership, or return the rules by which that is refused."""
    fields = stories.listing(registry)
    try:
        registry.append(author, f"{PARTNERSHIP}/registration", "PartnershipListed", **fields)
    except Refused as error:
        return {unmet.rule for unmet in error.unmet}
    return set()


def test_nothing_is_listed_unclassified() -> None:
    """CL7: where criteria are in force, its newest submission by them, and by another."""
    registry = with_criteria(stories.screened_partnership())
    assert list_it(registry) == {"CL7"}
    registry.append(OFFICE_B, CLASSES, "ClassificationAssigned", **answers(*MSP))
    assert list_it(registry, OFFICE_B) == {"CL7"}
    assert list_it(registry) == set()


def test_a_new_submission_is_classified_anew() -> None:
    """CL7: what was said of the submission before counts no more."""
    registry = with_criteria(stories.submitted_partnership())
    registry.append(SCREENER, CLASSES, "ClassificationAssigned", **answers(*MSP))
    returned = {"outcome": "return", "method": "desk", "minutes": 40, "findings": text("No plan")}
    registry.append(SCREENER, f"{PARTNERSHIP}/registration", "PartnershipScreened", **returned)
    stories.screened_partnership(registry)
    assert list_it(registry) == {"CL7"}


def test_a_profile_that_the_facts_do_not_make_is_told() -> None:
    """CL8: from the day they change until the registry has reclassified the partnership."""
    registry = joined_by_the_un(with_criteria(stories.listed_partnership()))
    (told,) = classification.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("CL8", "omission", "registry")
    stories.accepted_report(registry.on("2025-01-14"))
    assert reclassify(registry.on("2025-02-01"), "un_participating", "2025-01-15") == set()
    assert not [*classification.whole_log(registry.book)]


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
    registry.enlist("actor-agency-rules", kind="office", principal=stories.UN_AGENCY)
    registry.grant("actor-agency-rules", "guideline_issuer", stories.EXECUTIVE_HEAD)
    place = (MECHANISM, "NationalMechanismRecognised")
    assert refused(registry, "actor-agency-rules", *place, **fields) == {"NM1"}
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
