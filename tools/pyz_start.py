"""The start of ``pledgebook-verify.pyz``: unpack once, compare each time, run the verifier.

The file is unpacked beside its place in the cache and renamed into it, so that two first starts do
not meet half a folder. What is there is compared with the list inside the archive at every start: a
member that differs, or one too many, is not run. That finds damage and mistakes, not somebody who
can write into the user's own folders: there Python keeps what it has compiled, too.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ARCHIVE = Path(sys.argv[0] if zipfile.is_zipfile(sys.argv[0]) else sys.path[0])
UNDECIDED = 3


def main() -> int:
    """Make ready and run; return the verifier's exit code."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        made_for = archive.read("made-for.txt").decode().strip()
        here = f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"
        if made_for != here:
            return _refuse(f"this file was built for {made_for}, not {here}")
        listed = archive.read("members.txt").decode()
        site = _cache() / f"pledgebook-verify-{hashlib.sha256(listed.encode()).hexdigest()[:32]}"
        if not site.is_dir():
            _unpack(archive, site)
    wrong = _differs(site, listed)
    if wrong:
        return _refuse(f"{site / wrong} is not what this file holds; delete {site}")
    sys.path.insert(0, str(site))
    from verifier.cli import main as verify

    return verify()


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    folder = Path(base) if base else Path.home() / ".cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _unpack(archive: zipfile.ZipFile, site: Path) -> None:
    beside = Path(tempfile.mkdtemp(prefix=f".{site.name}.", dir=site.parent))
    try:
        for name in archive.namelist():
            if name.startswith("site/"):
                path = beside / name.removeprefix("site/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))
        beside.rename(site)
    except OSError:
        if not site.is_dir():  # not even another start made it
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _differs(site: Path, listed: str) -> str:
    """Return the first member that is not as listed, or is not listed; nothing if all is well."""
    expected = dict(reversed(line.split(" ", 1)) for line in listed.splitlines())
    found = {
        path.relative_to(site).as_posix() for path in site.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }  # fmt: skip
    for name in sorted(found | set(expected)):
        path = site / name
        if (
            name not in found
            or name not in expected
            or path.is_symlink()
            or (hashlib.sha256(path.read_bytes()).hexdigest() != expected[name])
        ):
            return name
    return ""


def _refuse(reason: str) -> int:
    sys.stderr.write(f"pledgebook-verify: {reason}\n")
    return UNDECIDED


if __name__ == "__main__":
    sys.exit(main())
