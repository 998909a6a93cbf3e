"""What nobody may do, tried by keys that really exist: each move, and the rule that refuses it."""

from __future__ import annotations

from tests.harness.decade import shortcuts, usurpations
from tests.harness.decade.scene import Move

__all__ = ["MOVES"]

MOVES: tuple[Move, ...] = (*usurpations.MOVES, *shortcuts.MOVES)
