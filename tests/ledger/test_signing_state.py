"""What was signed once binds every later start: no smaller tree, and no other one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.factory import DATABASE
from ledger.signing import SLOT_BYTES, SigningFile, SigningState
from tests.harness.ledgers import (
    accepted,
    actor_events,
    check_receipts,
    open_ledger,
    raws,
    running,
)
from tests.harness.registry import Registry

STATE = Path("signing") / "state"


async def grown(folder: Path, *batches: list[bytes]) -> None:
    """Record batches in the ledger of a folder, each in a run of its own."""
    for batch in batches:
        async with running(folder) as ledger:
            for outcome in (await ledger.submit(batch)).outcomes:
                accepted(outcome)


def refusal(folder: Path) -> LedgerError:
    """Return why the ledger of a folder does not open; all its files stay as they are."""
    before = (folder / STATE).read_bytes() if (folder / STATE).exists() else None
    with pytest.raises(LedgerError) as caught:
        open_ledger(folder)
    assert before is None or (folder / STATE).read_bytes() == before
    return caught.value


@pytest.fixture
def registry() -> Registry:
    """An open ledger's first three events."""
    return Registry().open()


async def test_a_restored_backup_refuses_to_append(tmp_path: Path, registry: Registry) -> None:
    """Data older than the signing state: refused, with both sizes and with what to do."""
    x, y = actor_events(registry, ["actor-x", "actor-y"])
    await grown(tmp_path, raws([*registry.events, x]))
    shutil.copy(tmp_path / DATABASE, tmp_path / "backup")
    await grown(tmp_path, [y.raw])
    shutil.copy(tmp_path / "backup", tmp_path / DATABASE)
    error = refusal(tmp_path)
    assert error.code == "signing-state-ahead"
    assert "5 entries were signed, the database has 4" in error.reason
    assert "restore the newest data" in error.hint


async def test_a_lost_database_does_not_begin_anew(tmp_path: Path, registry: Registry) -> None:
    """An empty database beside a signing state is the smallest of all old backups."""
    await grown(tmp_path, raws(registry.events))
    (tmp_path / DATABASE).unlink()
    assert refusal(tmp_path).code == "signing-state-ahead"


@pytest.mark.parametrize("more", [0, 1])
async def test_other_data_of_the_same_or_greater_size_is_refused(
    tmp_path: Path, registry: Registry, more: int
) -> None:
    """Two histories from one beginning: only the one that was signed may go on."""
    x, y, z = actor_events(registry, ["actor-x", "actor-y", "actor-z"])
    await grown(tmp_path / "one", raws(registry.events))
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    await grown(tmp_path / "one", [x.raw])
    await grown(tmp_path / "two", [y.raw], *[[z.raw]] * more)
    shutil.copy(tmp_path / "two" / DATABASE, tmp_path / "one" / DATABASE)
    error = refusal(tmp_path / "one")
    assert error.code == "signing-state-fork"
    assert "size 4" in error.reason


async def test_data_ahead_of_the_signing_state_is_signed_at_start(
    tmp_path: Path, registry: Registry
) -> None:
    """Killed between commit and signature: the next start signs what is on record and goes on."""
    x, y = actor_events(registry, ["actor-x", "actor-y"])
    await grown(tmp_path, raws(registry.events))
    shutil.copy(tmp_path / STATE, tmp_path / "older")
    await grown(tmp_path, [x.raw])
    shutil.copy(tmp_path / "older", tmp_path / STATE)
    async with running(tmp_path) as ledger:
        assert ledger.receipt_checkpoint()[0] == 4
        reply = await ledger.submit([x.raw, y.raw])
        assert accepted(reply.outcomes[0]).duplicate
        assert check_receipts(reply).size == 5


async def test_a_torn_write_leaves_the_state_before_it(tmp_path: Path, registry: Registry) -> None:
    """One slot destroyed: the other one decides. Both destroyed: nothing is signed."""
    await grown(tmp_path, raws(registry.events[:1]), raws(registry.events[1:]))
    whole = (tmp_path / STATE).read_bytes()
    counters = [int.from_bytes(whole[at + 32 : at + 40], "big") for at in (0, SLOT_BYTES)]
    newest = SLOT_BYTES if counters[1] > counters[0] else 0
    torn = whole[: newest + 50] + os.urandom(50) + whole[newest + 100 :]
    (tmp_path / STATE).write_bytes(torn)
    file = SigningFile.open(tmp_path / STATE)
    assert file.state.size == 1
    file.close()
    open_ledger(tmp_path).close()
    (tmp_path / STATE).write_bytes(bytes(len(whole)))
    assert refusal(tmp_path).code == "signing-state-damaged"


async def test_a_missing_signing_state_is_not_made_up(tmp_path: Path, registry: Registry) -> None:
    """Only an empty ledger begins a new signing state."""
    await grown(tmp_path, raws(registry.events))
    (tmp_path / STATE).unlink()
    assert refusal(tmp_path).code == "signing-state-missing"
    assert not (tmp_path / STATE).exists()


async def test_one_process_appends_to_a_ledger(tmp_path: Path, registry: Registry) -> None:
    """The second one is told that the first holds the ledger; after it has ended, all is well."""
    first = open_ledger(tmp_path)
    with pytest.raises(LedgerError) as caught:
        open_ledger(tmp_path)
    assert caught.value.code == "ledger-locked"
    first.close()
    await grown(tmp_path, raws(registry.events))


async def test_another_key_does_not_go_on_signing(tmp_path: Path, registry: Registry) -> None:
    """The genesis names the checkpoint key; a service with another one does not open."""
    await grown(tmp_path, raws(registry.events))
    with pytest.raises(LedgerError) as caught:
        open_ledger(tmp_path, key="another")
    assert caught.value.code == "signer-unusable"


async def test_the_signing_state_may_lie_elsewhere(tmp_path: Path, registry: Registry) -> None:
    """With the state on another disk, a restored folder alone does not bring it back."""
    elsewhere = tmp_path / "other disk" / "state"
    folder = tmp_path / "data"
    async with running(folder, signing_state=elsewhere) as ledger:
        await ledger.submit(raws(registry.events))
    assert not (folder / STATE).exists()
    shutil.rmtree(folder)
    with pytest.raises(LedgerError) as caught:
        open_ledger(folder, signing_state=elsewhere)
    assert caught.value.code == "signing-state-ahead"


def test_the_file_itself_refuses_to_go_back_or_sideways(tmp_path: Path) -> None:
    """Whoever asks: a smaller size, or another root or ledger, is not accepted."""
    file = SigningFile.create(tmp_path / "state")
    ledger, root = bytes([1]) * 32, bytes([2]) * 32
    file.advance(SigningState(5, root, ledger))
    for state, code in (
        (SigningState(4, root, ledger), "signing-state-ahead"),
        (SigningState(5, ledger, ledger), "signing-state-fork"),
        (SigningState(6, root, root), "signing-state-fork"),
    ):
        with pytest.raises(LedgerError) as caught:
            file.advance(state)
        assert caught.value.code == code
    file.advance(SigningState(5, root, ledger))
    file.advance(SigningState(6, root, ledger))
    file.close()
    again = SigningFile.open(tmp_path / "state")
    assert again.state == SigningState(6, root, ledger)
    again.close()
