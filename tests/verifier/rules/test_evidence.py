"""What decisions rest on is shown: none is taken on evidence without its two answers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from verifier.rules.table import EVENTS

QUESTIONS = {"complements_governments", "complements_un"}


def fields_of(name: str) -> dict[str, Any]:
    """Return the fields of an event type by name."""
    return {field.name: field for field in msgspec.structs.fields(EVENTS[name])}


DECISIONS = {
    name for name, event in EVENTS.items() if event.DECISION and "evidence" in fields_of(name)
}
REFUSALS = {"ReinstatementRefusalProposed/1", "ReinstatementRefused/1"}


def test_reviews_removals_and_appeals_are_decided_on_evidence() -> None:
    """EV1: the decisions that can end something for a partnership have an evidence list."""
    families = {"ReviewDecisionProposed/1", "RemovalDecisionProposed/1", "AppealDecisionProposed/1"}
    assert families <= DECISIONS


@pytest.mark.parametrize("name", sorted(DECISIONS | REFUSALS))
def test_a_decision_answers_both_questions(name: str) -> None:
    """EV5: it says what becomes of governments' and of the United Nations' own tasks."""
    fields = fields_of(name)
    assert {question for question in QUESTIONS if fields[question].required} == QUESTIONS
