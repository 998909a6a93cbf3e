"""Appending under load: the real server, and beside it a server that does nothing.

Both are processes of their own, loaded by the same driver over the same bodies. Each connection
writes to one stream, with events signed beforehand. The rates are those of events that were
verified, admitted, made durable and answered with their receipt.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import limits, world
from benchmarks.author import Pen, key_of
from benchmarks.dataset import CACHE, policy_of
from benchmarks.figures import Figure, Report, at_least, at_most
from benchmarks.processes import ROOT, peak_mib, processor_s, run, shares_s
from benchmarks.stages import admission_costs, cost
from ledger.http.wire import MEDIA_BATCH, MEDIA_EVENT, encode_batch
from ledger.signer import FileSigner
from verifier.event import parse
from verifier.keys import default_engine, verify_many
from verifier.rules import admission

__all__ = ["append"]

PASSPHRASE = "a benchmark keeps no secrets"
CLIENTS = 64
BATCH_CLIENTS = (8, 16)
PER_REQUEST = 100
SINGLE = at_least(0.25, stretch=0.40)
BATCHED = at_least(0.8, stretch=1.2)
MOST_P99_MS = 25
LEAST_PER_COMMIT = 20
SAMPLE = 2_000  # events of the budget
SPENDERS = ("loop", "threads", "children")  # of the server's processor time
CHECKPOINT_S = 1.5  # by then the served checkpoint covers everything


class Server:
    """A server that runs, and what it says about itself."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.port = int(self._told()["port"])

    def _told(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the server ended")
        told: dict[str, Any] = json.loads(line)
        return told

    def measurements(self) -> dict[str, Any]:
        """Ask for its counters; add the processor time and peak memory of all its processes."""
        self.process.send_signal(signal.SIGUSR1)
        pid = self.process.pid
        spent = {"processor_s": processor_s(pid)} | shares_s(pid)
        return self._told() | spent | {"peak_mib": peak_mib(pid)}


@contextmanager
def serving(*what: str) -> Iterator[Server]:
    """Run ``benchmarks.server`` until the context is left; it must end well."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", *what], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, env=os.environ | {"PLEDGEBOOK_PASSPHRASE": PASSPHRASE},
    )  # fmt: skip
    try:
        yield Server(process)
        process.terminate()
        process.communicate(timeout=60)
        if process.returncode:
            raise RuntimeError(f"the server ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


def drive(server: Server, media: str, bodies: list[list[bytes]], folder: Path) -> dict[str, Any]:
    """Load a server with bodies and return what the driver says; every reply must be a success."""
    file = folder / "bodies"
    file.write_bytes(msgspec.msgpack.encode((media, bodies)))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.driver", str(server.port), str(file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the driver failed: {done.stderr[-500:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    if any(not status.startswith("2") for status in told["statuses"]):
        raise RuntimeError(f"not every append was taken: {told}")
    return told


class Author:
    """Signs what the connections will send; each has a partnership and a stream of its own."""

    def __init__(self, log_key: bytes, clients: int) -> None:
        self.pen = Pen()
        self._members = [world.member(number) for number in range(clients)]
        self._at = world.START + 86_400
        opening = world.opening(self.pen, log_key=log_key)
        self.opening = [self.pen.write(statement, at=world.START).raw for statement in opening]
        named = (key_of(m.secretariat) for m in self._members)
        self.keys: dict[bytes, bytes] = {key.kid: key.public for key in named}
        for m in self._members:
            claimed = islice(world.commitment(m, "c0", self._at), 1)
            listed = (*world.registration(m, self._at), *claimed)
            self.opening += [self.pen.write(s, at=self._at).raw for s in listed]
        assert self.pen.ledger is not None
        self.policy = policy_of(log_key, self.pen.ledger)

    def progress(self, clients: int, events: int) -> list[list[bytes]]:
        """Return further events of each connection's stream, in order."""
        return [
            [self.pen.sign(world.progress(m, "c0", self._at), at=self._at).raw
             for _ in range(events)]
            for m in self._members[:clients]
        ]  # fmt: skip


def append(report: Report, *, rounds: int, seconds: float) -> None:
    """Measure appends, one event and a hundred per request, each round against its limits."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        folder = Path(scratch)
        before = limits.fdatasync_rate(folder)
        singles = [_single(folder, seconds) for _ in range(rounds)]
        batches = {c: [_batched(folder, c, seconds) for _ in range(rounds)] for c in BATCH_CLIENTS}
        disk = statistics.median([before, limits.fdatasync_rate(folder)])
        report.add(_single_figures(singles, disk))
        for clients, told in batches.items():
            report.add(_batched_figures(clients, told))
        budget = singles[-1]["budget"]
        report.budget(f"append from {CLIENTS} clients, the server's processor time", budget)


def _single(folder: Path, seconds: float) -> dict[str, Any]:
    """Run one round of single appends: H, the load, H again."""
    with _fresh(folder, CLIENTS) as (data, author, server):
        probe = author.progress(CLIENTS, 20)
        rate = drive(server, MEDIA_EVENT, probe, folder)["rate"]
        bodies = author.progress(CLIENTS, max(50, int(rate * seconds / CLIENTS)))
        null = [_null(bodies, folder)]
        counted = server.measurements()
        told = drive(server, MEDIA_EVENT, bodies, folder)
        after = server.measurements()
        told["syncs"] = _syncs(server, author, folder)
        _audited(server, author, folder)
        null.append(_null(bodies, folder))
        recorded = server.measurements()["events"]
    events, commits = (after[n] - counted[n] for n in ("events", "commits"))
    if events != told["requests"]:
        raise RuntimeError(f"{events} events were recorded of {told['requests']}")
    told["H"] = statistics.mean(n["rate"] for n in null)
    told["per_commit"] = events / commits
    told["bytes"] = _size(data) / recorded
    spent = {who: (after[who] - counted[who]) / events * 1e6 for who in SPENDERS}
    before = [*author.opening, *(b for column in probe for b in column)]
    told["budget"] = _budget(before, [b for column in bodies for b in column], author.keys, spent,
                             http=statistics.mean(n["server_us"] for n in null))  # fmt: skip
    told["peak_mib"] = after["peak_mib"]
    return told


def _batched(folder: Path, clients: int, seconds: float) -> dict[str, Any]:
    """Run one round of batches: VN, the load, VN again."""
    with _fresh(folder, clients) as (_, author, server):

        def requests(count: int) -> list[list[bytes]]:
            return [
                [encode_batch(column[at : at + PER_REQUEST])
                 for at in range(0, len(column), PER_REQUEST)]
                for column in author.progress(clients, count * PER_REQUEST)
            ]  # fmt: skip

        rate = drive(server, MEDIA_BATCH, requests(3), folder)["rate"]
        bodies = requests(max(5, int(rate * seconds / clients)))
        before, counted = limits.verify_rate(), server.measurements()
        told = drive(server, MEDIA_BATCH, bodies, folder)
        after = server.measurements()
        told["VN"] = (before + limits.verify_rate()) / 2
        events, commits = (after[n] - counted[n] for n in ("events", "commits"))
        if events != told["requests"] * PER_REQUEST:
            raise RuntimeError(f"{events} events were recorded of {told['requests']} batches")
        told["per_commit"] = events / commits
        told["processor_us"] = (after["processor_s"] - counted["processor_s"]) / events * 1e6
        _audited(server, author, folder)
    return told


@contextmanager
def _fresh(folder: Path, clients: int) -> Iterator[tuple[Path, Author, Server]]:
    """Serve a new ledger on which every connection's commitment is recorded."""
    data = folder / "ledger"
    shutil.rmtree(data, ignore_errors=True)
    (data / "keys").mkdir(parents=True)
    signer = FileSigner.create(data / "keys" / "checkpoint.key", PASSPHRASE)
    author = Author(signer.public_key(), clients)
    with serving("ledger", str(data)) as server:
        for at in range(0, len(author.opening), PER_REQUEST):
            _seed(server, author.opening[at : at + PER_REQUEST])
        yield data, author, server


def _seed(server: Server, events: list[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", "/entries", encode_batch(events), {"Content-Type": MEDIA_BATCH})
    told = json.loads(connection.getresponse().read())
    connection.close()
    refused = [result for result in told["results"] if result["status"] not in (200, 201)]
    if refused:
        raise RuntimeError(f"the opening was refused: {refused[0]}")


def _null(bodies: list[list[bytes]], folder: Path) -> dict[str, Any]:
    with serving("null") as server:
        before = server.measurements()["processor_s"]
        told = drive(server, MEDIA_EVENT, bodies, folder)
        spent = server.measurements()["processor_s"] - before
        return told | {"server_us": spent / told["requests"] * 1e6}


def _budget(
    before: list[bytes], raws: list[bytes], keys: dict[bytes, bytes], spent: dict[str, float], *,
    http: float,
) -> dict[str, float]:  # fmt: skip
    """Divide the server's processor time per event; what is left of each is measured by nothing.

    *before* is what the log held when the load began, *spent* the time by who spent it.
    """
    events = [parse(raw) for raw in raws[:SAMPLE]]
    items = [(keys[e.kid], e.signature, e.to_be_signed) for e in events]
    _, (_, _, admitted) = admission_costs([*map(parse, before), *events], since=len(before))
    loop = {
        "HTTP, as the null server spends it": http,
        "parse": cost(lambda: [parse(event.raw) for event in events], len(events)),
        "payload: canonical, and of its type": cost(
            lambda: [admission.read_body(event) for event in events], len(events)
        ),
        "admission, and what takes effect, median": admitted,
    }
    signature = cost(lambda: verify_many(items, engine=default_engine()), len(items))
    return loop | {
        "the loop else: queueing, rows, proofs, receipt": spent["loop"] - sum(loop.values()),
        "commit, signing state, signature of the tree": spent["threads"],
        "signature": signature,
        "the processes for signatures else": spent["children"] - signature,
    }


def _syncs(server: Server, author: Author, folder: Path) -> float:
    """Return fsyncs for each commit, counted by strace on a load of its own; 0 without strace."""
    if shutil.which("strace") is None:
        return 0.0
    bodies = author.progress(CLIENTS, 40)
    trace = folder / "strace.out"
    command = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(trace),
               "-p", str(server.process.pid)]  # fmt: skip
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    before = server.measurements()
    drive(server, MEDIA_EVENT, bodies, folder)
    after = server.measurements()
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    calls = sum(
        int(line.split()[3])
        for line in trace.read_text().splitlines()
        if line.split() and line.split()[-1] in ("fsync", "fdatasync")
    )
    return float(calls / (after["commits"] - before["commits"]))


def _audited(server: Server, author: Author, folder: Path) -> None:
    """Audit the live server: a figure of a false log is worth nothing."""
    policy = folder / "policy.txt"
    policy.write_text(author.policy)
    time.sleep(CHECKPOINT_S)
    url = f"http://127.0.0.1:{server.port}/"
    done = run(["verifier", "audit", url, "--policy", str(policy), "--json"])
    if done.exit:
        raise RuntimeError(f"the log that was written does not verify: {done.output[-500:]}")


def _size(data: Path) -> int:
    return sum(file.stat().st_size for file in data.rglob("*") if file.is_file())


def _single_figures(told: list[dict[str, Any]], disk: float) -> list[Figure]:
    def middle(name: str) -> float:
        return float(statistics.median(t[name] for t in told))

    slow = disk < limits.SLOW_DISK
    rate = middle("rate")
    ratio = statistics.median(t["rate"] / t["H"] for t in told)
    syncs = middle("syncs")
    what = f"append, one event per request, {CLIENTS} clients"
    return [
        Figure("H: null POST, the same driver and bodies", middle("H"), "requests/s"),
        Figure("F: fdatasync of 4 KiB", disk, "a second"),
        Figure(what, rate, "events/s", ratio, "H", SINGLE, judged=not slow,
               remark="slow disk, not judged" if slow else ""),
        Figure(f"{what}: latency p50", middle("p50_ms"), "ms"),
        Figure(f"{what}: latency p99", middle("p99_ms"), "ms", goal=at_most(MOST_P99_MS),
               judged=not slow, remark="slow disk, not judged" if slow else ""),
        Figure(f"{what}: events per commit", middle("per_commit"), "events",
               goal=at_least(LEAST_PER_COMMIT)),
        Figure(f"{what}: fsyncs per commit", syncs, "calls",
               remark="" if syncs else "not measured: strace is missing"),
        Figure("bytes on disk per event", middle("bytes"), "bytes"),
        Figure("server: peak memory", middle("peak_mib"), "MiB"),
    ]  # fmt: skip


def _batched_figures(clients: int, told: list[dict[str, Any]]) -> list[Figure]:
    rate = statistics.median(t["rate"] for t in told) * PER_REQUEST
    ratio = statistics.median(t["rate"] * PER_REQUEST / t["VN"] for t in told)
    what = f"append, {PER_REQUEST} per request, {clients} clients"
    return [
        Figure(what, rate, "events/s", ratio, "VN", BATCHED),
        Figure(f"{what}: latency p99", statistics.median(t["p99_ms"] for t in told), "ms"),
        Figure(f"{what}: events per commit",
               statistics.median(t["per_commit"] for t in told), "events"),
        Figure(f"{what}: processor time of the server",
               statistics.median(t["processor_us"] for t in told), "µs/event"),
    ]  # fmt: skip
