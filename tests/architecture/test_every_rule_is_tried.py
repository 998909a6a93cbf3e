"""Every numbered rule is seen to let an event pass, and to refuse one by its number."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ROOT
from tests.harness import seen
from verifier.rules import texts
from verifier.rules.book import Body
from verifier.rules.table import EVENTS

RULES: Final = ROOT / "verifier" / "rules"
SUITES: Final = ("tests/verifier/rules",)
NUMBER: Final = re.compile(r"[A-Z]{2}[0-9]{1,2}")
GENERAL: Final = "AD"
"""The conditions of every event; any admitted event has met them."""


def rules_in(function: str) -> set[str]:
    """Return the rule numbers that stand in calls of a function or class of the rules' code."""
    found: set[str] = set()
    for path in RULES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == function):
                continue
            for value in [*node.args, *(keyword.value for keyword in node.keywords)]:
                if isinstance(value, ast.Constant) and NUMBER.fullmatch(str(value.value)):
                    found.add(str(value.value))
    return found


def governing(event_type: type[Body]) -> set[str]:
    """Return the rules that a type or its module cites."""
    module = sys.modules[event_type.__module__]
    return {*texts.cited(event_type), *texts.spans(module.__doc__ or "")}


@pytest.mark.slow
def test_every_rule_lets_pass_and_refuses(tmp_path: Path) -> None:
    """Each rule has refused an event by its number, and an event of a type it governs passed."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m",
         "not slow and not interop and not browser", *SUITES],
        cwd=ROOT, env={**os.environ, seen.VARIABLE: str(tmp_path)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:]
    refused, admitted = seen.read(tmp_path)
    rules = rules_in("Unmet")
    assert rules
    assert not sorted(rules - refused), "rules that no test saw refuse an event"
    governed = {type_: governing(body) for type_, body in EVENTS.items()}
    passed = {rule for type_ in admitted for rule in governed[type_]}
    never = sorted(rule for rule in rules - passed if not rule.startswith(GENERAL))
    assert not never, "rules of which no test saw an event pass"


def test_every_rule_over_the_whole_log_is_named_by_a_test() -> None:
    """A rule that only the audit asks is told by its number in a test."""
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    rules = rules_in("Broken")
    assert rules
    assert not {rule for rule in rules if f'"{rule}"' not in tests}
