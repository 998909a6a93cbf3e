"""Guidelines: what the procedure asks and grants, as versioned data; no rule holds a number.

``parameters`` holds the profiles and ranks their values, ``state`` finds the version in force,
``document`` says what all versions have in common. ``sets`` issues guideline sets and ``layers``
says how they build on one another; ``principles``, ``templates``, ``criteria``, ``instruments`` and
``situations`` are the other documents, ``recognition`` is a State's of its own mechanisms. Sources:
mission table R4, R12 to R16, R23, R24, R26, R53 to R64, R79 to R85; domain C2.7, C5; decisions
D1.1, D3.18, D3.26, D3.27.
"""

from __future__ import annotations

from verifier.rules.guideline.parameters import (
    Profile,
    ReviewerClass,
    milder,
    profile_name,
)
from verifier.rules.guideline.sets import GuidelineSetIssued
from verifier.rules.guideline.state import (
    Base,
    Clause,
    GuidelineSet,
    applicable,
    base_in_force,
    guideline_set,
    in_force,
    profile_of,
    profile_under,
)

__all__ = [
    "Base",
    "Clause",
    "GuidelineSet",
    "GuidelineSetIssued",
    "Profile",
    "ReviewerClass",
    "applicable",
    "base_in_force",
    "guideline_set",
    "in_force",
    "milder",
    "profile_name",
    "profile_of",
    "profile_under",
]
