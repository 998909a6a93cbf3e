from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.published import vector
from verifier.errors import FalseError, MalformedError
from verifier.tree import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    consistency_proof,
    group_proofs,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from,
    root_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(b"leaf %d" % i) for i in range(600)]


class Reference:
    """RFC 6962 §2.1 written down as it stands: recursive, over ranges of leaves."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self.seen: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, stop: int) -> bytes:
        """MTH(D[start:stop]), §2.1."""
        if (start, stop) not in self.seen:
            if stop == start:
                value = hashlib.sha256(b"").digest()
            elif stop - start == 1:
                value = self.leaves[start]
            else:
                middle = start + split(stop - start)
                left, right = self.root(start, middle), self.root(middle, stop)
                value = hashlib.sha256(b"\x01" + left + right).digest()
            self.seen[start, stop] = value
        return self.seen[start, stop]

    def path(self, index: int, start: int, stop: int) -> list[bytes]:
        """PATH(m, D[n]), §2.1.1."""
        if stop - start == 1:
            return []
        middle = start + split(stop - start)
        if index < middle:
            return [*self.path(index, start, middle), self.root(middle, stop)]
        return [*self.path(index, middle, stop), self.root(start, middle)]

    def subproof(self, old: int, start: int, stop: int, whole: bool) -> list[bytes]:
        """SUBPROOF(m, D[n], b), §2.1.2; *old* counts from the first leaf of all."""
        if old == stop:
            return [] if whole else [self.root(start, stop)]
        middle = start + split(stop - start)
        if old <= middle:
            return [*self.subproof(old, start, middle, whole), self.root(middle, stop)]
        return [*self.subproof(old, middle, stop, False), self.root(start, middle)]


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    return 1 << (n - 1).bit_length() - 1


REFERENCE = Reference(LEAVES)


def read(level: int, index: int) -> bytes:
    """The read port over the reference."""
    return REFERENCE.root(index << level, (index + 1) << level)


def test_roots_are_those_that_certificate_transparency_publishes() -> None:
    """Leaves and roots agree with the eight shared RFC 6962 vectors."""
    known = vector("rfc6962")
    frontier = Frontier()
    for leaf, root in zip(known["leaves"], known["roots"], strict=True):
        frontier.append(leaf_hash(bytes.fromhex(leaf)))
        assert frontier.root().hex() == root


def test_roots_are_those_of_the_seeded_log() -> None:
    """The roots at 600, 700 and 70,000 agree with the log that other verifiers accepted."""
    known = vector("test-seed")["roots"]
    frontier, found = Frontier(), {}
    for i in range(70_000):
        frontier.append(leaf_hash(b'{"seq":%d,"type":"commitment.registered"}' % i))
        if str(i + 1) in known:
            found[str(i + 1)] = base64.b64encode(frontier.root()).decode()
    assert found == known


def test_every_size_has_the_root_of_the_recursive_definition() -> None:
    """Frontier, root_from and root_of give MTH at sizes 0 to 600, and never ask beyond the size."""
    frontier = Frontier()
    for size in range(len(LEAVES) + 1):
        expected = REFERENCE.root(0, size)
        assert frontier.size == size
        assert frontier.root() == expected
        assert root_from(size, bounded(size)) == expected
        assert root_of(LEAVES[:size]) == expected
        if size < len(LEAVES):
            frontier.append(LEAVES[size])
    assert Frontier().root() == EMPTY_ROOT == hashlib.sha256().digest()


def bounded(size: int):  # noqa: ANN201
    """The read port that refuses what the size does not complete."""

    def guarded(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size
        return read(level, index)

    return guarded


def test_every_inclusion_path_is_that_of_the_recursive_definition_and_verifies() -> None:
    """For all sizes to 130, and some to 300, each leaf's path is PATH(m, D[n]) and is accepted."""
    for size in [*range(1, 131), 200, 255, 256, 257, 300]:
        root = REFERENCE.root(0, size)
        for index in range(size):
            path = inclusion_proof(index, size, bounded(size))
            assert list(path) == REFERENCE.path(index, 0, size)
            verify_inclusion(LEAVES[index], path, index=index, size=size, root=root)


@pytest.mark.slow
def test_every_path_to_size_600_is_that_of_the_recursive_definition() -> None:
    """For all sizes to 600, every seventh leaf's and the last one's path; for all to 300, each."""
    for size in range(1, len(LEAVES) + 1):
        root = REFERENCE.root(0, size)
        for index in {*range(0, size, 1 if size <= 300 else 7), size - 1}:
            path = inclusion_proof(index, size, bounded(size))
            assert list(path) == REFERENCE.path(index, 0, size)
            verify_inclusion(LEAVES[index], path, index=index, size=size, root=root)


def require_consistency(pairs: Iterable[tuple[int, int]]) -> None:
    """Require of pairs of sizes that the proof is PROOF(m, D[n]) and is accepted."""
    for old, new in pairs:
        proof = consistency_proof(old, new, bounded(new))
        expected = REFERENCE.subproof(old, 0, new, True) if 0 < old < new else []
        assert list(proof) == expected
        roots = {"old_root": REFERENCE.root(0, old), "new_root": REFERENCE.root(0, new)}
        verify_consistency(proof, old=old, new=new, **roots)


def test_every_pair_of_sizes_has_the_consistency_proof_of_the_recursive_definition() -> None:
    """For all 0 <= old <= new <= 130."""
    require_consistency((old, new) for new in range(131) for old in range(new + 1))


@pytest.mark.slow
def test_every_pair_of_sizes_to_300_has_its_consistency_proof() -> None:
    """For all 0 <= old <= new <= 300."""
    require_consistency((old, new) for new in range(131, 301) for old in range(new + 1))


@pytest.mark.parametrize("before", [0, 1, 2, 3, 5, 8, 13, 64, 100, 127, 128, 255])
def test_group_proofs_are_the_paths_of_the_tree_after_the_group(before: int) -> None:
    """Paths made for a whole commit group equal those made leaf by leaf; the frontier stays."""
    frontier = Frontier()
    frontier.extend(LEAVES[:before])
    for count in [0, 1, 2, 3, 4, 7, 16, 33, 64]:
        size = before + count
        paths = group_proofs(frontier, LEAVES[before:size])
        assert [list(p) for p in paths] == [
            REFERENCE.path(index, 0, size) for index in range(before, size)
        ]
    assert frontier.size == before
    assert frontier.root() == REFERENCE.root(0, before)


@given(sizes=st.lists(st.integers(0, 40), max_size=8))
def test_extending_in_groups_is_appending_one_by_one(sizes: list[int]) -> None:
    """Any partition into groups ends at the same frontier, also across a store and a load."""
    frontier, total = Frontier(), 0
    for count in sizes:
        frontier.extend(LEAVES[total : total + count])
        total += count
        frontier = Frontier.from_bytes(frontier.to_bytes())
    single = Frontier()
    for leaf in LEAVES[:total]:
        single.append(leaf)
    assert frontier.to_bytes() == single.to_bytes()
    assert frontier.root() == REFERENCE.root(0, total)


def test_a_copy_of_a_frontier_goes_its_own_way() -> None:
    """Appending to a copy leaves the original as it was."""
    frontier = Frontier()
    frontier.extend(LEAVES[:7])
    twin = frontier.copy()
    twin.append(LEAVES[7])
    assert frontier.root() == REFERENCE.root(0, 7)
    assert twin.root() == REFERENCE.root(0, 8)


def test_a_frontier_keeps_what_came_before_a_failing_iterator() -> None:
    """An iterator that raises half-way leaves the frontier at the leaves it gave."""

    def leaves():  # noqa: ANN202
        yield from LEAVES[:5]
        raise OSError

    frontier = Frontier()
    with pytest.raises(OSError):
        frontier.extend(leaves())
    assert (frontier.size, frontier.root()) == (5, REFERENCE.root(0, 5))


@pytest.mark.parametrize(
    "data",
    [b"", bytes(7), bytes(9), (1).to_bytes(8, "big"), (3).to_bytes(8, "big") + bytes(65),
     (MAX_SIZE + 1).to_bytes(8, "big") + bytes(32), b"\xff" * 8 + bytes(64 * 32)],
)  # fmt: skip
def test_bytes_that_are_no_frontier_are_refused(data: bytes) -> None:
    """The durable form has exactly one hash for each one-bit of a size in range."""
    with pytest.raises(MalformedError) as caught:
        Frontier.from_bytes(data)
    assert caught.value.code == "proof-malformed"


@given(
    size=st.integers(2, 300), data=st.data(), bit=st.integers(0, 255), what=st.integers(0, 1_000)
)
def test_no_altered_inclusion_proof_is_accepted(
    size: int, data: st.DataObject, bit: int, what: int
) -> None:
    """One flipped bit in leaf, root or any hash is false; one hash more or less is malformed."""
    index = data.draw(st.integers(0, size - 1))
    path = list(inclusion_proof(index, size, read))
    values = [LEAVES[index], REFERENCE.root(0, size), *path]
    which = what % len(values)
    values[which] = flip(values[which], bit)
    leaf, root, *altered = values
    with pytest.raises(FalseError):
        verify_inclusion(leaf, altered, index=index, size=size, root=root)
    for wrong in (path[:-1], [*path, bytes(32)], [*path[:-1], path[-1][:31]]):
        with pytest.raises(MalformedError):
            verify_inclusion(
                LEAVES[index], wrong, index=index, size=size, root=REFERENCE.root(0, size)
            )


@given(size=st.integers(2, 300), data=st.data(), bit=st.integers(0, 255), what=st.integers(0, 99))
def test_no_altered_consistency_proof_is_accepted(
    size: int, data: st.DataObject, bit: int, what: int
) -> None:
    """One flipped bit in either root or any hash is false; another length is malformed."""
    old = data.draw(st.integers(1, size - 1))
    proof = list(consistency_proof(old, size, read))
    values = [REFERENCE.root(0, old), REFERENCE.root(0, size), *proof]
    which = what % len(values)
    values[which] = flip(values[which], bit)
    with pytest.raises(FalseError):
        verify_consistency(values[2:], old=old, new=size, old_root=values[0], new_root=values[1])
    roots = {"old_root": REFERENCE.root(0, old), "new_root": REFERENCE.root(0, size)}
    for wrong in (proof[:-1], [*proof, bytes(32)]):
        with pytest.raises(MalformedError):
            verify_consistency(wrong, old=old, new=size, **roots)


def flip(value: bytes, bit: int) -> bytes:
    """The value with one bit inverted."""
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


def test_a_leaf_proves_only_its_own_index() -> None:
    """The path of one index is refused, or false, at every other index of the tree."""
    for size in (2, 3, 7, 8, 11):
        root = REFERENCE.root(0, size)
        for index in range(size):
            path = inclusion_proof(index, size, read)
            for other in set(range(size)) - {index}:
                with pytest.raises((FalseError, MalformedError)):
                    verify_inclusion(LEAVES[index], path, index=other, size=size, root=root)


def test_an_inner_node_is_never_a_leaf() -> None:
    """The bytes 01 ‖ l ‖ r or l ‖ r as an entry do not hash to the node over l and r."""
    left, right = LEAVES[:2]
    node = node_hash(left, right)
    assert leaf_hash(left + right) != node
    assert leaf_hash(b"\x01" + left + right) != node


@pytest.mark.parametrize(
    ("index", "size"), [(0, 0), (5, 5), (-1, 5), (0, MAX_SIZE + 1), (2**64, 2**64 + 1), (0, -1)]
)
def test_impossible_positions_are_malformed(index: int, size: int) -> None:
    """No proof is made or checked for an index outside the tree or a size out of range."""
    with pytest.raises(MalformedError):
        inclusion_proof(index, size, read)
    with pytest.raises(MalformedError):
        verify_inclusion(LEAVES[0], [], index=index, size=size, root=LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (1, MAX_SIZE + 1)])
def test_impossible_pairs_of_sizes_are_malformed(old: int, new: int) -> None:
    """No consistency is proved backwards, below zero or out of range."""
    with pytest.raises(MalformedError):
        consistency_proof(old, new, read)
    with pytest.raises(MalformedError):
        verify_consistency([], old=old, new=new, old_root=LEAVES[0], new_root=LEAVES[0])


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root"),
    [(0, 5, LEAVES[0], LEAVES[1]), (5, 5, LEAVES[0], LEAVES[1]), (0, 0, LEAVES[0], EMPTY_ROOT),
     (0, 0, EMPTY_ROOT, LEAVES[0]), (0, 0, LEAVES[0], LEAVES[0])],
)  # fmt: skip
def test_the_empty_proof_proves_only_equal_or_empty_trees(
    old: int, new: int, old_root: bytes, new_root: bytes
) -> None:
    """From size 0 the old root must be the empty root; at one size both roots must be equal."""
    with pytest.raises(FalseError):
        verify_consistency([], old=old, new=new, old_root=old_root, new_root=new_root)
    with pytest.raises(MalformedError):
        verify_consistency([bytes(32)], old=old, new=new, old_root=old_root, new_root=new_root)


def test_the_largest_tree_is_checked_in_a_bounded_number_of_steps() -> None:
    """At size 2^53 - 1 a path has 53 hashes; a longer one is refused before it is hashed."""
    path = [bytes(32)] * 53
    with pytest.raises(FalseError):
        verify_inclusion(LEAVES[0], path, index=0, size=MAX_SIZE, root=LEAVES[0])
    with pytest.raises(MalformedError):
        verify_inclusion(LEAVES[0], [b""] * 10_000, index=0, size=MAX_SIZE, root=LEAVES[0])
