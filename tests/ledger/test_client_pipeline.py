"""Statements of an author are signed, sent in batches, and signed anew only where they may be."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from ledger.client import (
    Declined,
    DeclinedError,
    LedgerClient,
    Recorded,
    Statement,
)
from ledger.errors import LedgerError
from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.service import service, until
from tests.harness.wire import (
    STREAM,
    author_of,
    between,
    progress,
    progressing,
    recorded_in,
)
from verifier.event import Event
from verifier.proof import verify_proof
from verifier.rules.book import Head
from verifier.rules.commitment import ProgressReported
from verifier.rules.fields import EventRef
from verifier.rules.proposal import Endorsed


async def test_a_lost_reply_to_a_batch_is_safe_too(tmp_path: Path) -> None:
    """A pipeline over a wire that loses replies records every statement once, in order."""
    registry = progressing()
    async with service(tmp_path, registry) as live, between(live, lose=3) as (_, client):
        statements = [progress(live, n) for n in range(40)]
        outcomes = [o async for o in client.pipeline(author_of(live), statements, batch_events=10)]
        assert all(isinstance(outcome, Recorded) for outcome in outcomes)
        ids = [outcome.event.id for outcome in outcomes]
        assert [event.id for event in recorded_in(live)[2:]] == ids


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
    size = len(registry.events)
    async with (
        service(tmp_path, registry, checkpoint_interval_s=0.01) as live,
        LedgerClient(live.url, policy=live.policy) as client,
    ):
        await until(lambda: live.ledger.checkpoint().split(b"\n")[1] == b"%d" % size)
        statement = Statement(
            stream="actor-x/appointment/registry", type="AppointmentProposed/1", needs_seen=True,
            payload={"terms": {"role": "registry", "mandate": "A/RES/70/224",
                               "first_day": registry.day()},
                     "quorum": 2, "expires": registry.day(30)},
        )  # fmt: skip
        recorded = await client.append(author_of(live, "actor-root-a"), statement)
        assert recorded.event.seen is not None
        assert (recorded.event.seen.size, recorded.event.seen.root) == (size, registry.roots[size])


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


async def test_large_statements_are_sent_in_several_requests(tmp_path: Path) -> None:
    """Six megabytes in one batch of statements: each receipt is checked, the order is kept."""
    async with service(tmp_path, progressing()) as live, between(live) as (wire, client):
        remarks = [{"lang": lang, "text": "x" * 8_000} for lang in ("ar", "en", "es", "fr", "ru")]
        payload = {"as_of": live.registry.day(), "status": "on_track", "remarks": remarks}
        statement = dataclasses.replace(progress(live), payload=payload)
        said = client.pipeline(author_of(live), [statement] * 150, batch_events=1_000)
        outcomes = [outcome async for outcome in said]
        assert all(isinstance(outcome, Recorded) for outcome in outcomes)
        assert recorded_in(live)[2:] == [outcome.event for outcome in outcomes]
        assert wire.appends == 2
