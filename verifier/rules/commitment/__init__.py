"""Commitments: what a partnership's partners promise, and what becomes of it.

``state`` holds what is known of a commitment, ``promise`` how it is made, acknowledged, handed on
and withdrawn, ``revision`` how its terms change, ``progress`` and ``milestone`` its course,
``ending`` how it is fulfilled, missed or reported as a failure, ``assessment`` what a reviewer says
of it. Commitments outlive the listing of their partnership: the accountable organization owns them.
Sources: mission table R7, R8, R29, R36, R66, R74 to R76; domain C2.3; decisions D1.6, D3.23, D3.24.
"""

from __future__ import annotations

from verifier.rules.commitment.ending import CommitmentFulfilled, CommitmentMissed, FailureReported
from verifier.rules.commitment.progress import DeliverableReported, ProgressReported
from verifier.rules.commitment.promise import (
    CommitmentAcknowledged,
    CommitmentMade,
    CommitmentTransferred,
    CommitmentWithdrawn,
)
from verifier.rules.commitment.revision import CommitmentRevised
from verifier.rules.commitment.state import Commitment, accountable, unsettled

__all__ = [
    "Commitment",
    "CommitmentAcknowledged",
    "CommitmentFulfilled",
    "CommitmentMade",
    "CommitmentMissed",
    "CommitmentRevised",
    "CommitmentTransferred",
    "CommitmentWithdrawn",
    "DeliverableReported",
    "FailureReported",
    "ProgressReported",
    "accountable",
    "unsettled",
]
