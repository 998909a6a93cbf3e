"""Taking in the body of a request: nothing is read that the headers already condemn.

Rules:

1. The headers decide first: a content coding is refused (a few kilobytes of gzip can unfold to
   gigabytes), then a media type that the resource does not take, then a stated length beyond the
   ceiling. ``Expect: 100-continue`` is answered after the same checks.
2. Whatever length was stated, reading stops at the ceiling.
3. A body arrives within ``body_timeout_s``, whole, or is refused with ``T-slow``.
4. The bodies being read at one time have a common ceiling; beyond it the answer is ``T-busy``.
   A small body that arrived together with its headers costs none of this.
5. After a refusal with the body unread the connection ends, so that the rest of the body is never
   taken for a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ledger.errors import LedgerError
from ledger.http.problems import problem_response
from ledger.http.wire import MAX_BATCH_BYTES, MEDIA_BATCH, MEDIA_EVENT
from ledger.outcome import Rejected
from verifier.errors import PledgebookError
from verifier.event import MAX_EVENT_BYTES

__all__ = ["CEILINGS", "Bodies", "expect", "media_type", "require_media"]

CEILINGS: Final = {MEDIA_EVENT: MAX_EVENT_BYTES, MEDIA_BATCH: MAX_BATCH_BYTES}
"""The media types of bodies, and their largest size in bytes."""

IDENTITY: Final = "identity"
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(slots=True)
class Bodies:
    """Reads bodies within their ceilings; one for each service."""

    body_timeout_s: float = 30.0
    """8 MiB at 280 KB/s; a client on a slower line sends smaller batches."""
    max_pending_bytes: int = 128 * 1024 * 1024
    """Of all bodies being read: sixteen of the largest."""
    retry_after_s: int = 1
    pending: int = 0
    """Bytes reserved for the bodies that are being read now."""

    async def read(self, request: web.Request, ceiling: int) -> bytes | web.Response:
        """Return the body, or the reply that refuses it (rules 2 to 5)."""
        content = request.content
        if content.is_eof():  # it came with the headers: the way of nearly every single event
            body = content.read_nowait()
            return body if len(body) <= ceiling else _too_large(len(body), ceiling)
        stated = request.content_length
        if stated is not None and stated > ceiling:
            return _too_large(stated, ceiling)
        reserved = ceiling if stated is None else stated
        if self.pending + reserved > self.max_pending_bytes:
            return self._busy()
        self.pending += reserved
        try:
            async with asyncio.timeout(self.body_timeout_s):
                return await _read(request, ceiling)
        except TimeoutError:
            reason = f"the body was not complete after {self.body_timeout_s:g} s"
            return problem_response(LedgerError("T-slow", reason), close=True)
        except web.RequestPayloadError as error:
            reason = f"the body is cut short or framed wrongly: {error}"
            return problem_response(LedgerError("T-request", reason), close=True)
        finally:
            self.pending -= reserved

    def _busy(self) -> web.Response:
        reason = "too many large requests are being read"
        busy = Rejected(code="T-busy", status=503, reason=reason, retry_after_s=self.retry_after_s)
        return problem_response(busy, close=True)


async def _read(request: web.Request, ceiling: int) -> bytes | web.Response:
    chunks, total = [], 0
    while chunk := await request.content.readany():
        chunks.append(chunk)
        total += len(chunk)
        if total > ceiling:
            return _too_large(total, ceiling)
    return b"".join(chunks)


def media_type(request: web.Request) -> str:
    """Return the media type of the body, lower case, without parameters."""
    value = request.headers.get("Content-Type", "")
    return value if value in CEILINGS else value.partition(";")[0].strip().lower()


def require_media(request: web.Request, allowed: Collection[str]) -> str:
    """Require of the headers that the body may be read at all (rule 1); return its media type.

    Raises:
        LedgerError: code ``T-encoding`` or ``T-media-type``.
    """
    headers = request.headers
    if "Content-Encoding" in headers and headers["Content-Encoding"].lower() != IDENTITY:
        raise LedgerError("T-encoding", "the body has a content coding")
    media = media_type(request)
    if media not in allowed:
        reason = f"{media or 'no media type'} is not one of {', '.join(sorted(allowed))}"
        raise LedgerError("T-media-type", reason)
    return media


async def expect(request: web.Request) -> web.StreamResponse | None:
    """Answer an ``Expect`` header: the refusal, or that the body is welcome (rule 1)."""
    try:
        if request.headers.get("Expect", "").lower() != "100-continue":
            raise LedgerError("T-request", "only 100-continue can be expected")
        if request.method == "POST":
            ceiling = CEILINGS[require_media(request, CEILINGS)]
            if (request.content_length or 0) > ceiling:
                return _too_large(request.content_length or 0, ceiling)
    except PledgebookError as error:
        return problem_response(error, close=True)
    await request.writer.write(CONTINUE)
    request.writer.output_size = 0  # the reply itself has not begun
    return None


def _too_large(size: int, ceiling: int) -> web.Response:
    reason = f"{size} bytes; {ceiling} allowed"
    return problem_response(LedgerError("T-too-large", reason), close=True)
