"""An entry as views read it: its place, its author and its payload, each read when first wanted.

Rules:

1. ``recorded`` reads only the frame of an event: author, stream, time, type and place. It is one
   pass of one regular expression and takes about a quarter of ``verifier.event.parse``. What it
   does not match goes to that parser, so bytes that are no event are refused with its words.
2. Nothing is judged: a view shows what is on record, also what an audit would condemn. That these
   bytes are the ones under a signed checkpoint is the feed's business (``projections.feed``).
3. The payload is decoded at most once, however many views ask. A type that is known here comes as
   its own struct; any other as a plain map, never as an error.
4. A payload that its own type does not allow is an error of that entry: ``payload-malformed`` or
   ``event-fields``. A view that needs it stops there; one that does not never notices.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from verifier.encoding import MAX_PAYLOAD_BYTES
from verifier.errors import MalformedError
from verifier.event import EVENT_TYP, parse
from verifier.rules.book import Body
from verifier.rules.table import DECODERS, EVENTS

__all__ = ["Recorded", "decode", "flatten", "plain", "recorded"]

_TEXT: Final = rb"(?:[\x60-\x77]|\x78[\x18-\x80])"
_UINT: Final = rb"([\x00-\x17]|\x18.|\x19..|\x1a.{4}|\x1b.{8})"
_LABEL: Final = rb"\x3a\x00\x01\x00"
_FRAME: Final = re.compile(
    rb"\xd2\x84(?:\x58.|\x59..)"
    rb"\xa5\x01\x27\x03\x77application/vnd\.msgpack\x04\x58\x20.{32}\x0f[\xa5-\xa8]"
     rb"\x01" + _TEXT + rb"(actor-[a-z0-9._:-]+)\x02" + _TEXT + rb"([a-z0-9._:/-]+)\x06" + _UINT
    + rb"(?:" + _LABEL + rb"\x00\x58\x20.{32})?"
    + _LABEL + rb"\x01" + _TEXT + rb"([A-Za-z0-9/]+)" + _LABEL + rb"\x02" + _UINT
    + rb"(?:" + _LABEL + rb"\x03\x58\x20.{32})?"
    + rb"(?:" + _LABEL + rb"\x04\x82(?:[\x00-\x17]|\x18.|\x19..|\x1a.{4}|\x1b.{8})\x58\x20.{32})?"
    + rb"\x10\x78." + re.escape(EVENT_TYP.encode())
    + rb"\xa0(?:[\x41-\x57]|\x58.|\x59..)",
    re.DOTALL,
)  # fmt: skip
_SIGNATURE_BYTES: Final = 66
_plain: Final = msgspec.msgpack.Decoder()


class Recorded(msgspec.Struct, gc=False, weakref=False):
    """An entry of the log, with its log time; ``body`` is decoded when asked for."""

    index: int
    at: int
    """Log time at this index, in seconds."""
    id: bytes
    iss: str
    stream: str
    iat: int
    type: str
    seq: int
    payload: bytes
    _body: Body | dict[str, Any] | None = None

    @property
    def subject(self) -> str:
        """The first segment of the stream id."""
        return self.stream.partition("/")[0]

    @property
    def local(self) -> str:
        """What follows the subject in the stream id."""
        return self.stream.partition("/")[2]

    @property
    def name(self) -> str:
        """The event type without its schema version."""
        return self.type.partition("/")[0]

    @property
    def body(self) -> Body | dict[str, Any]:
        """The payload: a struct where the type is known here, else a map (rule 3).

        Raises:
            MalformedError: rule 4.
        """
        if self._body is None:
            self._body = decode(self.type, self.payload)
        return self._body


def decode(type_: str, payload: bytes) -> Body | dict[str, Any]:
    """Decode a payload as its type says, or as a plain map where the type is not known.

    Raises:
        MalformedError: code ``payload-malformed`` or ``event-fields`` (rule 4).
    """
    decoder = DECODERS[type_] if type_ in EVENTS else None
    try:
        if decoder is not None:
            return decoder.decode(payload)
        if len(payload) <= MAX_PAYLOAD_BYTES:
            fields = _plain.decode(payload)
            if isinstance(fields, dict):
                return fields
    except msgspec.ValidationError as error:
        raise MalformedError("event-fields", f"{type_}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError("payload-malformed", f"{type_}: {error}") from None
    raise MalformedError("payload-malformed", f"{type_}: not a map")


def recorded(
    first: int, raws: Iterable[bytes], ids: Iterable[bytes], *, time: int
) -> Iterator[Recorded]:
    """Yield entries from index *first* on; *ids* are their leaf hashes, *time* the log time before.

    Raises:
        MalformedError: an entry is not an event (rule 1); those before it have been yielded.
    """
    frame, number, heads, known = _FRAME.match, int.from_bytes, _HEADS, _names
    for index, (raw, id_) in enumerate(zip(raws, ids, strict=True), start=first):
        match = frame(raw)
        if match is None:
            event = parse(raw)
            time = max(time, event.iat)
            yield Recorded(
                index, time, id_, event.iss, event.stream, event.iat, event.type, event.seq,
                event.payload,
            )  # fmt: skip
            continue
        iss, stream, iat, type_, seq = match.groups()
        signed_at = number(iat, "big") - heads[len(iat)]
        if signed_at > time:  # noqa: PLR1730 - a call costs more than all else in this line
            time = signed_at
        yield Recorded(
            index, time, id_, known.get(iss) or _name(iss), stream.decode(), signed_at,
            known.get(type_) or _name(type_),
            seq[0] if len(seq) == 1 else number(seq, "big") - heads[len(seq)],
            raw[match.end() : -_SIGNATURE_BYTES],
        )  # fmt: skip


_HEADS: Final = {1: 0, 2: 0x18 << 8, 3: 0x19 << 16, 5: 0x1A << 32, 9: 0x1B << 64}
"""What the first byte of a CBOR integer adds to its bytes read as one number, by their count."""
MAX_NAMES: Final = 4_096  # actors and types met lately, as text: a look-up instead of a decoding
_names: Final[dict[bytes, str]] = {}


def _name(data: bytes) -> str:
    if len(_names) >= MAX_NAMES:
        _names.clear()
    return _names.setdefault(data, data.decode())


def plain(payload: bytes) -> dict[str, Any]:
    """Decode a payload as the map that was signed, in its own order, whatever its type says.

    Raises:
        MalformedError: code ``payload-malformed``.
    """
    try:
        fields = _plain.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError("payload-malformed", str(error)) from None
    if not isinstance(fields, dict):
        raise MalformedError("payload-malformed", "not a map")
    return fields


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, str | int | bytes]]:
    """Yield (path, value) for every leaf of a payload's map, in order, to show any type alike."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from flatten(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, member in enumerate(value):
            yield from flatten(member, f"{path}[{number}]")
    else:
        yield path, value
