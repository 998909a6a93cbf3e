"""The right edge of the stored tree: the hashes that do not fill a tile yet.

Rules:

1. A tile is stored once, when its 256 hashes are complete, together with the hash over them. Until
   then its hashes are kept here, so nothing that is stored is ever rewritten.
2. Levels are tile levels (C2SP tlog-tiles): level L holds subtrees of 256**L leaves.
3. A committed edge is never changed: whoever extends it extends a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from verifier.tiles import FULL_WIDTH
from verifier.tree import root_of

__all__ = ["Edge", "FullTile"]


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
