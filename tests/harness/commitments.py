"""A commitment of the company, made and acknowledged: where the tests of its course begin."""

from __future__ import annotations

from typing import Any

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.stories import PARTNERSHIP, text
from verifier.rules.book import Entry
from verifier.rules.commitment import Commitment

STREAM = f"{PARTNERSHIP}/commitment/taps"
PROOF = bytes(range(32))
DUE = "2026-01-14"
MONEY = {"pledged": "1000", "currency": "USD"}
TERMS: dict[str, Any] = {"due": DUE, "target": {"value": "30", "day": DUE}, "money": MONEY}
ACCOUNT = {"what": text("Twelve taps"), "why": text("The pumps came late")}
LESSON = ACCOUNT | {"changed": text("Pumps are ordered a year ahead")}


def promised() -> Registry:
    """Return a listed partnership with a commitment of the company, made on 2024-01-15."""
    registry = stories.listed_partnership()
    stories.acknowledged_commitment(registry, money=MONEY)
    return registry


def say(registry: Registry, actor: str, type_: str, **fields: Any) -> Entry:
    """Append an event to the commitment's stream."""
    return registry.append(actor, STREAM, type_, **fields)


def found(registry: Registry) -> Commitment:
    """Return the commitment on record."""
    thing = registry.subject(PARTNERSHIP).get("commitment:taps", Commitment)
    assert thing is not None
    return thing


def milestone(local: str = "half", day: str = "2025-01-31", **changes: Any) -> dict[str, Any]:
    """Return the fields of a milestone."""
    return {
        "milestone": local,
        "due": day,
        "text": text("Half of the taps"),
        "value": "15",
    } | changes
