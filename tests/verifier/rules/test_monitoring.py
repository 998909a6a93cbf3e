"""A State that lacks the capacity lets a country team or an expert body monitor for it (R54)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import branch, refused
from tests.harness.stories import (
    BODY_SECRETARY,
    GOVERNMENT,
    MACHINE,
    NGO,
    PARTNERSHIP,
    SECRETARIAT,
    UN_AGENCY,
    text,
)
from verifier.rules.authority.scope import Place
from verifier.rules.book import Entry

MISSION = "actor-mission"
COORDINATOR = "actor-coordinator"
TEAM = "actor-country-team"
EXPERTS = "actor-experts"
KENYA = {"countries": ["KEN"]}


@pytest.fixture(scope="module")
def seated() -> Registry:
    """A listed partnership in Kenya, Kenya's mission, a country team and an expert body."""
    registry = stories.listed_partnership()
    registry.enlist(MISSION, kind="office", principal=GOVERNMENT, country="KEN")
    registry.appoint(MISSION, "permanent_mission", scope=KENYA)
    registry.enlist(COORDINATOR, kind="office", principal=UN_AGENCY).enlist(TEAM).enlist(EXPERTS)
    registry.appoint(COORDINATOR, "resident_coordinator", scope={"countries": ["KEN", "TZA"]})
    registry.grant(TEAM, "un_country_team", COORDINATOR, scope=KENYA)
    registry.grant(EXPERTS, "expert_body", BODY_SECRETARY, scope={"countries": ["TZA"]})
    return registry


@pytest.fixture
def registry(seated: Registry) -> Registry:
    """A branch of that ledger of the test's own."""
    return branch(seated)


def terms(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a delegation of monitoring."""
    return {"to": TEAM, "country": "KEN", "types": ["IntegrityRiskRaised"],
            "last_day": registry.day(30), "mandate": "A/RES/70/224"} | changes  # fmt: skip


def untold(registry: Registry, by: str = MISSION, local: str = "m2", **changes: Any) -> set[str]:
    """Try to delegate monitoring; return the rules that are not met."""
    return refused(registry, by, f"{by}/monitoring/{local}", "MonitoringDelegated",
                   **terms(registry, **changes))  # fmt: skip


def delegate(registry: Registry, local: str = "m1", **changes: Any) -> Entry:
    """Delegate monitoring to the country team."""
    return registry.append(MISSION, f"{MISSION}/monitoring/{local}", "MonitoringDelegated",
                           **terms(registry, **changes))  # fmt: skip


def test_a_state_delegates_in_its_own_country(registry: Registry) -> None:
    """MD1: its office does so; an office of nobody's, or in another country, does not."""
    assert untold(registry, by=NGO) == {"MD1"}
    assert untold(registry, country="TZA", to=EXPERTS) == {"MD1"}
    delegate(registry)


def test_a_delegate_is_a_team_or_an_expert_body_there(registry: Registry) -> None:
    """MD2: no other actor, and none whose own role does not reach the country."""
    assert untold(registry, to=NGO) == {"MD2"}
    assert untold(registry, to=EXPERTS) == {"MD2"}
    registry.enlist("actor-experts-all").grant("actor-experts-all", "expert_body", BODY_SECRETARY)
    delegate(registry, to="actor-experts-all")


@pytest.mark.parametrize("ahead", [0, -1, 1_462])
def test_monitoring_is_delegated_for_a_time(registry: Registry, ahead: int) -> None:
    """MD3: until a day within four years, and never a voice."""
    assert untold(registry, last_day=registry.day(ahead)) == {"MD3"}
    assert untold(registry, last_day="2025-02-30") == {"MD3"}
    assert untold(registry, types=["Endorsed"]) == {"MD3"}
    delegate(registry, last_day=registry.day(1_461))


def test_a_delegation_has_a_name_of_its_own(registry: Registry) -> None:
    """MD4: neither its stream nor the name of another delegation is used again."""
    delegate(registry)
    assert untold(registry, local="m1") == {"MD4"}
    registry.append(MISSION, f"{MISSION}/delegation/m2", "DelegationGranted", to=TEAM,
                    types=["ReportSubmitted"], last_day=registry.day(3), mandate="A/1")  # fmt: skip
    assert untold(registry, local="m2") == {"MD4"}


RISK = {"severity": "moderate", "kind": "finance", "text": text("Money went astray")}


def behalf(giver: str, given: Entry) -> dict[str, Any]:
    """Return the field that says for whom, and by which delegation, one signs."""
    return {"on_behalf_of": {"actor": giver, "delegation": ref(given)}}


def test_a_delegate_acts_for_the_state_in_its_country(registry: Registry) -> None:
    """AD11: for the types named, until the last day, within the country; not without it."""
    given = delegate(registry)
    named = behalf(MISSION, given)
    entry = registry.append(TEAM, f"{PARTNERSHIP}/risk/r1", "IntegrityRiskRaised", **RISK, **named)
    assert entry.signers == (MISSION, TEAM)
    other = (TEAM, f"{PARTNERSHIP}/risk/r2", "SubstitutionRiskRaised")
    fields = {"severity": "low", "task": text("Inspection"), "text": text("Nobody inspects")}
    assert "AD11" in refused(registry, *other, **fields, **named)
    risk = (TEAM, f"{PARTNERSHIP}/risk/r2", "IntegrityRiskRaised")
    elsewhere = branch(registry)
    elsewhere.book.subjects[PARTNERSHIP].change(("place", Place(("TZA",))))
    assert "AD11" in refused(elsewhere, *risk, **RISK, **named)
    registry.on(registry.day(31))
    assert refused(registry, *risk, **RISK, **named) == {"AD11"}


def test_a_state_takes_its_monitoring_back(registry: Registry) -> None:
    """DG2: as any delegation, once; its name is not given to another meanwhile."""
    named = behalf(MISSION, delegate(registry))
    stream = f"{MISSION}/delegation/m1"
    again = {"to": TEAM, "types": ["ReportSubmitted"], "last_day": registry.day(3)}
    assert refused(registry, MISSION, stream, "DelegationGranted", mandate="A/1",
                   **again) == {"DG2"}  # fmt: skip
    registry.append(MISSION, stream, "DelegationWithdrawn", reason="A/2")
    risk = (TEAM, f"{PARTNERSHIP}/risk/r1", "IntegrityRiskRaised")
    assert refused(registry, *risk, **RISK, **named) == {"AD11"}


# A partnership lets a registry service record for it.


def test_a_registry_service_records_for_a_partnership(registry: Registry) -> None:
    """AD11: within that partnership, for the types named, and both are on the event."""
    given = registry.append(
        SECRETARIAT, f"{SECRETARIAT}/delegation/service", "DelegationGranted", to=MACHINE,
        types=["CommitmentMade"], last_day=registry.day(9), mandate="A/1",
        scope={"subjects": [PARTNERSHIP]},
    )  # fmt: skip
    named = behalf(SECRETARIAT, given)
    fields = stories.commitment(registry) | named
    entry = registry.append(MACHINE, f"{PARTNERSHIP}/commitment/taps", "CommitmentMade", **fields)
    assert entry.signers == (SECRETARIAT, MACHINE)
    plain = stories.commitment(registry)
    stream = f"{PARTNERSHIP}/commitment/wells"
    assert refused(registry, MACHINE, stream, "CommitmentMade", **plain) == {"AD10"}
    other = "p-other/commitment/taps"
    assert "AD11" in refused(registry, MACHINE, other, "CommitmentMade", **fields)
    registry.append(SECRETARIAT, given.event.stream, "DelegationWithdrawn", reason="A/2")
    assert refused(registry, MACHINE, stream, "CommitmentMade", **fields) == {"AD11"}
