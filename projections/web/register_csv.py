"""The register as a table (RFC 4180): every line that matches, in one file.

Rules:

1. UTF-8 with a byte order mark, lines end in CRLF, the first line names the columns; the names and
   the codes of the record are the same in every language. ``docs/reference/register-csv.md`` says
   what each column holds.
2. A text that a spreadsheet would run as a formula has an apostrophe before it.
3. Days are ISO 8601, moments RFC 3339 in UTC, countries ISO 3166 alpha-3; what is not known is
   empty.
4. Every line says at which position of which log it stands, so that it can leave its file.
5. A table is whole or refused: it is never cut without saying so.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

from aiohttp import web

from projections.views import lookup
from projections.views.directory import Directory
from projections.web.asking import StandsAt, ask, freshness, query, stands_at
from projections.web.html import HEADERS, TEMPLATES_DIGEST
from projections.web.languages import Language, rfc3339

__all__ = ["COLUMNS", "register_csv"]

COLUMNS: Final = {
    "id": "the subject's id; its page is at this address below `register/`",
    "kind": "`partnership`, or `imported` for a participant observed in another register",
    "title": "its title in the language of the file, else in English, else in one that it has",
    "title_language": "the language of that title; empty where the source does not say",
    "status": "the code of its status on record",
    "status_words": "the same in the words of the language of the file",
    "status_from": "the day from which it has this status",
    "source": "`ledger`, or the register in which it was observed",
    "countries": "alpha-3 codes, separated by spaces",
    "country_names": "the same in the language of the file, separated by semicolons",
    "claimed": "commitments that the accountable organization has not acknowledged",
    "promised": "commitments that it has acknowledged, whatever became of them",
    "delivered": "commitments fulfilled; of observed ones, those last coded complete by a reviewer",
    "missed": "commitments missed",
    "withdrawn": "commitments withdrawn",
    "observed": "commitments observed in another register",
    "assessed": "observed commitments that a reviewer coded",
    "last_observed": "the day of the last observation",
    "importer": "the service that signed it",
    "live": "the subject of this register that goes on from a claimed import",
    "last_index": "the last entry of the log about it",
    "last_recorded": "the log's time there",
    "log_origin": "the log on which the line rests",
    "log_position": "it rests on entries 0 to this number less one",
    "checkpoint_size": "the size of the signed checkpoint that covers them",
    "checkpoint_root": "the root hash of that checkpoint, hexadecimal",
}
"""What each column holds, in order."""

MAX_ROWS: Final = 200_000  # some 80 MB; whoever has more narrows down
RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


async def register_csv(request: web.Request) -> web.Response:
    """Give the register, or what of it matches, as a table."""
    filters = query(request, lookup.Filters)
    found, stand = await ask(
        request, Directory, lambda rows: lookup.every(rows, filters, most=MAX_ROWS)
    )
    headers, known = freshness(request, Directory, stand, TEMPLATES_DIGEST)
    if known:
        return web.Response(status=304, headers=headers)
    language = request.match_info["lang"]
    body = await asyncio.to_thread(
        written, found, stands_at(Directory, stand), Language.of(language)
    )
    name = f"register-{stand.position}-{language}.csv"
    return web.Response(
        body=body, headers={
            **HEADERS, "Content-Type": "text/csv; charset=utf-8; header=present",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Language": language, **headers,
        },
    )  # fmt: skip


def written(found: Sequence[lookup.Found], stand: StandsAt, language: Language) -> bytes:
    """Return the table."""
    out = io.StringIO(newline="")
    lines = csv.writer(out)
    lines.writerow(COLUMNS)
    end = (stand.origin, stand.position, stand.size, stand.root)
    for row in found:
        lines.writerow([safe(value) for value in (*_cells(row, language), *end)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def safe(value: Any) -> Any:
    """Return a cell that no spreadsheet runs (rule 2); numbers as they are."""
    if isinstance(value, str) and value.lstrip(" ").startswith(RISKY):
        return "'" + value
    return value


def _cells(row: lookup.Found, language: Language) -> Iterator[Any]:
    tongue = next((name for name in (language.name, "en") if name in row.titles), None)
    if tongue is None:
        tongue = next(iter(row.titles), "und")
    yield from (row.id, row.kind, row.titles.get(tongue, row.title))
    yield "" if tongue == "und" else tongue
    yield from (row.status, language.plain_label(row.status) if row.status else "")
    yield from (row.status_from, row.source, " ".join(row.countries))
    yield "; ".join(map(language.country, row.countries))
    yield from (row.claimed, row.promised, row.delivered, row.missed, row.withdrawn)
    yield from (row.observed, row.assessed, row.last_observed, row.importer, row.live)
    yield row.last_index
    yield rfc3339(row.last_at)
