"""The projections of the ``eventsourcing`` library follow our ledger without any change."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.application import Ledger
from ledger.errors import LedgerError
from tests.harness.ledgers import actor_events, raws, running
from tests.harness.registry import Registry

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to" / "follow-with-a-stock-projection.md"


def code() -> str:
    """Return the code of the how-to, which promises about twenty lines."""
    [block] = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


@pytest.fixture
def how_to() -> dict[str, Any]:
    """The names that the code of the how-to defines."""
    names: dict[str, Any] = {"__name__": "how_to"}
    exec(compile(code(), str(HOW_TO), "exec"), names)
    return names


async def test_the_how_to_follows_a_ledger_while_it_grows(
    tmp_path: Path, how_to: dict[str, Any]
) -> None:
    """The runner sees what was there, then what is recorded later, each once and in order."""
    registry = Registry().open()
    early, late = (actor_events(registry, [f"actor-{w}{n}" for n in range(5)]) for w in "ab")
    async with running(tmp_path) as ledger:
        await ledger.submit(raws([*registry.events, *early]))
        with how_to["follow"](tmp_path) as runner:
            runner.wait(ledger.size, timeout=60)
            assert sorted(runner.view.kinds) == [f"actor-a{n}" for n in range(5)]
            await ledger.submit(raws(late))
            runner.wait(ledger.size, timeout=60)
            assert len(runner.view.kinds) == 10
            assert set(runner.view.kinds.values()) == {"organization"}
            assert runner.view.max_tracking_id("ledger") == ledger.size == 13
        assert ledger.ready() == (True, "")
        assert len((await ledger.submit(raws(late))).outcomes) == 5


async def test_a_runner_in_another_process_follows_too(tmp_path: Path) -> None:
    """The same code, started elsewhere on the machine, delivers what this process appends."""
    registry = Registry().open()
    first, second = actor_events(registry, ["actor-a", "actor-b"])
    script = code() + (
        "\nimport sys\n"
        "with follow(sys.argv[1]) as runner:\n"
        "    runner.wait(4, timeout=60)\n"
        "    print('first', flush=True)\n"
        "    runner.wait(5, timeout=60)\n"
        "    print(sorted(runner.view.kinds), flush=True)\n"
    )
    async with running(tmp_path) as ledger:
        await ledger.submit([*raws(registry.events), first.raw])
        follower = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, tmp_path, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert follower.stdout is not None
        assert await follower.stdout.readline() == b"first\n"
        await ledger.submit([second.raw])
        assert await follower.stdout.readline() == b"['actor-a', 'actor-b']\n"
        assert await follower.wait() == 0


def test_a_follower_needs_a_folder_and_gets_nothing_else(tmp_path: Path) -> None:
    """The environment can name the folder, and no other mapper, cipher or snapshot store."""
    with pytest.raises(LedgerError) as caught:
        Ledger({})
    assert caught.value.code == "config-invalid"
    ledger = Ledger(
        {
            "LEDGER_FOLDER": str(tmp_path),
            "PERSISTENCE_MODULE": "eventsourcing.popo",
            "MAPPER_TOPIC": "eventsourcing.persistence:Mapper",
            "COMPRESSOR_TOPIC": "eventsourcing.compressor:ZlibCompressor",
            "IS_SNAPSHOTTING_ENABLED": "y",
        }
    )
    assert type(ledger.mapper).__name__ == "LedgerMapper"
    assert ledger.mapper.compressor is None
    assert ledger.snapshots is None
    assert ledger.ready() == (False, "not started")
    ledger.close()
