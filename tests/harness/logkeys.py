"""The log's own keys in tests: for checkpoints, COSE receipts and refusals; each from its name."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)

from ledger.signer import Signers, es256
from tests.harness.ledgers import NamedSigner
from tests.harness.registry import ORIGIN, Registry, public
from verifier import note
from verifier.policy import Policy, parse_policy

LOG, RECEIPTS, REFUSALS = "log", "receipts", "refusals"


def p256(name: str) -> EllipticCurvePrivateKey:
    """Return the P-256 key that belongs to a name in tests."""
    return derive_private_key(
        int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") >> 1, SECP256R1()
    )


def point(name: str) -> bytes:
    """Return the public point of that key, uncompressed."""
    return (
        p256(name)
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )


class P256Signer:
    """A P-256 key that belongs to a name in tests, behind the real port."""

    def __init__(self, name: str = RECEIPTS) -> None:
        self._name = name

    def public_key(self) -> bytes:
        """Return the uncompressed point."""
        return point(self._name)

    def sign(self, data: bytes) -> bytes:
        """Return the ES256 signature."""
        return es256(p256(self._name), data)

    def describe(self) -> str:
        """Say whose key it is."""
        return f"P-256 key of {self._name}"


def signers() -> Signers:
    """Return all of the log's keys, as the service holds them."""
    return Signers(NamedSigner(LOG), receipt=P256Signer(), refusal=NamedSigner(REFUSALS))


def log_keys() -> dict[str, Any]:
    """Return the public keys, as a genesis names them."""
    return {
        "checkpoint": public(LOG), "receipt_p256": point(RECEIPTS), "refusal": public(REFUSALS),
    }  # fmt: skip


def opened(**fields: Any) -> Registry:
    """Return an opened registry whose genesis names all keys of the log."""
    return Registry().open(log_keys=log_keys(), **fields)


def policy_text(ledger: bytes, *, receipts: bool = True, quorum: str = "quorum none") -> str:
    """Return a trust policy of this log, with or without its receipt key."""
    lines = [f"# pledgebook-ledger: {ledger.hex()}"]
    if receipts:
        lines.append(f"# pledgebook-receipts: {point(RECEIPTS).hex()}")
    lines += [f"log {note.VerifierKey(ORIGIN, note.ED25519, public(LOG))}", quorum, ""]
    return "\n".join(lines)


def policy(ledger: bytes, **options: Any) -> Policy:
    """Return that policy, parsed."""
    return parse_policy(policy_text(ledger, **options).encode())


def witness_key(name: str) -> str:
    """Return the verifier key of a witness that is named in tests."""
    return str(note.VerifierKey(name, note.COSIGNATURE, public(name)))
