"""The client believes nothing that is not proved, and nothing is lost or doubled on the way."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from ledger.client import (
    Author,
    Declined,
    DeclinedError,
    LedgerClient,
    Recorded,
    Statement,
)
from ledger.errors import LedgerError
from ledger.http import serving
from tests.harness import stories
from tests.harness.registry import ORIGIN, Registry, public, secret, signed_checkpoint
from tests.harness.service import KeySigner, Service, registration, service, until
from verifier.errors import FalseError, PledgebookError
from verifier.event import Event, parse
from verifier.note import ED25519, Checkpoint, VerifierKey, parse_note
from verifier.policy import parse_policy
from verifier.proof import format_proof, parse_proof, verify_proof
from verifier.rules.book import Head
from verifier.rules.commitment import ProgressReported
from verifier.rules.fields import EventRef
from verifier.rules.proposal import Endorsed

Tamper = Callable[[str, bytes], bytes]
STREAM = f"{stories.PARTNERSHIP}/commitment/taps"


@dataclass(slots=True)
class Wire:
    """What lies between client and service: it can lose replies, refuse, and change bytes."""

    upstream: str
    lose: int = 0
    """So many replies to appends are lost after the service has acted."""
    fail: list[int] = field(default_factory=list)
    """States that are answered, one a request, before anything reaches the service."""
    tamper: Tamper | None = None
    appends: int = 0
    busiest: int = 0
    """The most requests that were on their way at once."""
    _now: int = 0

    async def carry(self, request: web.Request) -> web.StreamResponse:
        """Carry a request to the service and its reply back."""
        self._now += 1
        self.busiest = max(self.busiest, self._now)
        try:
            if self.fail:
                return web.Response(status=self.fail.pop(0), headers={"Retry-After": "0"})
            return await self._carry(request)
        finally:
            self._now -= 1

    async def _carry(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {k: v for k, v in request.headers.items() if k in ("Content-Type", "Accept")}
        async with aiohttp.ClientSession() as http, http.request(
            request.method, self.upstream + request.path_qs, data=body, headers=headers
        ) as response:  # fmt: skip
            answer = await response.read()
        if request.method == "POST":
            self.appends += 1
            if self.lose:
                self.lose -= 1
                assert request.transport is not None
                request.transport.abort()
        if self.tamper is not None:
            answer = self.tamper(request.path, answer)
        kind = {"Content-Type": response.headers["Content-Type"]}
        return web.Response(status=response.status, body=answer, headers=kind)


@asynccontextmanager
async def between(live: Service, **faults: Any) -> AsyncIterator[tuple[Wire, LedgerClient]]:
    """Open a client that reaches the service over a faulty wire."""
    wire = Wire(live.url, **faults)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", wire.carry)
    async with (
        serving(app, host="127.0.0.1", port=0) as address,
        LedgerClient(address.url, policy=live.policy) as client,
    ):
        yield wire, client


def progressing() -> Registry:
    """Return a scenario with an acknowledged commitment, on which progress can be reported."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    return registry


def author_of(live: Service, actor: str = stories.SECRETARIAT) -> Author:
    """Return an author with an actor's key, who knows no stream yet."""
    registry = live.registry
    return Author(actor, KeySigner(secret(actor)), ledger_id=registry.book.ledger,
                  clock=lambda: registry.now)  # fmt: skip


def progress(live: Service, n: int = 0, *, resign: bool = False) -> Statement:
    """Return a report of progress; it says the same on any head."""
    payload = {"as_of": live.registry.day(), "status": "on_track", "value": str(n)}
    return Statement(stream=STREAM, type="ProgressReported/1", payload=payload, resign=resign)


def recorded_in(live: Service, stream: str = STREAM) -> list[Event]:
    """Return what the ledger itself has on a stream."""
    return [parse(raw) for _, raw in live.ledger.stream(stream, 0, 1000)]


async def test_a_submission_comes_back_with_a_receipt_to_keep(tmp_path: Path) -> None:
    """The receipt is a proof file that the verifier accepts without the client or the ledger."""
    async with service(tmp_path) as live, LedgerClient(live.url, policy=live.policy) as client:
        event = registration(live.registry, "actor-x")
        recorded = await client.submit(event)
        assert (recorded.index, recorded.duplicate, recorded.event) == (3, False, event)
        proven = verify_proof(recorded.receipt, None, policy=live.policy)
        assert (proven.entry, proven.index) == (event.raw, 3)


@pytest.mark.parametrize("lost", [1, 3])
async def test_a_lost_reply_is_asked_for_again_and_nothing_is_doubled(
    tmp_path: Path, lost: int
) -> None:
    """The same bytes are sent again; the service answers with the place they already have."""
    async with service(tmp_path) as live, between(live, lose=lost) as (wire, client):
        event = registration(live.registry, "actor-x")
        recorded = await client.submit(event)
        assert (recorded.index, recorded.duplicate) == (3, True)
        assert wire.appends == lost + 1
        assert live.ledger.size == 4


async def test_a_lost_reply_to_a_batch_is_safe_too(tmp_path: Path) -> None:
    """A pipeline over a wire that loses replies records every statement once, in order."""
    registry = progressing()
    async with service(tmp_path, registry) as live, between(live, lose=3) as (_, client):
        statements = [progress(live, n) for n in range(40)]
        outcomes = [o async for o in client.pipeline(author_of(live), statements, batch_events=10)]
        assert all(isinstance(outcome, Recorded) for outcome in outcomes)
        ids = [outcome.event.id for outcome in outcomes]
        assert [event.id for event in recorded_in(live)[2:]] == ids


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_passing_state_is_waited_out(tmp_path: Path, status: int) -> None:
    """A proxy that answers for the service for a while is no reason to give up."""
    async with service(tmp_path) as live, between(live, fail=[status] * 3) as (_, client):
        assert (await client.submit(registration(live.registry, "actor-x"))).index == 3


async def test_a_service_that_stays_away_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    """After the last attempt the error says that the outcome is unknown, not that it failed."""
    async with service(tmp_path) as live, between(live, fail=[503] * 100) as (_, client):
        with pytest.raises(LedgerError) as caught:
            await client.submit(registration(live.registry, "actor-x"))
        assert caught.value.code == "ledger-unreachable"
        assert "unknown" in caught.value.hint


async def test_what_was_signed_and_not_settled_is_resumed(tmp_path: Path) -> None:
    """After an outage the author's own bytes are sent again; none is lost, none is doubled."""
    registry = progressing()
    async with service(tmp_path, registry) as live, between(live) as (wire, client):
        author = author_of(live)
        await client.prefetch(author, [STREAM])
        wire.lose = 1_000
        with pytest.raises(LedgerError):
            await client.append(author, progress(live))
        signed = author.unsettled
        wire.lose = 0
        outcomes = await client.resume(author)
        assert [o.event for o in outcomes if isinstance(o, Recorded)] == signed
        assert author.unsettled == []
        await client.append(author, progress(live, 1))
        assert len(recorded_in(live)) == 4


def changed_extra(_: str, body: bytes) -> bytes:
    """Put another event into a receipt."""
    proof = parse_proof(body)
    assert proof.extra is not None
    return format_proof(dataclasses.replace(proof, extra=proof.extra[:-1] + b"\x00"))


def changed_path(_: str, body: bytes) -> bytes:
    """Put another hash into the path of a receipt."""
    proof = parse_proof(body)
    return format_proof(dataclasses.replace(proof, path=(bytes(32), *proof.path[1:])))


def changed_index(_: str, body: bytes) -> bytes:
    """Say another index."""
    proof = parse_proof(body)
    return format_proof(dataclasses.replace(proof, index=proof.index - 1))


def changed_root(_: str, body: bytes) -> bytes:
    """Say another root under the log's name, without the log's key."""
    proof = parse_proof(body)
    head = Checkpoint.parse(parse_note(proof.note).text)
    forged = signed_checkpoint(dataclasses.replace(head, root=bytes(32)), "mallory")
    return format_proof(dataclasses.replace(proof, note=forged))


def changed_origin(_: str, body: bytes) -> bytes:
    """Give the checkpoint of another log."""
    proof = parse_proof(body)
    other = signed_checkpoint(Checkpoint("other.example/log", 4, bytes(32)), "log")
    return format_proof(dataclasses.replace(proof, note=other))


@pytest.mark.parametrize(
    ("tamper", "code"),
    [(changed_extra, "receipt-false"), (changed_path, "receipt-false"),
     (changed_index, "receipt-false"),
     (changed_root, "note-unsigned"), (changed_origin, "policy-unsuitable"),
     (lambda *_: b"", "reply-malformed"), (lambda _, body: body[:-9], "note-malformed"),
     (lambda *_: b"<html>signed, truly</html>", "reply-malformed")],
)  # fmt: skip
async def test_a_receipt_that_does_not_prove_itself_is_refused(
    tmp_path: Path, tamper: Tamper, code: str
) -> None:
    """Whatever is changed on the way, the event is not taken for recorded."""
    async with service(tmp_path) as live, between(live, tamper=tamper) as (_, client):
        with pytest.raises(PledgebookError) as caught:
            await client.submit(registration(live.registry, "actor-x"))
        assert caught.value.code == code


async def test_a_receipt_for_another_statement_is_refused(tmp_path: Path) -> None:
    """A true receipt of a true event, but not of the one that was sent."""
    async with service(tmp_path) as live, between(live) as (wire, client):
        first = await client.submit(registration(live.registry, "actor-x"))
        wire.tamper = lambda *_: first.receipt
        with pytest.raises(LedgerError) as caught:
            await client.submit(registration(live.registry, "actor-y"))
        assert caught.value.code == "receipt-false"


async def test_one_false_result_in_a_batch_fails_the_batch(tmp_path: Path) -> None:
    """Two results that changed places are two false proofs."""

    def swapped(_: str, body: bytes) -> bytes:
        reply = msgspec.json.decode(body)
        reply["results"].reverse()
        return msgspec.json.encode(reply)

    async with service(tmp_path) as live, between(live, tamper=swapped) as (_, client):
        events = [registration(live.registry, f"actor-n{i}") for i in range(2)]
        with pytest.raises(LedgerError) as caught:
            await client.submit_many(events)
        assert caught.value.code == "receipt-false"


async def test_two_trees_of_one_size_end_the_client(tmp_path: Path) -> None:
    """An operator who shows two histories, both truly signed, is found out."""

    def forked(path: str, body: bytes) -> bytes:
        if path != "/checkpoint":
            return body
        head = Checkpoint.parse(parse_note(body).text)
        return signed_checkpoint(dataclasses.replace(head, size=4, root=bytes(32)), "log")

    async with service(tmp_path) as live, between(live, tamper=forked) as (_, client):
        await client.submit(registration(live.registry, "actor-x"))
        with pytest.raises(LedgerError) as caught:
            await client.checkpoint()
        assert caught.value.code == "log-split"


async def test_a_service_that_the_policy_does_not_name_is_not_believed(tmp_path: Path) -> None:
    """The trust policy is the caller's; a log with another key is not this log."""
    async with service(tmp_path) as live:
        key = VerifierKey(ORIGIN, ED25519, public("another log"))
        policy = parse_policy(f"log {key}\nquorum none\n".encode())
        async with LedgerClient(live.url, policy=policy) as client:
            with pytest.raises(FalseError) as caught:
                await client.submit(registration(live.registry, "actor-x"))
        assert caught.value.code == "note-unsigned"


async def test_a_refusal_is_an_error_with_everything_unmet(tmp_path: Path) -> None:
    """The caller gets the problem as the service told it: rule, reasons, hint."""
    async with service(tmp_path) as live, LedgerClient(live.url, policy=live.policy) as client:
        event = registration(live.registry, "actor-x", principal="actor-nobody")
        with pytest.raises(DeclinedError) as caught:
            await client.submit(event)
        assert caught.value.problem.status == 422
        assert {unmet.rule for unmet in caught.value.problem.unmet} >= {"AC1"}
        assert not (await client.dry_run(event)).admissible


async def test_a_conflict_is_signed_anew_where_the_statement_allows_it(tmp_path: Path) -> None:
    """The stream moved on: the same statement is signed on the new head, once, and recorded."""
    async with (
        service(tmp_path, progressing()) as live,
        LedgerClient(live.url, policy=live.policy) as client,
    ):
        author, rival = author_of(live), author_of(live, stories.COMPANY)
        await client.prefetch(author, [STREAM])
        first = await client.append(rival, progress(live, 1))
        second = await client.append(author, progress(live, 2, resign=True))
        assert second.event.prev == first.event.id
        assert [event.id for event in recorded_in(live)[2:]] == [first.event.id, second.event.id]


async def test_a_conflict_is_told_where_the_statement_does_not_allow_it(tmp_path: Path) -> None:
    """What depends on the head is for its author to decide again; the new head is told."""
    async with (
        service(tmp_path, progressing()) as live,
        LedgerClient(live.url, policy=live.policy) as client,
    ):
        author, rival = author_of(live), author_of(live, stories.COMPANY)
        await client.prefetch(author, [STREAM])
        first = await client.append(rival, progress(live, 1))
        with pytest.raises(DeclinedError) as caught:
            await client.append(author, progress(live, 2))
        head = caught.value.problem.head
        assert head is not None
        assert (caught.value.problem.status, head.id) == (409, first.event.id.hex())
        assert not author.knows(STREAM), "the next statement looks first"
        assert len(recorded_in(live)) == 3


async def test_many_authors_on_one_stream_all_get_through(tmp_path: Path) -> None:
    """Four authors, who sign anew on conflicts, record all they say, each in its own order."""
    async with (
        service(tmp_path, progressing()) as live,
        LedgerClient(live.url, policy=live.policy) as client,
    ):
        actors = (stories.SECRETARIAT, stories.COMPANY, stories.NGO, stories.GOVERNMENT)

        async def report(actor: str) -> list[Event]:
            author, events = author_of(live, actor), []
            for n in range(3):
                while True:
                    with suppress(DeclinedError):  # others were faster eight times in a row
                        statement = progress(live, n, resign=True)
                        events.append((await client.append(author, statement)).event)
                        break
            return events

        told = await asyncio.gather(*map(report, actors))
        events = recorded_in(live)[2:]
        assert len(events) == 12
        for actor, said in zip(actors, told, strict=True):
            assert [event for event in events if event.iss == actor] == said


async def test_a_pipeline_yields_one_outcome_for_each_statement_in_order(tmp_path: Path) -> None:
    """Several streams and batches: every outcome is in its place, and every receipt holds."""
    registry = stories.listed_partnership(Registry())
    for n in range(3):
        stories.acknowledged_commitment(registry, local=f"c{n}")
    async with (
        service(tmp_path, registry) as live,
        LedgerClient(live.url, policy=live.policy) as client,
    ):
        statements = [
            dataclasses.replace(
                progress(live, n), stream=f"{stories.PARTNERSHIP}/commitment/c{n % 3}"
            )
            for n in range(50)
        ]
        outcomes = [o async for o in client.pipeline(author_of(live), statements, batch_events=7)]
        assert [o.event.stream for o in outcomes] == [s.stream for s in statements]
        for outcome in outcomes:
            assert isinstance(outcome, Recorded)
            verify_proof(outcome.receipt, outcome.event.raw, policy=live.policy)
        assert [o.index for o in outcomes if isinstance(o, Recorded)] == list(
            range(len(registry.events), len(registry.events) + 50)
        )


async def test_a_declined_statement_stops_its_stream_and_no_other(tmp_path: Path) -> None:
    """What follows on its stream is declined with it; the next call starts on the true head."""
    registry = stories.listed_partnership(Registry())
    for n in range(2):
        stories.acknowledged_commitment(registry, local=f"c{n}")
    async with (
        service(tmp_path, registry) as live,
        LedgerClient(live.url, policy=live.policy) as client,
    ):
        author = author_of(live)
        streams = [f"{stories.PARTNERSHIP}/commitment/c{n}" for n in range(2)]
        statements = [dataclasses.replace(progress(live, n), stream=streams[n % 2])
                      for n in range(12)]  # fmt: skip
        unlawful = {"as_of": "2999-01-01", "status": "on_track"}
        statements[4] = dataclasses.replace(statements[4], payload=unlawful)
        outcomes = [o async for o in client.pipeline(author, statements, batch_events=8)]
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds[1::2] == [Recorded] * 6
        assert kinds[0:8:2] == [Recorded, Recorded, Declined, Declined]
        assert kinds[8::2] == [Recorded] * 2, "the next batch was signed on what is recorded"
        assert (await client.append(author, statements[0])).event.seq == 2 + 4


async def test_decisions_state_the_newest_tree_that_was_verified(tmp_path: Path) -> None:
    """Where it is needed, size and root are those of a checkpoint that passed the policy."""
    registry = Registry().open().enlist("actor-x")
    async with (
        service(tmp_path, registry, checkpoint_interval_s=0.01) as live,
        LedgerClient(live.url, policy=live.policy) as client,
    ):
        await until(lambda: live.ledger.checkpoint().split(b"\n")[1] == b"5")
        statement = Statement(
            stream="actor-x/appointment/registry", type="AppointmentProposed/1", needs_seen=True,
            payload={"terms": {"role": "registry", "mandate": "A/RES/70/224",
                               "first_day": registry.day()},
                     "quorum": 2, "expires": registry.day(30)},
        )  # fmt: skip
        recorded = await client.append(author_of(live, "actor-root-a"), statement)
        assert recorded.event.seen is not None
        assert (recorded.event.seen.size, recorded.event.seen.root) == (5, registry.roots[5])


async def test_a_typed_payload_says_its_own_type(tmp_path: Path) -> None:
    """``Statement.of`` takes the type, and whether it must state what was seen, from the class."""
    async with (
        service(tmp_path, progressing()) as live,
        LedgerClient(live.url, policy=live.policy) as client,
    ):
        body = ProgressReported(as_of=live.registry.day(), status="on_track")
        recorded = await client.append(author_of(live), Statement.of(STREAM, body))
        assert (recorded.event.type, recorded.event.seen) == ("ProgressReported/1", None)
        proposal = live.registry.events[0]
        endorsement = Endorsed(
            proposal=EventRef(proposal.stream, proposal.seq, proposal.id), organization="actor-ngo"
        )
        assert Statement.of("ledger/endorsement/genesis/actor-ngo", endorsement).needs_seen


async def test_an_author_never_signs_a_position_twice_for_a_rolled_back_service(
    tmp_path: Path,
) -> None:
    """A head older than a receipt proves is refused before anything is signed on it."""
    async with (
        service(tmp_path, progressing()) as live,
        LedgerClient(live.url, policy=live.policy) as client,
    ):
        author = author_of(live)
        recorded = await client.append(author, progress(live))
        with pytest.raises(LedgerError) as caught:
            author.adopt(STREAM, Head(recorded.event.seq - 1, recorded.event.prev or b""))
        assert caught.value.code == "head-rolled-back"
        with pytest.raises(LedgerError):
            author.adopt(STREAM, None)


async def test_an_author_signs_only_on_heads_it_knows(tmp_path: Path) -> None:
    """Without a fetched head there is no guess."""
    async with service(tmp_path, progressing()) as live:
        with pytest.raises(LedgerError) as caught:
            author_of(live).sign(progress(live))
        assert caught.value.code == "head-unknown"


async def test_a_head_that_is_not_in_the_log_is_not_signed_on(tmp_path: Path) -> None:
    """A head is believed when the event is proved to be on record at that place of the stream."""

    def older(path: str, body: bytes) -> bytes:
        if not path.startswith("/streams/"):
            return body
        page = msgspec.json.decode(body)
        page["head"]["seq"] -= 1  # an id that exists, at a place where it does not stand
        return msgspec.json.encode(page)

    async with service(tmp_path, progressing()) as live, between(live, tamper=older) as (_, client):
        with pytest.raises(LedgerError) as caught:
            await client.prefetch(author_of(live), [STREAM])
        assert caught.value.code == "reply-malformed"


async def test_entries_are_read_with_their_proof(tmp_path: Path) -> None:
    """By id and by index; the answer to another question is refused."""
    async with service(tmp_path) as live, between(live) as (wire, client):
        event = live.registry.events[1]
        assert (await client.entry(event.id)).index == 1
        assert (await client.entry(1)).event == event
        other = await (await live.get("/entries/2")).read()
        wire.tamper = lambda *_: other
        with pytest.raises(LedgerError) as caught:
            await client.entry(1)
        assert caught.value.code == "receipt-false"
        with pytest.raises(PledgebookError):
            await client.entry(event.id)


async def test_connections_are_bounded(tmp_path: Path) -> None:
    """However many submissions run at once, only so many requests are on their way."""
    async with service(tmp_path) as live, between(live) as (wire, client):
        events = [registration(live.registry, f"actor-n{i}") for i in range(60)]
        recorded = await asyncio.gather(*map(client.submit, events))
        assert sorted(r.index for r in recorded) == list(range(3, 63))
        assert wire.busiest <= 8


async def test_redirects_are_not_followed(tmp_path: Path) -> None:
    """A redirect is an answer that the ledger does not give."""
    async with service(tmp_path) as live, between(live, fail=[302]) as (wire, client):
        with pytest.raises(DeclinedError) as caught:
            await client.submit(registration(live.registry, "actor-x"))
        assert caught.value.problem.code == "reply-malformed"
        assert wire.appends == 0
