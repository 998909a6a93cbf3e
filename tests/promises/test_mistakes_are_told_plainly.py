"""What an operator or an auditor gets wrong is told in one line, and nothing is lost by it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.harness import attacks
from verifier.cli import main as verify

PASSPHRASE = {"PLEDGEBOOK_PASSPHRASE": "correct horse battery"}


def pledgebook(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the operator's command."""
    command = [sys.executable, "-m", "projections.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | PASSPHRASE, capture_output=True,
                          text=True, check=False)  # fmt: skip


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that was founded in earnest."""
    folder = tmp_path_factory.mktemp("real") / "ledger"
    done = pledgebook("init", folder, "--origin", "registry.example.org/log")
    assert done.returncode == 0, done.stderr
    return folder


def plain(done: subprocess.CompletedProcess[str], words: str) -> None:
    """Require a failure told in words, without a traceback."""
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_demo_never_removes_what_it_did_not_make(real: Path) -> None:
    """A real ledger with a passphrase file where the demo keeps its own stays as it is."""
    (real / "keys" / "passphrase").write_text("mine")
    before = {path: path.read_bytes() for path in real.rglob("*") if path.is_file()}
    plain(pledgebook("demo", real, "--no-serve"), "demo-folder")
    assert {path: path.read_bytes() for path in real.rglob("*") if path.is_file()} == before


def test_a_demo_that_was_stopped_half_way_is_begun_anew(tmp_path: Path) -> None:
    """What only an unfinished demo leaves may go."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / ".demonstration-unfinished").write_text("")
    (folder / "ledger.db").write_text("half")
    assert pledgebook("demo", folder, "--no-serve").returncode == 0
    assert not (folder / ".demonstration-unfinished").exists()


def test_a_port_in_use_is_named(real: Path) -> None:
    """Serving on a port that another program has is an error in one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        plain(pledgebook("serve", real, "--listen", address), "address already in use")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "nosuch"), "is not a ledger folder"),
        (("serve", "nosuch", "--listen", "127.0.0.1:99999"), "is not a ledger folder"),
        (("init", "{tmp}/a", "--origin", "a.example/log", "--roots", "0"), "0 is not in the range"),
        (("init", "{tmp}/b", "--origin", "a b", "--roots", "1", "--threshold", "1"), "log's name"),
        (("init", "{tmp}/c", "--origin", "a.example/log", "--roots", "1"), "needs as many roots"),
        (("init", "{tmp}/d", "--origin", "a.example/log", "--registry", "BAD"), "actor id"),
        (("status", "--at", "http://127.0.0.1:9"), "source-unreadable"),
        (("publish", "{tmp}/nosuch", "{tmp}/out"), "source-"),
    ],
    ids=["no ledger", "no port", "no roots", "no name", "threshold", "no actor", "nobody",
         "no log"],
)  # fmt: skip
def test_a_wrong_command_says_what_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Each mistake has its words, and leaves no half-made folder behind."""
    given = [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]
    plain(pledgebook(*given), words)
    assert not list(tmp_path.iterdir())


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Return the verdict of an audit."""
    verify(["audit", *arguments, "--json"])
    verdict: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return verdict


def test_signatures_that_do_not_verify_are_not_counted_as_verifying(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first sentence says how many signatures are true, not how many were looked at."""
    attacked = attacks.byte_changed(tmp_path / "log")
    (tmp_path / "policy.txt").write_text(attacked.policy)
    verdict = told(capsys, str(attacked.folder), "--policy", str(tmp_path / "policy.txt"))
    size = len(attacks.small_log().events)
    reason = verdict["sentences"][0]["reason"]
    assert reason.startswith(f"{size - 1} of {size} signatures verify")


def test_where_nothing_was_read_nothing_is_called_signed(
    published_log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A checkpoint that is none gives a false verdict without a single «yes» for signatures."""
    (tmp_path / "checkpoint").write_text("nonsense\n")
    policy = str(published_log / "policy.txt")
    verdict = told(capsys, str(tmp_path), "--policy", policy)
    assert verdict["exit"] == 1
    assert verdict["sentences"][0]["state"] == "unknown"


def test_a_wrong_known_file_is_the_auditors_mistake(
    published_log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no checkpoint of this log accuses nobody: exit 3, and it says why."""
    policy = str(published_log / "policy.txt")
    arguments = ["audit", str(published_log), "--policy", policy, "--known", policy]
    assert verify(arguments) == 3
    assert "known-unsuitable" in capsys.readouterr().err


def test_what_a_known_checkpoint_cannot_tell_is_said(
    published_log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is known about entries after the end of the checkpoint that was kept."""
    policy, known = str(published_log / "policy.txt"), str(published_log / "checkpoint")
    verdict = told(capsys, str(published_log), "--policy", policy, "--known", known)
    assert any("cut off after the first" in line for line in verdict["not_checked"])
