"""The twisted Edwards curve of Ed25519, slowly and plainly: an oracle for edge cases.

Affine coordinates and the one complete addition law of RFC 8032 §5.1.4, so that it shares no
formula with ``verifier.keys``. Points are (x, y); nothing here is fit for secrets.
"""

from __future__ import annotations

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
IDENTITY = (0, 1)

Point = tuple[int, int]


def add(a: Point, b: Point) -> Point:
    """Return a + b."""
    product = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, P)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P)
    return x % P, y % P


def negative(a: Point) -> Point:
    """Return -a."""
    return -a[0] % P, a[1]


def times(scalar: int, point: Point) -> Point:
    """Return scalar · point, from the most significant bit down."""
    result = IDENTITY
    for bit in f"{scalar:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def roots_x(y: int) -> list[int]:
    """Return every x with (x, y) on the curve."""
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    square = u * pow(v, -1, P) % P
    if square == 0:
        return [0]
    if pow(square, (P - 1) // 2, P) != 1:
        return []
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return [x, P - x]


def encode(point: Point) -> bytes:
    """Return the canonical encoding."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point | None:
    """Decode leniently: y is reduced, and a sign on x = 0 is ignored."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, (number & (1 << 255) - 1) % P
    found = [x for x in roots_x(y) if x == 0 or x & 1 == sign]
    return (found[0], y) if found else None


def is_canonical(data: bytes) -> bool:
    """Say whether these bytes are the one encoding of a point."""
    point = decode(data)
    return point is not None and encode(point) == data


def is_prime_order(point: Point) -> bool:
    """Say whether a point has the order L."""
    return point != IDENTITY and times(L, point) == IDENTITY


BASE: Point = (min(roots_x(4 * pow(5, -1, P) % P), key=lambda x: x & 1), 4 * pow(5, -1, P) % P)


def torsion() -> list[Point]:
    """Return the eight points whose order divides 8, the identity first."""
    y = 2
    while True:  # L times a point is a torsion point; one in two has order 8
        for x in roots_x(y):
            generator = times(L, (x, y))
            if times(4, generator) != IDENTITY:
                return [times(i, generator) for i in range(8)]
        y += 1


def non_canonical() -> list[bytes]:
    """Return every encoding that lenient decoders accept and no encoder makes."""
    values = [y | sign << 255 for y in range(P, 2**255) for sign in (0, 1)]
    values += [1 | 1 << 255, (P - 1) | 1 << 255]  # x = 0 with a sign
    encodings = [value.to_bytes(32, "little") for value in values]
    return [data for data in encodings if decode(data) is not None]


def challenge(r: bytes, public: bytes, message: bytes) -> int:
    """Return h of RFC 8032 §5.1.7."""
    return int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L


def scalar(name: str) -> int:
    """Return the secret scalar that belongs to a name; not clamped, so any residue occurs."""
    return int.from_bytes(hashlib.sha512(name.encode()).digest(), "little") % L


def holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Decide by the three rules of ``docs/spec/event.md`` (keys 2 and 3) for a strict key."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    key, point = decode(public), decode(r)
    if len(signature) != 64 or s >= L or key is None:
        return False
    if point is None or times(8, point) == IDENTITY:
        return False
    h = challenge(r, public, message)
    return encode(add(times(s, BASE), negative(times(h, key)))) == r
