"""The rules alone over the simulated decade: what admission costs, and whether it grows.

The decade is the one of the tests: three hundred partnerships, every step of their procedures.
Payloads are decoded beforehand and no event's signature is checked; what is timed is ``admit`` and
``record``, event by event, in the order of the log. An event that enrols a key checks a signature
and a point of the curve by its very rules (AC3, AC4): those are told for themselves.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter, defaultdict

from benchmarks.figures import Figure, Report, at_most, percentile
from tests.harness.decade import play
from verifier.event import Event
from verifier.regrown import RegrownTree
from verifier.rules import admission
from verifier.rules.book import Book

__all__ = ["decade"]

MOST_MEDIAN_US = 25
MOST_P99_US = 100
ROUNDS = 3


def decade(report: Report) -> None:
    """Measure admission over the decade: median, 99th percentile, growth, the dearest types."""
    events = play().registry.events
    rounds = [_costs(events) for _ in range(ROUNDS)]
    costs = [statistics.median(each) / 1e3 for each in zip(*rounds, strict=True)]
    enrols = [bool(tuple(admission.read_body(event).enrols())) for event in events]
    rules = [cost for cost, key in zip(costs, enrols, strict=True) if not key]
    keys = [cost for cost, key in zip(costs, enrols, strict=True) if key]
    report.add([
        Figure("rules alone, median event", statistics.median(rules), "µs",
               goal=at_most(MOST_MEDIAN_US), remark=f"{len(rules):,} events"),
        Figure("rules alone, 99th percentile", percentile(rules, 99), "µs",
               goal=at_most(MOST_P99_US), remark=_dear(events, costs, enrols)),
        Figure("a key's enrolment, with its own signature, median", statistics.median(keys), "µs",
               remark=f"{len(keys):,} events"),
        _growth(events, costs),
    ])  # fmt: skip
    by_type: dict[str, list[float]] = defaultdict(list)
    for event, cost in zip(events, costs, strict=True):
        by_type[event.name].append(cost)
    dearest = sorted(((statistics.median(c), name) for name, c in by_type.items()), reverse=True)
    report.budget("the dearest types, median each", {name: cost for cost, name in dearest[:8]})


def _costs(events: list[Event]) -> list[int]:
    """Return the nanoseconds that each event's admission and record take."""
    tree = RegrownTree(lambda n: b"".join(e.id for e in events[n * 256 : n * 256 + 256]))
    book = Book(tree.root_at)
    clock = time.perf_counter_ns
    costs = []
    for event in events:
        body = admission.read_body(event)
        began = clock()
        admission.record(admission.admit(event, body, book), book)
        costs.append(clock() - began)
        tree.append(event.id)
    return costs


def _dear(events: list[Event], costs: list[float], enrols: list[bool]) -> str:
    """Tell which types have events above the goal for the 99th percentile, the most first."""
    dear = Counter(
        event.name
        for event, cost, key in zip(events, costs, enrols, strict=True)
        if cost > MOST_P99_US and not key
    )
    return "above the goal: " + (", ".join(f"{n} {name}" for name, n in dear.most_common(6)) or "0")


def _growth(events: list[Event], costs: list[float]) -> Figure:
    """Compare the commonest type's cost in the last quarter of the log with the first one's."""
    kind = statistics.mode(event.type for event in events)
    of_kind = [cost for event, cost in zip(events, costs, strict=True) if event.type == kind]
    quarter = len(of_kind) // 4
    ratio = statistics.median(of_kind[-quarter:]) / statistics.median(of_kind[:quarter])
    return Figure(f"{kind}: last quarter to first", ratio, "times", goal=at_most(1.25),
                  remark=f"{len(of_kind):,} events of this type")  # fmt: skip
