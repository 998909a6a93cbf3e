"""A witness cosigns a tree only if it contains all that it cosigned before, and never forgets."""

from __future__ import annotations

import base64
import hashlib
import http.client
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.registry import ORIGIN, public, secret
from verifier import note
from verifier.cli import main
from verifier.note import COSIGNATURE, ED25519, Checkpoint, VerifierKey
from verifier.tree import Frontier, consistency_proof, leaf_hash, node_hash, verify_consistency
from verifier.witness import MAX_REQUEST_BYTES, Cosigner, Last, Refusal, judge, parse_request
from verifier.witness_http import Memory, WitnessServer

LOG = VerifierKey(ORIGIN, ED25519, public("log"))
WITNESS = VerifierKey("witness.example.org", COSIGNATURE, public("witness"))
COSIGNER = Cosigner(WITNESS, secret("witness").sign)
LOGS = {ORIGIN: [LOG]}
NOW = 1_767_225_600


class Log:
    """A small log that can tell its checkpoints and proofs, and lie where it is told to."""

    def __init__(self, word: str = "entry") -> None:
        self.leaves = [leaf_hash(f"{word} {n}".encode()) for n in range(70)]

    def root(self, size: int) -> bytes:
        """Return the root of the first leaves."""
        frontier = Frontier()
        for leaf in self.leaves[:size]:
            frontier.append(leaf)
        return frontier.root()

    def checkpoint(self, size: int, key: str = "log") -> bytes:
        """Return a checkpoint, signed."""
        text = Checkpoint(ORIGIN, size, self.root(size)).text()
        vkey = VerifierKey(ORIGIN, ED25519, public(key))
        return note.format_note(text, [note.ed25519_line(vkey, text, sign=secret(key).sign)])

    def request(self, old: int, size: int, **changes: bytes) -> bytes:
        """Return a request to cosign a size from an old one."""
        proof = () if old in (0, size) else consistency_proof(old, size, self._read)
        lines = [f"old {old}".encode(), *(base64.b64encode(node) for node in proof)]
        return b"\n".join(lines) + b"\n\n" + changes.get("note", self.checkpoint(size))

    def _read(self, level: int, index: int) -> bytes:
        row = self.leaves
        for _ in range(level):
            row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        return row[index]


TRUE, FORK = Log(), Log("another")


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A witness with nothing cosigned yet."""
    return Memory(tmp_path / "witness.db", LOGS, COSIGNER, clock=lambda: NOW)


def refusal(body: bytes, last: Last | None = None) -> Refusal:
    """Return the refusal of a request."""
    with pytest.raises(Refusal) as refused:
        judge(parse_request(body), LOGS, {} if last is None else {ORIGIN: last})
    return refused.value


def cosigned(size: int, log: Log = TRUE) -> Last:
    """Return what a witness remembers that cosigned a size."""
    return Last(size, log.root(size), log.checkpoint(size))


@pytest.mark.parametrize(("old", "size"), [(0, 0), (0, 1), (0, 70), (1, 2), (7, 70), (64, 65)])
def test_a_tree_that_contains_the_last_one_is_cosigned(old: int, size: int) -> None:
    """From nothing, to the next size, over a power of two; and the line verifies."""
    last = {ORIGIN: cosigned(old)} if old else {}
    checkpoint = judge(parse_request(TRUE.request(old, size)), LOGS, last)
    assert (checkpoint.size, checkpoint.root) == (size, TRUE.root(size))
    line = COSIGNER.line(checkpoint, timestamp=NOW)
    verified = note.verify_note(note.format_note(checkpoint.text(), [line]), [WITNESS])
    assert verified.signatures[0].timestamp == NOW


def test_the_same_tree_is_cosigned_again() -> None:
    """A refresh moves the time and nothing else."""
    assert judge(parse_request(TRUE.request(9, 9)), LOGS, {ORIGIN: cosigned(9)}).size == 9


def test_every_refusal_has_its_status() -> None:
    """Rules 2 to 4, one by one."""
    assert refusal(TRUE.request(0, 5), cosigned(3)).status == 409
    assert refusal(TRUE.request(0, 5), cosigned(3)).size == 3
    assert refusal(TRUE.request(5, 9)).size == 0
    assert refusal(TRUE.request(9, 9).replace(b"old 9", b"old 12"), cosigned(9)).status == 400
    assert refusal(FORK.request(3, 9), cosigned(3)).status == 422
    assert refusal(TRUE.request(0, 5, note=TRUE.checkpoint(5, "stranger"))).status == 403
    forged = TRUE.checkpoint(5).replace(b"\n5\n", b"\n6\n")
    assert refusal(TRUE.request(0, 5, note=forged)).status == 403
    with_proof = TRUE.request(3, 9).replace(b"old 3", b"old 0")
    assert refusal(with_proof).status == 422
    text = Checkpoint("another.example/log", 5, TRUE.root(5)).text()
    vkey = VerifierKey("another.example/log", ED25519, public("log"))
    foreign = note.format_note(text, [note.ed25519_line(vkey, text, sign=secret("log").sign)])
    assert refusal(TRUE.request(0, 5, note=foreign)).status == 404


def test_two_trees_of_one_size_are_a_fork() -> None:
    """Rule 5: both are signed by the log itself, and that is what is kept."""
    told = refusal(FORK.request(9, 9), cosigned(9))
    assert (told.status, told.forked) == (422, True)
    assert not refusal(FORK.request(3, 9), cosigned(3)).forked


@pytest.mark.parametrize(
    "body",
    [
        b"", b"old 0\n", b"old 0\n\n", b"old -1\n\nx", b"old 01\n\nx", b"new 0\n\nx",
        b"old 0\nAAAA\n\nx", b"old 0\n" + b"A" * 44 + b"\n\nx", b"old 0\n\xff\n\nx",
        b"old 0\n" + (base64.b64encode(bytes(32)) + b"\n") * 64 + b"\nx",
        b"old 0\n\n" + b"x" * MAX_REQUEST_BYTES,
    ],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_request_is_refused(body: bytes) -> None:
    """Rule 1: 400, whatever it is."""
    assert refusal(body).status == 400


@settings(max_examples=60)
@given(sizes=st.lists(st.tuples(st.integers(0, 70), st.booleans()), max_size=12))
def test_whatever_is_asked_only_one_history_is_cosigned(sizes: list[tuple[int, bool]]) -> None:
    """Of two histories that ask in any order, all that is cosigned is consistent."""
    last: dict[str, Last] = {}
    told: list[Checkpoint] = []
    for size, honest in sizes:
        old = last[ORIGIN].size if last else 0
        log = TRUE if honest else FORK
        if old > size:
            continue
        try:
            checkpoint = judge(parse_request(log.request(old, size)), LOGS, last)
        except Refusal:
            continue
        told.append(checkpoint)
        last[ORIGIN] = Last(size, checkpoint.root, log.checkpoint(size))
    grown = [c for c in told if c.size]
    assert len({c.root == TRUE.root(c.size) for c in grown}) <= 1
    for before, after in itertools.pairwise(grown):
        log = TRUE if after.root == TRUE.root(after.size) else FORK
        proof = parse_request(log.request(before.size, after.size)).proof
        verify_consistency(proof, old=before.size, new=after.size, old_root=before.root,
                           new_root=after.root)  # fmt: skip


def test_what_was_cosigned_outlives_the_process(memory: Memory, tmp_path: Path) -> None:
    """Another process over the same file goes on from there; so does one after a crash."""
    assert memory.add_checkpoint(TRUE.request(0, 5)).status == 200
    again = Memory(tmp_path / "witness.db", LOGS, COSIGNER)
    assert again.add_checkpoint(TRUE.request(0, 7)).body == b"5\n"
    assert again.add_checkpoint(TRUE.request(5, 7)).status == 200
    name = hashlib.sha256(ORIGIN.encode()).hexdigest()
    kept = memory.checkpoint(name).body
    verified = note.verify_note(kept, [LOG, WITNESS])
    assert verified.keys == (LOG, WITNESS)
    assert memory.checkpoint("0" * 64).status == 404


def test_the_evidence_of_a_fork_is_kept(memory: Memory) -> None:
    """Both notes, once; and the witness goes on with the history it knows."""
    memory.add_checkpoint(TRUE.request(0, 5))
    for _ in range(2):
        assert memory.add_checkpoint(FORK.request(5, 5)).status == 422
    assert memory.forks() == [(ORIGIN, 5)]
    assert memory.add_checkpoint(TRUE.request(5, 6)).status == 200


@pytest.fixture
def served(memory: Memory) -> Iterator[WitnessServer]:
    """That witness on a port of loopback."""
    server = WitnessServer(("127.0.0.1", 0), memory)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def ask(server: WitnessServer, method: str, path: str, body: bytes | None = None,
        **headers: str) -> tuple[int, str, bytes]:  # fmt: skip
    """Ask the witness over HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    told = answer.status, answer.headers["Content-Type"], answer.read()
    connection.close()
    return told


def test_a_log_is_witnessed_over_http(served: WitnessServer) -> None:
    """First contact, growth, a conflict with the size in the answer, and the newest checkpoint."""
    status, _, line = ask(served, "POST", "/add-checkpoint", TRUE.request(0, 5))
    assert status == 200
    assert line.startswith(b"\xe2\x80\x94 witness.example.org ")
    assert ask(served, "POST", "/add-checkpoint", TRUE.request(0, 9)) == (
        409, "text/x.tlog.size", b"5\n",
    )  # fmt: skip
    assert ask(served, "POST", "/add-checkpoint", TRUE.request(5, 9))[0] == 200
    name = hashlib.sha256(ORIGIN.encode()).hexdigest()
    status, _, newest = ask(served, "GET", f"/{name}/checkpoint")
    assert status == 200
    assert Checkpoint.parse(note.parse_note(newest).text).size == 9


def test_what_is_too_long_or_nowhere_is_refused(served: WitnessServer) -> None:
    """Bounded before it is read; unknown paths are 404."""
    too_long = {"Content-Length": str(MAX_REQUEST_BYTES + 1)}
    assert ask(served, "POST", "/add-checkpoint", b"", **too_long)[0] == 413
    assert ask(served, "POST", "/add-checkpoint", b"", **{"Content-Length": "x"})[0] == 411
    assert ask(served, "POST", "/elsewhere", b"x")[0] == 404
    assert ask(served, "GET", "/")[0] == 404


def test_the_command_tells_its_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong address, a log with the witness's own name, a key file that is none."""
    (tmp_path / "no-key").write_text("nothing")
    own = str(VerifierKey("w.example", ED25519, public("log")))
    for key, log, listen, code in (
        ("key", str(LOG), "nowhere", "witness-address"),
        ("key", own, "127.0.0.1:0", "witness-log"),
        ("no-key", str(LOG), "127.0.0.1:0", "witness-key"),
    ):
        arguments = ["witness", "--name", "w.example", "--key", str(tmp_path / key), "--state",
                     str(tmp_path / "state"), "--log", log, "--listen", listen]  # fmt: skip
        assert main(arguments) == 3
        assert code in capsys.readouterr().err
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
