"""Published logs of a given size: realistic, admissible, signed; written once and kept.

A log is four years of many partnerships and imported participants, interleaved as a registry would
see them. It is kept in a temporary folder under a name that changes with this code, so that a run
measures and does not write. One million events take some two minutes and 1.3 GB.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path

from benchmarks import author, world
from benchmarks.author import Pen, Statement, key_of
from verifier import note, tiles
from verifier.event import Event
from verifier.tree import node_hash, root_of

__all__ = ["CACHE", "Dataset", "dataset", "events", "policy_of"]

CACHE = Path(os.environ.get("PLEDGEBOOK_BENCH_CACHE", tempfile.gettempdir())) / "pledgebook-bench"
LOG_KEY = "log"
ABREAST = 16  # partnerships whose events interleave
PER_PAIR = 75  # events of a partnership and an imported participant in four years, less one
OPENING = 460  # events before the first partnership
CAST = 200  # subjects that are actors


class Dataset:
    """A published log: its folder, its trust policy, its size."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self.policy = folder / "policy.txt"
        self.subjects = 2 * _pairs(size) + CAST

    def raws(self, limit: int | None = None) -> list[bytes]:
        """Return its events, or the first *limit* of them."""
        found: list[bytes] = []
        for bundle in tiles.bundles_at(self.size):
            data = (self.folder / bundle.path).read_bytes()
            found += tiles.decode_bundle(data, bundle.width)
            if limit is not None and len(found) >= limit:
                return found[:limit]
        return found


def dataset(size: int) -> Dataset:
    """Return the log of a size, written anew if this code has changed."""
    folder = CACHE / f"{_version()}-{size}"
    if not (folder / "checkpoint").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        for stale in CACHE.glob(f"*-{size}"):
            shutil.rmtree(stale)
        with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
            publish(Path(fresh), size)
            shutil.move(fresh, folder)
            Path(fresh).mkdir()
    return Dataset(folder, size)


def policy_of(log_key: bytes, ledger: bytes) -> str:
    """Return the trust policy of a benchmark's log."""
    vkey = note.VerifierKey(world.ORIGIN, note.ED25519, log_key)
    return f"# pledgebook-ledger: {ledger.hex()}\nlog {vkey}\nquorum none\n"


def _version() -> str:
    sources = (Path(author.__file__), Path(world.__file__), Path(__file__), world.GUIDELINES)
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def events(pen: Pen, size: int, *, log_key: bytes) -> Iterator[Event]:
    """Yield *size* signed events in the order of the log."""
    return islice(_events(pen, size, log_key), size)


def _events(pen: Pen, size: int, log_key: bytes) -> Iterator[Event]:
    for at, statement in enumerate(world.opening(pen, log_key=log_key)):
        yield pen.write(statement, at=world.START + at // 100)
    pairs = _pairs(size)
    for year in range(4):
        for first in range(0, pairs, ABREAST):
            now = world.START + 86_400 + year * world.YEAR_S + world.YEAR_S * first // pairs
            numbers = range(first, min(first + ABREAST, pairs))
            for at, statement in enumerate(_abreast(pen, numbers, year, now)):
                yield pen.write(statement, at=now + at // 100)


def _pairs(size: int) -> int:
    """Return how many partnerships, and as many imported participants, a log of a size has."""
    return max(1, -(-(size - OPENING) // PER_PAIR))


def _abreast(pen: Pen, numbers: range, year: int, now: int) -> Iterator[Statement]:
    """Yield the statements of some partnerships and participants, one of each in turn."""
    running = [world.year_of(pen, world.member(n), year, now) for n in numbers]
    running += [world.import_year(pen, n, year, now) for n in numbers]
    for turn in zip_longest(*running):
        yield from (statement for statement in turn if statement is not None)


def publish(folder: Path, size: int) -> None:
    """Write the log of a size as static tiles, entries, a checkpoint and a trust policy."""
    key, pen = key_of(LOG_KEY), Pen()
    rows: list[list[bytes]] = []
    first = b""
    stream = events(pen, size, log_key=key.public)
    for n in range(-(-size // tiles.FULL_WIDTH)):
        span = list(islice(stream, tiles.FULL_WIDTH))
        first = first or span[0].id
        bundle = tiles.Bundle(n, len(span))
        _write(folder / bundle.path, tiles.encode_bundle([event.raw for event in span]))
        leaves = [event.id for event in span]
        _write(folder / tiles.Tile(0, n, len(span)).path, b"".join(leaves))
        if len(span) == tiles.FULL_WIDTH:
            _add(rows, root_of(leaves))
    for tile in tiles.tiles_at(size):
        if tile.level:
            data = tiles.tile_bytes(tile, lambda level, i: rows[level - tiles.TILE_HEIGHT][i])
            _write(folder / tile.path, data)
    text = note.Checkpoint(world.ORIGIN, size, pen.frontier.root()).text()
    vkey = note.VerifierKey(world.ORIGIN, note.ED25519, key.public)
    line = note.ed25519_line(vkey, text, sign=key.private.sign)
    _write(folder / "policy.txt", policy_of(key.public, first).encode())
    _write(folder / "checkpoint", note.format_note(text, [line]))


def _add(rows: list[list[bytes]], node: bytes) -> None:
    """Append a node to the lowest row and complete the rows above it."""
    for row in rows:
        row.append(node)
        if len(row) % 2:
            return
        node = node_hash(row[-2], node)
    rows.append([node])


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
