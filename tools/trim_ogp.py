"""Makes the importer's copy of the Open Government Partnership's data from the upstream files.

    tools/trim_ogp.py COMMITMENTS.csv COUNTRY-CODES.csv STATUS-EVENTS.csv [FOLDER]

1. ``commitments.csv``: the upstream rows in their order, with the columns of ``COLUMNS`` alone.
   ``Full Text`` and ``Supporting Institution(s)`` are left out: they hold names, telephone numbers
   and addresses of persons.
2. ``participants.csv``: what the upstream rows say of each participant, once.
3. ``places.csv``: the State that a participant is or lies in, by ISO 3166-1 alpha-3, UN M49 and
   UNTERM short name, for every participant of the commitments and the status events.
4. ``status_events.csv``: as it is.
5. Every file is UTF-8 with line feeds, and a cell is copied as it stands. A row is known by the
   SHA-256 of its bytes, so the files are never edited by hand.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from pathlib import Path
from typing import Final

__all__ = ["COLUMNS", "main", "trim"]

HERE: Final = Path(__file__).resolve().parent.parent / "ledger" / "importers" / "data" / "ogp"

COLUMNS: Final = (
    "Commitment Unique Identifier",
    "Country/Locality",
    "Code",
    "Region",
    "National Or Local",
    "Action Plan ID",
    "Action Plan Number",
    "Commitment Number",
    "Year Of Submission",
    "Action Plan End Year",
    "Short Title",
    "Commitment Title",
    "Start Date",
    "End Date",
    "Lead Institution",
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
    "URL",
)
PARTICIPANT_COLUMNS: Final = ("Code", "Country/Locality", "National Or Local", "Region")
PLACE_COLUMNS: Final = ("Code", "ISO 3166-1 alpha-3", "M49", "UNTERM English Short", "Footnote")

LOCAL: Final = {
    "ARBA": "ARG",
    "ESMD": "ESP",
    "GBSC": "GBR",
    "GETB": "GEO",
    "MXJL": "MEX",
    "NGKD": "NGA",
    "PHSC": "PHL",
}
"""The State in which each local government of the subset lies; the upstream names it in words."""

KOSOVO_FOOTNOTE: Final = (
    "References to Kosovo shall be understood to be in the context of Security Council"
    " resolution 1244 (1999)."
)
"""Code XKX is no ISO 3166-1 code; the United Nations names it with this footnote."""

MISSING_NAMES: Final = {"CIV": "Côte d'Ivoire", "TUR": "Türkiye"}
"""UNTERM short names that the country list leaves empty."""


def read(path: Path) -> list[dict[str, str]]:
    """Returns the rows of an upstream file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    """Writes rows with these columns, and prints the file's digest."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode()
    path.write_bytes(data)
    print(f"{hashlib.sha256(data).hexdigest()}  {path.name}  {len(rows)} rows")


def places(codes: set[str], countries: list[dict[str, str]]) -> list[dict[str, str]]:
    """Returns the place of each participant, by the participant's code."""
    known = {row["ISO3166-1-Alpha-3"]: row for row in countries}
    rows = []
    for code in sorted(codes):
        if code == "XKX":
            values = ("", "", "Kosovo", KOSOVO_FOOTNOTE)
        else:
            alpha3 = LOCAL.get(code, code)
            name = known[alpha3]["UNTERM English Short"] or MISSING_NAMES[alpha3]
            values = (alpha3, known[alpha3]["M49"].zfill(3), name, "")
        rows.append(dict(zip(PLACE_COLUMNS, (code, *values), strict=True)))
    return rows


def trim(commitments: Path, country_codes: Path, status_events: Path, folder: Path) -> None:
    """Writes the four files into a folder."""
    rows, events = read(commitments), read(status_events)
    participants = {row["Code"]: row for row in rows}
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "commitments.csv", COLUMNS, rows)
    write(
        folder / "participants.csv",
        PARTICIPANT_COLUMNS,
        [participants[code] for code in sorted(participants)],
    )
    codes = set(participants) | {row["iso3"] for row in events}
    write(folder / "places.csv", PLACE_COLUMNS, places(codes, read(country_codes)))
    write(folder / "status_events.csv", tuple(events[0]), events)


def main(arguments: list[str]) -> int:
    """Runs the command line and returns the exit code."""
    if len(arguments) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    commitments, country_codes, status_events, *folder = map(Path, arguments)
    trim(commitments, country_codes, status_events, folder[0] if folder else HERE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
