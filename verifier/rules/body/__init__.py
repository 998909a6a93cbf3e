"""Bodies that decide: sessions, and adopted decisions that two of their offices certify.

A body (the Assembly, a council, a board) holds no key. ``state`` holds what is known of bodies and
what other rooms ask, ``sessions`` what comes before and beside a decision, ``certified`` the
decision. Sources: mission table R1, R44, R45, R53; decisions D2.10, D2.11.
"""

from __future__ import annotations

from verifier.rules.body.state import (
    Decision,
    DecisionItem,
    Votes,
    carries,
    decision,
    mission,
    presiding_officer,
    secretary,
    subject_of,
    unmet_result,
)

__all__ = [
    "Decision",
    "DecisionItem",
    "Votes",
    "carries",
    "decision",
    "mission",
    "presiding_officer",
    "secretary",
    "subject_of",
    "unmet_result",
]
