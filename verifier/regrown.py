"""The tree that an audit grows again from the entries alone.

Rules:

1. Nothing here comes from the log's own tiles: leaves are the hashes of the entries as read.
2. Kept in memory: the leaves of the last few blocks of 256 entries, and one hash for each block
   and above, so a quarter of a byte per entry. Memory does not grow with the entries otherwise.
3. The root at any earlier size can be asked for (what an author says it has seen). Leaves of an
   old block are fetched again as a tile and used only if they hash to the block's hash kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from verifier.errors import FalseError
from verifier.tiles import FULL_WIDTH, TILE_HEIGHT, Tile, split_tile
from verifier.tree import HASH_BYTES, node_hash, root_from, root_of

__all__ = ["RegrownTree"]

KEPT_BLOCKS: Final = 8  # authors mostly saw the log a few hundred entries ago
KEPT_ROOTS: Final = 4_096


class RegrownTree:
    """The leaves and subtree hashes of the entries read so far."""

    __slots__ = ("_block", "_fetch_tile", "_kept", "_levels", "_roots", "size")

    def __init__(self, fetch_tile: Callable[[int], bytes]) -> None:
        """Start empty; ``fetch_tile(n)`` returns the full level-0 tile *n* of the log."""
        self.size = 0
        self._fetch_tile = fetch_tile
        self._block: list[bytes] = []
        self._levels: list[bytearray] = []
        self._kept: OrderedDict[int, list[bytes]] = OrderedDict()
        self._roots: OrderedDict[int, bytes] = OrderedDict()

    def append(self, leaf: bytes) -> None:
        """Append the hash of the next entry."""
        self._block.append(leaf)
        self.size += 1
        if len(self._block) == FULL_WIDTH:
            self._close_block()

    def _close_block(self) -> None:
        self._keep(self.size // FULL_WIDTH - 1, self._block)
        node, self._block = root_of(self._block), []
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

    def tile(self, tile: Tile) -> bytes:
        """Return the bytes that a published tile must have; level 0 only while it is kept."""
        if tile.level == 0:
            return b"".join(self._leaves(tile.n)[: tile.width])
        first = tile.n * FULL_WIDTH
        level = TILE_HEIGHT * tile.level
        return b"".join(self._read(level, first + i) for i in range(tile.width))

    def _read(self, level: int, index: int) -> bytes:
        if level >= TILE_HEIGHT:
            row = self._levels[level - TILE_HEIGHT]
            return bytes(row[index * HASH_BYTES : (index + 1) * HASH_BYTES])
        block, first = divmod(index << level, FULL_WIDTH)
        return root_of(self._leaves(block)[first : first + (1 << level)])

    def _leaves(self, block: int) -> list[bytes]:
        if block == self.size // FULL_WIDTH:
            return self._block
        leaves = self._kept.get(block)
        if leaves is None:
            leaves = split_tile(self._fetch_tile(block), FULL_WIDTH)
            if root_of(leaves) != self._read(TILE_HEIGHT, block):
                raise FalseError("tile-false", f"level-0 tile {block} differs from its entries")
            self._keep(block, leaves)
        return leaves

    def _keep(self, block: int, leaves: list[bytes]) -> None:
        self._kept[block] = leaves
        if len(self._kept) > KEPT_BLOCKS:
            self._kept.popitem(last=False)
