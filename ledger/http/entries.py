"""Appending events and reading them back with their proofs.

Rules:

1. ``POST /entries`` answers when the events are durable, never before; the reply carries the
   receipt. One event: 201 and the receipt, 200 when it was on record already, or one problem.
   A batch: 200 and one result for each event, whatever became of them.
2. The receipt is the text of a ``.tlog-proof``. Who accepts ``application/cose`` gets the COSE
   receipt, where the log makes them; who accepts ``application/json`` gets both.
3. Whatever the log says about an event is read from committed data.
4. Listings come in pages, bounded in number and in bytes.

The handler of single appends is the hottest code of the service: its replies are written in one
piece (``quick.py``), and a body that came with its headers is taken without a timer.
"""

from __future__ import annotations

import re
from binascii import hexlify
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Final

from aiohttp import web

from ledger.application import Accepted, Ledger, Outcome, Reply
from ledger.errors import LedgerError
from ledger.http import wire
from ledger.http.bodies import CEILINGS, Bodies, require_media
from ledger.http.openapi import Answer, Parameter, Route
from ledger.http.problems import SERVER, problem_of, problem_response
from ledger.http.quick import Head, QuickReply, is_quick
from ledger.http.wire import MEDIA_BATCH, MEDIA_EVENT, MEDIA_JSON, MEDIA_PROOF, MEDIA_RECEIPT
from verifier import encoding
from verifier.event import Event, is_stream_id, parse

__all__ = ["BODIES", "IMMUTABLE", "LEDGER", "MEDIA_SHARED", "ROUTES"]

LEDGER: Final = web.AppKey("ledger", Ledger)
BODIES: Final = web.AppKey("bodies", Bodies)

MAX_PAGE_BYTES: Final = 4 * 1024 * 1024  # of events in one page, before base64
IMMUTABLE: Final = "public, max-age=31536000, immutable"
FRESH: Final = "no-cache"  # proofs and heads change as the log grows

MEDIA_SHARED: Final = {
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    "Server": SERVER,
}
_RECEIPT_HEADERS: Final = {"Content-Type": MEDIA_PROOF, "Cache-Control": "no-store"} | MEDIA_SHARED
_CREATED: Final = Head("201 Created", _RECEIPT_HEADERS)
_KNOWN: Final = Head("200 OK", _RECEIPT_HEADERS)
_JSON_HEADERS: Final = {"Content-Type": MEDIA_JSON, "Cache-Control": FRESH} | MEDIA_SHARED
_PROOF_HEADERS: Final = {"Content-Type": MEDIA_PROOF, "Cache-Control": FRESH} | MEDIA_SHARED
_COSE_HEADERS: Final = {"Content-Type": MEDIA_RECEIPT, "Cache-Control": FRESH} | MEDIA_SHARED
_EVENT_HEADERS: Final = {"Content-Type": MEDIA_EVENT, "Cache-Control": IMMUTABLE} | MEDIA_SHARED

_ID: Final = re.compile(r"[0-9a-f]{64}\Z")
_NUMBER: Final = re.compile(r"(?:0|[1-9][0-9]{0,15})\Z")


async def append(request: web.Request) -> web.StreamResponse:
    """Append one event or a batch (rule 1)."""
    try:
        media = require_media(request, CEILINGS)
    except LedgerError as error:
        return problem_response(error, close=True)
    app = request.app
    body = await app[BODIES].read(request, CEILINGS[media])
    if not isinstance(body, bytes):
        return body
    if media == MEDIA_EVENT:
        reply = await app[LEDGER].submit((body,))
        return _receipt(request, body, reply)
    raws = wire.decode_batch(body)
    reply = await app[LEDGER].submit(raws)
    results = tuple(
        _result(raw, outcome) for raw, outcome in zip(raws, reply.outcomes, strict=True)
    )
    checkpoint = None if reply.checkpoint is None else reply.checkpoint.decode()
    root = reply.root and wire.ReceiptSignature(**reply.root._asdict())
    return _json(wire.BatchReply(results=results, checkpoint=checkpoint, receipts=root))


def _receipt(request: web.Request, raw: bytes, reply: Reply) -> web.StreamResponse:
    """Answer a single append."""
    outcome = reply.outcomes[0]
    if not isinstance(outcome, Accepted):
        return problem_response(outcome)
    event, accept = outcome.event, request.headers.get("Accept", "")
    if MEDIA_JSON in accept:
        headers, body = _JSON_HEADERS.copy(), _both_receipts(raw, outcome, reply)
    elif MEDIA_RECEIPT in accept and reply.root is not None:
        headers = _COSE_HEADERS.copy()
        body = reply.root.receipt(outcome.index, outcome.proof)
    else:
        checkpoint = reply.checkpoint or b""
        body = wire.format_receipt(event.raw, outcome.index, outcome.proof, checkpoint)
        if is_quick(request):
            head = _KNOWN if outcome.duplicate else _CREATED
            return QuickReply(head, b"\r\nLocation: entries/%b" % hexlify(event.id), body)
        headers = _RECEIPT_HEADERS.copy()
    headers["Location"] = "entries/" + event.id.hex()  # relative: a proxy may add a prefix
    return web.Response(body=body, status=200 if outcome.duplicate else 201, headers=headers)


def _both_receipts(raw: bytes, outcome: Accepted, reply: Reply) -> bytes:
    """Return both receipts of a single append, in JSON."""
    event, root = outcome.event, reply.root
    return wire.encode_json(
        wire.Receipt(
            index=outcome.index,
            event_id=event.id.hex(),
            checkpoint=(reply.checkpoint or b"").decode(),
            proof=outcome.proof,
            duplicate=outcome.duplicate,
            event=None if event.raw == raw else event.raw,
            cose=None if root is None else root.receipt(outcome.index, outcome.proof),
        )
    )


def _result(raw: bytes, outcome: Outcome) -> wire.Result:
    if not isinstance(outcome, Accepted):
        return wire.Result(status=outcome.status, problem=problem_of(outcome))
    event = outcome.event
    return wire.Result(
        status=200 if outcome.duplicate else 201,
        index=outcome.index,
        event_id=event.id.hex(),
        proof=outcome.proof,
        event=None if event.raw == raw else event.raw,
    )


async def dry_run(request: web.Request) -> web.StreamResponse:
    """Say what stands against an event; the same code as admission, and nothing is recorded."""
    try:
        require_media(request, (MEDIA_EVENT,))
    except LedgerError as error:
        return problem_response(error, close=True)
    body = await request.app[BODIES].read(request, CEILINGS[MEDIA_EVENT])
    if not isinstance(body, bytes):
        return body
    unmet = request.app[LEDGER].dry_run(body)
    return _json(wire.DryRun(admissible=not unmet, unmet=unmet))


async def entry(request: web.Request) -> web.StreamResponse:
    """Give an entry with its inclusion proof."""
    ledger = request.app[LEDGER]
    index, raw = _find(ledger, request.match_info["entry"])
    if MEDIA_RECEIPT in request.headers.get("Accept", ""):
        return _cose_receipt(ledger, index)
    size, checkpoint = _covering(ledger, index)
    path = ledger.inclusion(index, size)
    if "text/plain" in request.headers.get("Accept", ""):
        body = wire.format_receipt(raw, index, path, checkpoint)
        return web.Response(body=body, headers=_PROOF_HEADERS)
    event = parse(raw)
    return _json(
        wire.EntryReply(
            entry=_listed(index, event),
            payload=encoding.decode(event.payload),
            checkpoint=checkpoint.decode(),
            proof=path,
        )
    )


def _cose_receipt(ledger: Ledger, index: int) -> web.Response:
    signed = ledger.newest
    if signed is None or signed.root is None:
        raise LedgerError("receipt-absent", "this log makes no COSE receipt at its present size")
    if index >= signed.size:  # committed, and its tree is being signed at this moment
        raise LedgerError("T-busy", f"the tree over entry {index} is being signed")
    body = signed.root.receipt(index, ledger.inclusion(index, signed.size))
    return web.Response(body=body, headers=_COSE_HEADERS)


async def event(request: web.Request) -> web.StreamResponse:
    """Give the bytes of an event, as they were signed."""
    _, raw = _find(request.app[LEDGER], request.match_info["entry"])
    return web.Response(body=raw, headers=_EVENT_HEADERS)


async def stream(request: web.Request) -> web.StreamResponse:
    """Give a stream's head and a page of its events."""
    ledger, name = request.app[LEDGER], request.match_info["stream"]
    head = ledger.head(name) if is_stream_id(name) else None
    if head is None:
        raise LedgerError("entry-absent", f"there is no stream {name[:128]!r}")
    start, limit = _number(request, "start", 0), min(_number(request, "limit", 100), wire.MAX_PAGE)
    entries = _page(ledger.stream(name, start, limit) if limit else ())
    following = entries[-1].seq + 1 if entries else None
    return _json(
        wire.StreamPage(
            stream=name,
            head=wire.StreamHead(head.seq, head.id.hex()),
            entries=entries,
            next_seq=following if following is not None and following <= head.seq else None,
        )
    )


async def subject(request: web.Request) -> web.StreamResponse:
    """Give the heads of a subject's streams, and what may happen next."""
    ledger, name = request.app[LEDGER], request.match_info["subject"]
    heads = ledger.heads(name)
    if not heads:
        raise LedgerError("entry-absent", f"nothing is on record about {name[:128]!r}")
    return _json(
        wire.SubjectReply(
            subject=name,
            size=ledger.size,
            heads={s: wire.StreamHead(head.seq, head.id.hex()) for s, head in heads.items()},
            ahead=tuple(ledger.ahead(name, _day(request))),
        )
    )


async def open_cases(request: web.Request) -> web.StreamResponse:
    """Give a page of the subjects that have an open removal case."""
    limit = min(max(_number(request, "limit", 100), 1), wire.MAX_PAGE)
    found = request.app[LEDGER].open_cases(request.query.get("after", ""), limit + 1)
    page = tuple(found[:limit])
    more = len(found) > limit
    return _json(wire.OpenCases(subjects=page, next_after=page[-1] if more else None))


async def subject_entries(request: web.Request) -> web.StreamResponse:
    """Give a page of everything recorded about a subject."""
    ledger, name = request.app[LEDGER], request.match_info["subject"]
    limit = min(max(_number(request, "limit", 100), 1), wire.MAX_PAGE)
    rows = ledger.subject_events(name, _number(request, "after", -1), limit + 1)
    entries = _page(rows[:limit])
    more = len(rows) > len(entries) and bool(entries)
    return _json(wire.Page(entries=entries, next_after=entries[-1].index if more else None))


def _find(ledger: Ledger, name: str) -> tuple[int, bytes]:
    """Return index and bytes of the entry that an event id or an index names."""
    index = ledger.index_of(bytes.fromhex(name)) if _ID.match(name) else None
    if index is None and _NUMBER.match(name):
        index = int(name)
    if index is None or index >= ledger.size:
        raise LedgerError("entry-absent", f"there is no entry {name[:80]!r}")
    return index, ledger.event_at(index)


def _covering(ledger: Ledger, index: int) -> tuple[int, bytes]:
    """Return the best checkpoint over an entry: the published one, else the newest receipt's."""
    checkpoint = ledger.checkpoint()
    size = int(checkpoint.split(b"\n", 2)[1])
    if index < size:
        return size, checkpoint
    size, checkpoint = ledger.receipt_checkpoint()
    if index >= size:  # committed, and its checkpoint is being signed at this moment
        raise LedgerError("T-busy", f"the checkpoint over entry {index} is being signed")
    return size, checkpoint


def _listed(index: int, event: Event) -> wire.Listed:
    return wire.Listed(
        index=index, event_id=event.id.hex(), stream=event.stream, seq=event.seq, type=event.type,
        author=event.iss, signed_at=event.iat, event=event.raw,
    )  # fmt: skip


def _page(rows: Iterable[tuple[int, bytes]]) -> tuple[wire.Listed, ...]:
    """Return the rows that fit a page; always the first (rule 4)."""
    entries: list[wire.Listed] = []
    total = 0
    for index, raw in rows:
        total += len(raw)
        if entries and total > MAX_PAGE_BYTES:
            break
        entries.append(_listed(index, parse(raw)))
    return tuple(entries)


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not _NUMBER.match(text):
        raise LedgerError("T-request", f"{name} is not a number from 0 to 9,999,999,999,999,999")
    return int(text)


def _day(request: web.Request) -> date:
    text = request.query.get("day")
    try:
        return datetime.now(UTC).date() if text is None else date.fromisoformat(text)
    except ValueError:
        raise LedgerError("T-request", "day is not a date such as 2027-03-14") from None


def _json(value: Any) -> web.Response:
    return web.Response(body=wire.encode_json(value), headers=_JSON_HEADERS)


_ENTRY: Final = Parameter("entry", "The event's id in 64 hex digits, or its index in the log.")
_SUBJECT: Final = Parameter("subject", "The first segment of its stream ids.")
_LIMIT: Final = Parameter("limit", "At most so many; 256 is the most.", "integer", 100, query=True)
_RECEIPT: Final = ((MEDIA_PROOF, ()), (MEDIA_RECEIPT, ()), (MEDIA_JSON, (wire.Receipt,)))

ROUTES: Final = (
    Route(
        method="POST", path="/entries", name="append", handler=append,
        summary="Append one signed event, or a batch of them; answered when they are durable.",
        takes=(MEDIA_EVENT, MEDIA_BATCH),
        answers=(
            Answer(201, "The event is on record; this is its receipt.", _RECEIPT),
            Answer(200, "It was on record before, or: the results of a batch.",
                   (*_RECEIPT[:2], (MEDIA_JSON, (wire.Receipt, wire.BatchReply)))),
        ),
    ),
    Route(
        method="POST", path="/dry-run", name="dryRun", handler=dry_run,
        summary="Say whether an event would be admitted now; nothing is recorded.",
        takes=(MEDIA_EVENT,),
        answers=(Answer(200, "All conditions that are not met.", ((MEDIA_JSON, (wire.DryRun,)),)),),
    ),
    Route(
        method="GET", path="/entries/{entry}", name="entry", handler=entry, parameters=(_ENTRY,),
        summary="An entry with its inclusion proof; as a .tlog-proof with Accept: text/plain, as a "
        "COSE receipt (RFC 9942) with Accept: application/cose.",
        answers=(
            Answer(200, "The entry.", ((MEDIA_JSON, (wire.EntryReply,)), *_RECEIPT[:2])),
        ),
    ),
    Route(
        method="GET", path="/entries/{entry}/event", name="event", handler=event,
        parameters=(_ENTRY,), summary="The bytes of an event, as they were signed.",
        answers=(Answer(200, "The event.", ((MEDIA_EVENT, ()),)),),
    ),
    Route(
        method="GET", path="/streams/{stream:.+}", name="stream", handler=stream,
        summary="A stream: its head, and a page of its events.",
        parameters=(
            Parameter("stream", "The stream id; it contains slashes."),
            Parameter("start", "The first position.", "integer", 0, query=True),
            _LIMIT,
        ),
        answers=(Answer(200, "The stream.", ((MEDIA_JSON, (wire.StreamPage,)),)),),
    ),
    Route(
        method="GET", path="/subjects/{subject}", name="subject", handler=subject,
        summary="A subject: the heads of its streams, and what may happen next.",
        parameters=(
            _SUBJECT,
            Parameter("day", "The day for which steps are judged; today if absent.", query=True),
        ),
        answers=(Answer(200, "The subject.", ((MEDIA_JSON, (wire.SubjectReply,)),)),),
    ),
    Route(
        method="GET", path="/open-cases", name="openCases", handler=open_cases,
        summary="A page of the subjects that have an open removal case.",
        parameters=(
            _LIMIT, Parameter("after", "Only subjects beyond this id.", query=True),
        ),
        answers=(Answer(200, "The subjects.", ((MEDIA_JSON, (wire.OpenCases,)),)),),
    ),
    Route(
        method="GET", path="/subjects/{subject}/entries", name="subjectEntries",
        handler=subject_entries, summary="A page of everything recorded about a subject.",
        parameters=(
            _SUBJECT, _LIMIT,
            Parameter("after", "Only what follows this index.", "integer", query=True),
        ),
        answers=(Answer(200, "The entries.", ((MEDIA_JSON, (wire.Page,)),)),),
    ),
)  # fmt: skip
