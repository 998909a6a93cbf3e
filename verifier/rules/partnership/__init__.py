"""Partnerships: how they enter the register, live in it and leave it, and what is known of them.

What is known stands in ``state``; each further module says in its first line what it is about.
Sources: mission table R13, R17, R20 to R25, R28, R29, R33, R34, R40 to R42, R65, R72, R87, R95;
domain C2.2, C3; decisions D2.12, D3.23, D3.25, D3.26, D4.31.
"""

from __future__ import annotations

from verifier.rules.partnership.state import (
    ON_THE_REGISTER,
    UNDECIDED,
    Partner,
    Partnership,
    Tie,
    is_partner,
    lead,
    moved,
    of,
    partner,
    profile_at,
    profile_of,
    secretariat,
    tie_key,
)
from verifier.rules.partnership.terms import Further, further_of, profile_name, unmet_terms

__all__ = [
    "ON_THE_REGISTER",
    "UNDECIDED",
    "Further",
    "Partner",
    "Partnership",
    "Tie",
    "further_of",
    "is_partner",
    "lead",
    "moved",
    "of",
    "partner",
    "profile_at",
    "profile_name",
    "profile_of",
    "secretariat",
    "tie_key",
    "unmet_terms",
]
