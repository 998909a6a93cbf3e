"""The register as rules and audit compute it: every stream's head, by the state that has them.

Rules:

1. What a subject publishes is a pure function of its state, so a record changes only with an event
   of its subject. Leaves are kept and made anew for the subjects that had one.
2. The order shifts as streams come in, so the tree over the leaves is hashed whole each time: a
   publication costs about half a microsecond for each stream, and nothing between publications but
   a name in a set.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from verifier.records import leaves_of
from verifier.tree import root_of

if TYPE_CHECKING:
    from verifier.rules.book import Subject

__all__ = ["Commitment", "Public", "Registered"]

Public = Callable[["Subject"], Mapping[str, Any]]
"""Gives the fields that a subject publishes."""

Kept = tuple[list[str], list[int], list[int]]
"""The subjects changed since the last commitment, the days with events, the first index of each."""

DAY_S = 86_400


class Commitment(NamedTuple):
    """The register at a size of the log: the number of its leaves, and their root."""

    leaves: int
    root: bytes


class Registered:
    """The register of a book in memory, and the first index of each day of its log time."""

    __slots__ = ("_changed", "_days", "_firsts", "_leaves", "_load", "_order")

    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._leaves: dict[str, list[bytes]] = {}
        self._order: list[str] = []
        self._days: list[int] = []
        self._firsts: list[int] = []
        self._load: Callable[[], dict[str, list[bytes]]] | None = None

    @classmethod
    def restored(cls, kept: Kept, load: Callable[[], dict[str, list[bytes]]]) -> Registered:
        """Return a register as it was kept; *load* gives the leaves if they are asked for."""
        found = cls()
        changed, days, firsts = kept
        found._changed, found._days, found._firsts = set(changed), days, firsts
        found._load = load
        return found

    def kept(self) -> Kept:
        """Return what restores this register, but for the leaves."""
        return sorted(self._changed), self._days, self._firsts

    def leaves(self) -> dict[str, list[bytes]] | None:
        """Return the leaves as of the last commitment; nothing if they were not asked for."""
        return self._leaves if self._load is None else None

    def touch(self, subject: str, index: int, at: int, *, upkeep: bool = False) -> None:
        """Take note of an event: whose it is, its index and the log time there.

        Upkeep changes the register, and no publication is due for it (``upkeep``).
        """
        self._changed.add(subject)
        if upkeep:
            return
        day = at // DAY_S
        if not self._days or day > self._days[-1]:
            self._days.append(day)
            self._firsts.append(index)

    def first_on(self, day_s: int) -> tuple[int, int] | None:
        """Return (log time of its day, index) of the first event on or after a day, or nothing."""
        place = bisect_left(self._days, day_s // DAY_S)
        if place == len(self._days):
            return None
        return self._days[place] * DAY_S, self._firsts[place]

    def commitment(self, state: Callable[[str], Subject], public: Public) -> Commitment | None:
        """Return the register over the present states of all subjects (rules 1 and 2).

        A book that has not all subjects returns nothing.
        """
        if self._load is not None:
            self._leaves, self._load = self._load(), None
            self._order = sorted(self._leaves, key=_place)
        fresh = [name for name in self._changed if name not in self._leaves]
        for name in self._changed:
            subject = state(name)
            heads = ((stream, head.seq, head.id) for stream, head in subject.heads.items())
            self._leaves[name] = leaves_of(heads, public(subject))
        self._changed.clear()
        if fresh:
            self._order = sorted([*self._order, *fresh], key=_place)
        hashes = [leaf for name in self._order for leaf in self._leaves[name]]
        return Commitment(len(hashes), root_of(hashes))


def _place(subject: str) -> str:
    """Return by what subjects are ordered, so that their streams ascend."""
    return subject + "/"
