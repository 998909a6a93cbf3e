"""Writing a log as static files, so that any file server can publish it (C2SP tlog-tiles).

1. Only what is new since the folder's own checkpoint is written; a tile is never rewritten.
2. Each file is written beside its place, made durable and renamed, so that a reader sees all of it
   or none.
3. The checkpoint comes last. If the work stops before that, the folder still is the log it was; the
   next run does the same again.
4. The folder's checkpoint must be a beginning of the log; otherwise nothing is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.errors import LedgerError
from verifier.note import Checkpoint, parse_note
from verifier.sources import Source
from verifier.tiles import TileHashes, bundles_at, tiles_at
from verifier.tree import root_from

__all__ = ["publish"]

CHECKPOINT: Final = "checkpoint"
MAX_NOTE_BYTES: Final = 1 << 20


def publish(source: Source, folder: Path) -> tuple[int, int]:
    """Bring a folder up to a log's checkpoint; return the sizes before and after.

    Durability: when this returns, the folder survives a power cut. Idempotent.

    Raises:
        LedgerError: code ``publish-fork``; the folder holds another log.
        UndecidedError: the source does not serve what its checkpoint covers.
    """
    note = source.checkpoint()
    target = Checkpoint.parse(parse_note(note).text)
    before = _published(folder)
    if before is not None:
        _require_beginning(source, before, target)
    since = 0 if before is None else before.size
    folders: set[Path] = set()
    for path, data in _new_files(source, target.size, since):
        folders.add(_write(folder / path, data))
    for made in folders:
        _sync(made)
    # Everything the checkpoint covers can be read. If we stop here, the old one still stands.
    _write(folder / CHECKPOINT, note)
    _sync(folder)
    return since, target.size


def _new_files(source: Source, size: int, since: int) -> Iterator[tuple[str, bytes]]:
    for bundle in bundles_at(size, since=since):
        yield bundle.path, source.entries(bundle.n, bundle.width)
    for tile in tiles_at(size, since=since):
        yield tile.path, source.tile(tile.level, tile.n, tile.width)


def _published(folder: Path) -> Checkpoint | None:
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    with path.open("rb") as file:
        return Checkpoint.parse(parse_note(file.read(MAX_NOTE_BYTES)).text)


def _require_beginning(source: Source, before: Checkpoint, target: Checkpoint) -> None:
    same = before.origin == target.origin and before.size <= target.size
    if not same or root_from(before.size, TileHashes(source, target.size)) != before.root:
        reason = f"the folder holds {before.origin} at size {before.size}, which this log is not"
        raise LedgerError("publish-fork", reason)


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return path.parent


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
