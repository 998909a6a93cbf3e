"""What is signed, when, and after what: receipts and the checkpoint that the log serves.

The order of one commit group, and what is true if the process dies in between:

1. The database commits rows, tiles, frontier and head.
   *Killed before:* nothing was recorded, nothing answered; authors submit again.
2. The signing state moves to the new size and root, durably.
   *Killed before:* the group is on record, nobody was told. At start the data is ahead of the
   signing state and contains its tree: the state moves forward, authors who submit again get
   their receipt as a duplicate.
3. The Ed25519 line is made, and the one ES256 signature of the group's COSE receipts.
   *Killed before:* as above, and the signing state is already there; the same tree is signed at
   the next start. A tree is signed only if it is the one in the signing state, so no other tree of
   this size, and no smaller one, can be signed by any later start.
4. The replies go out.
   *Killed before:* a receipt existed that nobody got; the same authors get an equal one.

Rules:

1. ``/checkpoint`` moves at most once in ``interval_s``, to the newest tree that is signed, with an
   Ed25519 line first and an ML-DSA-44 line second where the genesis names such a key.
2. A receipt carries the Ed25519 line alone (record format §7).
3. All COSE receipts at one size share a signature over its root. None is signed below size 2, nor
   under a key that the genesis does not name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ledger.errors import LedgerError
from ledger.refusals import Refusals
from ledger.signer import Signer, Signers
from ledger.signing import SigningFile, SigningState
from verifier import receipt
from verifier.note import (
    ED25519,
    MLDSA44,
    Checkpoint,
    VerifierKey,
    ed25519_line,
    format_note,
    mldsa_line,
)
from verifier.rules.authority.genesis import LedgerOpened

__all__ = ["Publisher", "Signed"]


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed tree: its checkpoint, the Ed25519 line, and both as a note."""

    checkpoint: Checkpoint
    line: bytes
    note: bytes
    root: receipt.SignedRoot | None = None
    """The signature of its COSE receipts (rule 3)."""

    @property
    def size(self) -> int:
        """The number of entries that it covers."""
        return self.checkpoint.size


class Publisher:
    """Signs trees, each only after it is durable and remembered as signed."""

    def __init__(
        self, state: SigningFile, signers: Signers, *, interval_s: float,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        """Take over an open signing state; *clock* is monotonic, in seconds."""
        self._state = state
        self._signers = signers
        self._interval_s = interval_s
        self._clock = clock
        self._with_ml_dsa = False
        self._receipts: tuple[Signer, bytes] | None = None
        self.refusals: Refusals | None = None
        """Signs refusals, where the genesis names a key for them."""
        self._served: tuple[float, Signed, bytes] | None = None
        self.newest: Signed | None = None
        """The newest signed tree whose tiles are readable."""

    def use_keys(self, genesis: LedgerOpened, ledger: bytes) -> None:
        """Sign from now on with the keys that a genesis names, where they are held here."""
        own, named = self._signers, genesis.log_keys
        self._with_ml_dsa = (
            own.ml_dsa is not None and own.ml_dsa.public_key() == named.checkpoint_ml_dsa_44
        )
        self._receipts = None
        if own.receipt is not None and own.receipt.public_key() == named.receipt_p256:
            kid = receipt.p256_thumbprint(named.receipt_p256)
            self._receipts = own.receipt, receipt.receipt_header(genesis.origin, ledger, kid)
        self.refusals = None
        if own.refusal is not None and own.refusal.public_key() == named.refusal:
            self.refusals = Refusals(own.refusal, origin=genesis.origin, ledger=ledger)

    def seal(self, origin: str, state: SigningState) -> Signed:
        """Make the signing state durable, then sign; the tree itself is durable already.

        May run on any thread, by one caller at a time.

        Raises:
            LedgerError: the tree is smaller or another than what was signed.
            OSError: the signing state could not be written; nothing was signed.
        """
        self._state.advance(state)
        checkpoint = Checkpoint(origin, state.size, state.root)
        key = VerifierKey(origin, ED25519, self._signers.checkpoint.public_key())
        text = checkpoint.text()
        line = ed25519_line(key, text, sign=self._signers.checkpoint.sign)
        return Signed(checkpoint, line, format_note(text, [line]), self._signed_root(state))

    def _signed_root(self, state: SigningState) -> receipt.SignedRoot | None:
        if self._receipts is None or state.size < receipt.LEAST_SIZE:
            return None
        signer, protected = self._receipts
        signature = signer.sign(receipt.to_be_signed(protected, state.root))
        return receipt.SignedRoot(state.size, protected, signature)

    def announce(self, signed: Signed) -> None:
        """Serve a signed tree from now on; its tiles are readable already."""
        self.newest = signed

    def checkpoint(self) -> bytes:
        """Return what is served at ``/checkpoint`` (rule 1).

        Raises:
            LedgerError: code ``entry-absent``; nothing is recorded yet.
        """
        newest, now = self.newest, self._clock()
        if newest is None:
            raise LedgerError("entry-absent", "the log has no entry yet, hence no checkpoint")
        served = self._served
        if served is not None and (served[1] is newest or now < served[0] + self._interval_s):
            return served[2]
        lines = [newest.line]
        if self._with_ml_dsa and self._signers.ml_dsa is not None:
            signer, name = self._signers.ml_dsa, newest.checkpoint.origin
            key = VerifierKey(name, MLDSA44, signer.public_key())
            lines.append(mldsa_line(key, newest.checkpoint, timestamp=0, sign=signer.sign))
        self._served = (now, newest, format_note(newest.checkpoint.text(), lines))
        return self._served[2]

    def close(self) -> None:
        """Give the signing state back."""
        self._state.close()
