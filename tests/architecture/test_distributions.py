"""Two distributions, one version, no file in both."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from verifier.cli import VERSION

ROOT: Final = Path(__file__).resolve().parents[2]


def project(folder: Path) -> dict[str, Any]:
    """Returns the project table of the ``pyproject.toml`` in ``folder``."""
    table: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return table


def files_of_wheel(folder: Path, out: Path) -> set[str]:
    """Builds the wheel of ``folder`` without network and returns what it would install."""
    out.mkdir()
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def files_of_package(package: str) -> set[str]:
    """Returns the files of a package in the tree, as names inside a wheel."""
    names = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return names - {
        f"verifier/{name}" for name in ("LICENSE", "NOTICE", "README.md", "pyproject.toml")
    }


def test_both_distributions_carry_one_version() -> None:
    """The ledger is released with exactly the verifier that decides for it."""
    ledger, verifier = project(ROOT), project(ROOT / "verifier")
    assert ledger["version"] == verifier["version"] == VERSION
    assert f"pledgebook-verifier == {verifier['version']}" in ledger["dependencies"]
    assert ledger["optional-dependencies"]["fast"] == [
        f"pledgebook-verifier[fast] == {verifier['version']}"
    ]


def test_both_distributions_carry_the_same_licence() -> None:
    """The verifier's copy of the licence is the licence."""
    assert (ROOT / "LICENSE").read_bytes() == (ROOT / "verifier" / "LICENSE").read_bytes()


@pytest.mark.slow
def test_every_file_is_in_exactly_one_wheel(tmp_path: Path) -> None:
    """The wheels hold every file of the packages, data included, and share none."""
    ledger = files_of_wheel(ROOT, tmp_path / "ledger")
    verifier = files_of_wheel(ROOT / "verifier", tmp_path / "verifier")
    assert verifier == files_of_package("verifier")
    assert ledger == files_of_package("ledger") | files_of_package("projections")
    assert not ledger & verifier
