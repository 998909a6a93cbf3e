"""An auditor confirms a true log from outside: a folder, any file server, with one verdict."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.harness.registry import Registry
from verifier.cli import main

Capsys = pytest.CaptureFixture[str]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing on standard error."""


@pytest.fixture
def file_server(published_log: Path) -> Iterator[str]:
    """The published folder behind a plain file server."""
    handler = functools.partial(_Quiet, directory=str(published_log))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def verdict_of(capsys: Capsys, *arguments: str) -> dict[str, Any]:
    """Run an audit with JSON Lines and return its verdict, without what may differ."""
    exit_code = main(["audit", *arguments, "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    verdict: dict[str, Any] = lines[-1]
    assert verdict["message"] == "verdict"
    assert verdict["exit"] == exit_code
    del verdict["seconds"], verdict["source"]
    return verdict


def test_every_check_is_made_and_true(published_log: Path, capsys: Capsys) -> None:
    """All signatures and admissions of a true log are checked, and the exit code is 0."""
    policy = str(published_log / "policy.txt")
    verdict = verdict_of(capsys, str(published_log), "--policy", policy)
    assert verdict["exit"] == 0
    assert [s["state"] for s in verdict["sentences"]] == ["yes", "yes", "unknown", "yes"]
    checked = verdict["checked"]
    assert checked["entries"] == checked["signatures"] == checked["admissions"] == verdict["size"]


def test_the_verdict_is_the_same_from_a_file_server(
    published_log: Path, file_server: str, capsys: Capsys
) -> None:
    """A folder and a plain file server in front of it give one verdict."""
    policy = str(published_log / "policy.txt")
    from_folder = verdict_of(capsys, str(published_log), "--policy", policy)
    assert verdict_of(capsys, file_server, "--policy", policy) == from_folder


@pytest.mark.parametrize("engine", ["openssl", "sodium"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_engines_and_processes_do_not_change_the_verdict(
    published_log: Path, capsys: Capsys, engine: str, jobs: str
) -> None:
    """Every engine, in one process or in several, comes to the same verdict."""
    policy = str(published_log / "policy.txt")
    arguments = (str(published_log), "--policy", policy, "--engine", engine, "--jobs", jobs)
    assert verdict_of(capsys, *arguments)["exit"] == 0


def test_the_verdict_never_says_that_a_report_is_true(published_log: Path, capsys: Capsys) -> None:
    """What was not checked is part of every verdict."""
    policy = str(published_log / "policy.txt")
    verdict = verdict_of(capsys, str(published_log), "--policy", policy)
    assert any("whether a report is true" in line for line in verdict["not_checked"])
    assert any("--known" in line for line in verdict["not_checked"])


def test_a_known_checkpoint_is_continued(
    published_log: Path, tmp_path: Path, capsys: Capsys
) -> None:
    """A log that continues a checkpoint saved before says so."""
    known = tmp_path / "known"
    known.write_bytes((published_log / "checkpoint").read_bytes())
    policy = str(published_log / "policy.txt")
    verdict = verdict_of(capsys, str(published_log), "--policy", policy, "--known", str(known))
    assert "continues the checkpoint" in verdict["sentences"][3]["reason"]


def test_without_a_policy_nothing_is_verified(published_log: Path, capsys: Capsys) -> None:
    """No trust policy is exit 4, never a verdict on the server's own word."""
    assert main(["audit", str(published_log)]) == 4
    assert main(["audit", str(published_log), "--policy", "/nonexistent"]) == 4
    assert "policy" in capsys.readouterr().err


def test_a_policy_of_another_log_is_unsuitable(
    published_log: Path, tmp_path: Path, capsys: Capsys
) -> None:
    """A policy that names another log is exit 4."""
    policy = (published_log / "policy.txt").read_text()
    other = tmp_path / "other.txt"
    other.write_text(policy.replace("log registry.example.org", "log elsewhere.example.org"))
    assert main(["audit", str(published_log), "--policy", str(other)]) == 4


def test_a_policy_that_pins_another_ledger_is_not_met(
    published_log: Path, tmp_path: Path, capsys: Capsys
) -> None:
    """A log of the right key and another ledger id is a false check."""
    policy = (published_log / "policy.txt").read_text().splitlines()
    other = tmp_path / "other.txt"
    other.write_text("\n".join(["# pledgebook-ledger: " + "00" * 32, *policy[1:]]) + "\n")
    assert main(["audit", str(published_log), "--policy", str(other)]) == 1
    assert "ledger-other" in capsys.readouterr().out


def test_an_empty_log_is_not_called_verified(tmp_path: Path, capsys: Capsys) -> None:
    """Where nothing could be checked, the audit could not decide."""
    registry = Registry()
    registry.publish(tmp_path)
    policy = tmp_path / "policy.txt"
    policy.write_text("\n".join(Registry().open().policy().splitlines()[1:]) + "\n")
    assert main(["audit", str(tmp_path), "--policy", str(policy)]) == 3


def test_a_source_that_is_not_there_is_undecided(
    tmp_path: Path, published_log: Path, capsys: Capsys
) -> None:
    """An unreadable source is exit 3 with a hint."""
    policy = str(published_log / "policy.txt")
    assert main(["audit", str(tmp_path / "nothing"), "--policy", policy]) == 3
    assert "hint" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["audit", "--help"], ["--version"]], ids=["help", "audit", "version"]
)
def test_help_needs_none_of_the_heavy_modules(arguments: list[str]) -> None:
    """Help and version answer without loading cryptography or the rules."""
    code = (
        "import sys\nfrom verifier.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "heavy = {'cryptography', 'msgspec', 'verifier.rules.table'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
