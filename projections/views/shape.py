"""The shape that all views share, so that who knows one knows all.

A view module has, in this order: its module docstring (what it answers, and what it leaves out);
its tables; its fold; its queries, which may fill a module of their own beside it. The fold is a
``View``:

1. ``NAME`` and ``VERSION`` name its file. Whatever changes a row or a table is a new version, and a
   new version is built from the first entry.
2. ``apply`` folds entries into rows. The same entries give the same rows however they are cut into
   pages; it reads no clock and nothing but the entries and its own rows.
3. What it keeps in memory is a copy of rows, and ``forget`` drops it after a page has failed.
4. An event type that it does not know is no error.

The queries are functions over ``Rows`` that return frozen structs, which are the JSON answers.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar, get_args

import msgspec

from projections.reading import Recorded

__all__ = ["Keyed", "Rows", "View", "create_table"]

MAX_KEPT: Final = 200_000  # rows in memory; at some 500 bytes a row that is 100 MB


class Rows(Protocol):
    """What folds and queries need of a database."""

    def execute(self, statement: str, values: Any = ()) -> list[sqlite3.Row]:
        """Run a statement and return all its rows."""
        ...

    def insert(self, table: str, rows: Iterable[tuple[Any, ...]], *, verb: str = "INSERT") -> None:
        """Insert rows of all columns; *verb* may add ``OR REPLACE`` or ``OR IGNORE``."""
        ...


class View(ABC):
    """A read model: its tables and its fold. One object serves one file."""

    NAME: ClassVar[str]
    VERSION: ClassVar[int]
    TABLES: ClassVar[tuple[str, ...]]
    """``CREATE TABLE IF NOT EXISTS`` statements."""
    INDEXES: ClassVar[tuple[str, ...]] = ()
    """``CREATE INDEX IF NOT EXISTS`` statements, run when a bulk load is complete."""

    def __init__(self, *, fresh: bool = False) -> None:
        """*fresh* says that the file is empty, so that what is not in memory is nowhere."""
        self.fresh = fresh

    @abstractmethod
    def apply(self, entries: Sequence[Recorded], rows: Rows) -> None:
        """Fold entries into the rows, within the caller's transaction."""

    def forget(self) -> None:
        """Drop what memory holds of the rows."""
        self.fresh = False


R = TypeVar("R", bound=msgspec.Struct)


class Keyed(Generic[R]):
    """The rows of one table by key: read when first wanted, written once per page.

    The struct's fields are the table's columns, in order; the first is the key. ``get`` hands out
    the row itself: change it and call ``put``.
    """

    def __init__(self, table: str, row: type[R], *, fresh: bool = False) -> None:
        names = row.__struct_fields__
        self._row = row
        self._complete = fresh
        self._kept: dict[Any, R] = {}
        self._changed: dict[Any, R] = {}
        self._select = f"SELECT {', '.join(names)} FROM {table} WHERE {names[0]} = ?"  # noqa: S608
        self._table = table

    def get(self, key: Any, rows: Rows) -> R | None:
        """Return the row at a key, or nothing."""
        row = self._kept.get(key)
        if row is None and not self._complete:
            for found in rows.execute(self._select, (key,)):
                row = self._kept[key] = self._row(*found)
        return row

    def put(self, key: Any, row: R) -> None:
        """Let a row stand at a key from now on."""
        self._kept[key] = self._changed[key] = row

    def write(self, rows: Rows) -> None:
        """Write what changed since the last time."""
        changed = map(msgspec.structs.astuple, self._changed.values())
        rows.insert(self._table, changed, verb="INSERT OR REPLACE")
        self._changed.clear()
        if len(self._kept) > MAX_KEPT:
            self.forget()

    def forget(self) -> None:
        """Drop every row from memory; they are read again when wanted."""
        self._kept.clear()
        self._changed.clear()
        self._complete = False


def create_table(name: str, row: type[msgspec.Struct]) -> str:
    """Return the statement for a table whose columns are a struct's fields, the first the key.

    The fields are ``str`` or ``int``, or either of them and ``None``.
    """
    columns = []
    for field in msgspec.structs.fields(row):
        kinds = {field.type, *get_args(field.type)}
        column = f"{field.name} {'TEXT' if str in kinds else 'INTEGER'}"
        columns.append(column if type(None) in kinds else f"{column} NOT NULL")
    columns[0] = f"{columns[0]} PRIMARY KEY"
    return f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(columns)}) STRICT, WITHOUT ROWID"
