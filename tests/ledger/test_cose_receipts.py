"""COSE receipts from the service: in the reply, fresh on demand, one signature for a group."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import msgspec
import pytest

from ledger.application import Ledger, Settings
from ledger.errors import LedgerError
from ledger.http.wire import (
    MEDIA_BATCH,
    MEDIA_RECEIPT,
    BatchReply,
    Receipt,
    ReceiptSignature,
    encode_batch,
)
from ledger.outcome import Rejected
from ledger.signer import Signers
from tests.harness import logkeys
from tests.harness.ledgers import NamedSigner, raws
from tests.harness.registry import Registry
from tests.harness.service import Service, problem, register_many, registration, service
from verifier.policy import Policy
from verifier.receipt import SignedRoot, parse_receipt, verify_receipt


def policy_of(live: Service) -> Policy:
    """Return a policy that pins the ledger and names its receipt key."""
    return logkeys.policy(live.ledger.ledger_id)


async def cose(response: aiohttp.ClientResponse) -> bytes:
    """Return the receipt of an answer that is one."""
    assert response.content_type == MEDIA_RECEIPT, await response.text()
    return await response.read()


async def test_the_reply_to_an_append_is_a_cose_receipt_where_that_is_accepted(
    tmp_path: Path,
) -> None:
    """201, the place where a fresh one is given, and a receipt that proves the event."""
    async with service(tmp_path, logkeys.opened()) as live:
        event = registration(live.registry, "actor-x")
        response = await live.post(event.raw, Accept=MEDIA_RECEIPT)
        assert (response.status, response.headers["Location"]) == (201, f"entries/{event.id.hex()}")
        data = await cose(response)
        assert verify_receipt(data, event.raw, policy=policy_of(live)).leaf == event.id
        assert (parse_receipt(data).size, parse_receipt(data).index) == (4, 3)


async def test_json_carries_both_receipts(tmp_path: Path) -> None:
    """The checkpoint with its path, and the COSE receipt over the same tree."""
    async with service(tmp_path, logkeys.opened()) as live:
        event = registration(live.registry, "actor-x")
        response = await live.post(event.raw, Accept="application/json")
        receipt = msgspec.json.decode(await response.read(), type=Receipt)
        assert receipt.cose is not None
        assert verify_receipt(receipt.cose, event.raw, policy=policy_of(live)).leaf == event.id
        assert parse_receipt(receipt.cose).path == receipt.proof


async def test_all_receipts_of_a_group_share_one_signature(tmp_path: Path) -> None:
    """A batch of 300 is one commit group, one signature, and 300 receipts that hold."""
    async with service(tmp_path, logkeys.opened()) as live:
        events = register_many(live.registry, 300)
        response = await live.post(encode_batch(raws(events)), media=MEDIA_BATCH)
        reply = msgspec.json.decode(await response.read(), type=BatchReply)
        assert isinstance(reply.receipts, ReceiptSignature)
        root = SignedRoot(reply.receipts.size, reply.receipts.protected, reply.receipts.signature)
        policy = policy_of(live)
        for event, result in zip(events, reply.results, strict=True):
            assert result.index is not None
            assert result.proof is not None
            verify_receipt(root.receipt(result.index, result.proof), event.raw, policy=policy)
        assert root.size == live.ledger.size == 303


async def test_writers_of_one_group_share_its_signature_too(tmp_path: Path) -> None:
    """There are as many signatures as commits; receipts of one group differ in their paths."""
    async with service(tmp_path, logkeys.opened()) as live:
        commits = live.ledger.counters["commits"]
        events = [registration(live.registry, f"actor-n{i}") for i in range(60)]
        replies = await asyncio.gather(*(live.post(e.raw, Accept=MEDIA_RECEIPT) for e in events))
        parsed = [parse_receipt(await cose(reply)) for reply in replies]
        assert len({one.signature for one in parsed}) == live.ledger.counters["commits"] - commits
        assert len({one.index for one in parsed}) == 60


async def test_a_resubmission_gets_a_fresh_receipt(tmp_path: Path) -> None:
    """The event is on record at its old index; the receipt is in the newest tree."""
    async with service(tmp_path, logkeys.opened()) as live:
        event = registration(live.registry, "actor-x")
        first = await cose(await live.post(event.raw, Accept=MEDIA_RECEIPT))
        await live.post(registration(live.registry, "actor-y").raw)
        again = await live.post(event.raw, Accept=MEDIA_RECEIPT)
        assert again.status == 200
        second = await cose(again)
        for data, size in ((first, 4), (second, 5)):
            assert verify_receipt(data, event.raw, policy=policy_of(live)).leaf == event.id
            assert (parse_receipt(data).index, parse_receipt(data).size) == (3, size)


async def test_a_fresh_receipt_is_given_for_any_entry(tmp_path: Path) -> None:
    """By id and by index, also for events of long ago and after a restart."""
    registry = logkeys.opened()
    async with service(tmp_path, registry) as live:
        event = registration(registry, "actor-x")
        await live.post(event.raw)
    registry.add(event)
    async with service(tmp_path, registry) as live:
        for name in (event.id.hex(), "3"):
            data = await cose(await live.get(f"/entries/{name}", Accept=MEDIA_RECEIPT))
            assert verify_receipt(data, event.raw, policy=policy_of(live)).leaf == event.id
        assert (await live.get("/entries/77", Accept=MEDIA_RECEIPT)).status == 404


async def test_the_first_group_has_receipts_already(tmp_path: Path) -> None:
    """The genesis names the key; the group that begins with it is sealed with that key."""
    registry = logkeys.opened()
    ledger = Ledger.open(tmp_path, settings=Settings(), signers=logkeys.signers())
    await ledger.start()
    try:
        reply = await ledger.submit(raws(registry.events))
        assert reply.root is not None
        assert reply.root.size == 3
    finally:
        await ledger.close()


async def test_a_log_of_one_entry_has_no_cose_receipt(tmp_path: Path) -> None:
    """The genesis alone is answered with the proof file; a COSE receipt is absent, as told."""
    registry = logkeys.opened()
    genesis = registry.events.pop(0)
    registry.events.clear()
    async with service(tmp_path, registry) as live:
        response = await live.post(genesis.raw, Accept=MEDIA_RECEIPT)
        assert (response.status, response.content_type) == (201, "text/plain")
        accept = f"{MEDIA_RECEIPT}, application/problem+json"
        told = await problem(await live.get("/entries/0", Accept=accept))
        assert (told.status, told.code) == (404, "receipt-absent")


async def test_a_log_whose_genesis_names_no_receipt_key_makes_no_receipt(tmp_path: Path) -> None:
    """A key that the service holds and the log does not name signs nothing."""
    async with service(tmp_path, Registry().open()) as live:
        event = registration(live.registry, "actor-x")
        response = await live.post(event.raw, Accept=MEDIA_RECEIPT)
        assert (response.status, response.content_type) == (201, "text/plain")
        accept = f"{MEDIA_RECEIPT}, application/problem+json"
        assert (await problem(await live.get("/entries/0", Accept=accept))).code == "receipt-absent"


async def test_a_service_without_the_keys_of_its_genesis_does_not_open(tmp_path: Path) -> None:
    """It refuses a genesis under which it cannot sign; a recorded one stops the start."""
    registry = logkeys.opened()
    bare = Signers(NamedSigner(logkeys.LOG))
    ledger = Ledger.open(tmp_path / "a", settings=Settings(), signers=bare)
    await ledger.start()
    try:
        outcome = (await ledger.submit(raws(registry.events[:1]))).outcomes[0]
        assert isinstance(outcome, Rejected)
        assert outcome.code == "T-log-key"
    finally:
        await ledger.close()
    async with service(tmp_path / "b", registry):
        pass
    for signers in (bare, Signers(NamedSigner(logkeys.LOG), receipt=logkeys.P256Signer())):
        with pytest.raises(LedgerError, match="signer-unusable"):
            Ledger.open(tmp_path / "b", settings=Settings(), signers=signers)
