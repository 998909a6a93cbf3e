"""A copy of somebody else's log that nobody has to believe: verified before it moves on.

Rules:

1. A checkpoint counts only if the trust policy accepts it, and the policy never comes from the log.
   A ledger id that the policy pins must be the id of entry 0.
2. Of the log itself only entries are taken. Tiles are grown here from the entries, so the root that
   they lead to says whether these are the entries that the log signed.
3. The copy's checkpoint moves last, once that root is the checkpoint's own and the tree that was
   copied before is a beginning of it. A log that lost or changed anything leaves the copy where it
   was: the copy is evidence, and ``pledgebook-verify compare`` makes a proof of it.
4. Attachments are copied if they have their name's hash, and erased where the log says so.
5. Whatever stops the work, the next run goes on from the copy's checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.errors import LedgerError
from ledger.static import CHECKPOINT, attachments, published, sync_folder, write_durably
from verifier.errors import FalseError
from verifier.policy import Policy
from verifier.sources import FolderSource, Source
from verifier.tiles import (
    FULL_WIDTH,
    Tile,
    TileHashes,
    bundles_at,
    decode_bundle,
    split_tile,
    tiles_at,
)
from verifier.tree import leaf_hash, root_from, root_of

__all__ = ["mirror"]

TELL_EVERY: Final = 64  # bundles: some 16,000 entries


def mirror(
    source: Source, folder: Path, policy: Policy, *,
    tell: Callable[[int, int], None] | None = None,
) -> tuple[int, int]:  # fmt: skip
    """Bring a verified copy up to a log's checkpoint; return the sizes before and after.

    *tell* is told how many entries are copied, of how many. Durability: when this returns, the copy
    survives a power cut. Idempotent.

    Raises:
        LedgerError: code ``publish-fork``; the checkpoint is no later one of the log copied here.
        FalseError: code ``proof-false``; the entries are not those that the log signed.
        PolicyError, MalformedError: the policy does not accept the checkpoint.
        UndecidedError: the log does not serve what its checkpoint covers.
    """
    note = source.checkpoint()
    target = policy.judge(note).checkpoint
    before = published(folder)
    since = 0 if before is None else before.size
    if before is not None and (before.origin != target.origin or since > target.size):
        reason = f"the copy has {since} entries of {before.origin}; the log now shows {target.size}"
        raise LedgerError("publish-fork", reason)
    folder.mkdir(parents=True, exist_ok=True)
    touched = _copy_entries(source, folder, since, target.size, policy, tell)
    copy = FolderSource(folder)
    for tile in tiles_at(target.size, since=since):
        if tile.level:
            touched.add(write_durably(folder / tile.path, _grown(copy, tile)))
    read = TileHashes(copy, target.size)
    if before is not None and root_from(since, read) != before.root:
        reason = f"the log is not the one of whose {since} entries this is a copy"
        raise LedgerError("publish-fork", reason)
    if root_from(target.size, read) != target.root:
        reason = f"the {target.size} entries do not lead to the root that the log signed"
        raise FalseError("proof-false", reason)
    attachments(source, folder, target.size, since)
    for made in touched:
        sync_folder(made)
    write_durably(folder / CHECKPOINT, note)
    sync_folder(folder)
    return since, target.size


def _copy_entries(
    source: Source, folder: Path, since: int, size: int, policy: Policy,
    tell: Callable[[int, int], None] | None,
) -> set[Path]:  # fmt: skip
    """Write the bundles that the copy has not, and the level-0 tiles that they lead to."""
    touched: set[Path] = set()
    for count, bundle in enumerate(bundles_at(size, since=since)):
        data = source.entries(bundle.n, bundle.width)
        leaves = [leaf_hash(entry) for entry in decode_bundle(data, bundle.width)]
        if bundle.n == 0 and policy.ledger not in (None, leaves[0]):
            raise FalseError("proof-false", "the log is not the ledger that the policy pins")
        touched.add(write_durably(folder / bundle.path, data))
        tile = Tile(0, bundle.n, bundle.width)
        touched.add(write_durably(folder / tile.path, b"".join(leaves)))
        if tell is not None and count % TELL_EVERY == 0:
            tell(bundle.n * FULL_WIDTH + bundle.width, size)
    return touched


def _grown(copy: Source, tile: Tile) -> bytes:
    """Return the bytes of a tile above level 0 from the full tiles below it."""
    first, below = tile.n * FULL_WIDTH, tile.level - 1
    full = (copy.tile(below, first + i, FULL_WIDTH) for i in range(tile.width))
    return b"".join(root_of(split_tile(data, FULL_WIDTH)) for data in full)
