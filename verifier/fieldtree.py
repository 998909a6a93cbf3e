"""The commitment of a sealed report: a tree over its salted fields, which opens field by field.

Rules (normative text: ``docs/spec/sealed.md``):

1. The fields of a report are the values at its paths: a map is entered, its keys joined by ``/``;
   whatever else stands there (text, number, list …) is a value.
2. A field's salt is HMAC-SHA256(secret, ``pledgebook/field-salt/v1`` ‖ 00 ‖ path); the secret is
   32 random bytes. A field's entry is ``pledgebook/field/v1`` ‖ 00 ‖ salt ‖ uint16be(length) ‖
   path ‖ the canonical encoding of ``{"v": value}``; its leaf is SHA-256(00 ‖ entry).
3. Decoys fill the leaves up to the next power of two, 16 at least: the entry of the n-th has an
   empty path, the salt HMAC-SHA256(secret, ``pledgebook/decoy-salt/v1`` ‖ 00 ‖ uint16be(n)) and no
   value.
4. The leaves stand in ascending order of their hashes, so that a place tells nothing of a path. The
   commitment is the root over them (RFC 6962) and their number.
5. A field is shown with its salt, its place and its path in the tree. Who is given the secret and
   all fields computes the whole commitment again, and so knows that nothing was left out.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from verifier import encoding
from verifier.errors import FalseError, MalformedError
from verifier.tree import inclusion_proof, leaf_hash, node_hash, root_of, verify_inclusion

__all__ = [
    "MAX_LEAVES",
    "MIN_LEAVES",
    "SECRET_BYTES",
    "FieldTree",
    "Shown",
    "fields_of",
    "report_of",
    "require_all",
    "require_shown",
]

SECRET_BYTES: Final = 32
MIN_LEAVES: Final = 16
MAX_LEAVES: Final = 1024
MAX_PATH: Final = 500
_FIELD: Final = b"pledgebook/field/v1\x00"
_SALT: Final = b"pledgebook/field-salt/v1\x00"
_DECOY: Final = b"pledgebook/decoy-salt/v1\x00"


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field that is shown, with all that proves it (rule 5)."""

    path: str
    value: bytes
    """The canonical encoding of ``{"v": value}``."""
    salt: bytes
    index: int
    proof: tuple[bytes, ...]


def fields_of(report: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the fields of a report: path -> encoded value (rules 1 and 2).

    Raises:
        MalformedError: the report is outside the payload's profile, or has too many fields.
    """
    encoding.encode(report)
    fields = {path: encoding.encode({"v": value}) for path, value in _walk(report, "")}
    if len(fields) > MAX_LEAVES:
        raise MalformedError("sealed-malformed", f"{len(fields)} fields; {MAX_LEAVES} allowed")
    return fields


def _walk(report: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in report.items():
        if isinstance(value, Mapping):
            yield from _walk(value, f"{prefix}{key}/")
        else:
            yield prefix + key, value


def report_of(fields: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the report, or the part of it, that fields make; the inverse of ``fields_of``.

    Raises:
        MalformedError: a value is not in its one encoding, or a path leads through a value.
    """
    report: dict[str, Any] = {}
    for path, value in fields.items():
        *above, key = path.split("/")
        place = report
        for name in above:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise MalformedError("sealed-malformed", f"{path!r} leads through a value")
        if key in place:
            raise MalformedError("sealed-malformed", f"{path!r} stands twice")
        place[key] = _value(value)
    return report


def _value(encoded: bytes) -> Any:
    decoded = encoding.decode(encoded)
    if set(decoded) != {"v"} or isinstance(decoded["v"], dict):
        raise MalformedError("sealed-malformed", "a field holds one value and no map")
    return decoded["v"]


class FieldTree:
    """The tree over the fields of one report, with its secret."""

    def __init__(self, secret: bytes, fields: Mapping[str, bytes]) -> None:
        """Build the tree (rules 2 to 4).

        Raises:
            MalformedError: code ``sealed-malformed``; no field, too many, or a secret too short.
        """
        if len(secret) != SECRET_BYTES or not 1 <= len(fields) <= MAX_LEAVES:
            raise MalformedError("sealed-malformed", "a secret of 32 bytes, 1 to 1,024 fields")
        self.fields = dict(fields)
        self._salts = {path: _salt(secret, path) for path in fields}
        leaves = [_leaf(self._salts[path], path, value) for path, value in fields.items()]
        width = max(MIN_LEAVES, 1 << (len(leaves) - 1).bit_length())
        leaves += [_decoy(secret, number) for number in range(width - len(leaves))]
        self._leaves = sorted(leaves)

    @property
    def leaves(self) -> int:
        """The number of leaves, with the decoys."""
        return len(self._leaves)

    @property
    def root(self) -> bytes:
        """The root over the leaves."""
        return root_of(self._leaves)

    def show(self, path: str) -> Shown:
        """Show one field.

        Raises:
            MalformedError: code ``sealed-malformed``; there is no such field.
        """
        if path not in self.fields:
            raise MalformedError("sealed-malformed", f"the report has no field {path!r}")
        salt, value = self._salts[path], self.fields[path]
        index = self._leaves.index(_leaf(salt, path, value))
        proof = inclusion_proof(index, self.leaves, self._read)
        return Shown(path, value, salt, index, proof)

    def _read(self, level: int, index: int) -> bytes:
        if level == 0:
            return self._leaves[index]
        return node_hash(self._read(level - 1, 2 * index), self._read(level - 1, 2 * index + 1))


def require_shown(shown: Shown, *, root: bytes, leaves: int) -> None:
    """Require that a field that is shown is one of the commitment.

    Raises:
        FalseError: code ``disclosure-false``.
        MalformedError: code ``proof-malformed``, or the field is none.
    """
    _value(shown.value)
    leaf = _leaf(shown.salt, shown.path, shown.value)
    try:
        verify_inclusion(leaf, shown.proof, index=shown.index, size=leaves, root=root)
    except FalseError:
        reason = f"the field {shown.path!r} is not what was committed to"
        raise FalseError("disclosure-false", reason) from None


def require_all(secret: bytes, fields: Mapping[str, bytes], *, root: bytes, leaves: int) -> None:
    """Require that these are all fields of the commitment, and nothing else.

    Raises:
        FalseError: code ``disclosure-false``.
        MalformedError: a field is none.
    """
    for value in fields.values():
        _value(value)
    tree = FieldTree(secret, fields)
    if (tree.root, tree.leaves) != (root, leaves):
        raise FalseError("disclosure-false", "the fields are not those that were committed to")


def _salt(secret: bytes, path: str) -> bytes:
    return hmac.digest(secret, _SALT + path.encode(), "sha256")


def _leaf(salt: bytes, path: str, value: bytes) -> bytes:
    name = path.encode()
    if len(salt) != 32 or not 1 <= len(name) <= MAX_PATH:
        raise MalformedError("sealed-malformed", f"a salt of 32 bytes, a path of 1 to {MAX_PATH}")
    return leaf_hash(_FIELD + salt + len(name).to_bytes(2, "big") + name + value)


def _decoy(secret: bytes, number: int) -> bytes:
    salt = hmac.digest(secret, _DECOY + number.to_bytes(2, "big"), "sha256")
    return leaf_hash(_FIELD + salt + bytes(2))
