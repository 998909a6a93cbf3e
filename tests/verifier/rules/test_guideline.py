"""Guideline sets and general extensions: versioned, never changed, found by lookup."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.stories import ISSUER, OFFICE_A, text
from verifier.rules import guideline
from verifier.rules.book import Refused
from verifier.rules.calendar import extended
from verifier.rules.fields import VersionRef
from verifier.rules.guideline import Profile, principles, templates
from verifier.rules.guideline.parameters import PARAMETERS, joined, unranked, weaker
from verifier.rules.guideline.sets import WINDOWS

SET = "guidelines/set/default"
RULES = Path(__file__).parents[3] / "docs" / "spec" / "rules.md"


@pytest.fixture
def registry() -> Registry:
    """A registry with its cast, instruments on record, and no guidelines."""
    return stories.instruments(stories.cast(Registry()))


def issued(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of the default set's first version, changed."""
    return stories.default_guidelines()[1] | {"valid_from": registry.day()} | changes


def rules(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    """Return the numbers of the rules that were not met."""
    return {unmet.rule for unmet in refused.value.unmet}


def refusal(registry: Registry, stream: str = SET, **changes: Any) -> set[str]:
    """Return the rules by which a version is refused."""
    with pytest.raises(Refused) as refused:
        registry.append(ISSUER, stream, "GuidelineSetIssued", **issued(registry, **changes))
    return rules(refused)


def with_profile(name: str, **changes: Any) -> list[dict[str, Any]]:
    """Return the default profiles with one of them changed."""
    profiles = stories.default_guidelines()[1]["profiles"]
    return [p | changes if p["name"] == name else p for p in profiles]


def resolved() -> dict[str, Profile]:
    """Return every profile of the default set, with the overlays laid upon it."""
    fields = stories.default_guidelines()[1] | {"valid_from": "2024-01-15"}
    issued_set = msgspec.convert(fields, guideline.GuidelineSetIssued)
    return {profile.name: profile for profile in issued_set.resolved()}


def test_the_default_set_holds_every_profile_and_is_an_event_like_any_other(
    registry: Registry,
) -> None:
    """It is admitted as shipped once a first day is added, and its profiles are found by name."""
    stories.guidelines(registry)
    version = VersionRef("default", 1)
    bases = ("un_led", "un_participating", "light")
    overlaid = [f"{over}_{base}" for over in ("country", "mega", "mega_country") for base in bases]
    for name in (*bases, *overlaid):
        found = guideline.profile_of(version, name, registry.book)
        assert (found is None) == (name in {"mega_light", "mega_country_light"})
        assert found is None or found.name == name


def test_everything_that_ships_is_admitted_in_its_order(registry: Registry) -> None:
    """Instruments, principles, the set, templates and criteria, once a first day is added."""
    for document in stories.shipped_documents("before")[12:]:
        stories.issue(registry, document)
    stories.guidelines(registry)
    for document in stories.shipped_documents("after"):
        stories.issue(registry, document)
    ten = principles.principles(VersionRef("ten", 1), registry.book)
    assert ten is not None
    assert len(ten.principles) == 10
    for template in PARAMETERS["template"].milder:
        assert templates.template(VersionRef(template, 1), registry.book) is not None


def test_every_check_of_a_shipped_clause_is_a_rule() -> None:
    """A clause that names a numbered rule names one that stands in the reference of the rules."""
    known = set(re.findall(r"\b[A-Z]{2}[0-9]+\b", RULES.read_text("utf-8")))
    for clause in stories.default_guidelines()[1]["clauses"]:
        assert set(clause.get("checks", ())) <= known


@pytest.mark.parametrize(
    ("name", "grace", "cycle", "track"),
    [
        ("un_led", "P30D", "P1Y", "full"),
        ("un_participating", "P60D", "P1Y", "full"),
        ("light", "P1Y", "P1Y", "light"),
        ("mega_un_participating", "P30D", "P1Y", "full"),
        ("country_light", "P90D", "P2Y", "light"),
    ],
)
def test_default_profiles_carry_the_agreed_values(
    name: str, grace: str, cycle: str, track: str
) -> None:
    """Grace, cycle and removal track of each profile are those of the requirement profiles."""
    profile = resolved()[name]
    assert (profile.grace, profile.cycle, profile.removal_track) == (grace, cycle, track)
    assert (profile.suspension is None) == (track == "light")
    assert profile.notice_to_final == "P90D"


def test_versions_count_up(registry: Registry) -> None:
    """GU1: the second version follows the first; a skipped or repeated number is refused."""
    stories.guidelines(registry)
    assert refusal(registry, version=3) == {"GU1"}
    assert refusal(registry, version=1) == {"GU1"}
    stories.guidelines(registry.on("2025-01-15"))
    assert guideline.guideline_set(VersionRef("default", 2), registry.book) is not None


def test_a_version_is_in_force_from_its_first_day(registry: Registry) -> None:
    """GU2: the lookup finds the newest version whose first day has come, on each day."""
    stories.guidelines(registry)
    registry.append(
        ISSUER, SET, "GuidelineSetIssued", **issued(registry, version=2, valid_from="2025-01-01")
    )
    assert guideline.in_force("default", date(2024, 1, 14), registry.book) is None
    first = guideline.in_force("default", date(2024, 12, 31), registry.book)
    assert first == VersionRef("default", 1)
    assert guideline.base_in_force(date(2025, 1, 1), registry.book) == VersionRef("default", 2)


@pytest.mark.parametrize("day", ["2024-01-14", "2024-02-30"])
def test_guidelines_are_not_changed_for_the_past(registry: Registry, day: str) -> None:
    """GU2: a first day before the day of issue, or one that does not exist, is refused."""
    assert refusal(registry, valid_from=day) == {"GU2"}


def test_a_last_day_lies_no_earlier_than_the_first(registry: Registry) -> None:
    """GU2: a version that would end before it begins is refused; after its last day none counts."""
    assert refusal(registry, valid_until="2024-01-14") == {"GU2"}
    registry.append(ISSUER, SET, "GuidelineSetIssued", **issued(registry, valid_until="2024-06-30"))
    assert guideline.base_in_force(date(2024, 6, 30), registry.book) == VersionRef("default", 1)
    assert guideline.base_in_force(date(2024, 7, 1), registry.book) is None


def test_a_version_does_not_count_before_the_one_it_follows(registry: Registry) -> None:
    """GU2: a second version cannot overtake a first that counts from later on."""
    registry.append(ISSUER, SET, "GuidelineSetIssued", **issued(registry, valid_from="2024-06-01"))
    assert refusal(registry, version=2, valid_from="2024-05-31") == {"GU2"}


def test_clauses_and_profiles_have_names_of_their_own(registry: Registry) -> None:
    """GU3: a clause id or a profile name that stands twice is refused."""
    twice = [{"id": "1", "text": "a", "checks": ["PA1"]}] * 2
    assert refusal(registry, clauses=twice) == {"GU3"}
    light = next(p for p in issued(registry)["profiles"] if p["name"] == "light")
    assert refusal(registry, profiles=[light, light]) == {"GU3"}


def test_profiles_stand_in_the_base_set_alone(registry: Registry) -> None:
    """GU4: there is one set of layer 1; only it holds profiles, and it holds at least one."""
    without = {k: v for k, v in issued(registry).items() if k not in {"profiles", "overlays"}}
    with pytest.raises(Refused) as refused:
        registry.append(ISSUER, SET, "GuidelineSetIssued", **without)
    assert rules(refused) == {"GU4"}
    stories.guidelines(registry)
    water = {"layer": "layer_2", "reach": {"goals": [6]}}
    assert refusal(registry, "guidelines/set/other") == {"GU4"}
    assert refusal(registry, "guidelines/set/water", **water) == {"GU4"}
    tiny = with_profile("light")[2] | {"name": "tiny"}
    assert refusal(registry, version=2, profiles=[tiny]) == {"GU4"}
    registry.append(ISSUER, "guidelines/set/water", "GuidelineSetIssued", **(without | water))
    assert guideline.base_in_force(date(2024, 2, 1), registry.book) == VersionRef("default", 1)


def test_a_version_keeps_the_profiles_of_the_one_before(registry: Registry) -> None:
    """GU4: whoever is listed by a profile could otherwise be neither reviewed nor removed."""
    stories.guidelines(registry)
    kept = [p for p in issued(registry)["profiles"] if p["name"] != "light"]
    assert refusal(registry, version=2, profiles=kept) == {"GU4"}
    stories.guidelines(registry)


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_is_long_enough_to_be_used(registry: Registry, name: str) -> None:
    """GU12: nobody removes in three days, and no time to decide is over before it begins."""
    shortest = {name: "P13D", "support_before_final": "P0D"}
    assert refusal(registry, profiles=with_profile("light", **shortest)) == {"GU12"}
    stories.guidelines(registry, **(shortest | {name: "P14D"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"removal_eligible_after": "P364D"},
        {"second_state": "P11M"},
        {"support_before_final": "P91D"},
        {"cycle": "P29D", "window": "P20D"},
        {"window": "P3Y"},
    ],
)
def test_a_profile_fits_together(registry: Registry, changes: dict[str, str]) -> None:
    """GU5: nothing worse begins within the grace; support and cycles have room."""
    assert refusal(registry, profiles=with_profile("light", **changes)) == {"GU5"}


@pytest.mark.parametrize("changes", [{"template": "short"}, {"due_diligence": "none"}])
def test_a_code_is_one_whose_rank_is_known(registry: Registry, changes: dict[str, str]) -> None:
    """GU6: a template or a rigour that no rule can compare is refused."""
    assert refusal(registry, profiles=with_profile("light", **changes)) == {"GU6"}


@pytest.mark.parametrize(
    ("name", "least"), [("decision_offices", 2), ("review_quorum", 2), ("appeal_seats", 3)]
)
def test_no_issuer_may_go_below_the_bounds(registry: Registry, name: str, least: int) -> None:
    """GU7: one office, one reviewer or two of an appeal panel are too few; the bound is enough."""
    assert refusal(registry, profiles=with_profile("light", **{name: least - 1})) == {"GU7"}
    stories.guidelines(registry, **{name: least})


@pytest.mark.parametrize(
    "clause",
    [
        {"id": "1", "text": "a"},
        {"id": "1", "text": "a", "question": "b?"},
        {"id": "1", "text": "a", "checks": ["PA1"], "burden_hours": "1"},
    ],
)
def test_a_clause_is_checked_or_asked_and_says_what_it_costs(
    registry: Registry, clause: dict[str, Any]
) -> None:
    """GU8: neither check nor question, a question without its hours, hours without a question."""
    assert refusal(registry, clauses=[clause]) == {"GU8"}


def test_a_clause_derives_from_what_is_on_record(registry: Registry) -> None:
    """GU9: an instrument that is not registered is refused; once it is, the clause stands."""
    clause = {"id": "1", "text": "a", "checks": ["PA1"],
              "derived_from": [{"instrument": "addis", "paragraph": "10"}]}  # fmt: skip
    assert refusal(registry, clauses=[clause]) == {"GU9"}
    registry.append(
        ISSUER,
        "guidelines/instrument/addis",
        "InstrumentRegistered",
        symbol="A/RES/69/313",
        title="Addis Ababa Action Agenda",
        adopted="2015",
    )
    registry.append(ISSUER, SET, "GuidelineSetIssued", **issued(registry, clauses=[clause]))


def cells(profile: str, **values: Any) -> dict[str, Any]:
    """Return the values of some parameters of a profile or overlay."""
    return {"profile": profile, "cells": [{"name": n, "value": v} for n, v in values.items()]}


@pytest.mark.parametrize(
    "overlay",
    [
        cells("mega", grace="P2Y"),
        cells("country", cycle="sometimes"),
        cells("country", patience="P1Y"),
        cells("mega", name="un_led"),
        cells("country", name="un_led"),
        cells("tiny", grace="P1D"),
    ],
)
def test_an_overlay_fits_and_mega_takes_nothing_away(
    registry: Registry, overlay: dict[str, Any]
) -> None:
    """GU10: a milder demand for mega; values and names that do not exist."""
    assert refusal(registry, overlays=[overlay]) == {"GU10"}
    twice = cells("mega", grace="P10D", cycle="P1Y")
    twice["cells"][1]["name"] = "grace"
    assert refusal(registry, overlays=[twice]) >= {"GU3"}
    stories.guidelines(registry)


def test_what_a_body_adopted_is_what_is_issued(registry: Registry) -> None:
    """GU11: a decision that is not in effect is refused."""
    decision = {"stream": "actor-ga/decision/one", "seq": 0, "id": b"\x01" * 32}
    assert refusal(registry, decision=decision) == {"GU11"}


def light() -> Profile:
    """Return the light profile as shipped."""
    return msgspec.convert(with_profile("light")[2], Profile)


def test_the_table_names_every_parameter_and_no_other() -> None:
    """A profile has its name and the parameters of the table; a new one cannot be forgotten."""
    assert {"name", *PARAMETERS} == set(Profile.__struct_fields__)


def test_every_code_that_ships_has_its_place_in_the_order() -> None:
    """Codes rank from the mildest to the strictest, and each shipped one is among them."""
    for profile in resolved().values():
        assert not [*unranked(profile)]


def test_a_layer_asks_for_more_and_guards_more() -> None:
    """Joined, the stricter demand and the milder protection count, whichever side has them."""
    layer = msgspec.structs.replace(
        light(), grace="P2Y", evidence="per_milestone", reply_window="P60D", appeal_seats=2,
        review_every="P3Y", window="P10D",
    )  # fmt: skip
    rules = joined(light(), layer)
    assert (rules.grace, rules.evidence, rules.review_every) == ("P1Y", "per_milestone", "P3Y")
    assert (rules.reply_window, rules.appeal_seats, rules.window) == ("P60D", 3, "P90D")


def test_what_a_layer_takes_away_is_named() -> None:
    """A milder demand, a lesser protection and a moved fixed value are weaker; the rest is not."""
    layer = msgspec.structs.replace(
        light(), cycle="P2Y", reply_window="P1D", window="P10D", appeal_window="P60D",
        template="standard", review_share=10,
    )  # fmt: skip
    assert [*weaker(light(), layer)] == ["cycle", "window", "reply_window"]


def test_only_the_issuer_issues(registry: Registry) -> None:
    """A registry office holds no capacity to issue guidelines."""
    with pytest.raises(Refused) as refused:
        registry.append(OFFICE_A, SET, "GuidelineSetIssued", **issued(registry))
    assert rules(refused) == {"AD10"}


def extension(**changes: Any) -> dict[str, Any]:
    """Return the fields of a general extension."""
    return {
        "first_day": "2024-01-10", "last_day": "2024-01-20", "days": 30,
        "ground": text("The service could not be reached"), "mandate": "REG/2024/1",
    } | changes  # fmt: skip


def extend(registry: Registry, local: str = "outage", **changes: Any) -> None:
    """Record a general extension by a registry office."""
    registry.append(
        OFFICE_A, f"calendar/extension/{local}", "DeadlineExtendedGenerally", **extension(**changes)
    )


def test_deadlines_on_the_days_named_move_for_everyone(registry: Registry) -> None:
    """A day within the span moves, its neighbours do not, and extensions follow one another."""
    extend(registry)
    assert extended(date(2024, 1, 20), registry.book) == date(2024, 2, 19)
    assert extended(date(2024, 1, 9), registry.book) == date(2024, 1, 9)
    assert extended(date(2024, 1, 21), registry.book) == date(2024, 1, 21)
    extend(registry, "again", first_day="2024-02-10", last_day="2024-02-20", days=1)
    assert extended(date(2024, 1, 20), registry.book) == date(2024, 2, 20)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"last_day": "2024-01-32"}, "CA2"),
        ({"last_day": "2024-01-09"}, "CA2"),
        ({"last_day": "2024-07-10"}, "CA2"),
        ({"first_day": "2023-12-15"}, "CA3"),
    ],
)
def test_extensions_are_bounded(registry: Registry, changes: dict[str, str], rule: str) -> None:
    """CA2, CA3: real days in order, at most P180D long, reaching back at most P30D."""
    with pytest.raises(Refused) as refused:
        extend(registry, **changes)
    assert rules(refused) == {rule}


def test_no_deadline_is_put_off_for_ever(registry: Registry) -> None:
    """CA4: extensions upon one another move a deadline by P180D altogether, and others afresh."""
    for local, first, last, days in (
        ("a", "2024-01-10", "2024-01-20", 100), ("b", "2024-04-19", "2024-04-29", 80),
    ):  # fmt: skip
        extend(registry, local, first_day=first, last_day=last, days=days)
    assert extended(date(2024, 1, 15), registry.book) == date(2024, 7, 13)
    with pytest.raises(Refused) as refused:
        extend(registry, "c", first_day="2024-07-18", last_day="2024-07-30", days=1)
    assert rules(refused) == {"CA4"}
    extend(registry, "d", first_day="2024-07-19", last_day="2024-12-31", days=180)
    assert extended(date(2024, 7, 19), registry.book) == date(2025, 1, 15)


def test_an_extension_is_never_changed(registry: Registry) -> None:
    """CA1: a second event on the stream of an extension is refused."""
    extend(registry)
    with pytest.raises(Refused) as refused:
        extend(registry, days=60)
    assert rules(refused) == {"CA1"}
