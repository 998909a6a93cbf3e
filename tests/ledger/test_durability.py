"""What was acknowledged survives ``kill -9`` at any moment, once, in a log that audits clean."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.harness.crashing import STEPS
from tests.harness.ledgers import actor_events, audit, check_receipts, raws, running, stored
from tests.harness.registry import Registry
from verifier.event import parse

ROOT = Path(__file__).parents[2]
EVENTS = 400


@pytest.fixture(scope="module")
def events() -> list[bytes]:
    """A genesis, its endorsements, and many events that may come in any order."""
    registry = Registry().open()
    return raws([*registry.events, *actor_events(registry, [f"actor-x{n}" for n in range(EVENTS)])])


def run(folder: Path, events: list[bytes], *, step: str = "-", count: int = 0,
        kill_after: int = 0, delay_s: float = 0.0) -> tuple[int, dict[bytes, int]]:  # fmt: skip
    """Run a ledger that is killed; return its exit code and what it had acknowledged."""
    bundle = folder.parent / f"{folder.name}.events"
    bundle.write_bytes(b"".join(len(raw).to_bytes(2, "big") + raw for raw in events))
    command = [sys.executable, "-m", "tests.harness.crashing", folder, bundle, step, str(count)]
    lines: list[bytes] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if kill_after and len(lines) == kill_after:
                time.sleep(delay_s)
                process.kill()
    code = process.returncode
    acknowledged = {}
    for line in lines:
        index, _, id_ = line.decode().partition(" ")
        if id_.endswith("\n"):
            acknowledged[bytes.fromhex(id_)] = int(index)
    return code, acknowledged


def check(folder: Path, acknowledged: dict[bytes, int]) -> None:
    """Require of the files that a dead process left: nothing lost, nothing twice, audits clean."""
    entries = stored(folder)
    ids = [parse(raw).id for raw in entries]
    assert len(set(ids)) == len(ids)
    for id_, index in acknowledged.items():
        assert ids[index] == id_
    audit(entries)


async def complete(folder: Path, events: list[bytes], acknowledged: dict[bytes, int]) -> None:
    """Open what a dead process left and submit everything again, as its authors would."""
    async with running(folder) as ledger:
        for at in range(0, len(events), 100):
            check_receipts(await ledger.submit(events[at : at + 100]))
        assert ledger.size == len(events)
    check(folder, acknowledged)
    assert sorted(stored(folder)) == sorted(events)


@pytest.mark.parametrize("step", STEPS)
async def test_killed_between_two_steps(tmp_path: Path, events: list[bytes], step: str) -> None:
    """At each place between two steps of a commit, the rest can be submitted again afterwards."""
    folder = tmp_path / "ledger"
    code, acknowledged = run(folder, events, step=step, count=random.randrange(2, 12))
    assert code == -signal.SIGKILL
    assert len(acknowledged) < len(events)
    check(folder, acknowledged)
    await complete(folder, events, acknowledged)


async def kill_many_times(folder: Path, events: list[bytes], times: int) -> None:
    """Kill one ledger again and again at random moments; then let it finish."""
    acknowledged: dict[bytes, int] = {}
    for _ in range(times):
        kill_after = random.randrange(4, len(events) // 2)
        code, told = run(folder, events, kill_after=kill_after, delay_s=random.random() * 0.01)
        assert code in (-signal.SIGKILL, 0)
        assert all(acknowledged.get(id_, index) == index for id_, index in told.items())
        acknowledged |= told
        check(folder, acknowledged)
    await complete(folder, events, acknowledged)


async def test_killed_at_random_moments(tmp_path: Path, events: list[bytes]) -> None:
    """Three kills under load, a restart after each, and no index changes its event."""
    await kill_many_times(tmp_path / "ledger", events, 3)


@pytest.mark.slow
async def test_killed_at_fifty_random_moments(tmp_path: Path, events: list[bytes]) -> None:
    """Fifty kills under load, on fresh ledgers and on old ones."""
    for n in range(10):
        await kill_many_times(tmp_path / f"ledger-{n}", events, 5)
