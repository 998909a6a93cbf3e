"""The full audit: ``pledgebook-verify`` as a process of its own, against VN."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Sequence
from itertools import pairwise

from benchmarks import limits
from benchmarks.dataset import Dataset, dataset
from benchmarks.figures import Figure, Goal, Report, at_least, at_most
from benchmarks.processes import Run, run
from benchmarks.stages import stages

__all__ = ["audit"]

GOALS = {"sodium": at_least(0.85, stretch=1.0), "openssl": at_least(0.60, stretch=0.7)}
MOST_GROWTH = 11  # t(1M) / t(100k)
MOST_MIB = 200  # besides what the subjects need


def audit(report: Report, sizes: Sequence[int], *, rounds: int) -> None:
    """Measure the audit at some sizes with both engines; the largest is judged."""
    seconds: dict[tuple[str, int], float] = {}
    memory: dict[int, tuple[float, int]] = {}
    for size in sizes:
        log = dataset(size)
        for engine, goal in GOALS.items():
            figures, took, main_mib = _measure(log, engine, goal, rounds, judged=size == sizes[-1])
            report.add(figures)
            seconds[engine, size] = took
            memory[size] = main_mib, log.subjects
    for engine in GOALS:
        for small, large in pairwise(sizes):
            ratio = seconds[engine, large] / seconds[engine, small]
            what = f"audit, {engine}: t({large:,}) / t({small:,})"
            report.add([Figure(what, ratio, "times", goal=at_most(MOST_GROWTH),
                               judged=large == 10 * small)])  # fmt: skip
    report.add(_memory(memory))
    figures, budget = stages(dataset(sizes[min(1, len(sizes) - 1)]))
    report.add(figures)
    report.budget("audit, one core, undivided", budget)


def _measure(
    log: Dataset, engine: str, goal: Goal, rounds: int, *, judged: bool
) -> tuple[list[Figure], float, float]:
    """Audit a log some times, VN before and after each; return figures, seconds, MiB."""
    command = ["verifier", "audit", str(log.folder), "--policy", str(log.policy),
               "--engine", engine, "--json"]  # fmt: skip
    runs: list[Run] = []
    ratios: list[float] = []
    before = undisturbed = limits.verify_rate()
    for _ in range(rounds):
        done = run(command)
        after = limits.verify_rate()
        verdict = json.loads(done.output.splitlines()[-1])
        if done.exit or verdict["checked"]["signatures"] != log.size:
            raise RuntimeError(f"the audit of {log.folder} did not verify: {done.output[-500:]}")
        limit = (before + after) / 2
        runs.append(done)
        ratios.append(log.size / done.seconds / limit)
        undisturbed = max(undisturbed, after)
        before = after
    took = statistics.median(done.seconds for done in runs)
    processor = statistics.median(done.processor_s for done in runs) / log.size * 1e6
    free = (os.cpu_count() or 1) * 1e6 / processor / undisturbed
    cores = statistics.median(done.processor_s / done.seconds for done in runs)
    tree = max(done.peak_tree_mib for done in runs)
    main = max(done.peak_main_mib for done in runs)
    what = f"audit of {log.size:,} events, {engine}"
    return [
        Figure(what, log.size / took, "events/s", statistics.median(ratios), "VN", goal,
               judged=judged),
        Figure(
            f"{what}: processor time", processor, "µs/event", free, "VN",
            remark=f"the ratio to the best VN, with every core to itself; it had {cores:.2f}",
        ),
        Figure(f"{what}: peak memory, all processes", tree, "MiB",
               remark=f"{main:.0f} MiB of it where the rules run"),
    ], took, main  # fmt: skip


def _memory(memory: dict[int, tuple[float, int]]) -> list[Figure]:
    """Tell apart what grows with the subjects from what does not."""
    (small_mib, few), (large_mib, many) = memory[min(memory)], memory[max(memory)]
    if few == many:
        return []
    each = (large_mib - small_mib) / (many - few)
    return [
        Figure("audit: memory for each subject", each * 1024, "KiB",
               remark=f"{many:,} subjects at {max(memory):,} events"),
        Figure("audit: memory besides the subjects", large_mib - each * many, "MiB",
               goal=at_most(MOST_MIB)),
    ]  # fmt: skip
