"""Rebuilding the views from a published log, against fetching and decoding alone."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import limits
from benchmarks.dataset import CACHE, Dataset, dataset
from benchmarks.figures import Figure, Report, at_least
from projections.feed import Feed
from projections.runner import Runner
from projections.views import VIEWS
from verifier.policy import parse_policy
from verifier.sources import FolderSource

__all__ = ["rebuild"]

GOAL = at_least(0.30)
DETAIL = "subject"  # the view with one row for each event
SAMPLE = 50_000  # events of D


def rebuild(report: Report, sizes: list[int], *, rounds: int) -> None:
    """Measure a rebuild of every view at some sizes; the view with a detail table is judged."""
    for size in sizes:
        log = dataset(size)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            report.add(_measure(log, Path(folder), rounds, judged=size == sizes[-1]))


def _measure(log: Dataset, folder: Path, rounds: int, *, judged: bool) -> list[Figure]:
    raws = log.raws(SAMPLE)
    figures = []
    with ThreadPoolExecutor(2) as executor:
        policy = parse_policy(log.policy.read_bytes())
        feed = Feed(FolderSource(log.folder), policy=policy, executor=executor)
        runner = Runner(feed, folder / "views", VIEWS)
        try:
            runner.catch_up()
            for view in VIEWS:
                decode = limits.decode_rate(raws, folder)
                rate = limits.median_of(lambda name=view.NAME: _once(runner, name, log), rounds)  # type: ignore[misc]
                decode = (decode + limits.decode_rate(raws, folder)) / 2
                figures.append(
                    Figure(f"rebuild of the {view.NAME} view, {log.size:,} events", rate,
                           "events/s", rate / decode, "D", GOAL if view.NAME == DETAIL else None,
                           judged=judged)
                )  # fmt: skip
        finally:
            runner.close()
    return [*figures, Figure("D: fetch and decode", decode, "events/s")]


def _once(runner: Runner, view: str, log: Dataset) -> float:
    began = time.perf_counter()
    runner.rebuild(view)
    rate = log.size / (time.perf_counter() - began)
    with runner.reading(view) as (_, stand):
        if stand.position != log.size:
            raise RuntimeError(f"the {view} view stands at {stand.position} of {log.size}")
    return rate
