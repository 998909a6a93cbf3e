"""A ZIP archive of one form alone, read and written in memory.

Rules (normative text: ``docs/spec/bundle.md``):

1. Members are stored, not compressed, ascending by name, each with the same date and mode, without
   extra fields or comments; nothing comes before, between or after them. For given members there is
   one archive, byte for byte, and every unzip reads it.
2. Reading takes the members by their local headers, writes the archive of these members, and
   compares: whatever differs (a second name, another date, trailing bytes, a directory that says
   something else) is refused. Nothing is inflated and nothing is written to a disk.
3. A name is segments of ``A-Z a-z 0-9 . -`` that begin with a letter or digit, joined by slashes.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from typing import Final

from verifier.errors import MalformedError

__all__ = ["MAX_ARCHIVE_BYTES", "pack", "unpack"]

MAX_ARCHIVE_BYTES: Final = 256 * 1024 * 1024  # read whole into memory
MAX_MEMBERS: Final = 50_000  # below what the format counts without its extension
MAX_NAME: Final = 200

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(/[A-Za-z0-9][A-Za-z0-9.-]*)*\Z")
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_VERSION: Final = 20
_UNIX: Final = 3 << 8
_DAY: Final = 0x21  # 1 January 1980, the first that the format knows
_MODE: Final = 0o100644 << 16


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return the archive of these members (rule 1).

    Raises:
        MalformedError: code ``archive-malformed``; a name that may not be, or too much.
    """
    if len(members) > MAX_MEMBERS or sum(map(len, members.values())) > MAX_ARCHIVE_BYTES:
        raise MalformedError("archive-malformed", "more than an archive may hold")
    body, directory = bytearray(), bytearray()
    for name in sorted(members):
        if len(name) > MAX_NAME or not _NAME.match(name):
            raise MalformedError("archive-malformed", f"a member may not be named {name!r:.80}")
        data, raw = members[name], name.encode("ascii")
        facts = (0, 0, 0, _DAY, zlib.crc32(data), len(data), len(data), len(raw), 0)
        directory += _CENTRAL.pack(b"PK\1\2", _UNIX | _VERSION, _VERSION, *facts, 0, 0, 0, _MODE,
                                   len(body)) + raw  # fmt: skip
        body += _LOCAL.pack(b"PK\3\4", _VERSION, *facts) + raw + data
    count = len(members)
    end = _END.pack(b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + end)


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the members of an archive (rule 2).

    Raises:
        MalformedError: code ``archive-malformed``; any other bytes than ``pack`` writes.
    """
    if len(data) > MAX_ARCHIVE_BYTES:
        raise MalformedError("archive-malformed", f"more than {MAX_ARCHIVE_BYTES} bytes")
    members: dict[str, bytes] = {}
    at = 0
    while data[at : at + 4] == b"PK\3\4" and at + _LOCAL.size <= len(data):
        *_, size, name_size, extra = _LOCAL.unpack_from(data, at)
        start = at + _LOCAL.size
        at = start + name_size + extra + size
        if at > len(data) or len(members) >= MAX_MEMBERS:
            break
        name = data[start : start + name_size].decode("ascii", "replace")
        members[name] = data[at - size : at]
    try:
        canonical = pack(members)
    except (MalformedError, UnicodeEncodeError) as error:
        raise MalformedError("archive-malformed", f"not an archive of ours: {error}") from None
    if canonical != data:
        raise MalformedError("archive-malformed", "not the one form that an archive has here")
    return members
