"""Proofs of several leaves at once: that they stand in a tree, and where.

Rules (normative text: ``docs/spec/register.md``):

1. What is proven are leaves of a tree, by ascending index: a run of them, or any others; at least
   one. Only the empty tree has an empty run. The tree is that of ``tree`` (RFC 6962 §2.1).
2. The proof is the hashes of the largest subtrees beside them, from left to right: walking the tree
   from its root, a subtree without any of the leaves gives its hash, one that has no others gives
   nothing, every other is divided as RFC 6962 says.
3. Checking walks the same way and uses every hash exactly once. For given numbers a proof has one
   form alone, and of one run at most two hashes for each level.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from verifier.errors import FalseError, MalformedError
from verifier.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, Read, node_hash, root_of, subtree_root

__all__ = ["range_proof", "set_proof", "verify_range", "verify_set"]


def range_proof(start: int, stop: int, size: int, read: Read) -> tuple[bytes, ...]:
    """Return the proof of the leaves *start* to *stop* - 1; empty for the empty tree.

    Raises:
        MalformedError: code ``proof-malformed``; there is no such run.
    """
    return set_proof(range(start, stop), size, read)


def set_proof(indices: Sequence[int], size: int, read: Read) -> tuple[bytes, ...]:
    """Return the proof of the leaves at ascending indices (rule 2).

    Raises:
        MalformedError: code ``proof-malformed``; a tree of that size has not all of them.
    """
    _require_places(indices, size)
    return tuple(subtree_root(*beside, read) for beside in _beside(0, size, indices))


def verify_range(
    leaves: Sequence[bytes], path: Sequence[bytes], *, start: int, size: int, root: bytes
) -> None:
    """Require that these leaf hashes stand side by side from *start* on in a tree.

    Raises:
        MalformedError, FalseError: as from ``verify_set``.
    """
    places = range(start, start + len(leaves))
    verify_set(places, leaves, path, size=size, root=root)


def verify_set(
    indices: Sequence[int], leaves: Sequence[bytes], path: Sequence[bytes], *,
    size: int, root: bytes,
) -> None:  # fmt: skip
    """Require that these leaf hashes stand at these ascending indices of a tree (rule 3).

    Raises:
        MalformedError: code ``proof-malformed``; impossible numbers or another number of hashes.
        FalseError: code ``proof-false``; the hashes lead to another root.
    """
    _require_places(indices, size)
    if len(leaves) != len(indices):
        raise MalformedError("proof-malformed", f"{len(leaves)} leaves at {len(indices)} places")
    if any(len(value) != HASH_BYTES for value in (*leaves, *path, root)):
        raise MalformedError("proof-malformed", f"a hash does not have {HASH_BYTES} bytes")
    expected = sum(1 for _ in _beside(0, size, indices))
    if len(path) != expected:
        raise MalformedError("proof-malformed", f"{len(path)} hashes where {expected} belong")
    rest = iter(path)

    def walk(low: int, high: int) -> bytes:
        first, last = bisect_left(indices, low), bisect_left(indices, high)
        if first == last:
            return next(rest)
        if last - first == high - low:
            return root_of(leaves[first:last])
        middle = _divide(low, high)
        left = walk(low, middle)
        return node_hash(left, walk(middle, high))

    if (walk(0, size) if size else EMPTY_ROOT) != root:
        raise FalseError("proof-false", "these leaves do not stand there in this tree")


def _beside(low: int, high: int, indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the subtrees beside the leaves at these indices, from left to right."""
    inside = bisect_left(indices, high) - bisect_left(indices, low)
    if not inside:
        if low < high:
            yield low, high
    elif inside < high - low:
        middle = _divide(low, high)
        yield from _beside(low, middle, indices)
        yield from _beside(middle, high, indices)


def _divide(low: int, high: int) -> int:
    """Return where a subtree is divided: after the largest power of two below its size."""
    return low + (1 << (high - low - 1).bit_length() - 1)


def _require_places(indices: Sequence[int], size: int) -> None:
    if not 0 <= size <= MAX_SIZE or bool(indices) != bool(size):
        raise MalformedError("proof-malformed", f"no {len(indices)} leaves of {size} are proven")
    if indices and not 0 <= indices[0] <= indices[-1] < size:
        raise MalformedError("proof-malformed", f"a tree of {size} leaves has not all of them")
    if type(indices) is not range and any(a >= b for a, b in pairwise(indices)):
        raise MalformedError("proof-malformed", "the places do not ascend")
