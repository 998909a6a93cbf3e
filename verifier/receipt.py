"""COSE receipts: that the log holds an entry, in the form that other software reads (RFC 9942).

Rules (normative text: ``docs/spec/receipt.md``; the numbers are the same):

1. A receipt is ``COSE_Sign1`` with tag 18 in deterministic CBOR: protected header, unprotected
   header, no payload, signature of 64 bytes. Any other encoding is refused.
2. The protected header is ``{1: -7, 4: kid, 15: {1: origin, 2: ledger URN}, 395: 1}``: ES256, the
   key's COSE thumbprint, the log's name and ledger, and the tree of RFC 9162 with SHA-256.
3. The unprotected header is ``{396: {-1: [proof]}}``, and the proof is the byte string of
   ``[size, index, [hash, …]]`` with at least one hash, hence of a size of at least 2.
4. What is signed is the ``Sig_structure`` over the root to which the path leads from the entry.
   All receipts at one size share one signature.
5. A receipt holds if the signature is that of the ledger's receipt key: the key that the trust
   policy names, or the one in a genesis whose id the policy pins.
6. It proves that the entry is in a tree of this ledger that the key signed, and no more. Size and
   index are not signed: one receipt verifies under several pairs of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from verifier.errors import FalseError, MalformedError, PolicyError, UndecidedError
from verifier.event import cose_array, cose_bytes, cose_text, cose_uint, parse, sig_structure
from verifier.keys import Kid
from verifier.policy import NO_QUORUM, Policy
from verifier.rules.admission import read_body
from verifier.rules.authority.genesis import LedgerOpened
from verifier.tree import HASH_BYTES, MAX_SIZE, leaf_hash, root_of_path

__all__ = [
    "LEAST_SIZE",
    "LEDGER_URN",
    "Member",
    "Receipt",
    "SignedRoot",
    "format_receipt",
    "is_receipt",
    "member_text",
    "p256_thumbprint",
    "parse_receipt",
    "receipt_header",
    "receipt_key",
    "require_no_quorum",
    "to_be_signed",
    "verify_receipt",
]

LEDGER_URN: Final = "urn:pledgebook:ledger:"
LEAST_SIZE: Final = 2  # a tree of one entry has no path, and readers differ on an empty one
MAX_RECEIPT_BYTES: Final = 4_096  # 53 hashes and the longest origin are 2.2 KB
SIGNATURE_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Receipt:
    """A parsed receipt, not verified; *size* and *index* are what it says, and are not signed."""

    origin: str
    ledger: bytes
    kid: Kid
    size: int
    index: int
    path: tuple[bytes, ...]
    protected: bytes
    signature: bytes


class SignedRoot(NamedTuple):
    """A root of some size as a receipt key has signed it (rule 4)."""

    size: int
    protected: bytes
    signature: bytes

    def receipt(self, index: int, path: Sequence[bytes]) -> bytes:
        """Return the receipt of one entry of the tree."""
        return format_receipt(self.protected, self.signature, self.size, index, path)


@dataclass(frozen=True, slots=True)
class Member:
    """An entry that is in the log, by the word of the ledger's receipt key (rule 6)."""

    entry: bytes
    leaf: bytes
    """The leaf hash; of an event, its id."""
    origin: str
    ledger: bytes
    root: bytes
    """The root of a tree that holds the entry; which size it has is not signed."""


def p256_thumbprint(point: bytes) -> Kid:
    """Return the COSE key thumbprint (RFC 9679) of an uncompressed point of P-256."""
    parts = (b"\xa4\x01\x02\x20\x01\x21", cose_bytes(point[1:33]), b"\x22", cose_bytes(point[33:]))
    return Kid(hashlib.sha256(b"".join(parts)).digest())


def receipt_header(origin: str, ledger: bytes, kid: Kid) -> bytes:
    """Return the protected header of all receipts under one key (rule 2)."""
    return b"".join(
        (b"\xa4\x01\x26\x04\x58\x20", kid, b"\x0f\xa2\x01", cose_text(origin),
         b"\x02", cose_text(LEDGER_URN + ledger.hex()), b"\x19\x01\x8b\x01")
    )  # fmt: skip


def to_be_signed(protected: bytes, root: bytes) -> bytes:
    """Return what the receipt key signs (rule 4)."""
    return sig_structure(protected, root)


def format_receipt(
    protected: bytes, signature: bytes, size: int, index: int, path: Sequence[bytes]
) -> bytes:
    """Write a receipt (rules 1 and 3)."""
    hashes = b"\x58\x20" + b"\x58\x20".join(path) if path else b""
    proof = b"\x83" + cose_uint(size) + cose_uint(index) + cose_array(len(path)) + hashes
    return b"".join(
        (b"\xd2\x84", cose_bytes(protected), b"\xa1\x19\x01\x8c\xa1\x20\x81", cose_bytes(proof),
         b"\xf6\x58\x40", signature)
    )  # fmt: skip


_UINT: Final = rb"[\x00-\x17]|\x18.|\x19.{2}|\x1a.{4}|\x1b.{8}"
_FORM: Final = re.compile(
    rb"\xd2\x84(?:\x58.|\x59.{2})\xa4\x01\x26\x04\x58\x20(.{32})\x0f\xa2"
    rb"\x01(?:[\x60-\x77]|\x78.)([A-Za-z0-9._~/:-]{3,200})"
    rb"\x02\x78\x56urn:pledgebook:ledger:([0-9a-f]{64})\x19\x01\x8b\x01"
    rb"\xa1\x19\x01\x8c\xa1\x20\x81(?:\x58.|\x59.{2})\x83"
    rb"(" + _UINT + rb")(" + _UINT + rb")(?:[\x81-\x97]|\x98.)((?:\x58\x20.{32}){1,53})"
    rb"\xf6\x58\x40(.{64})\Z",
    re.DOTALL,
)
"""Every part in its place. Lengths and number heads are compared by writing the receipt anew."""


def parse_receipt(data: bytes) -> Receipt:
    """Read a receipt (rules 1 to 3) without verifying it.

    Raises:
        MalformedError: code ``receipt-malformed``.
    """
    found = _FORM.match(data) if len(data) <= MAX_RECEIPT_BYTES else None
    if found is None:
        reason = "not the one form of a receipt (rules 1 to 3)"
        raise MalformedError("receipt-malformed", reason)
    origin, ledger, size, index, hashes, signature = found.groups()[1:]
    kid = Kid(found[1])
    step = 2 + HASH_BYTES
    path = tuple(hashes[at + 2 : at + step] for at in range(0, len(hashes), step))
    origin_text, ledger_id = origin.decode(), bytes.fromhex(ledger.decode())
    protected = receipt_header(origin_text, ledger_id, kid)
    read = Receipt(
        origin_text, ledger_id, kid, _number(size), _number(index), path, protected, signature
    )
    if format_receipt(protected, signature, read.size, read.index, path) != data:
        reason = "a length or a number is not in its shortest form (rule 1)"
        raise MalformedError("receipt-malformed", reason)
    if not LEAST_SIZE <= read.size <= MAX_SIZE:
        raise MalformedError("receipt-malformed", f"a tree of {read.size} entries (rule 3)")
    return read


def verify_receipt(
    data: bytes, entry: bytes, *, policy: Policy, genesis: bytes | None = None
) -> Member:
    """Require that a receipt proves *entry* to be in the policy's log (rules 4 and 5).

    *genesis* are the bytes of the log's first event; needed where the policy names no receipt key.

    Raises:
        MalformedError: code ``receipt-malformed`` or ``proof-malformed``.
        PolicyError: code ``policy-unsuitable``; the policy pins no ledger, another one, or names
            no key and no genesis helps.
        FalseError: code ``receipt-forged``; the signature is false, or the entry is another.
    """
    receipt = parse_receipt(data)
    if policy.ledger is None:
        raise PolicyError("policy-unsuitable", "the policy pins no ledger id; receipts need one")
    if (receipt.origin, receipt.ledger) != (policy.origin, policy.ledger):
        reason = f"the receipt is of {receipt.origin!r}, ledger {receipt.ledger.hex()[:16]}…"
        raise PolicyError("policy-unsuitable", reason)
    point = receipt_key(policy, genesis)
    leaf = leaf_hash(entry)
    root = root_of_path(leaf, receipt.path, index=receipt.index, size=receipt.size)
    if receipt.kid != p256_thumbprint(point):
        raise FalseError("receipt-forged", "signed under another key than the ledger's receipt key")
    if not _es256(point, receipt.signature, to_be_signed(receipt.protected, root)):
        reason = "the receipt key signed no root to which the path leads from this entry"
        raise FalseError("receipt-forged", reason)
    return Member(entry, leaf, receipt.origin, receipt.ledger, root)


def is_receipt(data: bytes) -> bool:
    """Tell a COSE receipt from a proof file by its first byte."""
    return data[:1] == b"\xd2"


def require_no_quorum(policy: Policy) -> None:
    """Require that the policy asks for no witnesses, since a receipt never shows any (rule 6).

    Raises:
        UndecidedError: code ``receipt-unwitnessed``.
    """
    if policy.quorum != NO_QUORUM:
        reason = f"the policy asks for the quorum {policy.quorum!r}; a COSE receipt shows none"
        raise UndecidedError("receipt-unwitnessed", reason)


def member_text(member: Member) -> str:
    """Say in words what a receipt proves, and what it does not."""
    return (
        f"in the log: these bytes are an entry of {member.origin}, by the word of its receipt key\n"
        f"  event id   {member.leaf.hex()}\n"
        f"  ledger id  {member.ledger.hex()}\n"
        "not checked: index, size and time, none of which a COSE receipt signs; that any witness\n"
        "  saw it; the author's signature; that the rules admit it; that what it says is true"
    )


def receipt_key(policy: Policy, genesis: bytes | None) -> bytes:
    """Return the ledger's receipt key as an uncompressed point of P-256 (rule 5).

    Raises:
        PolicyError: code ``policy-unsuitable``.
    """
    point = policy.receipts
    if point is None and genesis is None:
        reason = "the policy names no receipt key, and no genesis was given"
        raise PolicyError("policy-unsuitable", reason)
    if point is None:
        point = _key_of_genesis(genesis or b"", policy)
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError:
        raise PolicyError("policy-unsuitable", "the receipt key is no point of P-256") from None
    return point


def _key_of_genesis(genesis: bytes, policy: Policy) -> bytes:
    if leaf_hash(genesis) != policy.ledger:
        raise PolicyError("policy-unsuitable", "the genesis is not the one that the policy pins")
    body = read_body(parse(genesis))
    if not isinstance(body, LedgerOpened) or body.log_keys.receipt_p256 is None:
        raise PolicyError("policy-unsuitable", "this ledger's genesis names no receipt key")
    return body.log_keys.receipt_p256


def _es256(point: bytes, signature: bytes, message: bytes) -> bool:
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    try:
        key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _number(encoded: bytes) -> int:
    return encoded[0] if len(encoded) == 1 else int.from_bytes(encoded[1:], "big")
