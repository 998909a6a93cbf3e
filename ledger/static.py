"""Writing a log as static files, so that any file server can publish it (C2SP tlog-tiles).

1. Only what is new since the folder's own checkpoint is written; a tile is never rewritten.
2. Each file is written beside its place, made durable and renamed, so that a reader sees all of it
   or none.
3. The checkpoint comes last. If the work stops before that, the folder still is the log it was; the
   next run does the same again.
4. The folder's checkpoint must be a beginning of the log; otherwise nothing is written.
5. Attachments that the entries refer to lie below ``blobs/``, as far as the log serves them; those
   that it does not are listed in ``blobs/awaited`` and asked for again. What an entry erases is
   deleted before the checkpoint that covers it is in place, so that no crash leaves it here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.errors import LedgerError
from verifier.blob import blob_path, content_of
from verifier.errors import FalseError, PledgebookError, UndecidedError
from verifier.event import parse
from verifier.note import Checkpoint, parse_note
from verifier.rules import admission
from verifier.rules.erasure import ErasureRecorded
from verifier.rules.references import blobs_of
from verifier.sources import Source
from verifier.tiles import TileHashes, bundles_at, decode_bundle, tiles_at
from verifier.tree import root_from

__all__ = [
    "CHECKPOINT",
    "attachments",
    "publish",
    "published",
    "sync_folder",
    "write_durably",
]

CHECKPOINT: Final = "checkpoint"
AWAITED: Final = "blobs/awaited"
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
    before = published(folder)
    if before is not None:
        _require_beginning(source, before, target)
    since = 0 if before is None else before.size
    folders: set[Path] = set()
    for path, data in _new_files(source, target.size, since):
        folders.add(write_durably(folder / path, data))
    attachments(source, folder, target.size, since)
    for made in folders:
        sync_folder(made)
    # Everything the checkpoint covers can be read. If we stop here, the old one still stands.
    write_durably(folder / CHECKPOINT, note)
    sync_folder(folder)
    return since, target.size


def _new_files(source: Source, size: int, since: int) -> Iterator[tuple[str, bytes]]:
    for bundle in bundles_at(size, since=since):
        yield bundle.path, source.entries(bundle.n, bundle.width)
    for tile in tiles_at(size, since=since):
        yield tile.path, source.tile(tile.level, tile.n, tile.width)


def attachments(source: Source, folder: Path, size: int, since: int) -> None:
    """Write what new entries refer to, and what was awaited; delete what they erase (rule 5)."""
    awaited, erased = _awaited(folder), list[bytes]()
    for bundle in bundles_at(size, since=since):
        for raw in decode_bundle(source.entries(bundle.n, bundle.width), bundle.width):
            try:
                body = admission.read_body(parse(raw))
            except PledgebookError:
                continue  # an auditor tells; here it only names no attachment
            if isinstance(body, ErasureRecorded):
                erased += body.blobs
            else:
                awaited |= dict.fromkeys(blobs_of(body))
    for name in erased:
        awaited.pop(name, None)
        (folder / blob_path(name)).unlink(missing_ok=True)
    missing = [name for name in awaited if not _fetched(source, folder, name)]
    if missing or (folder / AWAITED).exists():
        write_durably(folder / AWAITED, b"".join(b"%b\n" % name.hex().encode() for name in missing))


def _awaited(folder: Path) -> dict[bytes, None]:
    try:
        lines = (folder / AWAITED).read_text("ascii").split()
    except FileNotFoundError:
        return {}
    return dict.fromkeys(map(bytes.fromhex, lines))


def _fetched(source: Source, folder: Path, name: bytes) -> bool:
    """Write an attachment if the log serves it; what does not have its name is not published."""
    path = folder / blob_path(name)
    if path.exists():
        return True
    try:
        stored = source.blob(name)
        content_of(name, stored)
    except (UndecidedError, FalseError):
        return False
    sync_folder(write_durably(path, stored))
    return True


def published(folder: Path) -> Checkpoint | None:
    """Return the checkpoint of a published folder, if it has one."""
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


def write_durably(path: Path, data: bytes) -> Path:
    """Put a file in its place, whole and durable but for its name; return its folder (rule 2)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return path.parent


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
