"""A second decoder of the payload profile, written from ``docs/spec/encoding.md`` alone.

It reads left to right and refuses at the first byte that breaks a rule; it never encodes, sorts or
compares. That makes it slow and plain, which is what an oracle is for.
"""

from __future__ import annotations

from typing import Any

LIMIT_BYTES = 48_000
LIMIT_DEPTH = 16
LIMIT_ITEMS = 4_096
LIMIT_INT = 9_007_199_254_740_991
FIRST = frozenset("abcdefghijklmnopqrstuvwxyz")
REST = FIRST | frozenset("0123456789_")
RANGES = [
    (0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029), (0x202A, 0x202E),
    (0x2066, 0x2069), (0xFEFF, 0xFEFF),
]  # fmt: skip


class Refused(Exception):
    """These bytes are outside the profile; the number of the broken rule is the message."""


def decode(data: bytes) -> dict[str, Any]:
    """Decode bytes of the profile or raise ``Refused``."""
    reader = Reader(data)
    if len(data) > LIMIT_BYTES:
        raise Refused(8)
    value = reader.value(depth=1)
    if not isinstance(value, dict) or reader.at != len(data):
        raise Refused(1)
    return value


class Reader:
    """A position in the bytes, and how many items were read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.items = 0

    def take(self, count: int) -> bytes:
        """Read some bytes."""
        if self.at + count > len(self.data):
            raise Refused(1)
        self.at += count
        return self.data[self.at - count : self.at]

    def uint(self, size: int, *, over: int) -> int:
        """Read an unsigned number that would not fit a shorter header."""
        number = int.from_bytes(self.take(size), "big")
        if number <= over:
            raise Refused(3)
        return number

    def value(self, *, depth: int) -> Any:  # noqa: PLR0911, PLR0912 - one branch a header
        """Read one value."""
        head = self.take(1)[0]
        if head <= 0x7F:
            return head
        if head <= 0x8F:
            return self.map(head & 0x0F, depth)
        if head <= 0x9F:
            return self.array(head & 0x0F, depth)
        if head <= 0xBF:
            return self.text(head & 0x1F)
        if head >= 0xE0:
            return head - 256
        match head:
            case 0xC2 | 0xC3:
                return head == 0xC3
            case 0xC4:
                return self.take(self.uint(1, over=-1))
            case 0xC5:
                return self.take(self.uint(2, over=0xFF))
            case 0xC6:
                return self.take(self.uint(4, over=0xFFFF))
            case 0xCC:
                return self.uint(1, over=0x7F)
            case 0xCD:
                return self.uint(2, over=0xFF)
            case 0xCE:
                return self.uint(4, over=0xFFFF)
            case 0xCF:
                return self.bounded(self.uint(8, over=0xFFFF_FFFF))
            case 0xD0 | 0xD1 | 0xD2 | 0xD3:
                return self.negative(1 << (head - 0xD0))
            case 0xD9:
                return self.text(self.uint(1, over=0x1F))
            case 0xDA:
                return self.text(self.uint(2, over=0xFF))
            case 0xDB:
                return self.text(self.uint(4, over=0xFFFF))
            case 0xDC:
                return self.array(self.uint(2, over=0x0F), depth)
            case 0xDD:
                return self.array(self.uint(4, over=0xFFFF), depth)
            case 0xDE:
                return self.map(self.uint(2, over=0x0F), depth)
            case 0xDF:
                return self.map(self.uint(4, over=0xFFFF), depth)
        raise Refused(2)  # nil, never used, ext, fixext, float

    def bounded(self, number: int) -> int:
        """Check the range of an integer."""
        if not -LIMIT_INT <= number <= LIMIT_INT:
            raise Refused(4)
        return number

    def negative(self, size: int) -> int:
        """Read a signed integer: it must be negative and too small for fewer bytes."""
        number = int.from_bytes(self.take(size), "big", signed=True)
        least = -32 if size == 1 else -(1 << (4 * size - 1))
        if number >= least:
            raise Refused(3)
        return self.bounded(number)

    def text(self, count: int) -> str:
        """Read a string."""
        try:
            text = self.take(count).decode("utf-8", "strict")
        except UnicodeDecodeError:
            raise Refused(7) from None
        for character in text:
            if any(low <= ord(character) <= high for low, high in RANGES):
                raise Refused(7)
        return text

    def open(self, count: int, depth: int) -> None:
        """Check the bounds of a map or array before its members are read."""
        self.items += count
        if count == 0:
            raise Refused(6)
        if depth > LIMIT_DEPTH or self.items > LIMIT_ITEMS:
            raise Refused(8)

    def array(self, count: int, depth: int) -> list[Any]:
        """Read the members of an array."""
        self.open(count, depth)
        return [self.value(depth=depth + 1) for _ in range(count)]

    def map(self, count: int, depth: int) -> dict[str, Any]:
        """Read the entries of a map."""
        self.open(count, depth)
        entries: dict[str, Any] = {}
        last = ""
        for _ in range(count):
            key = self.value(depth=depth + 1)
            if not isinstance(key, str) or not 1 <= len(key) <= 64:
                raise Refused(5)
            if key[0] not in FIRST or not REST.issuperset(key) or key <= last:
                raise Refused(5)
            entries[key] = self.value(depth=depth + 1)
            last = key
        return entries
