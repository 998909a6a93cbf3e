"""Change any byte of anything that a log publishes: nothing is silently accepted.

A changed artefact either ends in an error or in a verdict that is not «verified», or, where it only
spoils one of several signature lines, in a result that no longer counts that line. Which byte and
which other value is drawn by a fixed seed; every sixth position or denser is tried.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from tests.harness import stories
from tests.harness.registry import ORIGIN, Registry, public, secret
from verifier import note
from verifier.audit import Audit, Options
from verifier.errors import PledgebookError, UndecidedError
from verifier.finding import Verdict
from verifier.policy import Policy, VerifiedCheckpoint, parse_policy
from verifier.proof import Proof, format_proof, verify_proof
from verifier.sources import FolderSource
from verifier.tiles import TileHashes
from verifier.tree import inclusion_proof

LOG = note.VerifierKey(ORIGIN, note.ED25519, public("log"))
ML_DSA = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
LOG_TOO = note.VerifierKey(ORIGIN, note.MLDSA44, ML_DSA.public_key().public_bytes_raw())
WITNESS = note.VerifierKey("witness.example", note.COSIGNATURE, public("witness"))
AUDITED = 2_000
"""How many positions are tried by whole audits, over all files together."""


class Memory:
    """A published log in memory, so that one byte of it can be another."""

    name = "memory"

    def __init__(self, folder: Path) -> None:
        self.files = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()
        }  # fmt: skip

    def _read(self, path: str) -> bytes:
        if path not in self.files:
            raise UndecidedError("source-missing", path)
        return self.files[path]

    def checkpoint(self) -> bytes:
        """Return the checkpoint."""
        return self._read("checkpoint")

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return a tile of a log with fewer than 256,000 entries."""
        return self._read(f"tile/{level}/{n:03}" + (f".p/{width}" if width < 256 else ""))

    def entries(self, n: int, width: int) -> bytes:
        """Return an entry bundle."""
        return self._read(f"tile/entries/{n:03}" + (f".p/{width}" if width < 256 else ""))

    def close(self) -> None:
        """Do nothing."""


def signed_by_three(checkpoint: note.Checkpoint) -> bytes:
    """Return a checkpoint with the log's two lines and a witness's."""
    text = checkpoint.text()
    return note.format_note(text, [
        note.ed25519_line(LOG, text, sign=secret("log").sign),
        note.mldsa_line(LOG_TOO, checkpoint, timestamp=0, sign=ML_DSA.sign),
        note.cosignature_line(WITNESS, text, timestamp=1_700_000_000, sign=secret("witness").sign),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A registry with what parties promise and report, and more than one block of entries."""
    registry = stories.listed_partnership(Registry())
    stories.acknowledged_commitment(registry)
    for number in range(200):
        registry.enlist(f"actor-x{number}") if number < 20 else registry.append(
            "actor-root-a", f"actor-y{number}/profile", "ActorRegistered", kind="organization",
            name=stories.text("Number"), principal=f"actor-y{number}", stakeholder_type="ngo",
        )  # fmt: skip
    assert len(registry.events) > 256
    return registry


@pytest.fixture(scope="module")
def policy(registry: Registry) -> Policy:
    """A policy that knows all three keys and asks for the witness."""
    pin = f"# pledgebook-ledger: {registry.events[0].id.hex()}\n"
    text = f"{pin}log {LOG}\nlog {LOG_TOO}\nwitness w {WITNESS}\nquorum w\n"
    return parse_policy(text.encode())


@pytest.fixture(scope="module")
def published(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Memory:
    """The log with its three signature lines, in memory."""
    log = Memory(registry.publish(tmp_path_factory.mktemp("flipped")))
    log.files["checkpoint"] = signed_by_three(checkpoint_of(registry))
    return log


def checkpoint_of(registry: Registry) -> note.Checkpoint:
    """Return the unsigned checkpoint of all that is recorded."""
    return note.Checkpoint(ORIGIN, len(registry.events), registry.roots[-1])


def changed(data: bytes, at: int, drawn: random.Random) -> bytes:
    """Return the same bytes with another one at a position."""
    return data[:at] + bytes(((data[at] + drawn.randrange(1, 256)) % 256,)) + data[at + 1 :]


def lines_of(verified: VerifiedCheckpoint) -> tuple[object, ...]:
    """Return what a checkpoint was accepted by, and what it says."""
    return verified.checkpoint, verified.log_keys, verified.witnesses


def test_no_changed_checkpoint_is_accepted(published: Memory, policy: Policy) -> None:
    """Every byte: refused, or accepted by fewer signatures than before, and never for another tree.

    A line of a key that a policy does not know is ignored by the format, so one that is spoilt in
    its name loses its voice; the witness that the policy asks for can never be lost.
    """
    data = published.files["checkpoint"]
    whole = policy.judge(data)
    assert (len(whole.log_keys), len(whole.witnesses)) == (2, 1)
    drawn, fewer = random.Random("checkpoint"), 0
    for at in range(len(data)):
        try:
            verified = policy.judge(changed(data, at, drawn))
        except PledgebookError:
            continue
        assert verified.checkpoint == whole.checkpoint
        assert verified.witnesses == whole.witnesses
        assert len(verified.log_keys) == 1
        fewer += 1
    assert 0 < fewer < 80  # the names and ids of the log's two lines, of one each
    assert len(data) > 3_000


def test_no_changed_proof_is_accepted(
    registry: Registry, published: Memory, policy: Policy
) -> None:
    """Every byte of a .tlog-proof: refused, or accepted by one line of the log less."""
    size = len(registry.events)
    path = inclusion_proof(200, size, TileHashes(published, size))
    proof = Proof(200, path, published.checkpoint(), registry.events[200].raw)
    data = format_proof(proof)
    whole = verify_proof(data, None, policy=policy)
    drawn, fewer = random.Random("proof"), 0
    for at in range(len(data)):
        try:
            proven = verify_proof(changed(data, at, drawn), None, policy=policy)
        except PledgebookError:
            continue
        assert (proven.entry, proven.index) == (whole.entry, whole.index)
        assert proven.checkpoint.checkpoint == whole.checkpoint.checkpoint
        assert len(proven.checkpoint.log_keys) == 1
        fewer += 1
    assert fewer < 80


def positions(published: Memory) -> Iterator[tuple[str, int]]:
    """Yield which byte of which file is changed: all of the small ones, a sample of the large."""
    drawn = random.Random("positions")
    sizes = {path: len(data) for path, data in published.files.items() if path != "checkpoint"}
    small = [path for path, size in sizes.items() if size <= 64]
    for path in small:
        yield from ((path, at) for at in range(sizes[path]))
    rest = AUDITED - sum(sizes[path] for path in small)
    large = {path: size for path, size in sizes.items() if path not in small}
    for path, size in large.items():
        share = rest * size // sum(large.values())
        count = max(share, min(300, size))  # tiles are a small part, and matter as much
        yield from ((path, at) for at in sorted(drawn.sample(range(size), count)))


@pytest.mark.slow
def test_no_log_with_a_changed_byte_is_verified(published: Memory, policy: Policy) -> None:
    """At least 2,000 positions of bundles and tiles: a whole audit finds each of them."""
    options = Options(engine="openssl")
    assert verdict(published, policy, options).exit == 0
    drawn, tried = random.Random("audits"), dict.fromkeys(published.files, 0)
    for path, at in positions(published):
        true = published.files[path]
        published.files[path] = changed(true, at, drawn)
        told = verdict(published, policy, options)
        published.files[path] = true
        assert told.exit == 1, (path, at)
        assert told.findings > 0
        tried[path] += 1
    assert sum(tried.values()) >= AUDITED
    assert all(count >= 32 for path, count in tried.items() if path != "checkpoint")
    assert verdict(published, policy, options).exit == 0


def verdict(source: Memory, policy: Policy, options: Options) -> Verdict:
    """Audit to the end, in this process."""
    *_, last = Audit(source, policy, options=options, executor=None).run()
    assert isinstance(last, Verdict)
    return last


def test_the_source_in_memory_is_a_source(published: Memory, tmp_path: Path) -> None:
    """What is changed above is read as a folder is."""
    for path, data in published.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    folder = FolderSource(tmp_path)
    assert folder.entries(0, 256) == published.entries(0, 256)
    assert folder.tile(1, 0, 1) == published.tile(1, 0, 1)
