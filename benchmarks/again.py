"""The audit that goes on: what 1000 new events cost an auditor who has audited all before."""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import world
from benchmarks.author import key_of
from benchmarks.dataset import LOG_KEY, Dataset, dataset
from benchmarks.figures import Figure, Report, at_most
from benchmarks.processes import Run, run
from verifier import note
from verifier.sources import open_source
from verifier.tiles import TileHashes, tile_bytes, tiles_at
from verifier.tree import root_from

__all__ = ["again"]

NEW = 1_000
MOST = 1.5  # times a cold audit of as many events


def again(report: Report, sizes: Sequence[int], *, rounds: int) -> None:
    """Measure for some sizes N an audit of N + 1000 that goes on from N; the largest is judged.

    Cold and going on take turns, so that both have what else the machine does.
    """
    alone = dataset(NEW)
    for size in sizes:
        log = dataset(size)
        with tempfile.TemporaryDirectory() as folder:
            state = Path(folder) / "state"
            before = Dataset(_shorter(log, size - NEW, Path(folder) / "log"), size - NEW)
            first = run(_command(before, state))
            _require(first.exit == 0, first.output)
            pairs = [(_run(alone, None), _run(log, state)) for _ in range(max(rounds, 5))]
            kept_mib = state.stat().st_size / 2**20
        cold, took = (
            statistics.median(one.seconds for one in runs) for runs in zip(*pairs, strict=True)
        )
        busy = [
            statistics.median(one.processor_s for one in runs) for runs in zip(*pairs, strict=True)
        ]
        also = f"cold {cold * 1000:.0f} ms; processor time {busy[1] / busy[0]:.2f} times"
        what = f"audit of {size - NEW:,} + {NEW:,} events, going on"
        report.add([
            Figure(what, took * 1000, "ms", took / cold, f"cold {NEW}", at_most(MOST),
                   judged=size == sizes[-1],
                   remark=also),
            Figure(f"{what}: state file", kept_mib, "MiB"),
            Figure(f"{what}: the first audit, which remembers", first.seconds, "s"),
        ])  # fmt: skip


def _command(log: Dataset, state: Path | None) -> list[str]:
    since = ["--since", str(state)] if state is not None else []
    return ["verifier", "audit", str(log.folder), "--policy", str(log.policy), "--json", *since]


def _run(log: Dataset, state: Path | None) -> Run:
    """Audit once, from a copy of the state file."""
    copy = None if state is None else state.with_name("copy")
    if state is not None and copy is not None:
        shutil.copyfile(state, copy)
    done = run(_command(log, copy))
    _require(done.exit == 0, done.output)
    verdict = json.loads(done.output.splitlines()[-1])
    _require(verdict["checked"]["signatures"] == log.size, done.output)
    return done


def _require(true: bool, output: str) -> None:  # noqa: FBT001
    if not true:
        raise RuntimeError(f"an audit did not end as it should: {output[-500:]}")


def _shorter(log: Dataset, size: int, folder: Path) -> Path:
    """Return a folder with the same log as it was at a smaller size."""
    (folder / "tile").mkdir(parents=True)
    for name in ("entries", "0"):
        (folder / "tile" / name).symlink_to(log.folder / "tile" / name)
    hashes = TileHashes(open_source(str(log.folder)), log.size)
    for tile in tiles_at(size):
        if tile.level:
            (folder / tile.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / tile.path).write_bytes(tile_bytes(tile, hashes))
    (folder / "policy.txt").write_bytes(log.policy.read_bytes())
    key = key_of(LOG_KEY)
    text = note.Checkpoint(world.ORIGIN, size, root_from(size, hashes)).text()
    vkey = note.VerifierKey(world.ORIGIN, note.ED25519, key.public)
    line = note.ed25519_line(vkey, text, sign=key.private.sign)
    (folder / "checkpoint").write_bytes(note.format_note(text, [line]))
    return folder
