"""Signed notes, the checkpoints they carry, and their signature lines.

Rules (C2SP signed-note, tlog-checkpoint, tlog-cosignature; normative text:
``docs/spec/checkpoint.md``):

1. A note is text, a blank line, and 1 to 100 signature lines ``— <name> <base64>``. It splits at
   its last blank line. UTF-8, no control character but the line feed, base64 in its one
   canonical form.
2. (name, key id) names a key; two lines of one key make the note malformed. The key id is the
   first four bytes of SHA-256(name ‖ 0A ‖ type ‖ public key).
3. Lines of unknown keys are ignored. A line of a known key that does not verify condemns the whole
   note. A note that no known key signed is refused.
4. A checkpoint is exactly three lines: origin, size, root. Extension lines are refused, since no
   auditor could check them and an ML-DSA line does not cover them.
5. Types: 0x01 Ed25519 over the text; 0x04 Ed25519 over ``cosignature/v1``, time and text; 0x06
   ML-DSA-44 over the binary ``subtree/v1`` message with the signer's name and time. Ed25519 is
   verified by ``verifier.keys`` alone.
6. Where the installed ``cryptography`` lacks ML-DSA, a known 0x06 line is reported as unchecked;
   it never counts as verified, and never as false.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from verifier.errors import FalseError, MalformedError, UndecidedError
from verifier.keys import require_strict_key
from verifier.keys import verify as verify_ed25519
from verifier.tree import HASH_BYTES, MAX_SIZE

__all__ = [
    "COSIGNATURE",
    "ED25519",
    "MLDSA44",
    "Checkpoint",
    "Note",
    "Sign",
    "Signature",
    "VerifiedNote",
    "VerifiedSignature",
    "VerifierKey",
    "cosignature_line",
    "decode_base64",
    "ed25519_line",
    "encode_base64",
    "format_note",
    "mldsa_line",
    "parse_note",
    "parse_number",
    "verify_note",
]

Sign = Callable[[bytes], bytes]
"""A private key in use: message in, raw signature out."""

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MLDSA44: Final = 0x06

PUBLIC_BYTES: Final = {ED25519: 32, COSIGNATURE: 32, MLDSA44: 1_312}
SIGNATURE_BYTES: Final = {ED25519: 64, COSIGNATURE: 64, MLDSA44: 2_420}
MAX_NOTE_BYTES: Final = 512 * 1024  # 100 ML-DSA lines of 3.4 KB and room for the text
MAX_SIGNATURES: Final = 100  # as Go's x/mod note; the specification asks for at least 16
MAX_NAME_BYTES: Final = 255  # the ML-DSA message frames names and origins with one byte
MAX_VKEY_BYTES: Final = 4_096  # an ML-DSA-44 key with the longest name has 2,017
MAX_TIMESTAMP: Final = 2**63 - 1  # tlog-cosignature

_CONTROL: Final = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_NUMBER: Final = re.compile(r"(?:0|[1-9][0-9]{0,15})\Z")
_MARK: Final = "\u2014 "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and signature type, as a vkey writes it."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that signature lines begin with (rule 2)."""
        message = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(message).digest()[:4]

    def __str__(self) -> str:
        """Return the vkey: name, key id in hex, base64 of type and key, joined by ``+``."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a vkey; an Ed25519 key must also meet the strict rules of enrolment.

        Raises:
            MalformedError: code ``vkey-malformed``, or ``key-unsuitable`` from ``verifier.keys``.
        """
        name, _, rest = text.partition("+")
        key_id, _, material = rest.partition("+")
        if len(text.encode("utf-8", "replace")) > MAX_VKEY_BYTES or not _is_name(name):
            raise MalformedError("vkey-malformed", "not <name>+<key id>+<base64>, or too long")
        data = decode_base64(material, "vkey-malformed")
        if not data or PUBLIC_BYTES.get(data[0]) != len(data) - 1:
            raise MalformedError("vkey-malformed", "the type and the length of the key do not fit")
        key = cls(name, data[0], data[1:])
        if key_id != key.key_id.hex():
            raise MalformedError("vkey-malformed", f"the key id of {name} is {key.key_id.hex()}")
        if key.kind != MLDSA44:
            require_strict_key(key.public)
        return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log signs: its origin, its size in entries, its root (rule 4)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """Return the three lines, each with its line feed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n".encode()

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """Read the text of a note as a checkpoint.

        Raises:
            MalformedError: code ``note-malformed``.
        """
        lines = _decode(text).split("\n")
        if len(lines) != 4 or lines[3]:
            raise MalformedError("note-malformed", "a checkpoint has exactly three lines")
        origin = lines[0]
        if not 1 <= len(origin.encode()) <= MAX_NAME_BYTES:
            raise MalformedError("note-malformed", "an origin has 1 to 255 bytes")
        root = decode_base64(lines[2], "note-malformed")
        if len(root) != HASH_BYTES:
            raise MalformedError("note-malformed", f"a root has {HASH_BYTES} bytes")
        return cls(origin, parse_number(lines[1], "note-malformed"), root)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, not verified: the name, the key id, and what follows it."""

    name: str
    key_id: bytes
    body: bytes

    @property
    def line(self) -> bytes:
        """The line as it stands in a note, with its line feed."""
        return f"{_MARK}{self.name} {encode_base64(self.key_id + self.body)}\n".encode()


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note, not verified; *text* ends in a line feed and is what was signed."""

    text: bytes
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A key whose line verified; *timestamp* in seconds since 1970, None for type 0x01.

    A timestamp of 0 (type 0x06) says nothing about time.
    """

    key: VerifierKey
    timestamp: int | None


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """A note that at least one known key signed, and none falsely."""

    text: bytes
    signatures: tuple[VerifiedSignature, ...]
    unchecked: tuple[VerifierKey, ...]
    """Known keys whose line this installation cannot check (rule 6)."""

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys that verified, in the order of their lines."""
        return tuple(signature.key for signature in self.signatures)


def parse_note(data: bytes) -> Note:
    """Read a signed note (rules 1 and 2) without verifying it.

    Raises:
        MalformedError: code ``note-malformed``.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise MalformedError("note-malformed", f"a note has at most {MAX_NOTE_BYTES} bytes")
    cut = data.rfind(b"\n\n")
    if cut < 0 or not data.endswith(b"\n") or cut + 2 == len(data):
        raise MalformedError("note-malformed", "no blank line with signature lines after it")
    _decode(data[: cut + 1])
    lines = _decode(data[cut + 2 : -1]).split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedError("note-malformed", f"more than {MAX_SIGNATURES} signature lines")
    signatures = tuple(_parse_line(line) for line in lines)
    if len({(line.name, line.key_id) for line in signatures}) < len(signatures):
        raise MalformedError("note-malformed", "two signature lines of one key")
    return Note(data[: cut + 1], signatures)


def verify_note(note: bytes | Note, keys: Iterable[VerifierKey]) -> VerifiedNote:
    """Require that a note is signed by at least one of *keys*, and falsely by none (rule 3).

    Raises:
        MalformedError: code ``note-malformed``.
        FalseError: code ``note-signature-false`` or ``note-unsigned``.
        UndecidedError: code ``mldsa-missing``; the only known lines cannot be checked here.
    """
    parsed = note if isinstance(note, Note) else parse_note(note)
    known = {(key.name, key.key_id): key for key in keys}
    verified: list[VerifiedSignature] = []
    unchecked: list[VerifierKey] = []
    for line in parsed.signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        try:
            verified.append(VerifiedSignature(key, _verify_line(key, line.body, parsed.text)))
        except UndecidedError:  # rule 6
            unchecked.append(key)
    if not verified and unchecked:
        raise UndecidedError("mldsa-missing", "the note has only ML-DSA lines of known keys")
    if not verified:
        raise FalseError("note-unsigned", "no signature line is of a known key")
    return VerifiedNote(parsed.text, tuple(verified), tuple(unchecked))


def format_note(text: bytes, lines: Sequence[bytes]) -> bytes:
    """Join the text of a note (with its last line feed) and its signature lines."""
    return text + b"\n" + b"".join(lines)


def ed25519_line(key: VerifierKey, text: bytes, *, sign: Sign) -> bytes:
    """Make the 0x01 line over the text of a note."""
    return _line(key, ED25519, sign(text))


def cosignature_line(key: VerifierKey, text: bytes, *, timestamp: int, sign: Sign) -> bytes:
    """Make the 0x04 line of a witness over the text of a checkpoint, at *timestamp* seconds."""
    signed = sign(_cosignature_message(text, timestamp))
    return _line(key, COSIGNATURE, timestamp.to_bytes(8, "big") + signed)


def mldsa_line(key: VerifierKey, checkpoint: Checkpoint, *, timestamp: int, sign: Sign) -> bytes:
    """Make the 0x06 line of a log or witness over a checkpoint, at *timestamp* seconds.

    *sign* is pure ML-DSA-44 with an empty context. A timestamp of 0 states no time.
    """
    signed = sign(_subtree_message(key.name, checkpoint, timestamp))
    return _line(key, MLDSA44, timestamp.to_bytes(8, "big") + signed)


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 §4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, code: str) -> bytes:
    """Read standard base64 in its one canonical form: padding, no stray bits, no other character.

    Raises:
        MalformedError: with the caller's *code*.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError(code, "not base64") from None
    if encode_base64(data) != text:
        raise MalformedError(code, "base64 that is not canonical")
    return data


def parse_number(text: str, code: str) -> int:
    """Read a decimal number 0 … 2^53 - 1 in ASCII without leading zeros.

    Raises:
        MalformedError: with the caller's *code*.
    """
    if _NUMBER.match(text) is None or int(text) > MAX_SIZE:
        raise MalformedError(code, "not a decimal number from 0 to 2^53 - 1")
    return int(text)


def _decode(data: bytes) -> str:
    if _CONTROL.search(data):
        raise MalformedError("note-malformed", "a control character")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("note-malformed", "not UTF-8") from None


def _is_name(name: str) -> bool:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # a lone surrogate, from a command line for instance
        return False
    return 1 <= size <= MAX_NAME_BYTES and not any(
        character.isspace() or character == "+" or character < " " for character in name
    )


def _parse_line(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not separator or not _is_name(name):
        raise MalformedError("note-malformed", "a signature line is: — <name> <base64>")
    data = decode_base64(encoded, "note-malformed")
    if len(data) < 5:
        raise MalformedError("note-malformed", "a signature line without a signature")
    return Signature(name, data[:4], data[4:])


def _line(key: VerifierKey, kind: int, body: bytes) -> bytes:
    expected = SIGNATURE_BYTES[kind] + (0 if kind == ED25519 else 8)
    if key.kind != kind or len(body) != expected:
        raise ValueError(f"key {key.name} of type {key.kind} does not make this type {kind} line")
    return f"{_MARK}{key.name} {encode_base64(key.key_id + body)}\n".encode()


def _verify_line(key: VerifierKey, body: bytes, text: bytes) -> int | None:
    """Verify one line of a known key and return its timestamp."""
    try:
        if key.kind == ED25519:
            verify_ed25519(key.public, body, text)
            return None
        timestamp = int.from_bytes(body[:8], "big")
        if len(body) != 8 + SIGNATURE_BYTES[key.kind] or timestamp > MAX_TIMESTAMP:
            raise FalseError("signature-false", "a cosignature of the wrong length or time")
        if key.kind == COSIGNATURE:
            verify_ed25519(key.public, body[8:], _cosignature_message(text, timestamp))
        else:
            message = _subtree_message(key.name, Checkpoint.parse(text), timestamp)
            _verify_mldsa(key.public, body[8:], message)
    except FalseError as error:
        reason = f"the line of {key.name} ({key.key_id.hex()}): {error.reason}"
        raise FalseError("note-signature-false", reason) from None
    return timestamp


def _cosignature_message(text: bytes, timestamp: int) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (timestamp, text)


def _subtree_message(name: str, checkpoint: Checkpoint, timestamp: int) -> bytes:
    cosigner, origin = name.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            b"subtree/v1\n\x00",
            bytes([len(cosigner)]) + cosigner,
            timestamp.to_bytes(8, "big"),
            bytes([len(origin)]) + origin,
            (0).to_bytes(8, "big"),  # start: a checkpoint covers the tree from its first leaf
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _verify_mldsa(public: bytes, signature: bytes, message: bytes) -> None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (ImportError, UnsupportedAlgorithm):
        raise UndecidedError("mldsa-missing", "cryptography lacks ML-DSA here") from None
    except (InvalidSignature, ValueError):
        raise FalseError("signature-false", "the ML-DSA-44 signature does not verify") from None
