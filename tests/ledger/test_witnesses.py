"""The log asks its witnesses beside its work; what they have seen is what it serves."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.outcome import Accepted, Rejected
from ledger.witnesses import read_policy
from tests.harness.ledgers import actor_events, check_receipts, raws, running
from tests.harness.registry import ORIGIN, Registry, public, secret
from verifier.note import COSIGNATURE, ED25519, VerifierKey
from verifier.policy import parse_policy
from verifier.witness import Cosigner
from verifier.witness_http import Memory, WitnessServer

LOG = VerifierKey(ORIGIN, ED25519, public("log"))


@contextmanager
def witness(folder: Path, name: str, log: VerifierKey = LOG) -> Iterator[WitnessServer]:
    """A real witness on a port of loopback, with its memory in a folder."""
    key = VerifierKey(f"{name}.example", COSIGNATURE, public(name))
    memory = Memory(folder / f"{name}.db", {ORIGIN: [log]}, Cosigner(key, secret(name).sign))
    server = WitnessServer(("127.0.0.1", 0), memory)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def policy(folder: Path, *servers: WitnessServer, enough: int, log: VerifierKey = LOG) -> Path:
    """Write a policy that asks for some of these witnesses."""
    names = [f"w{n}" for n in range(len(servers))]
    lines = [f"log {log}"]
    lines += [f"witness {name} {server.memory.key} {server.url}"
              for name, server in zip(names, servers, strict=True)]  # fmt: skip
    lines += [f"group all {enough} {' '.join(names)}", "quorum all", ""]
    path = folder / "witnesses.policy"
    path.write_text("\n".join(lines))
    return path


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds; fail after ten seconds."""
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came to be")


async def test_what_is_served_is_what_the_quorum_saw(tmp_path: Path) -> None:
    """Two of three witnesses cosign, the third does not run; growth is cosigned too."""
    registry = Registry().open()
    with witness(tmp_path, "a") as a, witness(tmp_path, "b") as b, witness(tmp_path, "c") as c:
        path = policy(tmp_path, a, b, c, enough=2)
        c.shutdown()
        c.server_close()
        judge = parse_policy(path.read_bytes()).judge

        async with running(
            tmp_path / "ledger", witness_policy=path, checkpoint_interval_s=0.05
        ) as ledger:

            def witnessed(size: int) -> bool:
                seen = judge(ledger.checkpoint(), require_quorum=False)
                return seen.quorum_met and seen.checkpoint.size == size

            await ledger.submit(raws(registry.events))
            await eventually(lambda: witnessed(3))
            more = actor_events(registry, [f"actor-x{n}" for n in range(20)])
            check_receipts(await ledger.submit(raws(more)))
            await eventually(lambda: witnessed(23))
            assert {w.name for w in judge(ledger.checkpoint()).witnesses} == {"w0", "w1"}


async def test_without_a_quorum_receipts_come_all_the_same(tmp_path: Path) -> None:
    """No witness answers: the receipt is in the reply, and the plain checkpoint is served."""
    registry = Registry().open()
    with witness(tmp_path, "a") as a:
        path = policy(tmp_path, a, enough=1)
    async with running(tmp_path / "ledger", witness_policy=path) as ledger:
        check_receipts(await ledger.submit(raws(registry.events)))
        seen = parse_policy(path.read_bytes()).judge(ledger.checkpoint(), require_quorum=False)
        assert (seen.checkpoint.size, seen.quorum_met) == (3, False)


async def test_an_old_backup_is_told_by_its_witness(tmp_path: Path) -> None:
    """A log that lost what a witness saw appends nothing more, and says why."""
    registry = Registry().open()
    more = actor_events(registry, ["actor-x", "actor-y"])
    with witness(tmp_path, "a") as a:
        path = policy(tmp_path, a, enough=1)
        async with running(tmp_path / "one", witness_policy=path,
                           checkpoint_interval_s=0.05) as ledger:  # fmt: skip
            await ledger.submit(raws([*registry.events, *more]))
            await eventually(lambda: b"a.example" in ledger.checkpoint())
        async with running(tmp_path / "restored", witness_policy=path) as ledger:
            reply = await ledger.submit(raws(registry.events))
            assert isinstance(reply.outcomes[0], Accepted)
            await eventually(lambda: not ledger.ready()[0])
            assert "signed 5 entries that it does not have" in ledger.ready()[1]
            told = (await ledger.submit(raws(more[:1]))).outcomes[0]
            assert isinstance(told, Rejected)
            assert told.code == "T-storage"


async def test_a_bare_claim_halts_nobody(tmp_path: Path) -> None:
    """A witness that says it saw more, and cannot show the log's signature on it, is logged."""
    registry = Registry().open()
    with witness(tmp_path, "a") as a:
        path = policy(tmp_path, a, enough=1)
        with sqlite3.connect(tmp_path / "a.db") as connection:
            connection.execute("INSERT INTO cosigned VALUES (?, 900, ?, ?)",
                               (ORIGIN, bytes(32), b"nothing that anybody signed\n"))  # fmt: skip
        async with running(tmp_path / "ledger", witness_policy=path) as ledger:
            await ledger.submit(raws(registry.events))
            await asyncio.sleep(0.6)
            assert ledger.ready()[0]


async def test_a_false_cosignature_is_no_voice(tmp_path: Path) -> None:
    """A witness that signs with another key than the policy's is not counted."""
    registry = Registry().open()
    with witness(tmp_path, "a") as a:
        path = policy(tmp_path, a, enough=1)
        path.write_text(path.read_text().replace(
            str(a.memory.key), str(VerifierKey("a.example", COSIGNATURE, public("b")))
        ))  # fmt: skip
        async with running(tmp_path / "ledger", witness_policy=path) as ledger:
            await ledger.submit(raws(registry.events))
            await asyncio.sleep(0.6)
            assert b"a.example" not in ledger.checkpoint()


@pytest.mark.parametrize("text", ["", f"log {LOG}\nquorum none\nwitness", "nothing"])
def test_a_policy_that_is_none_is_told_at_the_start(tmp_path: Path, text: str) -> None:
    """The operator's mistake has a code and the file's name."""
    (tmp_path / "policy").write_text(text)
    with pytest.raises(LedgerError) as told:
        read_policy(tmp_path / "policy")
    assert told.value.code == "config-invalid"
