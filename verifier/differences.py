"""Why a root is false: which entries were changed, removed, inserted or moved.

Pure diagnosis, after the checks: it can make a verdict clearer, never better. The log's own tiles
are used here only when they hash to the signed checkpoint, so they are what the log committed to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verifier.errors import MalformedError, PledgebookError
from verifier.note import Checkpoint, parse_note
from verifier.sources import Source
from verifier.tiles import TileHashes
from verifier.tree import root_from

__all__ = ["Difference", "checkpoint_of", "differences", "root_of_tiles", "split_bundle"]

Difference = tuple[int, bytes, bytes]
"""An index, the leaf that the log committed to there, and the leaf of the entry served there."""


def checkpoint_of(note: bytes) -> Checkpoint | None:
    """Return what a note says, whoever signed it; nothing if it is not a checkpoint."""
    try:
        return Checkpoint.parse(parse_note(note).text)
    except MalformedError:
        return None


def split_bundle(data: bytes, width: int) -> list[bytes]:
    """Split a bundle into at most ``width`` entries, as far as its framing goes."""
    entries: list[bytes] = []
    at = 0
    while len(entries) < width and at + 2 <= len(data):
        stop = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if stop > len(data):
            break
        entries.append(data[at + 2 : stop])
        at = stop
    return entries


def root_of_tiles(source: Source, size: int) -> bytes | None:
    """Return the root that the published tiles have, if they can be read."""
    try:
        return root_from(size, TileHashes(source, size))
    except PledgebookError:
        return None


def differences(found: Sequence[Difference]) -> Iterator[tuple[str, str, int]]:
    """Yield (code, reason, index) for what happened to the leaves that differ."""
    if not found:
        return
    first = found[0][0]
    committed = [leaf for _, leaf, _ in found if leaf]
    served = [leaf for _, _, leaf in found if leaf]
    if sorted(committed) == sorted(served):
        places = ", ".join(str(index) for index, _, _ in found[:6])
        yield "entries-swapped", f"the entries at {places} stand in another order", first
    elif len(served) < len(committed) and _follows(served, committed):
        yield "entry-removed", f"the entry committed to at index {first} is gone", first
    elif _follows(committed[:-1], served) or _follows(committed, served):
        yield "entry-inserted", f"the entry at index {first} was never committed to", first
    else:
        for index, _, leaf in found[:20]:
            if leaf:
                yield "entry-changed", f"the entry at index {index} is another", index


def _follows(short: Sequence[bytes], long: Sequence[bytes]) -> bool:
    """Say whether one run of leaves is the other with a leaf taken out at its beginning."""
    return len(long) > 1 and list(long[1 : 1 + len(short)]) == list(short) and bool(short)
