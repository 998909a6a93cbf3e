"""Questions to the directory: words, facets and pages; every facet counted under the others.

A count of a facet is of what matches all that was asked but that facet itself, so that a reader
sees what another choice would give.

What an interim measure hides on the day that one asks is neither found nor counted, but in
``hidden``; on the day after its last it is there again, without any event. In a ledger whose times
are stated the day is that of its last entry, whatever the clock on the wall says.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from projections import search
from projections.views.directory import SubjectRow
from projections.views.shape import Rows
from verifier.errors import MalformedError

__all__ = ["Answer", "Facet", "Filters", "Found", "day_of", "every", "find", "found", "hidden_on"]

MAX_LIMIT: Final = 100
MAX_OFFSET: Final = 100_000  # whoever pages further wants an export
MAX_FACET: Final = 300  # values told of one facet: more than there are countries


class Filters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of the directory; every facet takes one value."""

    q: str = ""
    kind: str | None = None
    status: str | None = None
    country: str | None = None
    year: int | None = None
    source: str | None = None
    limit: int = 20
    offset: int = 0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One subject in an answer; absent values are null."""

    id: str
    kind: str
    title: str
    titles: dict[str, str]
    status: str | None
    status_from: str | None
    source: str
    countries: list[str]
    claimed: int
    """Commitments that the accountable organization has not acknowledged."""
    promised: int
    """Commitments that it has acknowledged, whatever became of them."""
    delivered: int
    """Fulfilled ones; of observed ones, those that their reviewer last coded complete."""
    missed: int
    withdrawn: int
    observed: int
    """Commitments observed in another register."""
    assessed: int
    last_observed: str | None
    importer: str | None
    live: str | None
    """The subject that goes on from a claimed import."""
    last_index: int
    last_at: int


class Facet(msgspec.Struct, frozen=True):
    """A value of a facet, and how many match everything else that was asked."""

    value: str | int | None
    count: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the directory."""

    total: int
    hidden: int
    """How many more match that an interim measure hides on this day."""
    incomplete: bool
    """More texts match the words than are ranked (``search.MAX_HITS``): ask for more of them."""
    results: list[Found]
    facets: dict[str, list[Facet]]
    next_offset: int | None


class Hits(enum.Enum):
    """What the table of hits holds."""

    NOT_ASKED = enum.auto()
    SOME = enum.auto()
    ALL = enum.auto()


_COLUMNS: Final = {"kind": "kind", "status": "status", "source": "source"}
_TABLES: Final = {"country": "country", "year": "year"}


def find(rows: Rows, filters: Filters, *, today: date | None = None) -> Answer:
    """Return the page of the directory that the filters ask for, as of a day.

    Without one, the day is the present one (``day_of``).

    Raises:
        MalformedError: code ``query-malformed``; a bound is exceeded.
    """
    hits, matched, order = _asked(rows, filters)
    where, values = _where(filters)
    every = rows.execute(matched.format("COUNT(*)") + where, values)[0][0]
    hidden = hidden_on(rows, today or day_of(rows))
    where, values = _where(filters, hidden)
    total = every if not hidden else rows.execute(matched.format("COUNT(*)") + where, values)[0][0]
    rows_found = rows.execute(
        f"{matched.format('s.*')}{where} {order} LIMIT ? OFFSET ?",
        [*values, filters.limit, filters.offset],
    )
    facets = {
        name: _facet(rows, name, msgspec.structs.replace(filters, **{name: None}), matched, hidden)
        for name in (*_COLUMNS, *_TABLES)
    }
    seen = filters.offset + len(rows_found)
    return Answer(
        total=total,
        hidden=every - total,
        incomplete=hits is Hits.SOME,
        results=[found(SubjectRow(*row)) for row in rows_found],
        facets=facets,
        next_offset=seen if seen < total else None,
    )


def every(rows: Rows, filters: Filters, *, most: int, today: date | None = None) -> list[Found]:
    """Return all that the filters ask for, whatever page they name, as of a day.

    Raises:
        MalformedError: code ``query-malformed``; a bound is exceeded, or there is more than *most*.
    """
    hits, matched, order = _asked(rows, filters)
    if hits is Hits.SOME:
        raise MalformedError(
            "query-malformed", "more texts match than can be told: give more words"
        )
    where, values = _where(filters, hidden_on(rows, today or day_of(rows)))
    lines = rows.execute(f"{matched.format('s.*')}{where} {order} LIMIT ?", [*values, most + 1])
    if len(lines) > most:
        raise MalformedError("query-malformed", f"more than {most} lines match: narrow it down")
    return [found(SubjectRow(*row)) for row in lines]


def _asked(rows: Rows, filters: Filters) -> tuple[Hits, str, str]:
    """Return what the words hit, the statement that selects from it, and the order of its rows."""
    if not (1 <= filters.limit <= MAX_LIMIT and 0 <= filters.offset <= MAX_OFFSET):
        raise MalformedError("query-malformed", f"limit is 1 to {MAX_LIMIT}, offset {MAX_OFFSET}")
    if len(filters.q) > search.MAX_QUERY_CHARS:
        raise MalformedError("query-malformed", f"q has {search.MAX_QUERY_CHARS} characters")
    hits = _put_hits(rows, filters.q.strip())
    if hits is Hits.NOT_ASKED:
        return hits, "SELECT {} FROM subject s", "ORDER BY s.title, s.id"
    # CROSS JOIN keeps the order: from the few hits to their rows, never the other way round.
    matched = "SELECT {} FROM temp.hit CROSS JOIN subject s ON s.id = hit.id"
    return hits, matched, "ORDER BY hit.score, s.title, s.id"


def day_of(rows: Rows) -> date:
    """Return the present day of the ledger: that of the clock, or of its last entry if later.

    Where times are stated (decision D1.4) it is that of the last entry.
    """
    last = max((row[0] for row in rows.execute("SELECT time FROM stand")), default=0)
    stated = rows.execute("SELECT 1 FROM about WHERE id = 'clock' AND value = 'stated'")
    wall = datetime.now(UTC)
    reached = datetime.fromtimestamp(last, UTC)
    return (reached if stated else max(reached, wall)).date()


def hidden_on(rows: Rows, today: date) -> list[str]:
    """Return the subjects that an interim measure hides on a day; few, so that each is named."""
    statement = "SELECT id FROM subject WHERE hidden_until >= ?"
    return [row[0] for row in rows.execute(statement, (today.isoformat(),))]


def _put_hits(rows: Rows, query: str) -> Hits:
    """Put what the words or the beginning of an identifier match into a table of this reader.

    It goes with the reader's transaction.
    """
    if not query:
        return Hits.NOT_ASKED
    parts, values = ["SELECT id, -1000.0 AS score FROM subject WHERE id >= ? AND id < ?"], [
        query, query + "\U0010ffff",
    ]  # fmt: skip
    expression = search.match(query)
    if expression is not None:
        parts.append(f"SELECT subject AS id, score FROM ({search.HITS})")  # noqa: S608
        values.append(expression)
    rows.execute(
        "CREATE TEMP TABLE IF NOT EXISTS hit (id TEXT PRIMARY KEY, score REAL) WITHOUT ROWID"
    )
    rows.execute("DELETE FROM temp.hit")
    rows.execute(
        f"INSERT INTO temp.hit SELECT id, MIN(score) FROM ({' UNION ALL '.join(parts)}) "  # noqa: S608
        "GROUP BY id",
        values,
    )
    many = expression and len(rows.execute(search.BEYOND, (expression,)))
    return Hits.SOME if many else Hits.ALL


def _where(filters: Filters, hidden: Sequence[str] = ()) -> tuple[str, list[Any]]:
    terms, values = [], []
    for name, column in _COLUMNS.items():
        if (value := getattr(filters, name)) is not None:
            terms.append(f"s.{column} = ?")
            values.append(value)
    for name, table in _TABLES.items():
        if (value := getattr(filters, name)) is not None:
            terms.append(f"s.id IN (SELECT subject FROM {table} WHERE value = ?)")  # noqa: S608
            values.append(value)
    if hidden:
        terms.append("s.id NOT IN (SELECT value FROM json_each(?))")
        values.append(msgspec.json.encode(hidden).decode())
    return (" WHERE " + " AND ".join(terms) if terms else ""), values


def _facet(
    rows: Rows, name: str, others: Filters, matched: str, hidden: Sequence[str]
) -> list[Facet]:
    """Count the values of one facet under all the other filters."""
    where, values = _where(others, hidden)
    tail = f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MAX_FACET}"
    if name in _COLUMNS:
        statement = matched.format(f"s.{_COLUMNS[name]}, COUNT(*)") + where + tail
    elif not where and not others.q.strip():
        statement = f"SELECT value, COUNT(*) FROM {name}{tail}"  # noqa: S608
    else:
        joined = matched.format("f.value, COUNT(*)") + f" CROSS JOIN {name} f ON f.subject = s.id"
        statement = joined + where + tail
    return [Facet(*row) for row in rows.execute(statement, values)]


def found(row: SubjectRow) -> Found:
    """Return a subject as answers tell it."""
    fields = msgspec.structs.asdict(row)
    for own in ("first_index", "hidden_until", "ruled", "integrity"):
        del fields[own]
    fields["titles"] = msgspec.json.decode(row.titles)
    fields["countries"] = msgspec.json.decode(row.countries)
    return Found(**fields)
