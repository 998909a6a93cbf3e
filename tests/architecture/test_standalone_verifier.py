"""The verifier works where nothing else of this project is installed.

The wheel is built and unpacked by pip into an empty folder. The interpreter then runs without
site-packages (``-S``), without the current folder (``-P``) and with two folders on its path: that
one, and one with links to the libraries that the wheel declares. No network is needed.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).resolve().parents[2]

REQUIRED: Final = ("cbor2", "cryptography", "msgpack", "msgspec", "cffi", "_cffi_backend")
"""What the wheel asks for, and what ``cryptography`` asks for."""

OPTIONAL: Final = ("_cbor2", "nacl", "pycparser")
"""An accelerator, the extra ``fast``, and what older ``cffi`` asks for."""


class Standalone(NamedTuple):
    """An interpreter that sees the verifier's wheel and its libraries, and nothing else."""

    environment: dict[str, str]
    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs Python with ``arguments`` in an empty folder and returns what it said."""
        return subprocess.run(
            [sys.executable, "-S", "-s", "-P", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


def link_library(name: str, into: Path) -> bool:
    """Links one installed module or package into a folder; False when it is not installed."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        return False
    origin = Path(found.origin)
    source = origin.parent if origin.stem == "__init__" else origin
    (into / source.name).symlink_to(source)
    return True


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Standalone:
    """Builds and installs the wheel as the module docstring says."""
    base = tmp_path_factory.mktemp("standalone")
    wheels, installed, libraries, empty = (base / name for name in ("whl", "app", "lib", "cwd"))
    for folder in (wheels, libraries, empty):
        folder.mkdir()
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
        cwd=ROOT / "verifier",
        check=True,
        capture_output=True,
    )
    (wheel,) = wheels.glob("pledgebook_verifier-*.whl")
    install = ["install", "--quiet", "--no-index", "--no-deps", "--target", str(installed)]
    subprocess.run([sys.executable, "-m", "pip", *install, str(wheel)], check=True)
    missing = [name for name in REQUIRED if not link_library(name, libraries)]
    assert missing == []
    for name in OPTIONAL:
        link_library(name, libraries)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(installed), str(libraries)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Standalone(environment, empty)


@pytest.mark.parametrize("package", ["ledger", "projections", "aiohttp", "eventsourcing", "rich"])
def test_nothing_else_is_there(standalone: Standalone, package: str) -> None:
    """The environment of this test really lacks the rest of the project and its libraries."""
    result = standalone.run("-c", f"import {package}")
    assert result.returncode == 1
    assert f"No module named '{package}'" in result.stderr


def test_every_room_of_the_verifier_opens(standalone: Standalone) -> None:
    """Every module of the wheel can be imported there."""
    walk = (
        "import importlib, pkgutil, verifier\n"
        "names = [m.name for m in pkgutil.walk_packages(verifier.__path__, 'verifier.')]\n"
        "names = [name for name in names if not name.endswith('__main__')]\n"
        "[importlib.import_module(name) for name in names]\n"
        "print(len(names))\n"
    )
    result = standalone.run("-W", "error", "-c", walk)
    assert result.returncode == 0, result.stderr
    expected = {
        path
        for path in (ROOT / "verifier").rglob("*.py")
        if path != ROOT / "verifier" / "__init__.py" and path.name != "__main__.py"
    }
    assert int(result.stdout) == len(expected)


def test_the_command_explains_itself(standalone: Standalone) -> None:
    """``python -m verifier --help`` names the audit."""
    result = standalone.run("-m", "verifier", "--help")
    assert result.returncode == 0, result.stderr
    assert "audit" in result.stdout


def test_it_audits_a_published_log(standalone: Standalone, published_log: Path) -> None:
    """A folder as ``pledgebook publish`` writes it, with its ``policy.txt``, verifies there."""
    result = standalone.run(
        *("-m", "verifier", "audit", str(published_log)),
        *("--policy", str(published_log / "policy.txt")),
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_it_refuses_a_changed_log(
    standalone: Standalone, published_log: Path, tmp_path: Path
) -> None:
    """One byte changed in the first bundle of entries makes the audit say that a check is false."""
    copy = tmp_path / "changed"
    copy.mkdir()
    for path in sorted(published_log.rglob("*")):
        target = copy / path.relative_to(published_log)
        if path.is_dir():
            target.mkdir()
        else:
            target.write_bytes(path.read_bytes())
    bundle = min(path for path in (copy / "tile" / "entries").rglob("*") if path.is_file())
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    bundle.write_bytes(content)
    result = standalone.run(
        *("-m", "verifier", "audit", str(copy), "--policy", str(copy / "policy.txt"))
    )
    assert result.returncode == 1, result.stdout + result.stderr
