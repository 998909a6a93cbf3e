"""What a submission comes to: one outcome per event, one checkpoint per request.

Rules:

1. Every event of a request gets its own outcome, in the order of the request.
2. ``Accepted`` says that the event is durable. Its inclusion path holds in the tree of the
   checkpoint of the same reply; path, index and checkpoint together are the receipt.
3. ``Rejected`` says that nothing was recorded, with one exception: after ``T-storage`` and
   ``T-internal`` the answer is unknown, and submitting the same bytes again is safe and tells.
4. Codes that begin with ``T-`` are transport checks: they depend on this service and its moment,
   never on the log, and can only refuse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ledger.errors import LedgerError
from verifier.errors import PledgebookError
from verifier.event import Event
from verifier.receipt import SignedRoot
from verifier.rules.book import Head, Refused, Unmet

__all__ = ["Accepted", "Outcome", "Rejected", "Reply", "rejected_by"]

STATUS: Final[dict[str, int]] = {
    "AD4": 409,
    "AD5": 403,
    "signature-false": 403,
    "event-type-unknown": 422,
    "event-too-large": 413,
}
"""HTTP status by code; a refusal by any other rule is 422, malformed bytes are 400."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event on record: its index, and its inclusion path at the reply's checkpoint."""

    index: int
    event: Event
    duplicate: bool
    """The event was on record before this submission; ``event`` is what is on record."""
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An event that was not recorded: a stable code, what happened here, and what to do."""

    code: str
    status: int
    reason: str
    hint: str = ""
    unmet: tuple[Unmet, ...] = ()
    """Every unmet condition, when the rules refused."""
    head: Head | None = None
    """The present head of the event's stream, when the rules refused."""
    retry_after_s: int | None = None
    refusal: bytes | None = None
    """The refusal as the ledger signed it, with the event in it, when the rules refused."""


Outcome = Accepted | Rejected


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request."""

    outcomes: list[Outcome] = field(default_factory=list)
    checkpoint: bytes | None = None
    """A signed note that covers every accepted event of the request; None if there is none."""
    root: SignedRoot | None = None
    """The signature of COSE receipts at the checkpoint's size, where the log makes any."""


def rejected_by(error: PledgebookError, *, retry_after_s: int | None = None) -> Rejected:
    """Return the outcome that tells an error, refusals with every unmet condition."""
    unmet: tuple[Unmet, ...] = ()
    head: Head | None = None
    status = STATUS.get(error.code, 400)
    if isinstance(error, Refused):
        unmet, head = error.unmet, error.head
        status = STATUS.get(error.code, 422)
    elif isinstance(error, LedgerError):
        status = error.status
    return Rejected(
        code=error.code, status=status, reason=error.reason, hint=error.hint,
        unmet=unmet, head=head, retry_after_s=retry_after_s,
    )  # fmt: skip
