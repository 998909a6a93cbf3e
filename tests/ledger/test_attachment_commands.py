"""The commands that store and fetch attachments, against a service that runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from projections.cli import main as pledgebook
from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.service import service
from tests.verifier.rules import test_erasure
from tests.verifier.rules.test_erasure import concern, seat
from verifier.blob import blob_name


async def run(*words: object) -> Result:
    """Run a command of ``pledgebook`` beside the service."""
    return await asyncio.to_thread(CliRunner().invoke, pledgebook, [str(word) for word in words])


async def test_what_was_made_is_stored_and_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put says whether it was new; get checks the name; both say plainly what is not possible."""
    (tmp_path / "minutes").write_bytes(b"minutes of a meeting")
    made = await run("attachment", "new", tmp_path / "minutes", tmp_path / "object")
    assert made.exit_code == 0, made.output
    name = blob_name((tmp_path / "object").read_bytes())
    assert name.hex() in made.output
    monkeypatch.setattr(test_erasure, "NAME", name)
    registry: Registry = seat(stories.listed_partnership())
    named = concern(registry)
    async with service(tmp_path / "ledger", registry) as live:
        put = ("attachment", "put", tmp_path / "object", "--at", live.url, "--event")
        for said in ("stored", "it was stored before"):
            stored = await run(*put, named.event.id.hex())
            assert (stored.exit_code, stored.output.strip()) == (0, said)
        got = await run("attachment", "get", name.hex(), tmp_path / "out", "--from", live.url)
        assert got.exit_code == 0, got.output
        assert (tmp_path / "out").read_bytes() == b"minutes of a meeting"
        refused = await run(*put, registry.events[3].id.hex())
        assert (refused.exit_code, "blob-unnamed" in refused.output) == (1, True)
        absent = await run("attachment", "get", "00" * 32, tmp_path / "none", "--from", live.url)
        assert (absent.exit_code, "source-missing" in absent.output) == (3, True)
        again = await run("attachment", "get", name.hex(), tmp_path / "out", "--from", live.url)
        assert again.exit_code == 1, "what is there is not overwritten"
    gone = await run(*put, named.event.id.hex())
    assert (gone.exit_code, "source-unreadable" in gone.output) == (3, True)
    for wrong in ("zz", "00"):
        told = await run("attachment", "get", wrong, tmp_path / "none", "--from", tmp_path)
        assert (told.exit_code, "blob-name" in told.output) == (1, True)
