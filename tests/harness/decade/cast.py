"""The cast of the decade: the offices of the registry and the organizations of the world."""

from __future__ import annotations

from typing import NamedTuple

from tests.harness import bodies, stories
from tests.harness.decade.player import Player
from tests.harness.registry import Registry
from tests.harness.stories import BODY_SECRETARY, OFFICE_A, OFFICE_B, REVIEWERS

__all__ = [
    "AGENCIES",
    "AUDITOR",
    "COUNTRIES",
    "PANELS",
    "PROFILES",
    "Members",
    "assemble",
    "head_of",
    "members",
    "secretariat_of",
]

COUNTRIES = ("BGD", "BOL", "COL", "DNK", "EGY", "ETH", "FJI", "GHA", "IDN", "IND", "JOR", "KEN",
             "KHM", "LAO", "MAR", "MDG", "MEX", "MLI", "MOZ", "NPL", "PER", "PHL", "RWA",
             "SEN", "THA", "TZA", "UGA", "VNM", "SDN", "ZMB")  # fmt: skip
NGOS = tuple(f"actor-ngo-{n:02}" for n in range(40))
GOVERNMENTS = tuple(f"actor-government-{country.lower()}" for country in COUNTRIES)
COMPANIES = tuple(f"actor-company-{n:02}" for n in range(40))
UNIVERSITIES = tuple(f"actor-university-{n:02}" for n in range(10))
AGENCIES = tuple(f"actor-agency-{n}" for n in range(6))
APPEALS = tuple(f"actor-appeals-{n}" for n in range(4))

STATE_REVIEWER = "actor-reviewer-state"
PANELS = {"light": REVIEWERS, "un_participating": (*REVIEWERS[:2], STATE_REVIEWER),
          "un_led": (*REVIEWERS[:2], STATE_REVIEWER),
          "mega": (REVIEWERS[0], STATE_REVIEWER, REVIEWERS[2])}  # fmt: skip
"""Who reviews the partnerships of a profile: States, the United Nations, and who is independent."""

AUDITOR = "actor-auditor"

PROFILES = ("light", "light", "light", "un_participating", "un_led", "light")
"""The profiles of the partnerships, in turn."""


class Members(NamedTuple):
    """Who takes part in a partnership."""

    profile: str
    """That of its role of the United Nations; scale and size make another of it."""
    scale: str
    mega: bool
    ngo: str
    government: str
    company: str
    university: str
    agency: str
    secretariat: str
    country: str


def secretariat_of(ngo: str) -> str:
    """Return the office of an organization that serves as secretariat of its partnerships."""
    return f"{ngo}-office"


def head_of(agency: str) -> str:
    """Return the office of an agency's executive head."""
    return f"{agency}-head"


def members(number: int) -> Members:
    """Return the members of the partnership of a number."""
    ngo = NGOS[number % len(NGOS)]
    country = number * 7 % len(COUNTRIES)
    return Members(
        PROFILES[number % len(PROFILES)], "national" if number % 7 == 2 else "regional",
        number % 12 == 4, ngo, GOVERNMENTS[country],
        COMPANIES[number * 11 % len(COMPANIES)], UNIVERSITIES[number * 3 % len(UNIVERSITIES)],
        AGENCIES[number % len(AGENCIES)], secretariat_of(ngo), COUNTRIES[country],
    )  # fmt: skip


def assemble(player: Player) -> None:
    """Open the ledger, register everybody, give the roles and issue the guidelines."""
    registry = stories.guidelines(stories.cast(player.registry))
    for document in stories.shipped_documents("after"):
        if document["type"].startswith("DifferentiationCriteria"):
            stories.issue(registry, document)
    for ngo in NGOS:
        registry.enlist(ngo, OFFICE_A, stakeholder_type="ngo")
        registry.enlist(secretariat_of(ngo), OFFICE_B, kind="office", principal=ngo,
                        stakeholder_type="ngo")  # fmt: skip
    for government, country in zip(GOVERNMENTS, COUNTRIES, strict=True):
        registry.enlist(government, OFFICE_A, stakeholder_type="government", country=country)
    for company in COMPANIES:
        registry.enlist(company, OFFICE_B, stakeholder_type="business")
    for university in UNIVERSITIES:
        registry.enlist(university, OFFICE_A, stakeholder_type="academia")
    for agency in AGENCIES:
        registry.enlist(agency, OFFICE_A)
        registry.enlist(head_of(agency), OFFICE_B, kind="office", principal=agency)
        registry.appoint(head_of(agency), "executive_head")
    _panels(registry)
    bodies.seat(registry)


def _panels(registry: Registry) -> None:
    """Fill the rosters of reviewers and of the appeals panel beyond the three of every story."""
    registry.enlist(STATE_REVIEWER, OFFICE_A, stakeholder_type="government", country="ISL")
    registry.grant(STATE_REVIEWER, "reviewer", BODY_SECRETARY)
    registry.enlist(AUDITOR, OFFICE_A, stakeholder_type="academia")
    registry.grant(AUDITOR, "independent_auditor", BODY_SECRETARY)
    for member in APPEALS:
        registry.enlist(member, OFFICE_A, stakeholder_type="academia")
        registry.grant(member, "appeals_panel", BODY_SECRETARY)
