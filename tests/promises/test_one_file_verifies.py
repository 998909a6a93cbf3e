"""One file, nothing installed: an empty environment audits a server that it has never seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.attack_rows import named
from tests.harness.attacks import small_log, swapped
from tests.harness.log_server import Server, serving
from tests.harness.registry import Registry
from tools.build_pyz import build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verifier in one file."""
    out = tmp_path_factory.mktemp("pyz") / "pledgebook-verify.pyz"
    build(out)
    return out


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter of an environment in which nothing is installed, not even pip."""
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Registry]]:
    """A log behind HTTP, with more events than one process checks alone."""
    registry = small_log()
    for number in range(2_100):
        registry.append(
            "actor-root-a", f"actor-n{number}/profile", "ActorRegistered", kind="organization",
            name=[{"lang": "en", "text": "Number"}], principal=f"actor-n{number}",
            stakeholder_type="ngo",
        )  # fmt: skip
    with serving(Server(registry.publish(tmp_path_factory.mktemp("log")))) as server:
        yield server, registry


def run(
    python: Path, file: Path, home: Path, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run the file with an interpreter that sees nothing but its own library."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    return subprocess.run(
        [str(python), "-I", str(file), *map(str, arguments)], cwd=home, env=environment,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_it_audits_a_server_that_it_has_never_seen(
    one_file: Path, python: Path, log: tuple[Server, Registry], tmp_path: Path
) -> None:
    """First start and second, in one process and in two; every check is made and true."""
    server, registry = log
    policy = tmp_path / "policy"
    policy.write_text(registry.policy())
    for jobs in (1, 2):
        done = run(python, one_file, tmp_path, "audit", server.url, "--policy", policy, "--json",
                   "--jobs", jobs)  # fmt: skip
        verdict = json.loads(done.stdout.splitlines()[-1])
        assert done.returncode == 0, done.stderr
        assert verdict["checked"]["signatures"] == len(registry.events)
    state = tmp_path / "state"
    for _ in range(2):
        done = run(python, one_file, tmp_path, "audit", server.url, "--policy", policy,
                   "--since", state)  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "0 entries" in done.stdout


def test_it_finds_what_is_false(one_file: Path, python: Path, tmp_path: Path) -> None:
    """The exit code and the finding are those of the installed verifier."""
    attacked = swapped(tmp_path / "log")
    (tmp_path / "policy").write_text(attacked.policy)
    done = run(
        python, one_file, tmp_path, "audit", attacked.folder, "--policy", tmp_path / "policy"
    )
    assert done.returncode == 1
    assert "entries-swapped" in done.stdout


def test_row_37_the_same_sources_make_the_same_file(
    one_file: Path, python: Path, tmp_path: Path
) -> None:
    """Built again: the same bytes. A member that was exchanged in the cache is not run."""
    again = tmp_path / "again.pyz"
    assert named(37) == "reproducible"
    assert build(again)
    assert again.read_bytes() == one_file.read_bytes()
    assert run(python, one_file, tmp_path, "--version").returncode == 0
    (site,) = (tmp_path / ".cache").glob("pledgebook-verify-*")
    for change in (exchange, add):
        change(site)
        done = run(python, one_file, tmp_path, "--version")
        assert (done.returncode, done.stdout) == (3, "")
        assert "is not what this file holds" in done.stderr
        done = run(python, one_file, tmp_path, "--version")
        assert done.returncode == 3
        for path in sorted(site.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        site.rmdir()
        assert run(python, one_file, tmp_path, "--version").returncode == 0


def exchange(site: Path) -> None:
    """Exchange a module of the verifier."""
    (site / "verifier" / "tree.py").write_text("def verify_inclusion(*a, **k): pass\n")


def add(site: Path) -> None:
    """Add a module that would be imported before another."""
    (site / "msgspec.py").write_text("")


def test_elsewhere_it_says_so(one_file: Path, python: Path, tmp_path: Path) -> None:
    """Built for another Python or another machine: nothing is decided, and both are named."""
    other = tmp_path / "other.pyz"
    with zipfile.ZipFile(one_file) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, b"cpython-399 plan9-riscv\n" if name == "made-for.txt" else data)
    done = run(python, other, tmp_path, "--version")
    assert done.returncode == 3
    assert "built for cpython-399 plan9-riscv" in done.stderr
    assert os.name == "posix"
