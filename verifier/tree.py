"""The Merkle tree of the log: hashing, the compact frontier, and proofs made and checked.

Rules (RFC 6962 §2.1 and RFC 9162 §2.1 with SHA-256; normative text: ``docs/spec/log.md``):

1. A leaf is SHA-256(00 ‖ entry), an inner node SHA-256(01 ‖ left ‖ right); the root of the empty
   tree is SHA-256 of nothing.
2. A level pairs its nodes from the left; a last node without a partner moves up unchanged.
3. Sizes and indices lie within 0 … 2^53 - 1.
4. A proof has exactly the number of hashes that its sizes and index call for, 32 bytes each.
   Checking is a loop over those hashes, so its cost is bounded before the first hash is read.
5. Consistency with the empty tree and of a tree with itself is the empty proof.

*read* is the port through which proofs see a tree: ``read(level, index)`` returns the hash of the
complete subtree over the leaves ``index * 2**level … (index + 1) * 2**level - 1``. Tiles, memory
and SQL can all answer it. Proofs never ask for a subtree that the stated size does not complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

from verifier.errors import FalseError, MalformedError

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "MAX_SIZE",
    "Frontier",
    "Read",
    "consistency_proof",
    "group_proofs",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root_from",
    "root_of",
    "root_of_path",
    "subtree_root",
    "verify_consistency",
    "verify_inclusion",
]

Read = Callable[[int, int], bytes]
"""``read(level, index)``: the hash of one complete subtree of ``2**level`` leaves."""

EMPTY_ROOT: Final = sha256(b"").digest()
HASH_BYTES: Final = 32
MAX_SIZE: Final = 2**53 - 1  # the integers that JavaScript holds exactly


def leaf_hash(data: bytes) -> bytes:
    """Return the leaf hash of an entry (rule 1); of an event it is the event's id."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the inner node over two child hashes (rule 1)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes of equal height, given whole (RFC 6962 §2.1)."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) & 1:
            paired.append(level[-1])  # rule 2
        level = paired
    return level[0]


class Frontier:
    """The peaks of a growing tree: all that is needed to append and to know the root.

    It holds one hash for each one-bit of the size, largest subtree first, so a tree of a million
    leaves is at most 20 hashes. Not safe for several threads at once.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[bytes] = []

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Append one leaf hash (32 bytes, from ``leaf_hash``); on average one node is hashed."""
        size = self._size
        self._size = size + 1
        peaks = self._peaks
        while size & 1:
            leaf = sha256(b"\x01" + peaks.pop() + leaf).digest()
            size >>= 1
        peaks.append(leaf)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes in order; the same as ``append`` for each, and faster."""
        peaks, count, hasher = self._peaks, self._size, sha256
        push, pop = peaks.append, peaks.pop
        try:
            for leaf in leaves:
                size = count
                count += 1
                while size & 1:
                    leaf = hasher(b"\x01" + pop() + leaf).digest()
                    size >>= 1
                push(leaf)
        finally:  # *leaves* may raise between two of them
            self._size = count

    def root(self) -> bytes:
        """Return the root at the present size."""
        return _fold(self._peaks)

    def peak(self, level: int) -> bytes:
        """Return the peak over ``2**level`` leaves; the size must have that bit set."""
        if not self._size >> level & 1:
            raise ValueError(f"a frontier of size {self._size} has no peak at level {level}")
        return self._peaks[(self._size >> level + 1).bit_count()]

    def copy(self) -> Frontier:
        """Return an independent copy."""
        twin = Frontier()
        twin._size, twin._peaks = self._size, self._peaks.copy()
        return twin

    def to_bytes(self) -> bytes:
        """Return the durable form: the size as uint64be, then the peaks, largest first."""
        return self._size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Read the durable form.

        Raises:
            MalformedError: code ``proof-malformed``; the length does not fit the size.
        """
        size = int.from_bytes(data[:8], "big")
        if not 0 <= size <= MAX_SIZE or len(data) != 8 + HASH_BYTES * size.bit_count():
            raise MalformedError("proof-malformed", f"{len(data)} bytes are not a frontier")
        frontier = cls()
        frontier._size = size
        frontier._peaks = [data[i : i + HASH_BYTES] for i in range(8, len(data), HASH_BYTES)]
        return frontier


def root_from(size: int, read: Read) -> bytes:
    """Return the root at *size* of the tree behind *read*."""
    _require_size(size)
    return subtree_root(0, size, read)


def inclusion_proof(index: int, size: int, read: Read) -> tuple[bytes, ...]:
    """Return the audit path of leaf *index* in the tree of *size* leaves, leaf's sibling first.

    Source: RFC 9162 §2.1.3.1.

    Raises:
        MalformedError: code ``proof-malformed``; there is no such leaf.
    """
    _require_index(index, size)
    return tuple(_path(0, index, size, read))


def consistency_proof(old: int, new: int, read: Read) -> tuple[bytes, ...]:
    """Return the proof that the tree of *old* leaves is a prefix of that of *new* leaves.

    Source: RFC 9162 §2.1.4.1. It is the path of the last subtree that the old tree completes,
    headed by that subtree's own hash unless it is the whole old tree.

    Raises:
        MalformedError: code ``proof-malformed``; *old* is greater than *new*.
    """
    _require_sizes(old, new)
    if old in (0, new):
        return ()
    level = _trailing_zeros(old)
    index = (old >> level) - 1
    head = [read(level, index)] if index else []
    return tuple(head + _path(level, index, new, read))


def verify_inclusion(
    leaf: bytes, path: Sequence[bytes], *, index: int, size: int, root: bytes
) -> None:
    """Require that the leaf hash stands at *index* of the tree with this size and root.

    Source: RFC 9162 §2.1.3.2.

    Raises:
        MalformedError: code ``proof-malformed``; impossible numbers or a wrong length.
        FalseError: code ``proof-false``; the path leads to another root.
    """
    _require_hashes((root,))
    if root_of_path(leaf, path, index=index, size=size) != root:
        raise FalseError("proof-false", f"entry {index} is not in the tree of size {size}")


def root_of_path(leaf: bytes, path: Sequence[bytes], *, index: int, size: int) -> bytes:
    """Return the root to which a path leads from a leaf hash at *index* of a tree of *size*.

    Raises:
        MalformedError: code ``proof-malformed``; impossible numbers or a wrong length.
    """
    _require_index(index, size)
    inner = (index ^ (size - 1)).bit_length()
    _require_hashes((leaf,))
    _require_length(path, inner + (index >> inner).bit_count())
    return _climb(leaf, path, index, inner)


def verify_consistency(
    path: Sequence[bytes], *, old: int, new: int, old_root: bytes, new_root: bytes
) -> None:
    """Require that the tree (*old*, *old_root*) is a prefix of the tree (*new*, *new_root*).

    Source: RFC 9162 §2.1.4.2; rule 5 for the two cases which that text leaves out.

    Raises:
        MalformedError: code ``proof-malformed``; impossible sizes or a wrong length.
        FalseError: code ``proof-false``; the trees contradict each other or the path.
    """
    _require_sizes(old, new)
    _require_hashes((old_root, new_root))
    if old in (0, new):
        _require_length(path, 0)
        expected = EMPTY_ROOT if old == 0 else new_root
        if old_root != expected or (new == 0 and new_root != EMPTY_ROOT):
            raise FalseError("proof-false", f"two different roots at size {old}")
        return
    level = _trailing_zeros(old)
    index = (old >> level) - 1
    last = (new - 1) >> level
    inner = (index ^ last).bit_length()
    head = 1 if index else 0
    _require_length(path, head + inner + (index >> inner).bit_count())
    seed = path[0] if head else old_root
    rest = path[head:]
    if _climb_left(seed, rest, index, inner) != old_root:
        raise FalseError("proof-false", f"the proof does not lead to the old root at size {old}")
    if _climb(seed, rest, index, inner) != new_root:
        raise FalseError("proof-false", f"the proof does not lead to the new root at size {new}")


def group_proofs(before: Frontier, leaves: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """Return the inclusion path of each of *leaves*, appended together, in the tree after them.

    *before* is the frontier just before the group and stays as it is; the paths hold at size
    ``before.size + len(leaves)``. Each inner node is hashed once and paths share their upper part.
    """
    if not leaves:
        return []
    _require_size(before.size + len(leaves))
    rows: list[tuple[int, list[bytes]]] = []  # per level: the first node's index, the nodes
    start, nodes = before.size, list(leaves)
    while True:
        if start & 1:  # then bit `level` of the size is set: the partner is a peak
            nodes.insert(0, before.peak(len(rows)))
            start -= 1
        rows.append((start, nodes))
        if start == 0 and len(nodes) == 1:
            break
        paired = [node_hash(nodes[i], nodes[i + 1]) for i in range(0, len(nodes) - 1, 2)]
        if len(nodes) & 1:
            paired.append(nodes[-1])  # rule 2
        start, nodes = start >> 1, paired
    return _paths(rows)[before.size - rows[0][0] :]


def _paths(rows: list[tuple[int, list[bytes]]]) -> list[tuple[bytes, ...]]:
    """Return the path of every node of the lowest row, built from the root down."""
    paths: list[tuple[bytes, ...]] = [()]
    above = 0
    for start, nodes in reversed(rows[:-1]):
        grown = []
        single = len(nodes) - 1 if len(nodes) & 1 else len(nodes)
        shift = (start >> 1) - above
        for i in range(0, single, 2):
            upper = paths[shift + (i >> 1)]
            grown.append((nodes[i + 1], *upper))
            grown.append((nodes[i], *upper))
        if single < len(nodes):
            grown.append(paths[shift + (single >> 1)])
        paths, above = grown, start
    return paths


def _path(level: int, index: int, size: int, read: Read) -> list[bytes]:
    """Collect the siblings of a complete node, from its level up to below the root."""
    path = []
    while (last := (size - 1) >> level) > 0:
        sibling = index ^ 1
        if sibling + 1 << level <= size:
            path.append(read(level, sibling))
        elif sibling == last:  # the right edge: complete subtrees folded, at most once a proof
            path.append(subtree_root(sibling << level, size, read))
        level += 1
        index >>= 1
    return path


def subtree_root(start: int, stop: int, read: Read) -> bytes:
    """Return the root over the leaves start … stop - 1.

    It is the hash of one subtree: *start* is a multiple of the next power of two not below their
    number, as in every division of a tree.
    """
    peaks = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        peaks.append(read(level, start >> level))
        start += 1 << level
    return _fold(peaks)


def _fold(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in peaks[-2::-1]:
        root = node_hash(peak, root)
    return root


def _climb(node: bytes, path: Sequence[bytes], index: int, inner: int) -> bytes:
    """Hash upwards: below the right edge by the bits of *index*, then along the edge."""
    for height, sibling in enumerate(path):
        if height < inner and not index >> height & 1:
            node = node_hash(node, sibling)
        else:
            node = node_hash(sibling, node)
    return node


def _climb_left(node: bytes, path: Sequence[bytes], index: int, inner: int) -> bytes:
    """Hash upwards with the left siblings alone: the root of the older tree."""
    for height, sibling in enumerate(path):
        if height >= inner or index >> height & 1:
            node = node_hash(sibling, node)
    return node


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def _require_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise MalformedError("proof-malformed", f"a tree cannot have the size {size}")


def _require_sizes(old: int, new: int) -> None:
    _require_size(new)
    if not 0 <= old <= new:
        raise MalformedError("proof-malformed", f"no proof leads from size {old} to size {new}")


def _require_index(index: int, size: int) -> None:
    _require_size(size)
    if not 0 <= index < size:
        raise MalformedError("proof-malformed", f"a tree of size {size} has no entry {index}")


def _require_length(path: Sequence[bytes], expected: int) -> None:
    if len(path) != expected:
        raise MalformedError("proof-malformed", f"{len(path)} hashes where {expected} belong")
    _require_hashes(path)


def _require_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise MalformedError("proof-malformed", f"a hash does not have {HASH_BYTES} bytes")
