"""Proof files (``.tlog-proof``): one entry's place in a signed tree, checked without the log.

Rules (C2SP tlog-proof; normative text: ``docs/spec/checkpoint.md``):

1. Lines: ``c2sp.org/tlog-proof@v1``; optionally ``extra <base64>``; ``index <decimal>``; the hashes
   of the inclusion path, leaf's sibling first, one in base64 a line; an empty line; then the
   checkpoint note word for word. Nothing else is accepted.
2. A proof holds if its note passes the trust policy and its path leads from the entry to the root
   of that note.
3. ``extra`` is not signed. Our receipts carry the entry there; it is believed only because its
   leaf hash is what the path proves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from verifier.errors import MalformedError
from verifier.note import (
    MAX_NOTE_BYTES,
    decode_base64,
    encode_base64,
    parse_number,
)
from verifier.policy import Policy, VerifiedCheckpoint
from verifier.tree import HASH_BYTES, leaf_hash, verify_inclusion

__all__ = [
    "HEADER",
    "MAX_EXTRA_BYTES",
    "Proof",
    "ProvenEntry",
    "format_proof",
    "parse_proof",
    "proven_text",
    "verify_proof",
]

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_EXTRA_BYTES: Final = 49_000  # in base64 below 64 KiB a line, where other readers stop
MAX_PATH: Final = 53  # the height of the largest tree
MAX_HEAD_BYTES: Final = 72 * 1024  # header, extra, index and path at their longest
MAX_PROOF_BYTES: Final = MAX_HEAD_BYTES + MAX_NOTE_BYTES


@dataclass(frozen=True, slots=True)
class Proof:
    """A parsed proof file, not verified."""

    index: int
    path: tuple[bytes, ...]
    note: bytes
    extra: bytes | None = None


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry that stands at *index* of the log, by the word of those in *checkpoint*."""

    entry: bytes
    leaf: bytes
    """The leaf hash; of an event, its id."""
    index: int
    checkpoint: VerifiedCheckpoint


def format_proof(proof: Proof) -> bytes:
    """Write a proof file (rule 1).

    Raises:
        MalformedError: code ``proof-malformed``; *extra* is empty or too large for other readers.
    """
    lines = [HEADER]
    if proof.extra is not None:
        if not 1 <= len(proof.extra) <= MAX_EXTRA_BYTES:
            raise MalformedError("proof-malformed", f"extra has 1 to {MAX_EXTRA_BYTES} bytes")
        lines.append(f"extra {encode_base64(proof.extra)}")
    lines.append(f"index {proof.index}")
    lines += map(encode_base64, proof.path)
    return ("\n".join(lines) + "\n\n").encode() + proof.note


def parse_proof(data: bytes) -> Proof:
    """Read a proof file (rule 1) without verifying it.

    Raises:
        MalformedError: code ``proof-malformed``.
    """
    head, blank, note = data.partition(b"\n\n")
    if len(data) > MAX_PROOF_BYTES or len(head) > MAX_HEAD_BYTES or not blank:
        raise MalformedError("proof-malformed", "too large, or no empty line before the checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedError("proof-malformed", "not ASCII before the checkpoint") from None
    if lines.pop(0) != HEADER:
        raise MalformedError("proof-malformed", f"the first line is not {HEADER}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "), "proof-malformed")
        if not 1 <= len(extra) <= MAX_EXTRA_BYTES:
            raise MalformedError("proof-malformed", f"extra has 1 to {MAX_EXTRA_BYTES} bytes")
    if not lines or not lines[0].startswith("index "):
        raise MalformedError("proof-malformed", "there is no index line where it belongs")
    index = parse_number(lines.pop(0).removeprefix("index "), "proof-malformed")
    if len(lines) > MAX_PATH:
        raise MalformedError("proof-malformed", f"more than {MAX_PATH} hashes")
    path = tuple(decode_base64(line, "proof-malformed") for line in lines)
    if any(len(value) != HASH_BYTES for value in path):
        raise MalformedError("proof-malformed", f"a hash does not have {HASH_BYTES} bytes")
    return Proof(index, path, note, extra)


def verify_proof(
    data: bytes, entry: bytes | None, *, policy: Policy, require_quorum: bool = True
) -> ProvenEntry:
    """Require that a proof file proves *entry* to be in the policy's log (rule 2).

    With *entry* None the entry is taken from ``extra`` (rule 3). *require_quorum* is as for
    ``Policy.judge``. Of an event this proves membership and nothing about its signature or
    whether the rules admit it.

    Raises:
        MalformedError: code ``proof-malformed`` or ``note-malformed``.
        FalseError: code ``proof-false``, or as from ``Policy.judge``.
        PolicyError: code ``policy-unsuitable``; the proof is of another log.
        UndecidedError: as from ``Policy.judge``.
    """
    proof = parse_proof(data)
    checkpoint = policy.judge(proof.note, require_quorum=require_quorum)
    proven = proof.extra if entry is None else entry
    if proven is None:
        raise MalformedError("proof-malformed", "the proof carries no entry and none was given")
    leaf = leaf_hash(proven)
    head = checkpoint.checkpoint
    verify_inclusion(leaf, proof.path, index=proof.index, size=head.size, root=head.root)
    return ProvenEntry(proven, leaf, proof.index, checkpoint)


def proven_text(proven: ProvenEntry) -> str:
    """Say in words what a proof file proves, and what it does not."""
    head, seen = proven.checkpoint.checkpoint, proven.checkpoint.witnesses
    by = ", ".join(f"{w.name} at {datetime.fromtimestamp(w.timestamp, UTC):%FT%TZ}" for w in seen)
    return (
        f"in the log: entry {proven.index} of {head.origin}, in its tree of {head.size} entries\n"
        f"  event id   {proven.leaf.hex()}\n"
        f"  seen by    {by or 'no witness yet: this is the word of the operator alone'}\n"
        "not checked: the author's signature; that the rules admit it; that what it says is true"
    )
