"""The table of roles: who may give which, and which exclude each other.

It states what the United Nations' own practice is (decision D2.12): organs are staffed by their
secretaries, entities by their heads, States by their Permanent Missions, country teams by Resident
Coordinators. Source: mission table R51, R53, R54, R92.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

__all__ = ["APPOINTS", "BY_COUNTRY", "GIVERS", "INCOMPATIBLE", "OWN_HOUSE", "PUBLIC"]

APPOINTS: Final[dict[str, frozenset[str]]] = {
    "root": frozenset(
        {
            "registry",
            "body_secretary",
            "presiding_officer",
            "custodian",
            "ruleset_maintainer",
            "data_protection_officer",
            "executive_head",
            "permanent_mission",
            "resident_coordinator",
            "guideline_issuer",
        }
    ),
    "registry": frozenset({"screening_officer", "registry_service"}),
    "body_secretary": frozenset(
        {
            "reviewer",
            "appeals_panel",
            "expert_body",
            "independent_auditor",
            "major_group",
            "stakeholder_convenor",
        }
    ),
    "executive_head": frozenset(
        {
            "lead_entity_officer",
            "focal_point",
            "risk_owner",
            "due_diligence_officer",
            "legal_affairs",
            "guideline_issuer",
        }
    ),
    "permanent_mission": frozenset(
        {"member_state_office", "host_government", "guideline_issuer", "focal_point"}
    ),
    "resident_coordinator": frozenset({"un_country_team", "focal_point"}),
}
"""Who may give which role."""

GIVERS: Final = tuple(role for role in APPOINTS if role != "root")
"""The roles whose holders give others, each with its own signature."""

OWN_HOUSE: Final = frozenset({"executive_head", "permanent_mission"})
"""Whoever gives a role as one of these gives it to actors of its own organization only."""

BY_COUNTRY: Final = frozenset({"permanent_mission", "resident_coordinator"})
"""Roles that count in stated countries only."""

_APART: Final = (
    ("registry", "screening_officer", "registry_service"),
    ("reviewer", "body_secretary", "presiding_officer"),
    ("appeals_panel",),
    ("custodian",),
)
"""Who keeps the register, who decides, who hears appeals, who keeps secrets."""

PUBLIC: Final = frozenset(role for group in _APART for role in group)
"""Roles that keep, decide or hear: no partnership makes a party of their holders by naming them."""

INCOMPATIBLE: Final[frozenset[frozenset[str]]] = frozenset(
    frozenset((one, other))
    for here, there in combinations(_APART, 2)
    for one in here
    for other in there
)
"""Pairs of roles that one actor may not hold at the same time: of two of those groups."""
