"""The rules of the house that import contracts cannot say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("verifier", "ledger", "projections")
CODE_FOLDERS: Final = (*PACKAGES, "tests", "tools", "benchmarks")

MAX_LINES: Final = 500
MAX_INIT_LINES: Final = 50

VERIFIER_LIBRARIES: Final = {"cbor2", "cryptography", "msgpack", "msgspec"}
VERIFIER_EXTRAS: Final = {"nacl": "verifier/keys.py", "rfc3161_client": "verifier/timestamps.py"}
"""Optional libraries, each behind one file."""
IO_MODULES: Final = {
    "asyncio",
    "ftplib",
    "http",
    "select",
    "selectors",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "urllib",
}
IO_ROOMS: Final = {"verifier/memory.py", "verifier/sources.py", "verifier/witness_http.py"}
UNSPEAKING_NAMES: Final = {"common", "helper", "helpers", "manager", "managers", "misc", "utils"}

# A bracket around one letter of each name keeps this file from matching itself.
MACHINE_PATHS: Final = re.compile(
    rb"(?<![\w.:/~-])/(?:[w]ork|[r]oot|[h]ome/\w+|[U]sers/\w+)/\w"
    rb"|/[t]mp/\w+/"
    rb"|\b[s]hared/(?:design|reference|data|hooks)\b"
)


def python_files(*folders: str) -> list[Path]:
    """Returns the Python files under ``folders``, sorted."""
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    )


def name_of(path: Path) -> str:
    """Returns the path relative to the repository."""
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> Iterator[str]:
    """Yields the first segment of every absolute import, wherever it stands in the file."""
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yields every function and method of the file."""
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def own_files() -> list[Path]:
    """Returns the files that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    return [path for path in paths if path.is_file()]


def test_the_packages_are_found() -> None:
    """Every package has files here, so that the tests below look at something."""
    for package in PACKAGES:
        assert python_files(package), package


def test_the_verifier_needs_only_its_libraries() -> None:
    """The verifier imports the standard library, its four libraries and itself; extras apart."""
    allowed = VERIFIER_LIBRARIES | {"verifier"} | set(sys.stdlib_module_names)
    strange = [
        f"{name_of(path)} imports {module}"
        for path in python_files("verifier")
        for module in imports_of(path)
        if module not in allowed and VERIFIER_EXTRAS.get(module) != name_of(path)
    ]
    assert strange == []


def test_only_the_io_rooms_of_the_verifier_reach_outside() -> None:
    """Sockets, event loops and databases are imported in the I/O rooms of the verifier alone."""
    strange = [
        f"{name_of(path)} imports {module}"
        for path in python_files("verifier")
        if name_of(path) not in IO_ROOMS
        for module in imports_of(path)
        if module in IO_MODULES
    ]
    assert strange == []


def test_the_rules_know_no_clock_and_no_chance() -> None:
    """The rules import no clock, no randomness and no files: time is log time."""
    unwelcome = IO_MODULES | {"io", "os", "pathlib", "random", "secrets", "time", "uuid"}
    strange = [
        f"{name_of(path)} imports {module}"
        for path in python_files("verifier/rules")
        for module in imports_of(path)
        if module in unwelcome
    ]
    assert strange == []


def test_no_file_outgrows_its_room() -> None:
    """No Python file has more than 500 lines."""
    counts = {
        name_of(path): len(path.read_bytes().splitlines()) for path in python_files(*CODE_FOLDERS)
    }
    assert {name: count for name, count in counts.items() if count > MAX_LINES} == {}


def test_every_shop_window_is_small() -> None:
    """An ``__init__`` re-exports; it has at most 50 lines and no function or class of its own."""
    for path in python_files(*PACKAGES):
        if path.name != "__init__.py":
            continue
        source = path.read_bytes()
        assert len(source.splitlines()) <= MAX_INIT_LINES, name_of(path)
        kinds = {type(node) for node in ast.parse(source).body}
        made_here = kinds & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef}
        assert made_here == set(), name_of(path)


def test_every_room_has_a_speaking_name() -> None:
    """No module or folder is called utils, helpers, common or manager."""
    strange = [
        name_of(path)
        for path in python_files(*CODE_FOLDERS)
        if UNSPEAKING_NAMES & set(re.split(r"[/_.]", name_of(path)))
    ]
    assert strange == []


def test_verifying_never_answers_with_a_bare_bool() -> None:
    """A ``verify_*`` function raises or returns evidence: a forgotten ``if`` cannot pass."""
    strange = [
        f"{name_of(path)}: {function.name}"
        for path in python_files(*PACKAGES)
        for function in functions_of(path)
        if function.name.startswith("verify_")
        and isinstance(function.returns, ast.Name)
        and function.returns.id == "bool"
    ]
    assert strange == []


def test_no_event_is_an_update_or_a_deletion() -> None:
    """No class of the rules is called ``…Updated`` or ``…Deleted``: the record is never changed."""
    strange = [
        f"{name_of(path)}: {node.name}"
        for path in python_files("verifier/rules")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Updated", "Deleted"))
    ]
    assert strange == []


def test_no_file_names_a_place_on_one_machine() -> None:
    """No file of the project holds a path that exists on its author's machine only."""
    strange = {
        name_of(path): found.group().decode()
        for path in own_files()
        if (found := MACHINE_PATHS.search(path.read_bytes()))
    }
    assert strange == {}
