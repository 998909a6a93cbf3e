"""Open Government Partnership: commitments of the Open Parliaments subset, and their reviews.

The files and their columns are described in ``data/ogp/README.md``.

1. A participant (a State, a local government, or Kosovo) is a subject, ``imported:ogp:<code>``; a
   row of ``commitments.csv`` is a stream below it.
2. Every coded cell is kept verbatim in the commitment's ``cells``, ND, NR and NA included.
3. A completion code makes an assessment, at mid-term and at end of term; ND, NR and NA make none.
4. A commitment is due on its End Date as far as that can be read; the year in which its action
   plan ends is stated beside it and never instead of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ledger.errors import LedgerError
from ledger.importers.dates import read_date
from ledger.importers.importer import SHIPPED, Importer, Planned
from ledger.importers.rows import Row, read_rows
from verifier.rules.imported import (
    NO_CODE,
    AssessmentImported,
    CommitmentImported,
    ImportedPlace,
    ParticipantImported,
    SourceRow,
)

__all__ = ["IMPORTER", "Facts", "bodies", "place", "read", "subject_of"]

UPSTREAM: Final = "open_parliament_0703.csv of github.com/g0v/ogp-commitments at 0fbeb4b"
OBSERVED: Final = "2024-07-06"  # the day on which that repository took the file
REVIEWER: Final = "Independent Reporting Mechanism"
YEARS: Final = range(2000, 2051)  # plans run from 2011 to 2028; some commitments began before

KINDS: Final = {"National": "state", "Legacy Local": "local_government", "Other": "other"}

PARTICIPANT_CELLS: Final = ("National Or Local", "Region")
COMMITMENT_CELLS: Final = (
    "Action Plan ID",
    "Action Plan Number",
    "Commitment Number",
    "Year Of Submission",
    "Report Publication Year (Progress Report)",
    "Specificity",
    "Verifiable",
    "OGP Value Access To Information",
    "OGP Value Civic Participation",
    "OGP Value Public Accountability",
    "OGP Value Technology",
    "Potential Impact",
    "Completion (Progress Report)",
    "Potential for Results",
    "Report Publication Year (End Of Term)",
    "Completion (End Of Term)",
    "Change In Completion",
    "Early Results",
    "Did It Open Government (Overall)",
    "Did It Open Government (Access To Information)",
    "Did It Open Government (Civic Participation)",
    "Did It Open Government: Public Accountability",
    "Carried Forward",
)
POINTS: Final = (
    ("mid_term", "Completion (Progress Report)", "Report Publication Year (Progress Report)"),
    ("end_of_term", "Completion (End Of Term)", "Report Publication Year (End Of Term)"),
)
TEXTS: Final = (
    "Commitment Unique Identifier", "Code", "Short Title", "Commitment Title", "Start Date",
    "End Date", "Action Plan End Year", "Lead Institution", "URL",
)  # fmt: skip
PLACE_COLUMNS: Final = ("Code", "ISO 3166-1 alpha-3", "M49", "UNTERM English Short", "Footnote")


class Facts(NamedTuple):
    """The rows of the source; places by participant code."""

    participants: tuple[Row, ...]
    places: dict[str, Row]
    commitments: tuple[Row, ...]


def read(folder: Path) -> Facts:
    """Read the three files of a folder.

    Raises:
        LedgerError: code ``import-source``.
    """
    names = ("Code", "Country/Locality", *PARTICIPANT_CELLS)
    return Facts(
        tuple(read_rows(folder / "participants.csv", columns=names)),
        {row.cells["Code"]: row
         for row in read_rows(folder / "places.csv", columns=PLACE_COLUMNS)},
        tuple(read_rows(folder / "commitments.csv", columns=(*TEXTS, *COMMITMENT_CELLS))),
    )  # fmt: skip


def bodies(facts: Facts) -> Iterator[Planned]:
    """Yield each participant's record, then each commitment with its assessments."""
    for row in facts.participants:
        yield f"{subject_of(row.cells['Code'])}/record", _participant(row, facts.places)
    for row in facts.commitments:
        identifier = row.cells["Commitment Unique Identifier"]
        stream = f"{subject_of(row.cells['Code'])}/commitment/{identifier.lower()}"
        source = _source(row, identifier, url=row.cells["URL"])
        yield stream, _commitment(row, source)
        for point, column, published in POINTS:
            if row.cells[column] not in NO_CODE:
                yield (
                    stream,
                    AssessmentImported(
                        source=source,
                        point=point,
                        scale="ogp_completion",
                        code=row.cells[column],
                        reviewer=REVIEWER,
                        published=read_date(row.cells[published], years=YEARS),
                    ),
                )


def subject_of(code: str) -> str:
    """Return the subject of a participant's code."""
    return f"imported:{IMPORTER.registry}:{code.lower()}"


def place(row: Row | None) -> ImportedPlace | None:
    """Return the place that a row of ``places.csv`` names."""
    if row is None:
        return None
    return ImportedPlace(
        name=row.cells["UNTERM English Short"],
        m49=row.cells["M49"] or None,
        country=row.cells["ISO 3166-1 alpha-3"] or None,
        footnote=row.cells["Footnote"] or None,
    )


def _source(row: Row, identifier: str, *, url: str | None = None) -> SourceRow:
    return SourceRow(id=identifier, row=row.sha256, file=UPSTREAM, observed=OBSERVED, url=url)


def _participant(row: Row, places: dict[str, Row]) -> ParticipantImported:
    code, level = row.cells["Code"], row.cells["National Or Local"]
    if level not in KINDS:
        raise LedgerError("import-source", f"participants.csv: {code} is {level!r}, not known here")
    return ParticipantImported(
        source=_source(row, code),
        name=row.cells["Country/Locality"],
        kind=KINDS[level],
        place=place(places.get(code)),
        cells=row.coded(PARTICIPANT_CELLS),
    )


def _commitment(row: Row, source: SourceRow) -> CommitmentImported:
    maker = row.cells["Lead Institution"]
    return CommitmentImported(
        source=source,
        title=row.cells["Short Title"],
        text=row.cells["Commitment Title"],
        maker=None if maker in NO_CODE else maker,
        start=read_date(row.cells["Start Date"], years=YEARS),
        due=read_date(row.cells["End Date"], years=YEARS),
        plan_end=row.cells["Action Plan End Year"],
        cells=row.coded(COMMITMENT_CELLS),
    )


IMPORTER: Final = Importer(
    name="ogp",
    registry="ogp",
    title="Open Government Partnership, Open Parliaments subset",
    licence="Open Government Partnership, CC BY 4.0 per the source's site terms; the repository "
    "it was taken from states none.",
    folder=SHIPPED / "ogp",
    read=read,
    bodies=bodies,
)
