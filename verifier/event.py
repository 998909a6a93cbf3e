"""A signed event: its bytes, its names, and nothing about what it means.

Rules (normative text: ``docs/spec/event.md``; the numbers are the same):

1. An event is a ``COSE_Sign1`` (RFC 9052, tag 18) in deterministic CBOR with shortest lengths:
   ``d2 84 ‖ bstr(protected) ‖ a0 ‖ bstr(payload) ‖ 58 40 ‖ signature``, nothing after it.
2. The protected header is the map ``{1: -8, 3: "application/vnd.msgpack", 4: kid, 15: claims,
   16: typ}`` with exactly these members, keys in bytewise order (RFC 8949 §4.2.1).
3. The claims are ``{1: iss, 2: stream, 6: iat, -65537: ledger, -65538: type, -65539: seq,
   -65540: prev, -65541: [size, root]}`` in this order; ledger is absent iff the index is 0 (the
   log's rule, not this file's), prev iff seq is 0, the last is optional.
4. Text claims are ASCII of a fixed grammar and length; integers are 0 … 2^53 - 1, shortest form.
5. At most 48,000 bytes.
6. Event id = SHA-256(0x00 ‖ bytes), the RFC 9162 leaf hash. Submission id = SHA-256 of the
   ``Sig_structure``; it is the same for two signatures over one statement.

Since every byte of the frame is fixed, the parser reads it left to right and refuses at the first
byte that differs. Any other encoding is refused, never normalised: otherwise anyone could mint a
second id for the same event without a key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final, NewType

import msgspec

from verifier import encoding
from verifier.errors import MalformedError
from verifier.keys import Kid

__all__ = [
    "EVENT_TYP",
    "MAX_DECISION_BYTES",
    "MAX_EVENT_BYTES",
    "Draft",
    "Event",
    "EventId",
    "Seen",
    "StreamId",
    "SubmissionId",
    "cose_bytes",
    "cose_text",
    "cose_uint",
    "is_stream_id",
    "parse",
    "sign",
]

EventId = NewType("EventId", bytes)
SubmissionId = NewType("SubmissionId", bytes)
StreamId = NewType("StreamId", str)

EVENT_TYP: Final = "application/vnd.pledgebook.event+cose"
MAX_EVENT_BYTES: Final = 48_000  # a proof file that carries it fits the line readers of others
MAX_DECISION_BYTES: Final = 3_500  # hardware and cloud key stores sign at most 4 KB
MAX_INT: Final = encoding.MAX_INT
MAX_STREAM_BYTES: Final = 128

_ACTOR: Final = re.compile(r"actor-[a-z0-9][a-z0-9._:-]{0,57}\Z")
_STREAM: Final = re.compile(r"[a-z0-9][a-z0-9._:-]*(/[a-z0-9][a-z0-9._:-]*){1,5}\Z")
_TYPE: Final = re.compile(r"[A-Z][A-Za-z0-9]{2,47}/[1-9][0-9]{0,2}\Z")


class Seen(msgspec.Struct, frozen=True, gc=False):
    """The log's size and root that the author had seen when signing."""

    size: int
    root: bytes


class Event(msgspec.Struct, frozen=True, gc=False):
    """A well-formed signed event; nothing is said about its signature, author or meaning."""

    raw: bytes
    id: EventId
    kid: Kid
    iss: str
    stream: StreamId
    iat: int
    ledger: bytes | None
    type: str
    seq: int
    prev: EventId | None
    seen: Seen | None
    protected: bytes
    payload: bytes
    signature: bytes

    @property
    def subject(self) -> str:
        """The first segment of the stream id: the consistency boundary."""
        return self.stream.partition("/")[0]

    @property
    def kind(self) -> str:
        """The second segment of the stream id: the kind of stream."""
        return self.stream.split("/", 2)[1]

    @property
    def local(self) -> str:
        """What follows the subject in the stream id: the stream's name within its subject."""
        return self.stream.partition("/")[2]

    @property
    def name(self) -> str:
        """The event type without its schema version."""
        return self.type.partition("/")[0]

    @property
    def to_be_signed(self) -> bytes:
        """The ``Sig_structure`` of RFC 9052 §4.4, with empty external data."""
        return _sig_structure(self.protected, self.payload)

    @property
    def submission_id(self) -> SubmissionId:
        """What makes two submissions the same (rule 6)."""
        return SubmissionId(hashlib.sha256(self.to_be_signed).digest())


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """All that an author states, before it is signed; ``payload`` is encoded bytes."""

    kid: Kid
    iss: str
    stream: str
    type: str
    iat: int
    seq: int
    payload: bytes
    ledger: bytes | None = None
    prev: EventId | None = None
    seen: Seen | None = None

    def protected(self) -> bytes:
        """Return the protected header (rules 2 to 4), not yet checked."""
        claims = [
            b"\x01" + cose_text(self.iss) + b"\x02" + cose_text(self.stream),
            b"\x06" + cose_uint(self.iat),
        ]
        if self.ledger is not None:
            claims.append(_LEDGER + self.ledger)
        claims.append(_TYPE_LABEL + cose_text(self.type) + _SEQ + cose_uint(self.seq))
        if self.prev is not None:
            claims.append(_PREV + self.prev)
        if self.seen is not None:
            claims.append(_SEEN + cose_uint(self.seen.size) + b"\x58\x20" + self.seen.root)
        count = 5 + sum(x is not None for x in (self.ledger, self.prev, self.seen))
        return _HEAD + self.kid + b"\x0f" + bytes([0xA0 + count]) + b"".join(claims) + _TAIL

    def to_be_signed(self) -> bytes:
        """Return the bytes that a signer signs (RFC 9052 §4.4)."""
        return _sig_structure(self.protected(), self.payload)


def sign(draft: Draft, signer: Callable[[bytes], bytes]) -> Event:
    """Sign a draft and return the event, which has passed the same parser as any other.

    Raises:
        MalformedError: the draft breaks one of the rules above.
    """
    signature = signer(draft.to_be_signed())
    return parse(_PREFIX + cose_bytes(draft.protected()) + b"\xa0" + cose_bytes(draft.payload)
                 + b"\x58\x40" + signature)  # fmt: skip


def is_stream_id(text: str) -> bool:
    """Say whether a text follows the frozen grammar of stream ids."""
    return len(text) <= MAX_STREAM_BYTES and _STREAM.match(text) is not None


def cose_uint(number: int) -> bytes:
    """Encode an unsigned integer in shortest CBOR."""
    return _head(0x00, number)


def cose_text(text: str) -> bytes:
    """Encode a text string in shortest CBOR."""
    data = text.encode()
    return _head(0x60, len(data)) + data


def cose_bytes(data: bytes) -> bytes:
    """Encode a byte string in shortest CBOR."""
    return _head(0x40, len(data)) + data


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major + number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            return bytes([major + extra]) + number.to_bytes(size, "big")
    raise MalformedError("event-malformed", "an integer of more than 64 bits (rule 4)")


def _sig_structure(protected: bytes, payload: bytes) -> bytes:
    return b"\x84\x6aSignature1" + cose_bytes(protected) + b"\x40" + cose_bytes(payload)


_PREFIX: Final = b"\xd2\x84"
_HEAD: Final = b"\xa5\x01\x27\x03" + cose_text("application/vnd.msgpack") + b"\x04\x58\x20"
_TAIL: Final = b"\x10" + cose_text(EVENT_TYP)
_LEDGER: Final = b"\x3a\x00\x01\x00\x00\x58\x20"
_TYPE_LABEL: Final = b"\x3a\x00\x01\x00\x01"
_SEQ: Final = b"\x3a\x00\x01\x00\x02"
_PREV: Final = b"\x3a\x00\x01\x00\x03\x58\x20"
_SEEN: Final = b"\x3a\x00\x01\x00\x04\x82"
_LABEL_BYTES: Final = 5


def parse(raw: bytes) -> Event:
    """Parse an event's bytes; refuse whatever is not exactly its one encoding.

    Raises:
        MalformedError: code ``event-too-large`` or ``event-malformed``, with the rule's number.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise MalformedError("event-too-large", f"{len(raw)} bytes; {MAX_EVENT_BYTES} allowed")
    try:
        return _parse(raw)
    except IndexError:
        raise MalformedError("event-malformed", "the bytes end early (rule 1)") from None


def _parse(raw: bytes) -> Event:
    if raw[:2] != _PREFIX:
        raise _malformed("does not begin with d2 84, a tagged COSE_Sign1", 1)
    protected, at = _take(raw, 2, 0x40, "the protected header")
    if raw[at] != 0xA0:
        raise _malformed("the unprotected header is not empty", 1)
    payload, at = _take(raw, at + 1, 0x40, "the payload")
    if raw[at : at + 2] != b"\x58\x40" or len(raw) != at + 66:
        raise _malformed("does not end with a signature of 64 bytes", 1)
    if not payload:
        raise _malformed("the payload is empty", 1)
    return Event(
        raw, EventId(hashlib.sha256(b"\x00" + raw).digest()),
        *_parse_protected(protected), protected, payload, raw[at + 2 :],
    )  # fmt: skip


def _parse_protected(data: bytes) -> tuple[Any, ...]:
    kid_at = len(_HEAD)
    claims_at = kid_at + 34
    if not data.startswith(_HEAD) or data[kid_at + 32] != 0x0F:
        raise _malformed("the protected header has other members, values or order", 2)
    if not data.endswith(_TAIL):
        raise _malformed(f"typ is not {EVENT_TYP}", 2)
    body = data[claims_at : -len(_TAIL)] if len(data) >= claims_at + len(_TAIL) else b""
    return (Kid(data[kid_at : kid_at + 32]), *_parse_claims(body, data[claims_at - 1]))


def _parse_claims(data: bytes, map_head: int) -> tuple[Any, ...]:
    """Read the claims in their one order; ``data`` ends where the claims end."""
    if data[0] != 0x01:
        raise _malformed("iss is not the first claim", 3)
    iss, at = _text(data, 1, _ACTOR, "iss")
    if data[at] != 0x02:
        raise _malformed("the stream is not the second claim", 3)
    stream, at = _text(data, at + 1, _STREAM, "the stream id")
    if len(stream) > MAX_STREAM_BYTES:
        raise _malformed("the stream id is longer than 128 bytes", 4)
    if data[at] != 0x06:
        raise _malformed("iat is not the third claim", 3)
    iat, at = _uint(data, at + 1)
    ledger, at = _optional(data, at, _LEDGER)
    if data[at : at + _LABEL_BYTES] != _TYPE_LABEL:
        raise _malformed("the event type is missing or out of order", 3)
    type_, at = _text(data, at + _LABEL_BYTES, _TYPE, "the event type")
    if data[at : at + _LABEL_BYTES] != _SEQ:
        raise _malformed("seq is missing or out of order", 3)
    seq, at = _uint(data, at + _LABEL_BYTES)
    prev, at = _optional(data, at, _PREV)
    seen, at = _parse_seen(data, at)
    if at != len(data):
        raise _malformed("there are unknown claims, or claims out of order", 3)
    if map_head != 0xA5 + (ledger is not None) + (prev is not None) + (seen is not None):
        raise _malformed("the number of claims is not the one stated", 3)
    if (prev is None) != (seq == 0):
        raise _malformed("prev is absent if and only if seq is 0", 3)
    return (iss, stream, iat, ledger, type_, seq, prev, seen)


def _parse_seen(data: bytes, at: int) -> tuple[Seen | None, int]:
    if data[at : at + 6] != _SEEN:
        return None, at
    size, at = _uint(data, at + 6)
    if data[at : at + 2] != b"\x58\x20" or len(data) < at + 34:
        raise _malformed("the root seen is not a byte string of 32", 3)
    return Seen(size, data[at + 2 : at + 34]), at + 34


def _optional(data: bytes, at: int, label: bytes) -> tuple[bytes | None, int]:
    """Read an optional claim of 32 bytes."""
    start = at + len(label)
    if data[at:start] != label:
        return None, at
    if len(data) < start + 32:
        raise _malformed("a hash is cut short", 3)
    return data[start : start + 32], start + 32


def _text(data: bytes, at: int, grammar: re.Pattern[str], what: str) -> tuple[str, int]:
    value, end = _take(data, at, 0x60, what)
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        raise _malformed(f"{what} is not ASCII", 4) from None
    if not grammar.match(text):
        raise _malformed(f"{what} does not follow its grammar", 4)
    return text, end


def _take(data: bytes, at: int, major: int, what: str) -> tuple[bytes, int]:
    """Read a string of the given major type with shortest length."""
    head = data[at]
    if not major <= head < major + 28:
        raise _malformed(f"{what} is not a definite string of the right type", 1)
    length, start = _argument(data, at, head - major)
    if len(data) < start + length:
        raise _malformed(f"{what} is cut short", 1)
    return data[start : start + length], start + length


def _uint(data: bytes, at: int) -> tuple[int, int]:
    head = data[at]
    if head >= 28:
        raise _malformed("an integer is negative, indefinite or of another type", 4)
    number, end = _argument(data, at, head)
    if number > MAX_INT:
        raise _malformed("an integer beyond 2^53 - 1", 4)
    return number, end


def _argument(data: bytes, at: int, short: int) -> tuple[int, int]:
    """Read the argument of a CBOR head (RFC 8949 §3); refuse any but the shortest form."""
    if short < 24:
        return short, at + 1
    size = 1 << (short - 24)
    number = int.from_bytes(data[at + 1 : at + 1 + size], "big")
    if len(data) < at + 1 + size:
        raise IndexError
    if number < 24 or (size > 1 and number < 1 << (4 * size)):
        raise _malformed("a length or number is not in its shortest form", 1)
    return number, at + 1 + size


def _malformed(reason: str, rule: int) -> MalformedError:
    return MalformedError("event-malformed", f"{reason} (rule {rule})")
