"""Reading a log for an audit: bundles and the tiles beside them, ahead of the rules."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final

from verifier import differences, tiles
from verifier.errors import UndecidedError
from verifier.sources import Source
from verifier.tree import HASH_BYTES

__all__ = ["Read", "published_tile", "read_ahead"]

Read = tuple[tiles.Bundle, list[bytes], bytes, int]
"""A bundle's place, its entries, the level-0 tile beside it, and the bytes after its last entry."""

BUNDLES_AHEAD: Final = 8  # read while earlier ones are judged; at most 4 connections fetch them


def read_ahead(source: Source, size: int, *, since: int = 0) -> Iterator[Read]:
    """Yield the bundles of a log of *size*, from the one that holds entry *since* on."""
    with ThreadPoolExecutor(4, thread_name_prefix="read") as readers:
        waiting: deque[Future[Read]] = deque()
        for place in tiles.bundles_at(size, since=since):
            waiting.append(readers.submit(_fetch, source, place))
            if len(waiting) >= BUNDLES_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def published_tile(source: Source, tile: tiles.Tile) -> bytes | None:
    """Return a published tile, cut to its width where the full one has taken its place."""
    data, width = _published(partial(source.tile, tile.level, tile.n), tile.width)
    if data is not None and len(data) == width * HASH_BYTES:
        return data[: tile.width * HASH_BYTES]
    return data


def _fetch(source: Source, place: tiles.Bundle) -> Read:
    data, width = _published(partial(source.entries, place.n), place.width)
    raws = differences.split_bundle(data or b"", width)
    excess = len(data or b"") - sum(2 + len(raw) for raw in raws) if len(raws) == width else 0
    tile = published_tile(source, tiles.Tile(0, place.n, place.width)) or b""
    return place, raws[: place.width], tile, excess


def _published(ask: Callable[[int], bytes], width: int) -> tuple[bytes | None, int]:
    """Return what is published at a width, or else at the full width, and which (tiles, rule 5)."""
    for asked in dict.fromkeys((width, tiles.FULL_WIDTH)):
        try:
            return ask(asked), asked
        except UndecidedError as error:
            if error.code != "source-missing":
                raise
    return None, width
