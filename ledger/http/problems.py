"""Every error of the service in one shape: ``application/problem+json`` (RFC 9457).

Rules:

1. ``code`` is stable and public: a rule's number (``AD4``), a code of the verifier's error tree,
   or a transport code (``T-…``). ``type`` is ``urn:pledgebook:problem:<code>``.
2. ``detail`` says what happened here, ``hint`` what to do about it. Neither shows anything of the
   inside: no traceback, no path, no SQL.
3. A refusal by the rules carries every unmet condition, the present head of the stream, and the
   same refusal as the ledger signed it (``ledger.refusals``).
4. No error is cached (``Cache-Control: no-store``): what is absent now may exist in a second.
5. A client that speaks CBOR and not JSON is told the same in CBOR (``concise.py``).
6. A handler returns or raises; ``answer_problems`` is the one place where an error becomes a
   reply, also for paths and methods that do not exist and for faults of our own.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from ledger.errors import LedgerError
from ledger.http.concise import MEDIA_CONCISE, concise, speaks_cbor
from ledger.http.wire import MEDIA_PROBLEM, Problem, StreamHead, encode_json
from ledger.outcome import Rejected, rejected_by
from verifier.errors import PledgebookError

__all__ = ["SERVER", "TITLES", "answer_problems", "problem_of", "problem_response"]

SERVER: Final = "pledgebook"
"""What the ``Server`` header says: no versions, which help only those who look for holes."""

TITLES: Final[dict[str, str]] = {
    "AD4": "The stream has moved on",
    "AD5": "The key is not the author's",
    "signature-false": "The signature does not verify",
    "event-type-unknown": "The event type is not known here",
    "T-busy": "The service is busy",
    "T-clock": "The event is signed in the future",
    "T-too-large": "The request is too large",
    "T-media-type": "The media type is not accepted",
    "T-encoding": "Content coding is not accepted",
    "T-slow": "The body came too slowly",
    "T-storage": "The storage failed",
    "T-storage-full": "The storage is full",
    "T-internal": "The service failed",
    "T-path": "There is nothing at this path",
    "T-method": "This path has no such method",
    "T-request": "The request cannot be understood",
    "entry-absent": "There is no such entry",
    "blob-unnamed": "No event shown refers to it",
    "blob-erased": "It was erased",
    "receipt-absent": "There is no COSE receipt",
}
"""Short names that do not change from one occurrence to the next; others by status."""

_BY_STATUS: Final = {
    400: "Malformed",
    403: "Not authorized",
    409: "Conflict",
    413: "Too large",
    422: "Refused by the rules",
}
_HINTS: Final = {
    400: "Correct the request as the detail says; see /openapi.json.",
    403: "Sign with a key that is enrolled to the author and active now.",
    422: "Meet every condition under unmet; POST /dry-run asks again without recording.",
}
"""What to do, by status, where whoever refused gave no hint of its own."""

_LOG: Final = logging.getLogger("ledger.http")
_HEADERS: Final = CIMultiDict(
    {
        "Content-Type": MEDIA_PROBLEM,
        "Cache-Control": "no-store",
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
        "Server": SERVER,
    }
)


def problem_of(rejected: Rejected) -> Problem:
    """Return the problem that tells a rejection."""
    head = rejected.head
    return Problem(
        type=f"urn:pledgebook:problem:{rejected.code}",
        title=TITLES.get(rejected.code) or _BY_STATUS.get(rejected.status, "Refused"),
        status=rejected.status,
        detail=rejected.reason,
        code=rejected.code,
        hint=rejected.hint or _HINTS.get(rejected.status, ""),
        unmet=rejected.unmet,
        head=None if head is None else StreamHead(head.seq, head.id.hex()),
        retry_after_s=rejected.retry_after_s,
        refusal=rejected.refusal,
    )


class ProblemReply(web.Response):
    """A reply that tells a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(body=encode_json(problem), status=problem.status, headers=_HEADERS)
        self._problem = problem

    def say_in_cbor(self) -> None:
        """Tell it in CBOR instead (rule 5)."""
        self.headers["Content-Type"] = MEDIA_CONCISE
        self.body = concise(self._problem)


def problem_response(rejected: Rejected | PledgebookError, *, close: bool = False) -> web.Response:
    """Return the reply that tells an error; with *close* the connection ends after it.

    *close* is for requests whose body was not read: what follows is then not taken for a request.
    """
    if isinstance(rejected, PledgebookError):
        rejected = rejected_by(rejected)
    response = ProblemReply(problem_of(rejected))
    if rejected.retry_after_s is not None:
        response.headers["Retry-After"] = str(rejected.retry_after_s)
    if close:
        response.force_close()
    return response


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a problem (rules 5 and 6)."""
    response = await _answer(request, handler)
    if isinstance(response, ProblemReply) and speaks_cbor(request):
        response.say_in_cbor()
    return response


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except PledgebookError as error:
        return problem_response(error)
    except web.HTTPException as error:
        return _http_problem(request, error)
    except ConnectionError:
        raise  # nobody is left to answer to
    except Exception:  # noqa: BLE001 - the service stays alive, and the log has the traceback
        _LOG.exception("%s %s failed", request.method, request.path)
        return problem_response(LedgerError("T-internal", "an error of the service, in its log"))


def _http_problem(request: web.Request, error: web.HTTPException) -> web.Response:
    if isinstance(error, web.HTTPMethodNotAllowed):
        methods = ", ".join(sorted(error.allowed_methods))
        reason = f"{request.method} is not one of {methods}"
        response = problem_response(LedgerError("T-method", reason))
        response.headers["Allow"] = methods
    elif error.status == HTTPStatus.NOT_FOUND:
        response = problem_response(LedgerError("T-path", "no resource has this path"))
    else:
        response = problem_response(
            Rejected(code="T-request", status=error.status, reason=error.reason)
        )
    if request.body_exists and not request.content.is_eof():
        response.force_close()
    return response
