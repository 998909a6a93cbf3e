"""The ledger's own committed data as a ``verifier.sources.Source``: no socket between.

For what runs in the ledger's process: the views of a joint service, and publishing to a folder.
"""

from __future__ import annotations

from ledger.application import Ledger
from ledger.errors import LedgerError
from verifier.errors import UndecidedError

__all__ = ["LedgerSource"]


class LedgerSource:
    """A log read from its own database; safe for several threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"ledger {self._ledger.origin}"

    def checkpoint(self) -> bytes:
        """Return the published checkpoint.

        Raises:
            UndecidedError: code ``source-missing``; the ledger is not open yet.
        """
        try:
            return self._ledger.checkpoint()
        except LedgerError as error:
            raise UndecidedError("source-missing", error.reason) from None

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return a hash tile; raises as ``checkpoint``."""
        try:
            return self._ledger.tile(level, n, width)
        except LedgerError as error:
            raise UndecidedError("source-missing", error.reason) from None

    def entries(self, n: int, width: int) -> bytes:
        """Return an entry bundle; raises as ``checkpoint``."""
        try:
            return self._ledger.bundle(n, width)
        except LedgerError as error:
            raise UndecidedError("source-missing", error.reason) from None

    def blob(self, name: bytes) -> bytes:
        """Return a stored attachment; raises as ``checkpoint``."""
        try:
            return self._ledger.blobs.get(name)
        except LedgerError as error:
            raise UndecidedError("source-missing", error.reason) from None

    def close(self) -> None:
        """Do nothing: who opened the ledger closes it."""
