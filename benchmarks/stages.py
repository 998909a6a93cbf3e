"""The stages of an audit one by one, in this process: the budget in µs per event."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence

from benchmarks import limits
from benchmarks.dataset import Dataset
from benchmarks.figures import Figure, at_most
from verifier import tiles
from verifier.cli import YOUNG_OBJECTS
from verifier.event import Event, parse
from verifier.keys import verify_many
from verifier.regrown import RegrownTree
from verifier.rules import admission
from verifier.rules.book import Book

__all__ = ["admission_costs", "cost", "stages"]

SAMPLE = 20_000  # events
SIGNATURES = 2_000  # of them, the last
MOST_ADMIT_US = 15


def stages(log: Dataset) -> tuple[list[Figure], dict[str, float]]:
    """Run the stages of the audit one by one, in this process: µs per event, medians."""
    gc.set_threshold(YOUNG_OBJECTS)  # as an audit does
    raws = log.raws(SAMPLE)
    sources = log.folder
    events = [parse(raw) for raw in raws]
    bundles = list(tiles.bundles_at(log.size))[: SAMPLE // tiles.FULL_WIDTH]
    per_event, admitted = admission_costs(events)
    sample = events[-SIGNATURES:]
    items = [(per_event[event.kid], event.signature, event.to_be_signed) for event in sample]
    read = cost(lambda: [(sources / b.path).read_bytes() for b in bundles], len(raws))
    budget = {
        "read": read,
        "parse": cost(lambda: [parse(raw) for raw in raws], len(raws)),
        "payload: canonical, and of its type": cost(
            lambda: [admission.read_body(event) for event in events], len(raws)
        ),
        "admit": admitted[0],
        "evolve and record": admitted[1],
        "tree": cost(lambda: _grow(events), len(raws)),
        "to be signed": cost(lambda: [event.to_be_signed for event in events], len(raws)),
        "signature, sodium": cost(lambda: verify_many(items, engine="sodium"), len(items)),
    }
    both = Figure("admit + evolve, median event", admitted[2], "µs", goal=at_most(MOST_ADMIT_US))
    reference = cost(lambda: verify_many(items, engine="openssl"), len(items))
    return [both, Figure("signature, openssl", reference, "µs")], budget


def admission_costs(
    events: Sequence[Event], *, since: int = 0
) -> tuple[dict[bytes, bytes], tuple[float, float, float]]:
    """Return every key, and µs per event: mean of admit, mean of record, median of both.

    What comes before the event *since* is admitted and not counted.
    """
    tree = RegrownTree(lambda n: b"".join(e.id for e in events[n * 256 : n * 256 + 256]))
    book = Book(tree.root_at)
    clock = time.perf_counter_ns
    admit, record = [], []
    for event in events:
        body = admission.read_body(event)
        began = clock()
        entry = admission.admit(event, body, book)
        middle = clock()
        admission.record(entry, book)
        ended = clock()
        admit.append(middle - began)
        record.append(ended - middle)
        tree.append(event.id)
    admit, record = admit[since:], record[since:]
    both = statistics.median(a + b for a, b in zip(admit, record, strict=True))
    mean = statistics.mean(admit) / 1e3, statistics.mean(record) / 1e3, both / 1e3
    return dict(book.public_keys), mean


def _grow(events: Sequence[Event]) -> None:
    tree = RegrownTree(lambda _: b"")
    for event in events:
        tree.append(event.id)


def cost(work: Callable[[], object], count: int) -> float:
    """Return µs of processor time per event of some work, median of the rounds."""

    def once() -> float:
        began = time.process_time()
        work()
        return (time.process_time() - began) / count * 1e6

    return limits.median_of(once)
