"""Refusals that the ledger signs, so that a wrong one can be shown to anybody.

Rules (what a refusal says: ``verifier.refusal``):

1. Only what is truly signed by an enrolled key and refused by the rules gets one. Everything else
   is told in plain words, unsigned.
2. It names the tree that the event was judged by. It is signed after the commit group in which it
   was judged is durable and sealed, or not at all: no key of the log vouches for a tree that may
   never be.
3. At most ``RATE_PER_S`` are signed in a second, and as many at once. Beyond that a refusal is
   unsigned, and submitting the same bytes again later gets a signed one. So a flood of refused
   events costs at most some percent of a processor more than it did.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from ledger.signer import Signer
from verifier import refusal
from verifier.event import Event
from verifier.keys import thumbprint
from verifier.rules.book import Unmet

__all__ = ["RATE_PER_S", "Refusals"]

RATE_PER_S: Final = 200  # some 60 µs each: root, payload, signature


class Refusals:
    """The refusal key in use; for one event loop."""

    def __init__(
        self, signer: Signer, *, origin: str, ledger: bytes,
        rate_per_s: float = RATE_PER_S, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Sign for a ledger; *clock* is monotonic, in seconds."""
        kid = thumbprint(signer.public_key())
        self._signer = signer
        self._header = refusal.refusal_header(origin, ledger, kid)
        self._rate_per_s = rate_per_s
        self._clock = clock
        self._left = rate_per_s
        self._since = clock()

    def allowed(self) -> bool:
        """Say whether one more may be signed now, and count it (rule 3)."""
        now = self._clock()
        grown = self._left + (now - self._since) * self._rate_per_s
        self._left, self._since = min(grown, self._rate_per_s), now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def sign(self, event: Event, unmet: Iterable[Unmet], size: int, root: bytes) -> bytes:
        """Return the signed refusal of an event, which carries it."""
        rules = [one.rule for one in unmet]
        payload = refusal.refusal_payload(event.submission_id, rules, size, root)
        signature = self._signer.sign(refusal.to_be_signed(self._header, payload))
        return refusal.format_refusal(self._header, event.raw, payload, signature)
