"""Running what is measured as a process of its own: time, processor time and memory of its tree."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Run", "peak_mib", "processor_s", "run", "shares_s"]

ROOT = Path(__file__).parents[1]
SAMPLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Run:
    """How a process ended and what it took; the tree is the process and all below it."""

    exit: int
    output: str
    seconds: float
    processor_s: float
    """Of the whole tree, user and system."""
    peak_main_mib: float
    peak_tree_mib: float
    """The peaks of all processes added up; pages they share are counted for each."""


def run(arguments: Sequence[str]) -> Run:
    """Run a Python module with arguments to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    peaks: dict[int, float] = {}
    watcher = threading.Thread(target=_watch, args=(process, peaks))
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - began
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Run(
        process.returncode, output, seconds, processor_s, peaks.get(process.pid, 0.0),
        sum(peaks.values()),
    )  # fmt: skip


def _watch(process: subprocess.Popen[str], peaks: dict[int, float]) -> None:
    while process.poll() is None:
        for pid in _tree(process.pid):
            peaks[pid] = max(peaks.get(pid, 0.0), _peak_mib(pid))
        time.sleep(SAMPLE_S)


def processor_s(pid: int) -> float:
    """Return the processor time of a process and all below it, user and system."""
    ticks = 0
    for each in _tree(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def shares_s(pid: int) -> dict[str, float]:
    """Return the processor time of a process by who spent it: its main thread, others, children."""
    main, others = 0, 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            fields = (task / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks = int(fields[11]) + int(fields[12])
        main, others = (ticks, others) if task.name == str(pid) else (main, others + ticks)
    loop, threads = main / os.sysconf("SC_CLK_TCK"), others / os.sysconf("SC_CLK_TCK")
    return {"loop": loop, "threads": threads, "children": processor_s(pid) - loop - threads}


def peak_mib(pid: int) -> float:
    """Return the peak memory of a process and all below it, added up."""
    return sum(map(_peak_mib, _tree(pid)))


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *(found for child in children for found in _tree(int(child)))]


def _peak_mib(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    _, found, rest = status.partition("VmHWM:")
    return int(rest.split()[0]) / 1024 if found else 0.0
