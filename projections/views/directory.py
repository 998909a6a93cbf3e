"""The directory: who is on record, what they promised, and what was delivered; searched and sorted.

One row for each partnership and each participant observed in another register. It answers: which
ones match these words and facets, how many are there of each kind, and where each stands.

What it leaves out: whoever only acts (actors, roles, guidelines) has no row. Standing depends on
the day that one asks and is computed, not stored; here stand the listing of a partnership and the
last status that another register stated. A promise counts as *made* when the accountable
organization has acknowledged it; until then it is *claimed*. What was imported is *observed*, as
of the day named beside it, and counts for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import msgspec

from projections import search
from projections.reading import Recorded
from projections.views.shape import Keyed, Rows, View
from verifier.errors import MalformedError
from verifier.rules.imported import last_day

__all__ = ["Answer", "Directory", "Facet", "Filters", "Found", "find"]

MAX_LIMIT: Final = 100
MAX_OFFSET: Final = 100_000  # whoever pages further wants an export
MAX_FACET: Final = 300  # values told of one facet: more than there are countries
HERE: Final = "ledger"  # the source of what was recorded here and not imported
PIECES: Final = 4  # texts of one entry in the index, so that entry and text make a row id
DELIVERED: Final = "complete"  # the code of a reviewer's scale that says so


class SubjectRow(msgspec.Struct):
    """A row of ``subject``; its fields are the columns."""

    id: str
    kind: str
    title: str
    titles: str
    """JSON: the title by language."""
    status: str | None
    status_from: str | None
    source: str
    countries: str
    """JSON: alpha-3 codes."""
    first_index: int
    last_index: int
    last_at: int
    claimed: int = 0
    promised: int = 0
    delivered: int = 0
    missed: int = 0
    observed: int = 0
    assessed: int = 0
    last_observed: str | None = None
    importer: str | None = None
    live: str | None = None


class PromiseRow(msgspec.Struct):
    """A row of ``promise``: a commitment by its stream, and how it counts."""

    id: str
    state: str
    point: str = ""
    code: str = ""


class ActorRow(msgspec.Struct):
    """A row of ``actor``: its names, for the search."""

    id: str
    names: str


class Directory(View):
    """The fold of the directory."""

    NAME: ClassVar[str] = "directory"
    VERSION: ClassVar[int] = 1
    TABLES: ClassVar[tuple[str, ...]] = (
        "CREATE TABLE IF NOT EXISTS subject (id TEXT PRIMARY KEY, kind TEXT NOT NULL, "
        "title TEXT NOT NULL, titles TEXT NOT NULL, status TEXT, status_from TEXT, "
        "source TEXT NOT NULL, countries TEXT NOT NULL, first_index INTEGER NOT NULL, "
        "last_index INTEGER NOT NULL, last_at INTEGER NOT NULL, claimed INTEGER NOT NULL, "
        "promised INTEGER NOT NULL, delivered INTEGER NOT NULL, missed INTEGER NOT NULL, "
        "observed INTEGER NOT NULL, assessed INTEGER NOT NULL, last_observed TEXT, "
        "importer TEXT, live TEXT) STRICT, WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS promise (id TEXT PRIMARY KEY, state TEXT NOT NULL, "
        "point TEXT NOT NULL, code TEXT NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS actor (id TEXT PRIMARY KEY, names TEXT NOT NULL) "
        "STRICT, WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS country (value TEXT, subject TEXT, "
        "PRIMARY KEY (value, subject)) STRICT, WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS year (value INTEGER, subject TEXT, "
        "PRIMARY KEY (value, subject)) STRICT, WITHOUT ROWID",
        search.TABLE,
    )
    INDEXES: ClassVar[tuple[str, ...]] = tuple(
        f"CREATE INDEX IF NOT EXISTS subject_{column} ON subject ({column})"
        for column in ("kind", "status", "source", "title")
    )

    def __init__(self, *, fresh: bool = False) -> None:
        super().__init__(fresh=fresh)
        self.subjects = Keyed("subject", SubjectRow, fresh=fresh)
        self.promises = Keyed("promise", PromiseRow, fresh=fresh)
        self.actors = Keyed("actor", ActorRow, fresh=fresh)
        self._pieces: list[tuple[int, str, str, str, str]] = []
        self._facets: dict[str, set[tuple[str | int, str]]] = {"country": set(), "year": set()}

    def apply(self, entries: Sequence[Recorded], rows: Rows) -> None:
        """Fold entries into the rows."""
        for entry in entries:
            fold = FOLDS.get(entry.type)
            if fold is not None:
                fold(self, entry, entry.body, rows)
            elif (row := self.subjects.get(entry.subject, rows)) is not None:
                self.touch(entry, row)
        for keyed in (self.subjects, self.promises, self.actors):
            keyed.write(rows)
        rows.executemany(search.INSERT, self._pieces)
        for name, pairs in self._facets.items():
            rows.executemany(f"INSERT OR IGNORE INTO {name} VALUES (?, ?)", pairs)  # noqa: S608
            pairs.clear()
        self._pieces.clear()

    def forget(self) -> None:
        """Drop what memory holds of the rows."""
        super().forget()
        for keyed in (self.subjects, self.promises, self.actors):
            keyed.forget()
        self._pieces.clear()
        for pairs in self._facets.values():
            pairs.clear()

    # What the folds below are made of.

    def touch(self, entry: Recorded, row: SubjectRow) -> None:
        """Note that a subject's record has grown."""
        row.last_index, row.last_at = entry.index, entry.at
        self.subjects.put(row.id, row)

    def row(self, entry: Recorded, rows: Rows, *, kind: str, source: str) -> SubjectRow:
        """Return the row of an entry's subject, new where there is none, and touch it."""
        row = self.subjects.get(entry.subject, rows)
        if row is None:
            row = SubjectRow(
                entry.subject, kind, entry.subject, "{}", None, None, source, "[]",
                entry.index, entry.index, entry.at,
            )  # fmt: skip
        self.touch(entry, row)
        return row

    def put_countries(self, row: SubjectRow, countries: Sequence[str]) -> None:
        """Add countries to a subject's; a country once named is found by."""
        known = msgspec.json.decode(row.countries, type=list[str])
        known += [country for country in countries if country not in known]
        row.countries = msgspec.json.encode(known).decode()
        self._facets["country"].update((country, row.id) for country in countries)

    def put_year(self, subject: str, year: str | int) -> None:
        """Add a year in which a subject promised something or began."""
        self._facets["year"].add((int(year), subject))

    def put_text(
        self, entry: Recorded, number: int, *, title: str = "", names: str = "", body: str = ""
    ) -> None:
        """Let a subject be found by the words of an entry."""
        self._pieces.append(
            (
                entry.index * PIECES + number, search.tokens(title), search.tokens(names),
                search.tokens(body), entry.subject,
            )
        )  # fmt: skip

    def names_of(self, actors: Sequence[str], rows: Rows) -> str:
        """Return the names of actors, as far as they are on record before this entry."""
        found = (self.actors.get(actor, rows) for actor in actors)
        return " ".join(row.names for row in found if row is not None)


def _texts(texts: Any) -> dict[str, str]:
    return {text.lang: text.text for text in texts or ()}


def _all(texts: Any) -> str:
    return " ".join(text.text for text in texts or ())


def _year(at: int) -> int:
    return datetime.fromtimestamp(at, UTC).year


def _actor(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    view.actors.put(entry.subject, ActorRow(entry.subject, _all(body.name)))


def _submitted(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="partnership", source=HERE)
    titles = _texts(body.title)
    row.title = titles.get("en") or next(iter(titles.values()))
    row.titles = msgspec.json.encode(titles).decode()
    _status(row, "submitted", entry)
    view.put_countries(row, body.countries)
    view.put_year(row.id, _year(entry.at))
    organizations = [partner.organization for partner in body.partners]
    view.put_text(
        entry, 0, title=_all(body.title), names=view.names_of(organizations, rows),
        body=_all(body.purpose),
    )  # fmt: skip


def _status(row: SubjectRow, status: str, entry: Recorded) -> None:
    row.status = status
    row.status_from = datetime.fromtimestamp(entry.at, UTC).date().isoformat()


def _screened(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="partnership", source=HERE)
    if body.outcome != "pass":
        _status(row, "returned" if body.outcome == "return" else "rejected", entry)


def _listing(listing: str) -> Fold:
    def fold(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
        _status(view.row(entry, rows, kind="partnership", source=HERE), listing, entry)

    return fold


COUNTED: Final = {
    "claimed": ("claimed",),
    "acknowledged": ("promised",),
    "fulfilled": ("promised", "delivered"),
    "missed": ("promised", "missed"),
    "withdrawn": (),
}
"""In which columns a commitment counts while it is in a state."""


def _promise(state: str) -> Fold:
    def fold(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
        row = view.row(entry, rows, kind="partnership", source=HERE)
        before = view.promises.get(entry.stream, rows)
        for sign, counted in ((-1, before.state if before else None), (1, state)):
            for column in COUNTED.get(counted or "", ()):
                setattr(row, column, getattr(row, column) + sign)
        view.promises.put(entry.stream, PromiseRow(entry.stream, state))
        if state == "claimed":
            view.put_year(row.id, _year(entry.at))
            words = (getattr(body, name, None) for name in ("title", "text"))
            view.put_text(entry, 0, names=row.title, body=" ".join(map(_all, words)))

    return fold


def _observed(view: Directory, entry: Recorded, body: Any, rows: Rows) -> SubjectRow:
    registry = entry.subject.split(":")[1]
    row = view.row(entry, rows, kind="imported", source=registry)
    day = body.source.observed or datetime.fromtimestamp(entry.at, UTC).date().isoformat()
    if row.last_observed is None or day >= row.last_observed:
        row.last_observed, row.importer = day, entry.iss
    return row


def _participant(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = _observed(view, entry, body, rows)
    row.title, row.titles = body.name, msgspec.json.encode({"und": body.name}).decode()
    place = body.place
    if place is not None and place.country is not None:
        view.put_countries(row, [place.country])
    view.put_text(entry, 0, title=body.name, names=place.name if place is not None else "")


def _commitment(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = _observed(view, entry, body, rows)
    if view.promises.get(entry.stream, rows) is None:
        row.observed += 1
        view.promises.put(entry.stream, PromiseRow(entry.stream, "observed"))
    year = body.start.value[:4] if body.start is not None and body.start.value else body.plan_end
    if year is not None:
        view.put_year(row.id, year)
    names = f"{row.title} {body.maker or ''}"
    view.put_text(entry, 0, names=names, body=f"{body.title} {body.text or ''}")


def _assessment(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = _observed(view, entry, body, rows)
    before = view.promises.get(entry.stream, rows) or PromiseRow(entry.stream, "observed")
    if before.point == "end_of_term" and body.point != "end_of_term":
        return  # the review at the end of the term stands
    row.assessed += before.code == ""
    row.delivered += (body.code.lower() == DELIVERED) - (before.code.lower() == DELIVERED)
    view.promises.put(entry.stream, PromiseRow(entry.stream, "observed", body.point, body.code))


def _observed_status(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = _observed(view, entry, body, rows)
    if body.state is None or body.on.value is None:
        return
    day = last_day(body.on.value).isoformat()
    if row.status_from is None or day >= row.status_from:
        row.status, row.status_from = body.state, day


def _claimed(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="imported", source=entry.subject.split(":")[1])
    row.live = body.live


Fold = Callable[[Directory, Recorded, Any, Rows], None]

FOLDS: Final[dict[str, Fold]] = {
    "ActorRegistered/1": _actor,
    "PartnershipSubmitted/1": _submitted,
    "PartnershipScreened/1": _screened,
    "PartnershipListed/1": _listing("listed"),
    "PartnershipRemoved/1": _listing("removed"),
    "Reinstated/1": _listing("listed"),
    "CommitmentMade/1": _promise("claimed"),
    "CommitmentAcknowledged/1": _promise("acknowledged"),
    "CommitmentFulfilled/1": _promise("fulfilled"),
    "CommitmentMissed/1": _promise("missed"),
    "CommitmentWithdrawn/1": _promise("withdrawn"),
    "ParticipantImported/1": _participant,
    "CommitmentImported/1": _commitment,
    "AssessmentImported/1": _assessment,
    "StatusImported/1": _observed_status,
    "ImportClaimed/1": _claimed,
}


# Queries.


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
    """Commitments that it has."""
    delivered: int
    """Of these the fulfilled ones; of observed ones, those that their reviewer coded complete."""
    missed: int
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
    results: list[Found]
    facets: dict[str, list[Facet]]
    next_offset: int | None


_COLUMNS: Final = {"kind": "kind", "status": "status", "source": "source"}
_TABLES: Final = {"country": "country", "year": "year"}


def find(rows: Rows, filters: Filters) -> Answer:
    """Return the page of the directory that the filters ask for.

    Raises:
        MalformedError: code ``query-malformed``; a bound is exceeded.
    """
    if not (1 <= filters.limit <= MAX_LIMIT and 0 <= filters.offset <= MAX_OFFSET):
        raise MalformedError("query-malformed", f"limit is 1 to {MAX_LIMIT}, offset {MAX_OFFSET}")
    if len(filters.q) > search.MAX_QUERY_CHARS:
        raise MalformedError("query-malformed", f"q has {search.MAX_QUERY_CHARS} characters")
    hits, hit_values = _hits(filters.q)
    where, values = _where(filters)
    matched = f"{hits} SELECT {{}} FROM subject s {'JOIN hit ON hit.id = s.id' if hits else ''}"
    total = rows.execute(
        matched.format("COUNT(*)") + where, hit_values + values
    )[0][0]  # fmt: skip
    order = "hit.score, s.title, s.id" if hits else "s.title, s.id"
    found = rows.execute(
        matched.format("s.*") + f"{where} ORDER BY {order} LIMIT ? OFFSET ?",
        [*hit_values, *values, filters.limit, filters.offset],
    )
    facets = {
        name: _facet(rows, name, msgspec.structs.replace(filters, **{name: None}), matched)
        for name in (*_COLUMNS, *_TABLES)
    }
    seen = filters.offset + len(found)
    return Answer(
        total=total, results=[_found(SubjectRow(*row)) for row in found], facets=facets,
        next_offset=seen if seen < total else None,
    )  # fmt: skip


def _hits(query: str) -> tuple[str, list[Any]]:
    """Return the table of hits: by words, and by the beginning of an identifier."""
    query = query.strip()
    if not query:
        return "", []
    parts, values = [], []
    expression = search.match(query)
    if expression is not None:
        parts.append(f"SELECT subject AS id, score FROM ({search.HITS})")
        values.append(expression)
    parts.append("SELECT id, -1000.0 FROM subject WHERE id >= ? AND id < ?")
    values += [query, query + "\U0010ffff"]
    union = " UNION ALL ".join(parts)
    return (
        f"WITH hit (id, score) AS MATERIALIZED (SELECT id, MIN(score) FROM ({union}) GROUP BY id)",  # noqa: S608
        values,
    )


def _where(filters: Filters) -> tuple[str, list[Any]]:
    terms, values = [], []
    for name, column in _COLUMNS.items():
        if (value := getattr(filters, name)) is not None:
            terms.append(f"s.{column} = ?")
            values.append(value)
    for name, table in _TABLES.items():
        if (value := getattr(filters, name)) is not None:
            terms.append(f"s.id IN (SELECT subject FROM {table} WHERE value = ?)")  # noqa: S608
            values.append(value)
    return (" WHERE " + " AND ".join(terms) if terms else ""), values


def _facet(rows: Rows, name: str, others: Filters, matched: str) -> list[Facet]:
    """Count the values of one facet under all the other filters."""
    where, values = _where(others)
    hit_values = _hits(others.q)[1]
    tail = f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MAX_FACET}"
    if name in _COLUMNS:
        statement = matched.format(f"s.{_COLUMNS[name]}, COUNT(*)") + where + tail
    elif not where and not hit_values:
        statement = f"SELECT value, COUNT(*) FROM {name}{tail}"  # noqa: S608
    else:
        joined = matched.format("f.value, COUNT(*)") + f" JOIN {name} f ON f.subject = s.id"
        statement = joined + where + tail
    return [Facet(*row) for row in rows.execute(statement, hit_values + values)]


def _found(row: SubjectRow) -> Found:
    fields = msgspec.structs.asdict(row)
    del fields["first_index"]
    fields["titles"] = msgspec.json.decode(row.titles)
    fields["countries"] = msgspec.json.decode(row.countries)
    return Found(**fields)
