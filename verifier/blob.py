"""Attachments: what stands beside the log under a name that the log holds.

Rules (normative text: ``docs/spec/attachment.md``):

1. A stored object is 32 random bytes, then the content. Its name is
   SHA-256(``pledgebook/blob/v1`` ‖ 00 ‖ object). The random bytes stand in the object and nowhere
   else: once it is erased, nobody can try candidates for the content against the name.
2. An object has at most ``MAX_BLOB_BYTES``.
3. It lies at ``blobs/<name>``, the name in 64 lower-case hexadecimal digits.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from verifier.errors import FalseError, MalformedError

__all__ = ["MAX_BLOB_BYTES", "SALT_BYTES", "blob_name", "blob_path", "content_of", "read_name"]

SALT_BYTES: Final = 32
MAX_BLOB_BYTES: Final = 16 * 1024 * 1024
_PREFIX: Final = b"pledgebook/blob/v1\x00"
_NAME: Final = re.compile(r"[0-9a-f]{64}\Z")


def blob_name(stored: bytes) -> bytes:
    """Return the name of a stored object (rule 1)."""
    return sha256(_PREFIX + stored).digest()


def blob_path(name: bytes) -> str:
    """Return where an object lies below the log's address or folder (rule 3)."""
    return f"blobs/{name.hex()}"


def read_name(text: str) -> bytes:
    """Read a name in hexadecimal digits.

    Raises:
        MalformedError: code ``blob-name``.
    """
    if _NAME.match(text) is None:
        raise MalformedError("blob-name", "a name has 64 lower-case hexadecimal digits")
    return bytes.fromhex(text)


def content_of(name: bytes, stored: bytes) -> bytes:
    """Return the content of a stored object that has this name.

    Raises:
        FalseError: code ``blob-altered``.
    """
    if len(stored) < SALT_BYTES or len(stored) > MAX_BLOB_BYTES or blob_name(stored) != name:
        raise FalseError("blob-altered", f"this is not what is named {name.hex()}")
    return stored[SALT_BYTES:]
