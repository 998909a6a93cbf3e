"""Attacks on the running service and its disk (rows of the attack table), and old mistakes."""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.factory import DATABASE
from ledger.source import LedgerSource
from ledger.static import publish
from tests.harness import stories
from tests.harness.attack_rows import PITFALLS, named
from tests.harness.attacks import Attacked, small_log
from tests.harness.audits import audited, codes
from tests.harness.ledgers import accepted, actor_events, open_ledger, raws, running, stored
from tests.harness.registry import Registry, secret
from tests.harness.service import problem, service
from verifier import note
from verifier.audit import Audit, Options
from verifier.finding import Finding
from verifier.memory import Memory
from verifier.note import Checkpoint
from verifier.policy import parse_policy
from verifier.since import Since
from verifier.sources import open_source

ROOT = Path(__file__).resolve().parents[2]


async def record(folder: Path, events: list[bytes]) -> None:
    """Record events in the ledger of a folder."""
    async with running(folder) as ledger:
        for outcome in (await ledger.submit(events)).outcomes:
            accepted(outcome)


async def restored(folder: Path) -> LedgerError:
    """Record, back up, record more, restore the backup; return why the ledger does not open."""
    registry = Registry().open()
    x, y = actor_events(registry, ["actor-x", "actor-y"])
    await record(folder, raws([*registry.events, x]))
    shutil.copy(folder / DATABASE, folder / "backup")
    await record(folder, [y.raw])
    shutil.copy(folder / "backup", folder / DATABASE)
    with pytest.raises(LedgerError) as caught:
        open_ledger(folder)
    return caught.value


async def test_row_04_a_restored_old_database_refuses_to_append(tmp_path: Path) -> None:
    """The signing state, kept apart, remembers a larger tree: the service does not open."""
    assert (await restored(tmp_path)).code == named(4)


async def test_pitfall_11_a_restored_copy_says_that_it_is_one(tmp_path: Path) -> None:
    """With both sizes and with what to do."""
    error = await restored(tmp_path)
    assert error.code == named(11, PITFALLS)
    assert "5 entries were signed, the database has 4" in error.reason
    assert error.hint


async def test_row_08_the_same_event_again_has_the_same_place(tmp_path: Path) -> None:
    """Twice in one request, in two requests, after a restart: one entry, one index."""
    registry = Registry().open()
    (x,) = actor_events(registry, ["actor-x"])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        reply = await ledger.submit([x.raw, x.raw])
        again = await ledger.submit([x.raw])
        told = [accepted(o) for o in (*reply.outcomes, *again.outcomes)]
        assert {one.index for one in told} == {3}
        assert [getattr(one, named(8)) for one in told] == [False, True, True]
    async with running(tmp_path) as ledger:
        assert accepted((await ledger.submit([x.raw])).outcomes[0]).duplicate
        assert ledger.size == 4


async def test_row_21_a_flipped_bit_on_disk_is_named(tmp_path: Path) -> None:
    """One bit of one stored event: what is published does not audit, and the event is named."""
    registry = small_log()
    await record(tmp_path / "ledger", raws(registry.events))
    with sqlite3.connect(tmp_path / "ledger" / DATABASE) as database:
        rows = database.execute("SELECT position, state FROM entries ORDER BY position").fetchall()
        place, state = rows[20]
        flipped = state[:-1] + bytes((state[-1] ^ 1,))
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type='trigger'"):
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute("UPDATE entries SET state = ? WHERE position = ?", (flipped, place))
    database.close()
    async with running(tmp_path / "ledger") as ledger:
        publish(LedgerSource(ledger), tmp_path / "out")
    findings, verdict = audited(Attacked(tmp_path / "out", registry.policy()))
    assert verdict.exit == 1
    assert (named(21), 20) in {(finding.code, finding.index) for finding in findings}
    assert "entry-changed" in codes(findings)


@pytest.mark.parametrize("step", ["after-commit", "before-sync", "before-signature"])
async def test_row_22_nothing_is_signed_that_is_not_stored(tmp_path: Path, step: str) -> None:
    """Killed between the commit and the reply: the next start signs what is on record, no other."""
    registry = Registry().open()
    events = raws([*registry.events, *actor_events(registry, [f"actor-x{n}" for n in range(40)])])
    bundle = tmp_path / "events"
    bundle.write_bytes(b"".join(len(raw).to_bytes(2, "big") + raw for raw in events))
    folder = tmp_path / "ledger"
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.harness.crashing", folder, bundle, step, "3"],
        cwd=ROOT, stdout=subprocess.DEVNULL, check=False, env=os.environ,
    )  # fmt: skip
    before = stored(folder)
    async with running(folder) as ledger:
        head = Checkpoint.parse(note.parse_note(ledger.checkpoint()).text)
        assert head.size <= len(before)
        assert stored(folder)[: len(before)] == before
    assert named(22) == "never more signed than stored"


async def test_row_29_a_compressed_body_is_not_unfolded(tmp_path: Path) -> None:
    """Fifty kilobytes that would be fifty megabytes: refused by its header."""
    async with service(tmp_path) as live:
        bomb = gzip.compress(bytes(50_000_000))
        answer = await live.http.post(
            f"{live.url}/entries", data=bomb,
            headers={"Content-Type": "application/cose", "Content-Encoding": "gzip"},
        )  # fmt: skip
        told = await problem(answer)
        assert (told.status, told.code) == (415, named(29))


async def test_row_38_who_floods_is_told_to_wait(tmp_path: Path) -> None:
    """More than the queue holds at once: refused with a time to wait, and nothing is lost."""
    registry = Registry().open()
    async with running(tmp_path, max_pending_events=8) as ledger:
        await ledger.submit(raws(registry.events))
        many = actor_events(registry, [f"actor-x{n}" for n in range(400)])
        replies = await asyncio.gather(*(ledger.submit([event.raw]) for event in many))
        outcomes = [reply.outcomes[0] for reply in replies]
        waiting = [one for one in outcomes if getattr(one, "code", "") == named(38)]
        assert waiting
        assert all(getattr(one, "retry_after_s", 0) > 0 for one in waiting)
        assert ledger.size == 3 + len(outcomes) - len(waiting)


def test_row_35_log_time_ahead_of_its_witness_is_told(tmp_path: Path) -> None:
    """Events dated beyond the moment at which a witness saw them, on a ledger of real time."""
    registry = stories.listed_partnership(Registry().open(clock="real"))
    folder = registry.publish(tmp_path / "log")
    key = note.VerifierKey(
        "w.example", note.COSIGNATURE, secret("w").public_key().public_bytes_raw()
    )
    parsed = note.parse_note(registry.checkpoint())
    line = note.cosignature_line(key, parsed.text, timestamp=registry.now - 86_400,
                                 sign=secret("w").sign)  # fmt: skip
    log = note.VerifierKey("registry.example.org/log", note.ED25519,
                           secret("log").public_key().public_bytes_raw())  # fmt: skip
    own = note.ed25519_line(log, parsed.text, sign=secret("log").sign)
    (folder / "checkpoint").write_bytes(note.format_note(parsed.text, [own, line]))
    policy = f"log {log}\nwitness w {key}\nquorum w\n"
    findings, verdict = audited(Attacked(folder, policy))
    assert verdict.exit == 1
    assert named(35) in codes(findings)


def test_pitfall_12_an_audit_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """Whoever has audited a log reads what is new of it, not all of it again."""
    registry = small_log()
    policy = parse_policy(registry.policy().encode())
    sizes = []
    for actor in (None, "actor-later"):
        if actor is not None:
            registry.enlist(actor)
        since = Since(Memory(tmp_path / "state"))
        source = open_source(str(registry.publish(tmp_path / "log")))
        auditing = Audit(source, policy, options=Options(engine="openssl"), executor=None,
                         since=since)  # fmt: skip
        *findings, verdict = auditing.run()
        assert not [one for one in findings if isinstance(one, Finding)]
        assert auditing.remember()
        since.memory.close()
        sizes.append((getattr(verdict, named(12, PITFALLS)), len(registry.events)))
    assert sizes[1][0] == sizes[0][1] > 0
