"""Proofs of a run of leaves: that these stand side by side in a tree, and where.

Rules (normative text: ``docs/spec/register.md``):

1. A run is the leaves ``start … stop - 1`` of a tree of *size* leaves, at least one; only the empty
   tree has an empty run. The tree is that of ``tree`` (RFC 6962 §2.1).
2. The proof is the hashes of the largest subtrees beside the run, from left to right: walking the
   tree from its root, a subtree without a leaf of the run gives its hash, one within the run gives
   nothing, every other is divided as RFC 6962 says.
3. Checking walks the same way and uses every hash exactly once. For given numbers a proof has one
   form alone, at most two hashes for each level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verifier.errors import FalseError, MalformedError
from verifier.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, Read, node_hash, root_of, subtree_root

__all__ = ["range_proof", "verify_range"]


def range_proof(start: int, stop: int, size: int, read: Read) -> tuple[bytes, ...]:
    """Return the proof of a run (rule 2); empty for the empty tree.

    Raises:
        MalformedError: code ``proof-malformed``; there is no such run.
    """
    _require_run(start, stop, size)
    return tuple(subtree_root(*beside, read) for beside in _beside(0, size, start, stop))


def verify_range(
    leaves: Sequence[bytes], path: Sequence[bytes], *, start: int, size: int, root: bytes
) -> None:
    """Require that these leaf hashes stand side by side from *start* on in a tree (rule 3).

    Raises:
        MalformedError: code ``proof-malformed``; impossible numbers or another number of hashes.
        FalseError: code ``proof-false``; the hashes lead to another root.
    """
    stop = start + len(leaves)
    _require_run(start, stop, size)
    if any(len(value) != HASH_BYTES for value in (*leaves, *path, root)):
        raise MalformedError("proof-malformed", f"a hash does not have {HASH_BYTES} bytes")
    expected = sum(1 for _ in _beside(0, size, start, stop))
    if len(path) != expected:
        raise MalformedError("proof-malformed", f"{len(path)} hashes where {expected} belong")
    rest = iter(path)

    def walk(low: int, high: int) -> bytes:
        if high <= start or stop <= low:
            return next(rest)
        if start <= low and high <= stop:
            return root_of(leaves[low - start : high - start])
        middle = _divide(low, high)
        left = walk(low, middle)
        return node_hash(left, walk(middle, high))

    if (walk(0, size) if size else EMPTY_ROOT) != root:
        raise FalseError("proof-false", f"these are not the leaves from {start} on")


def _beside(low: int, high: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the subtrees beside a run, from left to right."""
    if high <= start or stop <= low:
        if low < high:
            yield low, high
    elif low < start or stop < high:
        middle = _divide(low, high)
        yield from _beside(low, middle, start, stop)
        yield from _beside(middle, high, start, stop)


def _divide(low: int, high: int) -> int:
    """Return where a subtree is divided: after the largest power of two below its size."""
    return low + (1 << (high - low - 1).bit_length() - 1)


def _require_run(start: int, stop: int, size: int) -> None:
    empty = start == stop == size == 0
    if not empty and not 0 <= start < stop <= size <= MAX_SIZE:
        raise MalformedError("proof-malformed", f"no run {start} to {stop} of {size} leaves")
