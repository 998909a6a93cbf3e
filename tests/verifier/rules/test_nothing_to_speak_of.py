"""What is said about a partnership that nobody knows is refused in words, and is no fault."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.harness import bodies, stories
from tests.harness.diligences import NOTHING
from tests.harness.registry import Registry
from tests.harness.stories import COMPANY, FOCAL_POINT, OFFICE_A, PARTNERSHIP, text
from verifier.rules import (
    champion,
    concern,
    filing,
    government,
    lesson,
    network,
    risk,
    support,
)
from verifier.rules.book import Body, Refused
from verifier.rules.diligence import case, compact, decision
from verifier.rules.filing import Filing

MODULES = (champion, concern, filing, government, lesson, network, risk, support, case, compact,
           decision)  # fmt: skip

NOWHERE = {"stream": f"{PARTNERSHIP}/report/none", "seq": 0, "id": bytes(32)}
VALUES: dict[str, Any] = {
    "text": text("…"), "title": text("…"), "reason": text("…"), "reasons": text("…"),
    "task": text("…"), "due": "2030-01-01", "until": "2030-01-01", "cure_until": "2030-01-01",
    "respond_by": "2030-01-01", "take_up_by": "2030-01-01", "last_day": "2030-01-01",
    "held_on": "2024-01-01", "observed_on": "2024-01-01", "country": "KEN", "ground": "harm",
    "eligible": True, "outcome": "met", "result": "worked", "kind": "learning",
    "severity": "high", "likelihood": 1, "impact": 1, "residual": "low", "risk": "low",
    "owner": FOCAL_POINT, "to": FOCAL_POINT, "entity": FOCAL_POINT, "office": FOCAL_POINT,
    "organization": COMPANY, "partnership": "p-nothing-either", "decision": NOWHERE,
    "offer": NOWHERE, "lesson": NOWHERE, "objection": NOWHERE, "review": "none",
    "sdg_targets": ["6.1"], "commitments": [bytes(32)], "mandate": "A/RES/70/224",
    "harms": [text("…")], "smallest_cell": 5, "principles": {"set": "ten", "version": 1},
    "signatory": "…", "case_type": "business", "depth": "basic", "modality": "…",
    "criteria": NOTHING, "lists": [{"name": "…", "as_of": "2024-01-01"}], "level": "none",
    "sources": ["…"], "trigger": "request", "status": "active", "source": "…",
    "mechanism": "…", "maturity": 2,
    "local_need": text("…"), "participants": [{"category": "ngo", "count": 1}],
    "guideline": {"set": "none", "version": 1}, "clause": "1.1",
}  # fmt: skip
ELSEWHERE: dict[str, dict[str, Any]] = {
    "SupportRequested": {"kind": "financial"}, "SupportOffered": {"kind": "financial"},
    "SupportEnded": {"outcome": "withdrawn"}, "LessonPublished": {"kind": "failure"},
    "PartnershipLinked": {"to": "p-nothing-either"}, "ConcernClosed": {"outcome": "no_measure"},
    "IntegrityRiskRaised": {"kind": "finance"}, "IntegrityRiskClosed": {"outcome": "resolved"},
    "DueDiligenceDecided": {"outcome": "approved"},
    "PartnerEligibilityLapsed": {"ground": "compact_status"},
    "ComplianceChecked": {"result": "met"},
}  # fmt: skip
"""Values by which a type's field differs from the others of its name."""

TYPES = {
    event.TYPE: event
    for module in MODULES
    for event in module.EVENTS
    if not event.STREAM.startswith("forum-")  # a forum begins with what is filed there
}
ALONE = {"SafeSpaceOpened/1", "CompactStatusObserved/1"}
"""What begins something, and needs nothing that is on record."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A registry with guidelines, a council, and no partnership."""
    return bodies.seat(stories.guidelines(stories.cast(Registry())))


def _stream(event: type[Body]) -> str:
    last = OFFICE_A if event.STREAM.endswith("/@") else "actor-nothing"
    return event.STREAM.replace("@", last).replace("*", "nothing", 1).replace("*", last)


def _fields(event: type[Body]) -> dict[str, Any]:
    name = event.TYPE.partition("/")[0]
    values = VALUES | ELSEWHERE.get(name, {})
    if issubclass(event, Filing):
        values |= {"sources": [NOWHERE]}
    needed = (field.name for field in msgspec.structs.fields(event) if field.required)
    return {field: values[field] for field in needed}


@pytest.mark.parametrize("name", sorted(set(TYPES) - ALONE))
def test_what_is_said_about_nothing_is_refused(name: str, registry: Registry) -> None:
    """Every type of these rooms, about a subject that is not on record: each rule speaks."""
    event = TYPES[name]
    signed = registry.sign(OFFICE_A, _stream(event), name, **_fields(event))
    with pytest.raises(Refused) as refused:
        registry.entry(signed)
    assert all(unmet.reason for unmet in refused.value.unmet)
