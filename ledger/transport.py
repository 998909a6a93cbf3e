"""How the client talks HTTP: a few connections, bounded replies, and patient repetition.

Rules:

1. Every request may be repeated, because every request to the ledger is idempotent: reads by
   nature, submissions by their submission id.
2. A request is repeated when the connection fails or the state is one that passes; only so often,
   with growing waits, or as long as ``Retry-After`` asks within reason. After that its outcome is
   unknown, and said to be (``ledger-unreachable``).
3. Connections, reply sizes, repetitions and waits are bounded; no redirect, proxy or environment
   variable is followed, and no compressed reply is unfolded.
"""

from __future__ import annotations

import asyncio
import io
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from ledger.errors import LedgerError
from ledger.http.wire import MEDIA_JSON, MEDIA_PROBLEM, Problem
from verifier.errors import RefusedError

__all__ = [
    "ATTEMPTS",
    "MAX_CONNECTIONS",
    "PASSING",
    "DeclinedError",
    "Transport",
    "decode",
    "patience",
]

MAX_CONNECTIONS: Final = 8  # enough to fill commit groups; the service is shared
MAX_REPLY_BYTES: Final = 32 * 1024 * 1024  # a batch of 8 MiB that comes back in base64, with proofs
MAX_PIECE_BYTES: Final = 2**20  # a larger body is sent in pieces, and the event loop goes on
TIMEOUT_S: Final = 60.0  # for one attempt, whole
ATTEMPTS: Final = 6
BACKOFF_S: Final = 0.1  # doubled at each repetition
MAX_WAIT_S: Final = 10.0  # however long Retry-After says

PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
"""States that repetition may cure."""

T = TypeVar("T")


class DeclinedError(RefusedError):
    """The service declined a request; ``problem`` says all that it said."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code, problem.detail, hint=problem.hint)
        self.problem = problem


class Transport:
    """Requests to one base URL over a bounded pool of connections, for one event loop."""

    def __init__(self, base_url: str, *, max_connections: int) -> None:
        self._base = base_url.rstrip("/")
        self._max_connections = max_connections
        self._http: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Open the connection pool; needs a running event loop."""
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._max_connections),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            headers={"Accept-Encoding": "identity", "User-Agent": "pledgebook-client"},
            auto_decompress=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def get(self, path: str, kind: type[T]) -> T:
        """Return the JSON answer to a GET, as a struct of its kind; raises as ``exchange``."""
        _, body = await self.exchange("GET", path, headers={"Accept": MEDIA_JSON})
        return decode(body, kind)

    async def exchange(self, method: str, path: str, **options: Any) -> tuple[int, bytes]:
        """Send a request until it is answered; return status and body of a success (rule 2).

        Raises:
            DeclinedError: a lasting problem.
            LedgerError: ``ledger-unreachable`` or ``reply-malformed``.
        """
        reason = ""
        for attempt in range(ATTEMPTS):
            retry_after = None
            try:
                status, kind, retry_after, body = await self._ask(method, path, options)
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                reason = str(error) or type(error).__name__
            else:
                if status in (200, 201):
                    return status, body
                problem = _problem(status, kind, body)
                if status not in PASSING:
                    raise DeclinedError(problem)
                reason = f"status {status}: {problem.code}: {problem.detail}"
            if attempt + 1 < ATTEMPTS:
                await asyncio.sleep(patience(attempt, retry_after))
        hint = "" if method == "POST" else "Check the address; nothing was sent to be recorded."
        raise LedgerError("ledger-unreachable", f"{self._base}{path}: {reason}", hint=hint)

    async def _ask(
        self, method: str, path: str, options: dict[str, Any]
    ) -> tuple[int, str, str | None, bytes]:
        assert self._http is not None, "use the client in `async with`"
        if len(options.get("data", b"")) > MAX_PIECE_BYTES:
            options = options | {"data": io.BytesIO(options["data"])}
        async with self._http.request(
            method, self._base + path, allow_redirects=False, **options
        ) as response:
            chunks, total = [], 0
            async for chunk in response.content.iter_any():
                total += len(chunk)
                if total > MAX_REPLY_BYTES:
                    raise LedgerError("reply-malformed", f"more than {MAX_REPLY_BYTES} bytes")
                chunks.append(chunk)
            kind = response.content_type
            return response.status, kind, response.headers.get("Retry-After"), b"".join(chunks)


def decode(body: bytes, kind: type[T]) -> T:
    """Read a JSON answer.

    Raises:
        LedgerError: code ``reply-malformed``.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise LedgerError("reply-malformed", f"{kind.__name__}: {error}") from None


def _problem(status: int, kind: str, body: bytes) -> Problem:
    if kind == MEDIA_PROBLEM:
        return decode(body, Problem)
    return Problem(
        type="about:blank", title="Not the ledger", status=status, code="reply-malformed",
        detail=f"status {status} with {kind or 'nothing'}, which the ledger does not send",
    )  # fmt: skip


def patience(attempt: int, retry_after: str | None) -> float:
    """Return the seconds to wait before the next attempt."""
    if retry_after is not None and retry_after.isascii() and retry_after.isdigit():
        return min(float(retry_after[:6]), MAX_WAIT_S)
    return min(BACKOFF_S * 2.0**attempt, MAX_WAIT_S)
