"""The register of the last publication, as the database keeps it.

Rules:

1. The table holds the records that the last ``RegisterPublished`` committed to, and nothing newer:
   it is written in the transaction that records the publication. A row is a stream and its record.
2. A reader sees one publication: size, records and ranks are read in one transaction.
3. The order of the table is the order of the register: SQLite compares text by its bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NamedTuple

from ledger.recorder import StorageError

__all__ = ["REGISTER_TABLES", "RegisterTable", "Rows", "Snapshot"]

REGISTER_TABLES: Final = """
CREATE TABLE IF NOT EXISTS register (
  stream TEXT PRIMARY KEY, record BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS published (
  id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL
) STRICT;
"""
UPSERT: Final = (
    "INSERT INTO register VALUES (?,?) ON CONFLICT (stream) DO UPDATE SET record=excluded.record"
)

Stored = tuple[str, bytes]
"""A stream and its record."""


class Rows(NamedTuple):
    """What is stored around a name: its records with both neighbours, and the rank of the first."""

    first: int
    before: Stored | None
    own: list[Stored]
    after: Stored | None


class Snapshot:
    """The table in one read transaction (rule 2)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def size(self) -> int:
        """The size that the last publication speaks of; 0 before the first."""
        row = self._connection.execute("SELECT size FROM published").fetchone()
        return int(row[0]) if row else 0

    def all(self) -> Iterator[Stored]:
        """Yield every stream and its record, in order."""
        query = "SELECT stream, record FROM register ORDER BY stream"
        yield from self._connection.execute(query)

    def around(self, low: str, high: str, *, mark: str, rank: int) -> Rows:
        """Return what is stored of the streams from *low* to below *high*, and beside them.

        *mark* is a stream not after *low* whose rank is known, so that few rows are counted.
        """
        execute = self._connection.execute
        before = execute(
            "SELECT stream, record FROM register WHERE stream<? ORDER BY stream DESC LIMIT 1",
            (low,),
        ).fetchone()
        own = execute(
            "SELECT stream, record FROM register WHERE stream>=? AND stream<? ORDER BY stream",
            (low, high),
        ).fetchall()
        after = execute(
            "SELECT stream, record FROM register WHERE stream>=? ORDER BY stream LIMIT 1", (high,)
        ).fetchone()
        (counted,) = execute(
            "SELECT count(*) FROM register WHERE stream>=? AND stream<?", (mark, low)
        ).fetchone()
        return Rows(max(rank + counted - 1, 0), before, own, after)

    def owner_of(self, kid: bytes) -> str:
        """Return the subject whose stream enrolled a key; empty if none did."""
        query = "SELECT originator_id FROM entries JOIN keys USING (position) WHERE kid=?"
        row = self._connection.execute(query, (kid,)).fetchone()
        return str(row[0]) if row else ""

    def subjects_since(self, size: int) -> list[str]:
        """Return the subjects of the entries at an index from a size on."""
        query = "SELECT DISTINCT originator_id FROM entries WHERE position>?"
        return [row[0] for row in self._connection.execute(query, (size,))]


class RegisterTable:
    """The table of one database; read from any thread, written in the recorder's transaction."""

    def __init__(
        self,
        reader: Callable[[], AbstractContextManager[sqlite3.Connection]],
        writer: sqlite3.Connection,
        failed: Callable[[sqlite3.Error], StorageError],
    ) -> None:
        """Read by connections that *reader* lends, write by *writer*; *failed* names an error."""
        self._reader = reader
        self._writer = writer
        self._failed = failed

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Lend the table as it is committed now.

        Raises:
            StorageError: the database cannot be read.
        """
        try:
            with self._reader() as connection:
                connection.execute("BEGIN")
                try:
                    yield Snapshot(connection)
                finally:
                    connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def write(self, size: int, records: Sequence[Stored]) -> None:
        """Write what changed since the last publication, into the open transaction (rule 1).

        Raises:
            StorageError: the storage refused.
        """
        try:
            self._writer.executemany(UPSERT, records)
            self._writer.execute("REPLACE INTO published VALUES (1, ?)", (size,))
        except sqlite3.Error as error:
            raise self._failed(error) from error
