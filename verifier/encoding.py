"""The canonical MessagePack profile: one value, one encoding, and nothing else is accepted.

Rules (normative text: ``docs/spec/encoding.md``; the numbers are the same):

1. The top level is a map with at least one entry; nothing follows it.
2. Types: map, array, str, bin, bool, int. No nil, float, extension or timestamp.
3. Every header has its shortest form; non-negative integers are unsigned.
4. Integers lie within ±(2^53 - 1), so that every language reads the same number.
5. Map keys match ``^[a-z][a-z0-9_]{0,63}$`` and ascend strictly by bytes.
6. No empty map or array: a thing that is absent is left out.
7. Strings are valid UTF-8 without control characters (but tab and line feed), bidirectional
   overrides and isolates, line or paragraph separators, or a byte order mark.
8. Depth at most 16, at most 4,096 items in all, at most 48,000 bytes.

How it is decided: ``msgspec`` decodes, the walk below checks rules 2 and 4 to 8, and the value is
encoded again in the one canonical way. Bytes that differ from that encoding break rule 1, 3 or 5.
The received bytes are what was signed; the re-encoding is compared and thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from verifier.errors import MalformedError

__all__ = [
    "MAX_DEPTH",
    "MAX_INT",
    "MAX_ITEMS",
    "MAX_PAYLOAD_BYTES",
    "decode",
    "encode",
]

MAX_PAYLOAD_BYTES: Final = 48_000  # a proof file that carries the event stays readable elsewhere
MAX_DEPTH: Final = 16  # deeper than any form; shallow enough for every recursive reader
MAX_ITEMS: Final = 4_096  # bounds memory: one byte of input can cost an object of 64
MAX_INT: Final = 2**53 - 1  # the integers that JavaScript holds exactly
MAX_CACHED_KEYS: Final = 4_096  # keys seen to be well formed; the cache is for speed alone

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
)
_decoder: Final = msgspec.msgpack.Decoder()
_encoder: Final = msgspec.msgpack.Encoder(order="deterministic")
_known_keys: Final[set[str]] = set()


def encode(value: Mapping[str, Any]) -> bytes:
    """Encode a map in its one canonical form.

    Raises:
        MalformedError: the value is outside the profile.
    """
    data = _encode(value)
    decode(data)
    return data


def decode(data: bytes) -> dict[str, Any]:
    """Decode bytes that follow the profile; refuse all others.

    Raises:
        MalformedError: with one of the codes ``payload-too-large``, ``payload-malformed``,
            ``payload-value``, ``payload-not-canonical``.
    """
    if len(data) > MAX_PAYLOAD_BYTES:
        raise MalformedError("payload-too-large", f"{len(data)} bytes; {MAX_PAYLOAD_BYTES} allowed")
    try:
        value = _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError, OverflowError) as error:
        raise MalformedError("payload-malformed", f"not MessagePack: {error}") from None
    if type(value) is not dict:
        raise MalformedError("payload-value", "the top level is not a map (rule 1)")
    _check(value)
    canonical = _encode(value)
    if canonical != data:
        raise MalformedError("payload-not-canonical", _difference(data, canonical))
    return value


def _encode(value: Mapping[str, Any]) -> bytes:
    try:
        return _encoder.encode(value)
    except (msgspec.MsgspecError, RecursionError, TypeError, ValueError, OverflowError) as error:
        raise MalformedError("payload-value", f"cannot be encoded: {error}") from None


def _difference(data: bytes, canonical: bytes) -> str:
    pairs = zip(data, canonical, strict=False)
    place = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(data), len(canonical)))
    return f"differs from the canonical encoding at byte {place} (rules 1, 3, 5)"


def _check(top: dict[str, Any]) -> None:
    """Check rules 2 and 4 to 8 on a decoded value."""
    items = 0
    waiting: list[tuple[Any, int]] = [(top, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise MalformedError("payload-value", f"deeper than {MAX_DEPTH} levels (rule 8)")
        if not node:
            raise MalformedError("payload-value", "an empty map or array (rule 6)")
        items += len(node)
        if items > MAX_ITEMS:
            raise MalformedError("payload-value", f"more than {MAX_ITEMS} items (rule 8)")
        if type(node) is dict:
            if not _known_keys.issuperset(node):
                _check_keys(node)
            node = node.values()
        for value in node:
            kind = type(value)
            if kind is str:
                if not (value.isascii() and value.isprintable()):
                    _check_text(value)
            elif kind is int:
                if not -MAX_INT <= value <= MAX_INT:
                    raise MalformedError("payload-value", "an integer beyond 2^53 - 1 (rule 4)")
            elif kind is dict or kind is list:
                waiting.append((value, depth + 1))
            elif kind is not bytes and kind is not bool:
                raise MalformedError("payload-value", f"a {kind.__name__} (rule 2)")


def _check_keys(keys: Mapping[Any, Any]) -> None:
    for key in keys:
        if type(key) is not str or not _KEY.match(key):
            raise MalformedError("payload-value", f"a map key {key!r:.80} (rule 5)")
    if len(_known_keys) < MAX_CACHED_KEYS:
        _known_keys.update(keys)


def _check_text(text: str) -> None:
    found = _FORBIDDEN.search(text)
    if found:
        raise MalformedError("payload-value", f"character U+{ord(found[0]):04X} (rule 7)")
