"""National reports: made for a mechanism that the State recognised, by its office or by the own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import refused
from tests.harness.stories import COMPANY, GOVERNMENT, NGO, PARTNERSHIP, SECRETARIAT, text
from verifier.rules.report import Report
from verifier.rules.standing import standing_at

STREAM = f"{PARTNERSHIP}/report/first"
MISSION = "actor-kenya-mission"
OFFICE = "actor-kenya-planning"
MECHANISM = "KEN/NIMES"


def due(**listed: Any) -> Registry:
    """Return a partnership before its first report, with a mission and an office of Kenya."""
    registry = stories.listed_partnership(**listed)
    for actor in (MISSION, OFFICE):
        registry.enlist(actor, kind="office", principal=GOVERNMENT, stakeholder_type="government",
                        country="KEN")  # fmt: skip
    here = {"scope": {"countries": ["KEN"]}}
    registry.appoint(MISSION, "permanent_mission", **here)
    registry.grant(OFFICE, "member_state_office", MISSION, **here)
    return registry.on("2025-01-14")


def recognise(registry: Registry, **changes: Any) -> None:
    """Let the mission recognise the State's own mechanism."""
    fields = {
        "symbol": MECHANISM, "name": text("National monitoring and evaluation"),
        "countries": ["KEN"], "templates": ["light"], "valid_from": registry.day(),
        "valid_until": registry.day(900),
    }  # fmt: skip
    registry.append(MISSION, "guidelines/mechanism/kenya", "NationalMechanismRecognised",
                    **(fields | changes))  # fmt: skip


@pytest.fixture
def registry() -> Registry:
    """A partnership in Kenya, before its first report; Kenya has recognised its mechanism."""
    registry = due()
    recognise(registry)
    return registry


def national(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a national report of the State's office, changed; None is left out."""
    fields = {"kind": "national", "template": "national", "mechanism": MECHANISM,
              "organization": GOVERNMENT, "awaits": ["secretariat"]}  # fmt: skip
    told = stories.report(registry, **(fields | changes))
    return {name: value for name, value in told.items() if value is not None}


def refusal(registry: Registry, by: str = OFFICE, **changes: Any) -> set[str]:
    """Return the rules by which a national report is refused."""
    fields = national(registry, **changes)
    return refused(registry, by, STREAM, "ReportSubmitted", **fields)


def submit(registry: Registry, by: str = OFFICE, **changes: Any) -> dict[str, Any]:
    """Submit a national report and return the reference to it."""
    fields = national(registry, **changes)
    return ref(registry.append(by, STREAM, "ReportSubmitted", **fields))


def state(registry: Registry) -> str:
    """Return the state of the report."""
    found = registry.subject(PARTNERSHIP).get("report:first", Report)
    assert found is not None
    return found.state


def test_an_office_of_the_state_reports_and_the_secretariat_signs(registry: Registry) -> None:
    """RE10, R26: it takes effect with the secretariat's signature, and is asked for once."""
    assert refusal(registry, awaits=None) == {"RE10"}
    submitted = submit(registry)
    assert state(registry) == "unsigned"
    registry.append(SECRETARIAT, STREAM, "ReportCosigned", slot="secretariat", organization=NGO,
                    report=submitted)  # fmt: skip
    stories.accept(registry)
    now = standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book)
    assert (state(registry), now.obligation) == ("accepted", 2)


def test_the_secretariat_may_report_for_the_mechanism_itself(registry: Registry) -> None:
    """RE10: its own national report awaits nobody where its profile asks for nobody else."""
    submit(registry, SECRETARIAT, organization=NGO, awaits=None)
    assert state(registry) == "submitted"


def test_a_mechanism_is_named_and_recognised_for_the_template_and_the_day() -> None:
    """RE17, NM3: none, another one, one for another template or one of later days is refused."""
    registry = due()
    assert refusal(registry) == {"NM3"}
    assert refusal(registry, mechanism=None) == {"RE17"}
    recognise(registry, templates=["national"])
    assert refusal(registry) == {"NM3"}
    registry = due()
    recognise(registry, valid_from=registry.day(1))
    assert refusal(registry) == {"NM3"}
    assert refusal(registry.on(registry.day(1)), mechanism="KEN/OTHER") == {"NM3"}
    submit(registry)


def test_an_office_of_one_state_does_not_report_for_two() -> None:
    """AD10, NM3: its grant covers partnerships within its country alone; so does a recognition."""
    registry = due(countries=["KEN", "UGA"])
    recognise(registry)
    assert refusal(registry) == {"AD10", "NM3", "RE10"}
    assert refusal(registry, SECRETARIAT, organization=NGO, awaits=None) == {"NM3"}


def test_an_office_of_a_state_submits_national_reports_alone(registry: Registry) -> None:
    """AD10: a self report is the partnership's own."""
    assert refusal(registry, kind="self", template="light", awaits=None) == {"AD10"}


def test_a_report_is_replaced_by_whoever_answers_for_it(registry: Registry) -> None:
    """RE5: a State's office takes no stream of the secretariat; that one may take the office's."""
    stories.submitted_report(registry)
    stories.send_back(registry)
    assert refusal(registry) == {"RE5"}
    registry.append(COMPANY, f"{PARTNERSHIP}/report/c", "ReportSubmitted",
                    **contribution(registry))  # fmt: skip
    other = due()
    recognise(other)
    submit(other)
    assert refused(other, COMPANY, STREAM, "ReportSubmitted", **contribution(other)) == {"RE5"}
    stories.submitted_report(other)
    assert state(other) == "submitted"


def contribution(registry: Registry) -> dict[str, Any]:
    """Return the fields of a partner's report on its own part."""
    told = stories.report(registry, kind="contributor", organization=COMPANY, awaits=())
    return {name: value for name, value in told.items() if name not in ("obligation", "due")}
