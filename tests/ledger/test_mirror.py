"""A mirror: what it copies is what the log signed, and a log that changed moves it nowhere."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.errors import LedgerError
from ledger.mirror import mirror
from tests.conftest import ROOT
from tests.harness import stories
from tests.harness.registry import ORIGIN, Registry, public, signed_checkpoint, write_log
from tests.ledger.test_publish_to_a_folder import files, grown
from verifier.cli import main as verify
from verifier.errors import FalseError, PledgebookError, PolicyError
from verifier.note import ED25519, Checkpoint, VerifierKey
from verifier.policy import parse_policy
from verifier.sources import FolderSource
from verifier.tree import leaf_hash

COMMAND = [sys.executable, "-m", "projections.cli"]


def copied(registry: Registry, published: Path, folder: Path) -> tuple[int, int]:
    """Mirror a published folder by the registry's own policy."""
    policy = parse_policy(registry.policy().encode())
    return mirror(FolderSource(published), folder, policy)


def test_a_mirror_grows_with_its_log_to_the_same_files(tmp_path: Path) -> None:
    """The copy has, file by file, what the log publishes at each size, though tiles are its own."""
    first, out = grown(300), tmp_path / "out"
    assert copied(first, first.publish(tmp_path / "first"), out) == (0, len(first.events))
    assert files_of(out) == files_of(tmp_path / "first")
    longer = grown(600)
    longer.publish(tmp_path / "second")
    assert copied(longer, tmp_path / "second", out) == (len(first.events), len(longer.events))
    assert files_of(tmp_path / "second").items() <= files_of(out).items()
    assert copied(longer, tmp_path / "second", out) == (len(longer.events),) * 2


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file by its path below a folder."""
    return {str(path.relative_to(folder)): data for path, data in files(folder).items()}


def test_a_changed_entry_moves_nothing(tmp_path: Path) -> None:
    """One byte of one entry changed: refused, and the copy still audits at its old size."""
    registry, out = grown(300), tmp_path / "out"
    copied(registry, registry.publish(tmp_path / "first"), out)
    before = (out / "checkpoint").read_bytes()
    longer = grown(600)
    published = longer.publish(tmp_path / "second")
    bundle = published / "tile/entries/001"
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(data)
    with pytest.raises(PledgebookError) as caught:
        copied(longer, published, out)
    assert caught.value.code in ("proof-false", "tile-malformed")
    assert (out / "checkpoint").read_bytes() == before
    policy = tmp_path / "policy"
    policy.write_text(registry.policy())
    assert verify(["audit", str(out), "--policy", str(policy)]) == 0


@pytest.mark.parametrize("changed", [0, -1])
def test_a_log_that_rewrote_its_past_moves_nothing(tmp_path: Path, changed: int) -> None:
    """Another history under the same key: refused as a fork, wherever the change lies."""
    registry, out = grown(300), tmp_path / "out"
    copied(registry, registry.publish(tmp_path / "first"), out)
    before = (out / "checkpoint").read_bytes()
    events = [event.raw for event in grown(600).events]
    swapped = changed or len(registry.events) - 1
    events[swapped], events[swapped + 1] = events[swapped + 1], events[swapped]
    other = Registry()
    for raw in events:
        other.frontier.append(leaf_hash(raw))
    note = signed(other, len(events))
    write_log(tmp_path / "other", events, note)
    with pytest.raises((LedgerError, FalseError)) as caught:
        copied(registry, tmp_path / "other", out)
    assert caught.value.code in ("publish-fork", "proof-false")
    assert (out / "checkpoint").read_bytes() == before


def signed(registry: Registry, size: int) -> bytes:
    """Sign a checkpoint over any tree with the log's own key."""
    return signed_checkpoint(Checkpoint(ORIGIN, size, registry.frontier.root()), "log")


def test_a_rolled_back_log_and_a_foreign_one_move_nothing(tmp_path: Path) -> None:
    """A shorter log, and a log that the policy does not name, are refused before any copy."""
    registry, out = grown(300), tmp_path / "out"
    copied(registry, registry.publish(tmp_path / "first"), out)
    shorter = grown(10)
    with pytest.raises(LedgerError) as caught:
        copied(shorter, shorter.publish(tmp_path / "short"), out)
    assert caught.value.code == "publish-fork"
    elsewhere = VerifierKey("elsewhere.example/log", ED25519, public("log"))
    foreign = parse_policy(f"log {elsewhere}\nquorum none\n".encode())
    with pytest.raises(PolicyError):
        mirror(FolderSource(tmp_path / "first"), tmp_path / "none", foreign)
    assert not (tmp_path / "none").exists()


def test_a_ledger_that_the_policy_does_not_pin_is_not_copied(tmp_path: Path) -> None:
    """The first entry decides which ledger it is."""
    registry = grown(3)
    pinned = re.sub(r"ledger: [0-9a-f]{64}", f"ledger: {'0' * 64}", registry.policy())
    source = FolderSource(registry.publish(tmp_path / "first"))
    with pytest.raises(FalseError):
        mirror(source, tmp_path / "out", parse_policy(pinned.encode()))
    assert not (tmp_path / "out" / "checkpoint").exists()


def test_an_interrupted_copy_goes_on(tmp_path: Path) -> None:
    """A source that fails half-way leaves a copy without a checkpoint; the next completes it."""
    registry, out = grown(600), tmp_path / "out"
    published = registry.publish(tmp_path / "first")
    missing = published / "tile/entries/001"
    kept = tmp_path / "kept"
    shutil.move(missing, kept)
    with pytest.raises(PledgebookError):
        copied(registry, published, out)
    assert not (out / "checkpoint").exists()
    shutil.move(kept, missing)
    assert copied(registry, published, out) == (0, len(registry.events))
    assert files_of(out) == files_of(published)


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """Run ``pledgebook serve`` as a process of its own and give its address."""
    process = subprocess.Popen(
        [*COMMAND, "serve", *arguments, "--listen", "127.0.0.1:0"],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    yield process.stdout.readline().split()[1]
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    process.stdout.close()


def answer(address: str, path: str) -> Any:
    """Return the answer of a view once it is built."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address + path, timeout=30) as response:
                return msgspec.json.decode(response.read())["answer"]
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            error.close()
        time.sleep(0.1)
    raise AssertionError("the views are not built")


def test_anyone_can_run_the_pages_from_a_mirror(tmp_path: Path) -> None:
    """Mirror, serve and audit by the commands alone: the same pages, the same log, no operator."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    published = registry.publish(tmp_path / "published")
    (tmp_path / "policy.txt").write_text(registry.policy())
    out = tmp_path / "mirror"
    done = subprocess.run(
        [*COMMAND, "mirror", str(published), str(out), "--policy", str(tmp_path / "policy.txt")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"to {len(registry.events):,} entries, verified" in done.stdout
    path = f"/en/register/{stories.PARTNERSHIP}.json"
    with serving(str(out), "--read-only") as address:
        assert answer(address, path)["state"]["status"]["state"] == "listed"
        assert verify(["audit", address, "--policy", str(tmp_path / "policy.txt")]) == 0
        for absent in ("/tile/0/999", "/tile/entries/../../policy.txt", "/tile/0/00", "/tile/x"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(address + absent, timeout=30)
            assert caught.value.code == 404
            caught.value.close()
