"""What is wrong, said with one code: as problem details (RFC 9457), or in another form.

400 for a malformed question, 404 for what is not on record, 503 with ``Retry-After`` while a view
is being built or is behind what the caller asked to see, 500 for what nobody foresaw.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from verifier.errors import MalformedError, PledgebookError

__all__ = ["Handler", "Wrong", "telling"]

PROBLEM: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
NOT_NOW: Final = frozenset({"view-building", "view-behind"})

_log: Final = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong: its status, its stable code, why, and what helps."""

    status: int
    code: str
    detail: str
    hint: str = ""

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        later = {"Retry-After": str(RETRY_AFTER_S)} if self.code in NOT_NOW else {}
        return {"Cache-Control": "no-store", **later}


def as_problem(_request: web.Request, wrong: Wrong) -> web.Response:
    """Return problem details."""
    body = {
        "type": f"urn:pledgebook:problem:{wrong.code}", "title": wrong.title,
        "status": wrong.status, "code": wrong.code, "detail": wrong.detail,
    } | ({"hint": wrong.hint} if wrong.hint else {})  # fmt: skip
    return web.Response(
        status=wrong.status, body=msgspec.json.encode(body), content_type=PROBLEM,
        headers=wrong.headers,
    )  # fmt: skip


def telling(
    handler: Handler, tell: Callable[[web.Request, Wrong], web.Response] = as_problem
) -> Handler:
    """Return a handler that tells errors instead of raising them."""

    @functools.wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            wrong = Wrong(error.status, "http", error.reason)
        except MalformedError as error:
            wrong = Wrong(400, error.code, error.reason, error.hint)
        except PledgebookError as error:
            wrong = Wrong(503, error.code, error.reason, error.hint)
        except Exception:  # noqa: BLE001 - the process's log learns what the caller does not
            _log.exception("%s %s failed", request.method, request.path)
            wrong = Wrong(500, "internal", "the answer could not be made")
        return tell(request, wrong)

    return guarded
