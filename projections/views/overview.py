"""What the directory amounts to: the figures of the home page.

A figure counts what is on record and adds nothing up that is not alike: promises made here by
their state, commitments observed in other registers by the code that their reviewer gave them at
the end of their term. Whatever has no such code was not assessed then. The figures are of all that
is on record; among what was recorded last is nothing that an interim measure hides on this day.
"""

from __future__ import annotations

from typing import Final

import msgspec

from projections.views.directory import END, SubjectRow
from projections.views.lookup import Facet, Found, day_of, found, hidden_on
from projections.views.shape import Rows

__all__ = ["Overview", "read"]

LATEST: Final = 8
COUNTRIES: Final = 300


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The figures, and what was recorded last."""

    subjects: list[Facet]
    """Subjects by kind."""
    promises: list[Facet]
    """Commitments made here, by state."""
    observed: int
    """Commitments observed in other registers."""
    codes: list[Facet]
    """Those of them that a reviewer coded at the end of their term, by that code."""
    statuses: list[Facet]
    """Subjects by status; null where none is on record."""
    countries: list[Facet]
    latest: list[Found]


def read(rows: Rows) -> Overview:
    """Return the overview."""
    observed = "FROM promise WHERE state = 'observed'"
    hidden = msgspec.json.encode(hidden_on(rows, day_of(rows))).decode()
    return Overview(
        subjects=_counted(rows, "kind", "FROM subject"),
        promises=_counted(rows, "state", "FROM promise WHERE state <> 'observed'"),
        observed=rows.execute(f"SELECT COUNT(*) {observed}")[0][0],
        codes=_counted(rows, "code", f"{observed} AND point = '{END}'"),
        statuses=_counted(rows, "status", "FROM subject"),
        countries=_counted(rows, "value", "FROM country"),
        latest=[
            found(SubjectRow(*row))
            for row in rows.execute(
                "SELECT * FROM subject WHERE id NOT IN (SELECT value FROM json_each(?)) "
                "ORDER BY last_index DESC LIMIT ?",
                (hidden, LATEST),
            )
        ],
    )


def _counted(rows: Rows, column: str, source: str) -> list[Facet]:
    statement = f"SELECT {column}, COUNT(*) {source} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"
    return [Facet(*row) for row in rows.execute(statement, (COUNTRIES,))]
