"""The drills: a stolen key, and a lost database. Each step of the how-to pages is taken here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ledger.application import Reply
from ledger.errors import LedgerError
from ledger.factory import DATABASE
from ledger.source import LedgerSource
from ledger.static import publish
from tests.harness import stories
from tests.harness.attack_rows import named
from tests.harness.attacks import published_anew, small_log
from tests.harness.audits import audited, codes
from tests.harness.ledgers import accepted, actor_events, open_ledger, raws, running
from tests.harness.registry import Registry, public, ref
from verifier import note
from verifier.cli import main as verify
from verifier.keys import thumbprint
from verifier.note import Checkpoint, parse_note
from verifier.policy import parse_policy
from verifier.proof import Proof, format_proof, verify_proof
from verifier.rules.authority.distrust import suspect
from verifier.rules.authority.genesis import LedgerOpened
from verifier.rules.book import Entry, Refused

ROOTS = ("actor-root-a", "actor-root-b")
SECOND_ORIGIN = "registry.example.org/log-2"


def receipt(reply: Reply) -> bytes:
    """Return the proof file that an author keeps of the first event of a reply."""
    outcome = accepted(reply.outcomes[0])
    assert reply.checkpoint is not None
    return format_proof(Proof(outcome.index, outcome.proof, reply.checkpoint, outcome.event.raw))


async def test_row_36_a_lost_database_forks_no_log_and_no_receipt_is_lost(tmp_path: Path) -> None:
    """Yesterday's backup refuses; a ledger that names the old one goes on; old receipts hold."""
    old, folder = Registry().open(), tmp_path / "ledger"
    x, y = actor_events(old, ["actor-x", "actor-y"])
    async with running(folder) as ledger:
        await ledger.submit(raws(old.events))
        receipts = [receipt(await ledger.submit([x.raw]))]
    shutil.copy(folder / DATABASE, tmp_path / "yesterday")
    async with running(folder) as ledger:
        receipts.append(receipt(await ledger.submit([y.raw])))
        last = Checkpoint.parse(parse_note(ledger.checkpoint()).text)
    (folder / DATABASE).unlink()  # the disk is gone
    with pytest.raises(LedgerError) as lost:
        open_ledger(folder)
    assert lost.value.code == named(36)
    shutil.copy(tmp_path / "yesterday", folder / DATABASE)
    with pytest.raises(LedgerError) as caught:
        open_ledger(folder)
    assert caught.value.code == named(36)

    new = Registry(now=old.now + 86_400).open(
        origin=SECOND_ORIGIN,
        predecessor={"ledger": old.events[0].id, "size": last.size, "root": last.root},
    )
    async with running(tmp_path / "second") as ledger:
        for outcome in (await ledger.submit(raws(new.events))).outcomes:
            accepted(outcome)
        receipts_too = receipt(await ledger.submit([actor_events(new, ["actor-z"])[0].raw]))
        publish(LedgerSource(ledger), tmp_path / "out")
    genesis = new.book.thing("ledger", "genesis", LedgerOpened)
    assert genesis is not None
    assert genesis.predecessor is not None
    assert (genesis.predecessor.size, genesis.predecessor.root) == (last.size, last.root)

    policy = tmp_path / "policy"
    key = note.VerifierKey(SECOND_ORIGIN, note.ED25519, public("log"))
    text = f"# pledgebook-ledger: {new.events[0].id.hex()}\nlog {key}\nquorum none\n"
    policy.write_text(text)
    assert verify(["audit", str(tmp_path / "out"), "--policy", str(policy)]) == 0
    for kept, event in zip(receipts, (x, y), strict=True):  # also the one of the lost entry
        assert (
            verify_proof(kept, None, policy=parse_policy(old.policy().encode())).entry == event.raw
        )
    verify_proof(receipts_too, None, policy=parse_policy(text.encode()))


def revoke(registry: Registry, actor: str, kid: bytes) -> None:
    """Revoke a key of an actor with another one of it."""
    registry.append(actor, f"{actor}/keys", "KeyRevoked", kid=kid, reason="compromised")


def test_row_15_a_stolen_key_is_ended_and_what_stands_is_said(tmp_path: Path) -> None:
    """Steal, revoke, distrust back to the day, reaffirm what stands, go on; it all audits true."""
    registry = small_log()
    registry.on("2025-02-01")
    actor = stories.SECRETARIAT
    registry.append(actor, f"{actor}/keys", "KeyEnrolled", **registry.possession(actor, "second"))
    mine = stories.made_commitment(registry, local="mine")
    stolen = stories.made_commitment(registry, local="by-a-thief")
    first = thumbprint(public(actor))
    registry.keys[actor] = "second"
    revoke(registry, actor, first)
    registry.keys[actor] = actor
    with pytest.raises(Refused) as caught:
        stories.made_commitment(registry, local="by-a-thief-again")
    assert "AD5" in {unmet.rule for unmet in caught.value.unmet}
    registry.keys[actor] = "second"

    proposal = registry.append(
        ROOTS[0], f"{actor}/distrust/k1", "KeyDistrustProposed", kid=first, since=registry.day(),
        reason="A/1", quorum=2, expires=registry.day(30),
    )  # fmt: skip
    for root in ROOTS:
        registry.endorse(root, proposal, f"{root}-org")
    assert is_suspect(registry, mine)
    assert is_suspect(registry, stolen)
    assert named(15) == "suspect"
    registry.append(actor, f"{actor}/reaffirmation/r1", "Reaffirmed", kid=first, events=[ref(mine)])
    assert not is_suspect(registry, mine)
    assert is_suspect(registry, stolen)
    earlier = next(e for e in registry.events if e.iss == actor)
    assert not suspect(earlier.id, actor=actor, kid=first, day="2024-02-01", book=registry.book)

    stories.made_commitment(registry, local="after-all-that")
    entries = [event.raw for event in registry.events]
    findings, verdict = audited(published_anew(registry, tmp_path / "log", entries))
    assert verdict.exit == 0, codes(findings)


def is_suspect(registry: Registry, entry: Entry) -> bool:
    """Say whether what was signed today is suspect."""
    event = entry.event
    return suspect(event.id, actor=event.iss, kid=event.kid, day=registry.day(), book=registry.book)
