"""Governments of the countries where a partnership is at work are told, heard, and have no veto."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.harness import removals, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import refused
from tests.harness.stories import GOVERNMENT, OFFICE_A, PARTNERSHIP, SECRETARIAT, text
from verifier.rules import government, partnership
from verifier.rules.book import Entry
from verifier.rules.government import Host

STREAM = f"{PARTNERSHIP}/host/ken"
MISSION = "actor-mission-of-kenya"
STRANGER = "actor-mission-of-norway"
WORD = text("Known to the ministry")


@pytest.fixture
def registry() -> Registry:
    """A partnership at work in Kenya and Uganda, and the missions of Kenya and Norway."""
    registry = stories.listed_partnership(countries=["KEN", "UGA"])
    registry.enlist("actor-norway", stakeholder_type="government", country="NOR")
    for mission, state, country in (
        (MISSION, GOVERNMENT, "KEN"),
        (STRANGER, "actor-norway", "NOR"),
    ):
        registry.enlist(mission, kind="office", principal=state, stakeholder_type="government",
                        country=country)  # fmt: skip
        registry.appoint(mission, "permanent_mission", scope={"countries": [country]})
    return registry


def tell(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields by which a government is told."""
    return {"country": "KEN", "respond_by": registry.day(30), "text": WORD} | changes


def object_to(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of an objection."""
    return {"country": "KEN", "take_up_by": registry.day(30), "text": WORD} | changes


def objected(registry: Registry) -> Entry:
    """Let Kenya object."""
    return registry.append(MISSION, STREAM, "GovernmentObjectionRecorded", **object_to(registry))


def host(registry: Registry) -> Host:
    """Return what is on record of Kenya."""
    found = registry.subject(PARTNERSHIP).get("host:KEN", Host)
    assert found is not None
    return found


def test_a_government_is_told_of_what_goes_on_there(registry: Registry) -> None:
    """GV1: not of a country where nothing goes on, not of a partnership that is not listed."""
    kind = "HostGovernmentNotified"
    other = tell(registry, country="NOR")
    assert refused(registry, SECRETARIAT, STREAM, kind, **other) == {"GV1"}
    stories.submitted_partnership(registry, name="p-waiting")
    waiting = "p-waiting/host/ken"
    assert "GV1" in refused(registry, OFFICE_A, waiting, kind, **tell(registry))
    registry.append(SECRETARIAT, STREAM, kind, **tell(registry))


def test_a_government_is_told_once_with_time_to_answer(registry: Registry) -> None:
    """GV2: a day other than the profile's, and a second time, are refused; another is told."""
    kind = "HostGovernmentNotified"
    early = tell(registry, respond_by=registry.day(10))
    assert refused(registry, SECRETARIAT, STREAM, kind, **early) == {"GV2"}
    registry.append(SECRETARIAT, STREAM, kind, **tell(registry))
    assert refused(registry, SECRETARIAT, STREAM, kind, **tell(registry)) == {"GV2"}
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/host/uga", kind, **tell(registry, country="UGA"))
    soon = object_to(registry, take_up_by=registry.day(1))
    assert refused(registry, MISSION, STREAM, "GovernmentObjectionRecorded", **soon) == {"GV2"}


def test_a_government_speaks_for_its_own_country(registry: Registry) -> None:
    """GV3: no other mission speaks for it, and the same word is not said twice in a row."""
    said = {"country": "KEN", "text": WORD}
    assert refused(registry, STRANGER, STREAM, "GovernmentAcknowledged", **said) == {"GV3"}
    assert "AD10" in refused(registry, OFFICE_A, STREAM, "GovernmentAcknowledged", **said)
    registry.append(MISSION, STREAM, "GovernmentAcknowledged", **said)
    assert refused(registry, MISSION, STREAM, "GovernmentAcknowledged", **said) == {"GV3"}
    objected(registry)
    assert host(registry).word == "objected"
    registry.append(MISSION, STREAM, "GovernmentAcknowledged", **said)


def test_an_objection_is_no_veto_and_is_taken_up_by_a_review(registry: Registry) -> None:
    """GV4: the listing stands; one open review takes up one objection that stands, once."""
    objection = {"country": "KEN", "objection": ref(objected(registry)), "review": "r1"}
    found = partnership.of(registry.subject(PARTNERSHIP))
    assert found is not None
    assert found.listing == "listed"
    assert refused(registry, OFFICE_A, STREAM, "ObjectionTakenUp", **objection) == {"GV4"}
    removals.open_review(registry, "r1")
    assert removals.next_step(registry, "ObjectionTakenUp").lawful
    other = objection | {"objection": objection["objection"] | {"id": bytes(32)}}
    assert refused(registry, OFFICE_A, STREAM, "ObjectionTakenUp", **other) == {"GV4"}
    registry.append(OFFICE_A, STREAM, "ObjectionTakenUp", **objection)
    assert host(registry).review == "r1"
    assert refused(registry, OFFICE_A, STREAM, "ObjectionTakenUp", **objection) == {"GV4"}


def test_an_objection_that_nobody_takes_up_is_told(registry: Registry) -> None:
    """GV5: an omission of the registry from the day after, unless the government has withdrawn."""
    objected(registry)
    removals.later(registry, 30).enlist("actor-last-day")
    assert not list(government.whole_log(registry.book))
    removals.later(registry, 1).enlist("actor-day-after")
    (told,) = government.whole_log(registry.book)
    assert (told.rule, told.kind, told.who) == ("GV5", "omission", "registry")
    said = {"country": "KEN", "text": WORD}
    gone = removals.branch(registry)
    subject = gone.subject(PARTNERSHIP)
    found = msgspec.structs.replace(subject.things["partnership"], listing="removed")
    subject.change(("partnership", found))
    assert not list(government.whole_log(gone.book))  # nobody could take it up any more
    registry.append(MISSION, STREAM, "GovernmentAcknowledged", **said)
    assert not list(government.whole_log(registry.book))
