"""The client believes nothing that is not proved, and nothing is doubled on the way."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import msgspec
import pytest

from ledger.client import (
    DeclinedError,
    LedgerClient,
)
from ledger.errors import LedgerError
from tests.harness import logkeys
from tests.harness.registry import ORIGIN, public, signed_checkpoint
from tests.harness.service import registration, service
from tests.harness.wire import (
    Tamper,
    between,
)
from verifier.errors import FalseError, PledgebookError
from verifier.note import ED25519, Checkpoint, VerifierKey, parse_note
from verifier.policy import parse_policy
from verifier.proof import format_proof, parse_proof, verify_proof
from verifier.receipt import verify_receipt


async def test_a_submission_comes_back_with_a_receipt_to_keep(tmp_path: Path) -> None:
    """The receipt is a proof file that the verifier accepts without the client or the ledger."""
    async with service(tmp_path) as live, LedgerClient(live.url, policy=live.policy) as client:
        event = registration(live.registry, "actor-x")
        recorded = await client.submit(event)
        assert (recorded.index, recorded.duplicate, recorded.event) == (3, False, event)
        proven = verify_proof(recorded.receipt, None, policy=live.policy)
        assert (proven.entry, proven.index) == (event.raw, 3)


@pytest.mark.parametrize("named", [True, False])
async def test_a_cose_receipt_is_fetched_and_verified(tmp_path: Path, named: bool) -> None:
    """Its key comes from the policy, or from the genesis that the policy pins."""
    async with service(tmp_path, logkeys.opened()) as live:
        policy = logkeys.policy(live.ledger.ledger_id, receipts=named)
        async with LedgerClient(live.url, policy=policy) as client:
            event = (await client.submit(registration(live.registry, "actor-x"))).event
            genesis = live.registry.events[0].raw
            receipt = await client.cose_receipt(event)
            assert verify_receipt(receipt, event.raw, policy=policy, genesis=genesis).leaf
            with pytest.raises(DeclinedError) as caught:
                await client.cose_receipt(registration(live.registry, "actor-y"))
            assert caught.value.code == "entry-absent"


async def test_a_cose_receipt_under_another_key_is_not_believed(tmp_path: Path) -> None:
    """A receipt under another key than the policy names is no receipt to the client."""
    async with service(tmp_path, logkeys.opened()) as live:
        policy = logkeys.policy(live.ledger.ledger_id)
        async with LedgerClient(live.url, policy=policy) as client:
            event = (await client.submit(registration(live.registry, "actor-x"))).event
            other = dataclasses.replace(policy, receipts=logkeys.point("another"))
            client._policy = other
            with pytest.raises(LedgerError) as caught:
                await client.cose_receipt(event)
            assert caught.value.code == "receipt-false"


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


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(tmp_path: Path, status: int) -> None:
    """A redirect is an answer that the ledger does not give, wherever it leads."""
    async with service(tmp_path) as live, between(live, fail=[status]) as (_, client):
        with pytest.raises(DeclinedError) as caught:
            await client.submit(registration(live.registry, "actor-x"))
        assert caught.value.problem.code == "reply-malformed"
        assert live.ledger.size == 3
