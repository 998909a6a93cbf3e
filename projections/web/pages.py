"""The pages for people: home, register, one subject, one entry. Each has its JSON beside it.

Rules:

1. A page says what the JSON beside it says (``<address>.json``), from the same query.
2. ``/`` leads to the home page in the language that the browser prefers; every other page has its
   language in its address.
3. What is wrong is told in a page of its own, with the same code as in the JSON.
4. Streams have an Atom feed beside their page, tables a CSV; the page names them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from projections.views import lookup, overview, subject
from projections.views.directory import Directory
from projections.views.shape import Rows, View
from projections.web import feeds, pages_json
from projections.web.asking import ask, freshness, parse_day, query, stands_at
from projections.web.html import TEMPLATES_DIGEST, page, static_response
from projections.web.languages import LANGUAGES, chosen
from projections.web.pages_json import NoQuery, SubjectQuery, entry_index
from projections.web.problems import Handler, Wrong, telling
from projections.web.register_csv import register_csv

__all__ = ["add_site"]

LOG_URL: Final = web.AppKey("log_url", str)
"""Where the log is read; empty where it is served beside the pages."""

EVENTS: Final = 100  # of a timeline on one page

_log: Final = logging.getLogger(__name__)


async def home(request: web.Request) -> web.Response:
    """Give the home page."""
    query(request, NoQuery)
    return await _page(request, "home.html", Directory, overview.read)


async def register(request: web.Request) -> web.Response:
    """Give a page of the register."""
    filters = query(_without_empty(request), lookup.Filters)
    return await _page(
        request, "register.html", Directory, lambda rows: lookup.find(rows, filters),
        filters=filters,
    )  # fmt: skip


async def one_subject(request: web.Request) -> web.Response:
    """Give the page of one subject, as of a day if asked."""
    asked = query(_without_empty(request), SubjectQuery)
    as_of = parse_day(asked.as_of)
    name, limit = request.match_info["id"], min(asked.limit, EVENTS)
    return await _page(
        request, "subject.html", subject.Subject,
        lambda rows: subject.read(rows, name, as_of=as_of, after=asked.after, limit=limit),
        asked=asked,
    )  # fmt: skip


async def one_entry(request: web.Request) -> web.Response:
    """Give the page of one entry of the log."""
    query(request, NoQuery)
    index = entry_index(request)
    return await _page(
        request, "entry.html", subject.Subject, lambda rows: subject.read_entry(rows, index)
    )


async def _page(
    request: web.Request, template: str, view: type[View], question: Callable[[Rows], Any],
    **values: Any,
) -> web.Response:  # fmt: skip
    answer, stand = await ask(request, view, question)
    headers, known = freshness(request, view, stand, TEMPLATES_DIGEST)
    if known:
        return web.Response(status=304, headers=headers)
    log_url = request.app[LOG_URL] or str(request.url.origin())
    return page(
        request, template, headers=headers, answer=answer, stand=stands_at(view, stand),
        stand_time=stand.time, log_url=log_url, reads=request.app[LOG_URL], **values,
    )  # fmt: skip


async def choose(request: web.Request) -> web.Response:
    """Lead from ``/`` to the home page in the reader's language."""
    language = chosen(request.headers.get("Accept-Language", ""))
    headers = {"Location": f"/{language}/", "Vary": "Accept-Language", "Cache-Control": "no-store"}
    return web.Response(status=302, headers=headers)


async def static(request: web.Request) -> web.Response:
    """Give a static file."""
    return static_response(request.match_info["name"], request.query.get("v", ""))


def _without_empty(request: web.Request) -> web.Request:
    """Return the request without its empty parameters: a form sends every field that it has."""
    kept = [(name, value) for name, value in request.query.items() if value]
    return request.clone(rel_url=request.rel_url.with_query(kept))


def told_as_page(request: web.Request, wrong: Wrong) -> web.Response:
    """Return the page that says what is wrong (rule 3)."""
    return page(request, "problem.html", status=wrong.status, headers=wrong.headers, wrong=wrong)


_PAGES: Final[dict[str, tuple[Handler, Handler]]] = {
    "": (home, pages_json.get_overview),
    "register": (register, pages_json.get_directory),
    "register/{id}": (one_subject, pages_json.get_subject),
    "entry/{index}": (one_entry, pages_json.get_entry),
}
"""The path of a page below its language, the page, and its JSON."""


_FOR_PROGRAMS: Final[dict[str, Handler]] = {
    "latest.atom": feeds.everything,
    "register.csv": register_csv,
    "register/{id}.atom": feeds.one_subject,
}
"""What other programs take, by its path below a language."""


def add_site(app: web.Application, *, log_url: str = "") -> None:
    """Join the pages to an application that already has the views' runner."""
    app[LOG_URL] = log_url
    app.router.add_get("/", choose)
    app.router.add_get("/static/{name}", telling(static, told_as_page))
    in_language = "/{lang:" + "|".join(LANGUAGES) + "}/"
    for path, handler in _FOR_PROGRAMS.items():
        app.router.add_get(f"{in_language}{path}", telling(handler))
    for path, (as_page, as_json) in _PAGES.items():
        app.router.add_get(f"{in_language}{path or 'overview'}.json", telling(as_json))
        app.router.add_get(f"{in_language}{path}", telling(as_page, told_as_page))
