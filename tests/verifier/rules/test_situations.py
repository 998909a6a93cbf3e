"""Countries in special situations: on lists in versions, and given time once more."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry, ref, seconds
from tests.harness.removals import branch, next_step, next_steps, refused
from tests.harness.stories import ISSUER, NGO, OFFICE_A, PARTNERSHIP, SECRETARIAT, text
from verifier.rules.book import Subject
from verifier.rules.fields import VersionRef
from verifier.rules.guideline.situations import is_special
from verifier.rules.partnership.disclosure import Staffed, is_small
from verifier.rules.standing import standing_at

STREAM = "guidelines/situations/un"
MALAWI = "actor-lilongwe"


def groups(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of the shipped groups, in force from this day."""
    documents = stories.shipped_documents("after")
    shipped: dict[str, Any] = next(d["fields"] for d in documents if d["stream"] == STREAM)
    return shipped | {"valid_from": registry.day()} | changes


def issue(registry: Registry, **changes: Any) -> None:
    """Issue the groups of countries."""
    registry.append(ISSUER, STREAM, "CountryGroupsIssued", **groups(registry, **changes))


def listed() -> Registry:
    """Return a partnership whose secretariat is in Malawi, after its first report was due."""
    registry = stories.guidelines(stories.cast(Registry()))
    registry.enlist(MALAWI, kind="office", principal=NGO, stakeholder_type="ngo", country="MWI")
    issue(registry)
    stories.listed_partnership(registry, secretariat=MALAWI).on("2025-02-01")
    asked = {"kind": "reporting", "text": text("Nobody here has written such a report")}
    registry.append(MALAWI, f"{PARTNERSHIP}/support-request/one", "SupportRequested", **asked)
    return registry


@pytest.fixture
def registry() -> Registry:
    """That partnership, after its first report was extended."""
    registry = listed()
    extend(registry, "e1")
    return registry


def extension(actor: str = "", version: int = 1, **changes: Any) -> dict[str, Any]:
    """Return the fields of an extension, in an actor's special situation if one is named."""
    groups = {"set": "un", "version": version}
    given = {"situation": {"actor": actor, "groups": groups}} if actor else {}
    return {"obligation": 1, "duration": "P90D", "ground": "floods", "mandate": "REG/1",
            "explanation": text("The offices stood under water")} | given | changes  # fmt: skip


def extend(registry: Registry, local: str, **changes: Any) -> None:
    """Grant an extension."""
    registry.append(OFFICE_A, f"{PARTNERSHIP}/extension/{local}", "ExtensionGranted",
                    **extension(**changes))  # fmt: skip


def refusal(registry: Registry, **changes: Any) -> set[str]:
    """Return the rules by which a second extension is refused."""
    return refused(registry, OFFICE_A, f"{PARTNERSHIP}/extension/e2", "ExtensionGranted",
                   **extension(**changes))  # fmt: skip


def due(registry: Registry) -> date | None:
    """Return the due day of what is owed."""
    return standing_at(registry.subject(PARTNERSHIP), registry.now, registry.book).due


def test_a_special_situation_gives_time_once_more(registry: Registry) -> None:
    """RE29, R16: the due day moves a second time where the secretariat's country is listed."""
    assert due(registry) == date(2025, 4, 15)
    assert refusal(registry) == {"RE25"}
    offered = next_step(registry, "ExtensionGranted")
    assert (offered.lawful, offered.stream.endswith("-more")) == (True, True)
    extend(registry, "e2", actor=MALAWI)
    assert due(registry) == date(2025, 7, 14)
    assert next_steps(registry, "ExtensionGranted") == []
    assert refused(registry, OFFICE_A, f"{PARTNERSHIP}/extension/e3", "ExtensionGranted",
                   **extension(MALAWI)) == {"RE29"}  # fmt: skip


def test_it_is_the_leads_or_the_secretariats_country_by_the_version_in_force(
    registry: Registry,
) -> None:
    """RE29: neither another's, nor one that is on no list, nor by a version that counts no more."""
    assert refusal(registry, actor=SECRETARIAT) == {"RE29"}
    assert refusal(registry, actor=NGO) == {"RE29"}
    assert refusal(registry, actor=MALAWI, version=2) == {"RE29"}
    issue(registry, version=2)
    assert refusal(registry, actor=MALAWI) == {"RE29"}
    extend(registry, "e2", actor=MALAWI, version=2)


def test_it_is_for_a_report_that_was_extended_and_while_support_is_asked_for(
    registry: Registry,
) -> None:
    """RE29: once the request is closed, and for a report not extended before, it is refused."""
    closed, request = branch(registry), f"{PARTNERSHIP}/support-request/one"
    closed.append(MALAWI, request, "SupportClosed", outcome="withdrawn")
    assert refusal(closed, actor=MALAWI) == {"RE29"}
    assert refusal(listed(), actor=MALAWI) == {"RE29"}
    extend(registry, "e2", actor=MALAWI)


def test_a_country_that_leaves_a_group_keeps_its_terms_for_a_time() -> None:
    """SG2: until the stated day, which comes after the version's first; SG1: none stands twice."""
    registry = stories.guidelines(stories.cast(Registry())).on("2024-12-13")
    ldc = groups(registry)["groups"][0]
    rest = [country for country in ldc["countries"] if country != "STP"]
    for until in ("2024-12-13", "2025-02-29"):
        left = ldc | {"countries": rest, "leaving": [{"country": "STP", "until": until}]}
        assert refusal_of(registry, [left]) == {"SG2"}
    leaving = [{"country": "STP", "until": "2027-12-13"}]
    assert refusal_of(registry, [ldc | {"leaving": leaving}]) == {"SG1"}
    assert refusal_of(registry, [ldc, ldc]) == {"SG1"}
    issue(registry, groups=[ldc | {"countries": rest, "leaving": leaving}])
    version = VersionRef("un", 1)
    for day, special in (("2027-12-13", True), ("2027-12-14", False)):
        assert is_special(version, "STP", registry.on(day).now, registry.book) is special
        assert is_special(version, "MWI", registry.now, registry.book)
        assert not is_special(version, "KEN", registry.now, registry.book)


def refusal_of(registry: Registry, listed: list[dict[str, Any]]) -> set[str]:
    """Return the rules by which groups are refused."""
    return refused(
        registry, ISSUER, STREAM, "CountryGroupsIssued", **groups(registry, groups=listed)
    )


def test_an_issuer_of_one_country_does_not_list_countries() -> None:
    """LY1: the groups hold for everyone, so a grant that is limited does not reach so far."""
    registry = stories.guidelines(stories.cast(Registry())).enlist("actor-agency")
    registry.appoint("actor-agency", "guideline_issuer", scope={"goals": [6]})
    assert refused(
        registry, "actor-agency", STREAM, "CountryGroupsIssued", **groups(registry)
    ) == {"LY1"}  # fmt: skip
    issue(registry)


def test_the_shipped_groups_are_those_of_the_united_nations() -> None:
    """R16: 45 least developed, 32 landlocked developing, 37 small island developing countries."""
    shipped = groups(Registry())["groups"]
    counts = {group["name"]: len(group["countries"]) for group in shipped}
    assert counts == {"ldc": 45, "lldc": 32, "sids": 37}
    listed = {group["name"]: set(group["countries"]) for group in shipped}
    assert {"NPL", "MWI", "TUV"} <= listed["ldc"]
    assert {"NPL", "MWI"} <= listed["lldc"]
    assert listed["ldc"] & listed["sids"] == {
        "COM",
        "GNB",
        "HTI",
        "KIR",
        "SLB",
        "STP",
        "TLS",
        "TUV",
    }


def test_a_small_secretariat_is_given_time_once_more_too(registry: Registry) -> None:
    """RE29: as it disclosed for this year or the last, and the secretariat's own alone."""
    small = {"situation": {"actor": MALAWI}}
    disclosed = {"host": NGO, "cost": "9000", "currency": "MWK", "independence": text("Its own"),
                 "local_capacity": text("All of it")}  # fmt: skip
    place = (MALAWI, f"{PARTNERSHIP}/governance", "GovernanceDisclosed")
    assert refusal(registry, **small) == {"RE29"}
    large = registry.append(*place, year=2024, staff="5.5", **disclosed)
    assert refusal(registry, **small) == {"RE29"}
    registry.append(*place, year=2024, staff="5", corrects=ref(large), **disclosed)
    assert refusal(registry, situation={"actor": NGO}) == {"RE29"}
    assert next_step(registry, "ExtensionGranted").lawful
    extend(registry, "e2", **small)
    assert due(registry) == date(2025, 7, 14)


def test_what_was_disclosed_long_ago_makes_nobody_small() -> None:
    """RE29: of the year before last it says nothing of today."""
    subject = Subject("p-x")
    subject.change(("staffed", Staffed(2024, "2")))
    years = {day: is_small(subject, seconds(day), 5) for day in ("2025-12-31", "2026-01-01")}
    assert years == {"2025-12-31": True, "2026-01-01": False}
