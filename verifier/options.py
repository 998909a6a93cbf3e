"""How to audit, and who looks on."""

from __future__ import annotations

from typing import Protocol

import msgspec

from verifier.event import Event
from verifier.rules.book import Book, Entry
from verifier.timestamps import Authorities

__all__ = ["Observer", "Options"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to audit: the signature engine, and a checkpoint known from before (note bytes)."""

    engine: str
    known: bytes | None = None
    authorities: Authorities | None = None
    """The time-stamping authorities that count in anchors."""


class Observer(Protocol):
    """Somebody who looks on while entries are judged, and changes nothing."""

    def admitted(self, entry: Entry, book: Book) -> None:
        """Look at an event that is about to take effect, with the book before it."""

    def read(self, event: Event, index: int) -> None:
        """Look at an event that was read, whether or not it was allowed."""
