"""The publishing path, failed at each of its system calls: by ``kill -9``, and by an error.

What must never be: a signature on more than is stored, two signed trees of which one does not begin
with the other, an acknowledged event that is gone, a published folder that lacks what its
checkpoint covers. After each failure the ledger is opened again, everything is submitted again and
published, and an audit from outside confirms it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.source import LedgerSource
from ledger.static import publish
from tests.harness import faulty
from tests.harness.ledgers import actor_events, check_receipts, raws, running, stored
from tests.harness.registry import Registry
from verifier.cli import main as verify
from verifier.event import parse
from verifier.note import Checkpoint, parse_note
from verifier.sources import FolderSource
from verifier.tiles import TileHashes, bundles_at, decode_bundle
from verifier.tree import Frontier, leaf_hash, root_from

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
Fail = Callable[[Path, int, str], dict[str, Any]]


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A ledger that is just open."""
    return Registry().open()


@pytest.fixture(scope="module")
def events(registry: Registry) -> list[bytes]:
    """The opening and what comes after it, as many as the groups take."""
    names = [f"actor-x{n}" for n in range(faulty.GROUPS[-1] - 3)]
    return raws([*registry.events, *actor_events(registry, names)])


@pytest.fixture(scope="module")
def fail(events: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fail]:
    """Runs the work in a folder with the n-th call failing in one of two ways."""
    compiler = shutil.which("cc")
    if compiler is None:
        reason = "the program 'cc' is not installed"
        if os.environ.get("PLEDGEBOOK_REQUIRE_TOOLS") == "1":
            pytest.fail(f"{reason}, and this run requires every tool")
        pytest.skip(reason)
    base = tmp_path_factory.mktemp("faults")
    library, bundle = base / "faults.so", base / "events"
    source = ROOT / "tests" / "harness" / "faults.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    bundle.write_bytes(b"".join(len(raw).to_bytes(2, "big") + raw for raw in events))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.harness.faulty", bundle], cwd=ROOT, text=True,
        env=os.environ | {"LD_PRELOAD": str(library)}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None

        def run(folder: Path, at: int, kind: str) -> dict[str, Any]:
            print(folder, at, kind, file=process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            return answer

        yield run
        process.stdin.close()


def roots(entries: list[bytes]) -> list[bytes]:
    """Return the root at every size."""
    frontier = Frontier()
    found = [frontier.root()]
    for entry in entries:
        frontier.append(leaf_hash(entry))
        found.append(frontier.root())
    return found


def check(folder: Path, told: list[dict[str, Any]]) -> None:
    """Require of what a failure left behind all that the module promises."""
    database = folder / "ledger"
    if not any("size" in one or "id" in one for one in told):
        return  # it failed before anything was signed or acknowledged
    entries = stored(database)
    at, ids = roots(entries), [parse(raw).id.hex() for raw in entries]
    for one in told:
        if "size" in one:
            assert one["size"] <= len(entries), "more was signed than is stored"
            assert at[one["size"]].hex() == one["root"], "two trees were signed"
        if "id" in one:
            assert ids[one["index"]] == one["id"], "what was acknowledged is gone"
    check_published(folder / "out", at)


def check_published(out: Path, at: list[bytes]) -> None:
    """Require that a published folder has all that its checkpoint covers, and is this log's."""
    if not (out / "checkpoint").exists():
        return
    source = FolderSource(out)
    checkpoint = Checkpoint.parse(parse_note(source.checkpoint()).text)
    assert checkpoint.root == at[checkpoint.size]
    assert root_from(checkpoint.size, TileHashes(source, checkpoint.size)) == checkpoint.root
    for bundle in bundles_at(checkpoint.size):
        entries = decode_bundle(source.entries(bundle.n, bundle.width), bundle.width)
        assert len(entries) == bundle.width


async def recover(folder: Path, events: list[bytes], registry: Registry) -> None:
    """Open again without faults, submit everything again, publish, and audit from outside."""
    async with running(folder / "ledger") as ledger:
        check_receipts(await ledger.submit(events))
        assert ledger.size == len(events)
        publish(LedgerSource(ledger), folder / "out")
    (folder / "policy").write_text(registry.policy())
    assert verify(["audit", str(folder / "out"), "--policy", str(folder / "policy")]) == 0


async def test_without_a_fault_the_work_is_done_and_its_calls_are_counted(
    fail: Fail, events: list[bytes], registry: Registry, tmp_path: Path
) -> None:
    """The path has dozens of such calls; nothing fails, and everything is acknowledged."""
    answer = fail(tmp_path / "log", 0, "count")
    assert answer["code"] == 0
    assert answer["told"][-1]["calls"] > 80
    assert sum("id" in one for one in answer["told"]) == len(events)
    check(tmp_path / "log", answer["told"])
    await recover(tmp_path / "log", events, registry)


@pytest.mark.parametrize("kind", ["kill", "error"])
async def test_every_call_may_fail(
    fail: Fail, kind: str, events: list[bytes], registry: Registry, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Each write, truncation, fsync, rename and removal below the folder fails once."""
    calls = fail(tmp_path / "count", 0, "count")["told"][-1]["calls"]
    failed = 0
    for at in range(1, calls + 1):
        folder = tmp_path / f"at-{at}"
        answer = fail(folder, at, kind)
        assert answer["code"] in ((-signal.SIGKILL, 0) if kind == "kill" else (0, 1)), answer
        failed += answer["code"] == -signal.SIGKILL or kind == "error"
        check(folder, answer["told"])
        await recover(folder, events, registry)
        capsys.readouterr()
        shutil.rmtree(folder)
    assert failed >= calls - 5  # how often threads write varies by a call or two
