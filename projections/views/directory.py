"""The directory: who is on record, what they promised, and what was delivered; searched and sorted.

One row for each partnership and each participant observed in another register. It answers: which
ones match these words and facets, how many are there of each kind, and where each stands
(``lookup`` has the questions).

What it leaves out: whoever only acts (actors, roles, guidelines) has no row. Standing depends on
the day that one asks and is computed, not stored; here stand the listing of a partnership and the
last status that another register stated. A promise counts as *made* when the accountable
organization has acknowledged it; until then it is *claimed*. What was imported is *observed*, as
of the day named beside it, and counts for nothing else.

A listing that an interim measure hides has its row, with the last day of the measure: whether it is
hidden depends on the day that one asks (``lookup``).
"""

# ruff: noqa: ARG001 - all folds have one shape; a fold takes what the shape gives, needed or not.
from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import msgspec

from projections import search
from projections.reading import Recorded
from projections.views.registration import LISTING
from projections.views.rows import AboutRow, ActorRow, AppealRow, PromiseRow, SubjectRow
from projections.views.shape import Keyed, Rows, View, create_table
from verifier.rules.imported import last_day

__all__ = ["Directory", "SubjectRow"]

HERE: Final = "ledger"  # the source of what was recorded here and not imported
PIECES: Final = 4  # texts of one entry in the index, so that entry and text make a row id
FACET_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS {name} (value {type}, subject TEXT, "
    "PRIMARY KEY (value, subject)) STRICT, WITHOUT ROWID"
)
END: Final = "end_of_term"  # the point of the review that has the last word
DELIVERED: Final = "complete"  # the code of a reviewer's scale that says so


class Directory(View):
    """The fold of the directory."""

    NAME: ClassVar[str] = "directory"
    VERSION: ClassVar[int] = 3
    TABLES: ClassVar[tuple[str, ...]] = (
        create_table("subject", SubjectRow),
        create_table("promise", PromiseRow),
        create_table("actor", ActorRow),
        create_table("appeal", AppealRow),
        create_table("about", AboutRow),
        FACET_TABLE.format(name="country", type="TEXT"),
        FACET_TABLE.format(name="year", type="INTEGER"),
        search.TABLE,
    )
    INDEXES: ClassVar[tuple[str, ...]] = (
        *(
            f"CREATE INDEX IF NOT EXISTS subject_{column} ON subject ({column})"
            for column in ("kind", "status", "source", "title")
        ),
        "CREATE INDEX IF NOT EXISTS subject_facets ON subject (id, kind, status, source)",
        (
            "CREATE INDEX IF NOT EXISTS subject_hidden ON subject (hidden_until) "
            "WHERE hidden_until IS NOT NULL"
        ),
        "CREATE INDEX IF NOT EXISTS country_subject ON country (subject, value)",
        "CREATE INDEX IF NOT EXISTS year_subject ON year (subject, value)",
    )

    def __init__(self, *, fresh: bool = False) -> None:
        super().__init__(fresh=fresh)
        self.subjects = Keyed("subject", SubjectRow, fresh=fresh)
        self.promises = Keyed("promise", PromiseRow, fresh=fresh)
        self.actors = Keyed("actor", ActorRow, fresh=fresh)
        self.appeals = Keyed("appeal", AppealRow, fresh=fresh)
        self.about = Keyed("about", AboutRow, fresh=fresh)
        self._keyed: tuple[Keyed[Any], ...] = (
            self.subjects, self.promises, self.actors, self.appeals, self.about,
        )  # fmt: skip
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
        for keyed in self._keyed:
            keyed.write(rows)
        rows.insert(search.INTO, self._pieces)
        for name, pairs in self._facets.items():
            rows.insert(name, pairs, verb="INSERT OR IGNORE")
            pairs.clear()
        self._pieces.clear()

    def forget(self) -> None:
        """Drop what memory holds of the rows."""
        super().forget()
        for keyed in self._keyed:
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


def _titles(texts: Any) -> tuple[str, str]:
    titles = _texts(texts)
    return titles.get("en") or next(iter(titles.values())), msgspec.json.encode(titles).decode()


def _submitted(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="partnership", source=HERE)
    row.title, row.titles = _titles(body.title)
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


def _listed(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    listing = LISTING[entry.type](body)
    row = view.row(entry, rows, kind="partnership", source=HERE)
    if listing is not None:
        _status(row, listing, entry)
    if entry.type in ENDS_ALL:
        row.hidden_until = row.integrity = None


ENDS_ALL: Final = ("PartnershipRemoved/1", "PartnershipWithdrawn/1")
"""The listings that end every case, and an interim measure with it."""


def _suspended(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    _listed(view, entry, body, rows)
    view.row(entry, rows, kind="partnership", source=HERE).ruled = "suspend"


def _ruled(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="partnership", source=HERE)
    if row.integrity != _local(entry):
        row.ruled = body.outcome
        _listed(view, entry, body, rows)
    elif body.outcome == "dismiss":
        row.hidden_until = row.integrity = None


def _closed(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="partnership", source=HERE)
    if row.integrity == _local(entry):
        row.hidden_until = row.integrity = None


def _about_integrity(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    view.row(entry, rows, kind="partnership", source=HERE).integrity = _local(entry)


def _local(entry: Recorded) -> str:
    return entry.stream.rpartition("/")[2]


def _unhidden(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    view.row(entry, rows, kind="partnership", source=HERE).hidden_until = None


def _measure(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="partnership", source=HERE)
    row.hidden_until = body.until if "listing_hidden" in body.what else None


def _examined(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="partnership", source=HERE)
    if row.hidden_until is not None:
        row.hidden_until = body.until


def _panel(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    view.row(entry, rows, kind="partnership", source=HERE)
    if view.appeals.get(entry.stream, rows) is None:  # a stream holds one, and the first stands
        asked = AppealRow(entry.stream, body.outcome, body.quorum, body.case)
        view.appeals.put(entry.stream, asked)


def _endorsed(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.subjects.get(entry.subject, rows)
    if row is not None:
        view.touch(entry, row)
    appeal = view.appeals.get(body.proposal.stream, rows)
    if row is None or appeal is None:
        return
    voices = msgspec.json.decode(appeal.voices, type=set[str])
    if len(voices) >= appeal.quorum:
        return  # it has taken effect
    appeal.voices = msgspec.json.encode(sorted(voices | {body.organization})).decode()
    view.appeals.put(appeal.id, appeal)
    if len(voices | {body.organization}) >= appeal.quorum:
        _appeal_decided(appeal, row, entry)


def _appeal_decided(appeal: AppealRow, row: SubjectRow, entry: Recorded) -> None:
    """Relist what was suspended: if all ends, or if it is the suspension that is sent back.

    A case about integrity has no suspension to end, but its measure.
    """
    ends = appeal.outcome == "overturn"
    if appeal.case_id == row.integrity:
        if ends:
            row.hidden_until = row.integrity = None
    elif row.status == "suspended" and (
        ends or (appeal.outcome == "remit" and row.ruled == "suspend")
    ):
        _status(row, "listed", entry)


def _opened(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    view.about.put("clock", AboutRow("clock", body.clock))


def _amended(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row, after = view.row(entry, rows, kind="partnership", source=HERE), body.after
    if after.title is not None:
        row.title, row.titles = _titles(after.title)
    view.put_text(entry, 0, title=_all(after.title or ()), names="", body=_all(after.purpose or ()))


def _made(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="partnership", source=HERE)
    if view.promises.get(entry.stream, rows) is not None:
        return  # a stream holds one commitment, and the first stands
    row.claimed += 1
    view.promises.put(entry.stream, PromiseRow(entry.stream, "claimed", body.accountable))
    view.put_year(row.id, _year(entry.at))
    names = f"{row.title} {view.names_of([body.accountable], rows)}"
    view.put_text(entry, 0, names=names, body=_all(body.text))


def _acknowledged(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    row = view.row(entry, rows, kind="partnership", source=HERE)
    promise = view.promises.get(entry.stream, rows)
    if promise is None or promise.state != "claimed" or body.organization != promise.accountable:
        return  # a contributor's word makes no promise
    row.promised += 1
    _becomes("active", promise, row)
    view.promises.put(entry.stream, promise)


COUNTED: Final = {
    "claimed": "claimed", "fulfilled": "delivered", "missed": "missed", "withdrawn": "withdrawn",
}  # fmt: skip
"""The column in which a commitment counts while it is in a state."""


def _becomes(state: str, promise: PromiseRow, row: SubjectRow) -> None:
    for sign, counted in ((-1, promise.state), (1, state)):
        if (column := COUNTED.get(counted)) is not None:
            setattr(row, column, getattr(row, column) + sign)
    promise.state = state


def _transferred(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
    promise = view.promises.get(entry.stream, rows)
    if promise is not None:
        promise.accountable = body.organization
        view.promises.put(entry.stream, promise)


def _ends(state: str) -> Fold:
    def fold(view: Directory, entry: Recorded, body: Any, rows: Rows) -> None:
        row = view.row(entry, rows, kind="partnership", source=HERE)
        promise = view.promises.get(entry.stream, rows)
        if promise is not None:
            _becomes(state, promise, row)
            view.promises.put(entry.stream, promise)

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
    before = view.promises.get(entry.stream, rows)
    if before is None or (before.point == END and body.point != END):
        return  # the review at the end of the term stands
    row.assessed += before.code == ""
    row.delivered += (body.code.lower() == DELIVERED) - (before.code.lower() == DELIVERED)
    before.point, before.code = body.point, body.code
    view.promises.put(entry.stream, before)


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
    **dict.fromkeys(LISTING, _listed),
    "PartnershipSuspended/1": _suspended,
    "RemovalDecided/1": _ruled,
    "CaseClosed/1": _closed,
    "IntegrityCaseOpened/1": _about_integrity,
    "InterimMeasureTaken/1": _measure,
    "MeasureConfirmed/1": _examined,
    "MeasureLifted/1": _unhidden,
    "AppealDecisionProposed/1": _panel,
    "Endorsed/1": _endorsed,
    "LedgerOpened/1": _opened,
    "DetailsAmended/1": _amended,
    "CommitmentMade/1": _made,
    "CommitmentAcknowledged/1": _acknowledged,
    "CommitmentFulfilled/1": _ends("fulfilled"),
    "CommitmentMissed/1": _ends("missed"),
    "CommitmentWithdrawn/1": _ends("withdrawn"),
    "FailureReported/1": _ends("completed_with_lessons"),
    "CommitmentTransferred/1": _transferred,
    "ParticipantImported/1": _participant,
    "CommitmentImported/1": _commitment,
    "AssessmentImported/1": _assessment,
    "StatusImported/1": _observed_status,
    "ImportClaimed/1": _claimed,
}
