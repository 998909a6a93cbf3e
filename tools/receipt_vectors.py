"""The vectors of COSE receipts: true ones at every size of their parts, and false ones.

``tools/make_vectors.py`` writes and compares them; the log's keys are those of the tests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from tests.harness import logkeys
from verifier import receipt
from verifier.tree import inclusion_proof, leaf_hash, root_of

__all__ = ["receipt_invalid", "receipt_valid"]

LEDGER: Final = hashlib.sha256(b"vector ledger").digest()
ORIGIN: Final = "vectors.example/log"
KEY: Final = "vector receipts"

Vector = dict[str, Any]


def entry(index: int) -> bytes:
    """Return the entry at an index of the log of the vectors."""
    return f"entry {index}".encode()


def reader(size: int) -> Any:
    """Return what proofs read of that log."""
    leaves = [leaf_hash(entry(index)) for index in range(size)]
    return lambda level, index: root_of(leaves[index << level : (index + 1) << level])


def made(size: int, index: int, origin: str = ORIGIN) -> tuple[bytes, bytes]:
    """Return the receipt of an entry, and the root that it was signed over."""
    kid = receipt.p256_thumbprint(logkeys.point(KEY))
    protected = receipt.receipt_header(origin, LEDGER, kid)
    root = root_of([leaf_hash(entry(n)) for n in range(size)])
    signature = logkeys.P256Signer(KEY).sign(receipt.to_be_signed(protected, root))
    path = inclusion_proof(index, size, reader(size))
    return receipt.format_receipt(protected, signature, size, index, path), root


def receipt_valid() -> Iterator[Vector]:
    """Yield receipts that hold: sizes and indices at the edges, and a long name."""
    rows = [(2, 0), (2, 1), (3, 2), (8, 5), (23, 22), (24, 23), (25, 24), (256, 0), (257, 256),
            (600, 300)]  # fmt: skip
    for size, index in rows:
        yield valid(f"entry {index} of {size}", size, index, ORIGIN)
    yield valid("an origin of 200 letters", 9, 4, "o" * 200)


def valid(name: str, size: int, index: int, origin: str) -> Vector:
    """Return the vector of a receipt that holds."""
    data, root = made(size, index, origin)
    path = len(receipt.parse_receipt(data).path)
    return {"name": name, "hex": data.hex(), "entry": entry(index).hex(), "root": root.hex(),
            "proof": [size, index, path]} | named(origin)  # fmt: skip


def named(origin: str) -> Vector:
    """Return what a trust policy says of the log of the vectors."""
    return {"origin": origin, "ledger": LEDGER.hex(), "public": logkeys.point(KEY).hex()}


def receipt_invalid() -> Iterator[Vector]:
    """Yield receipts that do not hold, each with its code."""
    data, _ = made(8, 5)
    unsuitable, forged, malformed = "policy-unsuitable", "receipt-forged", "receipt-malformed"
    rows = [
        ("another entry", data, 4, forged),
        ("a signature of zeros", data[:-64] + bytes(64), 5, forged),
        ("r and s exchanged", data[:-64] + data[-32:] + data[-64:-32], 5, forged),
        ("a changed hash", data.replace(data[-69:-67], bytes(2)), 5, forged),
        ("another origin", data.replace(b"vectors.", b"vectorz."), 5, unsuitable),
        ("another ledger", data.replace(LEDGER.hex().encode(), b"0" * 64), 5, unsuitable),
        ("the ledger in capitals",
         data.replace(LEDGER.hex().encode(), LEDGER.hex().upper().encode()), 5, malformed),
        ("EdDSA", data.replace(b"\xa4\x01\x26", b"\xa4\x01\x27"), 5, malformed),
        ("the tree of CCF", data.replace(b"\x8b\x01", b"\x8b\x02"), 5, malformed),
        ("a payload of 32 bytes",
         data.replace(b"\xf6\x58\x40", b"\x58\x20" + bytes(32) + b"\x58\x40"), 5, malformed),
        ("no tag", data[1:], 5, malformed),
        ("a byte follows", data + b"\x00", 5, malformed),
        ("the index in two bytes",
         data.replace(b"\x83\x08\x05", b"\x83\x08\x18\x05"), 5, malformed),
        ("an index beyond the size", data.replace(b"\x83\x08\x05", b"\x83\x08\x08"), 5,
         "proof-malformed"),
        ("a size of which the path is too short", data.replace(b"\x83\x08\x05", b"\x83\x17\x05"), 5,
         "proof-malformed"),
    ]  # fmt: skip
    for name, changed, index, code in rows:
        if changed == data and name != "another entry":
            raise ValueError(f"{name}: nothing was changed")
        yield {"name": name, "hex": changed.hex(), "entry": entry(index).hex(),
               "code": code} | named(ORIGIN)  # fmt: skip
