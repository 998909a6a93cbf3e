"""Problems as concise problem details (RFC 9290), for those who speak CBOR and not JSON.

1. Standard entries: -1 title, -2 detail, -4 status. Everything else stands in one custom entry,
   ``urn:pledgebook:problem``, with the members of the JSON form (``wire.Problem``).
2. It is told to a client that accepts COSE or CBOR and says nothing of JSON.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from aiohttp import web

from ledger.http.wire import MEDIA_RECEIPT, Problem
from verifier.event import cose_array, cose_bytes, cose_map, cose_text, cose_uint

__all__ = ["MEDIA_CONCISE", "concise", "speaks_cbor"]

MEDIA_CONCISE: Final = "application/concise-problem-details+cbor"
CUSTOM: Final = "urn:pledgebook:problem"


def speaks_cbor(request: web.Request) -> bool:
    """Say whether a client wants its problems this way (rule 2)."""
    accept = request.headers.get("Accept", "")
    return "json" not in accept and (MEDIA_RECEIPT in accept or "cbor" in accept)


def concise(problem: Problem) -> bytes:
    """Return a problem as concise problem details (rule 1)."""
    told = msgspec.to_builtins(problem, builtin_types=(bytes,))
    own = {name: told[name] for name in told if name not in ("title", "detail", "status")}
    return b"".join(
        (cose_map(4), b"\x20", cose_text(problem.title), b"\x21", cose_text(problem.detail),
         b"\x23", cose_uint(problem.status), cose_text(CUSTOM), _cbor(own))
    )  # fmt: skip


def _cbor(value: Any) -> bytes:
    """Encode what a problem is made of."""
    if isinstance(value, dict):
        parts = [_cbor(key) + _cbor(item) for key, item in value.items()]
        return cose_map(len(parts)) + b"".join(sorted(parts))
    if isinstance(value, list | tuple):
        return cose_array(len(value)) + b"".join(map(_cbor, value))
    if isinstance(value, bytes):
        return cose_bytes(value)
    return cose_uint(value) if isinstance(value, int) else cose_text(str(value))
