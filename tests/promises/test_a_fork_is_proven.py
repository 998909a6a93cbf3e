"""A log that shows different people different histories is convicted by its own signatures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import stories
from tests.harness.attacks import small_log
from tests.harness.registry import Registry
from tests.harness.removals import branch
from verifier.cli import main
from verifier.compare import Fork, parse_fork, verify_fork
from verifier.errors import PledgebookError
from verifier.policy import Policy, parse_policy


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A small log."""
    return small_log()


@pytest.fixture(scope="module")
def views(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That log, a longer one, a fork of it, and a checkpoint saved early, side by side."""
    folder = tmp_path_factory.mktemp("views")
    registry.publish(folder / "log")
    (folder / "early").write_bytes(registry.checkpoint(size=30))
    longer, forked = branch(registry), branch(registry)
    stories.made_commitment(longer, local="later")
    longer.publish(folder / "longer")
    (folder / "newest").write_bytes(longer.checkpoint())
    forked.enlist("actor-nobody-was-told-of")
    forked.publish(folder / "forked")
    (folder / "policy").write_text(registry.policy())
    return folder


def compare(views: Path, first: str, second: str, *more: str) -> int:
    """Run the command."""
    policy = str(views / "policy")
    return main(["compare", str(views / first), str(views / second), "--policy", policy, *more])


@pytest.mark.parametrize(
    ("first", "second"),
    [("log", "log"), ("log", "longer"), ("longer", "log"), ("early", "log"), ("newest", "longer"),
     ("early", "early")],
)  # fmt: skip
def test_one_history_is_said_to_be_one(views: Path, first: str, second: str) -> None:
    """Mirrors, growth in either order, and checkpoints saved before."""
    assert compare(views, first, second) == 0


def test_a_fork_is_proven_to_anyone(
    views: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The proof that compare writes is verified from the file alone, with the policy."""
    proof = tmp_path / "fork.txt"
    assert compare(views, "longer", "forked", "--proof", str(proof)) == 1
    assert "signed two histories" in capsys.readouterr().out
    assert main(["fork", str(proof), "--policy", str(views / "policy")]) == 0
    told = capsys.readouterr().out
    assert len(re.findall(r"root [0-9a-f]{64}", told)) == 2


def test_two_checkpoints_of_different_sizes_decide_nothing(
    views: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without anybody's tiles nothing is said, for or against."""
    assert compare(views, "early", "newest") == 3
    assert "compare-undecided" in capsys.readouterr().err


def test_a_server_that_lies_below_its_root_accuses_nobody(
    views: Path, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """False tiles beside the nodes of the root are found out, and make no fork."""
    folder = registry.publish(tmp_path / "log")
    tile = next((folder / "tile" / "0").rglob("000*"))
    path = tile if tile.is_file() else next(p for p in tile.rglob("*") if p.is_file())
    data = bytearray(path.read_bytes())
    data[29 * 32] ^= 1
    path.write_bytes(data)
    code = main(["compare", str(views / "early"), str(folder), "--policy", str(views / "policy")])
    assert code == 1
    told = capsys.readouterr()
    assert "FORK" not in told.out
    assert re.search("tile-false|root-false", told.err)


@pytest.fixture(scope="module")
def proven(views: Path) -> tuple[Fork, Policy]:
    """A fork that is proven, and the policy."""
    proof = views / "proof"
    compare(views, "longer", "forked", "--proof", str(proof))
    return parse_fork(proof.read_bytes()), parse_policy((views / "policy").read_bytes())


@settings(max_examples=150)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_changed_proof_proves_another_fork(
    proven: tuple[Fork, Policy], place: int, bit: int
) -> None:
    """Whatever bit of a proof is flipped, it is refused or says what it said before."""
    fork, policy = proven
    data = bytearray(fork.text().encode())
    data[place % len(data)] ^= 1 << bit
    try:
        smaller, larger = verify_fork(parse_fork(bytes(data)), policy)
    except PledgebookError:
        return
    before = verify_fork(fork, policy)
    assert (smaller.checkpoint, larger.checkpoint) == tuple(v.checkpoint for v in before)


def test_an_honest_log_cannot_be_accused(registry: Registry, proven: tuple[Fork, Policy]) -> None:
    """Two checkpoints of one history are no fork, with whatever root and path."""
    policy = parse_policy(registry.policy().encode())
    old, new = registry.checkpoint(size=30), registry.checkpoint()
    for root, path in ((registry.roots[30], ()), (bytes(32), proven[0].path)):
        with pytest.raises(PledgebookError):
            verify_fork(Fork(old, new, root, path), policy)
