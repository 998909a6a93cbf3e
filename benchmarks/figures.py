"""A figure: what was measured, its ratio to a limit of the same run, and its goal."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Figure", "Goal", "Report", "at_least", "at_most", "percentile"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on the ratio, or on the value where there is no ratio; perhaps a further aim."""

    bound: float
    least: bool
    stretch: float | None = None

    def met_by(self, figure: float) -> bool:
        """Say whether a figure is within the bound."""
        return figure >= self.bound if self.least else figure <= self.bound

    def __str__(self) -> str:
        aim = "" if self.stretch is None else f" ({self.stretch:g})"
        return f"{'≥' if self.least else '≤'} {self.bound:g}{aim}"


def at_least(bound: float, stretch: float | None = None) -> Goal:
    """Make a goal from below."""
    return Goal(bound, True, stretch)


def at_most(bound: float) -> Goal:
    """Make a goal from above."""
    return Goal(bound, False)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    unit: str
    ratio: float | None = None
    limit: str = ""
    """The name of the limit that the ratio is to."""
    goal: Goal | None = None
    remark: str = ""
    """Why a figure is not judged, or what to know about it."""
    judged: bool = True

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or it is not judged."""
        if self.goal is None or not self.judged:
            return None
        return self.goal.met_by(self.value if self.ratio is None else self.ratio)

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} {self.limit}"
        goal = "" if self.goal is None else str(self.goal)
        met = {True: "met", False: "NOT MET", None: ""}[self.met]
        value = f"{self.value:,.0f}" if abs(self.value) >= 1_000 else f"{self.value:,.1f}"
        line = f"{self.what:<58} {value:>10} {self.unit:<14} {ratio:<12} {goal:<14} {met}"
        return f"{line.rstrip()}{'  · ' + self.remark if self.remark else ''}"


@dataclass(slots=True)
class Report:
    """All figures of a run, printed as they come, and where the time goes."""

    figures: list[Figure] = field(default_factory=list)
    budgets: dict[str, Mapping[str, float]] = field(default_factory=dict)

    def say(self, title: str) -> None:
        """Begin a section."""
        print(f"\n{title}", flush=True)

    def add(self, figures: Iterable[Figure]) -> None:
        """Take figures and print them."""
        for figure in figures:
            self.figures.append(figure)
            print(f"  {figure}", flush=True)

    def budget(self, title: str, stages: Mapping[str, float]) -> None:
        """Take a budget in µs per event and print it."""
        self.budgets[title] = stages
        print(f"  {title}, µs per event (sum {sum(stages.values()):.1f}):")
        for stage, microseconds in stages.items():
            print(f"    {stage:<54} {microseconds:>6.2f}", flush=True)

    def conclude(self) -> None:
        """Say what falls short, with the budgets that tell where the time goes."""
        short = [figure for figure in self.figures if figure.met is False]
        if not short:
            print("\nEvery goal that was judged is met.")
            return
        print(f"\n{len(short)} of {len(self.figures)} figures fall short of their goal:")
        for figure in short:
            print(f"  {figure}")
        for title, stages in self.budgets.items():
            costs = sorted(stages.items(), key=lambda item: -item[1])
            print(f"  {title}: " + ", ".join(f"{stage} {cost:.1f}" for stage, cost in costs))


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of some values, 1 to 99."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
