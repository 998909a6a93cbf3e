"""What goes over the wire: media types, ceilings, framing, and the shape of every JSON answer.

Rules:

1. One event travels as ``application/cose``, exactly the bytes that were signed.
2. Several travel as ``application/vnd.pledgebook.entries``: for each its length as uint16be and
   its bytes, nothing after the last; 1 to 1,000 events, at most 8 MiB. It is the framing of C2SP
   entry bundles, so one reader serves both.
3. A receipt is a ``.tlog-proof`` (C2SP) with the entry as ``extra``: it stands on its own. A COSE
   receipt (RFC 9942) says less and is read by more software; ``application/cose`` asks for it.
4. In JSON an event id is 64 hex digits, as in paths; other bytes are standard base64, as in proof
   files. A checkpoint is its text. A member that would be empty is left out.
5. A reader ignores members that it does not know: replies may grow, they never change meaning.

Server, client and the OpenAPI document share these definitions.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from ledger.errors import LedgerError
from verifier.proof import HEADER
from verifier.rules.ahead import Step
from verifier.rules.book import Unmet
from verifier.tiles import MAX_ENTRY_BYTES

__all__ = [
    "MAX_BATCH_BYTES",
    "MAX_BATCH_EVENTS",
    "MAX_PAGE",
    "MEDIA_BATCH",
    "MEDIA_EVENT",
    "MEDIA_JSON",
    "MEDIA_PROBLEM",
    "MEDIA_PROOF",
    "MEDIA_RECEIPT",
    "BatchReply",
    "DryRun",
    "EntryReply",
    "Health",
    "Listed",
    "OpenCases",
    "Page",
    "Problem",
    "Receipt",
    "ReceiptSignature",
    "Result",
    "StreamHead",
    "StreamPage",
    "SubjectReply",
    "decode_batch",
    "encode_batch",
    "encode_json",
    "format_receipt",
]

MEDIA_EVENT: Final = "application/cose"
MEDIA_RECEIPT: Final = "application/cose"  # RFC 9942; events are of the same type
MEDIA_BATCH: Final = "application/vnd.pledgebook.entries"
MEDIA_JSON: Final = "application/json"
MEDIA_PROBLEM: Final = "application/problem+json"  # RFC 9457
MEDIA_PROOF: Final = "text/plain; charset=utf-8"  # C2SP names no type of its own

MAX_BATCH_EVENTS: Final = 1_000  # one commit group; more would only raise everyone's latency
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024  # 1,000 events of 8 KB; few are larger than 1 KB
MAX_PAGE: Final = 256  # entries in one page of a listing: as many as in a bundle

HexId = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
"""An event id or ledger id in hex."""

Path = tuple[Annotated[bytes, Meta(min_length=32, max_length=32)], ...]
"""An inclusion path: the leaf's sibling first, each hash 32 bytes."""


class StreamHead(msgspec.Struct, frozen=True):
    """The last event of a stream: continue it with ``seq + 1`` and this id as ``prev``."""

    seq: Annotated[int, Meta(ge=0)]
    id: HexId


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error (RFC 9457): ``code`` is stable, ``detail`` is what happened, ``hint`` what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str = ""
    unmet: tuple[Unmet, ...] = ()
    """Every condition that is not met, when the rules refused."""
    head: StreamHead | None = None
    """The present head of the event's stream, when the rules refused."""
    retry_after_s: int | None = None
    refusal: bytes | None = None
    """The refusal, signed by the ledger, with the event in it: evidence, should it be wrong."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event is on record at ``index``; ``proof`` leads from it to the root of ``checkpoint``."""

    index: int
    event_id: HexId
    checkpoint: str
    proof: Path
    duplicate: bool = False
    """It was on record before this submission."""
    event: bytes | None = None
    """What is on record, where it differs from the bytes sent: another signature over the same."""
    cose: bytes | None = None
    """The COSE receipt (RFC 9942), where the log makes them: not of a log of one entry."""


class ReceiptSignature(msgspec.Struct, frozen=True, kw_only=True):
    """What the COSE receipts of one reply share; with index, size and path it makes each."""

    size: int
    protected: bytes
    """The protected header."""
    signature: bytes
    """ES256 over the root at this size."""


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event of a batch: a place in the log, or a problem."""

    status: int
    """201 recorded, 200 on record before, otherwise that of the problem."""
    index: int | None = None
    event_id: HexId | None = None
    proof: Path | None = None
    event: bytes | None = None
    """As in a receipt."""
    problem: Problem | None = None


class BatchReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One result per event, in the order sent; one checkpoint covers all that are on record."""

    results: tuple[Result, ...]
    checkpoint: str | None = None
    receipts: ReceiptSignature | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry in a listing; ``event`` are its bytes, the rest is read from them."""

    index: int
    event_id: HexId
    stream: str
    seq: int
    type: str
    author: str
    signed_at: int
    """The author's claim, seconds since 1970."""
    event: bytes


class EntryReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry with its proof; ``payload`` shows byte strings in base64 and is for reading only."""

    entry: Listed
    payload: dict[str, Any]
    checkpoint: str
    proof: Path


class Page(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Entries about one subject, in log order."""

    entries: tuple[Listed, ...]
    next_after: int | None = None
    """Ask with ``after`` = this for what follows; absent at the end."""


class StreamPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stream: its head, and its events from a position on."""

    stream: str
    head: StreamHead
    entries: tuple[Listed, ...]
    next_seq: int | None = None
    """Ask with ``start`` = this for what follows; absent at the end."""


class SubjectReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A subject: the heads of its streams, and what may happen next."""

    subject: str
    size: int
    """The number of entries of the log at which this was read."""
    heads: dict[str, StreamHead]
    ahead: tuple[Step, ...]
    """What may happen next: by whom, from when, and what still stands against it."""


class OpenCases(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of the subjects that have an open removal case, by their ids."""

    subjects: tuple[str, ...]
    next_after: str | None = None
    """Ask with ``after`` = this for what follows; absent at the end."""


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an event would be admitted now; nothing is recorded."""

    admissible: bool
    unmet: tuple[Unmet, ...]


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state of the service."""

    status: str
    size: int
    ledger_id: str = ""
    reason: str = ""


encode_json = msgspec.json.Encoder().encode


def encode_batch(events: Sequence[bytes]) -> bytes:
    """Return the batch form (rule 2) of events.

    Raises:
        LedgerError: code ``T-too-large``.
    """
    if not 1 <= len(events) <= MAX_BATCH_EVENTS:
        raise LedgerError("T-too-large", f"a batch has 1 to {MAX_BATCH_EVENTS} events")
    if any(len(event) > MAX_ENTRY_BYTES for event in events):
        raise LedgerError("T-too-large", f"an event has more than {MAX_ENTRY_BYTES} bytes")
    data = b"".join(part for event in events for part in (len(event).to_bytes(2, "big"), event))
    if len(data) > MAX_BATCH_BYTES:
        raise LedgerError("T-too-large", f"{len(data)} bytes; {MAX_BATCH_BYTES} allowed")
    return data


def decode_batch(data: bytes) -> list[bytes]:
    """Return the events of a batch, in order; their bytes are not looked at.

    Raises:
        LedgerError: code ``T-batch``, cut short or without an event; or ``T-too-large``.
    """
    events: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        stop = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if stop > end or at + 2 > end:
            raise LedgerError("T-batch", f"event {len(events)} is cut short")
        events.append(data[at + 2 : stop])
        at = stop
        if len(events) > MAX_BATCH_EVENTS:
            raise LedgerError("T-too-large", f"more than {MAX_BATCH_EVENTS} events")
    if not events:
        raise LedgerError("T-batch", "there is no event in it")
    return events


_HEAD: Final = HEADER.encode() + b"\nextra "


def format_receipt(event: bytes, index: int, path: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Write a receipt (rule 3); byte for byte what ``verifier.proof.format_proof`` writes.

    This is on the path of every single append, so it takes no detour over text.
    """
    return b"".join(
        (_HEAD, b2a_base64(event), b"index %d\n" % index, *map(b2a_base64, path), b"\n", checkpoint)
    )
