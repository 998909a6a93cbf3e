"""The process that checks signatures for a ledger: ``python -m ledger.signature_worker FD ENGINE``.

It reads batches from a socket and answers one byte per check, until the socket ends; it has no
other way in or out. A batch is its count and length as uint32be, then each check: public key (32
bytes), signature (64 bytes), length of the message as uint32be, message. The answer is the count
as uint32be and one byte for each check, 1 for true.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Sequence
from typing import Final

from verifier.keys import Check, verify_many

__all__ = ["COUNT", "frame"]

COUNT: Final = struct.Struct(">I")
HEAD: Final = struct.Struct(">II")
FIXED: Final = 32 + 64  # public key and signature
READ_BYTES: Final = 256 * 1024  # a batch comes in one piece


def frame(checks: Sequence[Check]) -> bytes:
    """Return the bytes of a batch; keys and signatures have their fixed lengths already."""
    parts = [b""]
    for public, signature, message in checks:
        parts += (public, signature, COUNT.pack(len(message)), message)
    body = b"".join(parts)
    return HEAD.pack(len(checks), len(body)) + body


def unframe(body: bytes) -> list[Check]:
    """Return the checks of a batch."""
    checks, at = [], 0
    while at < len(body):
        (length,) = COUNT.unpack_from(body, at + FIXED)
        start = at + FIXED + COUNT.size
        message = body[start : start + length]
        checks.append((body[at : at + 32], body[at + 32 : at + FIXED], message))
        at = start + length
    return checks


def serve(connection: socket.socket, engine: str) -> None:
    """Answer batches until the other side ends."""
    with connection, connection.makefile("rb", READ_BYTES) as reader:
        while len(head := reader.read(HEAD.size)) == HEAD.size:
            count, length = HEAD.unpack(head)
            verdicts = verify_many(unframe(reader.read(length)), engine=engine)
            connection.sendall(COUNT.pack(count) + bytes(verdicts))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
