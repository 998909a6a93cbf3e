"""A receipt from a log of a million events is a page of text, and it verifies.

The tree is a true one: a million entries that are all the same, so that one hash per level is the
whole of it.
"""

from __future__ import annotations

from itertools import accumulate

import pytest

from tests.harness import logkeys
from tests.harness.registry import ORIGIN, public, secret
from verifier import note, receipt
from verifier.policy import Policy, parse_policy
from verifier.proof import Proof, format_proof, verify_proof
from verifier.tree import inclusion_proof, leaf_hash, node_hash, root_from

SIZE = 1_000_000
ENTRY = bytes(700)
LEDGER = bytes(range(32))
LEVELS = list(
    accumulate(range(20), lambda node, _: node_hash(node, node), initial=leaf_hash(ENTRY))
)
"""The hash of a complete subtree of this log, by its height."""

PLACES = (0, 1, 524_287, 524_288, SIZE // 3, SIZE - 1)
MOST_BYTES = 1_536
WITNESS = "witness.partner.example.org"


def read(level: int, _index: int) -> bytes:
    """Return the hash of a complete subtree: they are alike at each level."""
    return LEVELS[level]


def witnessed() -> bytes:
    """Return the checkpoint with one Ed25519 line of the log and one witness."""
    text = note.Checkpoint(ORIGIN, SIZE, root_from(SIZE, read)).text()
    log = note.VerifierKey(ORIGIN, note.ED25519, public(logkeys.LOG))
    witness = note.VerifierKey(WITNESS, note.COSIGNATURE, public(WITNESS))
    sign = secret(WITNESS).sign
    return note.format_note(text, [
        note.ed25519_line(log, text, sign=secret(logkeys.LOG).sign),
        note.cosignature_line(witness, text, timestamp=1_900_000_000, sign=sign),
    ])  # fmt: skip


def policy() -> Policy:
    """Return a policy that asks for the witness."""
    text = logkeys.policy_text(LEDGER).replace(
        "quorum none", f"witness w {logkeys.witness_key(WITNESS)}\nquorum w"
    )
    return parse_policy(text.encode())


@pytest.mark.parametrize("index", PLACES)
def test_a_proof_file_at_a_million_events_has_at_most_one_and_a_half_kilobytes(index: int) -> None:
    """One log line, one witness, wherever the event stands; with the event in it, so much more."""
    path = inclusion_proof(index, SIZE, read)
    data = format_proof(Proof(index, path, witnessed()))
    assert verify_proof(data, ENTRY, policy=policy()).checkpoint.quorum_met
    assert len(data) <= MOST_BYTES
    whole = format_proof(Proof(index, path, witnessed(), ENTRY))
    assert len(whole) - len(data) == len("extra \n") + (len(ENTRY) + 2) // 3 * 4


@pytest.mark.parametrize("index", PLACES)
def test_a_cose_receipt_at_a_million_events_has_less_than_a_kilobyte(index: int) -> None:
    """Headers, twenty hashes and a signature; and it holds."""
    kid = receipt.p256_thumbprint(logkeys.point(logkeys.RECEIPTS))
    protected = receipt.receipt_header(ORIGIN, LEDGER, kid)
    root = root_from(SIZE, read)
    signature = logkeys.P256Signer().sign(receipt.to_be_signed(protected, root))
    signed = receipt.SignedRoot(SIZE, protected, signature)
    data = signed.receipt(index, inclusion_proof(index, SIZE, read))
    assert receipt.verify_receipt(data, ENTRY, policy=policy()).root == root
    assert len(data) <= 1_024
