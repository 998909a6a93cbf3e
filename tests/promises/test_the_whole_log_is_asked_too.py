"""Some rules only the whole log can show; the audit asks them, and says what it could not ask."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TypeGuard

import pytest

from tests.conftest import ROOT
from tests.harness import stories
from tests.harness.attacks import small_log
from tests.harness.registry import Registry, signed_checkpoint, write_log
from verifier.audit import Audit, Options
from verifier.finding import MEANINGS, Finding, Verdict
from verifier.note import Checkpoint
from verifier.policy import parse_policy
from verifier.report import as_text
from verifier.rules.table import WHOLE_LOG
from verifier.sources import open_source


def audit(folder: Path, registry: Registry) -> tuple[list[Finding], Verdict]:
    """Audit what is published in a folder."""
    source = open_source(str(folder))
    policy = parse_policy(registry.policy().encode())
    items = list(Audit(source, policy, options=Options(engine="openssl"), executor=None).run())
    assert isinstance(items[-1], Verdict)
    return [item for item in items if isinstance(item, Finding)], items[-1]


@pytest.fixture
def late() -> Registry:
    """A registry that leaves a submission lying for half a year while other things happen."""
    registry = stories.submitted_partnership(Registry())
    registry.on("2024-07-15")
    registry.enlist("actor-somebody-else")
    return registry


def test_the_registrys_own_lateness_is_told_and_makes_no_record_false(
    late: Registry, tmp_path: Path
) -> None:
    """What was owed and not done is named with its rule and who owed it; the log stays verified."""
    findings, verdict = audit(late.publish(tmp_path), late)
    (told,) = findings
    assert (told.code, told.omission, told.subject) == ("PS4", True, stories.PARTNERSHIP)
    assert as_text(told).startswith("OMITTED: ")
    assert "owed by registry" in as_text(told)
    assert (verdict.exit, verdict.findings, verdict.omissions) == (0, 0, 1)
    assert "1 omitted or late" in as_text(verdict)


def test_a_registry_in_time_has_nothing_to_be_told(tmp_path: Path) -> None:
    """The rules over the whole log are run on every log, and counted."""
    registry = small_log()
    findings, verdict = audit(registry.publish(tmp_path), registry)
    assert not findings
    assert verdict.omissions == 0
    assert len(WHOLE_LOG) > 0
    assert (
        verdict.checked["whole_log"] == len(WHOLE_LOG) + 2
    )  # anchors and attachments: the audit's


def test_a_log_that_was_cut_is_not_asked(late: Registry, tmp_path: Path) -> None:
    """Where entries are missing nothing is concluded from what is not there, and that is said."""
    entries = [event.raw for event in late.events]
    checkpoint = Checkpoint("registry.example.org/log", len(entries), late.roots[len(entries)])
    write_log(tmp_path, entries[:-1], signed_checkpoint(checkpoint, "log"))
    findings, verdict = audit(tmp_path, late)
    assert "PS4" not in {finding.code for finding in findings}
    assert verdict.checked["whole_log"] == 0
    assert any("rules over the whole log" in line for line in verdict.not_checked)


def test_every_omission_is_told_in_words_of_its_own() -> None:
    """«Against the procedure» would accuse; what is said is who was late or silent with what."""
    rules = set()
    for path in (ROOT / "verifier" / "rules").rglob("*.py"):
        for call in filter(is_owed, ast.walk(ast.parse(path.read_text("utf-8")))):
            rules |= {k.value.value for k in call.keywords
                      if k.arg == "rule" and isinstance(k.value, ast.Constant)}  # fmt: skip
    assert len(rules) > 20
    assert not {rule for rule in rules if rule not in MEANINGS}


def is_owed(node: ast.AST) -> TypeGuard[ast.Call]:
    """Say whether a piece of code makes a duty, or an omission of the whole log."""
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "id", "")
    return name == "Duty" or (name == "Broken" and any(k.arg == "kind" for k in node.keywords))
