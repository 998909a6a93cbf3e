"""What the service records of the log itself: it alone makes nothing due, so an idle log rests.

1. An event type with ``UPKEEP`` is the log's own record keeping; every other event is ordinary.
2. All upkeep stands on streams of the subject ``ledger``. Each such event leaves there the index of
   the newest ordinary one before it, so that the next can tell in one look whether anything but
   upkeep has been recorded since a size.
"""

from __future__ import annotations

from typing import Final

import msgspec

from verifier.rules.book import Change, Subject

__all__ = ["Kept", "is_idle_since", "kept"]

_THING: Final = "upkeep"


class Kept(msgspec.Struct, frozen=True):
    """The index of the newest upkeep event, and that of the newest ordinary one before it."""

    index: int
    ordinary: int


def is_idle_since(size: int, index: int, ledger: Subject) -> bool:
    """Say whether from *size* on, before *index*, nothing but upkeep was recorded."""
    return _newest_ordinary(index, ledger) < size


def kept(index: int, ledger: Subject) -> Change:
    """Return what an upkeep event at *index* leaves in the subject ``ledger`` (rule 2)."""
    return _THING, Kept(index, _newest_ordinary(index, ledger))


def _newest_ordinary(index: int, ledger: Subject) -> int:
    before = ledger.get(_THING, Kept)
    if before is None or index - 1 > before.index:
        return index - 1
    return before.ordinary
