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

Since the frame is fixed, one expression says every byte that may stand in a protected header. Any
other encoding is refused, never normalised: otherwise anyone could mint a second id for the same
event without a key.
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
    "cose_array",
    "cose_bytes",
    "cose_map",
    "cose_text",
    "cose_uint",
    "is_stream_id",
    "parse",
    "sig_structure",
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

_STREAM: Final = re.compile(r"[a-z0-9][a-z0-9._:-]*(/[a-z0-9][a-z0-9._:-]*){1,5}\Z")


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
    subject: str
    """The first segment of the stream id: the consistency boundary."""
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
        raw, length = self.raw, len(self.protected)  # both byte strings stand in it as they do here
        at = 2 + length + (3 if length > 255 else 2)
        return _SIGNATURE1 + raw[2:at] + b"\x40" + raw[at + 1 : -66]

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
        return sig_structure(self.protected(), self.payload)


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


def cose_map(length: int) -> bytes:
    """Encode the head of a map in shortest CBOR; its members follow."""
    return _head(0xA0, length)


def cose_array(length: int) -> bytes:
    """Encode the head of an array in shortest CBOR; its members follow."""
    return _head(0x80, length)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major + number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            return bytes([major + extra]) + number.to_bytes(size, "big")
    raise MalformedError("event-malformed", "an integer of more than 64 bits (rule 4)")


def sig_structure(protected: bytes, payload: bytes) -> bytes:
    """Return the bytes that a COSE_Sign1 signs: RFC 9052 §4.4, with empty external data."""
    return _SIGNATURE1 + cose_bytes(protected) + b"\x40" + cose_bytes(payload)


_PREFIX: Final = b"\xd2\x84"
_SIGNATURE1: Final = b"\x84\x6aSignature1"
_HEAD: Final = b"\xa5\x01\x27\x03" + cose_text("application/vnd.msgpack") + b"\x04\x58\x20"
_TAIL: Final = b"\x10" + cose_text(EVENT_TYP)
_LEDGER: Final = b"\x3a\x00\x01\x00\x00\x58\x20"
_TYPE_LABEL: Final = b"\x3a\x00\x01\x00\x01"
_SEQ: Final = b"\x3a\x00\x01\x00\x02"
_PREV: Final = b"\x3a\x00\x01\x00\x03\x58\x20"
_SEEN: Final = b"\x3a\x00\x01\x00\x04\x82"


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


_UINT: Final = (
    rb"[\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff].|\x1a(?!\x00\x00).{4}"
    rb"|\x1b(?!\x00{4})\x00[\x00-\x1f].{6}"
)
_LENGTH: Final = rb"[\x60-\x77]|\x78[\x18-\xff]"
_PARTS: Final = (
    ("the members before the claims", "rule 2",
     rb"\xa5\x01\x27\x03\x77application/vnd\.msgpack\x04\x58\x20(.{32})\x0f"),
    ("the map of claims", "rule 3", rb"([\xa5-\xa8])\x01"),
    ("iss", "rules 3, 4", rb"(" + _LENGTH + rb")(actor-[a-z0-9][a-z0-9._:-]{0,57})\x02"),
    ("the stream id", "rules 3, 4",
     rb"(" + _LENGTH + rb")([a-z0-9][a-z0-9._:-]*(?:/[a-z0-9][a-z0-9._:-]*){1,5})\x06"),
    ("iat", "rules 3, 4", rb"(" + _UINT + rb")(?=\x3a)"),
    ("the ledger id", "rule 3",
     rb"(?:\x3a\x00\x01\x00\x00\x58\x20(.{32}))?\x3a\x00\x01\x00\x01"),
    ("the event type", "rules 3, 4",
     rb"(" + _LENGTH + rb")([A-Z][A-Za-z0-9]{2,47}/[1-9][0-9]{0,2})\x3a\x00\x01\x00\x02"),
    ("seq", "rules 3, 4", rb"(" + _UINT + rb")(?=[\x3a\x10])"),
    ("prev", "rule 3", rb"(?:\x3a\x00\x01\x00\x03\x58\x20(.{32}))?(?=\x3a\x00\x01\x00\x04|\x10)"),
    ("seen", "rules 3, 4",
     rb"(?:\x3a\x00\x01\x00\x04\x82(" + _UINT + rb")\x58\x20(.{32}))?(?=\x10)"),
    ("typ", "rule 2", rb"\x10\x78\x25application/vnd\.pledgebook\.event\+cose\Z"),
)  # fmt: skip
_PROTECTED: Final = re.compile(b"".join(part for _, _, part in _PARTS), re.DOTALL)
"""Rules 2 to 4 in one expression: every byte that may stand in a protected header.

Each part is told from the next by its first byte, so there is one way to match. The length before
each text is compared with the text afterwards.
"""


def _parse(raw: bytes) -> Event:
    if raw[:2] != _PREFIX:
        raise _malformed("does not begin with d2 84, a tagged COSE_Sign1", 1)
    protected, at = _take(raw, 2, "the protected header")
    if raw[at] != 0xA0:
        raise _malformed("the unprotected header is not empty", 1)
    payload, at = _take(raw, at + 1, "the payload")
    if raw[at : at + 2] != b"\x58\x40" or len(raw) != at + 66:
        raise _malformed("does not end with a signature of 64 bytes", 1)
    if not payload:
        raise _malformed("the payload is empty", 1)
    found = _PROTECTED.match(protected)
    if found is None:
        raise MalformedError("event-malformed", _fault(protected))
    return _event(raw, found.groups(), protected, payload, raw[at + 2 :])


def _fault(protected: bytes) -> str:
    """Name the first part of a protected header that is not in its one form and place."""
    pattern = b""
    for what, rules, part in _PARTS:
        pattern += part
        if re.match(pattern, protected, re.DOTALL) is None:
            return f"{what}: not in its one form and place ({rules})"
    raise AssertionError("the parts together are the whole expression")


def _event(
    raw: bytes, parts: tuple[Any, ...], protected: bytes, payload: bytes, signature: bytes
) -> Event:
    """Build the event from the parts of its protected header, once their counts agree."""
    (kid, count, iss_head, iss, stream_head, stream, iat, ledger,
     type_head, type_, seq, prev, size, root) = parts  # fmt: skip
    if (iss_head, stream_head, type_head) != (
        _TEXT_HEADS[len(iss)], _TEXT_HEADS[min(len(stream), 255)], _TEXT_HEADS[len(type_)]
    ):  # fmt: skip
        raise _malformed("the length stated before a text is not its length", 1)
    if len(stream) > MAX_STREAM_BYTES:
        raise _malformed("the stream id is longer than 128 bytes", 4)
    if count[0] != 0xA5 + (ledger is not None) + (prev is not None) + (root is not None):
        raise _malformed("the number of claims is not the one stated", 3)
    if (prev is None) != (seq == b"\x00"):
        raise _malformed("prev is absent if and only if seq is 0", 3)
    stream_id = stream.decode()
    return Event(
        raw, EventId(hashlib.sha256(b"\x00" + raw).digest()), kid, iss.decode(), stream_id,
        stream_id.partition("/")[0], _number(iat), ledger, type_.decode(), _number(seq), prev,
        None if root is None else Seen(_number(size), root), protected, payload, signature,
    )  # fmt: skip


_TEXT_HEADS: Final = tuple(_head(0x60, length) for length in range(256))


def _number(encoded: bytes) -> int:
    return encoded[0] if len(encoded) == 1 else int.from_bytes(encoded[1:], "big")


def _take(data: bytes, at: int, what: str) -> tuple[bytes, int]:
    """Read a byte string with its length in the shortest form (RFC 8949 §3)."""
    head = data[at]
    if head == 0x59:
        length, start, least = data[at + 1] << 8 | data[at + 2], at + 3, 256
    elif head == 0x58:
        length, start, least = data[at + 1], at + 2, 24
    elif 0x40 <= head < 0x58:
        length, start, least = head - 0x40, at + 1, 0
    else:
        raise _malformed(f"{what} is not a byte string of at most 65,535 bytes", 1)
    stop = start + length
    if length < least:
        raise _malformed(f"the length of {what} is not in its shortest form", 1)
    if len(data) < stop:
        raise _malformed(f"{what} is cut short", 1)
    return data[start:stop], stop


def _malformed(reason: str, rule: int) -> MalformedError:
    return MalformedError("event-malformed", f"{reason} (rule {rule})")
