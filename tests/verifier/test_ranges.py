"""A run of leaves is proven by the hashes beside it, in one form alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.publishing import naive_root
from verifier.errors import FalseError, MalformedError, PledgebookError
from verifier.ranges import range_proof, set_proof, verify_range, verify_set
from verifier.tree import EMPTY_ROOT, MAX_SIZE, Read, inclusion_proof, leaf_hash, root_of


def leaves(size: int) -> list[bytes]:
    """Return the leaf hashes of a tree."""
    return [leaf_hash(str(number).encode()) for number in range(size)]


def reader(hashes: list[bytes]) -> Read:
    """Return how a tree's complete subtrees are read."""
    return lambda level, index: root_of(hashes[index << level : index + 1 << level])


def test_every_run_of_every_small_tree_is_proven() -> None:
    """For all sizes to 20 and all runs the proof made is accepted, against the definition."""
    for size in range(1, 21):
        hashes = leaves(size)
        root = naive_root(hashes)
        for start in range(size):
            for stop in range(start + 1, size + 1):
                path = range_proof(start, stop, size, reader(hashes))
                verify_range(hashes[start:stop], path, start=start, size=size, root=root)


def test_a_run_of_one_is_an_inclusion_proof_in_another_order() -> None:
    """It holds the same hashes."""
    hashes = leaves(100)
    for index in (0, 1, 63, 64, 99):
        path = range_proof(index, index + 1, 100, reader(hashes))
        assert sorted(path) == sorted(inclusion_proof(index, 100, reader(hashes)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_changed_proof_is_refused(data: st.DataObject) -> None:
    """Another leaf, place, size, root or hash; a hash more, less, or in another place: refused."""
    size = data.draw(st.integers(1, 40))
    start = data.draw(st.integers(0, size - 1))
    stop = data.draw(st.integers(start + 1, size))
    hashes = leaves(size)
    root = root_of(hashes)
    run = hashes[start:stop]
    path = list(range_proof(start, stop, size, reader(hashes)))
    verify_range(run, path, start=start, size=size, root=root)
    changed = data.draw(st.sampled_from(changes(run, path, start, size, root)))
    try:
        verify_range(changed[0], changed[1], start=changed[2], size=changed[3], root=changed[4])
    except PledgebookError:
        return
    assert changed[0] == run  # another place or size by which the very same walk is made
    assert changed[4] == root


Claim = tuple[list[bytes], list[bytes], int, int, bytes]


def changes(run: list[bytes], path: list[bytes], start: int, size: int, root: bytes) -> list[Claim]:
    """Return what differs from a true claim in one thing."""
    other = bytes(32)
    found: list[Claim] = [
        ([*run[:-1], other], path, start, size, root), ([*run, other], path, start, size, root),
        (run, path, start, size, other), (run, [*path, other], start, size, root),
        (run, [other, *path], start, size, root),
    ]  # fmt: skip
    if len(run) > 1:
        found.append((run[:-1], path, start, size, root))
    found += [(run, path, start + by, size, root) for by in (-2, -1, 1, 2)]
    found += [(run, path, start, size + by, root) for by in (-2, -1, 1, 2, 40)]
    for place in range(len(path)):
        cut = [*path[:place], *path[place + 1 :]]
        found += [(run, cut, start, size, root), (run, [*cut, other], start, size, root)]
    return found


def test_the_empty_tree_has_one_run() -> None:
    """Nothing, from nothing on, by nothing; and no other root."""
    verify_range([], [], start=0, size=0, root=EMPTY_ROOT)
    with pytest.raises(FalseError):
        verify_range([], [], start=0, size=0, root=bytes(32))


@pytest.mark.parametrize(
    ("start", "size", "count"),
    [(0, 5, 0), (5, 5, 1), (-1, 5, 1), (4, 5, 2), (0, -1, 1), (0, MAX_SIZE + 1, 1)],
)
def test_there_is_no_impossible_run(start: int, size: int, count: int) -> None:
    """Numbers that no tree has are malformed, before anything is hashed."""
    with pytest.raises(MalformedError):
        verify_range([bytes(32)] * count, [], start=start, size=size, root=bytes(32))


def test_the_largest_tree_costs_little() -> None:
    """A claimed size of 2^53 - 1 asks for some hashes and is decided at once."""
    with pytest.raises(MalformedError):
        verify_range([bytes(32)], [], start=2**52 + 3, size=MAX_SIZE, root=bytes(32))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_leaves_are_proven_together(data: st.DataObject) -> None:
    """Whatever the places, the proof made is accepted, and with one leaf or place changed not."""
    size = data.draw(st.integers(1, 60))
    places = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    hashes = leaves(size)
    root, own = naive_root(hashes), [hashes[place] for place in places]
    path = set_proof(places, size, reader(hashes))
    verify_set(places, own, path, size=size, root=root)
    at = data.draw(st.integers(0, len(places) - 1))
    with pytest.raises(FalseError):
        verify_set(places, [*own[:at], bytes(32), *own[at + 1 :]], path, size=size, root=root)
    for other in (places[at] - 1, places[at] + 1, size):
        moved = [*places[:at], other, *places[at + 1 :]]
        if moved != places:
            with pytest.raises((FalseError, MalformedError)):
                verify_set(moved, own, path, size=size, root=root)
    with pytest.raises(MalformedError):
        verify_set(places, own, [*path, bytes(32)], size=size, root=root)
    with pytest.raises(MalformedError):
        verify_set(places, own[1:], path, size=size, root=root)


@pytest.mark.parametrize("places", [[1, 1], [2, 1], [-1, 2], [1, 5], []])
def test_places_ascend_within_the_tree(places: list[int]) -> None:
    """Doubled, descending, outside, or none: malformed."""
    with pytest.raises(MalformedError):
        verify_set(places, [bytes(32)] * len(places), [], size=5, root=bytes(32))
