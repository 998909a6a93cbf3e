"""Guidelines: what the procedure asks and grants, as versioned data; no rule holds a number.

``parameters`` holds the profiles and ranks their values, ``state`` finds the version in force,
``sets`` issues guideline sets. Sources: mission table R12, R24, R53, R56, R57, R60; domain C2.7,
C5; decisions D1.1, D3.18, D3.26.
"""

from __future__ import annotations

from verifier.rules.guideline.parameters import A_DAY, Profile, ReviewerClass, milder
from verifier.rules.guideline.sets import GuidelineSetIssued
from verifier.rules.guideline.state import (
    Base,
    Clause,
    GuidelineSet,
    base_in_force,
    guideline_set,
    in_force,
    profile_of,
)

__all__ = [
    "A_DAY",
    "Base",
    "Clause",
    "GuidelineSet",
    "GuidelineSetIssued",
    "Profile",
    "ReviewerClass",
    "base_in_force",
    "guideline_set",
    "in_force",
    "milder",
    "profile_of",
]
