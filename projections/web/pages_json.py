"""The views as JSON: the directory, one subject, and how the views fare.

- ``GET /directory?q=&kind=&status=&country=&year=&source=&limit=&offset=``
- ``GET /subjects/{id}?as_of=YYYY-MM-DD&after=&limit=``
- ``GET /-/views``

Every answer has ``stands_at``: the position of the view's rows and the signed checkpoint that
covers them, so that two answers can be compared and each can be held against the log. With
``position=N`` an answer waits until entries 0 … N - 1 are in the rows: a caller that has a receipt
reads what it has written. A parameter that is not known is an error, never ignored.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from projections.runner import Runner
from projections.store import Stand
from projections.views import lookup, subject
from projections.views.directory import Directory
from projections.views.shape import Rows, View
from verifier.errors import MalformedError, UndecidedError
from verifier.rules import dates

__all__ = ["ROUTES", "RUNNER", "Found", "StandsAt"]

WAIT_S: Final = 5.0  # how long an answer waits for a position that was asked for
LOOK_S: Final = 0.01  # how often it looks meanwhile
PARAMETERS: Final = frozenset({"position"})  # what every answer takes

RUNNER: Final = web.AppKey("runner", Runner)

T = TypeVar("T", bound=msgspec.Struct)


class StandsAt(msgspec.Struct, frozen=True):
    """Where an answer stands in the log."""

    view: str
    version: int
    position: int
    """It rests on entries 0 … position - 1."""
    log_time: str
    """Log time at the last of them, RFC 3339."""
    origin: str
    size: int
    """Of the checkpoint that covers them."""
    root: str
    checkpoint: str
    """The signed checkpoint itself, to be checked by whoever holds the log's key."""


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
    filters = _query(request, lookup.Filters)
    return await _answer(request, Directory, lambda rows: lookup.find(rows, filters))


async def get_subject(request: web.Request) -> web.Response:
    """Answer with one subject."""
    query = _query(request, SubjectQuery)
    as_of = _day(query.as_of)
    name = request.match_info["id"]
    return await _answer(
        request, subject.Subject,
        lambda rows: subject.read(rows, name, as_of=as_of, after=query.after, limit=query.limit),
    )  # fmt: skip


async def get_views(request: web.Request) -> web.Response:
    """Answer with how each view fares: position, lag, and why it stands still if it does."""
    _query(request, NoQuery)
    return _json({"views": _runner(request).status()}, {"Cache-Control": "no-store"})


async def _answer(
    request: web.Request, view: type[View], ask: Callable[[Rows], Any]
) -> web.Response:
    """Ask a view in a thread and answer with what it says and where it stands."""
    runner = _runner(request)
    position = _position(request)

    if position is not None:
        await _reach(runner, position, view.NAME)

    def read() -> tuple[Any, Stand]:
        with runner.reading(view.NAME) as (rows, stand):
            return ask(rows), stand

    found, stand = await asyncio.to_thread(read)
    if found is None:
        raise web.HTTPNotFound(reason="no event is on record under this name")
    tag = _tag(view, stand, request)
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
    answer = Found(found, _stands_at(view, stand))
    return _json(answer, {"ETag": tag, "Cache-Control": "no-cache"})


async def _reach(runner: Runner, position: int, view: str) -> None:
    """Wait until a view has a position; no thread is held meanwhile."""
    deadline = time.monotonic() + WAIT_S
    if not runner.has_reached(position, view):
        runner.wake()
    while not runner.has_reached(position, view):
        if time.monotonic() > deadline:
            raise UndecidedError("view-behind", f"{view} is not yet at {position}")
        await asyncio.sleep(LOOK_S)


def _runner(request: web.Request) -> Runner:
    return request.app[RUNNER]


def _json(value: Any, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), content_type="application/json", headers=headers
    )


def _stands_at(view: type[View], stand: Stand) -> StandsAt:
    return StandsAt(
        view.NAME, view.VERSION, stand.position,
        datetime.fromtimestamp(stand.time, UTC).isoformat().replace("+00:00", "Z"),
        stand.origin, stand.checkpoint_size, stand.checkpoint_root.hex(), stand.note.decode(),
    )  # fmt: skip


def _tag(view: type[View], stand: Stand, request: web.Request) -> str:
    """Return the entity tag of an answer: the same question to the same rows has the same one."""
    asked = f"{view.NAME}-{view.VERSION} {request.path_qs}".encode()
    return f'"{hashlib.sha256(stand.note + asked + b"%d" % stand.position).hexdigest()[:32]}"'


def _query(request: web.Request, kind: type[T]) -> T:
    """Read the query string into a struct; anything else is an error."""
    given = {name: value for name, value in request.query.items() if name not in PARAMETERS}
    if len(given) + len(PARAMETERS & set(request.query)) < len(request.query):
        raise MalformedError("query-malformed", "a parameter stands twice")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise MalformedError("query-malformed", str(error)) from None


def _position(request: web.Request) -> int | None:
    text = request.query.get("position")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise MalformedError("query-malformed", "position is a number of entries")
    return int(text)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return dates.parse_day(text)
    except MalformedError as error:
        raise MalformedError("query-malformed", error.reason) from None


ROUTES: Final = {
    "/directory": get_directory,
    "/subjects/{id}": get_subject,
    "/-/views": get_views,
}
