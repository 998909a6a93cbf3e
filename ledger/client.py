"""The client for registry services: submit, retry safely, check every receipt, pipeline.

Rules:

1. A reply is believed only as far as it proves itself: every receipt is an inclusion proof of
   exactly the event that was sent, under a checkpoint that the trust policy accepts. The policy
   comes from the caller, never from the service.
2. When a reply is lost the same bytes are sent again. That is safe: the service knows a statement
   by its submission id and answers with the place it already has. Every request is repeated only
   so often; after that the outcome is unknown, and said to be (``ledger-unreachable``).
3. What was signed on a head that has moved is signed anew only where the statement allows it, and
   only on a head whose place in the log is proved. Otherwise the author must look and decide.
4. Events of one stream are never in two requests at once, so their order is their author's.
5. Two different trees of one size end the client (``log-split``): the log has forked.
6. What was signed and not settled, because the service could not be reached, is kept by the author;
   ``resume`` submits it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final, Self
from urllib.parse import quote

from ledger.author import Author, Statement
from ledger.errors import LedgerError
from ledger.http.wire import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MAX_PAGE,
    MEDIA_BATCH,
    MEDIA_EVENT,
    MEDIA_JSON,
    MEDIA_PROBLEM,
    MEDIA_RECEIPT,
    BatchReply,
    DryRun,
    EntryReply,
    OpenCases,
    Problem,
    Result,
    StreamPage,
    SubjectReply,
    encode_batch,
    format_receipt,
)
from ledger.transport import (
    ATTEMPTS,
    MAX_CONNECTIONS,
    PASSING,
    DeclinedError,
    Transport,
    decode,
    patience,
)
from verifier.errors import FalseError, MalformedError, PledgebookError
from verifier.event import Event, Seen, parse
from verifier.policy import Policy, VerifiedCheckpoint
from verifier.proof import Proof, parse_proof
from verifier.receipt import verify_receipt
from verifier.rules.book import Head
from verifier.tree import leaf_hash, verify_inclusion

__all__ = [
    "Author",
    "Declined",
    "DeclinedError",
    "LedgerClient",
    "Outcome",
    "Recorded",
    "Statement",
]

MAX_RESIGNS: Final = 8  # rounds of signing anew; a stream that moves faster needs another design
BATCH_EVENTS: Final = 100
MAX_PASSING_BYTES: Final = MAX_BATCH_BYTES // 2  # of one request of a pipeline


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that is proved to be on record."""

    event: Event
    """What is on record; the same statement as was sent, if perhaps by another signature."""
    index: int
    duplicate: bool
    """It was on record before this submission, for instance because a reply was lost."""
    receipt: bytes
    """A ``.tlog-proof`` that stands on its own: keep it."""
    checkpoint: VerifiedCheckpoint


@dataclass(frozen=True, slots=True)
class Declined:
    """An event that was not recorded, and why."""

    event: Event
    problem: Problem


Outcome = Recorded | Declined


class LedgerClient:
    """Talks to one ledger service; an async context manager, for one event loop."""

    def __init__(
        self, base_url: str, *, policy: Policy, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        self._transport = Transport(base_url, max_connections=max_connections)
        self._policy = policy
        self._newest: VerifiedCheckpoint | None = None
        self._judged: VerifiedCheckpoint | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        self._transport.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._transport.close()

    # Submitting.

    async def submit(self, event: Event) -> Recorded:
        """Submit one signed event and return its proved place; safe to repeat (rule 2).

        Raises:
            DeclinedError: the event was not recorded.
            LedgerError: ``ledger-unreachable``, ``receipt-false``, ``reply-malformed``,
                ``log-split``.
            PledgebookError: the checkpoint does not pass the trust policy.
        """
        headers = {"Content-Type": MEDIA_EVENT, "Accept": "text/plain"}
        status, body = await self._transport.exchange(
            "POST", "/entries", data=event.raw, headers=headers
        )
        return self._recorded(event, _proof(body), duplicate=status == 200)

    async def submit_many(self, events: Sequence[Event]) -> list[Outcome]:
        """Submit up to 1,000 events in one request; one outcome each, in order.

        Raises:
            As ``submit``, but an event that was declined is an outcome, not an error.
        """
        if not events:
            return []
        data = encode_batch([event.raw for event in events])
        headers = {"Content-Type": MEDIA_BATCH, "Accept": MEDIA_JSON}
        for attempt in range(ATTEMPTS):
            _, body = await self._transport.exchange("POST", "/entries", data=data, headers=headers)
            reply = decode(body, BatchReply)
            if len(reply.results) != len(events):
                raise LedgerError("reply-malformed", "not one result for each event")
            if not any(result.status in PASSING for result in reply.results):
                pairs = zip(events, reply.results, strict=True)
                return [self._outcome(event, result, reply) for event, result in pairs]
            await asyncio.sleep(patience(attempt, None))  # then all again: what is recorded, is
        raise LedgerError("ledger-unreachable", f"no lasting answer in {ATTEMPTS} attempts")

    async def append(self, author: Author, statement: Statement) -> Recorded:
        """Sign a statement and submit it; sign anew on a conflict if it allows that (rule 3).

        Raises:
            DeclinedError: it was not recorded, by the last of the problems.
            PledgebookError: as ``submit``; or ``head-rolled-back``.
        """
        async for outcome in self.pipeline(author, [statement]):
            if isinstance(outcome, Recorded):
                return outcome
            raise DeclinedError(outcome.problem)
        raise AssertionError("a pipeline yields one outcome for each statement")

    async def pipeline(
        self, author: Author, statements: Iterable[Statement], *, batch_events: int = BATCH_EVENTS
    ) -> AsyncIterator[Outcome]:
        """Sign and submit statements in batches; yield one outcome each, in order.

        While a batch is on its way the next one is signed. Run one pipeline per author and set of
        streams (rule 4); several pipelines share the connections. When an event is declined, those
        that follow it on its stream are declined too, unless they may be signed anew.

        Raises:
            PledgebookError: as ``append``.
        """
        rest = iter(statements)
        batch = list(islice(rest, min(batch_events, MAX_BATCH_EVENTS)))
        signed = await self._sign(author, batch)
        while batch:
            following = list(islice(rest, len(batch)))
            outcomes, ahead = await _both(
                self._submit_in_parts(signed), self._sign(author, following)
            )
            clean = all(isinstance(outcome, Recorded) for outcome in outcomes)
            outcomes = await self._settle(author, batch, outcomes)
            if not clean:  # what was signed ahead stands on heads that never came to be
                for statement in following:
                    author.withdraw(statement.stream)
                ahead = await self._sign(author, following)
            for outcome in outcomes:
                yield outcome
            batch, signed = following, ahead

    async def resume(self, author: Author) -> list[Outcome]:
        """Submit again what an author has signed and not settled (rule 6)."""
        events = author.unsettled
        outcomes = await self._submit_in_parts(events)
        _settle_author(author, outcomes)
        return outcomes

    async def _sign(self, author: Author, statements: Sequence[Statement]) -> list[Event]:
        """Sign statements on known heads, fetching those that are not, beside the event loop."""
        await self.prefetch(author, {s.stream for s in statements if not author.knows(s.stream)})
        seen = await self.seen() if any(s.needs_seen for s in statements) else None
        return await asyncio.to_thread(
            lambda: [author.sign(s, seen=seen if s.needs_seen else None) for s in statements]
        )

    async def _submit_in_parts(self, events: Sequence[Event]) -> list[Outcome]:
        """Submit events in order, in as many requests as their bytes call for."""
        outcomes: list[Outcome] = []
        start = 0
        while start < len(events):
            stop, total = start + 1, len(events[start].raw)
            while stop < len(events) and total + len(events[stop].raw) < MAX_PASSING_BYTES:
                total += len(events[stop].raw)
                stop += 1
            outcomes += await self.submit_many(events[start:stop])
            start = stop
        return outcomes

    async def _settle(
        self, author: Author, statements: Sequence[Statement], outcomes: list[Outcome]
    ) -> list[Outcome]:
        """Confirm what is recorded; sign anew what may be, until nothing more can be (rule 3)."""
        for _ in range(MAX_RESIGNS):
            _confirm(author, outcomes)
            places = _conflicts(statements, outcomes)
            if not places:
                break
            again = [statements[place] for place in places]
            for stream in {statement.stream for statement in again}:
                author.withdraw(stream)
                author.adopt(stream, await self._proved_head(stream))
            replies = await self._submit_in_parts(await self._sign(author, again))
            for place, outcome in zip(places, replies, strict=True):
                outcomes[place] = outcome
        _settle_author(author, outcomes)
        return outcomes

    # Reading.

    async def prefetch(self, author: Author, streams: Iterable[str]) -> None:
        """Tell an author the heads of streams, fetched side by side; each proved to be recorded.

        Raises:
            PledgebookError: as ``entry``; or ``head-rolled-back``.
        """
        names = list(streams)
        heads = await asyncio.gather(*map(self._proved_head, names))
        for name, head in zip(names, heads, strict=True):
            author.adopt(name, head)

    async def head(self, stream: str) -> Head | None:
        """Return what the service says is a stream's head; None for an empty stream."""
        try:
            page = await self._transport.get(f"/streams/{quote(stream)}?limit=0", StreamPage)
        except DeclinedError as error:
            if error.code == "entry-absent":
                return None
            raise
        return Head(page.head.seq, _unhex(page.head.id))

    async def _proved_head(self, stream: str) -> Head | None:
        """Return a stream's head after proving that this event is on record there."""
        head = await self.head(stream)
        if head is not None:
            event = (await self.entry(head.id)).event
            if (event.id, event.stream, event.seq) != (head.id, stream, head.seq):
                raise LedgerError("reply-malformed", f"{stream}: the head is another event")
        return head

    async def entry(self, entry: bytes | int) -> Recorded:
        """Return an entry by event id or index, with its place proved.

        Raises:
            DeclinedError: code ``entry-absent``.
            PledgebookError: as ``submit``.
        """
        name = entry.hex() if isinstance(entry, bytes) else str(entry)
        reply = await self._transport.get(f"/entries/{name}", EntryReply)
        proof = Proof(reply.entry.index, reply.proof, reply.checkpoint.encode(), reply.entry.event)
        recorded = self._recorded(parse(reply.entry.event), proof, duplicate=True)
        if entry not in (recorded.index, recorded.event.id):
            raise LedgerError("receipt-false", f"asked for entry {name}, got {recorded.index}")
        return recorded

    async def cose_receipt(self, event: Event) -> bytes:
        """Return a fresh COSE receipt (RFC 9942) of an event on record, verified by the policy.

        Raises:
            DeclinedError: code ``entry-absent`` or ``receipt-absent``.
            LedgerError: code ``receipt-false``.
            PolicyError: the policy pins no ledger id.
        """
        accept = {"Accept": f"{MEDIA_RECEIPT}, {MEDIA_PROBLEM}"}
        path = f"/entries/{event.id.hex()}"
        _, receipt = await self._transport.exchange("GET", path, headers=accept)
        genesis = None if self._policy.receipts is not None else (await self.entry(0)).event.raw
        try:
            verify_receipt(receipt, event.raw, policy=self._policy, genesis=genesis)
        except (FalseError, MalformedError) as error:
            raise LedgerError("receipt-false", error.reason) from None
        return receipt

    async def checkpoint(self) -> VerifiedCheckpoint:
        """Return the published checkpoint, judged by the policy but for its witnesses' quorum."""
        _, body = await self._transport.exchange("GET", "/checkpoint")
        return self._judge(body)

    async def seen(self) -> Seen:
        """Return the newest tree this client has verified, as decisions must state it."""
        await self.checkpoint()
        assert self._newest is not None
        newest = self._newest.checkpoint
        return Seen(newest.size, newest.root)

    async def subject(self, subject: str, *, day: date | None = None) -> SubjectReply:
        """Return what the service says about a subject: heads, and what may happen next."""
        query = "" if day is None else f"?day={day.isoformat()}"
        return await self._transport.get(f"/subjects/{quote(subject)}{query}", SubjectReply)

    async def open_cases(self) -> list[str]:
        """Return every subject that has an open removal case, by its id."""
        found: list[str] = []
        after: str | None = ""
        while after is not None:
            path = f"/open-cases?limit={MAX_PAGE}&after={quote(after, safe='')}"
            page = await self._transport.get(path, OpenCases)
            found += page.subjects
            after = page.next_after
        return found

    async def dry_run(self, event: Event) -> DryRun:
        """Ask whether an event would be admitted now; nothing is recorded."""
        headers = {"Content-Type": MEDIA_EVENT}
        _, body = await self._transport.exchange(
            "POST", "/dry-run", data=event.raw, headers=headers
        )
        return decode(body, DryRun)

    # Checking.

    def _outcome(self, event: Event, result: Result, reply: BatchReply) -> Outcome:
        if result.problem is not None:
            return Declined(event, result.problem)
        if result.index is None or result.proof is None or reply.checkpoint is None:
            raise LedgerError("reply-malformed", "a result without index, proof or checkpoint")
        stored = event.raw if result.event is None else result.event
        proof = Proof(result.index, result.proof, reply.checkpoint.encode(), stored)
        return self._recorded(event, proof, duplicate=result.status == 200)

    def _recorded(self, event: Event, proof: Proof, *, duplicate: bool) -> Recorded:
        """Require that a receipt proves an event, or the same statement, to be on record (rule 1).

        Raises:
            LedgerError: code ``receipt-false`` or ``log-split``.
            PledgebookError: the checkpoint does not pass the trust policy.
        """
        stored = event
        if proof.extra is not None and proof.extra != event.raw:
            stored = parse(proof.extra)
            if stored.submission_id != event.submission_id:
                raise LedgerError("receipt-false", "the receipt is for another statement")
        verified = self._judge(proof.note)
        head = verified.checkpoint
        try:
            verify_inclusion(
                leaf_hash(stored.raw), proof.path, index=proof.index, size=head.size, root=head.root
            )
        except PledgebookError as error:
            raise LedgerError("receipt-false", error.reason) from None
        receipt = format_receipt(stored.raw, proof.index, proof.path, proof.note)
        return Recorded(stored, proof.index, duplicate, receipt, verified)

    def _judge(self, note: bytes) -> VerifiedCheckpoint:
        """Judge a checkpoint by the policy (rules 1 and 5); the last one is remembered."""
        if self._judged is not None and self._judged.note == note:
            return self._judged
        verified = self._policy.judge(note, require_quorum=False)  # fresh: no witness saw it yet
        self._judged = verified
        newest = self._newest
        if newest is None or verified.checkpoint.size > newest.checkpoint.size:
            self._newest = verified
        elif verified.checkpoint.size < newest.checkpoint.size:
            return verified
        elif verified.checkpoint.root != newest.checkpoint.root:
            raise LedgerError("log-split", f"two roots at size {newest.checkpoint.size}")
        return verified


async def _both(
    sending: Coroutine[Any, Any, list[Outcome]], signing: Coroutine[Any, Any, list[Event]]
) -> tuple[list[Outcome], list[Event]]:
    """Await sending and signing side by side, both to their end: a signer is not interrupted."""
    sent, signed = await asyncio.gather(sending, signing, return_exceptions=True)
    if isinstance(sent, BaseException):
        raise sent
    if isinstance(signed, BaseException):
        raise signed
    return sent, signed


def _confirm(author: Author, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Recorded):
            author.confirm(outcome.event)


def _settle_author(author: Author, outcomes: Sequence[Outcome]) -> None:
    """Tell an author what became of its events; a stream with a declined one starts afresh."""
    _confirm(author, outcomes)
    for outcome in outcomes:
        if isinstance(outcome, Declined):
            author.withdraw(outcome.event.stream)


def _conflicts(statements: Sequence[Statement], outcomes: Sequence[Outcome]) -> list[int]:
    """Return the places of declined events that may be signed anew on the head that is there now.

    On each stream they end before the first that may not, so that order is kept.
    """
    places: list[int] = []
    stopped: set[str] = set()
    for place, (statement, outcome) in enumerate(zip(statements, outcomes, strict=True)):
        if isinstance(outcome, Recorded) or statement.stream in stopped:
            continue
        if outcome.problem.status == 409 and statement.resign:
            places.append(place)
        elif outcome.problem.status == 409:
            stopped.add(statement.stream)
    return places


def _proof(body: bytes) -> Proof:
    try:
        return parse_proof(body)
    except PledgebookError as error:
        raise LedgerError("reply-malformed", error.reason) from None


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise LedgerError("reply-malformed", "an id is not in hex") from None
