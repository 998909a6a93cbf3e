"""UN DESA's register of voluntary commitments for the ocean, from a folder that the operator has.

The register's pages are © United Nations and are not shipped. The folder holds
``commitments.csv``, ``deliverables.csv``, ``resources.csv`` and ``progress_reports.csv``.

1. An action is a subject, ``imported:un-ocean:<action id>``, with its one commitment below it.
2. The dates of its deliverables and the types of its resources are part of the commitment.
   1970-01-01 is a store's "never set", and 9999-99-99 is no day: both are ``unknown``.
3. A progress report is what the partners said of themselves: a status reported by ``self``, never
   an assessment. A report whose status cell is empty is a report without a state; a report that
   the register holds twice is two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ledger.importers.dates import read_date
from ledger.importers.importer import Importer, Planned
from ledger.importers.rows import Row, column_key, read_rows
from verifier.rules.imported import (
    CommitmentImported,
    ParticipantImported,
    SourceRow,
    StatusImported,
)

__all__ = ["IMPORTER", "Facts", "bodies", "read"]

OBSERVED: Final = "2026-03-26"
YEARS: Final = range(1971, 2101)  # the oldest action began in 1972; 1970-01-01 means never set

CELLS: Final = (
    "entity_type", "sdgs", "sdg14_targets", "ocean_basins", "communities_of_ocean_action",
    "countries", "headquarters", "smart_field",
)  # fmt: skip
TEXTS: Final = ("ocean_action_id", "title", "entity", "start_date", "completion_date")


class Facts(NamedTuple):
    """The actions, and the rows that belong to each by its id."""

    actions: tuple[Row, ...]
    deliverables: dict[str, list[Row]]
    resources: dict[str, list[Row]]
    reports: dict[str, list[Row]]


def read(folder: Path) -> Facts:
    """Read the four files of a folder.

    Raises:
        LedgerError: code ``import-source``.
    """
    return Facts(
        tuple(read_rows(folder / "commitments.csv", columns=(*TEXTS, *CELLS))),
        _by_action(folder / "deliverables.csv", "due_date"),
        _by_action(folder / "resources.csv", "type"),
        _by_action(folder / "progress_reports.csv", "progress_status", "submitted_at"),
    )


def _by_action(path: Path, *columns: str) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in read_rows(path, columns=("ocean_action_id", *columns)):
        rows[row.cells["ocean_action_id"]].append(row)
    return rows


def bodies(facts: Facts) -> Iterator[Planned]:
    """Yield each action's record, its commitment, and its progress reports."""
    for row in facts.actions:
        identifier = row.cells["ocean_action_id"]
        subject = f"imported:{IMPORTER.registry}:{identifier.lower()}"
        source = _source(row, "commitments.csv")
        kind = "msp" if row.cells["entity_type"] == "Partnership" else "voluntary_commitment"
        yield (
            f"{subject}/record",
            ParticipantImported(source=source, name=row.cells["title"], kind=kind),
        )
        yield f"{subject}/commitment/{identifier.lower()}", _commitment(row, source, facts)
        seen: Counter[bytes] = Counter()
        for report in facts.reports.get(identifier, ()):
            seen[report.sha256] += 1
            yield f"{subject}/status", _report(report, seen[report.sha256])


def _source(row: Row, file: str, *, copy: int | None = None) -> SourceRow:
    identifier = row.cells["ocean_action_id"]
    return SourceRow(id=identifier, row=row.sha256, copy=copy, file=file, observed=OBSERVED)


def _commitment(row: Row, source: SourceRow, facts: Facts) -> CommitmentImported:
    identifier = row.cells["ocean_action_id"]
    return CommitmentImported(
        source=source,
        title=row.cells["title"],
        maker=row.cells["entity"] or None,
        start=read_date(row.cells["start_date"], years=YEARS),
        due=read_date(row.cells["completion_date"], years=YEARS),
        deliverables=tuple(
            read_date(deliverable.cells["due_date"], years=YEARS)
            for deliverable in facts.deliverables.get(identifier, ())
        ) or None,
        resources=tuple(
            resource.cells["type"] for resource in facts.resources.get(identifier, ())
        ) or None,
        cells=row.coded(CELLS),
    )  # fmt: skip


def _report(row: Row, count: int) -> StatusImported:
    return StatusImported(
        source=_source(row, "progress_reports.csv", copy=count if count > 1 else None),
        event="progress_report",
        on=read_date(row.cells["submitted_at"], years=YEARS),
        state=column_key(row.cells["progress_status"]) or None,
        reported_by="self",
        cells=row.coded(("progress_status",)),
    )


IMPORTER: Final = Importer(
    name="un-ocean",
    registry="un-ocean",
    title="UN DESA, voluntary commitments for the ocean",
    licence="© United Nations; not shipped, read from a folder of the operator.",
    folder=None,
    read=read,
    bodies=bodies,
)
