"""Open Government Partnership: dated decisions on countries that were inactive or left.

The files and their columns are described in ``data/ogp/README.md``; every row names the page that
it was transcribed from.

1. A row of ``status_events.csv`` is one fact on ``imported:ogp:<code>/status``, in its order.
2. A country without commitments in the subset gets its record from its first row; the others have
   it from the commitments (``after``).
3. Only a row that says which state holds from then on states one: inactive, removed, or no longer
   participating. A concern or an extension granted under review changes none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ledger.importers import ogp
from ledger.importers.dates import read_date
from ledger.importers.importer import SHIPPED, Importer, Planned
from ledger.importers.rows import Row, read_rows
from verifier.rules.imported import ParticipantImported, SourceRow, StatusImported

__all__ = ["IMPORTER", "STATES", "Facts", "bodies", "read"]

FILE: Final = "status_events.csv, transcribed from the page named"
COLUMNS: Final = ("country", "iso3", "date", "event", "ground", "detail", "source_url")

STATES: Final = {
    "designated_inactive": "inactive",
    "inactive_extended": "inactive",
    "suspension_extended": "inactive",
    "ceased_participation": "not_participating",
    "removed": "removed",
}
"""Which state holds after an event, where the event says so."""


class Facts(NamedTuple):
    """The rows of the source; places by country code; who has a record from the commitments."""

    events: tuple[Row, ...]
    places: dict[str, Row]
    recorded: frozenset[str]


def read(folder: Path) -> Facts:
    """Read the status events of a folder, and who is on record from its commitments.

    Raises:
        LedgerError: code ``import-source``.
    """
    subset = ogp.read(folder)
    return Facts(
        tuple(read_rows(folder / "status_events.csv", columns=COLUMNS)),
        subset.places,
        frozenset(row.cells["Code"] for row in subset.participants),
    )


def bodies(facts: Facts) -> Iterator[Planned]:
    """Yield each fact, after the record of a country that has none from the commitments."""
    recorded = set(facts.recorded)
    for row in facts.events:
        code = row.cells["iso3"]
        subject = ogp.subject_of(code)
        source = SourceRow(id=code, row=row.sha256, file=FILE, url=row.cells["source_url"])
        if code not in recorded:
            recorded.add(code)
            place = ogp.place(facts.places.get(code))
            yield (
                f"{subject}/record",
                ParticipantImported(
                    source=source, name=row.cells["country"], kind="state", place=place
                ),
            )
        yield f"{subject}/status", _status(row, source)


def _status(row: Row, source: SourceRow) -> StatusImported:
    event = row.cells["event"]
    return StatusImported(
        source=source,
        event=event,
        on=read_date(row.cells["date"], years=ogp.YEARS),
        state=STATES.get(event),
        ground=row.cells["ground"] or None,
        detail=row.cells["detail"] or None,
    )


IMPORTER: Final = Importer(
    name="ogp-status",
    registry=ogp.IMPORTER.registry,
    title="Open Government Partnership, status of participation",
    licence="Facts, each with the page that states it.",
    folder=SHIPPED / "ogp",
    read=read,
    bodies=bodies,
    after=ogp.IMPORTER.name,
)
