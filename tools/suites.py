"""Runs every test suite, each in its own process, and prints the time used against its budget.

1. The suites are data (``SUITES``); together their markers cover every test exactly once.
2. A missing tool is a failure here, not a skip: ``PLEDGEBOOK_REQUIRE_TOOLS=1`` is set for all.
3. A suite fails when pytest fails or when the suite is stopped at ``STOP_FACTOR`` × its budget.
   Over budget but finished is printed and does not fail: machines differ.
4. Every suite runs even when an earlier one failed; the exit code is 1 when any failed.
5. A suite marked ``may_be_empty`` may find no test yet, and that is printed as such.

Names on the command line choose suites: ``tools/suites.py slow interop``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["SUITES", "Suite", "main"]

ROOT: Final = Path(__file__).resolve().parent.parent

STOP_FACTOR: Final = 2.0
"""A suite that needs twice its budget hangs; it is stopped so that the others still run."""

PYTEST_NO_TESTS: Final = 5


class Suite(NamedTuple):
    """One suite: the tests that carry a marker expression, and the minutes that they may take."""

    name: str
    arguments: tuple[str, ...]
    budget_min: float
    may_be_empty: bool = False


SUITES: Final = (
    Suite("fast", ("-n", "2", "-m", "not slow and not interop and not browser"), 5),
    Suite(
        "slow",
        ("-n", "2", "--hypothesis-profile=thorough", "-m", "slow and not interop and not browser"),
        25,
    ),
    Suite("interop", ("-m", "interop and not browser"), 10, may_be_empty=True),
    Suite("browser", ("-m", "browser"), 10, may_be_empty=True),
)


def run(suite: Suite) -> tuple[str, float]:
    """Runs one suite and returns its outcome (``passed``, ``no tests`` or ``FAILED: …``)
    and the seconds used.
    """
    command = [sys.executable, "-m", "pytest", "-q", *suite.arguments]
    environment = {**os.environ, "PLEDGEBOOK_REQUIRE_TOOLS": "1"}
    started = time.monotonic()
    try:
        code = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            check=False,
            timeout=suite.budget_min * 60 * STOP_FACTOR,
        ).returncode
    except subprocess.TimeoutExpired:
        return f"FAILED: stopped at {STOP_FACTOR:g} × its budget", time.monotonic() - started
    used_s = time.monotonic() - started
    if code == PYTEST_NO_TESTS and suite.may_be_empty:
        return "no tests", used_s
    return ("passed" if code == 0 else f"FAILED: pytest exit {code}"), used_s


def main(names: list[str]) -> int:
    """Runs the named suites, or all, and returns the exit code."""
    unknown = set(names) - {suite.name for suite in SUITES}
    if unknown:
        print(f"no such suite: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    lines = []
    failed = False
    for suite in SUITES:
        if names and suite.name not in names:
            continue
        print(f"\n== suite {suite.name}: budget {suite.budget_min:g} min", flush=True)
        outcome, used_s = run(suite)
        over = "  OVER BUDGET" if used_s > suite.budget_min * 60 else ""
        lines.append(
            f"{suite.name:<10}{used_s / 60:>6.1f} of {suite.budget_min:>4.1f} min  {outcome}{over}"
        )
        failed = failed or outcome.startswith("FAILED")
    print("\n" + "\n".join(lines), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
