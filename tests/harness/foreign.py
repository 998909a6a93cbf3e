"""Programs of others that read our log, built or installed outside this tree.

Each is made once, by its ordinary client, with its version pinned, in a folder of the user's cache
(``PLEDGEBOOK_FOREIGN_TOOLS`` names another). What cannot be had raises ``UnavailableError`` with
the reason. Nothing of them is part of this project.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["UnavailableError", "aics", "gocheck", "installed"]

CACHE: Final = Path(
    os.environ.get("PLEDGEBOOK_FOREIGN_TOOLS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pledgebook-foreign"
)
MAKING_S: Final = 540  # compiling a large Go program on two busy cores
GO_MODULES: Final = {
    "fsck": "github.com/transparency-dev/tessera/cmd/fsck@v1.0.4",
    "litewitness": "filippo.io/torchwood/cmd/litewitness@v0.6.1",
}
AICS: Final = ("aics-tlog==0.2.1", "aics-witness==0.1.0")
SUMDB: Final = "golang.org/x/mod/sumdb"
SOURCE: Final = Path(__file__).parents[1] / "interop" / "gocheck" / "main.go"


class UnavailableError(Exception):
    """A foreign program cannot be had here; the message says why."""


def gocheck() -> Path:
    """Build our checker around the code of Go's checksum database that every Go carries."""
    go = _go()
    root = Path(_run([go, "env", "GOROOT"], {}).strip()) / "src" / "cmd" / "vendor" / SUMDB
    if not root.is_dir():
        raise UnavailableError(f"{root} is not there: this Go comes without its own source")
    home = CACHE / "gocheck"
    program = home / "src" / "gocheck"
    for name in ("note", "tlog"):
        shutil.copytree(root / name, home / "src" / SUMDB / name, dirs_exist_ok=True)
    program.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SOURCE, program / "main.go")
    _run([go, "build", "-o", str(CACHE / "bin" / "gocheck"), "."],
         {"GO111MODULE": "off", "GOPATH": str(home), "GOFLAGS": ""}, within=program)  # fmt: skip
    return CACHE / "bin" / "gocheck"


def installed(name: str) -> Path:
    """Install a program from the Go module proxy, unmodified."""
    module = GO_MODULES[name]
    folder = CACHE / "bin" / module.rpartition("@")[2]
    if not (folder / name).exists():
        # Its own checksum database may be out of reach; the proxy and the pinned version are not.
        _run([_go(), "install", module],
             {"GOBIN": str(folder), "GOFLAGS": "-mod=mod", "GO111MODULE": "on"})  # fmt: skip
    return folder / name


def aics() -> Path:
    """Install the two Python packages in an environment of their own; return its programs."""
    folder = CACHE / "-".join(AICS).replace("==", "-")
    if not (folder / "done").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)], {})
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q",
               "--disable-pip-version-check"]  # fmt: skip
        _run([*pip, "cryptography>=50"], {})
        # They ask for Python 3.12 and run on 3.11 too.
        _run([*pip, "--ignore-requires-python", "--no-deps", *AICS], {})
        (folder / "done").touch()
    return folder / "bin"


def _go() -> str:
    go = shutil.which("go")
    if go is None:
        raise UnavailableError("the program 'go' is not installed")
    return go


def _run(command: list[str], environment: Mapping[str, str], *, within: Path | None = None) -> str:
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            command, cwd=within or CACHE, env=os.environ | environment, capture_output=True,
            text=True, check=False, timeout=MAKING_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{' '.join(command)} takes longer than {MAKING_S} s") from None
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise UnavailableError(f"{' '.join(command)}: {' / '.join(told)}")
    return done.stdout
