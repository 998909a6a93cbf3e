"""Guideline sets and general extensions: versioned, never changed, found by lookup."""

from __future__ import annotations

from datetime import date
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
from verifier.rules.guideline import Profile
from verifier.rules.guideline.parameters import PARAMETERS, joined, unranked, weaker

SET = "guidelines/set/default"


@pytest.fixture
def registry() -> Registry:
    """A registry with its cast and no guidelines."""
    return stories.cast(Registry())


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


def test_the_default_set_holds_every_profile_and_is_an_event_like_any_other(
    registry: Registry,
) -> None:
    """It is admitted as shipped once a first day is added, and its profiles are found by name."""
    stories.guidelines(registry)
    version = VersionRef("default", 1)
    for name in ("un_led", "un_participating", "light", "mega", "country"):
        found = guideline.profile_of(version, name, registry.book)
        assert found is not None
        assert found.name == name
    assert guideline.profile_of(version, "imported", registry.book) is None


@pytest.mark.parametrize(
    ("name", "grace", "cycle", "track"),
    [
        ("un_led", "P30D", "P1Y", "full"),
        ("un_participating", "P60D", "P1Y", "full"),
        ("light", "P1Y", "P1Y", "light"),
        ("mega", "P30D", "P1Y", "full"),
        ("country", "P90D", "P2Y", "light"),
    ],
)
def test_default_profiles_carry_the_agreed_values(
    name: str, grace: str, cycle: str, track: str
) -> None:
    """Grace, cycle and removal track of each profile are those of the requirement profiles."""
    profiles = stories.default_guidelines()[1]["profiles"]
    profile = msgspec.convert(next(p for p in profiles if p["name"] == name), Profile)
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


def test_a_version_does_not_count_before_the_one_it_follows(registry: Registry) -> None:
    """GU2: a second version cannot overtake a first that counts from later on."""
    registry.append(ISSUER, SET, "GuidelineSetIssued", **issued(registry, valid_from="2024-06-01"))
    assert refusal(registry, version=2, valid_from="2024-05-31") == {"GU2"}


def test_clauses_and_profiles_have_names_of_their_own(registry: Registry) -> None:
    """GU3: a clause id or a profile name that stands twice is refused."""
    assert refusal(registry, clauses=[{"id": "1", "text": "a"}, {"id": "1", "text": "b"}]) == {
        "GU3"
    }
    light = next(p for p in issued(registry)["profiles"] if p["name"] == "light")
    assert refusal(registry, profiles=[light, light]) == {"GU3"}


def test_profiles_stand_in_the_base_set_alone(registry: Registry) -> None:
    """GU4: there is one set of layer 1; only it holds profiles, and it holds at least one."""
    without = {k: v for k, v in issued(registry).items() if k != "profiles"}
    with pytest.raises(Refused) as refused:
        registry.append(ISSUER, SET, "GuidelineSetIssued", **without)
    assert rules(refused) == {"GU4"}
    stories.guidelines(registry)
    assert refusal(registry, "guidelines/set/other") == {"GU4"}
    assert refusal(registry, "guidelines/set/water", layer="layer_2") == {"GU4"}
    registry.append(
        ISSUER, "guidelines/set/water", "GuidelineSetIssued", **(without | {"layer": "layer_2"})
    )
    assert guideline.base_in_force(date(2024, 2, 1), registry.book) == VersionRef("default", 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"removal_eligible_after": "P89D"},
        {"second_state": "P1M"},
        {"support_before_final": "P91D"},
        {"cycle": "P29D", "window": "P20D"},
        {"window": "P3Y"},
    ],
)
def test_a_profile_fits_together(registry: Registry, changes: dict[str, str]) -> None:
    """GU5: nothing worse begins within the grace; support and cycles have room."""
    assert refusal(registry, profiles=with_profile("country", **changes)) == {"GU5"}


@pytest.mark.parametrize("changes", [{"template": "short"}, {"due_diligence": "none"}])
def test_a_code_is_one_whose_rank_is_known(registry: Registry, changes: dict[str, str]) -> None:
    """GU6: a template or a rigour that no rule can compare is refused."""
    assert refusal(registry, profiles=with_profile("light", **changes)) == {"GU6"}


@pytest.mark.parametrize(
    ("name", "least"), [("decision_offices", 2), ("review_quorum", 2), ("appeal_quorum", 3)]
)
def test_no_issuer_may_go_below_the_bounds(registry: Registry, name: str, least: int) -> None:
    """GU7: one office, one reviewer or two of an appeal panel are too few; the bound is enough."""
    assert refusal(registry, profiles=with_profile("light", **{name: least - 1})) == {"GU7"}
    stories.guidelines(registry, **{name: least})


def light() -> Profile:
    """Return the light profile as shipped."""
    return msgspec.convert(with_profile("light")[2], Profile)


def test_the_table_names_every_parameter_and_no_other() -> None:
    """A profile has its name and the parameters of the table; a new one cannot be forgotten."""
    assert {"name", *PARAMETERS} == set(Profile.__struct_fields__)


def test_every_code_that_ships_has_its_place_in_the_order() -> None:
    """Codes rank from the mildest to the strictest, and each shipped one is among them."""
    for fields in stories.default_guidelines()[1]["profiles"]:
        assert not [*unranked(msgspec.convert(fields, Profile))]


def test_a_layer_asks_for_more_and_guards_more() -> None:
    """Joined, the stricter demand and the milder protection count, whichever side has them."""
    layer = msgspec.structs.replace(
        light(), grace="P2Y", evidence="per_milestone", reply_window="P60D", appeal_quorum=2,
        review_every="P3Y", window="P10D",
    )  # fmt: skip
    rules = joined(light(), layer)
    assert (rules.grace, rules.evidence, rules.review_every) == ("P1Y", "per_milestone", "P3Y")
    assert (rules.reply_window, rules.appeal_quorum, rules.window) == ("P60D", 3, "P90D")


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


def test_an_extension_is_never_changed(registry: Registry) -> None:
    """CA1: a second event on the stream of an extension is refused."""
    extend(registry)
    with pytest.raises(Refused) as refused:
        extend(registry, days=60)
    assert rules(refused) == {"CA1"}
