"""Register proofs: what the log published of a subject or a stream, or that there was nothing.

Rules (normative text: ``docs/spec/register.md``):

1. Lines: ``pledgebook register proof v1``; ``name <name>``; ``first <decimal>``; one
   ``record <base64>`` for each record of a complete run, in order; one ``hash <base64>`` for each
   hash of its proof, in order; an empty line; then the proof file of a ``RegisterPublished`` event
   that carries the event, word for word. Nothing else is accepted.
2. A proof holds if the proof file holds under the trust policy, the event in it is of the ledger
   that the policy names, states its own index as the size, and its root and leaf count lead to the
   records and hashes, and if the run is complete for the name.
3. What it shows, it shows at the size published, by the word of those who vouch for the checkpoint.
   That the register is the log's state is shown by an audit, and by nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from verifier.errors import FalseError, MalformedError, PolicyError, UndecidedError
from verifier.event import Event, parse
from verifier.note import decode_base64, encode_base64, parse_number
from verifier.policy import Policy
from verifier.proof import ProvenEntry, verify_proof
from verifier.ranges import verify_range
from verifier.records import Record, Run, covers, read_record, require_name, require_whole
from verifier.rules import admission
from verifier.rules.publication import RegisterPublished
from verifier.tree import HASH_BYTES, leaf_hash

__all__ = [
    "MAX_REGISTER_PROOF_BYTES",
    "RegisterProof",
    "Shown",
    "fields_text",
    "format_register_proof",
    "parse_register_proof",
    "require_absent",
    "shown_text",
    "verify_register",
]

HEADER: Final = "pledgebook register proof v1"
MAX_REGISTER_PROOF_BYTES: Final = 16 * 1024 * 1024  # some 20,000 streams of one subject
MAX_PATH: Final = 2 * 53  # two hashes for each level of the largest tree
CODE: Final = "register-malformed"


@dataclass(frozen=True, slots=True)
class RegisterProof:
    """A register proof, not verified: a run of records, and the event that published their root."""

    name: str
    first: int
    records: tuple[bytes, ...]
    path: tuple[bytes, ...]
    publication: bytes
    """A proof file (``proof``) that carries the event."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a register proof shows: a complete run, and the publication that it is of."""

    run: Run
    size: int
    event: Event
    proven: ProvenEntry


def format_register_proof(proof: RegisterProof) -> bytes:
    """Write a register proof (rule 1)."""
    lines = [HEADER, f"name {proof.name}", f"first {proof.first}",
             *(f"record {encode_base64(record)}" for record in proof.records),
             *(f"hash {encode_base64(node)}" for node in proof.path)]  # fmt: skip
    return ("\n".join(lines) + "\n\n").encode() + proof.publication


def parse_register_proof(data: bytes) -> RegisterProof:
    """Read a register proof (rule 1) without verifying it.

    Raises:
        MalformedError: code ``register-malformed``.
    """
    head, blank, publication = data.partition(b"\n\n")
    if len(data) > MAX_REGISTER_PROOF_BYTES or not blank:
        raise MalformedError(CODE, "too large, or no empty line before the publication")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedError(CODE, "not ASCII before the publication") from None
    if lines.pop(0) != HEADER:
        raise MalformedError(CODE, f"the first line is not {HEADER!r}")
    words = [line.partition(" ") for line in lines]
    kinds = [kind for kind, _, _ in words]
    records, hashes = kinds.count("record"), kinds.count("hash")
    if kinds != ["name", "first", *["record"] * records, *["hash"] * hashes]:
        raise MalformedError(CODE, "other lines than a register proof has, or in another order")
    values = [value for _, _, value in words]
    encoded = values[2 + records :]
    if hashes > MAX_PATH or not records:
        raise MalformedError(CODE, "no record, or more hashes than any tree asks for")
    path = tuple(decode_base64(value, CODE) for value in encoded)
    if any(len(node) != HASH_BYTES for node in path):
        raise MalformedError(CODE, f"a hash does not have {HASH_BYTES} bytes")
    return RegisterProof(
        require_name(values[0]), parse_number(values[1], CODE),
        tuple(decode_base64(value, CODE) for value in values[2 : 2 + records]), path, publication,
    )  # fmt: skip


def verify_register(data: bytes, *, policy: Policy, require_quorum: bool = True) -> Shown:
    """Require that a register proof holds (rule 2), and return what it shows.

    Raises:
        MalformedError: code ``register-malformed`` or ``proof-malformed``, or of the event.
        FalseError: code ``register-incomplete``, ``register-other`` or ``proof-false``, or as from
            ``Policy.judge``.
        PolicyError: code ``policy-unsuitable``; it is of another ledger.
        UndecidedError: as from ``Policy.judge``.
    """
    proof = parse_register_proof(data)
    records = [read_record(record) for record in proof.records]
    proven = verify_proof(proof.publication, None, policy=policy, require_quorum=require_quorum)
    event, body = _publication(proven, policy)
    leaves = [leaf_hash(record) for record in proof.records]
    verify_range(leaves, proof.path, start=proof.first, size=body.leaves, root=body.root)
    run = require_whole(proof.name, proof.first, records, body.leaves)
    return Shown(run, body.size, event, proven)


def require_absent(shown: Shown, pattern: str) -> None:
    """Require that a proof shows no stream of a pattern, in which ``*`` stands for one segment.

    Raises:
        FalseError: code ``register-present``; there is one.
        UndecidedError: code ``register-silent``; the proof is not about such streams.
    """
    name = shown.run.name
    if not covers(name, pattern) if "/" not in name else name != pattern:
        raise UndecidedError("register-silent", f"it is about {name}, not about {pattern}")
    form = re.compile(re.escape(pattern).replace(r"\*", "[^/]+") + r"\Z")
    for record in shown.run.records:
        if form.match(record.stream):
            raise FalseError("register-present", f"{record.stream} has {record.seq + 1} events")


def _publication(proven: ProvenEntry, policy: Policy) -> tuple[Event, RegisterPublished]:
    event = parse(proven.entry)
    body = admission.read_body(event)
    if not isinstance(body, RegisterPublished):
        raise FalseError("register-other", f"{event.type} publishes no register")
    if body.size != proven.index:
        reason = f"it speaks of {body.size} entries and stands after {proven.index}"
        raise FalseError("register-other", reason)
    if policy.ledger is not None and event.ledger != policy.ledger:
        raise PolicyError("policy-unsuitable", "the publication is of another ledger")
    return event, body


def shown_text(shown: Shown, policy: Policy) -> str:
    """Return what a register proof shows, as lines for a person to read."""
    run, head = shown.run, shown.proven.checkpoint
    witnesses = ", ".join(witness.name for witness in head.witnesses)
    lines = [*_told(run, shown.size), "", f"published by {shown.event.iss} at entry {shown.size}",
             f"checkpoint of {head.checkpoint.size:,} entries, {head.checkpoint.origin}",
             f"seen by {witnesses}" if witnesses else "seen by no witness"]  # fmt: skip
    if policy.ledger is None:
        lines.append("not checked: which ledger this is; the trust policy pins none")
    lines += [
        "not checked: anything after that entry, up to the next publication",
        "not checked: that the register is the log's true state; an audit of the log computes it",
        "not checked: the signature under the publication; and no check says that a report is true",
    ]
    return "\n".join(lines)


def fields_text(public: Mapping[str, Any]) -> list[str]:
    """Return what a subject published, one field a line."""
    return [f"{name}: {_value(value)}" for name, value in public.items()]


def _told(run: Run, size: int) -> list[str]:
    if not run.records:
        return [f"NOTHING: no stream of {run.name} had an event before entry {size:,}",
                f"  before  {_edge(run.before, 'the register begins')}",
                f"  after   {_edge(run.after, 'the register ends')}"]  # fmt: skip
    lines = [f"COMPLETE: all streams of {run.name} before entry {size:,}"]
    lines += [f"  {line}" for line in fields_text(run.records[0].public)]
    lines += [f"  {r.stream} ends at event {r.seq}, {r.head.hex()}" for r in run.records]
    return lines


def _edge(record: Record | None, otherwise: str) -> str:
    return otherwise if record is None else record.stream


def _value(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(of)}" for name, of in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_value, value))
    return str(value)
