"""Time-stamp tokens of RFC 3161: asked for, and checked by the authorities that an auditor trusts.

1. What is stamped is the text of a checkpoint, its three lines, by their SHA-256: so anyone can
   check a token with ``openssl ts -verify -data``.
2. An authority counts only by a certificate in the file of the person who checks. Certificates
   that come with a token prove nothing by themselves.
3. ``rfc3161-client`` does the work and is used nowhere else. It is an extra of this distribution
   (``timestamps``); without it a token is reported as unchecked, never as true and never as false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verifier.errors import FalseError, PolicyError, UndecidedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["Authorities", "Query", "Stamp", "parse_authorities"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says: when, and which trusted certificates it was checked by."""

    time: int
    """Seconds since 1970, cut to the second."""
    by: str


@dataclass(frozen=True, slots=True)
class Authorities:
    """The certificates of time-stamping authorities that an auditor trusts."""

    roots: Sequence[Certificate]
    others: Sequence[Certificate]
    """Of the same file, not self-signed: intermediates, and authorities' own."""

    def check(self, token: bytes, message: bytes) -> Stamp:
        """Return what a token says of a message.

        Raises:
            FalseError: code ``token-false``; one of these authorities stamped something else.
            UndecidedError: code ``token-unknown``; none of them made it. Code
                ``timestamps-missing``; the extra is not installed.
        """
        client = _client()
        try:
            response = client.decode_timestamp_response(token)
            verifier = client.VerifierBuilder(
                roots=[*self.roots], intermediates=[*self.others]
            ).build()
            imprint = response.tst_info.message_imprint
            verifier.verify(response, imprint.message)
            stamp = Stamp(int(response.tst_info.gen_time.timestamp()), _signer(response))
        except (client.VerificationError, ValueError) as error:
            raise UndecidedError("token-unknown", str(error) or "no such authority") from None
        try:
            verifier.verify_message(response, message)
        except client.VerificationError:
            raise FalseError("token-false", f"{stamp.by} stamped something else") from None
        return stamp


def _signer(response: Any) -> str:
    """Return the name of the authority whose certificate signed; it was verified before."""
    from cryptography import x509

    signed = response.signed_data
    (one,) = signed.signer_infos
    certificates = map(x509.load_der_x509_certificate, signed.certificates)
    leaf = next(
        found
        for found in certificates
        if (found.issuer, found.serial_number) == (one.issuer, one.serial_number)
    )
    names = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else leaf.subject.rfc4514_string()


def parse_authorities(pem: bytes) -> Authorities:
    """Read the certificates of authorities from a file in PEM.

    Raises:
        PolicyError: code ``policy-malformed``; none is in it, or no root.
    """
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise PolicyError("policy-malformed", f"no certificates in PEM: {error}") from None
    roots = [certificate for certificate in found if certificate.issuer == certificate.subject]
    if not roots:
        raise PolicyError("policy-malformed", "no root certificate of a time-stamping authority")
    return Authorities(roots, [certificate for certificate in found if certificate not in roots])


class Query:
    """A request to an authority to stamp a message (rule 1), and what answers it.

    Raises:
        UndecidedError: code ``timestamps-missing``.
    """

    def __init__(self, message: bytes) -> None:
        client = _client()
        builder = client.TimestampRequestBuilder().data(message).cert_request(cert_request=True)
        self._request = builder.hash_algorithm(client.HashAlgorithm.SHA256).build()
        self.der = bytes(self._request.as_bytes())

    def require_answer(self, token: bytes) -> None:
        """Require that a token answers this request; who made it is not asked here.

        Raises:
            FalseError: code ``token-false``.
        """
        client = _client()
        try:
            response = client.decode_timestamp_response(token)
            info = response.tst_info
        except ValueError as error:
            raise FalseError("token-false", f"it is no time stamp: {error}") from None
        asked = self._request.message_imprint
        same = (info.message_imprint.hash_algorithm, info.message_imprint.message, info.nonce) == (
            asked.hash_algorithm, asked.message, self._request.nonce,
        )  # fmt: skip
        if client.PKIStatus(response.status) != client.PKIStatus.GRANTED or not same:
            raise FalseError("token-false", "it does not answer what was asked")


def _client() -> Any:
    try:
        import rfc3161_client
    except ImportError:
        raise UndecidedError(
            "timestamps-missing", "rfc3161-client is not installed here",
            hint="pip install 'pledgebook-verifier[timestamps]'",
        ) from None  # fmt: skip
    return rfc3161_client
