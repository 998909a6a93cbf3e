"""Public keys, their thumbprints, and the one meaning of «this Ed25519 signature is valid».

Rules (record format §3; normative text: ``docs/spec/event.md``):

1. A key is enrolled only if its encoding is canonical and the point has prime order.
2. A key has 32 bytes and a signature 64; S < L, and R is not the encoding of a point of small
   order.
3. The equation is cofactorless: R is compared byte by byte with encode(S·B - h·A).
4. A key's name everywhere is its COSE key thumbprint (RFC 9679): SHA-256 of the deterministic
   CBOR of ``{1: 1, -1: 6, -2: x}``.

Rules 1 and 2 are checked here in Python, rule 3 by a named *engine*: ``openssl`` (``cryptography``,
the reference) or ``sodium`` (PyNaCl, about twice as fast). Under rules 1 and 2 both give the same
verdict on every input; ``tests/verifier/test_keys.py`` holds them against each other on both
public edge-case sets. Engines with another equation (ZIP-215, random linear combinations) are
never added under the same flag.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Final, NewType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verifier.errors import FalseError, MalformedError, UndecidedError

__all__ = [
    "ENGINES",
    "PUBLIC_BYTES",
    "SIGNATURE_BYTES",
    "Check",
    "Kid",
    "default_engine",
    "require_prime_order",
    "require_strict_key",
    "thumbprint",
    "verify",
    "verify_many",
]

Kid = NewType("Kid", bytes)
"""A COSE key thumbprint, 32 bytes."""

Check = tuple[bytes, bytes, bytes]
"""One thing to verify: (public key, signature, message)."""

PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
CACHED_KEYS: Final = 4_096  # parsed keys kept; a ledger has few signers and many signatures

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = (-121665 * pow(121666, -1, _P)) % _P
_SQRT_M1: Final = pow(2, (_P - 1) // 4, _P)
_THUMBPRINT_HEAD: Final = bytes.fromhex("a301012006215820")

_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)
"""The eight points whose order divides 8, in their canonical encodings.

A non-canonical R never matches the canonical encoding that rule 3 compares with.
"""


def thumbprint(public: bytes) -> Kid:
    """Return the COSE key thumbprint of a raw Ed25519 public key (RFC 9679 §3)."""
    return Kid(hashlib.sha256(_THUMBPRINT_HEAD + public).digest())


def require_strict_key(public: bytes) -> None:
    """Require rule 1 of a public key; libsodium, where it is there, says yes forty times faster.

    Raises:
        MalformedError: code ``key-unsuitable``.
    """
    if len(public) != PUBLIC_BYTES:
        reason = f"{len(public)} bytes; an Ed25519 key has {PUBLIC_BYTES}"
        raise MalformedError("key-unsuitable", reason)
    if not _is_main_subgroup_by_sodium(public):
        require_prime_order(public)


def require_prime_order(public: bytes) -> None:
    """Require rule 1 of 32 bytes by plain arithmetic, in a millisecond; every refusal is from here.

    Raises:
        MalformedError: code ``key-unsuitable``.
    """
    point = _decompress(public)
    if point is None:
        raise MalformedError("key-unsuitable", "not the canonical encoding of a point")
    if point[:2] == (0, 1) or not _is_identity(_multiply(_L, point)):
        raise MalformedError("key-unsuitable", "the point is not of prime order")


def _is_main_subgroup_by_sodium(public: bytes) -> bool:
    """Say whether libsodium knows a key as canonical and of prime order; false if it is absent."""
    try:
        from nacl.bindings import crypto_core_ed25519_is_valid_point
        from nacl.exceptions import UnavailableError
    except ImportError:
        return False
    try:
        return bool(crypto_core_ed25519_is_valid_point(public))
    except UnavailableError:  # a minimal build of libsodium
        return False


def verify(public: bytes, signature: bytes, message: bytes) -> None:
    """Require one valid signature, with the reference engine.

    Raises:
        FalseError: code ``signature-false``.
    """
    if not verify_many([(public, signature, message)], engine="openssl")[0]:
        raise FalseError("signature-false", "the Ed25519 signature does not verify")


def verify_many(items: Sequence[Check], *, engine: str) -> list[bool]:
    """Return one verdict per item, in order, by rules 2 and 3.

    The engines release the interpreter lock while they compute, so batches run in threads.

    Raises:
        UndecidedError: code ``engine-unknown`` or ``engine-missing``.
    """
    check = _engine(engine)
    return [_well_formed(public, signature) and check(public, signature, message)
            for public, signature, message in items]  # fmt: skip


def default_engine() -> str:
    """Name the fastest engine that is installed."""
    return "sodium" if find_spec("nacl") is not None else "openssl"


def _well_formed(public: bytes, signature: bytes) -> bool:
    """Check rule 2; libsodium itself reads 32 bytes of key, however many there are."""
    return (
        len(public) == PUBLIC_BYTES
        and len(signature) == SIGNATURE_BYTES
        and signature[63] < 0x20  # S < 2^253; then compare with L only where it can matter
        and (signature[63] < 0x10 or int.from_bytes(signature[32:], "little") < _L)
        and signature[:32] not in _SMALL_ORDER
    )


def _engine(name: str) -> Callable[[bytes, bytes, bytes], bool]:
    if name not in ENGINES:
        raise UndecidedError("engine-unknown", f"there is no engine {name!r}: {sorted(ENGINES)}")
    return ENGINES[name]()


def _openssl() -> Callable[[bytes, bytes, bytes], bool]:
    def check(public: bytes, signature: bytes, message: bytes) -> bool:
        try:
            _openssl_key(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    return check


@lru_cache(maxsize=CACHED_KEYS)
def _openssl_key(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


@lru_cache(maxsize=1)
def _sodium() -> Callable[[bytes, bytes, bytes], bool]:
    try:
        from nacl.bindings import crypto_sign_open
        from nacl.exceptions import CryptoError
    except ImportError:
        raise UndecidedError("engine-missing", "PyNaCl is not installed") from None

    def check(public: bytes, signature: bytes, message: bytes) -> bool:
        try:
            crypto_sign_open(signature + message, public)
        except (CryptoError, ValueError):
            return False
        return True

    return check


ENGINES: Final[dict[str, Callable[[], Callable[[bytes, bytes, bytes], bool]]]] = {
    "openssl": _openssl,
    "sodium": _sodium,
}
"""The named engines; each entry makes a function (public, signature, message) -> verdict."""


# Curve arithmetic in extended coordinates (RFC 8032 §5.1.4), for enrolment only.

_Point = tuple[int, int, int, int]


def _decompress(data: bytes) -> _Point | None:
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _P:
        return None
    x2 = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(x2, (_P + 3) // 8, _P)
    if (x * x - x2) % _P:
        x = x * _SQRT_M1 % _P
    if (x * x - x2) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


def _add(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _multiply(scalar: int, point: _Point) -> _Point:
    result: _Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _is_identity(point: _Point) -> bool:
    return point[0] % _P == 0 and (point[1] - point[2]) % _P == 0
