"""The log's private keys behind a port of three methods; first a file with an encrypted key.

Rules:

1. A signer signs bytes and says which public key it is. It never decides what is signed: that is
   the publisher's, after the signing state is durable.
2. A key file is PKCS#8 in PEM, encrypted with the passphrase (PBES2, as ``cryptography`` makes
   it). There is no unencrypted form. It is made with mode 0600 and never overwritten.
3. The passphrase comes from ``PLEDGEBOOK_PASSPHRASE`` or a file, and is not kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.errors import LedgerError
from verifier.rules.authority.genesis import LogKeys

__all__ = [
    "CHECKPOINT_KEY",
    "ML_DSA_KEY",
    "RECEIPT_KEY",
    "REFUSAL_KEY",
    "SERVICE_KEY",
    "FileSigner",
    "MlDsaFileSigner",
    "P256FileSigner",
    "Signer",
    "Signers",
    "es256",
    "load_signers",
    "ml_dsa_supported",
    "read_passphrase",
]

CHECKPOINT_KEY: Final = "checkpoint.key"
ML_DSA_KEY: Final = "checkpoint-ml-dsa-44.key"
SERVICE_KEY: Final = "service.key"
RECEIPT_KEY: Final = "receipt-p256.key"
REFUSAL_KEY: Final = "refusal.key"
PASSPHRASE_VARIABLE: Final = "PLEDGEBOOK_PASSPHRASE"  # noqa: S105 - its name, not its value
MIN_PASSPHRASE: Final = 8  # characters; a floor against the empty and the accidental
MAX_KEY_FILE_BYTES: Final = 64 * 1024


class Signer(Protocol):
    """A private key in use, wherever it is kept."""

    def public_key(self) -> bytes:
        """Return the raw public key."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature over *data*; safe to call from any thread."""
        ...

    def describe(self) -> str:
        """Say in a few words what signs and where the key is kept; never a secret."""
        ...


@dataclass(frozen=True, slots=True)
class Signers:
    """The log's own keys, one purpose each: Ed25519 always, the others where there are any."""

    checkpoint: Signer
    ml_dsa: Signer | None = None
    receipt: Signer | None = None
    """ES256, for COSE receipts."""
    refusal: Signer | None = None
    """Ed25519, for refusals."""
    service: Signer | None = None
    """The key of the service's own actor, which signs the log's upkeep."""

    def lacking(self, keys: LogKeys) -> set[str]:
        """Name the purposes for which a genesis names a key that is not held here."""
        pairs = {
            "checkpoint": (keys.checkpoint, self.checkpoint),
            "ML-DSA": (keys.checkpoint_ml_dsa_44, self.ml_dsa),
            "receipt": (keys.receipt_p256, self.receipt),
            "refusal": (keys.refusal, self.refusal),
        }
        return {purpose for purpose, (named, held) in pairs.items()
                if named and (held is None or held.public_key() != named)}  # fmt: skip

    def require(self, keys: LogKeys) -> None:
        """Require every key that a genesis names, but for ML-DSA: not every machine can.

        Raises:
            LedgerError: code ``signer-unusable``.
        """
        lacking = sorted(self.lacking(keys) - {"ML-DSA"})
        if lacking:
            reason = f"the genesis names another {lacking[0]} key"
            raise LedgerError("signer-unusable", reason)


class FileSigner:
    """An Ed25519 key from an encrypted file."""

    def __init__(self, key: Ed25519PrivateKey, *, where: str) -> None:
        self._key = key
        self._where = where
        self._public = key.public_key().public_bytes_raw()

    @classmethod
    def create(cls, path: Path, passphrase: str) -> FileSigner:
        """Make a new key and write its file (rule 2).

        Raises:
            LedgerError: code ``signer-unusable``; the file exists or cannot be written, or the
                passphrase is too short.
        """
        key = Ed25519PrivateKey.generate()
        _write(path, key, passphrase)
        return cls(key, where=str(path))

    @classmethod
    def load(cls, path: Path, passphrase: str) -> FileSigner:
        """Read a key file.

        Raises:
            LedgerError: code ``signer-unusable``.
        """
        key = _read(path, passphrase)
        if not isinstance(key, Ed25519PrivateKey):
            raise LedgerError("signer-unusable", f"{path} does not hold an Ed25519 key")
        return cls(key, where=str(path))

    def public_key(self) -> bytes:
        """Return the raw public key, 32 bytes."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """Return the Ed25519 signature, 64 bytes."""
        return self._key.sign(data)

    def describe(self) -> str:
        """Say what signs and where the key is kept."""
        return f"Ed25519 key in {self._where}"


class MlDsaFileSigner:
    """An ML-DSA-44 key from an encrypted file."""

    def __init__(self, key: MLDSA44PrivateKey, *, where: str) -> None:
        self._key = key
        self._where = where
        self._public = key.public_key().public_bytes_raw()

    @classmethod
    def create(cls, path: Path, passphrase: str) -> MlDsaFileSigner:
        """Make a new key and write its file (rule 2).

        Raises:
            LedgerError: code ``signer-unusable``, also where the backend lacks ML-DSA.
        """
        try:
            key = MLDSA44PrivateKey.generate()
        except UnsupportedAlgorithm as error:
            raise LedgerError("signer-unusable", f"no ML-DSA here: {error}") from None
        _write(path, key, passphrase)
        return cls(key, where=str(path))

    @classmethod
    def load(cls, path: Path, passphrase: str) -> MlDsaFileSigner:
        """Read a key file.

        Raises:
            LedgerError: code ``signer-unusable``.
        """
        key = _read(path, passphrase)
        if not isinstance(key, MLDSA44PrivateKey):
            raise LedgerError("signer-unusable", f"{path} does not hold an ML-DSA-44 key")
        return cls(key, where=str(path))

    def public_key(self) -> bytes:
        """Return the raw public key, 1,312 bytes."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """Return the ML-DSA-44 signature with an empty context, 2,420 bytes."""
        return self._key.sign(data)

    def describe(self) -> str:
        """Say what signs and where the key is kept."""
        return f"ML-DSA-44 key in {self._where}"


class P256FileSigner:
    """A P-256 key from an encrypted file; signs as ES256 (RFC 9053 §2.1)."""

    def __init__(self, key: EllipticCurvePrivateKey, *, where: str) -> None:
        self._key = key
        self._where = where
        self._public = key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    @classmethod
    def create(cls, path: Path, passphrase: str) -> P256FileSigner:
        """Make a new key and write its file (rule 2).

        Raises:
            LedgerError: code ``signer-unusable``.
        """
        key = generate_private_key(SECP256R1())
        _write(path, key, passphrase)
        return cls(key, where=str(path))

    @classmethod
    def load(cls, path: Path, passphrase: str) -> P256FileSigner:
        """Read a key file.

        Raises:
            LedgerError: code ``signer-unusable``.
        """
        key = _read(path, passphrase)
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise LedgerError("signer-unusable", f"{path} does not hold a P-256 key")
        return cls(key, where=str(path))

    def public_key(self) -> bytes:
        """Return the uncompressed point, 65 bytes."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """Return the ES256 signature: r and s, 64 bytes."""
        return es256(self._key, data)

    def describe(self) -> str:
        """Say what signs and where the key is kept."""
        return f"P-256 key in {self._where}"


def es256(key: EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Sign as ES256: with the nonce of RFC 6979, so that no signature hangs on a random source."""
    r, s = decode_dss_signature(key.sign(data, ECDSA(SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def ml_dsa_supported() -> bool:
    """Tell whether the installed backend makes ML-DSA keys."""
    from cryptography.hazmat.backends.openssl.backend import backend

    return bool(backend.mldsa_supported())


def load_signers(folder: Path, passphrase: str) -> Signers:
    """Load the log's keys from the folder ``keys``.

    Raises:
        LedgerError: code ``signer-unusable``.
    """
    names = (ML_DSA_KEY, RECEIPT_KEY, REFUSAL_KEY, SERVICE_KEY)
    ml_dsa, receipt, refusal, service = (folder / name for name in names)
    return Signers(
        checkpoint=FileSigner.load(folder / CHECKPOINT_KEY, passphrase),
        ml_dsa=MlDsaFileSigner.load(ml_dsa, passphrase) if ml_dsa.exists() else None,
        receipt=P256FileSigner.load(receipt, passphrase) if receipt.exists() else None,
        refusal=FileSigner.load(refusal, passphrase) if refusal.exists() else None,
        service=FileSigner.load(service, passphrase) if service.exists() else None,
    )


def read_passphrase(file: Path | None, environ: Mapping[str, str] | None = None) -> str:
    """Return the passphrase of the key files (rule 3).

    Raises:
        LedgerError: code ``signer-unusable``; there is none.
    """
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise LedgerError("signer-unusable", f"passphrase file {file}: {error}") from None
    text = (os.environ if environ is None else environ).get(PASSPHRASE_VARIABLE, "")
    if not text:
        raise LedgerError("signer-unusable", f"{PASSPHRASE_VARIABLE} is not set")
    return text


def _write(
    path: Path, key: Ed25519PrivateKey | MLDSA44PrivateKey | EllipticCurvePrivateKey,
    passphrase: str,
) -> None:  # fmt: skip
    if len(passphrase) < MIN_PASSPHRASE:
        raise LedgerError("signer-unusable", f"a passphrase has at least {MIN_PASSPHRASE} letters")
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise LedgerError("signer-unusable", f"{path}: {error.strerror}") from None


def _read(path: Path, passphrase: str) -> object:
    try:
        with path.open("rb") as file:
            pem = file.read(MAX_KEY_FILE_BYTES)
    except OSError as error:
        raise LedgerError("signer-unusable", f"{path}: {error.strerror}") from None
    try:
        return serialization.load_pem_private_key(pem, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = f"{path} is no encrypted key file, or the passphrase is another"
        raise LedgerError("signer-unusable", reason) from None
