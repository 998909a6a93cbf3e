"""A disk that is full, read-only or broken: a clear answer, a living service, nothing torn."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.application import Ledger
from ledger.factory import DATABASE
from ledger.outcome import Accepted, Rejected
from ledger.sqlite import PAGE_BYTES
from tests.harness.ledgers import (
    accepted,
    actor_events,
    audit,
    check_receipts,
    open_ledger,
    raws,
    running,
    stored,
)
from tests.harness.registry import Registry


async def fill(ledger: Ledger, events: list[bytes]) -> Rejected:
    """Submit events in batches until one is refused, and return that refusal."""
    for at in range(0, len(events), 50):
        for outcome in (await ledger.submit(events[at : at + 50])).outcomes:
            if isinstance(outcome, Rejected):
                return outcome
    raise AssertionError("the disk was never full")


async def test_a_full_disk_is_told_and_survived(tmp_path: Path) -> None:
    """T-storage-full, reads and receipts go on, and with more room the same bytes go through."""
    registry = Registry().open()
    events = raws(actor_events(registry, [f"actor-x{n}" for n in range(1000)]))
    async with running(tmp_path, max_pages=48) as ledger:
        await ledger.submit(raws(registry.events))
        outcome = await fill(ledger, events)
        assert (outcome.code, outcome.status) == ("T-storage-full", 507)
        size = ledger.size
        assert 3 < size < 1003
        assert audit(stored(tmp_path))[0] == size
        assert ledger.ready() == (True, "")
        again = await ledger.submit(raws(registry.events))
        assert all(accepted(o).duplicate for o in again.outcomes)
        check_receipts(again)
        [refused] = (await ledger.submit([events[0], events[-1]])).outcomes[1:]
        assert isinstance(refused, Rejected | Accepted)
    async with running(tmp_path) as ledger:
        assert ledger.size >= size
        for at in range(0, len(events), 500):
            check_receipts(await ledger.submit(events[at : at + 500]))
        assert ledger.size == 1003
    audit(stored(tmp_path))


async def test_what_a_failed_commit_assumed_is_forgotten(tmp_path: Path) -> None:
    """After a refusal by the storage the stream position is free and the keys are not enrolled."""
    registry = Registry().open().enlist("actor-x")
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events[:3]))
        ledger.recorder._writer.execute("PRAGMA query_only=ON")
        first = await ledger.submit(raws(registry.events[3:]))
        told = {(o.code, o.status) for o in first.outcomes if isinstance(o, Rejected)}
        assert told == {("T-storage", 503)}
        assert ledger.size == 3
        assert len(ledger._book.public_keys) == 2
        assert ledger._book.subject("actor-x").heads == {}
        ledger.recorder._writer.execute("PRAGMA query_only=OFF")
        second = await ledger.submit(raws(registry.events[3:]))
        assert [accepted(o).index for o in second.outcomes] == [3, 4, 5]
        assert len(ledger._book.public_keys) == 3
    assert audit(stored(tmp_path))[0] == 6


async def test_a_disk_that_does_not_confirm_stops_the_appending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an I/O error at the signing state nothing is signed or appended until a restart."""
    registry = Registry().open()
    x, y = actor_events(registry, ["actor-x", "actor-y"])
    async with running(tmp_path) as ledger:
        await ledger.submit(raws(registry.events))
        signed = ledger.receipt_checkpoint()

        def broken(_fd: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr("ledger.signing._datasync", broken)
            [outcome] = (await ledger.submit([x.raw])).outcomes
        assert isinstance(outcome, Rejected)
        assert (outcome.code, outcome.status) == ("T-storage", 503)
        assert "signing failed" in outcome.reason
        assert ledger.receipt_checkpoint() == signed
        [again] = (await ledger.submit([x.raw])).outcomes  # on record, and covered by no signature
        assert isinstance(again, Rejected)
        assert again.code == "T-storage"
        [later] = (await ledger.submit([y.raw])).outcomes
        assert isinstance(later, Rejected)
        assert not ledger.ready()[0]
    async with running(tmp_path) as ledger:
        both = await ledger.submit([x.raw, y.raw])
        assert [accepted(o).duplicate for o in both.outcomes] == [True, False]
        check_receipts(both)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the system at the root of the repository."""
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


READ_ONLY = """
import asyncio, os, sys
from pathlib import Path
from ledger.errors import LedgerError
from tests.harness.ledgers import open_ledger
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    open_ledger(Path(sys.argv[1]))
except LedgerError as error:
    print(error.code)
"""


async def test_files_that_may_not_be_written_are_named_at_start(tmp_path: Path) -> None:
    """A database without write permission does not open, and says that it is the database."""
    registry = Registry().open()
    async with running(tmp_path / "ledger") as ledger:
        await ledger.submit(raws(registry.events))
    folder = tmp_path / "ledger"
    for parent in (tmp_path, *tmp_path.parents):  # whoever nobody is, it must find the way
        if parent.stat().st_uid == os.getuid() and parent != Path("/") and "pytest" in str(parent):
            parent.chmod(0o755)
    for path in (folder / "signing" / "state", folder / "signing"):
        path.chmod(0o777)
    (folder / DATABASE).chmod(0o444)
    folder.chmod(0o555)
    done = run(sys.executable, "-c", READ_ONLY, folder)
    folder.chmod(0o755)
    assert done.stdout.strip() == "database-unusable", done.stderr


async def test_a_small_file_system_runs_full(tmp_path: Path) -> None:
    """On a real file system without space left the answer is the same; needs the right to mount."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount)
    if os.getuid() != 0 or run(*command).returncode:
        pytest.skip("mounting a file system is not allowed here")
    try:
        registry = Registry().open()
        events = raws(actor_events(registry, [f"actor-x{n}" for n in range(2000)]))
        async with running(mount) as ledger:
            await ledger.submit(raws(registry.events))
            outcome = await fill(ledger, events)
            assert outcome.code.startswith("T-storage")
            size = ledger.size
            assert accepted((await ledger.submit([registry.events[0].raw])).outcomes[0]).duplicate
        assert audit(stored(mount))[0] == size
        open_ledger(mount).close()
    finally:
        assert run("umount", mount).returncode == 0


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """Something else under the database's name is refused and left as it is."""
    (tmp_path / DATABASE).write_bytes(b"not a database" * PAGE_BYTES)
    with pytest.raises(Exception, match="database") as caught:
        open_ledger(tmp_path)
    error: Any = caught.value
    assert error.code == "database-unusable"
    assert (tmp_path / DATABASE).read_bytes().startswith(b"not a database")
