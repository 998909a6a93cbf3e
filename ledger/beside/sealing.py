"""Sealing a report to its recipients, and opening it: HPKE around a key, a commitment inside.

Rules (normative text: ``docs/spec/sealed.md``):

1. A recipient's key is a pair of ML-KEM-768 and X25519 (HPKE suite ``MLKEM768_X25519``,
   HKDF-SHA256, AES-256-GCM, base mode): what is stored today is not read by tomorrow's quantum
   computer. Such a key signs nothing. Its thumbprint is SHA-256(``pledgebook/sealing-key/v1`` ‖ 00
   ‖ public key).
2. The report is encrypted once, with a fresh key (AES-256-GCM, the commitment as associated data);
   that key is encrypted to each recipient, bound to the same commitment.
3. The plaintext is the secret of the field tree and the fields, filled up with zeros to a multiple
   of 4 KiB, so that its length tells little.
4. What was decrypted is believed only if the commitment computed from it is the one in the log. The
   ciphers here do not bind a ciphertext to one key: two recipients could be shown two plaintexts.
5. A key file holds both private keys in PEM, encrypted with the passphrase, mode 0600, and is never
   overwritten.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from ledger.errors import LedgerError
from ledger.signer import MAX_KEY_FILE_BYTES, MIN_PASSPHRASE
from verifier.blob import SALT_BYTES, blob_name, content_of
from verifier.errors import FalseError, MalformedError
from verifier.fieldtree import SECRET_BYTES, FieldTree, fields_of, require_all

__all__ = ["Opened", "Recipient", "Sealed", "SealingKey", "open_sealed", "seal"]

PUBLIC_BYTES: Final = 1_184 + 32
WRAPPED_BYTES: Final = 1_120 + 32 + 16  # both encapsulations, the content key, its tag
MAX_RECIPIENTS: Final = 20
MAX_PLAIN_BYTES: Final = 1 << 20
BUCKET: Final = 4_096
KEY_WORD: Final = "pledgebook-seal-1"
_MAGIC: Final = b"pledgebook/sealed/v1\x00"
_THUMBPRINT: Final = b"pledgebook/sealing-key/v1\x00"
_PEM_END: Final = b"-----END ENCRYPTED PRIVATE KEY-----\n"
_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class Recipient:
    """The public key of one who may open a report."""

    public: bytes

    @property
    def thumbprint(self) -> bytes:
        """Its thumbprint (rule 1)."""
        return sha256(_THUMBPRINT + self.public).digest()

    def __str__(self) -> str:
        """Return the line by which it is handed over."""
        return f"{KEY_WORD} {base64.b64encode(self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Recipient:
        """Read such a line.

        Raises:
            MalformedError: code ``key-unsuitable``.
        """
        word, _, encoded = text.strip().partition(" ")
        try:
            public = base64.b64decode(encoded, validate=True)
            recipient = cls(public)
            recipient.key()
        except ValueError:
            raise MalformedError("key-unsuitable", "not the public key of a recipient") from None
        if word != KEY_WORD:
            raise MalformedError("key-unsuitable", f"the line does not begin with {KEY_WORD}")
        return recipient

    def key(self) -> MLKEM768X25519PublicKey:
        """Return the key that ``cryptography`` encrypts to.

        Raises:
            ValueError: it is none.
        """
        if len(self.public) != PUBLIC_BYTES:
            raise ValueError("wrong length")
        ml_kem = MLKEM768PublicKey.from_public_bytes(self.public[:1_184])
        return MLKEM768X25519PublicKey(
            ml_kem, X25519PublicKey.from_public_bytes(self.public[1_184:])
        )


class SealingKey:
    """A recipient's private key."""

    def __init__(self, ml_kem: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> None:
        self._ml_kem, self._x25519 = ml_kem, x25519
        publics = ml_kem.public_key().public_bytes_raw(), x25519.public_key().public_bytes_raw()
        self.recipient = Recipient(b"".join(publics))

    @classmethod
    def generate(cls) -> SealingKey:
        """Make a new key.

        Raises:
            LedgerError: code ``signer-unusable``; the backend lacks ML-KEM.
        """
        try:
            return cls(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())
        except UnsupportedAlgorithm as error:
            raise LedgerError("signer-unusable", f"no ML-KEM here: {error}") from None

    def save(self, path: Path, passphrase: str) -> None:
        """Write the key file (rule 5).

        Raises:
            LedgerError: code ``signer-unusable``.
        """
        if len(passphrase) < MIN_PASSPHRASE:
            reason = f"a passphrase has at least {MIN_PASSPHRASE} letters"
            raise LedgerError("signer-unusable", reason)
        pems = [
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(passphrase.encode()),
            )
            for key in (self._ml_kem, self._x25519)
        ]  # fmt: skip
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(b"".join(pems))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise LedgerError("signer-unusable", f"{path}: {error.strerror}") from None

    @classmethod
    def load(cls, path: Path, passphrase: str) -> SealingKey:
        """Read a key file.

        Raises:
            LedgerError: code ``signer-unusable``.
        """
        try:
            with path.open("rb") as file:
                first, end, second = file.read(MAX_KEY_FILE_BYTES).partition(_PEM_END)
            keys = [
                serialization.load_pem_private_key(pem, passphrase.encode())
                for pem in (first + end, second)
            ]
        except OSError as error:
            raise LedgerError("signer-unusable", f"{path}: {error.strerror}") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            keys = []
        match keys:
            case [MLKEM768PrivateKey() as ml_kem, X25519PrivateKey() as x25519]:
                return cls(ml_kem, x25519)
        reason = f"{path} is no key file for sealed reports, or the passphrase is another"
        raise LedgerError("signer-unusable", reason)

    def unwrap(self, wrapped: bytes, info: bytes) -> bytes | None:
        """Return the content key that was encrypted to this key; nothing if it was not."""
        try:
            return _SUITE.decrypt(wrapped, MLKEM768X25519PrivateKey(self._ml_kem, self._x25519),
                                  info)  # fmt: skip
        except (InvalidTag, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed report: its commitment, and the object that is stored beside the log."""

    root: bytes
    leaves: int
    stored: bytes
    recipients: tuple[bytes, ...]

    @property
    def name(self) -> bytes:
        """The name of the stored object."""
        return blob_name(self.stored)


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened report, checked against the commitment: its secret and its tree."""

    secret: bytes
    tree: FieldTree


def seal(report: Mapping[str, Any], recipients: Sequence[Recipient]) -> Sealed:
    """Seal a report to its recipients (rules 2 and 3).

    Raises:
        MalformedError: the report is outside the profile or too large, a recipient stands twice.
    """
    if not 1 <= len(set(recipients)) == len(recipients) <= MAX_RECIPIENTS:
        reason = f"1 to {MAX_RECIPIENTS} recipients, each once"
        raise MalformedError("sealed-malformed", reason)
    secret = os.urandom(SECRET_BYTES)
    tree = FieldTree(secret, fields_of(report))
    plain = _plain(secret, tree.fields)
    key, nonce = AESGCM.generate_key(256), os.urandom(12)
    bound = _bound(tree.root, tree.leaves)
    wrapped = [_SUITE.encrypt(key, recipient.key(), bound) for recipient in recipients]
    body = b"".join((_MAGIC, bytes([len(wrapped)]), *wrapped, nonce,
                     AESGCM(key).encrypt(nonce, plain, bound)))  # fmt: skip
    thumbprints = tuple(recipient.thumbprint for recipient in recipients)
    return Sealed(tree.root, tree.leaves, os.urandom(SALT_BYTES) + body, thumbprints)


def open_sealed(stored: bytes, key: SealingKey, *, name: bytes, root: bytes, leaves: int) -> Opened:
    """Open a sealed report and check it against its commitment (rule 4).

    Raises:
        FalseError: code ``blob-altered``: it is another object; ``disclosure-false``: what it holds
            is not what was committed to; ``sealed-closed``: it is not for this key.
        MalformedError: code ``sealed-malformed``.
    """
    body = content_of(name, stored)
    if not body.startswith(_MAGIC) or len(body) == len(_MAGIC):
        raise MalformedError("sealed-malformed", "this is no sealed report")
    count, at = body[len(_MAGIC)], len(_MAGIC) + 1
    end = at + count * WRAPPED_BYTES
    if not 1 <= count <= MAX_RECIPIENTS or len(body) < end + 12 + 16:
        raise MalformedError("sealed-malformed", "a sealed report that is cut short")
    bound = _bound(root, leaves)
    opened = (key.unwrap(body[i : i + WRAPPED_BYTES], bound) for i in range(at, end, WRAPPED_BYTES))
    content_key = next(filter(None, opened), None)
    if content_key is None:
        raise FalseError("sealed-closed", "it is sealed to other keys, or for another commitment")
    try:
        plain = AESGCM(content_key).decrypt(body[end : end + 12], body[end + 12 :], bound)
    except (InvalidTag, ValueError):
        raise FalseError("sealed-closed", "what is inside was changed") from None
    secret, fields = _read_plain(plain)
    require_all(secret, fields, root=root, leaves=leaves)
    return Opened(secret, FieldTree(secret, fields))


def _bound(root: bytes, leaves: int) -> bytes:
    return _MAGIC + root + leaves.to_bytes(2, "big")


def _plain(secret: bytes, fields: Mapping[str, bytes]) -> bytes:
    parts = [secret, len(fields).to_bytes(2, "big")]
    for path, value in fields.items():
        name = path.encode()
        parts += [len(name).to_bytes(2, "big"), name, len(value).to_bytes(4, "big"), value]
    plain = b"".join(parts)
    if len(plain) > MAX_PLAIN_BYTES:
        raise MalformedError("sealed-malformed", f"more than {MAX_PLAIN_BYTES} bytes")
    return plain.ljust(-(-len(plain) // BUCKET) * BUCKET, b"\0")


def _read_plain(plain: bytes) -> tuple[bytes, dict[str, bytes]]:
    """Read what ``_plain`` wrote; whatever else it is, it is refused."""
    fields: dict[str, bytes] = {}
    try:
        secret, at = plain[:SECRET_BYTES], SECRET_BYTES + 2
        for _ in range(int.from_bytes(plain[SECRET_BYTES:at], "big")):
            length = int.from_bytes(plain[at : at + 2], "big")
            path = plain[at + 2 : at + 2 + length].decode("utf-8")
            at += 2 + length
            length = int.from_bytes(plain[at : at + 4], "big")
            fields[path] = plain[at + 4 : at + 4 + length]
            at += 4 + length
        whole = _plain(secret, fields) == plain
    except UnicodeDecodeError:
        whole = False
    if not whole:
        raise MalformedError("sealed-malformed", "what was decrypted is no report")
    return secret, fields
