"""Who plays the decade: an agenda of what happens when, and the hands that sign it.

Everything is drawn from one seed, so that every run makes the same bytes. What the rules offer as
a next step (``Body.ahead``) is taken as offered, with what its author decides put in; a move that
the rules refuse is a fault of the play and ends it.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from datetime import date
from typing import Any

from tests.harness import stories
from tests.harness.registry import Registry, body_fields, seconds
from verifier.rules import partnership, standing
from verifier.rules.book import Body, Entry
from verifier.rules.table import EVENTS

__all__ = ["Player"]

DAY_S = 86_400
A_MINUTE_S = 60

Act = Callable[[], None]


class Player:
    """The registry, its agenda and its one source of chance."""

    def __init__(self, registry: Registry, *, seed: int) -> None:
        self.registry = registry
        self.chance = random.Random(seed)
        self.on_duty = stories.SCREENER
        """The screening officer on duty."""
        self.stolen: str | None = None
        """The officer whose key was stolen, once it is revoked."""
        self._agenda: list[tuple[int, int, Act]] = []
        self._planned = 0

    # Time.

    def plan(self, when: int, act: Act) -> None:
        """Put something on the agenda for a log time in seconds."""
        heapq.heappush(self._agenda, (max(when, self.registry.now), self._planned, act))
        self._planned += 1

    def plan_in(self, days: int, act: Act) -> None:
        """Put something on the agenda for some days ahead."""
        self.plan(self.registry.now + days * DAY_S, act)

    def plan_on(self, day: date, act: Act) -> None:
        """Put something on the agenda for noon of a day."""
        self.plan(seconds(day.isoformat()), act)

    def run(self, until: str) -> None:
        """Do what is on the agenda, in its order, up to a day."""
        end = seconds(until)
        while self._agenda and self._agenda[0][0] < end:
            when, _, act = heapq.heappop(self._agenda)
            self.registry.now = max(self.registry.now, when)
            act()

    @property
    def today(self) -> str:
        """The day of log time."""
        return self.registry.day()

    # Deeds.

    def do(self, actor: str, stream: str, type_: str, **fields: Any) -> Entry:
        """Sign, admit and record an event, a minute after the last."""
        self.registry.now += A_MINUTE_S
        return self.registry.append(actor, stream, type_, **fields)

    def take(self, actor: str, subject: str, type_: str, *, on: str = "", **changes: Any) -> Entry:
        """Take a next step that the rules offer, on a stream that ends so, with some changes."""
        stream, body = self.offered(subject, type_, on=on)
        return self.do(actor, stream, type_, **(body_fields(body) | changes))

    def offered(self, subject: str, type_: str, *, on: str = "") -> tuple[str, Body]:
        """Return the first next step of a type that the rules offer."""
        self.registry.book.time = max(self.registry.book.time, self.registry.now)
        ahead = EVENTS[type_ + "/1"].ahead(self.registry.subject(subject), self.registry.book)
        return next((stream, body) for stream, body in ahead if stream.endswith(on))

    def endorse(self, proposal: Entry, *voices: tuple[str, str]) -> None:
        """Endorse a proposal by actors, each for its organization."""
        for actor, organization in voices:
            self.registry.now += A_MINUTE_S
            self.registry.endorse(actor, proposal, organization)

    # What is known.

    def standing(self, name: str) -> standing.Standing:
        """Return a partnership's standing now."""
        registry = self.registry
        return standing.standing_at(registry.subject(name), registry.now, registry.book)

    def partnership(self, name: str) -> partnership.Partnership:
        """Return a partnership on record."""
        found = partnership.of(self.registry.subject(name))
        assert found is not None
        return found
