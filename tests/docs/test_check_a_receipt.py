"""What ``docs/how-to/check-a-receipt.md`` says, done with the service and the command."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.harness import logkeys
from tests.harness.service import registration, service
from verifier.cli import main


async def receipts(folder: Path) -> Path:
    """Record an event and keep everything that the page names; return the folder."""
    async with service(folder / "ledger", logkeys.opened()) as live:
        event = registration(live.registry, "actor-x")
        (folder / "proof").write_bytes(await (await live.post(event.raw)).read())
        answer = await live.get(f"/entries/{event.id.hex()}", Accept="application/cose")
        (folder / "cose").write_bytes(await answer.read())
        genesis = await live.get("/entries/0/event")
        (folder / "genesis").write_bytes(await genesis.read())
        ledger = live.ledger.ledger_id
    (folder / "event").write_bytes(event.raw)
    (folder / "policy").write_text(logkeys.policy_text(ledger), encoding="ascii")
    unnamed = logkeys.policy_text(ledger, receipts=False)
    (folder / "unnamed").write_text(unnamed, encoding="ascii")
    return folder


def check(folder: Path, *arguments: str) -> int:
    """Run the command on files of the folder, named by the arguments that are no options."""
    return main(["receipt", *(a if a.startswith("--") else str(folder / a) for a in arguments)])


async def test_both_receipts_are_checked_offline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0, the words say what is proven, by whom, and what was not checked."""
    folder = await receipts(tmp_path)
    assert check(folder, "event", "proof", "--policy", "policy") == 0
    told = capsys.readouterr().out
    assert "entry 3 of registry.example.org/log, in its tree of 4 entries" in told
    assert "no witness yet: this is the word of the operator alone" in told
    assert check(folder, "event", "cose", "--policy", "policy") == 0
    told = capsys.readouterr().out
    assert "by the word of its receipt key" in told
    assert "not checked: index, size and time" in told


async def test_the_genesis_names_the_key_where_the_policy_does_not(tmp_path: Path) -> None:
    """Without either the answer is 4; with a file that is no genesis as well."""
    folder = await receipts(tmp_path)
    assert check(folder, "event", "cose", "--policy", "unnamed", "--genesis", "genesis") == 0
    assert check(folder, "event", "cose", "--policy", "unnamed") == 4
    assert check(folder, "event", "cose", "--policy", "unnamed", "--genesis", "event") == 4


async def test_what_does_not_hold_has_the_exit_code_of_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another event and a changed byte are 1, a missing file is 3, no policy is 4."""
    folder = await receipts(tmp_path)
    for kind in ("proof", "cose"):
        assert check(folder, "genesis", kind, "--policy", "policy") == 1
        data = bytearray((folder / kind).read_bytes())
        data[-70] ^= 1
        (folder / "changed").write_bytes(data)
        assert check(folder, "event", "changed", "--policy", "policy") == 1
        assert check(folder, "event", kind) == 4
    assert check(folder, "event", "nothing", "--policy", "policy") == 3
    assert "source-unreadable" in capsys.readouterr().err


async def test_a_policy_with_a_quorum_takes_a_fresh_receipt_only_when_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--fresh`` takes the operator's word; without it the proof is false, the COSE one open."""
    folder = await receipts(tmp_path)
    text = (folder / "policy").read_text("ascii")
    line = f"witness partner {logkeys.witness_key('partner')}\nquorum partner"
    (folder / "strict").write_text(text.replace("quorum none", line), encoding="ascii")
    assert check(folder, "event", "proof", "--policy", "strict") == 1
    assert "quorum-missing" in capsys.readouterr().err
    assert check(folder, "event", "cose", "--policy", "strict") == 3
    assert "receipt-unwitnessed" in capsys.readouterr().err
    for kind in ("proof", "cose"):
        assert check(folder, "event", kind, "--policy", "strict", "--fresh") == 0


async def test_a_proof_file_carries_the_event_and_no_other_than_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without EVENT the carried one is proven; with it they must agree; COSE needs it."""
    folder = await receipts(tmp_path)
    assert check(folder, "proof", "--policy", "policy") == 0
    assert "entry 3 of" in capsys.readouterr().out
    lines = (folder / "proof").read_bytes().split(b"\n")
    lines[1] = b"extra " + base64.b64encode((folder / "genesis").read_bytes())
    (folder / "changed").write_bytes(b"\n".join(lines))
    assert check(folder, "changed", "--policy", "policy") == 1
    assert check(folder, "event", "changed", "--policy", "policy") == 1
    assert "carries another entry" in capsys.readouterr().err
    assert check(folder, "cose", "--policy", "policy") == 3
    assert "needs the event" in capsys.readouterr().err
