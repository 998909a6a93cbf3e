"""The recorder on SQLite.

Rules:

1. WAL and ``synchronous=FULL``: a commit that returned survives a loss of power; readers never
   wait for the writer.
2. Tables are ``STRICT``. Entries, tiles and keys are append-only by triggers; ``position`` is ours
   and has no gaps: the trigger on the head counts what each transaction adds.
3. Rows go in by multi-row statements on the caller's thread; ``COMMIT`` alone may run elsewhere.
   ``sqlite3`` lets go of the interpreter lock at every step, and beside a busy event loop each
   step would then wait for a whole thread switch.
4. Statements have 1, 2, 4 … 128 rows, so that they are compiled once and found in the cache.
5. Connections for reading are pooled; each sees committed data only.
6. (stream, seq) is unique, and with it the submission id, which is a hash over both and more: two
   rows of one submission would share their place. That one index also leads to the entries of a
   subject, whose stream ids all begin with it.
7. Event ids are random, so an index of them dirties a page per event wherever it is kept. They are
   indexed a block of ``IDS_BLOCK`` entries at a time, sorted, in the transaction that completes the
   block; the entries after the last whole block are searched one by one.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent

from ledger.errors import LedgerError
from ledger.hashes import Edge, FullTile
from ledger.recorder import (
    EnrolledKey,
    Identify,
    LedgerRecorder,
    LogHead,
    RecordedEvent,
    RecordedNotification,
    Row,
    StorageError,
    Written,
)
from ledger.register_table import REGISTER_TABLES, RegisterTable
from verifier.errors import PledgebookError, UndecidedError
from verifier.tiles import FULL_WIDTH, TILE_HEIGHT, TileHashes, encode_bundle, width_at
from verifier.tree import Frontier, root_from

__all__ = ["SQLiteRecorder"]

MIN_SQLITE: Final = (3, 37, 0)  # STRICT tables
SCHEMA: Final = 3
APPLICATION_ID: Final = 0x50424B31  # "PBK1", so that tools tell whose file it is
PAGE_BYTES: Final = 8192
CACHE_KIB: Final = 65_536  # pages of the indexes, so that inserts find them in memory
IDS_BLOCK: Final = 1_024  # event ids indexed at once: some milliseconds on the disk's thread
CHECKPOINT_PAGES: Final = 4_000  # of the WAL, 32 MiB: pages that many commits change go back once
LOCK_TIMEOUT_S: Final = 5.0
LARGEST_STATEMENT: Final = 128  # rows
MAX_LOOKUP: Final = 500  # ids in one query
MAX_LEVELS: Final = 7  # tile levels of a tree of 2**53 leaves
CACHED_TILES: Final = 256  # full tiles, 2 MiB
FULL_ERRORS: Final = {"SQLITE_FULL"}
FINAL_ERRORS: Final = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB")

TABLES: Final = """
CREATE TABLE IF NOT EXISTS entries (
  position INTEGER PRIMARY KEY,
  originator_id TEXT NOT NULL,
  originator_version INTEGER NOT NULL,
  topic TEXT NOT NULL,
  stream TEXT NOT NULL,
  seq INTEGER NOT NULL,
  event_id BLOB NOT NULL,
  submission_id BLOB NOT NULL,
  log_time INTEGER NOT NULL,
  state BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS entries_of_stream ON entries (stream, seq);
CREATE TABLE IF NOT EXISTS ids (
  prefix BLOB NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (prefix, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tiles (
  level INTEGER NOT NULL, n INTEGER NOT NULL, root BLOB NOT NULL, hashes BLOB NOT NULL,
  PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (
  kid BLOB PRIMARY KEY, public BLOB NOT NULL, position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size INTEGER NOT NULL, root BLOB NOT NULL, log_time INTEGER NOT NULL, frontier BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS head_stays BEFORE DELETE ON head
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS head_grows BEFORE UPDATE ON head WHEN NEW.size <= OLD.size
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS head_has_no_gap BEFORE UPDATE ON head
WHEN NEW.size <> (SELECT max(position) FROM entries)
  OR NEW.size - OLD.size <> (SELECT count(*) FROM entries WHERE position > OLD.size)
BEGIN SELECT RAISE(ABORT, 'positions have no gaps'); END;
"""
APPEND_ONLY: Final = """
CREATE TRIGGER IF NOT EXISTS {0}_never_change BEFORE UPDATE ON {0}
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS {0}_never_go BEFORE DELETE ON {0}
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""
COLUMNS: Final = len(Row._fields)
STORED: Final = "SELECT originator_id, originator_version, topic, state"
EVENT: Final = f"{STORED}, position-1, log_time"
NOTIFICATION: Final = f"{STORED}, position, log_time"
OF_SUBJECT: Final = (
    "position IN (SELECT position FROM entries WHERE stream > ? || '/' AND stream < ? || '0')"
)
"""The entries whose stream ids begin with a subject and a slash (``0`` follows the slash)."""
INDEX_IDS: Final = (
    "INSERT INTO ids SELECT substr(event_id, 1, 8), position FROM entries "
    "WHERE position > ? AND position <= ? ORDER BY 1"
)
FIND_ID: Final = f"""
SELECT position - 1 FROM entries WHERE event_id = ?1 AND position IN (
  SELECT position FROM ids WHERE prefix = substr(?1, 1, 8) UNION ALL
  SELECT position FROM entries WHERE position > (SELECT size - size % {IDS_BLOCK} FROM head))
"""  # noqa: S608 - constants alone


class SQLiteRecorder(LedgerRecorder):
    """A log in one SQLite file."""

    def __init__(self, path: Path, *, identify: Identify, max_pages: int = 0) -> None:
        """Open the file, make it if it is new, and check that its tree fits its head.

        Raises:
            LedgerError: code ``database-too-old``, ``database-unusable`` or ``database-damaged``.
        """
        super().__init__(identify)
        require_sqlite(sqlite3.sqlite_version_info)
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._tiles: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._whole_blocks: tuple[int, int] | None = None
        """The sizes between which the open transaction completes blocks of ids (rule 7)."""
        try:
            self._writer = self._connect()
            self._prepare(max_pages)
            self.head = self._load_head(self._writer)
            self.register = RegisterTable(self._reader, self._writer, _storage_error)
        except sqlite3.Error as error:
            raise LedgerError("database-unusable", f"{path}: {error}") from None

    # Opening and closing.

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        connection.execute("PRAGMA recursive_triggers=ON")  # REPLACE deletes: triggers must see it
        connection.execute("PRAGMA temp_store=MEMORY")  # statement journals: never a file
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        return connection

    def _prepare(self, max_pages: int) -> None:
        writer = self._writer
        (mode,) = writer.execute("PRAGMA journal_mode=WAL").fetchone()
        (schema,) = writer.execute("PRAGMA user_version").fetchone()
        if mode != "wal":
            raise LedgerError("database-unusable", f"{self._path}: WAL is not possible here")
        if schema not in (0, SCHEMA):
            reason = f"{self._path} has schema {schema}, not {SCHEMA}"
            raise LedgerError("database-unusable", reason)
        if max_pages:
            writer.execute(f"PRAGMA max_page_count={max_pages}")
        if schema == 0:
            append_only = "".join(map(APPEND_ONLY.format, ("entries", "tiles", "keys", "ids")))
            empty = LogHead()
            first = f"1, 0, x'{empty.root.hex()}', 0, x'{empty.frontier.to_bytes().hex()}'"
            writer.executescript(
                f"BEGIN IMMEDIATE; {TABLES} {REGISTER_TABLES} {append_only}"  # noqa: S608 - constants alone
                f"PRAGMA application_id={APPLICATION_ID};"
                f"INSERT OR IGNORE INTO head VALUES ({first});"
                f"PRAGMA user_version={SCHEMA}; COMMIT;"
            )

    def close(self) -> None:
        """Close all connections; what is committed stays."""
        with suppress(sqlite3.Error):
            self._writer.close()
        while self._idle:
            self._idle.pop().close()

    def _load_head(self, connection: sqlite3.Connection) -> LogHead:
        """Read the head and the right edge, and require that the tree leads to the head's root."""
        size, root, time, frontier = connection.execute(
            "SELECT size, root, log_time, frontier FROM head"
        ).fetchone()
        levels = [level for level in range(MAX_LEVELS) if size >> TILE_HEIGHT * level]
        full = [size >> TILE_HEIGHT * (level + 1) for level in levels]
        rows = [
            [row[0] for row in connection.execute(*_edge_query(level, count))]
            for level, count in enumerate(full)
        ]
        try:
            head = LogHead(size, root, time, Frontier.from_bytes(frontier), Edge(rows, full))
            self.head = head
            fits = head.frontier.root() == root == root_from(size, TileHashes(self, size))
        except PledgebookError as error:
            raise LedgerError("database-damaged", f"{self._path}: {error.reason}") from None
        (count,) = connection.execute("SELECT coalesce(max(position), 0) FROM entries").fetchone()
        if not fits or count != size or head.frontier.size != size:
            reason = f"{self._path}: {count} entries do not lead to the head of size {size}"
            raise LedgerError("database-damaged", reason)
        return head

    # Writing.

    def begin(self) -> LogHead:
        """Take the writer's lock and open a transaction; see the base class."""
        self._writing.acquire()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            (size,) = self._writer.execute("SELECT size FROM head").fetchone()
            if size != self.head.size:  # another process has written
                self.head = self._load_head(self._writer)
        except sqlite3.Error as error:
            self.abandon()
            raise _storage_error(error) from error
        except BaseException:
            self.abandon()
            raise
        return self.head

    def write(self, rows: Sequence[Row], keys: Sequence[EnrolledKey] = ()) -> Written:
        """Write rows, completed tiles, keys, frontier and head; see the base class."""
        after, tiles = self.head.grown(rows)
        execute = self._writer.execute
        start = 0
        try:
            while start < len(rows):
                count = min(LARGEST_STATEMENT, 1 << (len(rows) - start).bit_length() - 1)
                values = chain.from_iterable(rows[start : start + count])
                execute(_INSERTS[count], tuple(values))
                start += count
            for tile in tiles:
                execute("INSERT INTO tiles VALUES (?,?,?,?)", _tile_row(tile))
            for key in keys:
                execute("INSERT INTO keys VALUES (?,?,?)", key)
            execute(
                "UPDATE head SET size=?, root=?, log_time=?, frontier=?",
                (after.size, after.root, after.time, after.frontier.to_bytes()),
            )
        except sqlite3.IntegrityError as error:
            raise IntegrityError(error) from error
        except sqlite3.Error as error:
            raise _storage_error(error) from error
        first, last = (size - size % IDS_BLOCK for size in (self.head.size, after.size))
        self._whole_blocks = (first, last) if first < last else None
        return Written(self.head, after)

    def commit(self) -> None:
        """Commit, on whatever thread; see the base class."""
        try:
            if self._whole_blocks is not None:
                self._writer.execute(INDEX_IDS, self._whole_blocks)
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            raise _storage_error(error) from error

    def abandon(self) -> None:
        """Roll back and give the lock back; see the base class."""
        with suppress(sqlite3.Error):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        self._writing.release()

    # The library's reads.

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return a subject's events by version; committed data only."""
        order = "DESC" if desc else "ASC"
        rows = self._read(
            f"{EVENT} FROM entries WHERE {OF_SUBJECT} AND originator_version>? "
            f"AND originator_version<=? ORDER BY position {order} LIMIT ?",
            (*[str(originator_id)] * 2, -1 if gt is None else gt, 2**62 if lte is None else lte,
             -1 if limit is None else limit),
        )  # fmt: skip
        return [RecordedEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return the log from a position on, optionally of some topics; committed data only."""
        first = (start or 0) + (0 if inclusive_of_start else 1)
        marks = f"AND topic IN ({_marks(len(topics))})" if topics else ""
        rows = self._read(
            f"{NOTIFICATION} FROM entries WHERE position>=? AND position<=? {marks} "
            "ORDER BY position LIMIT ?",
            (first, 2**62 if stop is None else stop, *topics, limit),
        )
        return [RecordedNotification(*row) for row in rows]

    def max_notification_id(self) -> int | None:
        """Return the last position, or nothing for an empty log."""
        found: int | None = self._read("SELECT max(position) FROM entries")[0][0]
        return found

    # The ledger's reads.

    def entry(self, index: int) -> bytes | None:
        """Return the bytes of the event at an index."""
        rows = self._read("SELECT state FROM entries WHERE position=?", (index + 1,))
        return rows[0][0] if rows else None

    def index_of(self, event_id: bytes) -> int | None:
        """Return the index of an event by its id."""
        rows = self._read(FIND_ID, (event_id,))
        return rows[0][0] if rows else None

    def find_submissions(
        self, places: Sequence[tuple[str, int, bytes]]
    ) -> dict[bytes, tuple[int, bytes]]:
        """Return (index, event bytes) by submission id of those that are on record.

        A submission is given as (stream, seq, submission id): rule 6.
        """
        found: dict[bytes, tuple[int, bytes]] = {}
        for at in range(0, len(places), MAX_LOOKUP):
            some = places[at : at + MAX_LOOKUP]
            query = (
                "SELECT submission_id, position-1, state FROM entries WHERE (stream, seq) IN "  # noqa: S608 - marks alone
                f"(VALUES {_marks(len(some), '(?,?)')})"
            )
            values = tuple(chain.from_iterable(place[:2] for place in some))
            found.update((row[0], (row[1], row[2])) for row in self._read(query, values))
        asked = {place[2] for place in places}
        return {id_: place for id_, place in found.items() if id_ in asked}

    def stream(self, stream: str, start_seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Return (index, event bytes) of a stream from a seq on."""
        query = (
            "SELECT position-1, state FROM entries WHERE stream=? AND seq>=? ORDER BY seq LIMIT ?"
        )
        return self._read(query, (stream, start_seq, limit))

    def subject(self, subject: str, after_index: int, limit: int) -> list[tuple[int, bytes]]:
        """Return (index, event bytes) of a subject after an index."""
        query = (
            f"SELECT position-1, state FROM entries WHERE {OF_SUBJECT} AND position>? "  # noqa: S608 - constants
            "ORDER BY position LIMIT ?"
        )
        return self._read(query, (subject, subject, after_index + 1, limit))

    def heads(self, subject: str) -> list[tuple[str, int, bytes]]:
        """Return (stream, seq, event id) of the last event of each stream of a subject."""
        query = (
            "SELECT stream, max(seq), event_id FROM entries "
            "WHERE stream > ? || '/' AND stream < ? || '0' GROUP BY stream"
        )
        return self._read(query, (subject, subject))

    def stream_head(self, stream: str) -> tuple[int, bytes] | None:
        """Return (seq, event id) of the last event of a stream."""
        query = "SELECT seq, event_id FROM entries WHERE stream=? ORDER BY seq DESC LIMIT 1"
        rows = self._read(query, (stream,))
        return rows[0] if rows else None

    def keys(self) -> dict[bytes, bytes]:
        """Return every key ever enrolled: thumbprint -> raw public key."""
        return dict(self._read("SELECT kid, public FROM keys"))

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the hashes of a tile, of any width up to the committed size.

        Raises:
            UndecidedError: code ``source-missing``.
        """
        head = self.head
        if level < 0 or n < 0 or not 1 <= width <= width_at(level, n, head.size):
            raise UndecidedError("source-missing", f"no tile {level}/{n} of width {width}")
        if n == head.size >> TILE_HEIGHT * (level + 1):
            return b"".join(head.edge.row(level)[:width])
        found = self._tiles.get((level, n))
        if found is None:
            rows = self._read("SELECT hashes FROM tiles WHERE level=? AND n=?", (level, n))
            if not rows:
                raise UndecidedError("source-missing", f"tile {level}/{n} is not stored")
            found = self._tiles[level, n] = rows[0][0]
            if len(self._tiles) > CACHED_TILES:
                self._tiles.popitem(last=False)
        return found[: width * 32]

    def bundle(self, n: int, width: int) -> bytes:
        """Return an entry bundle, of any width up to the committed size.

        Raises:
            UndecidedError: code ``source-missing``.
        """
        if n < 0 or not 1 <= width <= width_at(0, n, self.head.size):
            raise UndecidedError("source-missing", f"no entry bundle {n} of width {width}")
        first = n * FULL_WIDTH + 1
        query = "SELECT state FROM entries WHERE position BETWEEN ? AND ? ORDER BY position"
        return encode_bundle([row[0] for row in self._read(query, (first, first + width - 1))])

    @contextmanager
    def change_counter(self) -> Iterator[Callable[[], int]]:
        """Lend SQLite's counter of commits by other connections."""
        with self._reader() as reader:
            yield lambda: int(reader.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def _read(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            with self._reader() as reader:
                return reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _storage_error(error) from error


def require_sqlite(version: tuple[int, int, int]) -> None:
    """Require an SQLite that knows STRICT tables.

    Raises:
        LedgerError: code ``database-too-old``.
    """
    if version < MIN_SQLITE:
        has, needs = (".".join(map(str, v)) for v in (version, MIN_SQLITE))
        raise LedgerError("database-too-old", f"this Python has SQLite {has}; {needs} is needed")


def _edge_query(level: int, full: int) -> tuple[str, tuple[int]]:
    """Return the query for the hashes of a level after its last full tile."""
    first = full * FULL_WIDTH
    if level == 0:
        return "SELECT event_id FROM entries WHERE position>? ORDER BY position", (first,)
    query = f"SELECT root FROM tiles WHERE level={level - 1} AND n>=? ORDER BY n"  # noqa: S608 - a number
    return query, (first,)


def _tile_row(tile: FullTile) -> tuple[int, int, bytes, bytes]:
    return tile.level, tile.n, tile.root, tile.hashes


def _marks(count: int, mark: str = "?") -> str:
    return ",".join([mark] * count)


def _storage_error(error: sqlite3.Error) -> StorageError:
    """Tell a full disk from other refusals, and those after which nothing is certain."""
    name = getattr(error, "sqlite_errorname", None) or ""
    code = "T-storage-full" if name in FULL_ERRORS else "T-storage"
    return StorageError(f"{error} ({name})", code=code, final=name.startswith(FINAL_ERRORS))


_ROW: Final = f"({_marks(COLUMNS)})"
_INSERTS: Final = {
    1 << n: "INSERT INTO entries VALUES " + ",".join([_ROW] * (1 << n))  # noqa: S608 - marks
    for n in range(LARGEST_STATEMENT.bit_length())
}
