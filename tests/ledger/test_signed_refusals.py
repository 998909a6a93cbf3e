"""A refusal by the rules is signed: by which rules, at which tree, over which statement."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import cbor2
import msgspec
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from ledger.application import Ledger, Settings
from ledger.cli import submit
from ledger.committer import Committer
from ledger.http.wire import MEDIA_BATCH, BatchReply, encode_batch
from ledger.outcome import Rejected
from ledger.recorder import StorageError
from ledger.refusals import RATE_PER_S, Refusals
from tests.harness import logkeys
from tests.harness.ledgers import NamedSigner, raws
from tests.harness.registry import ORIGIN, Registry, public, secret
from tests.harness.service import problem, registration, service
from verifier import keys
from verifier.event import Event
from verifier.refusal import Refusal, parse_refusal, to_be_signed


def stale(registry: Registry, actor: str = "actor-x") -> Event:
    """Sign a registration whose stream has another head than it says."""
    return registration(registry, actor, seq=5, prev=bytes(32))


def require_signed(one: Refusal) -> None:
    """Require the refusal key's signature."""
    message = to_be_signed(one.protected, one.payload)
    keys.verify(public(logkeys.REFUSALS), one.signature, message)


async def test_a_refusal_by_the_rules_is_signed_over_what_was_refused(tmp_path: Path) -> None:
    """It names every rule of the plain problem, the tree, the statement; the event is in it."""
    async with service(tmp_path, logkeys.opened()) as live:
        event = stale(live.registry)
        told = await problem(await live.post(event.raw))
        assert told.refusal is not None
        one = parse_refusal(told.refusal)
        require_signed(one)
        assert one.rules == tuple(sorted({unmet.rule for unmet in told.unmet})) == ("AD4",)
        assert (one.event.raw, one.submission) == (event.raw, event.submission_id)
        assert (one.size, one.root) == (3, live.registry.roots[3])
        assert (one.origin, one.ledger) == (ORIGIN, live.ledger.ledger_id)


async def test_in_cbor_the_refusal_comes_as_bytes(tmp_path: Path) -> None:
    """A SCITT client finds the same refusal in its problem details."""
    async with service(tmp_path, logkeys.opened()) as live:
        event = stale(live.registry)
        response = await live.post(event.raw, Accept="application/cose")
        own = cbor2.loads(await response.read())["urn:pledgebook:problem"]
        assert parse_refusal(own["refusal"]).event.raw == event.raw


async def test_what_is_not_refused_by_the_rules_is_not_signed(tmp_path: Path) -> None:
    """Malformed, of no known key, falsely signed, too early for the clock: told plainly only."""
    async with service(tmp_path, logkeys.opened()) as live:
        good = registration(live.registry, "actor-x")
        for raw, code in (
            (b"no event", "event-malformed"),
            (registration(live.registry, "actor-x", key="stranger").raw, "AD5"),
            (good.raw[:-1] + bytes([good.raw[-1] ^ 1]), "signature-false"),
        ):
            told = await problem(await live.post(raw))
            assert (told.code, told.refusal) == (code, None)


async def test_a_log_without_a_refusal_key_refuses_plainly(tmp_path: Path) -> None:
    """The key that the service holds is not one that the genesis names."""
    async with service(tmp_path, Registry().open()) as live:
        told = await problem(await live.post(stale(live.registry).raw))
        assert (told.code, told.refusal) == ("AD4", None)


async def test_in_a_batch_each_refusal_names_the_tree_before_it(tmp_path: Path) -> None:
    """An event is judged after those before it in its request, and the refusal says so."""
    async with service(tmp_path, logkeys.opened()) as live:
        registry, batch = live.registry, []
        for n in range(3):
            batch += [registry.add(registration(registry, f"actor-n{n}")).event,
                      stale(registry, f"actor-s{n}")]  # fmt: skip
        response = await live.post(encode_batch(raws(batch)), media=MEDIA_BATCH)
        reply = msgspec.json.decode(await response.read(), type=BatchReply)
        refused = [r.problem for r in reply.results if r.problem is not None]
        for n, told in enumerate(refused):
            one = parse_refusal(told.refusal or b"")
            require_signed(one)
            assert (one.size, one.root) == (4 + n, registry.roots[4 + n])
        assert len(refused) == 3


async def test_no_tree_is_named_that_did_not_become_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the group fails at the disk, its refusals go out unsigned."""

    def fail(*_: Any) -> None:
        raise StorageError("the disk is gone")

    registry = logkeys.opened()
    async with service(tmp_path, registry) as live:
        monkeypatch.setattr(Committer, "_make_durable", fail)
        good = registry.add(registration(registry, "actor-x")).event
        reply = await live.ledger.submit(raws([good, stale(registry, "actor-y")]))
        lost, refused = reply.outcomes
        assert isinstance(lost, Rejected)
        assert isinstance(refused, Rejected)
        assert lost.code.startswith("T-storage")
        assert (refused.code, refused.refusal) == ("AD4", None)


async def test_a_flood_of_refused_events_gets_so_many_signatures_and_no_more(
    tmp_path: Path,
) -> None:
    """Beyond the rate an event is refused all the same, unsigned; later it is signed."""
    async with service(tmp_path, logkeys.opened()) as live:
        now = [0.0]
        publisher = live.ledger._publisher
        assert publisher is not None
        publisher.refusals = Refusals(
            NamedSigner(logkeys.REFUSALS), origin=ORIGIN, ledger=live.ledger.ledger_id,
            rate_per_s=5, clock=lambda: now[0],
        )  # fmt: skip
        flood = raws([stale(live.registry, f"actor-n{n}") for n in range(20)])

        async def signed() -> int:
            outcomes = (await live.ledger.submit(flood)).outcomes
            assert {outcome.code for outcome in outcomes if isinstance(outcome, Rejected)} == {
                "AD4"
            }
            return sum(bool(o.refusal) for o in outcomes if isinstance(o, Rejected))

        assert [await signed(), await signed()] == [5, 0]
        now[0] = 0.6
        assert await signed() == 3
        now[0] = 1_000.0
        assert await signed() == 5
    assert RATE_PER_S <= 1_000


async def test_a_refusal_after_a_restart_names_the_same_tree(tmp_path: Path) -> None:
    """The keys are learnt from the genesis again, and the root is the stored one."""
    registry = logkeys.opened()
    async with service(tmp_path, registry):
        pass
    ledger = Ledger.open(tmp_path, settings=Settings(), signers=logkeys.signers())
    await ledger.start()
    try:
        outcome = (await ledger.submit(raws([stale(registry)]))).outcomes[0]
        assert isinstance(outcome, Rejected)
        one = parse_refusal(outcome.refusal or b"")
        assert (one.size, one.root) == (3, registry.roots[3])
    finally:
        await ledger.close()


async def test_the_command_keeps_the_signed_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``pledgebook submit --refusal FILE`` ends with 1 and leaves the evidence behind."""
    passphrase, root = "correct horse", "actor-root-a"
    monkeypatch.setenv("PLEDGEBOOK_PASSPHRASE", passphrase)
    (tmp_path / "key").write_bytes(
        secret(root).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
        )
    )
    (tmp_path / "payload").write_text(
        '{"kind": "organization", "name": [{"lang": "en", "text": "X"}], "principal": "actor-x",'
        ' "stakeholder_type": "ngo"}', encoding="utf-8",
    )  # fmt: skip
    async with service(tmp_path / "ledger", logkeys.opened()) as live:
        policy = logkeys.policy_text(live.ledger.ledger_id)
        (tmp_path / "policy").write_text(policy, encoding="ascii")
        done = await asyncio.to_thread(
            CliRunner().invoke, submit,
            [str(tmp_path / "payload"), "--as", root, "--key", str(tmp_path / "key"),
             "--stream", "p-1/profile", "--type", "ActorRegistered/1", "--at", live.url,
             "--policy", str(tmp_path / "policy"), "--refusal", str(tmp_path / "refusal")],
        )  # fmt: skip
        assert done.exit_code == 1, done.output
        one = parse_refusal((tmp_path / "refusal").read_bytes())
        require_signed(one)
        assert (one.rules, one.event.stream) == (("AD3",), "p-1/profile")
