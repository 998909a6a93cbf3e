"""Appending over HTTP: each reply carries a receipt that holds on its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
import msgspec
import pytest

from ledger.errors import LedgerError
from ledger.http.wire import (
    MAX_BATCH_EVENTS,
    MEDIA_BATCH,
    BatchReply,
    DryRun,
    Receipt,
    decode_batch,
    encode_batch,
    format_receipt,
)
from tests.harness.registry import Registry
from tests.harness.service import problem, register_many, registration, service
from verifier.event import Event, parse
from verifier.note import Checkpoint, parse_note
from verifier.proof import Proof, format_proof, verify_proof
from verifier.tree import verify_inclusion

MOST_PILED_UP = 64 * 1024 * 1024
"""Far beyond what the kernel's buffers on both sides of a connection hold."""


async def test_an_append_is_answered_with_a_receipt_that_proves_it(tmp_path: Path) -> None:
    """The reply to one event is 201, its place, and a proof file that carries the event."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        response = await live.post(event.raw)
        assert response.status == 201
        assert response.headers["Location"] == f"entries/{event.id.hex()}"
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        proven = verify_proof(await response.read(), None, policy=live.policy, require_quorum=False)
        assert (proven.entry, proven.leaf, proven.index) == (event.raw, event.id, 3)


async def test_the_location_of_an_append_leads_to_the_event(tmp_path: Path) -> None:
    """Location is relative to the collection, so that it holds behind any prefix."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        response = await live.post(event.raw)
        entry = await live.get("/" + response.headers["Location"] + "/event")
        assert await entry.read() == event.raw


async def test_json_is_given_to_those_who_accept_it(tmp_path: Path) -> None:
    """The same receipt as JSON leads to the same root."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        response = await live.post(event.raw, Accept="application/json")
        assert (response.status, response.content_type) == (201, "application/json")
        receipt = msgspec.json.decode(await response.read(), type=Receipt)
        head = Checkpoint.parse(parse_note(receipt.checkpoint.encode()).text)
        verify_inclusion(
            event.id, receipt.proof, index=receipt.index, size=head.size, root=head.root
        )
        assert (receipt.event_id, receipt.duplicate, receipt.event) == (event.id.hex(), False, None)


async def test_a_second_submission_is_answered_with_the_first_place(tmp_path: Path) -> None:
    """The same bytes again are 200, the same index, and a receipt at the present size."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        await live.post(event.raw)
        await live.post(registration(live.registry, "actor-y").raw)
        again = await live.post(event.raw)
        assert again.status == 200
        proven = verify_proof(await again.read(), event.raw, policy=live.policy)
        assert (proven.index, proven.checkpoint.checkpoint.size) == (3, 5)
        assert live.ledger.size == 5


async def test_a_batch_gives_each_event_its_own_outcome(tmp_path: Path) -> None:
    """One bad event never fails its neighbours; all accepted ones share one checkpoint."""
    async with service(tmp_path) as live:
        good = [registration(live.registry, f"actor-n{i}") for i in range(3)]
        unknown = registration(live.registry, "actor-u", key="a stranger's key")
        batch = [good[0].raw, b"no event", good[1].raw, unknown.raw, good[0].raw, good[2].raw]
        response = await live.post(encode_batch(batch), media=MEDIA_BATCH)
        assert response.status == 200
        reply = msgspec.json.decode(await response.read(), type=BatchReply)
        assert [result.status for result in reply.results] == [201, 400, 201, 403, 200, 201]
        head = Checkpoint.parse(parse_note((reply.checkpoint or "").encode()).text)
        for event, result in zip(batch, reply.results, strict=True):
            if result.problem is None:
                assert result.index is not None
                assert result.proof is not None
                verify_inclusion(parse(event).id, result.proof, index=result.index,
                                 size=head.size, root=head.root)  # fmt: skip
            else:
                assert result.problem.status == result.status
                assert result.problem.hint
        assert live.ledger.size == 6


async def test_a_batch_of_a_thousand_is_taken_and_one_more_is_not(tmp_path: Path) -> None:
    """The ceiling of a batch is exact, and beyond it nothing of the batch is recorded."""
    async with service(tmp_path) as live:
        events = [event.raw for event in register_many(live.registry, MAX_BATCH_EVENTS)]
        framed = encode_batch(events)
        response = await live.post(framed + framed[: 2 + len(events[0])], media=MEDIA_BATCH)
        assert (await problem(response)).code == "T-too-large"
        assert live.ledger.size == 3
        assert (await live.post(framed, media=MEDIA_BATCH)).status == 200
        assert live.ledger.size == 1003


async def test_a_stale_head_is_a_conflict_that_tells_the_new_one(tmp_path: Path) -> None:
    """Of two events for one position one is recorded; the other learns the present head."""
    async with service(tmp_path) as live:
        first, second = (
            registration(live.registry, "actor-x", stakeholder_type=t) for t in ("ngo", "academia")
        )
        replies = await asyncio.gather(live.post(first.raw), live.post(second.raw))
        assert sorted(reply.status for reply in replies) == [201, 409]
        won = first if replies[0].status == 201 else second
        told = await problem(next(reply for reply in replies if reply.status == 409))
        assert (told.code, told.head and told.head.id) == ("AD4", won.id.hex())
        assert {unmet.rule for unmet in told.unmet} >= {"AD4", "AC1"}


async def test_thirty_two_writers_race_for_one_position_and_one_wins(tmp_path: Path) -> None:
    """Thirty-one get a conflict that names the winner's event."""
    async with service(tmp_path) as live:
        events = [
            registration(live.registry, "actor-x", name=[{"lang": "en", "text": f"writer {i}"}])
            for i in range(32)
        ]
        replies = await asyncio.gather(*(live.post(event.raw) for event in events))
        winners = [e for e, reply in zip(events, replies, strict=True) if reply.status == 201]
        assert len(winners) == 1
        told = [await problem(reply) for reply in replies if reply.status != 201]
        assert {(p.status, p.head.id) for p in told if p.head} == {(409, winners[0].id.hex())}
        assert len(told) == 31


async def test_a_refusal_tells_every_unmet_condition(tmp_path: Path) -> None:
    """422 lists all rules that are not met, with reasons."""
    async with service(tmp_path) as live:
        registry = live.registry
        event = registration(registry, "actor-x", ledger=bytes(32), principal="actor-nobody")
        told = await problem(await live.post(event.raw))
        assert told.status == 422
        assert {"AD2", "AC1"} <= {unmet.rule for unmet in told.unmet}
        assert all(unmet.reason for unmet in told.unmet)


async def test_a_dry_run_says_what_an_append_would_and_records_nothing(tmp_path: Path) -> None:
    """The same conditions, before and after they are met; the log does not grow."""
    async with service(tmp_path) as live:
        registry = live.registry
        bad = registration(registry, "actor-x", principal="actor-nobody")
        good = registration(registry, "actor-x")
        verdicts = []
        for event in (bad, good):
            response = await live.post(event.raw, path="/dry-run")
            verdicts.append(msgspec.json.decode(await response.read(), type=DryRun))
        told = await problem(await live.post(bad.raw))
        assert verdicts[0].unmet == told.unmet
        assert [verdict.admissible for verdict in verdicts] == [False, True]
        assert live.ledger.size == 3


async def test_parameters_of_the_media_type_are_no_obstacle(tmp_path: Path) -> None:
    """``application/cose; cose-type=cose-sign1`` (RFC 9052) is the same type, in any case."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        media = 'Application/COSE; cose-type="cose-sign1"'
        assert (await live.post(event.raw, media=media)).status == 201


async def test_a_body_in_chunks_is_the_same_body(tmp_path: Path) -> None:
    """A request without Content-Length is read to its end."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")

        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(event.raw), 50):
                yield event.raw[at : at + 50]
                await asyncio.sleep(0)

        assert (await live.post(pieces())).status == 201


async def test_expect_continue_is_welcomed_and_refused_by_the_headers_alone(
    tmp_path: Path,
) -> None:
    """A client that asks first is told before it sends: to go on, or the problem."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        async with live.http.post(
            live.url + "/entries", data=event.raw, expect100=True,
            headers={"Content-Type": "application/cose"},
        ) as response:  # fmt: skip
            assert response.status == 201
        async with live.http.post(
            live.url + "/entries", data=event.raw, expect100=True,
            headers={"Content-Type": "text/html"},
        ) as response:  # fmt: skip
            assert (await problem(response)).code == "T-media-type"


async def test_what_was_acknowledged_before_a_stop_is_there_after_it(tmp_path: Path) -> None:
    """A stop under load: every 201 is on record when the ledger is opened again, none twice."""
    registry = Registry().open()
    acknowledged: list[Event] = []
    under_load = asyncio.Event()

    async def send(events: list[Event], url: str, http: aiohttp.ClientSession) -> None:
        for event in events:
            try:
                async with http.post(
                    url, data=event.raw, headers={"Content-Type": "application/cose"}
                ) as response:
                    if response.status == 201:
                        acknowledged.append(event)
                        under_load.set()
            except aiohttp.ClientError:
                return  # the service has stopped

    lanes = [[registration(registry, f"actor-l{i}-{k}") for k in range(200)] for i in range(16)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=16)) as http:
        async with service(tmp_path, registry) as live:
            senders = [asyncio.ensure_future(send(lane, live.url + "/entries", http))
                       for lane in lanes]  # fmt: skip
            await under_load.wait()
        await asyncio.gather(*senders)
    assert len(acknowledged) < 16 * 200, "the stop came after the load"
    async with service(tmp_path, Registry()) as live:
        indices = [live.ledger.index_of(event.id) for event in acknowledged]
        assert None not in indices
        assert len(set(indices)) == len(acknowledged)


async def test_another_signature_over_the_same_statement_gets_the_stored_event(
    tmp_path: Path,
) -> None:
    """Sameness is judged by the statement: the receipt proves the bytes that are on record."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        await live.post(event.raw)
        other = event.raw[:-64] + bytes(64)  # not even a valid signature is needed to be told
        response = await live.post(other, Accept="application/json")
        receipt = msgspec.json.decode(await response.read(), type=Receipt)
        assert response.status == 200
        assert (receipt.event, receipt.event_id) == (event.raw, event.id.hex())


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_the_quick_receipt_is_the_standard_one(count: int) -> None:
    """The hot path writes byte for byte what the verifier's own writer writes."""
    event, path, note = b"\xd2event", tuple(bytes([i]) * 32 for i in range(count)), b"note\n"
    expected = format_proof(Proof(index=7, path=path, note=note, extra=event))
    assert format_receipt(event, 7, path, note) == expected


def test_the_batch_form_comes_back_as_it_went() -> None:
    """Framing and reading are inverse; every cut of a batch is refused or another whole batch."""
    events = [b"", b"a", bytes(300), bytes(65_535)]
    data = encode_batch(events)
    assert decode_batch(data) == events
    whole = {0} | {len(encode_batch(events[:n])) for n in range(1, 5)}
    for cut in range(310):
        if cut not in whole:
            with pytest.raises(LedgerError) as caught:
                decode_batch(data[:cut])
            assert caught.value.code == "T-batch"


async def test_every_kind_of_connection_gets_the_same_receipt(tmp_path: Path) -> None:
    """A connection that stays open and one that ends get the same headers and the same proof."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        await live.post(event.raw)
        kept = await live.post(event.raw)
        ended = await live.post(event.raw, Connection="close")
        assert (kept.status, ended.status) == (200, 200)
        assert dict(kept.headers) | {"Connection": "close", "Date": ""} == dict(ended.headers) | {
            "Date": ""
        }
        assert parsedate_to_datetime(kept.headers["Date"]).tzinfo is not None
        assert await kept.read() == await ended.read()


async def test_a_client_that_does_not_read_is_waited_for(tmp_path: Path) -> None:
    """Its replies pile up in the kernel's buffers and no further, and others are served."""
    async with service(tmp_path) as live:
        event = registration(live.registry, "actor-x")
        await live.post(event.raw)
        request = (
            b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cose\r\n"
            b"Content-Length: %d\r\n\r\n" % len(event.raw)
        ) + event.raw
        address = live.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((address[0], int(address[2]))) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.setblocking(False)
            sent = await _send_until_blocked(client, request * 50, at_most=MOST_PILED_UP)
            assert sent < MOST_PILED_UP, "the service went on reading"
            assert (await live.post(event.raw)).status == 200


async def _send_until_blocked(client: socket.socket, data: bytes, *, at_most: int) -> int:
    """Send again and again until nobody has taken a byte for a second; return how many went."""
    loop, sent = asyncio.get_running_loop(), 0
    while sent < at_most:
        try:
            await asyncio.wait_for(loop.sock_sendall(client, data), 1.0)
        except TimeoutError:
            return sent
        sent += len(data)
    return sent
