"""The cosigning decision of a witness: a pure function of what it cosigned last and of a request.

A witness vouches for one thing: at a time of its own it saw this tree, and the tree contains every
tree that it vouched for before under the same origin. It never forgets an origin. Rules (C2SP
tlog-witness; normative text: ``docs/spec/checkpoint.md``):

1. A request is ``old <size>``, up to 63 hashes of a consistency proof in base64, one a line, an
   empty line, and a checkpoint note. Anything else is 400.
2. An origin that the witness does not know is 404; a checkpoint that none of the origin's keys
   signed, or on which the line of one is false, is 403.
3. An old size beyond the checkpoint's is 400. One that is not the size cosigned last (0 at first)
   is 409, and the answer tells that size.
4. A proof that does not lead from the old root to the new one is 422; so is any proof where the old
   size is 0 or the sizes are equal, a root other than the old one at the same size, and an empty
   tree whose root is not that of the empty tree.
5. Where the log itself signed two trees of one size, both notes together are evidence of a fork:
   they are kept, and nothing is cosigned.
6. What is cosigned is remembered before the answer leaves; check and memory are one step.
7. Keys of a log are known by its origin. An origin has at least one key, and a witness's own key
   is none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from verifier.errors import FalseError, MalformedError
from verifier.note import (
    Checkpoint,
    Sign,
    VerifierKey,
    cosignature_line,
    decode_base64,
    parse_note,
    parse_number,
    verify_note,
)
from verifier.tree import EMPTY_ROOT, HASH_BYTES, verify_consistency

__all__ = ["MAX_REQUEST_BYTES", "NOTHING", "Cosigner", "Last", "Refusal", "Request", "judge",
           "parse_request"]  # fmt: skip

MAX_REQUEST_BYTES: Final = 256 * 1024
MAX_PROOF: Final = 63


@dataclass(frozen=True, slots=True)
class Last:
    """What a witness cosigned last under an origin, with the note that carried it."""

    size: int
    root: bytes
    note: bytes = b""


NOTHING: Final = Last(0, EMPTY_ROOT)
"""What a witness that never cosigned an origin remembers of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to cosign: the old size, the proof from there, the checkpoint note."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes


class Refusal(Exception):
    """The answer where nothing is cosigned: HTTP status, reason, and the size to go on from."""

    def __init__(
        self, status: int, reason: str, *, size: int | None = None, forked: bool = False
    ) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason
        self.size = size
        self.forked = forked
        """The log signed two trees of one size: keep both notes (rule 5)."""


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's key: its name, its public half, and the private one in use."""

    key: VerifierKey
    sign: Sign

    def line(self, checkpoint: Checkpoint, *, timestamp: int) -> bytes:
        """Return the cosignature line of a checkpoint at a time in seconds since 1970."""
        return cosignature_line(self.key, checkpoint.text(), timestamp=timestamp, sign=self.sign)


def parse_request(body: bytes) -> Request:
    """Read a request (rule 1).

    Raises:
        Refusal: status 400.
    """
    head, blank, note = body.partition(b"\n\n")
    if not blank or len(body) > MAX_REQUEST_BYTES:
        raise Refusal(400, "not a request: no empty line before the checkpoint, or too long")
    first, *rest = head.split(b"\n")
    word, _, size = first.partition(b" ")
    if word != b"old" or len(rest) > MAX_PROOF:
        raise Refusal(400, f"not a request: «old <size>» and at most {MAX_PROOF} hashes")
    try:
        old = parse_number(size.decode("ascii"), "note-malformed")
        proof = tuple(decode_base64(line.decode("ascii"), "note-malformed") for line in rest)
    except (MalformedError, UnicodeDecodeError):
        raise Refusal(400, "a size or a hash is not in its one form") from None
    if any(len(node) != HASH_BYTES for node in proof):
        raise Refusal(400, f"a hash has {HASH_BYTES} bytes")
    return Request(old, proof, note)


def judge(
    request: Request, logs: Mapping[str, Sequence[VerifierKey]], last: Mapping[str, Last]
) -> Checkpoint:
    """Return the checkpoint that may be cosigned (rules 2 to 5).

    Raises:
        Refusal: with the status of the rule that stands against it.
    """
    checkpoint = _signed_by_its_log(request.note, logs)
    before = last.get(checkpoint.origin, NOTHING)
    if request.old > checkpoint.size:
        raise Refusal(400, f"old {request.old} lies beyond the checkpoint's size")
    if checkpoint.size == before.size and checkpoint.root != before.root and before.note:
        raise Refusal(422, "the log signed another tree of this size before", forked=True)
    if request.old != before.size:
        raise Refusal(409, f"size {before.size} was cosigned last", size=before.size)
    _consistent(request, checkpoint, before)
    return checkpoint


def _signed_by_its_log(note: bytes, logs: Mapping[str, Sequence[VerifierKey]]) -> Checkpoint:
    """Return a note's checkpoint, signed by a key that is known for its origin (rule 2)."""
    try:
        parsed = parse_note(note)
        checkpoint = Checkpoint.parse(parsed.text)
    except MalformedError as error:
        raise Refusal(400, error.reason) from None
    keys = logs.get(checkpoint.origin)
    if keys is None:
        raise Refusal(404, f"the log {checkpoint.origin} is not known here")
    try:
        verified = verify_note(parsed, keys)
    except (FalseError, MalformedError) as error:
        raise Refusal(403, error.reason) from None
    if not verified.keys:
        raise Refusal(403, "no key of this log that can be checked here signed the checkpoint")
    return checkpoint


def _consistent(request: Request, checkpoint: Checkpoint, before: Last) -> None:
    """Require that the new tree contains the old one (rule 4)."""
    try:
        verify_consistency(
            request.proof, old=request.old, new=checkpoint.size,
            old_root=before.root, new_root=checkpoint.root,
        )  # fmt: skip
    except (FalseError, MalformedError) as error:
        raise Refusal(422, error.reason) from None
