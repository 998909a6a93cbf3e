"""The file of one view: its rows, and how far they reach, in one transaction.

Rules:

1. One SQLite file per view, so that a broken view never touches another, or the log.
2. A page's rows, the place after it and one tracking row of ``eventsourcing``'s own recorder are
   one transaction. The tracking row refuses a place that is not beyond the last: a page takes
   effect exactly once, whoever tries it again and wherever a crash fell.
3. ``synchronous=NORMAL``: a power cut may lose the last pages whole, never a part of one. What is
   lost is read again, since everything here can be thrown away and rebuilt.
4. A file under construction has no journal and no sync; it is synced once, when it is complete,
   and nobody sees it before.
5. A file that was replaced closes and goes when its last reader has gone.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
from eventsourcing.persistence import Tracking
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTrackingRecorder,
)

from projections.feed import Page, Place
from projections.views.shape import Rows, View
from verifier.note import Checkpoint, parse_note
from verifier.tree import Frontier

__all__ = ["Stand", "Stop", "ViewStore", "sync_folder"]

PAGE_BYTES: Final = 8_192
ROWS_AT_ONCE: Final = 32  # times 22 columns stays below the 999 values of an old SQLite
CACHE_KIB: Final = 16_384  # enough for the inner pages of every index of a large view
APPLICATION: Final = "log"  # under this name the tracking row stands; one file, one log

_META: Final = (
    (
        "CREATE TABLE IF NOT EXISTS stand (one INTEGER PRIMARY KEY CHECK (one = 1), "
        "time INTEGER NOT NULL, frontier BLOB NOT NULL, note BLOB NOT NULL) STRICT"
    ),
    (
        "CREATE TABLE IF NOT EXISTS stop (one INTEGER PRIMARY KEY CHECK (one = 1), "
        "at_index INTEGER NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL) STRICT"
    ),
)


class Stand(msgspec.Struct, frozen=True):
    """How far a view reaches, and under which checkpoint: every answer says it."""

    origin: str
    position: int
    """Entries 0 … position - 1 are in the rows."""
    time: int
    """Log time at the last of them, in seconds."""
    checkpoint_size: int
    checkpoint_root: bytes
    note: bytes
    """The signed checkpoint itself."""


class Stop(msgspec.Struct, frozen=True):
    """Why a view stands still: the entry that it cannot apply."""

    index: int
    code: str
    reason: str


class _Pool(SQLiteConnectionPool):
    """Connections with our settings: a PRAGMA set on one does not reach the others."""

    bulk = False

    def _create_connection(self) -> SQLiteConnection:
        if self.bulk:
            self.is_journal_mode_wal = True  # so that the library leaves the journal alone
        connection = super()._create_connection()
        cursor = connection.cursor()
        settings = ("journal_mode=OFF", "synchronous=OFF") if self.bulk else ("synchronous=NORMAL",)
        for setting in (f"page_size={PAGE_BYTES}", f"cache_size=-{CACHE_KIB}", *settings):
            cursor.execute(f"PRAGMA {setting}")
        return connection


class _Datastore(SQLiteDatastore):
    def __init__(self, path: Path, *, bulk: bool) -> None:
        super().__init__(str(path))
        self.pool.close()
        self.pool = _Pool(db_name=str(path))
        self.pool.bulk = bulk


class ViewStore(SQLiteTrackingRecorder):
    """The file of one view, for one writer and several readers."""

    def __init__(self, path: Path, view: View, *, bulk: bool = False) -> None:
        self.path = path
        self.view = view
        self._readers = 0
        self._retired = False
        self._lock = threading.Lock()
        super().__init__(_Datastore(path, bulk=bulk))
        self.create_table()

    def construct_create_table_statements(self) -> list[str]:
        """Return the statements for the library's tracking table, ours, and the view's."""
        return [*super().construct_create_table_statements(), *_META, *self.view.TABLES]

    def place(self) -> Place:
        """Return the place after the last page that took effect."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT time, frontier FROM stand")
            row = cursor.fetchone()
        return Place.start() if row is None else Place(Frontier.from_bytes(row[1]), row[0])

    def apply(self, page: Page) -> None:
        """Let a page take effect: its rows, the place after it, the tracking row (rule 2).

        Atomic; durable against a killed process, not against a power cut (rule 3). After any
        error the file is as before, and the view's memory is dropped with what it had assumed.

        Raises:
            eventsourcing.persistence.IntegrityError: the page is in the rows already.
        """
        try:
            with self.datastore.transaction(commit=True) as cursor:
                self._insert_tracking(cursor, Tracking(APPLICATION, page.place.size))
                self.view.apply(page.entries, _Rows(cursor))
                cursor.execute(
                    "INSERT OR REPLACE INTO stand VALUES (1, ?, ?, ?)",
                    (page.place.time, page.place.frontier.to_bytes(), page.under.note),
                )
                cursor.execute("DELETE FROM stop")
        except BaseException:
            self.view.forget()
            raise

    def record_stop(self, stop: Stop) -> None:
        """Write down why the view stands still, for whoever opens the file next."""
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO stop VALUES (1, ?, ?, ?)",
                (stop.index, stop.code, stop.reason),
            )

    def finish(self) -> None:
        """Complete a file that was built in bulk: indexes, then everything on disk (rule 4)."""
        with self.datastore.transaction(commit=True) as cursor:
            for statement in self.view.INDEXES:
                cursor.execute(statement)
        self.datastore.close()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        sync_folder(self.path.parent)

    def lend(self) -> None:
        """Count a reader, so that the file stays until it gives back."""
        with self._lock:
            self._readers += 1

    def give_back(self) -> None:
        """Count a reader out; the last one of a retired file takes the file along (rule 5)."""
        with self._lock:
            self._readers -= 1
            last = self._retired and self._readers == 0
        if last:
            self._remove()

    @contextmanager
    def reading(self) -> Iterator[tuple[Rows, Stand | None]]:
        """Give the rows and where they stand, both of one moment."""
        with self.datastore.transaction(commit=False) as cursor:
            yield _Rows(cursor), _stand(cursor)

    def retire(self) -> None:
        """Close and remove the file as soon as nobody reads it (rule 5)."""
        with self._lock:
            self._retired = True
            idle = self._readers == 0
        if idle:
            self._remove()

    def close(self) -> None:
        """Close every connection; the file stays."""
        self.datastore.close()

    def _remove(self) -> None:
        self.datastore.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").unlink()


class _Rows:
    """A cursor whose ``execute`` gives back the rows, as views and queries want it."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: SQLiteCursor) -> None:
        self._cursor = cursor

    def execute(self, statement: str, values: Any = ()) -> list[sqlite3.Row]:
        """Run a statement and return all its rows."""
        self._cursor.execute(statement, values)
        rows: list[sqlite3.Row] = self._cursor.fetchall()
        return rows

    def insert(self, table: str, rows: Iterable[tuple[Any, ...]], *, verb: str = "INSERT") -> None:
        """Insert rows, many with each statement: a third faster than one by one."""
        rows = list(rows)
        if not rows:
            return
        marks = f"({', '.join('?' * len(rows[0]))})"
        whole = len(rows) // ROWS_AT_ONCE * ROWS_AT_ONCE
        for start, stop, count in ((0, whole, ROWS_AT_ONCE), (whole, len(rows), 1)):
            self._cursor.executemany(
                f"{verb} INTO {table} VALUES {', '.join([marks] * count)}",
                (
                    tuple(chain.from_iterable(rows[i : i + count]))
                    for i in range(start, stop, count)
                ),
            )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stand(cursor: SQLiteCursor) -> Stand | None:
    cursor.execute("SELECT time, frontier, note FROM stand")
    row = cursor.fetchone()
    if row is None:
        return None
    note = bytes(row[2])
    checkpoint = Checkpoint.parse(parse_note(note).text)
    position = int.from_bytes(row[1][:8], "big")
    return Stand(checkpoint.origin, position, row[0], checkpoint.size, checkpoint.root, note)
