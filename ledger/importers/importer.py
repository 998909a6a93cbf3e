"""What every importer is: a source's name and licence, and how its rows become events.

Each source has one module of the same shape:

1. ``read(folder)`` reads the source's files into facts: rows with their hashes, nothing dropped.
2. ``bodies(facts)`` says them as ``(stream, payload)`` pairs, in the order in which they can be
   admitted. It is pure: the same facts give the same pairs, whoever imports them and whenever.
3. ``IMPORTER`` names both. Signing and submitting is the client's work.

Nothing is invented: a fact that the source does not hold is left out, a code is kept verbatim, and
no event says that somebody decided what nobody documented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from ledger.errors import LedgerError
from verifier.rules.book import Body

__all__ = ["SHIPPED", "Importer", "Planned"]

SHIPPED: Final = Path(__file__).resolve().parent / "data"
"""The folder of the sources that may be passed on."""

Planned = tuple[str, Body]
"""A stream id, and the payload of the event that comes next there."""


class Importer(NamedTuple):
    """A source and the way from its files to import events."""

    name: str
    registry: str
    """The registry's segment in subjects: ``imported:<registry>:<source id>``."""
    title: str
    licence: str
    """The licence line to be shown wherever the rows are."""
    folder: Path | None
    """The folder that is shipped; none where the operator must bring one."""
    read: Callable[[Path], Any]
    bodies: Callable[[Any], Iterator[Planned]]
    after: str | None = None
    """The importer whose participants this one builds on."""

    def events(self, folder: Path | None = None) -> Iterator[Planned]:
        """Yield what is to be signed, in order; from the shipped folder unless one is given.

        Raises:
            LedgerError: code ``import-source``, where the files are not the source's.
        """
        chosen = folder or self.folder
        if chosen is None:
            raise LedgerError("import-source", f"{self.title} is not shipped: name its folder")
        return self.bodies(self.read(chosen))
