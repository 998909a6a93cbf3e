"""What SCITT clients look for beside the entries: the keys (draft SCRAPI).

Rules:

1. ``POST /entries`` with ``application/cose`` registers a signed statement, ``GET /entries/{id}``
   gives a fresh receipt; both are the ordinary resources (``entries.py``). An append is answered
   when it is durable, so nothing is ever «running»: neither 202 nor 303 is used.
2. ``/.well-known/scitt-keys`` gives the receipt key as a COSE_KeySet, and the key alone by its
   thumbprint in base64url. It is the genesis's; who checks a log takes it from there.
3. Problems are told in CBOR where JSON is not accepted (``concise.py``).
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from typing import Final

from aiohttp import web

from ledger.errors import LedgerError
from ledger.http.entries import IMMUTABLE, LEDGER, MEDIA_SHARED
from ledger.http.openapi import Answer, Parameter, Route
from ledger.intake import read_item
from verifier.event import cose_bytes
from verifier.receipt import p256_thumbprint
from verifier.rules.authority.genesis import LedgerOpened

__all__ = ["ROUTES"]

MEDIA_CBOR: Final = "application/cbor"
KID_CHARS: Final = 43  # 32 bytes in base64url without padding

_HEADERS: Final = {"Content-Type": MEDIA_CBOR, "Cache-Control": IMMUTABLE} | MEDIA_SHARED


async def keys(request: web.Request) -> web.StreamResponse:
    """Give the receipt key as a set of one."""
    return web.Response(body=b"\x81" + _cose_key(_point(request)), headers=_HEADERS)


async def key(request: web.Request) -> web.StreamResponse:
    """Give the receipt key by its thumbprint."""
    point, text = _point(request), request.match_info["kid"]
    try:
        kid = urlsafe_b64decode(text + "=") if len(text) == KID_CHARS else b""
    except (Base64Error, ValueError):
        kid = b""
    if kid != p256_thumbprint(point):
        raise LedgerError("entry-absent", f"there is no key {text[:80]!r}")
    return web.Response(body=_cose_key(point), headers=_HEADERS)


def _point(request: web.Request) -> bytes:
    genesis = read_item(request.app[LEDGER].event_at(0)).body
    point = genesis.log_keys.receipt_p256 if isinstance(genesis, LedgerOpened) else None
    if point is None:
        raise LedgerError("receipt-absent", "the genesis of this log names no receipt key")
    return point


def _cose_key(point: bytes) -> bytes:
    """Return a COSE_Key (RFC 9052 §7) of a point of P-256, with its thumbprint as kid."""
    return b"".join(
        (b"\xa6\x01\x02\x02", cose_bytes(p256_thumbprint(point)), b"\x03\x26\x20\x01\x21",
         cose_bytes(point[1:33]), b"\x22", cose_bytes(point[33:]))
    )  # fmt: skip


ROUTES: Final = (
    Route(
        method="GET", path="/.well-known/scitt-keys", name="scittKeys", handler=keys,
        summary="The key of COSE receipts, as a COSE_KeySet (SCITT).",
        answers=(Answer(200, "The keys.", ((MEDIA_CBOR, ()),)),),
    ),
    Route(
        method="GET", path="/.well-known/scitt-keys/{kid}", name="scittKey", handler=key,
        summary="A key of COSE receipts, as a COSE_Key (SCITT).",
        parameters=(Parameter("kid", "The key's COSE thumbprint in base64url."),),
        answers=(Answer(200, "The key.", ((MEDIA_CBOR, ()),)),),
    ),
)  # fmt: skip
