"""The tree beside the stored tiles: its right edge, and its roots at any size.

Rules:

1. A tile is stored once, when its 256 hashes are complete, together with the hash over them. Until
   then its hashes are kept here, so nothing that is stored is ever rewritten.
2. Levels are tile levels (C2SP tlog-tiles): level L holds subtrees of 256**L leaves.
3. A committed edge is never changed: whoever extends it extends a copy.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from verifier.tiles import FULL_WIDTH, TileHashes, TileSource
from verifier.tree import Frontier, root_from, root_of

__all__ = ["Edge", "FullTile", "GrownLog", "Roots"]

KNOWN_ROOTS: Final = 4_096  # roots remembered: more than an hour of checkpoints


class GrownLog(TileSource, Protocol):
    """What ``Roots`` needs of a recorder."""

    @property
    def size(self) -> int:
        """The committed size."""
        ...

    def frontier(self) -> Frontier:
        """Return a copy of the committed frontier."""
        ...


class FullTile(NamedTuple):
    """A completed tile, as it is stored."""

    level: int
    n: int
    hashes: bytes
    """256 hashes of 32 bytes, joined."""
    root: bytes
    """The hash over them: one hash of the level above."""


class Edge:
    """Per tile level: how many tiles are full, and the hashes after the last of them."""

    __slots__ = ("_full", "_rows")

    def __init__(self, rows: Sequence[Iterable[bytes]] = (), full: Sequence[int] = ()) -> None:
        self._rows = [list(row) for row in rows]
        self._full = list(full)

    def copy(self) -> Edge:
        """Return an independent copy."""
        return Edge(self._rows, self._full)

    def row(self, level: int) -> Sequence[bytes]:
        """Return the hashes after the last full tile of a level."""
        return self._rows[level] if level < len(self._rows) else ()

    def extend(self, hashes: Sequence[bytes], level: int = 0) -> list[FullTile]:
        """Append hashes to a level and return the tiles that this completes, lowest first."""
        if level == len(self._rows):
            self._rows.append([])
            self._full.append(0)
        row = self._rows[level]
        row.extend(hashes)
        done: list[FullTile] = []
        roots: list[bytes] = []
        while len(row) >= FULL_WIDTH:
            cut = row[:FULL_WIDTH]
            del row[:FULL_WIDTH]
            roots.append(root_of(cut))
            done.append(FullTile(level, self._full[level], b"".join(cut), roots[-1]))
            self._full[level] += 1
        return done + self.extend(roots, level + 1) if roots else done


class Roots:
    """The log's root at any size, up to what the open commit group assumes.

    Authors mostly have seen one of few recent checkpoints, so roots are remembered.
    """

    __slots__ = ("_ahead", "_frontier", "_known", "_leaves", "_log")

    def __init__(self, log: GrownLog) -> None:
        self._log = log
        self._known: OrderedDict[int, bytes] = OrderedDict()
        self._leaves: list[bytes] = []
        self._ahead: dict[int, bytes] = {}
        self._frontier: Frontier | None = None

    def assume(self, leaf: bytes) -> None:
        """Take a leaf as appended, until ``forget``."""
        self._leaves.append(leaf)

    def forget(self) -> None:
        """Forget what was assumed: it is committed now, or it failed."""
        self._leaves.clear()
        self._ahead.clear()
        self._frontier = None

    def at(self, size: int) -> bytes:
        """Return the root at a size; committed sizes from stored tiles, later ones from leaves."""
        if size > self._log.size:
            return self._at_assumed(size)
        found = self._known.get(size)
        if found is None:
            found = self._known[size] = root_from(size, TileHashes(self._log, size))
            if len(self._known) > KNOWN_ROOTS:
                self._known.popitem(last=False)
        return found

    def _at_assumed(self, size: int) -> bytes:
        found = self._ahead.get(size)
        if found is None:
            frontier = self._frontier
            if frontier is None or frontier.size > size:
                frontier = self._frontier = self._log.frontier()
            base = self._log.size
            frontier.extend(self._leaves[frontier.size - base : size - base])
            found = self._ahead[size] = frontier.root()
        return found
