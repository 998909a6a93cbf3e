"""A decade of a whole registry, played from a seed: some honest, some late, some failing.

``play`` gives back a registry whose log holds all that happened: partnerships of the profiles,
their promises and reports, notices, decisions and appeals, while staff changes and keys rotate.
Meanwhile every move of ``moves`` is tried once, at a moment of chance: it is refused, or, where an
operator smuggles it in, it stands in the log.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from tests.harness.decade.cast import assemble
from tests.harness.decade.lives import Life
from tests.harness.decade.moves import MOVES
from tests.harness.decade.player import Player
from tests.harness.decade.scene import Move, NotNow, Scene
from tests.harness.decade.staff import turn_over
from tests.harness.registry import Registry, seconds
from verifier.event import Event
from verifier.rules.book import Refused

__all__ = ["Decade", "Tried", "play"]

BEGINS = "2026-01-12"
ENDS = "2036-01-12"
SEED = 2030
YEARS_WITHOUT_TROUBLE = 2
YEARS_OF_TRIALS = 9


class Tried(NamedTuple):
    """A move that was tried: the event, the index it stood at or was refused at, what it broke."""

    move: Move
    event: Event
    index: int
    broken: frozenset[str]


class Decade:
    """The registry after its decade, the lives that were led in it, and what was tried."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.registry = player.registry
        self.lives: list[Life] = []
        self.tried: list[Tried] = []

    def try_move(self, scene: Scene, move: Move, *, smuggle: bool) -> None:
        """Try a move now, or within a week where nobody is in its situation."""
        registry = self.registry
        registry.now += 60
        try:
            event = move.make(scene)
        except NotNow:
            days = self.player.chance.randrange(1, 8)
            self.player.plan_in(days, partial(self.try_move, scene, move, smuggle=smuggle))
            return
        index = len(registry.events)
        if smuggle:
            broken = registry.smuggle(event)
        else:
            try:
                registry.entry(event)
            except Refused as refusal:
                broken = {unmet.rule for unmet in refusal.unmet}
            else:
                broken = set()
        self.tried.append(Tried(move, event, index, frozenset(broken)))


def play(*, partnerships: int = 300, seed: int = SEED, until: str = ENDS,
         smuggle: bool = False) -> Decade:  # fmt: skip
    """Play the decade: most partnerships come in over its first four years, some later.

    With ``smuggle`` the moves that the rules refuse are put into the log all the same.
    """
    player = Player(Registry(now=seconds(BEGINS)), seed=seed)
    decade = Decade(player)
    assemble(player)
    turn_over(player)
    decade.lives = [Life(player, number) for number in range(partnerships)]
    for life in decade.lives:
        years = 4 if life.number % 5 else 9
        player.plan_in(player.chance.randrange(1, years * 365), life.begin)
    scene = Scene(player, decade.lives)
    for move in MOVES:
        days = player.chance.randrange(365 * YEARS_WITHOUT_TROUBLE, 365 * YEARS_OF_TRIALS)
        player.plan_in(days, partial(decade.try_move, scene, move, smuggle=smuggle))
    player.run(until)
    return decade
