"""Where the bytes of a log come from: a folder, or a server. The one room here that does I/O.

Rules:

1. A source returns bytes and judges nothing; whoever asked checks them.
2. What the log does not have is ``source-missing`` (a 404, no such file); what cannot be read is
   ``source-unreadable``. Both are «could not decide», never «ok» and never «false».
3. Every body has a ceiling, every wait a limit, and no request is repeated more than a few times.
4. No redirect is followed, no proxy asked, no credential sent.
5. At most four connections go to one server; they are kept alive and shared by threads.
"""

from __future__ import annotations

import errno
import http.client
import io
import re
import socket
import ssl
import threading
import time
import zlib
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from verifier.blob import MAX_BLOB_BYTES, blob_path
from verifier.errors import UndecidedError
from verifier.note import MAX_NOTE_BYTES
from verifier.tiles import (
    FULL_WIDTH,
    MAX_BUNDLE_BYTES,
    MAX_TILE_BYTES,
    Bundle,
    Tile,
    bundle_at,
    decode_bundle,
)

__all__ = ["FolderSource", "HttpSource", "Source", "open_source", "read_bundles", "read_entries"]

TIMEOUT_S: Final = 30.0  # per connect, write or read: longer means the server is gone
ANSWER_TIMEOUT_S: Final = 120.0  # for a whole answer: the largest bundle at 140 KB/s
ATTEMPTS: Final = 4  # one request and three repetitions
BACKOFF_S: Final = 0.2  # doubled at each repetition
MAX_RETRY_AFTER_S: Final = 5.0  # a server may ask for patience, within reason
MAX_CONNECTIONS: Final = 4  # public logs limit clients; four saturate a verifier of two cores
BUNDLES_AHEAD: Final = 8  # prefetched; at 256 entries of 600 bytes that is 1.2 MB
CHUNK_BYTES: Final = 64 * 1024
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
PASSING: Final = frozenset({429, 500, 502, 503, 504})  # states that repetition may cure

_URL: Final = re.compile(r"[\x21-\x7e]+\Z")


class Source(Protocol):
    """A published log, as C2SP tlog-tiles lays it out. Safe for several threads at once."""

    @property
    def name(self) -> str:
        """How messages call this source: its path or address."""
        ...

    def checkpoint(self) -> bytes:
        """Return the current checkpoint note.

        Raises:
            UndecidedError: code ``source-missing`` or ``source-unreadable``; so for all of these.
        """
        ...

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the bytes of a hash tile; 256 is the width of a full one."""
        ...

    def entries(self, n: int, width: int) -> bytes:
        """Return the bytes of an entry bundle; 256 is the width of a full one."""
        ...

    def blob(self, name: bytes) -> bytes:
        """Return a stored attachment; ``source-missing`` is said of an erased one too."""
        ...

    def close(self) -> None:
        """Release what is held open."""
        ...


class FolderSource:
    """A log in a folder, laid out as it would be served."""

    def __init__(self, path: str | Path) -> None:
        self._root = Path(path)
        self.name = str(path)
        if not self._root.is_dir():
            raise UndecidedError("source-unreadable", f"{self.name!r} is not a folder")

    def checkpoint(self) -> bytes:
        """Return the bytes of ``checkpoint``."""
        return self._read("checkpoint", MAX_NOTE_BYTES)

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the bytes of a hash tile."""
        return self._read(Tile(level, n, width).path, MAX_TILE_BYTES)

    def entries(self, n: int, width: int) -> bytes:
        """Return the bytes of an entry bundle."""
        return self._read(Bundle(n, width).path, MAX_BUNDLE_BYTES)

    def blob(self, name: bytes) -> bytes:
        """Return a stored attachment."""
        return self._read(blob_path(name), MAX_BLOB_BYTES)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _read(self, path: str, limit: int) -> bytes:
        try:
            with (self._root / path).open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                raise _missing(self.name, path) from None
            raise _unreadable(self.name, path, error.strerror or str(error)) from None
        if len(data) > limit:
            raise _unreadable(self.name, path, f"more than {limit} bytes")
        return data


class HttpSource:
    """A log behind a URL prefix, over ``http`` or ``https``."""

    def __init__(self, url: str, *, max_connections: int = MAX_CONNECTIONS) -> None:
        self.name = url
        try:
            parts = urlsplit(url)
            self._host, port = parts.hostname or "", parts.port
        except ValueError:
            raise UndecidedError("source-unreadable", f"{url!r} is not an address") from None
        plain = parts.scheme in DEFAULT_PORTS and self._host and parts.username is None
        if not plain or parts.query or parts.fragment or _URL.match(url) is None:
            raise UndecidedError("source-unreadable", f"{url!r} is not a plain http(s) address")
        self._port = port or DEFAULT_PORTS[parts.scheme]
        self._prefix = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._free = threading.BoundedSemaphore(max_connections)
        self._idle: deque[http.client.HTTPConnection] = deque()

    def checkpoint(self) -> bytes:
        """Return the bytes of ``<prefix>/checkpoint``."""
        return self._get("checkpoint", MAX_NOTE_BYTES)

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the bytes of a hash tile."""
        return self._get(Tile(level, n, width).path, MAX_TILE_BYTES)

    def entries(self, n: int, width: int) -> bytes:
        """Return the bytes of an entry bundle."""
        return self._get(Bundle(n, width).path, MAX_BUNDLE_BYTES)

    def blob(self, name: bytes) -> bytes:
        """Return a stored attachment."""
        return self._get(blob_path(name), MAX_BLOB_BYTES)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _get(self, path: str, limit: int) -> bytes:
        reason = ""
        for attempt in range(ATTEMPTS):
            patience = BACKOFF_S * 2**attempt
            try:
                with self._connection() as connection:
                    status, body, wait_s = self._ask(connection, path, limit)
            except (OSError, http.client.HTTPException, _TooMuchError) as error:
                reason = str(error) or type(error).__name__
                if isinstance(error, (ssl.SSLCertVerificationError, _TooMuchError)):
                    break
            else:
                if status == 200:
                    return body
                if status in (404, 410):
                    raise _missing(self.name, path)
                reason = f"status {status}"
                if status not in PASSING:
                    reason += ": redirects are not followed" if 300 <= status < 400 else ""
                    break
                patience = max(patience, wait_s)
            if attempt + 1 < ATTEMPTS:
                time.sleep(patience)
        raise _unreadable(self.name, path, reason)

    def _ask(
        self, connection: http.client.HTTPConnection, path: str, limit: int
    ) -> tuple[int, bytes, float]:
        """Return the status, the body of a 200, and the seconds the server asks to wait."""
        target = f"{self._prefix}/{path}"
        headers = {"Accept-Encoding": "identity", "User-Agent": "pledgebook-verify"}
        reused = connection.sock is not None
        try:
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            if not reused:
                raise
            connection.close()  # the server closed it while idle: once more on a fresh one
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
        if response.status != 200:
            connection.close()  # the body of an error is of no use; do not wait for it
            return response.status, b"", _retry_after(response.getheader("Retry-After"))
        body = _read_body(response, limit)
        encoding = response.getheader("Content-Encoding", "identity").lower()
        if encoding == "gzip":  # tlog-tiles lets a server compress bundles unasked
            body = _gunzip(body, limit)
        elif encoding != "identity":
            raise http.client.HTTPException(f"the unknown content encoding {encoding!r}")
        return 200, body, 0.0

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        """Lend a connection; after any error it is closed and connects anew when next used."""
        with self._free:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            finally:
                self._idle.append(connection)

    def _connect(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection
        if self._tls is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        else:
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT_S, context=self._tls
            )
        connection.response_class = _Answer
        return connection


class _Answer(http.client.HTTPResponse):
    """An answer whose head and body together arrive in their time (rule 3)."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp: Any = io.BufferedReader(_Timed(self.fp.detach(), sock))


class _Timed(io.RawIOBase):
    """The bytes of an answer: no wait beyond the socket's, nor all together beyond the whole's.

    A limit for each wait alone would let a server send one byte after the other, or one interim
    answer after the other, for ever.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock
        self._each_s: float = sock.gettimeout() or TIMEOUT_S
        self._ends = time.monotonic() + ANSWER_TIMEOUT_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._ends - time.monotonic()
        beyond = _TooMuchError(f"an answer of more than {ANSWER_TIMEOUT_S:.0f} s")
        if left_s <= 0:
            raise beyond
        self._sock.settimeout(min(left_s, self._each_s))
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            if left_s > self._each_s:
                raise
            raise beyond from None
        finally:
            self._sock.settimeout(self._each_s)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TooMuchError(Exception):
    """An answer is beyond its ceiling; to ask again would cost as much again."""


def open_source(text: str) -> Source:
    """Open a source by what its name looks like: ``http(s)://…``, or else the path of a folder.

    Raises:
        UndecidedError: code ``source-unreadable``.
    """
    scheme, separator, _ = text.partition("://")
    if not separator:
        return FolderSource(text)
    if scheme.lower() in ("http", "https"):
        return HttpSource(text)
    raise UndecidedError("source-unreadable", f"{scheme!r} is neither http nor https nor a folder")


def read_bundles(
    source: Source, start: int, stop: int, *, executor: Executor, size: int | None = None
) -> Generator[tuple[int, list[bytes]], None, None]:
    """Yield (index of the first, entries) for the entries start … stop - 1, bundle by bundle.

    Bundles are fetched ahead in *executor* (threads), at most eight at a time, and come in order;
    closing the generator cancels those not begun.
    *size* is that of the checkpoint in hand and decides which partial bundle to ask for; without
    it *stop* is that size.

    Raises:
        MalformedError: code ``tile-malformed``; a bundle is framed wrongly.
        UndecidedError: code ``source-missing`` or ``source-unreadable``.
    """
    size = stop if size is None else size
    if not 0 <= start <= stop <= size:
        raise ValueError(f"cannot read entries {start} to {stop} at size {size}")
    numbers = iter(range(start // FULL_WIDTH, -(-stop // FULL_WIDTH)) if start < stop else ())
    ahead: deque[tuple[int, Future[list[bytes]]]] = deque()
    try:
        while True:
            while len(ahead) < BUNDLES_AHEAD and (n := next(numbers, None)) is not None:
                bundle = bundle_at(n * FULL_WIDTH, size)
                ahead.append((n, executor.submit(_fetch_bundle, source, bundle)))
            if not ahead:
                return
            n, future = ahead.popleft()
            entries = future.result()
            base = n * FULL_WIDTH
            first, last = max(start - base, 0), min(stop - base, len(entries))
            yield base + first, entries[first:last]
    finally:
        for _, future in ahead:
            future.cancel()


def read_entries(
    source: Source, start: int, stop: int, *, executor: Executor, size: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield (index, entry) for the entries start … stop - 1, as ``read_bundles`` fetches them."""
    for first, entries in read_bundles(source, start, stop, executor=executor, size=size):
        yield from enumerate(entries, start=first)


def _fetch_bundle(source: Source, bundle: Bundle) -> list[bytes]:
    """Fetch one bundle; if its partial form is gone, the part of the full one (tiles, rule 5)."""
    try:
        return decode_bundle(source.entries(bundle.n, bundle.width), bundle.width)
    except UndecidedError as error:
        if error.code != "source-missing" or bundle.width == FULL_WIDTH:
            raise
    return decode_bundle(source.entries(bundle.n, FULL_WIDTH), FULL_WIDTH)[: bundle.width]


def _read_body(response: http.client.HTTPResponse, limit: int) -> bytes:
    """Read a whole body within its ceiling."""
    chunks, total = [], 0
    while chunk := response.read1(CHUNK_BYTES):
        chunks.append(chunk)
        total += len(chunk)
        if total > limit:
            raise _TooMuchError(f"a body of more than {limit} bytes")
    if response.length:  # read1 ends quietly when the server hangs up early
        raise http.client.IncompleteRead(b"", response.length)
    response.close()  # read1 leaves it open, and then the connection takes no further request
    return b"".join(chunks)


def _gunzip(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        body = inflater.decompress(data, limit + 1)
    except zlib.error as error:
        raise http.client.HTTPException(f"not gzip: {error}") from None
    if len(body) > limit:
        raise _TooMuchError(f"a gzip body of more than {limit} bytes")
    if not inflater.eof or inflater.unused_data:
        raise http.client.HTTPException("a gzip body that is cut short or followed by more")
    return body


def _retry_after(value: str | None) -> float:
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 6:
        return 0.0
    return min(float(value), MAX_RETRY_AFTER_S)


def _missing(name: str, path: str) -> UndecidedError:
    return UndecidedError("source-missing", f"{name} does not have {path}")


def _unreadable(name: str, path: str, reason: str) -> UndecidedError:
    return UndecidedError("source-unreadable", f"{path} of {name}: {reason}")
