"""``pledgebook next`` tells what may happen next: of one subject, or of all that have a case."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import msgspec
from click.testing import CliRunner

from ledger.cli import next_
from ledger.client import LedgerClient
from ledger.http.wire import OpenCases
from tests.harness import removals, stories
from tests.harness.registry import Registry
from tests.harness.removals import OFFICE_A, PARTNERSHIP
from tests.harness.service import Service, service
from verifier.rules.ahead import Step


def cases() -> Registry:
    """Three partnerships owe a report: one has an open case, one had a case, one has none."""
    registry = stories.listed_partnership(name="p-a")
    stories.listed_partnership(registry, name="p-b")
    removals.overdue(registry)
    for name in ("p-b", PARTNERSHIP):
        removals.give_notice(registry, f"{name}/case/c1")
    registry.append(
        OFFICE_A,
        "p-b/case/c1",
        "CaseClosed",
        ground="withdrawn",
        text=stories.text("The report came by post"),
    )
    return registry


async def said(live: Service, folder: Path, *arguments: str) -> str:
    """Run the command against a live service, as an operator would; return what it printed."""
    policy = folder / "policy.txt"
    policy.write_text(live.registry.policy())
    asked = [*arguments, "--at", live.url, "--policy", str(policy)]
    done = await asyncio.to_thread(CliRunner().invoke, next_, asked)
    assert done.exit_code == 0, done.output
    return done.output


async def test_the_next_steps_of_all_open_cases_are_told(tmp_path: Path) -> None:
    """A case that was closed and a partnership without one are left out; a subject alone is not."""
    async with service(tmp_path / "log", cases()) as live:
        told = await said(live, tmp_path)
        assert told.splitlines()[0].startswith(f"{PARTNERSHIP}, as of ")
        assert f"FinalNoticeIssued/1 on {PARTNERSHIP}/case/c1: " in told
        assert "p-a" not in told
        assert "p-b" not in told
        assert await said(live, tmp_path, "--open-cases") == told
        assert (await said(live, tmp_path, "p-a")).startswith("p-a, as of ")


async def test_the_next_steps_are_told_in_json_as_well(tmp_path: Path) -> None:
    """One line for each subject, with the very steps that the rules propose on that day."""
    async with service(tmp_path / "log", cases()) as live:
        day = date(2025, 9, 1)
        for subjects, asked in (([PARTNERSHIP], ()), (["p-b"], ("p-b",))):
            lines = (await said(live, tmp_path, *asked, "--json", "--day", f"{day}")).splitlines()
            told = [msgspec.json.decode(line) for line in lines]
            assert [one["subject"] for one in told] == subjects
            steps = live.ledger.ahead(subjects[0], day)
            assert told[0]["as_of"] == f"{day}"
            assert steps
            assert msgspec.convert(told[0]["ahead"], list[Step], strict=False) == steps


async def test_where_no_case_is_open_that_is_told(tmp_path: Path) -> None:
    """In words it is said; in JSON there is no line."""
    async with service(tmp_path / "log", stories.listed_partnership()) as live:
        assert await said(live, tmp_path) == "no removal case is open\n"
        assert await said(live, tmp_path, "--json") == ""


async def test_a_subject_or_all_open_cases(tmp_path: Path) -> None:
    """Both at once is a mistake that is told before anything is asked."""
    policy = tmp_path / "policy.txt"
    policy.write_text("")
    asked = ["p-a", "--open-cases", "--policy", str(policy)]
    done = CliRunner().invoke(next_, asked)
    assert (done.exit_code, "take SUBJECT or --open-cases" in done.output) == (2, True)


async def test_open_cases_are_read_in_pages(tmp_path: Path) -> None:
    """Pages join to the whole, by id; the client reads them all."""
    registry = cases()
    removals.give_notice(registry, "p-a/case/c1")
    async with service(tmp_path, registry) as live:
        read, after = [], ""
        while after is not None:
            response = await live.get(f"/open-cases?limit=1&after={after}")
            page = msgspec.json.decode(await response.read(), type=OpenCases)
            assert len(page.subjects) == 1
            read += page.subjects
            after = page.next_after
        assert read == ["p-a", PARTNERSHIP]
        async with LedgerClient(live.url, policy=live.policy) as client:
            assert await client.open_cases() == read
