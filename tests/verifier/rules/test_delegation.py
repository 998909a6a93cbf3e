"""A delegation is given once and ends once; a ledger opens by a ruleset that is known."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import ORIGIN, Registry, public
from tests.harness.removals import refused
from tests.harness.stories import NGO, SECRETARIAT

STREAM = f"{NGO}/delegation/d1"


@pytest.fixture
def registry() -> Registry:
    """A ledger with its cast, where the organization lets its office report for it."""
    registry = stories.cast(Registry())
    registry.append(NGO, STREAM, "DelegationGranted", **terms(registry))
    return registry


def terms(registry: Registry) -> dict[str, Any]:
    """Return the fields of a delegation."""
    return {"to": SECRETARIAT, "types": ["ReportSubmitted"], "last_day": registry.day(30),
            "mandate": "A/RES/70/224"}  # fmt: skip


def test_a_delegation_is_given_once(registry: Registry) -> None:
    """DG2: its stream holds one."""
    assert refused(registry, NGO, STREAM, "DelegationGranted", **terms(registry)) == {"DG2"}


@pytest.mark.parametrize(
    "changes", [{"to": "actor-nobody"}, {"last_day": "2026-02-30"}, {"types": ["Endorsed"]}]
)
def test_a_delegation_names_what_can_be_delegated(
    registry: Registry, changes: dict[str, Any]
) -> None:
    """DG1: a delegate on record, a day that exists, and never a voice."""
    fields = terms(registry) | changes
    assert refused(registry, NGO, f"{NGO}/delegation/d2", "DelegationGranted", **fields) == {"DG1"}


def test_a_delegation_is_taken_back_once(registry: Registry) -> None:
    """DG2: by who gave it, and not again."""
    assert refused(registry, SECRETARIAT, STREAM, "DelegationWithdrawn", reason="A/1") == {"AD10"}
    registry.append(NGO, STREAM, "DelegationWithdrawn", reason="A/RES/70/224")
    assert refused(registry, NGO, STREAM, "DelegationWithdrawn", reason="A/1") == {"DG2"}


def test_a_ledger_opens_by_a_known_ruleset() -> None:
    """GE3: by another, nothing in it could be decided."""
    registry = Registry()
    root = "actor-root-a"
    fields = {
        "origin": ORIGIN, "quorum": 1, "expires": registry.day(30), "clock": "stated",
        "roots": [{"actor": root, "principal": f"{root}-org", "public": public(root)}],
        "anchor_every": "P1D", "register_every": "P1D", "log_keys": {"checkpoint": public("log")},
    }  # fmt: skip
    stream = "ledger/genesis"
    assert refused(registry, root, stream, "LedgerOpened", ruleset="another-1", **fields) == {"GE3"}
    registry.append(root, stream, "LedgerOpened", ruleset="pledgebook-1", **fields)
