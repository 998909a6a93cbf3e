"""Sources: a folder and an HTTP server give the same log, in order, and say what is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.harness.log_server import Handler, Server
from tests.verifier.published import Log
from verifier.errors import MalformedError, UndecidedError
from verifier.policy import parse_policy
from verifier.sources import (
    BUNDLES_AHEAD,
    FolderSource,
    Source,
    read_bundles,
    read_entries,
)
from verifier.tiles import TileHashes
from verifier.tree import Frontier, leaf_hash, root_from

LOG = Log.of(700)
Answer = Callable[["Handler", bytes | None], None]


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_a_log_read_from_a_source_has_the_root_of_its_signed_checkpoint(
    opened: Callable[[str], Source],
    kind: str,
    folder: Path,
    server: Server,
    pool: ThreadPoolExecutor,
) -> None:
    """All 700 entries, and the tiles, lead to the root that the log signed."""
    source = opened(str(folder) if kind == "folder" else server.url)
    policy = parse_policy(f"log {LOG.key}\nquorum none\n".encode())
    checkpoint = policy.judge(source.checkpoint()).checkpoint
    entries = list(read_entries(source, 0, checkpoint.size, executor=pool))
    assert entries == list(enumerate(LOG.entries))
    frontier = Frontier()
    frontier.extend(leaf_hash(entry) for _, entry in entries)
    assert frontier.root() == checkpoint.root
    assert root_from(checkpoint.size, TileHashes(source, checkpoint.size)) == checkpoint.root


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (0, 0),
        (5, 5),
        (0, 1),
        (255, 257),
        (256, 512),
        (300, 301),
        (511, 700),
        (699, 700),
        (700, 700),
    ],
)
def test_any_run_of_entries_is_read_in_order(
    start: int, stop: int, folder: Path, pool: ThreadPoolExecutor
) -> None:
    """A run may begin and end inside a bundle; indices count from the start of the log."""
    source = FolderSource(folder)
    found = list(read_entries(source, start, stop, executor=pool, size=700))
    assert found == list(enumerate(LOG.entries))[start:stop]
    runs = list(read_bundles(source, start, stop, executor=pool, size=700))
    assert [e for first, run in runs for e in enumerate(run, first)] == found
    assert all(run for _, run in runs)


@pytest.mark.parametrize("numbers", [(-1, 5, 700), (6, 5, 700), (0, 701, 700)])
def test_a_run_outside_the_log_is_a_programming_error(
    numbers: tuple[int, int, int], folder: Path, pool: ThreadPoolExecutor
) -> None:
    """Nobody asks for entries that the size does not hold."""
    start, stop, size = numbers
    with pytest.raises(ValueError, match="cannot read"):
        list(read_entries(FolderSource(folder), start, stop, executor=pool, size=size))


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_a_partial_bundle_that_is_gone_is_read_from_the_full_one(
    opened: Callable[[str], Source],
    kind: str,
    folder: Path,
    server: Server,
    pool: ThreadPoolExecutor,
) -> None:
    """At size 400, never published, bundle 1 is the full one cut to 144 entries."""
    source = opened(str(folder) if kind == "folder" else server.url)
    assert dict(read_entries(source, 0, 400, executor=pool)) == dict(enumerate(LOG.entries[:400]))
    if kind == "http":
        assert server.asked["/log/tile/entries/001.p/144"] == 1
        assert server.asked["/log/tile/entries/001"] == 1


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_what_the_log_does_not_have_is_missing(
    opened: Callable[[str], Source],
    kind: str,
    folder: Path,
    server: Server,
    pool: ThreadPoolExecutor,
) -> None:
    """An absent tile or bundle is «could not decide» with the code that names it."""
    source = opened(str(folder) if kind == "folder" else server.url)
    for ask in (
        lambda: source.tile(0, 3, 256),
        lambda: source.entries(2, 3),
        lambda: list(read_entries(source, 0, 800, executor=pool)),
    ):
        with pytest.raises(UndecidedError) as caught:
            ask()
        assert caught.value.code == "source-missing"
    assert server.asked["/log/tile/0/003"] == (kind == "http")


def test_a_folder_that_cannot_be_read_is_not_missing(tmp_path: Path) -> None:
    """No folder, a folder where a file belongs, and a file beyond its ceiling are unreadable."""
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "tile" / "0").mkdir(parents=True)
    (tmp_path / "tile" / "0" / "000").write_bytes(bytes(8_193))
    source = FolderSource(tmp_path)
    for ask in (
        source.checkpoint,
        lambda: source.tile(0, 0, 256),
        lambda: FolderSource(tmp_path / "nothing"),
        lambda: FolderSource(tmp_path / "tile" / "0" / "000"),
    ):
        with pytest.raises(UndecidedError) as caught:
            ask()
        assert caught.value.code == "source-unreadable"


def test_a_wrongly_framed_bundle_is_malformed(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """The error of the parser comes through the threads to the reader."""
    Log.of(3).publish(tmp_path)
    file = tmp_path / "tile" / "entries" / "000.p" / "3"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(MalformedError) as caught:
        list(read_entries(FolderSource(tmp_path), 0, 3, executor=pool))
    assert caught.value.code == "tile-malformed"


class Slow:
    """A source of endless bundles that counts how many were begun."""

    name = "slow"

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.gate = threading.Event()

    def entries(self, n: int, width: int) -> bytes:
        """Returns a bundle of empty entries, the first only once the gate is open."""
        self.begun.append(n)
        if n == 0:
            self.gate.wait(10)
        return bytes(2 * width)


def test_bundles_are_fetched_ahead_but_not_without_bound() -> None:
    """While the first bundle is awaited, at most eight are under way, and they come in order."""
    source = Slow()
    with ThreadPoolExecutor(16) as pool:
        runs = read_bundles(source, 0, 100 * 256, executor=pool)  # type: ignore[arg-type]
        first = pool.submit(next, runs)
        for _ in range(5_000):
            if len(source.begun) == BUNDLES_AHEAD:
                break
            time.sleep(0.001)
        time.sleep(0.05)  # time enough to begin a ninth, if it would
        assert sorted(source.begun) == list(range(BUNDLES_AHEAD))
        source.gate.set()
        assert first.result()[0] == 0
        assert [start for start, _ in runs] == [256 * n for n in range(1, 100)]
        assert sorted(source.begun) == list(range(100))


def test_a_reader_that_stops_leaves_nothing_queued() -> None:
    """Closing the iterator cancels what was not begun."""
    source = Slow()
    source.gate.set()
    with ThreadPoolExecutor(1) as pool:
        runs = read_bundles(source, 0, 100 * 256, executor=pool)  # type: ignore[arg-type]
        next(runs)
        runs.close()
    assert len(source.begun) <= BUNDLES_AHEAD + 1
