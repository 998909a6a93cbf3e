"""Writes the vectors of the record format: bytes, and what every verifier must say about them.

1. Keys come from names (``tests/harness/edwards``), so every run makes the same bytes.
2. ``tools/make_vectors.py`` compares with the committed files and exits with 1 where they differ;
   ``--write`` writes files that do not exist yet and refuses to change one that does.
3. A name is a promise; a code is the one of ``docs/reference/errors.md``; a rule is a paragraph
   of ``docs/spec/``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.harness import edwards, register_vectors, registry, sealed_vectors  # noqa: E402
from tools.receipt_vectors import receipt_invalid, receipt_valid  # noqa: E402
from tools.refusal_vectors import refusal_invalid, refusal_valid  # noqa: E402
from verifier import encoding, event, keys  # noqa: E402

FOLDER: Final = ROOT / "tests" / "vectors"

Vector = dict[str, Any]
MAX_INT: Final = 2**53 - 1
SHOWN_BYTES: Final = 1_100  # larger values are not repeated as JSON


# Encoding.


def encoding_valid() -> Iterator[Vector]:
    """Yield payloads of the profile, at every edge of every header."""
    values: dict[str, dict[str, Any]] = {
        "a commitment in two languages": {
            "due": "2030-12-31", "text": [{"lang": "en", "text": "Plant 500 trees"},
                                          {"lang": "fr", "text": "Planter 500 arbres"}],
        },
        "false": {"a": False}, "true": {"a": True},
        "an empty string": {"a": ""}, "an empty byte string": {"a": b""},
        "tab and line feed": {"a": "one\ttwo\nthree"},
        "left-to-right, right-to-left and Arabic letter marks": {"a": "\u200e\u200f\u061c"},
        "a character beyond the basic plane": {"a": "\U0001f333"},
        "text that is not in normal form C": {"a": "e\u0301"},
        "a key of one letter and a key of 64": {"a": 1, "z" * 64: 2},
        "keys in byte order, digits before underscore before letters": {
            "a0": 1, "a_": 2, "aa": 3, "b": 4,
        },
        "16 levels": nested(16),
        "4,096 items": {"a": list(range(4_095))},
        "48,000 bytes": {"a": bytes(48_000 - 6)},
    }  # fmt: skip
    for number in (0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, MAX_INT):
        values[f"the integer {number}"] = {"a": number}
    for number in (1, 32, 33, 128, 129, 32_768, 32_769, 2**31, 2**31 + 1, MAX_INT):
        values[f"the integer -{number}"] = {"a": -number}
    for size in (31, 32, 255, 256, 4_000):
        values[f"a string of {size} bytes"] = {"a": "x" * size}
    for size in (255, 256, 4_000):
        values[f"a byte string of {size} bytes"] = {"a": bytes(size)}
    for size in (15, 16, 1_000):
        values[f"an array of {size}"] = {"a": [True] * size}
    for size in (15, 16, 1_000):
        values[f"a map of {size}"] = {f"k{i:04d}": 0 for i in range(size)}
    for name, value in values.items():
        data = encoding.encode(value)
        shown = as_json(value) if len(data) <= SHOWN_BYTES else None
        yield {"name": name, "hex": data.hex(), "value": shown}


def nested(depth: int) -> dict[str, Any]:
    """Return a map with arrays inside one another, ``depth`` levels in all."""
    value: Any = True
    for _ in range(depth - 1):
        value = [value]
    return {"a": value}


def as_json(value: Any) -> Any:
    """Return a value as JSON shows it: bytes as ``{"bytes": hex}``."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def encoding_invalid() -> Iterator[Vector]:
    """Yield bytes that a lenient MessagePack reader may accept and this profile refuses."""
    malformed, value, canonical = "payload-malformed", "payload-value", "payload-not-canonical"
    rows: list[tuple[str, str, str, int]] = [
        ("nothing at all", "", malformed, 1),
        ("the top level is an array", "9101", value, 1),
        ("the top level is an integer", "01", value, 1),
        ("a byte follows the map", "81a1610100", malformed, 1),
        ("a second map follows the map", "81a1610181a16101", malformed, 1),
        ("the map ends early", "82a16101", malformed, 1),
        ("a string ends early", "81a161a578", malformed, 1),
        ("an array claims 2^32 - 1 members", "81a161ddffffffff", malformed, 1),
        ("nil", "81a161c0", value, 2),
        ("the byte that MessagePack never uses", "81a161c1", malformed, 2),
        ("a float of 32 bits", "81a161ca3f800000", value, 2),
        ("a float of 64 bits", "81a161cb3ff0000000000000", value, 2),
        ("a timestamp of 32 bits", "81a161d6ff00000000", value, 2),
        ("a timestamp of 64 bits", "81a161d7ff0000000000000000", value, 2),
        ("a timestamp of 96 bits", "81a161c70cff000000000000000000000000", value, 2),
        ("an extension", "81a161c7010501", value, 2),
        ("a fixed extension", "81a161d40501", value, 2),
        ("the map header in 16 bits", "de0001a16101", canonical, 3),
        ("the map header in 32 bits", "df00000001a16101", canonical, 3),
        ("an array header in 16 bits", "81a161dc000101", canonical, 3),
        ("an array header in 32 bits", "81a161dd0000000101", canonical, 3),
        ("a key with a longer header", "81d9016101", canonical, 3),
        ("a string header in 8 bits for 1 byte", "81a161d90178", canonical, 3),
        ("a string header in 16 bits for 1 byte", "81a161da000178", canonical, 3),
        ("a string header in 32 bits for 1 byte", "81a161db0000000178", canonical, 3),
        ("a byte string header in 16 bits for 1 byte", "81a161c5000178", canonical, 3),
        ("a byte string header in 32 bits for 1 byte", "81a161c60000000178", canonical, 3),
        ("the integer 1 in 8 bits", "81a161cc01", canonical, 3),
        ("the integer 1 in 16 bits", "81a161cd0001", canonical, 3),
        ("the integer 1 in 32 bits", "81a161ce00000001", canonical, 3),
        ("the integer 1 in 64 bits", "81a161cf0000000000000001", canonical, 3),
        ("the integer 1 as signed", "81a161d001", canonical, 3),
        ("the integer 200 as signed", "81a161d100c8", canonical, 3),
        ("the integer -1 in 8 bits", "81a161d0ff", canonical, 3),
        ("the integer -1 in 64 bits", "81a161d3ffffffffffffffff", canonical, 3),
        ("the integer 2^53", "81a161cf0020000000000000", value, 4),
        ("the integer -2^53", "81a161d3ffe0000000000000", value, 4),
        ("the integer 2^64 - 1", "81a161cfffffffffffffffff", value, 4),
        ("one key twice", "82a16101a16101", canonical, 5),
        ("one key twice with two values", "82a16101a16102", canonical, 5),
        ("keys in descending order", "82a16201a16102", canonical, 5),
        ("a longer key before its beginning", "82a2616101a16102", canonical, 5),
        ("an integer as a key", "810101", value, 5),
        ("a byte string as a key", "81c4016101", value, 5),
        ("an empty key", "81a001", value, 5),
        ("a key that begins with a capital", "81a14101", value, 5),
        ("a key that begins with a digit", "81a13101", value, 5),
        ("a key that begins with an underscore", "81a15f01", value, 5),
        ("a key with a line feed at its end", "81a2610a01", value, 5),
        ("a key of 65 letters", "81d941" + "61" * 65 + "01", value, 5),
        ("the key __proto__", "81a9" + b"__proto__".hex() + "01", value, 5),
        ("an empty top level", "80", value, 6),
        ("an empty map inside", "81a16180", value, 6),
        ("an empty array inside", "81a16190", value, 6),
        ("UTF-8 with a lone surrogate", "81a161a3eda080", malformed, 7),
        ("UTF-8 in an overlong form", "81a161a2c080", malformed, 7),
        ("UTF-8 cut short", "81a161a1c3", malformed, 7),
        ("17 levels", "81a161" + "91" * 16 + "c3", value, 8),
        ("thousands of levels", "81a161" + "91" * 20_000 + "c3", malformed, 8),
        ("4,097 items", "81a161dc1000" + "c3" * 4_096, value, 8),
        ("48,001 bytes", "81a161c5bb7b" + "00" * 47_995, "payload-too-large", 8),
    ]
    for point in (0x00, 0x08, 0x0B, 0x0D, 0x1F, 0x7F, 0x85, 0x9F, 0x2028, 0x2029, 0x202A, 0x202E,
                  0x2066, 0x2069, 0xFEFF):  # fmt: skip
        text = chr(point).encode()
        head = f"81a161{0xA0 + len(text):02x}"
        rows.append((f"the character U+{point:04X}", head + text.hex(), value, 7))
    for name, data, code, rule in rows:
        yield {"name": name, "hex": data, "code": code, "rule": rule}


# Events.

LEDGER: Final = hashlib.sha256(b"vector ledger").digest()
PREV: Final = event.EventId(hashlib.sha256(b"vector previous").digest())
ROOT_SEEN: Final = hashlib.sha256(b"vector root").digest()
SIGNER: Final = "actor-vector"


def draft(**changed: Any) -> event.Draft:
    """Return a draft of the plainest event, with some members changed."""
    plain: dict[str, Any] = {
        "kid": keys.thumbprint(registry.public(changed.get("iss", SIGNER))), "iss": SIGNER,
        "stream": "p-000001/commitment/c1", "type": "CommitmentMade/1", "iat": 1_767_225_600,
        "seq": 0, "payload": encoding.encode({"a": 1}), "ledger": LEDGER,
    }  # fmt: skip
    return event.Draft(**(plain | changed))


def drafts() -> Iterator[tuple[str, event.Draft]]:
    """Yield 50 drafts: every member present and absent, every length and number at its edges."""
    yield "the plainest event", draft()
    yield "no ledger, as at index 0", draft(ledger=None, stream="ledger/genesis")
    yield "a previous event", draft(seq=1, prev=PREV)
    yield "something seen", draft(seen=event.Seen(1, ROOT_SEEN))
    yield "all members", draft(seq=1, prev=PREV, seen=event.Seen(5, ROOT_SEEN))
    yield "a previous event and no ledger", draft(ledger=None, seq=1, prev=PREV)
    yield "something seen and no ledger", draft(ledger=None, seen=event.Seen(0, ROOT_SEEN))
    edges = (23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, MAX_INT)
    for number in edges:
        yield f"seq {number}", draft(seq=number, prev=PREV)
    for number in (0, *edges):
        yield f"signed at {number}", draft(iat=number)
    for number in edges:
        yield f"size {number} seen", draft(seen=event.Seen(number, ROOT_SEEN))
    for size in (8, 23, 24, 64):
        name = "actor-" + "a" * (size - 6)
        yield f"an author's name of {size} bytes", draft(iss=name)
    for size in (23, 24, 128):
        yield f"a stream id of {size} bytes", draft(stream="p-000001/report/" + "r" * (size - 16))
    yield "a stream id of six segments", draft(stream="a/b/c/d/e/f")
    yield "a stream id with every character", draft(stream="a.b_c:d-e0/kind/0.z_9:-")
    for size in (23, 24, 255, 256):
        yield f"a payload of {size} bytes", draft(payload=payload_of(size))
    yield "the shortest type", draft(type="Abc/1")
    yield "the longest type", draft(type="A" * 48 + "/999")


def payload_of(size: int) -> bytes:
    """Return a payload of exactly so many bytes."""
    for text in range(size):
        data = encoding.encode({"a": "x" * text})
        if len(data) == size:
            return data
    raise ValueError(size)


def event_valid() -> Iterator[Vector]:
    """Yield signed events with everything that can be said about them."""
    for name, one in drafts():
        signed = event.sign(one, registry.secret(one.iss).sign)
        yield {
            "name": name, "hex": signed.raw.hex(), "public": registry.public(one.iss).hex(),
            "id": signed.id.hex(), "submission_id": signed.submission_id.hex(),
            "iss": one.iss, "stream": one.stream, "type": one.type, "iat": one.iat,
            "seq": one.seq, "ledger": as_hex(one.ledger), "prev": as_hex(one.prev),
            "seen": one.seen and [one.seen.size, one.seen.root.hex()],
            "payload": one.payload.hex(),
        }  # fmt: skip


def as_hex(data: bytes | None) -> str | None:
    """Return bytes in hexadecimal, or nothing."""
    return None if data is None else data.hex()


def framed(protected: bytes, payload: bytes, *, unprotected: bytes = b"\xa0") -> bytes:
    """Return a signed frame around a protected header, whatever that header says."""
    to_be_signed = (
        b"\x84\x6aSignature1" + event.cose_bytes(protected) + b"\x40" + event.cose_bytes(payload)
    )
    signature = registry.secret(SIGNER).sign(to_be_signed)
    return (b"\xd2\x84" + event.cose_bytes(protected) + unprotected + event.cose_bytes(payload)
            + b"\x58\x40" + signature)  # fmt: skip


def event_invalid() -> Iterator[Vector]:
    """Yield events that are rightly signed and yet not in their one encoding."""
    one = draft(seq=1, prev=PREV, seen=event.Seen(5, ROOT_SEEN))
    good = event.sign(one, registry.secret(SIGNER).sign).raw
    protected, payload = one.protected(), one.payload
    rows: list[tuple[str, bytes, int]] = [
        ("nothing at all", b"", 1),
        ("no tag", good[1:], 1),
        ("tag 18 in two bytes", b"\xd8\x12" + good[1:], 1),
        ("another tag", b"\xd1" + good[1:], 1),
        ("a tag within a tag", b"\xd9\xd9\xf7" + good, 1),
        ("an indefinite array", b"\xd2\x9f" + good[2:] + b"\xff", 1),
        ("the array header in two bytes", b"\xd2\x98\x04" + good[2:], 1),
        ("a byte follows", good + b"\x00", 1),
        ("the last byte is missing", good[:-1], 1),
        ("an unprotected header with a member",
         framed(protected, payload, unprotected=b"\xa1\x01\x27"), 1),
        ("an indefinite unprotected header",
         framed(protected, payload, unprotected=b"\xbf\xff"), 1),
        ("an empty payload", framed(protected, b""), 1),
        ("a detached payload", swap(good, event.cose_bytes(payload) + b"\x58\x40",
                                    b"\xf6\x58\x40"), 1),
        ("the payload's length in two bytes", swap(good, event.cose_bytes(payload) + b"\x58\x40",
         b"\x58\x04" + payload + b"\x58\x40"), 1),
        ("the payload in an indefinite string",
         swap(good, event.cose_bytes(payload) + b"\x58\x40",
              b"\x5f" + event.cose_bytes(payload) + b"\xff\x58\x40"), 1),
        ("the payload as a text string", swap(good, event.cose_bytes(payload) + b"\x58\x40",
                                              b"\x64" + payload + b"\x58\x40"), 1),
        ("the signature's length in three bytes", good[:-66] + b"\x59\x00\x40" + good[-64:], 1),
        ("a signature of 63 bytes", good[:-66] + b"\x58\x3f" + good[-63:], 1),
        ("the protected header's length in five bytes",
         b"\xd2\x84\x5a" + len(protected).to_bytes(4, "big") + good[5:], 1),
    ]  # fmt: skip
    headers: list[tuple[str, Callable[[bytes], bytes], int]] = [
        ("ES256 instead of EdDSA", lambda p: swap(p, b"\x01\x27", b"\x01\x26"), 2),
        ("Ed25519 by its newer number -19", lambda p: swap(p, b"\x01\x27", b"\x01\x32"), 2),
        ("-8 in two bytes", lambda p: swap(p, b"\x01\x27", b"\x01\x38\x07"), 2),
        ("another content type", lambda p: swap(p, b"msgpack", b"msgpick"), 2),
        ("a kid of 31 bytes",
         lambda p: swap(p, b"\x04\x58\x20" + one.kid, b"\x04\x58\x1f" + one.kid[1:]), 2),
        ("another typ", lambda p: swap(p, b"event+cose", b"event+case"), 2),
        ("a header of six members", lambda p: b"\xa6" + p[1:] + b"\x18\x20\x01", 2),
        ("a header of four members", lambda p: swap(b"\xa4" + p[1:], b"\x01\x27", b""), 2),
        ("an indefinite header", lambda p: b"\xbf" + p[1:] + b"\xff", 2),
        ("header members out of order",
         lambda p: swap(swap(p, b"\x01\x27", b""), b"pack\x04", b"pack\x01\x27\x04"), 2),
        ("an empty header", lambda p: p[:0], 2),
        ("no issuer", lambda p: swap(p, b"\x01\x6c" + SIGNER.encode(), b""), 3),
        ("issuer after the stream",
         lambda p: swap(p, *reversed_claims(b"\x01\x6c" + SIGNER.encode(),
                                            b"\x02\x76" + one.stream.encode())), 3),
        ("no signing time", lambda p: swap(p, b"\x06\x1a\x69\x55\xb9\x00", b""), 3),
        ("a claim too many",
         lambda p: swap(swap(p, ROOT_SEEN, ROOT_SEEN + b"\x3a\x00\x01\x00\x05\x01"),
                        b"\x0f\xa8", b"\x0f\xa9"), 3),
        ("one claim more than stated", lambda p: swap(p, b"\x0f\xa8", b"\x0f\xa7"), 3),
        ("a claim twice",
         lambda p: swap(swap(p, b"\x3a\x00\x01\x00\x02\x01",
                             b"\x3a\x00\x01\x00\x02\x01\x3a\x00\x01\x00\x02\x01"),
                        b"\x0f\xa8", b"\x0f\xa9"), 3),
        ("seq 1 without prev",
         lambda p: swap(swap(p, b"\x3a\x00\x01\x00\x03\x58\x20" + PREV, b""),
                        b"\x0f\xa8", b"\x0f\xa7"), 3),
        ("seq 0 with prev",
         lambda p: swap(p, b"\x3a\x00\x01\x00\x02\x01", b"\x3a\x00\x01\x00\x02\x00"), 3),
        ("prev of 31 bytes", lambda p: swap(p, b"\x58\x20" + PREV, b"\x58\x1f" + PREV[1:]), 3),
        ("seen without a root", lambda p: swap(p, b"\x05\x58\x20" + ROOT_SEEN, b"\x05"), 3),
        ("seen of one member",
         lambda p: swap(p, b"\x82\x05\x58\x20" + ROOT_SEEN, b"\x81\x05"), 3),
        ("claims in an indefinite map",
         lambda p: swap(swap(p, b"\x0f\xa8", b"\x0f\xbf"), ROOT_SEEN, ROOT_SEEN + b"\xff"), 3),
        ("seq in two bytes",
         lambda p: swap(p, b"\x00\x02\x01\x3a", b"\x00\x02\x18\x01\x3a"), 4),
        ("a negative signing time",
         lambda p: swap(p, b"\x06\x1a\x69\x55\xb9\x00", b"\x06\x3a\x69\x55\xb9\x00"), 4),
        ("a floating signing time",
         lambda p: swap(p, b"\x06\x1a\x69\x55\xb9\x00", b"\x06\xfa\x4e\xd2\xab\x72"), 4),
        ("a signing time beyond 2^53 - 1",
         lambda p: swap(p, b"\x06\x1a\x69\x55\xb9\x00", b"\x06\x1b\x00\x20" + bytes(6)), 4),
        ("an author that is no actor", lambda p: swap(p, b"actor-vector", b"robot-vector"), 4),
        ("an author with a capital", lambda p: swap(p, b"actor-vector", b"actor-Vector"), 4),
        ("an author with a line feed at its end",
         lambda p: swap(p, b"actor-vector", b"actor-vecto\n"), 4),
        ("an author that is not ASCII",
         lambda p: swap(p, b"actor-vector", "actor-vect\u00e9".encode()), 4),
        ("a stream of one segment", lambda p: swap(p, b"/commitment/c1", b"-commitment-c1"), 4),
        ("a stream with an empty segment", lambda p: swap(p, b"/commitment/", b"/commitmen//"), 4),
        ("a stream with two dots for a segment",
         lambda p: swap(p, b"commitment/c1", b"commitment/.."), 4),
        ("a stream of seven segments",
         lambda p: swap(p, b"p-000001/commitment/c1", b"p/1/1/1/1/1/0000000001"), 4),
        ("a stream of 129 bytes",
         lambda p: swap(p, b"\x02\x76" + one.stream.encode(), b"\x02\x78\x81p/" + b"a" * 127), 4),
        ("a type without a version", lambda p: swap(p, b"Made/1", b"Made01"), 4),
        ("a type of version 0", lambda p: swap(p, b"Made/1", b"Made/0"), 4),
        ("a type in small letters", lambda p: swap(p, b"CommitmentMade", b"commitmentmade"), 4),
    ]  # fmt: skip
    rows += [(name, framed(change(protected), payload), rule) for name, change, rule in headers]
    for name, data, rule in rows:
        yield {"name": name, "hex": data.hex(), "code": "event-malformed", "rule": rule}
    large = framed(protected, bytes(48_000 - len(good) + len(payload) - 1))
    yield {"name": "48,001 bytes", "hex": large.hex(), "code": "event-too-large", "rule": 5}


def swap(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replace what occurs exactly once."""
    if data.count(old) != 1:
        raise ValueError(f"{old.hex()} occurs {data.count(old)} times")
    return data.replace(old, new)


def reversed_claims(first: bytes, second: bytes) -> tuple[bytes, bytes]:
    """Return two neighbours, and the same in the other order."""
    return first + second, second + first


# Keys and signatures.


def keys_valid() -> Iterator[Vector]:
    """Yield keys, their thumbprints, and true signatures."""
    for name, message in (
        ("a signature over nothing", b""),
        ("a signature over a text", b"We commit."),
        ("a signature over 4,096 bytes", bytes(4_096)),
    ):
        secret = registry.secret(name)
        public = secret.public_key().public_bytes_raw()
        yield {
            "name": name, "public": public.hex(), "thumbprint": keys.thumbprint(public).hex(),
            "message": message.hex(), "signature": secret.sign(message).hex(),
        }  # fmt: skip


def keys_invalid() -> Iterator[Vector]:
    """Yield keys that are never enrolled, and signatures that never verify."""
    for i, point in enumerate(edwards.torsion()):
        yield unsuitable(f"small order, {i} times a point of order 8", edwards.encode(point))
    for i, point in enumerate(edwards.torsion()[1:], start=1):
        mixed = edwards.add(edwards.times(edwards.scalar("mixed"), edwards.BASE), point)
        yield unsuitable(f"mixed order, with {i} times a point of order 8", edwards.encode(mixed))
    for data in edwards.non_canonical():
        yield unsuitable(f"not canonical: {data.hex()[:8]}…{data.hex()[-2:]}", data)
    yield unsuitable("y of no point of the curve", no_point())
    yield unsuitable("31 bytes", registry.public(SIGNER)[:31])
    yield unsuitable("33 bytes", registry.public(SIGNER) + b"\x00")
    yield from false_signatures()


def unsuitable(name: str, public: bytes) -> Vector:
    """Return the vector of a key that is refused at enrolment."""
    return {"name": name, "public": public.hex(), "code": "key-unsuitable"}


def no_point() -> bytes:
    """Return the least y of which there is no point."""
    return next(data for y in range(P_SMALL)
                if edwards.decode(data := y.to_bytes(32, "little")) is None)  # fmt: skip


P_SMALL: Final = 100  # about half of all y have no point


def false_signatures() -> Iterator[Vector]:
    """Yield signatures that some verifier in use accepts, or that are simply false."""
    secret, message = edwards.scalar("strict"), b"We commit."
    public = edwards.encode(edwards.times(secret, edwards.BASE))
    nonce = edwards.scalar("nonce")
    point = edwards.times(nonce, edwards.BASE)

    def signature(r: bytes, start: int, *, more: int = 0) -> bytes:
        s = (start + edwards.challenge(r, public, message) * secret) % edwards.L + more
        return r + s.to_bytes(32, "little")

    good = signature(edwards.encode(point), nonce)
    rows = [
        ("S + L", signature(edwards.encode(point), nonce, more=edwards.L)),
        ("S + 8 L", signature(edwards.encode(point), nonce, more=8 * edwards.L)),
        ("S = L", good[:32] + edwards.L.to_bytes(32, "little")),
        ("S = 2^256 - 1", good[:32] + b"\xff" * 32),
        ("S = 0", good[:32] + bytes(32)),
        ("S of another message", good[:32] + signature(edwards.encode(point), nonce + 1)[32:]),
        ("63 bytes", good[:63]),
        ("65 bytes", good + b"\x00"),
        ("no bytes", b""),
    ]
    for i, small in enumerate(edwards.torsion()):
        rows.append((f"R of small order, {i} times a point of order 8",
                     signature(edwards.encode(small), 0)))  # fmt: skip
    for i, small in enumerate(edwards.torsion()[1:], start=1):
        rows.append((f"R of mixed order, with {i} times a point of order 8",
                     signature(edwards.encode(edwards.add(point, small)), nonce)))  # fmt: skip
    rows += [(f"R not canonical: {data.hex()[:8]}…{data.hex()[-2:]}", signature(data, 0))
             for data in edwards.non_canonical()]  # fmt: skip
    for name, data in rows:
        yield {"name": name, "public": public.hex(), "message": message.hex(),
               "signature": data.hex(), "code": "signature-false"}  # fmt: skip


FILES: Final[dict[str, Callable[[], Iterator[Vector]]]] = {
    "encoding/valid.json": encoding_valid,
    "encoding/invalid.json": encoding_invalid,
    "event/valid.json": event_valid,
    "event/invalid.json": event_invalid,
    "keys/valid.json": keys_valid,
    "keys/invalid.json": keys_invalid,
    "register/records-valid.json": register_vectors.records_valid,
    "register/records-invalid.json": register_vectors.records_invalid,
    "register/proofs.json": register_vectors.proofs,
    "sealed/blobs.json": sealed_vectors.blobs,
    "sealed/commitments.json": sealed_vectors.commitments,
    "archive/valid.json": register_vectors.archives_valid,
    "archive/invalid.json": register_vectors.archives_invalid,
    "receipt/valid.json": receipt_valid,
    "receipt/invalid.json": receipt_invalid,
    "refusal/valid.json": refusal_valid,
    "refusal/invalid.json": refusal_invalid,
}


def render(vectors: Iterator[Vector]) -> str:
    """Return vectors as JSON, one a line, so that a difference is easy to read."""
    lines = [json.dumps(vector, ensure_ascii=False) for vector in vectors]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def main(arguments: list[str]) -> int:
    """Compares with the committed files, or writes those that are missing."""
    write, stale = arguments == ["--write"], []
    if arguments and not write:
        print("usage: tools/make_vectors.py [--write]", file=sys.stderr)
        return 2
    for name, make in FILES.items():
        path, text = FOLDER / name, render(make())
        if write and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    for name in stale:
        print(f"differs: tests/vectors/{name} (vectors are frozen; add a file beside it)")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
