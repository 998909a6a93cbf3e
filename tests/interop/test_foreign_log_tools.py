"""Programs that others wrote, unmodified, accept our log, witness it, and refuse a changed one.

The log is a ledger's own: submitted to it, signed by it with Ed25519 and ML-DSA-44, and written as
static files by its publisher. Each program must also be seen to refuse: nothing here could pass
because a tool looked at nothing.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.application import Ledger, Settings
from ledger.signer import Signers
from ledger.source import LedgerSource
from ledger.static import publish
from tests.harness.ledgers import NamedSigner, accepted, running
from tests.harness.log_server import Server, serving
from tests.harness.registry import ORIGIN, Registry, public, seconds
from tests.harness.service import registration
from verifier.note import COSIGNATURE, ED25519, VerifierKey, parse_note
from verifier.policy import parse_policy
from verifier.proof import Proof, format_proof
from verifier.tiles import TileHashes
from verifier.tree import EMPTY_ROOT, inclusion_proof

pytestmark = pytest.mark.interop

SIZES = (300, 700)  # a partial and a full bundle; a partial tile of the second level
LOG = VerifierKey(ORIGIN, ED25519, public("log"))
RUN_S = 60


@dataclass(frozen=True)
class Published:
    """A ledger's log as files at two sizes, and a proof of one entry at the larger."""

    folder: Path
    before: Path
    """The checkpoint at the smaller size."""
    proof: Path
    vkey: Path


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A log that a ledger made, signed and published, twice."""
    base = tmp_path_factory.mktemp("foreign")
    asyncio.run(_publish(base))
    (base / "log.vkey").write_text(f"{LOG}\n")
    return Published(base / "log", base / "before", base / "entry.tlog-proof", base / "log.vkey")


def grow(registry: Registry, size: int) -> None:
    """Record registrations until there are so many events."""
    while (count := len(registry.events)) < size:
        registry.add(registration(registry, f"actor-n{count}"))


class _MlDsa:
    """An ML-DSA-44 key of a log, behind the signer's port."""

    def __init__(self) -> None:
        self._key = MLDSA44PrivateKey.from_seed_bytes(bytes(32))

    def public_key(self) -> bytes:
        """Return the raw public key."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """Return the signature, with an empty context."""
        return self._key.sign(data)

    def describe(self) -> str:
        """Say what it is."""
        return "ML-DSA-44 key in memory"


async def _publish(base: Path) -> None:
    second = _MlDsa()
    registry = Registry().open(log_keys={
        "checkpoint": public("log"), "checkpoint_ml_dsa_44": second.public_key(),
    })  # fmt: skip
    signers = Signers(NamedSigner("log"), second)
    ledger = Ledger.open(base / "ledger", settings=Settings(checkpoint_interval_s=0),
                         signers=signers)  # fmt: skip
    await ledger.start()
    try:
        for size in SIZES:
            grow(registry, size)
            reply = await ledger.submit([event.raw for event in registry.events[ledger.size :]])
            for outcome in reply.outcomes:
                accepted(outcome)
            publish(LedgerSource(ledger), base / "log")
            if size == SIZES[0]:
                shutil.copyfile(base / "log" / "checkpoint", base / "before")
        read = TileHashes(LedgerSource(ledger), SIZES[1])
        proof = Proof(index=257, path=inclusion_proof(257, SIZES[1], read),
                      note=ledger.checkpoint(), extra=registry.events[257].raw)  # fmt: skip
        (base / "entry.tlog-proof").write_bytes(format_proof(proof))
    finally:
        await ledger.close()


def say(*command: object) -> tuple[int, str]:
    """Run a program and return its exit code and all that it said."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                          timeout=RUN_S)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def entry_bit(folder: Path) -> None:
    """Change one bit inside an entry."""
    path = folder / "tile" / "entries" / "001"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def tile_bit(folder: Path) -> None:
    """Change one bit of a level-0 tile."""
    path = folder / "tile" / "0" / "000"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def missing(folder: Path) -> None:
    """Take a partial bundle away."""
    shutil.rmtree(folder / "tile" / "entries" / "002.p")


def other_size(folder: Path) -> None:
    """Claim one entry less under the same signature."""
    path = folder / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n700\n", b"\n699\n"))


TAMPERING = (entry_bit, tile_bit, missing, other_size)


def whole(tool: Path, url: str, vkey: Path) -> tuple[bool, str]:
    """Run fsck; say whether it says success, for its exit code is 0 also when it failed.

    More than one worker: with one, the program hangs at a mismatch (its issue 1098).
    """
    _, told = say(tool, f"--storage_url={url}/", f"--public_key={vkey}", "--N=4", "--ui=false")
    return "Successfully fsck'd log with size 700" in told, told


def test_gos_checksum_database_accepts_the_log(published: Published, gocheck: Path) -> None:
    """Signature, every entry, consistency with the smaller size and a .tlog-proof hold in Go."""
    code, told = say(gocheck, published.folder, LOG, published.before, published.proof)
    assert (code, told) == (0, "OK: 700\n")


@pytest.mark.parametrize("tamper", TAMPERING, ids=lambda t: t.__name__)
def test_gos_checksum_database_refuses_a_changed_log(
    published: Published, gocheck: Path, tamper: Callable[[Path], None], tmp_path: Path
) -> None:
    """The same program refuses each change."""
    shutil.copytree(published.folder, tmp_path / "log")
    tamper(tmp_path / "log")
    code, told = say(gocheck, tmp_path / "log", LOG, published.before, published.proof)
    assert code == 1, told
    assert "FALSE" in told


def test_gos_checksum_database_refuses_a_proof_of_another_entry(
    published: Published, gocheck: Path, tmp_path: Path
) -> None:
    """A proof whose index is another is refused."""
    other = tmp_path / "proof"
    other.write_bytes(published.proof.read_bytes().replace(b"index 257", b"index 256"))
    assert say(gocheck, published.folder, LOG, published.before, other)[0] == 1


def test_fsck_of_tessera_accepts_the_log(published: Published, fsck: Path) -> None:
    """Tessera rebuilds every tile from the entries, from a folder and over HTTP."""
    good, told = whole(fsck, f"file://{published.folder}", published.vkey)
    assert good, told[-300:]
    with serving(Server(published.folder)) as server:
        good, told = whole(fsck, server.url, published.vkey)
        assert good, told[-300:]
        assert server.asked["/log/tile/entries/001"] == 1


@pytest.mark.parametrize("tamper", TAMPERING, ids=lambda t: t.__name__)
def test_fsck_of_tessera_refuses_a_changed_log(
    published: Published, fsck: Path, tamper: Callable[[Path], None], tmp_path: Path
) -> None:
    """The same program refuses each change."""
    shutil.copytree(published.folder, tmp_path / "log")
    tamper(tmp_path / "log")
    good, told = whole(fsck, f"file://{tmp_path / 'log'}", published.vkey)
    assert not good
    assert "fsck failed" in told


def test_aics_tlog_accepts_the_log(published: Published, aics: Path) -> None:
    """A Python verifier by others: checkpoint, inclusion, consistency."""
    common = ("--log-key", LOG, "--origin", ORIGIN, "--tiles", published.folder)
    for command in (
        ("verify-checkpoint", *common),
        ("verify-inclusion", "--index", 257, *common),
        ("verify-consistency", "--old-checkpoint", published.before, *common),
    ):
        code, told = say(aics / "aics-tlog", *command)
        assert code == 0, told


@pytest.mark.parametrize(("tamper", "index"), [
    (entry_bit, range(256, 512)), (tile_bit, range(4)), (missing, (600,)), (other_size, (0,)),
])  # fmt: skip
def test_aics_tlog_refuses_a_changed_log(
    published: Published, aics: Path, tamper: Callable[[Path], None], index: range, tmp_path: Path
) -> None:
    """What the change touches is refused; elsewhere the same program finds nothing wrong."""
    folder = tmp_path / "log"
    shutil.copytree(published.folder, folder)
    tamper(folder)
    changed = _changed_entry(published.folder, folder) if tamper is entry_bit else max(index)
    code, told = say(aics / "aics-tlog", "verify-inclusion", "--index", changed,
                     "--log-key", LOG, "--origin", ORIGIN, "--tiles", folder)  # fmt: skip
    assert code != 0, told


def _changed_entry(one: Path, other: Path) -> int:
    """Return the index of the entry of the second bundle in which a bit was changed."""
    before, after = ((f / "tile/entries/001").read_bytes() for f in (one, other))
    changed = next(i for i, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1)
    index, at = 256, 0
    while (stop := at + 2 + int.from_bytes(before[at : at + 2], "big")) <= changed:
        index, at = index + 1, stop
    return index


# Witnesses by others cosign what our client asks them for.


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def process(*command: object, port: int, within: Path) -> Iterator[None]:
    """Run a server until the block is left; it answers when the block begins."""
    log = (within / "said").open("wb")
    running_ = subprocess.Popen(list(map(str, command)), cwd=within, stdout=log, stderr=log)
    try:
        for _ in range(200):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert running_.poll() is None, (within / "said").read_text()
            time.sleep(0.05)
        yield
    finally:
        running_.terminate()
        running_.wait(10)
        log.close()


async def cosigned(folder: Path, vkey: str, url: str) -> bytes:
    """Let a ledger grow under a policy that asks one witness; return what it serves at last."""
    registry = Registry().open()
    path = folder / "witnesses.policy"
    path.write_text(f"log {LOG}\nwitness theirs {vkey} {url}\nquorum theirs\n")
    judge = parse_policy(path.read_bytes()).judge

    def seen() -> int:
        verified = judge(ledger.checkpoint(), require_quorum=False)
        return verified.checkpoint.size if verified.quorum_met else 0

    async with running(folder / "ledger", witness_policy=path,
                       checkpoint_interval_s=0.05) as ledger:  # fmt: skip
        await ledger.submit([event.raw for event in registry.events])
        await _until(lambda: seen() == 3)
        grow(registry, 303)
        await ledger.submit([event.raw for event in registry.events[3:]])
        await _until(lambda: seen() == 303)  # by a consistency proof from 3
        return ledger.checkpoint()


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("the witness never cosigned")


def asked(port: int, old: int, registry: Registry) -> int:
    """Ask a witness to cosign what the log's key signed, without a proof; return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=RUN_S)
    connection.request("POST", "/add-checkpoint", f"old {old}\n\n".encode() + registry.checkpoint())
    status = connection.getresponse().status
    connection.close()
    return status


def require_refusals(port: int) -> None:
    """Nothing but a tree that contains the one cosigned is cosigned, whoever signed it."""
    other = Registry(now=seconds("2021-01-01")).open()
    grow(other, 303)
    assert asked(port, 303, other) == 422  # the same size, another history
    grow(other, 304)
    assert asked(port, 303, other) == 422  # larger, and no proof leads there
    assert asked(port, 3, other) == 409  # it knows better what it cosigned last


async def test_aics_witness_cosigns_our_log(aics: Path, tmp_path: Path) -> None:
    """A witness by others cosigns through our client, and refuses another history."""
    port = free_port()
    config = ("--config", tmp_path / "witness.json")
    code, told = say(aics / "aics-witness", "init", *config, "--name", "witness.example/theirs",
                     "--listen", f"127.0.0.1:{port}")  # fmt: skip
    assert code == 0, told
    vkey = next(word for word in told.split() if word.startswith("witness.example/theirs+"))
    code, told = say(aics / "aics-witness", "add-log", *config, "--origin", ORIGIN, "--vkey", LOG)
    assert code == 0, told
    with process(aics / "aics-witness", "serve", *config, port=port, within=tmp_path):
        note = await cosigned(tmp_path, vkey, f"http://127.0.0.1:{port}")
        require_refusals(port)
    assert len(parse_note(note).signatures) == 2


async def test_litewitness_of_torchwood_cosigns_our_log(
    litewitness: Path, require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    """The witness of the witness network, with its key in an ssh-agent, does the same."""
    agent, add = require_tool("ssh-agent"), require_tool("ssh-add")
    keygen = require_tool("ssh-keygen")
    key, agent_socket, port = tmp_path / "key", tmp_path / "agent", free_port()
    say(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key)
    fingerprint = say(keygen, "-l", "-f", key)[1].split()[1]
    _, kind, raw = _public(key)
    assert kind == "ssh-ed25519"
    vkey = VerifierKey("witness.example/theirs", COSIGNATURE, raw)
    with key_in_agent(agent, add, key, agent_socket):
        _know_log(tmp_path / "witness.db")
        with process(litewitness, "-name", vkey.name, "-db", tmp_path / "witness.db", "-ssh-agent",
                     agent_socket, "-key", fingerprint, "-listen", f"127.0.0.1:{port}",
                     port=port, within=tmp_path):  # fmt: skip
            note = await cosigned(tmp_path, str(vkey), f"http://127.0.0.1:{port}")
            require_refusals(port)
    assert len(parse_note(note).signatures) == 2


@contextmanager
def key_in_agent(agent: str, add: str, key: Path, path: Path) -> Iterator[None]:
    """Hold a key in an ssh-agent until the block is left."""
    holder = subprocess.Popen([agent, "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if path.exists():
                break
            time.sleep(0.05)
        done = subprocess.run([add, "-q", str(key)], check=False, capture_output=True, text=True,
                              env=os.environ | {"SSH_AUTH_SOCK": str(path)})  # fmt: skip
        assert done.returncode == 0, done.stderr
        yield
    finally:
        holder.terminate()
        holder.wait(10)


def _public(key: Path) -> tuple[int, str, bytes]:
    """Return length, type and raw bytes of an OpenSSH Ed25519 public key."""
    kind, encoded, *_ = key.with_suffix(".pub").read_text().split()
    data = base64.b64decode(encoded)
    return len(data), kind, data[-32:]


def _know_log(path: Path) -> None:
    """Register our log with litewitness, as its witnessctl does (which cannot be built offline)."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, "
                         "tree_hash TEXT NOT NULL)")  # fmt: skip
        database.execute("CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, "
                         "FOREIGN KEY(origin) REFERENCES log(origin))")  # fmt: skip
        empty = base64.b64encode(EMPTY_ROOT).decode()
        database.execute("INSERT INTO log VALUES (?, 0, ?)", (ORIGIN, empty))
        database.execute("INSERT INTO key VALUES (?, ?)", (ORIGIN, str(LOG)))
    database.close()
