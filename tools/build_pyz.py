"""Builds ``pledgebook-verify.pyz``: the verifier and its libraries in one file (``make pyz``).

1. The file holds the verifier of this tree and the libraries as they are installed here, so it runs
   under this version of Python on this kind of machine, and says so elsewhere (ADR 0033).
2. The same inputs make the same bytes: members in order, without times, not compressed.
3. Libraries in machine code cannot be loaded out of an archive: at its first start the file unpacks
   itself into the user's cache, and at each start compares what is there with its own list.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

__all__ = ["build", "main"]

ROOT: Final = Path(__file__).resolve().parents[1]
LIBRARIES: Final = ("cbor2", "cryptography", "cffi", "msgpack", "msgspec")
IF_INSTALLED: Final = ("pycparser", "PyNaCl", "typing_extensions")
WHEN: Final = (1980, 1, 1, 0, 0, 0)
START: Final = ROOT / "tools" / "pyz_start.py"


def build(out: Path) -> str:
    """Write the file and return its SHA-256.

    Raises:
        PackageNotFoundError: a library is not installed here.
    """
    members = dict(sorted(_members()))
    listed = "".join(f"{hashlib.sha256(data).hexdigest()} {name}\n"
                     for name, data in members.items())  # fmt: skip
    made_for = f"{sys.implementation.cache_tag} {sysconfig.get_platform()}\n"
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            _add(archive, "__main__.py", START.read_bytes())
            _add(archive, "made-for.txt", made_for.encode())
            _add(archive, "members.txt", listed.encode())
            for name, data in members.items():
                _add(archive, f"site/{name}", data)
    out.chmod(0o755)
    return hashlib.sha256(out.read_bytes()).hexdigest()


def _members() -> Iterator[tuple[str, bytes]]:
    verifier = ROOT / "verifier"
    for path in verifier.rglob("*"):
        if path.suffix == ".py" or path.name in ("LICENSE", "NOTICE"):
            yield path.relative_to(ROOT).as_posix(), path.read_bytes()
    for name in (*LIBRARIES, *filter(_is_installed, IF_INSTALLED)):
        for file in metadata.files(name) or ():
            if ".." in file.parts or "__pycache__" in file.parts or file.name in _LOCAL:
                continue
            yield file.as_posix(), Path(str(file.locate())).read_bytes()


_LOCAL: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""What an installation says of itself: it differs from machine to machine."""


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    member = zipfile.ZipInfo(name, WHEN)
    member.external_attr = 0o644 << 16
    archive.writestr(member, data)


def main() -> int:
    """Build the file into ``build`` and say what it is."""
    out = ROOT / "build" / "pledgebook-verify.pyz"
    digest = build(out)
    print(f"{out.relative_to(ROOT)}: {out.stat().st_size / 2**20:.1f} MiB")
    print(f"for Python {platform.python_version()} on {sysconfig.get_platform()}")
    print(f"sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
