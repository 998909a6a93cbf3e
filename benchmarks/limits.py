"""The limits of this machine, measured in the same run as what is compared with them.

- VN  Ed25519 verifications a second of the whole machine (``openssl speed -multi``), by the clock
      on the wall: whatever else runs on the machine slows the limit and the figure alike.
- F   4 KiB writes with ``fdatasync`` a second, on the disk that the ledger is on.
- D   events a second that one core fetches from SQLite and decodes into typed structs.
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

from verifier.event import parse
from verifier.rules.table import DECODERS

__all__ = ["SLOW_DISK", "decode_rate", "fdatasync_rate", "median_of", "verify_rate"]

ROUNDS = 3
SYNC_SECONDS = 1.0
SLOW_DISK = 1_000  # fdatasync a second below which latency says nothing about this code
_SPEED = re.compile(r"EdDSA \(Ed25519\).*?([\d.]+)\s*$", re.MULTILINE)


def median_of(measure: Callable[[], float], rounds: int = ROUNDS) -> float:
    """Return the median of several rounds of a measurement."""
    return statistics.median(measure() for _ in range(rounds))


def verify_rate(seconds: int = 1) -> float:
    """Return VN."""
    command = ["openssl", "speed", "-elapsed", "-multi", str(os.cpu_count() or 1),
               "-seconds", str(seconds), "ed25519"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = _SPEED.search(done.stdout)
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
    rows = [(event.type, event.payload) for event in map(parse, raws)]
    database.executemany("INSERT INTO payloads (type, payload) VALUES (?, ?)", rows)
    database.commit()

    def once() -> float:
        began = time.perf_counter()
        for type_, payload in database.execute("SELECT type, payload FROM payloads ORDER BY id"):
            DECODERS[type_].decode(payload)
        return len(rows) / (time.perf_counter() - began)

    try:
        return median_of(once)
    finally:
        database.close()
        path.unlink()
