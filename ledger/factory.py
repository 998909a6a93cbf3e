"""The infrastructure that ``eventsourcing`` asks for: one recorder per database file.

All applications of one process that name the same file share its recorder, so that a follower
wakes up with the commit and not at the next look. The file is closed with its last user.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

from eventsourcing.persistence import (
    AggregateRecorder,
    InfrastructureFactory,
    Mapper,
    ProcessRecorder,
    TrackingRecorder,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType

from ledger.errors import LedgerError
from ledger.mapper import LedgerMapper, identify
from ledger.sqlite import SQLiteRecorder

__all__ = ["DATABASE", "LedgerFactory"]

DATABASE: Final = "ledger.db"


class LedgerFactory(InfrastructureFactory[TrackingRecorder]):
    """Makes what a ``Ledger`` consists of.

    Environment: ``LEDGER_FOLDER``, the ledger's folder; ``LEDGER_MAX_PAGES``, optional, a ceiling
    for the database. ``ORIGINATOR_ID_TYPE`` is ``text``: an originator is a subject.
    """

    LEDGER_FOLDER = "LEDGER_FOLDER"
    LEDGER_MAX_PAGES = "LEDGER_MAX_PAGES"
    ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        if self.env.get(self.ORIGINATOR_ID_TYPE, "text") != "text":
            raise LedgerError("config-invalid", "ORIGINATOR_ID_TYPE of a ledger is text")
        folder = self.env.get(self.LEDGER_FOLDER)
        if not folder:
            raise LedgerError("config-invalid", "LEDGER_FOLDER names no folder")
        self._path = (Path(folder) / DATABASE).absolute()
        self._taken = False

    def mapper(
        self,
        transcoder: Transcoder | None = None,
        mapper_class: Any = None,  # noqa: ARG002 - the library's signature
    ) -> Mapper[Any]:
        """Return the one mapper; the environment cannot name another."""
        return LedgerMapper(transcoder=transcoder or self.transcoder())

    def application_recorder(self) -> SQLiteRecorder:
        """Return the recorder of the folder, shared within the process."""
        max_pages = int(self.env.get(self.LEDGER_MAX_PAGES) or 0)
        with _lock:
            shared = _shared.get(self._path)
            if shared is None:
                recorder = SQLiteRecorder(self._path, identify=identify, max_pages=max_pages)
                shared = _shared.setdefault(self._path, _Shared(recorder))
            if not self._taken:
                self._taken = True
                shared.users += 1
        return shared.recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Return the recorder; a ledger has no snapshots."""
        if purpose != "events":
            raise LedgerError("config-invalid", f"a ledger keeps no {purpose}")
        return self.application_recorder()

    def tracking_recorder(
        self,
        tracking_recorder_class: Any = None,  # noqa: ARG002 - the library's signature
    ) -> TrackingRecorder:
        """Refuse: followers keep their own place, in their own database."""
        raise LedgerError("config-invalid", "a follower's view needs its own PERSISTENCE_MODULE")

    def process_recorder(self) -> ProcessRecorder:
        """Refuse: nothing but a signed submission is recorded."""
        raise LedgerError("config-invalid", "a ledger is no process application")

    def is_snapshotting_enabled(self) -> bool:
        """Answer no: an unsigned snapshot would be believed without a check."""
        return False

    def close(self) -> None:
        """Let go of the recorder; its last user closes it. Idempotent."""
        with _lock:
            if not self._taken:
                return
            self._taken = False
            shared = _shared[self._path]
            shared.users -= 1
            if shared.users:
                return
            del _shared[self._path]
        shared.recorder.close()


class _Shared:
    """A recorder and the number of applications that use it."""

    __slots__ = ("recorder", "users")

    def __init__(self, recorder: SQLiteRecorder) -> None:
        self.recorder = recorder
        self.users = 0


# Reentrant: a forgotten application may be collected, and so closed, at any allocation.
_lock: Final = threading.RLock()
_shared: Final[dict[Path, _Shared]] = {}
