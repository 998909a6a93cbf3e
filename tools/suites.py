"""Runs every test suite, each in its own process, and prints the time used against its budget.

1. The suites are data (``SUITES``); together their markers cover every test exactly once.
2. A missing tool is a failure here, not a skip: ``PLEDGEBOOK_REQUIRE_TOOLS=1`` is set for all.
3. A suite fails when pytest fails or when the suite is stopped at ``STOP_FACTOR`` × its budget.
   Over budget but finished is printed and does not fail: machines differ.
4. Every suite runs even when an earlier one failed; the exit code is 1 when any failed.
5. A suite without a test fails: nothing passes because nothing was checked. How many tests ran is
   printed for each suite and for all together.

Names on the command line choose suites: ``tools/suites.py slow interop``.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["SUITES", "Suite", "main"]

ROOT: Final = Path(__file__).resolve().parent.parent

STOP_FACTOR: Final = 2.0
"""A suite that needs twice its budget hangs; it is stopped so that the others still run."""

COUNTED: Final = re.compile(r"([0-9]+) (passed|failed|skipped|errors?)\b")


class Suite(NamedTuple):
    """One suite: the tests that carry a marker expression, and the minutes that they may take."""

    name: str
    arguments: tuple[str, ...]
    budget_min: float


SUITES: Final = (
    Suite("fast", ("-n", "2", "-m", "not slow and not interop and not browser"), 5),
    Suite(
        "slow",
        ("-n", "2", "--hypothesis-profile=thorough", "-m", "slow and not interop and not browser"),
        20,
    ),
    Suite("interop", ("-m", "interop and not browser"), 20),
    Suite("browser", ("-m", "browser"), 10),
)


def run(suite: Suite) -> tuple[str, float, Counter[str]]:
    """Runs one suite; returns its outcome (``passed`` or ``FAILED: …``), the seconds used, and how
    many tests passed, failed or were skipped.
    """
    command = [sys.executable, "-m", "pytest", *suite.arguments]
    environment = {**os.environ, "PLEDGEBOOK_REQUIRE_TOOLS": "1"}
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    # All that it started goes with it: whoever is left would hold the pipe open.
    stop = threading.Timer(
        suite.budget_min * 60 * STOP_FACTOR, os.killpg, (process.pid, signal.SIGKILL)
    )
    stop.start()
    counted: Counter[str] = Counter()
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        if found := COUNTED.findall(line):
            counted = Counter({kind.removesuffix("s"): int(count) for count, kind in found})
    code = process.wait()
    stop.cancel()
    used_s = time.monotonic() - started
    if used_s >= suite.budget_min * 60 * STOP_FACTOR:
        return f"FAILED: stopped at {STOP_FACTOR:g} × its budget", used_s, counted
    return ("passed" if code == 0 else f"FAILED: pytest exit {code}"), used_s, counted


def main(names: list[str]) -> int:
    """Runs the named suites, or all, and returns the exit code."""
    unknown = set(names) - {suite.name for suite in SUITES}
    if unknown:
        print(f"no such suite: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    lines = []
    failed = False
    total: Counter[str] = Counter()
    for suite in SUITES:
        if names and suite.name not in names:
            continue
        print(f"\n== suite {suite.name}: budget {suite.budget_min:g} min", flush=True)
        outcome, used_s, counted = run(suite)
        total += counted
        over = "  OVER BUDGET" if used_s > suite.budget_min * 60 else ""
        lines.append(
            f"{suite.name:<10}{used_s / 60:>6.1f} of {suite.budget_min:>4.1f} min  {outcome}{over}"
            f": {_told(counted)}"
        )
        failed = failed or outcome.startswith("FAILED")
    print("\n" + "\n".join([*lines, f"all suites: {_told(total)}"]), flush=True)
    return int(failed)


def _told(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counted.items()) or "no tests"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
