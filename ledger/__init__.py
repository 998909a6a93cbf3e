"""The ledger: takes signed submissions, admits them by the verifier's rules, publishes the log.

``ledger.application.Ledger`` is the service, ``ledger.client`` speaks to it. They are imported from
their rooms, so that a client need not load a database library.
"""

from __future__ import annotations

from ledger.config import Settings, load_settings
from ledger.errors import LedgerError

__all__ = ["LedgerError", "Settings", "load_settings"]
