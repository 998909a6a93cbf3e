"""The vectors of refusals; ``tools/make_vectors.py`` writes and compares them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from tests.harness import registry
from verifier import encoding, event, refusal
from verifier.keys import thumbprint

__all__ = ["refusal_invalid", "refusal_valid"]

LEDGER: Final = hashlib.sha256(b"vector ledger").digest()
ROOT: Final = hashlib.sha256(b"vector root").digest()
ORIGIN: Final = "vectors.example/log"
KEY: Final = "vector refusals"
AUTHOR: Final = "actor-vector"

Vector = dict[str, Any]


def refused(text: str = "x") -> event.Event:
    """Return the event that is refused."""
    draft = event.Draft(
        kid=thumbprint(registry.public(AUTHOR)), iss=AUTHOR, stream="p-000001/commitment/c1",
        type="CommitmentMade/1", iat=1_767_225_600, seq=0, ledger=LEDGER,
        payload=encoding.encode({"a": text}),
    )  # fmt: skip
    return event.sign(draft, registry.secret(AUTHOR).sign)


def made(one: event.Event, rules: list[str], size: int, origin: str = ORIGIN) -> bytes:
    """Return a signed refusal."""
    header = refusal.refusal_header(origin, LEDGER, thumbprint(registry.public(KEY)))
    payload = refusal.refusal_payload(one.submission_id, rules, size, ROOT)
    signature = registry.secret(KEY).sign(refusal.to_be_signed(header, payload))
    return refusal.format_refusal(header, one.raw, payload, signature)


def refusal_valid() -> Iterator[Vector]:
    """Yield refusals with numbers, names and lengths at their edges."""
    rows: list[tuple[str, str, list[str], int, str]] = [
        ("one rule", "x", ["AD4"], 1, ORIGIN),
        ("three rules", "x", ["AC1", "AD10", "AD4"], 24, ORIGIN),
        ("forty rules", "x", [f"ZZ{n:02d}" for n in range(40)], 65_536, ORIGIN),
        ("the largest size", "x", ["AD4"], 2**53 - 1, ORIGIN),
        ("an event of 40,000 letters", "x" * 40_000, ["AD8"], 300, ORIGIN),
        ("an origin of 200 letters", "x", ["AD4"], 300, "o" * 200),
    ]
    for name, text, rules, size, origin in rows:
        one = refused(text)
        yield {
            "name": name, "hex": made(one, rules, size, origin).hex(),
            "public": registry.public(KEY).hex(), "origin": origin, "ledger": LEDGER.hex(),
            "rules": rules, "size": size, "root": ROOT.hex(),
            "submission": one.submission_id.hex(), "event": one.raw.hex(),
        }  # fmt: skip


def refusal_invalid() -> Iterator[Vector]:
    """Yield what is no refusal, each with its code."""
    one = refused()
    data, malformed = made(one, ["AD4"], 3), "refusal-malformed"
    rows = [
        ("no tag", data[1:], malformed),
        ("a byte follows", data + b"\x00", malformed),
        ("the last byte is missing", data[:-1], malformed),
        ("ES256", data.replace(b"\xa5\x01\x27", b"\xa5\x01\x26"), malformed),
        ("the typ of an event", data.replace(b"refusal+cose", b"event+cose\x00\x00"), malformed),
        ("an empty unprotected header",
         data.replace(b"\xa1\x3a\x00\x01\x00\x05" + event.cose_bytes(one.raw), b"\xa0"), malformed),
        ("another event in it", data.replace(one.raw, refused("y").raw), "refusal-other"),
        ("an event that is none", data.replace(one.raw, b"\xd1" + one.raw[1:]), "event-malformed"),
        ("the size in two bytes", data.replace(b"size\x03", b"size\xcc\x03"), malformed),
        ("size 0", data.replace(b"size\x03", b"size\x00"), malformed),
    ]  # fmt: skip
    for name, changed, code in rows:
        if changed == data:
            raise ValueError(f"{name}: nothing was changed")
        yield {"name": name, "hex": changed.hex(), "code": code}
