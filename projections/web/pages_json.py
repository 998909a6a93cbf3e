"""The views as JSON: the directory, one subject, one entry, and how the views fare.

- ``GET /directory?q=&kind=&status=&country=&year=&source=&limit=&offset=``
- ``GET /overview``
- ``GET /subjects/{id}?as_of=YYYY-MM-DD&after=&limit=``
- ``GET /entries/{index}``
- ``GET /-/views``

Every answer has ``stands_at``: the position of the view's rows and the signed checkpoint that
covers them, so that two answers can be compared and each can be held against the log. What all of
them take, and how a bad question is refused, is told in ``projections.web.asking``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from projections.views import lookup, overview, subject
from projections.views.directory import Directory
from projections.views.shape import Rows, View
from projections.web.asking import RUNNER, StandsAt, ask, freshness, parse_day, query, stands_at
from verifier.errors import MalformedError

__all__ = ["ROUTES", "Found", "NoQuery", "SubjectQuery", "entry_index"]


class Found(msgspec.Struct, frozen=True):
    """An answer: what it says, and where it stands."""

    answer: Any
    stands_at: StandsAt


class SubjectQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of one subject."""

    as_of: str | None = None
    after: int = -1
    limit: int = 200


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of an answer that takes none."""


async def get_directory(request: web.Request) -> web.Response:
    """Answer with a page of the directory."""
    filters = query(request, lookup.Filters)
    return await _answer(request, Directory, lambda rows: lookup.find(rows, filters))


async def get_overview(request: web.Request) -> web.Response:
    """Answer with what the directory amounts to."""
    query(request, NoQuery)
    return await _answer(request, Directory, overview.read)


async def get_subject(request: web.Request) -> web.Response:
    """Answer with one subject."""
    asked = query(request, SubjectQuery)
    as_of = parse_day(asked.as_of)
    name = request.match_info["id"]
    return await _answer(
        request, subject.Subject,
        lambda rows: subject.read(rows, name, as_of=as_of, after=asked.after, limit=asked.limit),
    )  # fmt: skip


async def get_entry(request: web.Request) -> web.Response:
    """Answer with one entry of the log."""
    query(request, NoQuery)
    index = entry_index(request)
    return await _answer(request, subject.Subject, lambda rows: subject.read_entry(rows, index))


async def get_views(request: web.Request) -> web.Response:
    """Answer with how each view fares: position, lag, and why it stands still if it does."""
    query(request, NoQuery)
    return _json({"views": request.app[RUNNER].status()}, {"Cache-Control": "no-store"})


def entry_index(request: web.Request) -> int:
    """Return the index that a path names.

    Raises:
        MalformedError: code ``query-malformed``.
    """
    text = request.match_info["index"]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise MalformedError("query-malformed", "an index is a number, from 0 on")
    return int(text)


async def _answer(
    request: web.Request, view: type[View], question: Callable[[Rows], Any]
) -> web.Response:
    found, stand = await ask(request, view, question)
    headers, known = freshness(request, view, stand)
    if known:
        return web.Response(status=304, headers=headers)
    return _json(Found(found, stands_at(view, stand)), headers)


def _json(value: Any, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), content_type="application/json", headers=headers
    )


ROUTES: Final = {
    "/directory": get_directory,
    "/overview": get_overview,
    "/subjects/{id}": get_subject,
    "/entries/{index}": get_entry,
    "/-/views": get_views,
}
