"""Ten years of a registry: what is lawful is admitted, what is not escapes no auditor."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ledger.outcome import Accepted
from tests.conftest import ROOT
from tests.harness.decade import Decade, play
from tests.harness.decade.moves import MOVES
from tests.harness.ledgers import running, stored

pytestmark = pytest.mark.slow

BATCH = 500
HAPPENED = (
    "PartnershipRemoved", "PartnershipSuspended", "SuspensionLifted", "AppealFiled", "ReplyFiled",
    "CaseClosed", "KeyRevoked", "KeyRotated", "RoleWithdrawn", "FailureReported",
    "ReviewDecisionProposed", "ConditionMissed",
)  # fmt: skip


@pytest.fixture(scope="module")
def decade() -> Decade:
    """The decade in which every unlawful move was tried and refused."""
    return play()


@pytest.fixture(scope="module")
def smuggled() -> Decade:
    """The decade in which the operator put every unlawful move into the log."""
    return play(smuggle=True)


def audit(decade: Decade, folder: Path) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    """Publish a log and audit it by the verifier as a process of its own."""
    decade.registry.publish(folder)
    (folder / "policy.txt").write_text(decade.registry.policy())
    run = subprocess.run(
        [sys.executable, "-m", "verifier", "audit", str(folder), "--json",
         "--policy", str(folder / "policy.txt")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [json.loads(line) for line in run.stdout.splitlines()]
    findings = [line for line in told if line["message"] == "finding"]
    return run.returncode, findings, told[-1]


def rules_of(finding: dict[str, Any]) -> set[str]:
    """Return every rule that a finding names."""
    return {finding["code"], *(also.partition(":")[0] for also in finding.get("also", ()))}


def test_the_decade_is_one_worth_auditing(decade: Decade) -> None:
    """Thousands of events of many kinds, all profiles at hand, and every way of behaving."""
    kinds = Counter(event.type for event in decade.registry.events)
    assert len(decade.registry.events) > 38_000
    assert len(kinds) > 45
    assert {decade.player.partnership(life.name).profile for life in decade.lives} == {
        "light", "un_participating", "un_led", "mega_un_led",
        "country_light", "country_un_participating", "country_un_led", "mega_country_un_led",
    }  # fmt: skip
    for happened in HAPPENED:
        assert kinds[happened + "/1"], happened


def test_every_unlawful_move_is_refused_by_its_rule(decade: Decade) -> None:
    """Sixty and more moves, each by a key that exists, at a moment of chance."""
    tried = {one.move.name: one for one in decade.tried}
    assert set(tried) == {move.name for move in MOVES}
    assert len(tried) >= 60
    assert not {name: set(one.broken) for name, one in tried.items()
                if one.move.rule not in one.broken}  # fmt: skip


def test_ledger_and_verifier_agree_event_by_event(decade: Decade, tmp_path: Path) -> None:
    """What the ledger admits, the audit admits, and the other way round, refusals included."""
    unlawful = {one.index: one for one in decade.tried}

    async def submit() -> None:
        async with running(tmp_path / "ledger") as ledger:
            events = decade.registry.events
            for start in range(0, len(events), BATCH):
                batch = events[start : start + BATCH]
                reply = await ledger.submit([event.raw for event in batch])
                assert all(isinstance(outcome, Accepted) for outcome in reply.outcomes)

    asyncio.run(submit())
    assert unlawful
    assert stored(tmp_path / "ledger") == [event.raw for event in decade.registry.events]
    code, findings, verdict = audit(decade, tmp_path / "log")
    assert (code, verdict["findings"]) == (0, 0), findings[:3]
    assert verdict["checked"]["admissions"] == len(decade.registry.events)
    assert not [line for line in findings if line["code"] in ("BO11", "FI13")]


def test_what_an_operator_smuggles_in_is_found_and_named(smuggled: Decade, tmp_path: Path) -> None:
    """Each is found where it stands, by the rule that the ledger would have refused it by."""
    code, findings, verdict = audit(smuggled, tmp_path)
    assert code == 1
    found = {line["index"]: rules_of(line) for line in findings if "index" in line}
    assert len(smuggled.tried) == len(MOVES)
    for one in smuggled.tried:
        assert one.move.rule in found[one.index], one.move.name
        assert one.broken == found[one.index]
    assert set(found) == {one.index for one in smuggled.tried}
    assert verdict["findings"] == len(smuggled.tried)
