"""Tiles and entry bundles: where they lie, which exist at a size, and their bytes.

Rules (C2SP tlog-tiles; normative text: ``docs/spec/log.md``):

1. A tile at ``tile/<L>/<N>[.p/<W>]`` holds the hashes of W subtrees of 256**L leaves each; it is
   full with 256 of them and then has no suffix. Bundles lie at ``tile/entries/<N>[.p/<W>]``.
2. N is written in groups of three digits, all but the last behind an ``x``; L and W are decimal
   without leading zeros. Any other spelling is no path at all.
3. At size s the last tile of level L is partial with ``(s >> 8L) & 255`` hashes; none is empty,
   and a partial tile is never hashed into the level above.
4. A bundle is, for each entry, its length as uint16be and its bytes; nothing follows the last.
5. A server may drop a partial tile or bundle once the full one exists. Readers then take the
   full one and use the part that the size covers.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from verifier.errors import MalformedError, UndecidedError
from verifier.tree import HASH_BYTES, Read, root_of

__all__ = [
    "FULL_WIDTH",
    "MAX_BUNDLE_BYTES",
    "MAX_ENTRY_BYTES",
    "MAX_TILE_BYTES",
    "Bundle",
    "Tile",
    "TileHashes",
    "TileSource",
    "bundle_at",
    "bundles_at",
    "decode_bundle",
    "encode_bundle",
    "parse_path",
    "split_tile",
    "tile_bytes",
    "tiles_at",
    "width_at",
]

FULL_WIDTH: Final = 256
TILE_HEIGHT: Final = 8  # levels of the tree that one tile spans
MAX_ENTRY_BYTES: Final = 65_535  # what uint16be can frame; events are held to 48,000 elsewhere
MAX_TILE_BYTES: Final = FULL_WIDTH * HASH_BYTES
MAX_BUNDLE_BYTES: Final = FULL_WIDTH * (2 + MAX_ENTRY_BYTES)
MAX_TILE_LEVEL: Final = 63  # tlog-tiles; a tree of 2**53 leaves uses levels 0 to 6
MAX_GROUPS: Final = 6  # groups of three digits: tile numbers to 10**18, beyond any size
CACHED_TILES: Final = 64  # 512 KiB; one proof touches at most seven tiles

_PATH: Final = re.compile(
    rb"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,%d}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z"
    % (MAX_GROUPS - 1)
)


@dataclass(frozen=True, slots=True)
class Tile:
    """The place of one hash tile: its level, its number in the level, its width in hashes."""

    level: int
    n: int
    width: int = FULL_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix (rule 2)."""
        return f"tile/{self.level}/{_number(self.n)}{_suffix(self.width)}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The place of one entry bundle: its number and its width in entries."""

    n: int
    width: int = FULL_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix (rule 2)."""
        return f"tile/entries/{_number(self.n)}{_suffix(self.width)}"


class TileSource(Protocol):
    """What ``TileHashes`` needs of a source of bytes."""

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the bytes of a tile.

        Raises:
            UndecidedError: code ``source-missing`` when the log does not serve it.
        """
        ...


def parse_path(path: str) -> Tile | Bundle:
    """Read a path such as ``tile/0/x001/234.p/56``, relative and without a leading slash.

    Raises:
        MalformedError: code ``tile-malformed``; rule 2.
    """
    match = _PATH.match(path.encode("ascii", "replace"))
    if match is None:
        raise MalformedError("tile-malformed", "not the path of a tile or an entry bundle")
    kind, digits, partial = match.groups()
    groups = digits.split(b"/")
    if len(groups) > 1 and groups[0] == b"x000":
        raise MalformedError("tile-malformed", "the tile number has a leading group of zeros")
    n = int(b"".join(group.removeprefix(b"x") for group in groups))
    width = int(partial) if partial else FULL_WIDTH
    if partial and width >= FULL_WIDTH:
        raise MalformedError("tile-malformed", f"a partial width is 1 to 255, not {width}")
    if kind == b"entries":
        return Bundle(n, width)
    if int(kind) > MAX_TILE_LEVEL:
        raise MalformedError("tile-malformed", f"a level is 0 to {MAX_TILE_LEVEL}")
    return Tile(int(kind), n, width)


def width_at(level: int, n: int, size: int) -> int:
    """Return the width of tile *n* of *level* at *size*, 0 when there is none (rule 3).

    Level 0 answers for entry bundles too.
    """
    return max(0, min(FULL_WIDTH, (size >> TILE_HEIGHT * level) - n * FULL_WIDTH))


def bundle_at(index: int, size: int) -> Bundle:
    """Return the bundle that holds entry *index* at *size*; the entry must exist."""
    n = index // FULL_WIDTH
    return Bundle(n, width_at(0, n, size))


def tiles_at(size: int, *, since: int = 0) -> Iterator[Tile]:
    """Yield the hash tiles of a tree of *size* that one of *since* did not have, level by level.

    What stays the same between the two sizes is left out: it is published already.
    """
    level = 0
    while (hashes := size >> TILE_HEIGHT * level) > 0:
        before = since >> TILE_HEIGHT * level
        if hashes > before:
            for n in range(before // FULL_WIDTH, -(-hashes // FULL_WIDTH)):
                yield Tile(level, n, min(FULL_WIDTH, hashes - n * FULL_WIDTH))
        level += 1


def bundles_at(size: int, *, since: int = 0) -> Iterator[Bundle]:
    """Yield the entry bundles of a tree of *size* that one of *since* did not have."""
    if size > since:
        for n in range(since // FULL_WIDTH, -(-size // FULL_WIDTH)):
            yield Bundle(n, min(FULL_WIDTH, size - n * FULL_WIDTH))


def tile_bytes(tile: Tile, read: Read) -> bytes:
    """Return the bytes of a tile from a tree's read port."""
    first = tile.n * FULL_WIDTH
    return b"".join(read(TILE_HEIGHT * tile.level, first + i) for i in range(tile.width))


def split_tile(data: bytes, width: int) -> list[bytes]:
    """Return the hashes of a tile of *width*.

    Raises:
        MalformedError: code ``tile-malformed``; any other length.
    """
    if len(data) != width * HASH_BYTES:
        raise MalformedError(
            "tile-malformed", f"a tile of width {width} has {width * HASH_BYTES} bytes, "
            f"not {len(data)}"
        )  # fmt: skip
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bytes of an entry bundle (rule 4).

    Raises:
        MalformedError: code ``tile-malformed``; an entry or the bundle is too large.
    """
    if not 1 <= len(entries) <= FULL_WIDTH:
        raise MalformedError("tile-malformed", f"a bundle has 1 to 256 entries, not {len(entries)}")
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise MalformedError("tile-malformed", f"an entry has more than {MAX_ENTRY_BYTES} bytes")
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry))


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle of *width*, in order.

    Raises:
        MalformedError: code ``tile-malformed``; truncated, or something follows the last entry.
    """
    entries: list[bytes] = []
    take = entries.append
    start = 0
    try:
        for _ in range(width):
            stop = start + 2 + (data[start] << 8 | data[start + 1])
            take(data[start + 2 : stop])
            start = stop
    except IndexError:
        raise MalformedError(
            "tile-malformed", f"a bundle of width {width} ends after {len(entries)} entries"
        ) from None
    if start != len(data):
        raise MalformedError("tile-malformed", f"{len(data)} bytes where {start} were framed")
    return entries


class TileHashes:
    """The read port of ``verifier.tree`` over the tiles of a source, at one size.

    The tiles are *not* checked here: whoever builds a proof or a root from them checks the
    result against a signed checkpoint. Tiles are cached, the least recently used dropped first.
    Not safe for several threads at once.
    """

    __slots__ = ("_cache", "_size", "_source")

    def __init__(self, source: TileSource, size: int) -> None:
        self._source = source
        self._size = size
        self._cache: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    def __call__(self, level: int, index: int) -> bytes:
        """Return the hash of subtree *index* of ``2**level`` leaves.

        Raises:
            MalformedError: the subtree is not complete at this size, or the tile has a wrong
                length (codes ``proof-malformed``, ``tile-malformed``).
            UndecidedError: the source has no such tile or cannot be read.
        """
        if index < 0 or index + 1 << level > self._size:
            raise MalformedError(
                "proof-malformed", f"no complete subtree ({level}, {index}) at size {self._size}"
            )
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        hashes = self._tile(tile_level, first // FULL_WIDTH)
        first %= FULL_WIDTH
        return root_of(hashes[first : first + (1 << height)])

    def _tile(self, level: int, n: int) -> list[bytes]:
        key = (level, n)
        hashes = self._cache.get(key)
        if hashes is None:
            hashes = self._fetch(level, n)
            self._cache[key] = hashes
            if len(self._cache) > CACHED_TILES:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return hashes

    def _fetch(self, level: int, n: int) -> list[bytes]:
        width = width_at(level, n, self._size)
        try:
            return split_tile(self._source.tile(level, n, width), width)
        except UndecidedError as error:
            if error.code != "source-missing" or width == FULL_WIDTH:
                raise
        full = self._source.tile(level, n, FULL_WIDTH)  # rule 5
        return split_tile(full, FULL_WIDTH)[:width]


def _number(n: int) -> str:
    groups = [f"{n % 1000:03d}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03d}")
    return "/".join(reversed(groups))


def _suffix(width: int) -> str:
    return "" if width == FULL_WIDTH else f".p/{width}"
