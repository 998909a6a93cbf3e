"""The tree that an audit grows again from the entries alone.

Rules:

1. Nothing here comes from the log's own tiles: leaves are the hashes of the entries as read.
2. Kept in memory: the leaves of the last few blocks of 256 entries and the hashes above them, and
   one hash for each block and above, so a quarter of a byte per entry. Memory does not grow with
   the entries otherwise. No hash of a block that is kept is computed twice, so the root at a size
   costs one hash for each height of the tree at most.
3. The root at any earlier size can be asked for (what an author says it has seen). Leaves of an
   old block are fetched again as a tile and used only if they hash to the block's hash kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from verifier.errors import FalseError
from verifier.tiles import FULL_WIDTH, TILE_HEIGHT, Tile, split_tile
from verifier.tree import HASH_BYTES, node_hash, root_from

__all__ = ["RegrownTree"]

KEPT_BLOCKS: Final = 8  # authors mostly saw the log a few hundred entries ago
KEPT_ROOTS: Final = 4_096


class _Block:
    """The leaves of a block, and every hash above them: a row for each height."""

    __slots__ = ("rows",)

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.rows: list[list[bytes]] = [[] for _ in range(TILE_HEIGHT + 1)]
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Append a leaf, and each hash that it completes."""
        rows, level = self.rows, 0
        row = rows[0]
        row.append(leaf)
        while level < TILE_HEIGHT and not len(row) & 1:
            level += 1
            node = node_hash(row[-2], row[-1])
            row = rows[level]
            row.append(node)

    def root(self) -> bytes:
        """Return the hash of the whole block, which is full."""
        return self.rows[TILE_HEIGHT][0]


class RegrownTree:
    """The leaves and subtree hashes of the entries read so far."""

    __slots__ = ("_block", "_fetch_tile", "_kept", "_levels", "_roots", "size")

    def __init__(self, fetch_tile: Callable[[int], bytes]) -> None:
        """Start empty; ``fetch_tile(n)`` returns the full level-0 tile *n* of the log."""
        self.size = 0
        self._fetch_tile = fetch_tile
        self._block = _Block()
        self._levels: list[bytearray] = []
        self._kept: OrderedDict[int, _Block] = OrderedDict()
        self._roots: OrderedDict[int, bytes] = OrderedDict()

    def append(self, leaf: bytes) -> None:
        """Append the hash of the next entry."""
        self._block.append(leaf)
        self.size += 1
        if self.size % FULL_WIDTH == 0:
            self._close_block()

    def _close_block(self) -> None:
        self._keep(self.size // FULL_WIDTH - 1, self._block)
        node, self._block = self._block.root(), _Block()
        for row in self._levels:
            row += node
            if len(row) // HASH_BYTES % 2:
                return
            node = node_hash(bytes(row[-2 * HASH_BYTES : -HASH_BYTES]), node)
        self._levels.append(bytearray(node))

    def root(self) -> bytes:
        """Return the root over all entries read so far."""
        return self.root_at(self.size)

    def root_at(self, size: int) -> bytes:
        """Return the root at an earlier size.

        Raises:
            FalseError: code ``tile-false``; the log serves other leaves than it did before.
        """
        root = self._roots.get(size)
        if root is None:
            root = root_from(size, self._read)
            self._roots[size] = root
            if len(self._roots) > KEPT_ROOTS:
                self._roots.popitem(last=False)
        return root

    def kept(self) -> tuple[list[bytes], list[bytes]]:
        """Return what restores this tree: the leaves of the last block, the hashes above."""
        return self._block.rows[0], [bytes(row) for row in self._levels]

    def restore(self, size: int, block: list[bytes], levels: list[bytes]) -> None:
        """Stand where another tree stood."""
        self.size, self._block = size, _Block(block)
        self._levels = [bytearray(row) for row in levels]

    def holds(self, level: int, index: int) -> bool:
        """Say whether the hash of a complete subtree is at hand without asking the log."""
        return level >= TILE_HEIGHT or index << level >= self.size // FULL_WIDTH * FULL_WIDTH

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree over ``2**level`` leaves."""
        return self._read(level, index)

    def tile(self, tile: Tile) -> bytes:
        """Return the bytes that a published tile must have; level 0 only while it is kept."""
        if tile.level == 0:
            return b"".join(self._open(tile.n).rows[0][: tile.width])
        first = tile.n * FULL_WIDTH
        level = TILE_HEIGHT * tile.level
        return b"".join(self._read(level, first + i) for i in range(tile.width))

    def _read(self, level: int, index: int) -> bytes:
        if level >= TILE_HEIGHT:
            row = self._levels[level - TILE_HEIGHT]
            return bytes(row[index * HASH_BYTES : (index + 1) * HASH_BYTES])
        block, first = divmod(index << level, FULL_WIDTH)
        return self._open(block).rows[level][first >> level]

    def _open(self, n: int) -> _Block:
        if n == self.size // FULL_WIDTH:
            return self._block
        block = self._kept.get(n)
        if block is None:
            block = _Block(split_tile(self._fetch_tile(n), FULL_WIDTH))
            if block.root() != self._read(TILE_HEIGHT, n):
                raise FalseError("tile-false", f"level-0 tile {n} differs from its entries")
            self._keep(n, block)
        return block

    def _keep(self, n: int, block: _Block) -> None:
        self._kept[n] = block
        if len(self._kept) > KEPT_BLOCKS:
            self._kept.popitem(last=False)
