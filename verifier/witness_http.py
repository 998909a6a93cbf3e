"""The witness as a small HTTP service that partner organizations run, with its memory in SQLite.

Rules (C2SP tlog-witness):

1. ``POST /add-checkpoint`` answers 200 with the cosignature line, or as ``witness`` refuses; 409
   carries the size cosigned last. ``GET /<sha256 of the origin, hex>/checkpoint`` gives the newest
   cosigned checkpoint with the log's lines and this witness's.
2. Check and memory are one transaction, on disk before the answer leaves. After a crash the memory
   is ahead of what was told, never behind.
3. A fork that a log signed is kept, both notes of it, and printed at the start.
4. A request is bounded: its length is stated and at most 256 KiB, and it arrives within seconds.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from verifier.errors import UndecidedError
from verifier.note import COSIGNATURE, Checkpoint, VerifierKey, format_note, parse_note
from verifier.witness import (
    MAX_REQUEST_BYTES,
    Cosigner,
    Last,
    Refusal,
    judge,
    parse_request,
)

__all__ = ["Answer", "Memory", "WitnessServer", "open_witness"]

SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"
REQUEST_TIMEOUT_S: Final = 10.0
MAX_PORT: Final = 65_535
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cosigned (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS forks (
    origin TEXT NOT NULL, size INTEGER NOT NULL, first BLOB NOT NULL, second BLOB NOT NULL,
    seen_at INTEGER NOT NULL, PRIMARY KEY (origin, size, second)
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, body and content type."""

    status: int
    body: bytes
    content_type: str = TEXT_TYPE


class Memory:
    """What a witness cosigned and which forks it saw, in one SQLite file."""

    def __init__(
        self, path: Path, logs: Mapping[str, Sequence[VerifierKey]], cosigner: Cosigner,
        *, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._path = path
        self._logs = logs
        self._cosigner = cosigner
        self._clock = clock
        with closing(self._connect()) as connection:
            connection.executescript(SCHEMA)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign what a request asks for, or refuse it (rules 1 and 2)."""
        try:
            request = parse_request(body)
            with closing(self._connect()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                last = {origin: known for origin in self._logs
                        if (known := _last(connection, origin)) is not None}  # fmt: skip
                try:
                    checkpoint = judge(request, self._logs, last)
                except Refusal as refusal:
                    if refusal.forked:
                        self._keep_fork(connection, request.note, last)
                    raise
                line = self._remember(connection, checkpoint, request.note)
                connection.execute("COMMIT")
        except Refusal as refusal:
            return _refused(refusal)
        return Answer(200, line)

    def checkpoint(self, name: str) -> Answer:
        """Return the newest cosigned checkpoint of an origin, by the hash of its name."""
        for origin in self._logs:
            if hashlib.sha256(origin.encode()).hexdigest() == name:
                with closing(self._connect()) as connection:
                    last = _last(connection, origin)
                if last is not None:
                    return Answer(200, last.note)
        return Answer(404, b"no checkpoint of such an origin was cosigned here\n")

    @property
    def key(self) -> VerifierKey:
        """The verifier key of this witness, for trust policies."""
        return self._cosigner.key

    @property
    def origins(self) -> list[str]:
        """The logs that it knows."""
        return sorted(self._logs)

    def forks(self) -> list[tuple[str, int]]:
        """Return origin and size of every fork that was seen (rule 3)."""
        with closing(self._connect()) as connection:
            return connection.execute("SELECT origin, size FROM forks ORDER BY seen_at").fetchall()

    def _remember(self, connection: sqlite3.Connection, checkpoint: Checkpoint,
                  note: bytes) -> bytes:  # fmt: skip
        line = self._cosigner.line(checkpoint, timestamp=int(self._clock()))
        parsed = parse_note(note)
        kept = [signature.line for signature in parsed.signatures
                if signature.name == checkpoint.origin]  # fmt: skip
        connection.execute(
            "INSERT OR REPLACE INTO cosigned VALUES (?, ?, ?, ?)",
            (checkpoint.origin, checkpoint.size, checkpoint.root,
             format_note(parsed.text, [*kept, line])),
        )  # fmt: skip
        return line

    def _keep_fork(self, connection: sqlite3.Connection, note: bytes,
                   last: Mapping[str, Last]) -> None:  # fmt: skip
        checkpoint = Checkpoint.parse(parse_note(note).text)
        connection.execute(
            "INSERT OR IGNORE INTO forks VALUES (?, ?, ?, ?, ?)",
            (checkpoint.origin, checkpoint.size, last[checkpoint.origin].note, note,
             int(self._clock())),
        )  # fmt: skip
        connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=REQUEST_TIMEOUT_S, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _last(connection: sqlite3.Connection, origin: str) -> Last | None:
    row = connection.execute(
        "SELECT size, root, note FROM cosigned WHERE origin = ?", (origin,)
    ).fetchone()
    return None if row is None else Last(*row)


def _refused(refusal: Refusal) -> Answer:
    if refusal.size is not None:
        return Answer(refusal.status, f"{refusal.size}\n".encode(), SIZE_TYPE)
    return Answer(refusal.status, f"{refusal.reason}\n".encode())


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness until it is shut down."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], memory: Memory) -> None:
        self.memory = memory
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            reason = f"cannot listen on {address[0]}:{address[1]}: {error.strerror}"
            raise UndecidedError("witness-address", reason) from None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def told(self) -> str:
        """Return what its operator and its partners need to know."""
        key = self.memory.key
        lines = [f"witnessing {', '.join(self.memory.origins)} at {self.url}",
                 f"for trust policies: witness {key.name} {key}"]  # fmt: skip
        lines += [f"FORK: {origin} signed two trees of size {size}; both are kept"
                  for origin, size in self.memory.forks()]  # fmt: skip
        return "\n".join(lines)


def open_witness(
    *, name: str, key: Path, state: Path, logs: Sequence[str], listen: str
) -> WitnessServer:
    """Open a witness over its key and memory, listening but not yet serving.

    Raises:
        UndecidedError: code ``witness-key``, ``witness-address`` or ``witness-log``.
        MalformedError: a log's verifier key, or the name.
    """
    known: dict[str, list[VerifierKey]] = {}
    for text in logs:
        vkey = VerifierKey.parse(text)
        known.setdefault(vkey.name, []).append(vkey)
    private = _load_key(key)
    own = VerifierKey(name, COSIGNATURE, private.public_key().public_bytes_raw())
    VerifierKey.parse(str(own))
    if any(vkey.public == own.public or vkey.name == name for of in known.values() for vkey in of):
        raise UndecidedError("witness-log", "a log has the witness's own name or key")
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > MAX_PORT:
        raise UndecidedError("witness-address", f"{listen!r} is not HOST:PORT")
    memory = Memory(state, known, Cosigner(own, private.sign))
    return WitnessServer((host, int(port)), memory)


def _load_key(path: Path) -> Ed25519PrivateKey:
    """Return the key of a file; make file and key where there is none."""
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            os.fsync(file.fileno())
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise UndecidedError("witness-key", f"{path} cannot be read: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UndecidedError("witness-key", f"{path} holds no Ed25519 key")
    return key


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"
    timeout = REQUEST_TIMEOUT_S
    server_version = "pledgebook-witness"
    sys_version = ""

    def do_POST(self) -> None:
        if self.path != "/add-checkpoint":
            self._answer(Answer(404, b"POST /add-checkpoint\n"))
            return
        stated = self.headers.get("Content-Length", "")
        if not stated.isdecimal():
            self._answer(Answer(411, b"state the length of the request\n"))
        elif len(stated) > 8 or int(stated) > MAX_REQUEST_BYTES:
            self._answer(Answer(413, f"at most {MAX_REQUEST_BYTES} bytes\n".encode()))
        else:
            body = self.rfile.read(int(stated))
            if len(body) == int(stated):
                self._answer(self.server.memory.add_checkpoint(body), keep=True)

    def do_GET(self) -> None:
        name, _, rest = self.path.removeprefix("/").partition("/")
        if rest != "checkpoint":
            self._answer(Answer(404, b"GET /<sha256 of the origin>/checkpoint\n"))
        else:
            self._answer(self.server.memory.checkpoint(name))

    def _answer(self, answer: Answer, *, keep: bool = False) -> None:
        self.close_connection = not keep
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if not keep:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server has it
        """Say nothing: a witness keeps no record of who asked."""
