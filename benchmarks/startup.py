"""How long ``pledgebook-verify --help`` takes: what a newcomer waits for first."""

from __future__ import annotations

import statistics

from benchmarks.figures import Figure, Report, at_most
from benchmarks.processes import run

__all__ = ["startup"]

ROUNDS = 9
MOST_MS = 150


def startup(report: Report) -> None:
    """Measure the time from the start of the process to its end."""
    run(["verifier", "--help"])  # writes the compiled files
    took = statistics.median(run(["verifier", "--help"]).seconds for _ in range(ROUNDS))
    report.add([Figure("pledgebook-verify --help", took * 1e3, "ms", goal=at_most(MOST_MS))])
