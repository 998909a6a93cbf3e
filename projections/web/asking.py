"""What is asked of a view, by whichever page: its parameters, its rows, and where they stand.

Rules:

1. A parameter that is not known, stands twice or is out of bounds is an error, never ignored.
2. With ``position=N`` an answer waits until entries 0 … N - 1 are in the rows: a caller that has a
   receipt reads what it has written.
3. Rows and stand are of one moment. The same question to the same rows on the same day has the
   same entity tag: what a measure hides, it hides until a day.
4. A query runs in a thread, so that a slow one never holds the event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from projections.runner import Runner
from projections.store import Stand
from projections.views.shape import Rows, View
from verifier.errors import MalformedError, UndecidedError
from verifier.rules import dates

__all__ = ["RUNNER", "StandsAt", "ask", "freshness", "parse_day", "query", "stands_at"]

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


def query(request: web.Request, kind: type[T], *, besides: frozenset[str] = frozenset()) -> T:
    """Read the query string into a struct, but for the parameters that are named *besides*.

    Raises:
        MalformedError: code ``query-malformed`` (rule 1).
    """
    others = PARAMETERS | besides
    given = {name: value for name, value in request.query.items() if name not in others}
    if len(given) + len(others & set(request.query)) < len(request.query):
        raise MalformedError("query-malformed", "a parameter stands twice")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise MalformedError("query-malformed", str(error)) from None


def parse_day(text: str | None) -> date | None:
    """Read a day, or nothing.

    Raises:
        MalformedError: code ``query-malformed``.
    """
    if text is None:
        return None
    try:
        return dates.parse_day(text)
    except MalformedError as error:
        raise MalformedError("query-malformed", error.reason) from None


async def ask(
    request: web.Request, view: type[View], question: Callable[[Rows], Any]
) -> tuple[Any, Stand]:
    """Ask a view in a thread; return what it says and where it stands (rules 2 to 4).

    Raises:
        HTTPNotFound: the view says nothing about it.
        UndecidedError: the view is being built, stopped, or behind the position asked for.
    """
    runner = request.app[RUNNER]
    position = _position(request)
    if position is not None:
        await _reach(runner, position, view.NAME)

    def read() -> tuple[Any, Stand]:
        with runner.reading(view.NAME) as (rows, stand):
            return question(rows), stand

    found, stand = await asyncio.to_thread(read)
    if found is None:
        raise web.HTTPNotFound(reason="no event is on record under this name")
    return found, stand


def stands_at(view: type[View], stand: Stand) -> StandsAt:
    """Return where an answer stands, in the words of an answer."""
    return StandsAt(
        view.NAME, view.VERSION, stand.position,
        datetime.fromtimestamp(stand.time, UTC).isoformat().replace("+00:00", "Z"),
        stand.origin, stand.checkpoint_size, stand.checkpoint_root.hex(), stand.note.decode(),
    )  # fmt: skip


def freshness(
    request: web.Request, view: type[View], stand: Stand, made_by: str = ""
) -> tuple[dict[str, str], bool]:
    """Return the headers of an answer that may be kept, and whether the caller has it already.

    *made_by* names what shapes the answer besides the rows and the question.
    """
    etag = _tag(view, stand, request, made_by)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    return headers, request.headers.get("If-None-Match") == etag


def _tag(view: type[View], stand: Stand, request: web.Request, made_by: str) -> str:
    """Return the entity tag of an answer (rule 3)."""
    today = dates.day_text(int(time.time()))
    asked = f"{view.NAME}-{view.VERSION} {today} {request.path_qs} {made_by}".encode()
    return f'"{hashlib.sha256(stand.note + asked + b"%d" % stand.position).hexdigest()[:32]}"'


def _position(request: web.Request) -> int | None:
    text = request.query.get("position")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise MalformedError("query-malformed", "position is a number of entries")
    return int(text)


async def _reach(runner: Runner, position: int, view: str) -> None:
    """Wait until a view has a position; no thread is held meanwhile."""
    deadline = time.monotonic() + WAIT_S
    if not runner.has_reached(position, view):
        runner.wake()
    while not runner.has_reached(position, view):
        if time.monotonic() > deadline:
            raise UndecidedError("view-behind", f"{view} is not yet at {position}")
        await asyncio.sleep(LOOK_S)
