"""The aiohttp application of the views: to be served alone, or joined to another by its routes.

Rules:

1. It only reads, and only from the views' files; it holds no connection to the log.
2. A query runs in a thread, so that a slow one never holds the event loop.
3. What is wrong is said in RFC 9457 problem details with a stable code: 400 for a malformed query,
   404 for a subject without events, 503 with ``Retry-After`` while a view is being built or is
   behind what the caller asked to see.
4. Answers are of one moment, say at which checkpoint they stand, and may be cached only after
   asking again (``no-cache`` with a strong ``ETag``: view, version, position and query decide all).
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from projections.runner import Runner
from projections.web import pages_json
from verifier.errors import MalformedError, PledgebookError

__all__ = ["add_pages", "pages_app"]

PROBLEM: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
NOT_NOW: Final = frozenset({"view-building", "view-behind"})

_log: Final = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def pages_app(runner: Runner) -> web.Application:
    """Return an application of the views alone; who started the runner closes it."""
    app = web.Application()
    add_pages(app, runner)
    return app


def add_pages(app: web.Application, runner: Runner, *, prefix: str = "") -> None:
    """Join the views to an application, below a prefix such as ``/views``; once for each app."""
    app[pages_json.RUNNER] = runner
    for path, handler in pages_json.ROUTES.items():
        app.router.add_get(prefix + path, telling_problems(handler))


def telling_problems(handler: Handler) -> Handler:
    """Return a handler that turns errors into problem details (rule 3)."""

    @functools.wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return problem(error.status, "http", error.reason)
        except MalformedError as error:
            return problem(400, error.code, error.reason, error.hint)
        except PledgebookError as error:
            return problem(503, error.code, error.reason, error.hint)
        except Exception:  # noqa: BLE001 - the process's log learns what the caller does not
            _log.exception("%s %s failed", request.method, request.path)
            return problem(500, "internal", "the answer could not be made")

    return guarded


def problem(status: int, code: str, detail: str, hint: str = "") -> web.Response:
    """Return a problem-details response."""
    body = {
        "type": f"urn:pledgebook:problem:{code}", "title": HTTPStatus(status).phrase,
        "status": status, "code": code, "detail": detail,
    } | ({"hint": hint} if hint else {})  # fmt: skip
    headers = {"Cache-Control": "no-store"}
    if code in NOT_NOW:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return web.Response(
        status=status, body=msgspec.json.encode(body), content_type=PROBLEM, headers=headers
    )
