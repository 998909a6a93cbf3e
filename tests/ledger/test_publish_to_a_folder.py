"""A log written to a folder: only what is new, the checkpoint last, never over another log."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.static import publish
from tests.harness.registry import Registry, write_log
from verifier.cli import main as verify
from verifier.errors import UndecidedError
from verifier.sources import FolderSource


def grown(events: int) -> Registry:
    """Return a ledger with so many actors beside its opening."""
    registry = Registry().open()
    for number in range(events):
        registry.append(
            "actor-root-a", f"actor-x{number}/profile", "ActorRegistered", kind="organization",
            name=[{"lang": "en", "text": f"Organization {number}"}],
            principal=f"actor-x{number}", stakeholder_type="ngo",
        )  # fmt: skip
    return registry


def files(folder: Path) -> dict[Path, bytes]:
    """Return every file of a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def audit(folder: Path, registry: Registry) -> int:
    """Audit a folder and return the exit code."""
    policy = folder.with_name(f"{folder.name}.policy")
    policy.write_text(registry.policy())
    return verify(["audit", str(folder), "--policy", str(policy)])


class Failing(FolderSource):
    """A source whose entries cannot be read any more."""

    def entries(self, n: int, width: int) -> bytes:
        """Fail as a disk does."""
        raise UndecidedError("source-unreadable", f"bundle {n} of {width}")


def test_a_folder_grows_with_its_log_and_audits_at_each_size(tmp_path: Path) -> None:
    """What was published before is not written again; each state audits clean."""
    out = tmp_path / "out"
    registry = grown(300)
    publish(FolderSource(registry.publish(tmp_path / "first")), out)
    before = files(out)
    assert audit(out, registry) == 0
    longer = grown(600)
    sizes = publish(FolderSource(longer.publish(tmp_path / "second")), out)
    assert sizes == (len(registry.events), len(longer.events))
    after = files(out)
    changed = {path.name for path, data in before.items() if after[path] != data}
    assert changed == {"checkpoint"}
    assert audit(out, longer) == 0


def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    """The work is idempotent."""
    source = FolderSource(grown(10).publish(tmp_path / "log"))
    publish(source, tmp_path / "out")
    before = files(tmp_path / "out")
    publish(source, tmp_path / "out")
    assert files(tmp_path / "out") == before


def test_a_folder_of_another_log_is_left_alone(tmp_path: Path) -> None:
    """A longer log that does not continue the folder's is refused, and nothing is written."""
    out = tmp_path / "out"
    publish(FolderSource(grown(10).publish(tmp_path / "log")), out)
    before = files(out)
    other = grown(20)
    other.append("actor-root-b", "actor-y/profile", "ActorRegistered", kind="organization",
                 name=[{"lang": "en", "text": "y"}], principal="actor-y",
                 stakeholder_type="ngo")  # fmt: skip
    raws = [event.raw for event in reversed(other.events)]
    other.events.reverse()
    fork = tmp_path / "fork"
    write_log(fork, raws, other.checkpoint())
    with pytest.raises(LedgerError) as refused:
        publish(FolderSource(fork), out)
    assert refused.value.code == "publish-fork"
    assert files(out) == before


def test_a_source_that_fails_half_way_leaves_the_folder_as_the_log_it_was(tmp_path: Path) -> None:
    """The checkpoint comes last: the folder still audits at its old size, and can go on."""
    out = tmp_path / "out"
    registry = grown(10)
    publish(FolderSource(registry.publish(tmp_path / "first")), out)
    longer = grown(20)
    second = longer.publish(tmp_path / "second")
    with pytest.raises(UndecidedError):
        publish(Failing(second), out)
    assert audit(out, registry) == 0
    publish(FolderSource(second), out)
    assert audit(out, longer) == 0
