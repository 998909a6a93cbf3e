"""Instruments, principles, report templates and criteria: what guidelines consist of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import stories
from tests.harness.registry import Registry
from tests.harness.stories import ISSUER, text
from verifier.rules.book import Refused
from verifier.rules.fields import VersionRef
from verifier.rules.guideline.criteria import classify, criteria
from verifier.rules.guideline.state import instrument


@pytest.fixture
def registry() -> Registry:
    """A registry with the base set and a limited issuer."""
    registry = stories.guidelines(stories.cast(Registry())).enlist("actor-agency")
    return registry.appoint("actor-agency", "guideline_issuer", scope={"goals": [6]})


def shipped(kind: str) -> dict[str, Any]:
    """Return the fields of the first shipped document of a kind."""
    documents = stories.shipped_documents("before") + stories.shipped_documents("after")
    return dict(next(d["fields"] for d in documents if d["type"] == f"{kind}/1"))


def refusal(
    registry: Registry, stream: str, kind: str, by: str = ISSUER, **fields: Any
) -> set[str]:
    """Return the rules by which a document is refused."""
    with pytest.raises(Refused) as refused:
        registry.append(by, stream, kind, **fields)
    return {unmet.rule for unmet in refused.value.unmet}


def document(registry: Registry, kind: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a shipped document, in force from this day, changed."""
    return shipped(kind) | {"valid_from": registry.day()} | changes


# Instruments.


def register(**changes: Any) -> dict[str, Any]:
    """Return the fields of an instrument."""
    return {
        "symbol": "A/RES/73/254", "title": "Towards global partnerships",
        "adopted": "2018-12-20", "supersedes": "towards-global-partnerships",
    } | changes  # fmt: skip


def test_an_instrument_is_registered_once(registry: Registry) -> None:
    """IN1: the first registration stands; a second on its stream is refused."""
    stream = "guidelines/instrument/tgp-2018"
    registry.append(ISSUER, stream, "InstrumentRegistered", **register())
    found = instrument("tgp-2018", registry.book)
    assert found is not None
    assert found.supersedes == "towards-global-partnerships"
    assert refusal(registry, stream, "InstrumentRegistered", **register()) == {"IN1"}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({"adopted": "2024-01-16"}, "IN2"), ({"adopted": "2025"}, "IN2"),
     ({"adopted": "2014-12-31"}, "IN3"), ({"supersedes": "unheard-of"}, "IN3")],
)  # fmt: skip
def test_an_instrument_comes_after_what_it_supersedes(
    registry: Registry, changes: dict[str, Any], rule: str
) -> None:
    """IN2, IN3: nothing is adopted in the future, or before what it takes the place of."""
    stream = "guidelines/instrument/tgp-2018"
    assert refusal(registry, stream, "InstrumentRegistered", **register(**changes)) == {rule}
    registry.append(ISSUER, stream, "InstrumentRegistered", **register())


# Principles.

FIVE = "guidelines/principles/five"


def test_principles_stand_once_and_come_from_somewhere(registry: Registry) -> None:
    """PN1: a principle twice, or from an instrument that is not on record, is refused."""
    fields = document(registry, "PrincipleSetIssued")
    twice = fields | {"principles": fields["principles"] * 2}
    assert refusal(registry, FIVE, "PrincipleSetIssued", **twice) == {"PN1"}
    lineage = [{"instrument": "unheard-of", "paragraph": "1"}]
    strange = fields | {"principles": [{"id": "p9", "text": "a", "derived_from": lineage}]}
    assert refusal(registry, FIVE, "PrincipleSetIssued", **strange) == {"PN1"}
    registry.append(ISSUER, FIVE, "PrincipleSetIssued", **fields)


def test_no_principle_is_ever_dropped(registry: Registry) -> None:
    """PN2: a next version adds a principle; one that leaves a principle out is refused."""
    fields = document(registry, "PrincipleSetIssued")
    registry.append(ISSUER, FIVE, "PrincipleSetIssued", **fields)
    fewer = fields | {"version": 2, "principles": fields["principles"][1:]}
    assert refusal(registry, FIVE, "PrincipleSetIssued", **fewer) == {"PN2"}
    more = [*fields["principles"], {"id": "p6", "text": "Mutual respect."}]
    registry.append(ISSUER, FIVE, "PrincipleSetIssued",
                    **(fields | {"version": 2, "principles": more}))  # fmt: skip


def test_principles_have_no_end_and_no_limited_issuer(registry: Registry) -> None:
    """PN3, LY1: a last day is refused, and so is an issuer whose grant is for one goal."""
    fields = document(registry, "PrincipleSetIssued")
    ends = fields | {"valid_until": "2030-12-31"}
    assert refusal(registry, FIVE, "PrincipleSetIssued", **ends) == {"PN3"}
    assert refusal(registry, FIVE, "PrincipleSetIssued", by="actor-agency", **fields) == {"LY1"}


# Templates.

LIGHT = "guidelines/template/light"


def question(number: int, **changes: Any) -> dict[str, Any]:
    """Return a question for the clause on reports."""
    return {"id": str(number), "item": f"item_{number}", "text": "What was done?",
            "clauses": [{"set": "default", "clause": "2.1"}]} | changes  # fmt: skip


@pytest.mark.parametrize(
    ("questions", "rule"),
    [
        ([question(1), question(1, item="other")], "TP2"),
        ([question(1), question(2, item="item_1")], "TP2"),
        ([question(1, item="budget")], "TP2"),
        ([question(1, clauses=[{"set": "default", "clause": "9.9"}])], "TP3"),
        ([question(1, clauses=[{"set": "other", "clause": "2.1"}])], "TP3"),
        ([question(n) for n in range(11)], "TP4"),
    ],
)
def test_a_template_asks_what_a_clause_needs_and_no_more(
    registry: Registry, questions: list[dict[str, Any]], rule: str
) -> None:
    """TP2 to TP4: nothing twice, nothing already on record, nothing without a clause, ten at most.

    The same questions are too many for a light report and not for an enhanced one.
    """
    fields = document(registry, "ReportTemplateIssued", questions=questions)
    assert refusal(registry, LIGHT, "ReportTemplateIssued", **fields) == {rule}
    if rule == "TP4":
        registry.append(ISSUER, "guidelines/template/enhanced", "ReportTemplateIssued", **fields)
    registry.append(ISSUER, LIGHT, "ReportTemplateIssued",
                    **document(registry, "ReportTemplateIssued"))  # fmt: skip


def test_a_template_is_one_that_profiles_can_name(registry: Registry) -> None:
    """TP1: a code that no profile could ask for is refused."""
    fields = document(registry, "ReportTemplateIssued")
    assert refusal(registry, "guidelines/template/short", "ReportTemplateIssued", **fields) == {
        "TP1"
    }


def test_a_gold_standard_is_a_template_in_force(registry: Registry) -> None:
    """TP5: a version that is not issued, or no longer in force, is refused."""
    named: dict[str, Any] = {"template": {"set": "light", "version": 1}, "reason": text("Clear")}
    stream = "guidelines/gold-standard"
    assert refusal(registry, stream, "GoldStandardDesignated", **named) == {"TP5"}
    fields = document(registry, "ReportTemplateIssued")
    registry.append(ISSUER, LIGHT, "ReportTemplateIssued", **fields)
    registry.append(ISSUER, stream, "GoldStandardDesignated", **named)
    registry.append(ISSUER, LIGHT, "ReportTemplateIssued", **(fields | {"version": 2}))
    assert refusal(registry, stream, "GoldStandardDesignated", **named) == {"TP5"}


# Criteria.

CRITERIA = "guidelines/criteria/differentiation"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"criteria": [{"id": "a", "question": "?"}] * 2, "outcomes": [{"result": "msp"}]}, "DC1"),
        ({"outcomes": [{"result": "ppp", "met": ["unheard"]}, {"result": "msp"}]}, "DC1"),
        ({"outcomes": [{"result": "ppp", "met": ["one-company"]}]}, "DC2"),
        ({"outcomes": [{"result": "ppp"}, {"result": "msp"}]}, "DC2"),
        ({"mega": {"amount": "0", "currency": "USD"}}, "DC3"),
    ],
)
def test_criteria_give_every_answer_a_result(
    registry: Registry, changes: dict[str, Any], rule: str
) -> None:
    """DC1 to DC3: known criteria, none twice, one last outcome for all else, a real threshold."""
    kind = "DifferentiationCriteriaIssued"
    assert refusal(registry, CRITERIA, kind, **document(registry, kind, **changes)) == {rule}
    registry.append(ISSUER, CRITERIA, kind, **document(registry, kind))


@pytest.mark.parametrize(
    ("met", "result"),
    [
        (set(), "voluntary_commitment"),
        ({"several-sectors"}, "voluntary_commitment"),
        ({"several-sectors", "shared-governance"}, "msp"),
        ({"several-sectors", "shared-governance", "public-service"}, "ppp"),
        ({"one-company"}, "private_engagement"),
    ],
)
def test_the_kind_of_an_initiative_follows_from_the_answers(
    registry: Registry, met: set[str], result: str
) -> None:
    """The first outcome that fits decides, and the same answers give the same result."""
    kind = "DifferentiationCriteriaIssued"
    registry.append(ISSUER, CRITERIA, kind, **document(registry, kind))
    version = criteria(VersionRef("differentiation", 1), registry.book)
    assert version is not None
    assert classify(version, frozenset(met)) == result
