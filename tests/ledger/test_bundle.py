"""A ledger hands out bundles; the command fetches one, verifies it, and only then writes it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from click.testing import CliRunner, Result

from ledger.cli import bundle as command
from tests.harness import stories
from tests.harness.bundles import life
from tests.harness.registry import Registry
from tests.harness.service import Service, problem, service, until
from verifier.bundle import verify_bundle
from verifier.policy import parse_policy


async def live_for(live: Service, scene: Registry) -> None:
    """Wait for the publication that the scene's last day makes due."""
    await until(lambda: live.ledger.size > len(scene.events))


async def run(live: Service, folder: Path, policy: str, *, subject: str) -> Result:
    """Run ``pledgebook bundle`` beside the service."""
    (folder / "policy.txt").write_text(policy, "utf-8")
    arguments = [subject, str(folder / "out.zip"), "--at", live.url,
                 "--policy", str(folder / "policy.txt")]  # fmt: skip
    return await asyncio.to_thread(CliRunner().invoke, command, arguments)


async def test_a_bundle_over_http_is_the_one_that_is_verified(tmp_path: Path) -> None:
    """``GET /bundle/<subject>``: the same bytes as long as nothing new is published."""
    scene = life()
    async with service(tmp_path, scene, publisher=stories.MACHINE) as live:
        await live_for(live, scene)
        response = await live.get(f"/bundle/{stories.PARTNERSHIP}")
        data = await response.read()
        assert response.content_type == "application/zip"
        assert await (await live.get(f"/bundle/{stories.PARTNERSHIP}")).read() == data
        policy = parse_policy(scene.policy().encode())
        found = verify_bundle(data, policy=policy)
        assert found.placed[-1].index == len(scene.events)
        for subject in ("ledger", "guidelines", stories.SECRETARIAT):
            body = await (await live.get(f"/bundle/{subject}")).read()
            assert verify_bundle(body, policy=policy).subject == subject
        assert (await problem(await live.get("/bundle/p-nobody"))).code == "entry-absent"
        assert (await problem(await live.get("/bundle/Nobody"))).status == 404


async def test_before_a_publication_there_is_no_bundle(tmp_path: Path) -> None:
    """A bundle is of what was published."""
    async with service(tmp_path) as live:
        assert (await problem(await live.get("/bundle/ledger"))).code == "entry-absent"


async def test_the_command_writes_what_it_has_verified(tmp_path: Path) -> None:
    """And nothing where the policy is another log's, or nothing is known of the subject."""
    scene = life()
    async with service(tmp_path / "ledger", scene, publisher=stories.MACHINE) as live:
        await live_for(live, scene)
        result = await run(live, tmp_path, scene.policy(), subject=stories.PARTNERSHIP)
        assert result.exit_code == 0, result.output
        assert result.output.startswith(f"VERIFIED: evidence on {stories.PARTNERSHIP}")
        written = tmp_path / "out.zip"
        assert verify_bundle(written.read_bytes(), policy=parse_policy(scene.policy().encode()))
        written.unlink()
        pin = scene.events[0].id.hex()
        other = await run(live, tmp_path, scene.policy().replace(pin, "00" * 32),
                          subject=stories.PARTNERSHIP)  # fmt: skip
        assert other.exit_code != 0
        nobody = await run(live, tmp_path, scene.policy(), subject="p-nobody")
        assert nobody.exit_code == 3
        assert not written.exists()
