"""The tree that an audit grows again: its roots at every size, and old leaves fetched anew."""

from __future__ import annotations

from hashlib import sha256

import pytest

from verifier.errors import FalseError
from verifier.regrown import KEPT_BLOCKS, RegrownTree
from verifier.tiles import FULL_WIDTH, Tile
from verifier.tree import EMPTY_ROOT, Frontier

LEAVES = [sha256(n.to_bytes(4, "big")).digest() for n in range((KEPT_BLOCKS + 3) * FULL_WIDTH + 77)]
"""More blocks than are kept, and a part of one."""


def roots() -> list[bytes]:
    """Return the root at every size, by the frontier."""
    frontier, found = Frontier(), [EMPTY_ROOT]
    for leaf in LEAVES:
        frontier.append(leaf)
        found.append(frontier.root())
    return found


def block(n: int) -> list[bytes]:
    """Return the leaves of a block."""
    return LEAVES[n * FULL_WIDTH : (n + 1) * FULL_WIDTH]


class Tiles:
    """The level-0 tiles that a log serves, and which of them were asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.false: set[int] = set()

    def __call__(self, n: int) -> bytes:
        """Serve a tile; a false one has two leaves swapped."""
        self.asked.append(n)
        leaves = block(n)
        if n in self.false:
            leaves[3], leaves[200] = leaves[200], leaves[3]
        return b"".join(leaves)


def grown(served: Tiles) -> RegrownTree:
    """Return the tree over all leaves."""
    tree = RegrownTree(served)
    for leaf in LEAVES:
        tree.append(leaf)
    return tree


def test_the_root_is_right_at_every_size_as_it_grows() -> None:
    """Rule 1: what it hashes is what the frontier hashes, at each size in turn."""
    tree, expected = RegrownTree(Tiles()), roots()
    assert tree.root() == EMPTY_ROOT
    for size, leaf in enumerate(LEAVES, 1):
        tree.append(leaf)
        assert tree.root() == expected[size]


def test_the_root_at_any_earlier_size_can_be_asked_for() -> None:
    """Rule 3: also where the leaves of the block are no longer kept; those kept are not fetched."""
    served, expected = Tiles(), roots()
    tree = grown(served)
    recent = (len(LEAVES) // FULL_WIDTH - KEPT_BLOCKS) * FULL_WIDTH
    for size in (*range(recent, len(LEAVES), 7), len(LEAVES)):
        assert tree.root_at(size) == expected[size]
    assert served.asked == []
    for size in (0, 1, 255, 256, 257, 300, 511, 513, recent - 1):
        assert tree.root_at(size) == expected[size]
    assert set(served.asked) == {0, 1, recent // FULL_WIDTH - 1}


def test_leaves_that_differ_from_the_entries_are_not_used() -> None:
    """Rule 3: a log that serves other leaves than it did before is told so."""
    served = Tiles()
    served.false = {1}
    tree = grown(served)
    with pytest.raises(FalseError) as failure:
        tree.root_at(FULL_WIDTH + 5)
    assert failure.value.code == "tile-false"
    assert tree.root_at(5) == roots()[5]


def test_it_knows_the_tiles_that_a_log_has_to_publish() -> None:
    """Rule 2: the leaves of what is kept, and the hash of every block above."""
    tree = grown(Tiles())
    last = len(LEAVES) // FULL_WIDTH
    assert tree.tile(Tile(0, last, 77)) == b"".join(block(last))
    assert tree.tile(Tile(0, last - 1, FULL_WIDTH)) == b"".join(block(last - 1))
    blocks = Frontier()
    for leaf in block(2):
        blocks.append(leaf)
    assert tree.tile(Tile(1, 0, last))[64:96] == blocks.root()
