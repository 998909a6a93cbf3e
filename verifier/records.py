"""The records of the register: one for each stream, in one order, and what a run of them shows.

Rules (record format §7; normative text: ``docs/spec/register.md``):

1. A record is an array in the canonical MessagePack profile: stream id, head id, seq of the head;
   then, where the stream's subject publishes anything, a map of its public fields.
2. The register at a size has one record for each stream that has an event before it, ascending by
   the bytes of their ids. The records of a subject are thus one run.
3. A leaf is the RFC 6962 leaf hash of the record's bytes; root and leaf count are published.
4. A *name* is a subject (no slash in it) or a stream. Its records are the run that it covers:
   every stream of the subject, or the one stream. A run with both its neighbours, or with an end of
   the register in a neighbour's place, shows that there are no others; two neighbours side by side
   show that there is none at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import msgspec

from verifier import encoding
from verifier.errors import FalseError, MalformedError
from verifier.tree import HASH_BYTES, leaf_hash

__all__ = [
    "MAX_NAME",
    "Record",
    "Run",
    "bounds",
    "covers",
    "leaves_of",
    "read_record",
    "records_of",
    "require_name",
    "require_whole",
    "write_record",
]

MAX_NAME: Final = 128  # bytes of a stream id
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._:-]*(/[a-z0-9][a-z0-9._:-]*){0,5}\Z")
_STREAM: Final = re.compile(r"[a-z0-9][a-z0-9._:-]*(/[a-z0-9][a-z0-9._:-]*){1,5}\Z")
_WRAPPED: Final = b"\x81\xa1r"  # the map {"r": record}, by which the profile checks an array
_encoder: Final = msgspec.msgpack.Encoder(order="deterministic")


class Record(NamedTuple):
    """The head of a stream, and what its subject publishes."""

    stream: str
    head: bytes
    seq: int
    public: Mapping[str, Any]


class Run(NamedTuple):
    """The records of a name with their neighbours, and where the first of all of them stands."""

    name: str
    first: int
    before: Record | None
    records: tuple[Record, ...]
    after: Record | None


def write_record(record: Record) -> bytes:
    """Return the bytes of a record (rule 1).

    Raises:
        MalformedError: its fields are outside the profile.
    """
    public = [dict(record.public)] if record.public else []
    value = {"r": [record.stream, record.head, record.seq, *public]}
    return encoding.encode(value)[len(_WRAPPED) :]


def read_record(data: bytes) -> Record:
    """Read the bytes of a record; no other bytes are the same record.

    Raises:
        MalformedError: code ``register-malformed``.
    """
    try:
        fields = encoding.decode(_WRAPPED + data)["r"]
    except MalformedError as error:
        raise MalformedError("register-malformed", f"a record: {error.reason}") from None
    if (
        type(fields) is not list or len(fields) not in (3, 4)
        or type(fields[0]) is not str or len(fields[0]) > MAX_NAME or not _STREAM.match(fields[0])
        or type(fields[1]) is not bytes or len(fields[1]) != HASH_BYTES
        or type(fields[2]) is not int or fields[2] < 0
        or (len(fields) == 4 and type(fields[3]) is not dict)
    ):  # fmt: skip
        raise MalformedError("register-malformed", "a record does not have the fields of one")
    stream, head, seq, *public = fields
    return Record(stream, head, seq, public[0] if public else {})


def records_of(
    heads: Iterable[tuple[str, int, bytes]], public: Mapping[str, Any]
) -> list[tuple[str, bytes]]:
    """Return (stream, bytes of its record) of a subject's (stream, seq, head id), in order.

    The same bytes as ``write_record`` makes; what is published is encoded once.
    """
    encode = _encoder.encode
    tail, count = (encode(public), b"\x94") if public else (b"", b"\x93")
    return [
        (stream, b"".join((count, encode(stream), encode(head), encode(seq), tail)))
        for stream, seq, head in sorted(heads)
    ]


def leaves_of(heads: Iterable[tuple[str, int, bytes]], public: Mapping[str, Any]) -> list[bytes]:
    """Return the leaf hashes of a subject's records, in order (rule 3)."""
    return [leaf_hash(data) for _, data in records_of(heads, public)]


def require_name(name: str) -> str:
    """Require that a text can be the name of a subject or a stream, and return it.

    Raises:
        MalformedError: code ``register-malformed``.
    """
    if len(name) > MAX_NAME or not _NAME.match(name):
        raise MalformedError("register-malformed", "neither a subject nor a stream is named so")
    return name


def bounds(name: str) -> tuple[str, str]:
    """Return (low, high): the streams of a name are those with low ≤ stream < high (rule 4)."""
    return (name, name + "\0") if "/" in name else (name + "/", name + "0")


def covers(name: str, stream: str) -> bool:
    """Say whether a stream is one of a name's (rule 4)."""
    low, high = bounds(name)
    return low <= stream < high


def require_whole(name: str, first: int, records: Sequence[Record], leaves: int) -> Run:
    """Require that side by side records are all that a name has, with its neighbours (rule 4).

    *first* is the index of the first of them among the register's *leaves*. That they stand there
    is shown by ``ranges``.

    Raises:
        MalformedError: code ``register-malformed``; out of order, or more than that.
        FalseError: code ``register-incomplete``; a neighbour is missing.
    """
    streams = [record.stream for record in records]
    if any(a >= b for a, b in pairwise(streams)):
        raise MalformedError("register-malformed", "the records do not ascend by their streams")
    low, high = bounds(require_name(name))
    below = sum(stream < low for stream in streams)
    above = sum(stream >= high for stream in streams)
    if below > 1 or above > 1:
        raise MalformedError("register-malformed", "more than one neighbour on a side")
    if (not below and first != 0) or (not above and first + len(records) != leaves):
        raise FalseError("register-incomplete", f"a neighbour of {name} is missing")
    return Run(
        name, first, records[0] if below else None,
        tuple(records[below : len(records) - above]), records[-1] if above else None,
    )  # fmt: skip
