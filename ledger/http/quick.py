"""A reply whose head is known beforehand, written in one piece.

aiohttp makes the head of every reply from a table of headers. For the receipt of a single append,
the one reply that goes out thousands of times a second, that is a tenth of all the event loop has
to do. This reply is the same bytes, made by one join.

Rules:

1. It is for HTTP/1.1 connections that stay open; whoever asks for anything else gets the ordinary
   reply, with the same headers.
2. A client that does not read its replies is waited for, as with any other reply.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any, Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

__all__ = ["Head", "QuickReply", "is_quick"]

_BLANK: Final = b"\r\n\r\n"


class Head:
    """The status line and headers that all replies of one kind share."""

    def __init__(self, status_line: str, headers: Mapping[str, str]) -> None:
        lines = [
            f"HTTP/1.1 {status_line}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._fixed = "\r\n".join(lines).encode("ascii") + b"\r\nDate: "
        self._second = 0
        self._bytes = b""

    def bytes(self) -> bytes:
        """Return the head so far, with the date of this second (RFC 9110 §6.6.1)."""
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._bytes = self._fixed + formatdate(now, usegmt=True).encode("ascii")
        return self._bytes


def is_quick(request: web.Request) -> bool:
    """Say whether a request can be answered this way (rule 1)."""
    return request.version == HttpVersion11 and request.keep_alive


class QuickReply(web.StreamResponse):
    """A whole reply: the shared head, the rest of the headers, the body."""

    def __init__(self, head: Head, rest: bytes, body: bytes) -> None:
        """Take the parts; *rest* are header lines, each behind its line end."""
        # The base class's own state is for making heads; of it only this is ever asked for.
        self._keep_alive = True
        self._eof_sent = False
        self._whole = b"".join(
            (head.bytes(), b"\r\nContent-Length: %d" % len(body), rest, _BLANK, body)
        )

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write everything."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        transport.write(self._whole)
        self._eof_sent = True
        self._writer: Any = request.writer
        return None

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002 - the library's signature
        """Wait until the client reads (rule 2)."""
        await self._writer.drain()
