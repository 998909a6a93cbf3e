"""``make bench``: figures of speed, each beside a limit of the machine from the same run."""

from __future__ import annotations

import argparse

from benchmarks.again import again
from benchmarks.append import append
from benchmarks.audit import audit
from benchmarks.dataset import CACHE, dataset
from benchmarks.decade import decade
from benchmarks.figures import Figure, Report
from benchmarks.limits import fdatasync_rate, verify_rate
from benchmarks.rebuild import rebuild
from benchmarks.stages import stages
from benchmarks.startup import startup

SIZES = (10_000, 100_000)
LARGE = 1_000_000
PARTS = ("limits", "append", "audit", "again", "admit", "decade", "rebuild", "startup")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--large", action="store_true", help="with one million events as well")
    parser.add_argument("--quick", action="store_true", help="one short round at 10,000 events")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    arguments = parser.parse_args()
    sizes = [*SIZES[: 1 if arguments.quick else 2], *([LARGE] if arguments.large else [])]
    rounds = 1 if arguments.quick else 3
    parts = PARTS if arguments.only is None else (arguments.only,)
    report = Report()
    for part in parts:
        report.say(part)
        if part == "limits":
            report.add(_limits())
        elif part == "append":
            append(report, rounds=rounds, seconds=1.0 if arguments.quick else 5.0)
        elif part == "audit":
            audit(report, sizes, rounds=rounds)
        elif part == "again":
            again(report, sizes, rounds=rounds)
        elif part == "admit":
            figures, budget = stages(dataset(sizes[-1]))
            report.add(figures)
            report.budget("audit, one core, undivided", budget)
        elif part == "decade":
            decade(report)
        elif part == "rebuild":
            rebuild(report, sizes, rounds=rounds)
        else:
            startup(report)
    report.conclude()


def _limits() -> list[Figure]:
    CACHE.mkdir(parents=True, exist_ok=True)
    return [
        Figure("VN: Ed25519 verifications, the whole machine", verify_rate(), "a second"),
        Figure("F: fdatasync of 4 KiB", fdatasync_rate(CACHE), "a second"),
    ]


if __name__ == "__main__":
    main()
