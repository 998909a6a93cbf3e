"""The limits of this machine, measured in the same run as what is compared with them.

- VN  Ed25519 verifications a second of the whole machine (``openssl speed -multi``).
- F   4 KiB writes with ``fdatasync`` a second, on the disk that the ledger is on.
- D   events a second that one core fetches from SQLite and decodes into a typed struct.
- H   null POST requests a second of aiohttp on uvloop (``append.py`` measures it with the same
      driver and bodies as the appends).
"""

from __future__ import annotations

import os
import re
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from verifier.event import parse
from verifier.rules.table import DECODERS

__all__ = ["decode_rate", "fdatasync_rate", "median_of", "verify_rate"]

ROUNDS = 3
SYNC_SECONDS = 1.0


def median_of(measure: Callable[[], float], rounds: int = ROUNDS) -> float:
    """Return the median of several rounds of a measurement."""
    return statistics.median(measure() for _ in range(rounds))


def verify_rate(seconds: int = 2) -> float:
    """Return VN."""
    command = ["openssl", "speed", "-multi", str(os.cpu_count() or 1), "-seconds", str(seconds),
               "ed25519"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"EdDSA \(Ed25519\).*?([\d.]+)\s*$", done.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"openssl speed said: {done.stdout[-300:]}")
    return float(found[1])


def fdatasync_rate(folder: Path) -> float:
    """Return F on the disk of a folder."""
    path = folder / "fdatasync.probe"
    page, count = os.urandom(4096), 0
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        began = time.perf_counter()
        while time.perf_counter() - began < SYNC_SECONDS:
            os.pwrite(file, page, 4096 * (count % 64))
            os.fdatasync(file)
            count += 1
        return count / (time.perf_counter() - began)
    finally:
        os.close(file)
        path.unlink()


def decode_rate(raws: Sequence[bytes], folder: Path) -> float:
    """Return D over the payloads of these events."""
    path = folder / "decode.probe"
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE payloads (id INTEGER PRIMARY KEY, type TEXT, payload BLOB)")
    events = [parse(raw) for raw in raws]
    rows = [(event.type, event.payload) for event in events]
    database.executemany("INSERT INTO payloads (type, payload) VALUES (?, ?)", rows)
    database.commit()

    def once() -> float:
        began = time.perf_counter()
        count = 0
        for type_, payload in database.execute("SELECT type, payload FROM payloads ORDER BY id"):
            DECODERS[type_].decode(payload)
            count += 1
        return count / (time.perf_counter() - began)

    try:
        return median_of(once)
    finally:
        database.close()
        path.unlink()


class Figure(msgspec.Struct, frozen=True):
    """One line of the table: what, the figure, its unit, the limit's name, the ratio, the goal."""

    what: str
    value: float
    unit: str
    ratio: float | None = None
    limit: str = ""
    goal: str = ""

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:6.2f} {self.limit}"
        return f"{self.what:<52} {self.value:>12,.1f} {self.unit:<10} {ratio:<12} {self.goal}"
