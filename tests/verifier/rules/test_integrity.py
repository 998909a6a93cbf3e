"""Cases about integrity: grounds, a reply, a measure at once that lapses, and a body's decision."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.harness import bodies, removals, rulings, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import CASE, branch, later, listing, refused
from tests.harness.rulings import UN_HEAD
from tests.harness.stories import OFFICE_A, OFFICE_B, PARTNERSHIP, SECRETARIAT, text
from verifier.rules import dates
from verifier.rules.delisting.integrity import measure_in_force

MEASURE = f"{PARTNERSHIP}/measure/m1"
AGENCY_HEAD = "actor-agency-head"


def opening(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of a statement of grounds."""
    return {
        "ground": "misuse_of_name", "statement": text("The emblem was sold to a sponsor"),
        "reply_by": registry.day(30), "guideline": stories.listing(registry)["guideline"],
        "profile": "light",
    } | changes  # fmt: skip


@pytest.fixture(scope="module")
def told() -> Registry:
    """A listed partnership, an executive head of another entity, and a council."""
    registry = bodies.seat(stories.listed_partnership())
    registry.enlist("actor-agency").enlist(AGENCY_HEAD, kind="office", principal="actor-agency")
    registry.appoint(AGENCY_HEAD, "executive_head")
    registry.enlist("actor-appeals-d", stakeholder_type="ngo")
    return later(registry, 20)


@pytest.fixture
def registry(told: Registry) -> Registry:
    """A branch before any case."""
    return branch(told)


@pytest.fixture
def opened(registry: Registry) -> Registry:
    """A branch with an open case about integrity."""
    registry.append(AGENCY_HEAD, CASE, "IntegrityCaseOpened", **opening(registry))
    return registry


def test_a_removal_for_integrity_needs_no_notice_and_no_offer(opened: Registry) -> None:
    """Grounds, a reply in time, a body's decision, an appeal window: then it is removed (BD1)."""
    opened.append(SECRETARIAT, f"{PARTNERSHIP}/reply/r1", "ReplyFiled", case="c1",
                  text=text("A mistake of an intern"))  # fmt: skip
    early = rulings.ruling(opened, "remove", "early", outcome="remove")
    assert refused(opened, OFFICE_A, CASE, "RemovalDecided", **early) == {"BD2", "CS8"}
    decided = rulings.rule(later(opened, 32), "remove")
    later(opened, 32)
    fields = {"decision": ref(decided), "effective_on": opened.day()}
    assert refused(opened, OFFICE_B, CASE, "PartnershipRemoved", **fields) == {"RM1"}
    removals.remove(opened, decided, ground="integrity")
    assert listing(opened) == "removed"


def test_a_case_is_opened_once_and_by_no_party(opened: Registry) -> None:
    """IG1, CS2: a second case while one is open, and one that a party opens."""
    fields = opening(opened)
    again = f"{PARTNERSHIP}/case/c2"
    assert refused(opened, OFFICE_A, again, "IntegrityCaseOpened", **fields) == {"IG1"}
    registry = bodies.seat(stories.listed_partnership(profile="un_led"))
    registry.enlist(UN_HEAD, kind="office", principal=stories.UN_AGENCY)
    registry.appoint(UN_HEAD, "executive_head")
    fields = opening(registry, profile="un_led")
    assert refused(registry, UN_HEAD, CASE, "IntegrityCaseOpened", **fields) == {"CS2"}


def test_a_case_names_its_terms_and_leaves_time_for_a_reply(registry: Registry) -> None:
    """IG2, IG3: another version or profile, and a reply within fewer than P30D, are refused."""
    for change, rule in (
        ({"guideline": {"set": "default", "version": 2}}, "IG2"),
        ({"profile": "un_led"}, "IG2"),
        ({"reply_by": registry.day(29)}, "IG3"),
    ):
        fields = opening(registry, **change)
        assert refused(registry, AGENCY_HEAD, CASE, "IntegrityCaseOpened", **fields) == {rule}
    registry.append(AGENCY_HEAD, CASE, "IntegrityCaseOpened", **opening(registry))


def measure(registry: Registry, **changes: Any) -> dict[str, Any]:
    """Return the fields of an interim measure of this day."""
    return {"case": "c1", "what": ["listing_hidden", "un_name_withdrawn"],
            "reasons": text("It is in use today"), "until": registry.day(60)} | changes  # fmt: skip


def in_force(registry: Registry) -> bool:
    """Say whether the measure lasts."""
    today = date.fromisoformat(registry.day())
    return measure_in_force(registry.subject(PARTNERSHIP), today) is not None


def test_a_measure_lasts_for_its_time_and_lapses(opened: Registry) -> None:
    """IG4, IG6: without a case, for longer, or twice it is refused; after P60D it has lapsed."""
    wrong = measure(opened, case="c9")
    assert refused(opened, AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **wrong) == {"IG4"}
    longer = measure(opened, until=opened.day(61))
    assert refused(opened, AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **longer) == {"IG4"}
    assert refused(opened, OFFICE_A, MEASURE, "InterimMeasureTaken", **measure(opened)) == {"AD10"}
    taken = opened.append(AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **measure(opened))
    again = f"{PARTNERSHIP}/measure/m2"
    assert refused(opened, AGENCY_HEAD, again, "InterimMeasureTaken", **measure(opened)) == {"IG4"}
    assert in_force(later(opened, 60))
    assert not in_force(later(opened, 1))
    fields = {"measure": ref(taken), "reasons": text("It is over")}
    assert refused(opened, AGENCY_HEAD, MEASURE, "MeasureLifted", **fields) == {"IG6"}


def year(registry: Registry) -> str:
    """Return this day a year on."""
    return dates.add(date.fromisoformat(registry.day()), "P1Y").isoformat()


def confirmed(registry: Registry, result: str = "confirm", local: str = "m") -> dict[str, Any]:
    """Let the council decide on the measure."""
    item = bodies.item(matter="m1", result=result)
    return ref(bodies.decide(registry, local, kind="integrity_measure", items=[item]))


def test_a_body_confirms_a_measure_from_examination_to_examination(opened: Registry) -> None:
    """IG5: by a decision that says so, for a year, each decision once, and not once it lapsed."""
    taken = ref(opened.append(AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **measure(opened)))
    later(opened, 50)
    for wrong in (
        {"decision": confirmed(opened, "lift", "other"), "until": year(opened)},
        {"decision": confirmed(opened), "until": opened.day(400)},
    ):
        fields = {"measure": taken} | wrong
        assert refused(opened, OFFICE_A, MEASURE, "MeasureConfirmed", **fields) == {"IG5"}
    fields = {"measure": taken, "decision": wrong["decision"], "until": year(opened)}
    lapsed = later(branch(opened), 11)
    late = fields | {"until": year(lapsed)}
    assert refused(lapsed, OFFICE_A, MEASURE, "MeasureConfirmed", **late) == {"IG5"}
    opened.append(OFFICE_A, MEASURE, "MeasureConfirmed", **fields)
    assert in_force(later(opened, 300))
    again = fields | {"until": year(opened)}
    assert refused(opened, OFFICE_A, MEASURE, "MeasureConfirmed", **again) == {"IG5"}
    opened.append(OFFICE_A, MEASURE, "MeasureConfirmed",
                  **(again | {"decision": confirmed(opened, local="next")}))  # fmt: skip
    assert in_force(later(opened, 360))


def test_a_measure_is_lifted(opened: Registry) -> None:
    """IG6: by the executive head; by the registry only where a body decided so."""
    taken = ref(opened.append(AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **measure(opened)))
    fields = {"measure": taken, "reasons": text("The emblem is gone")}
    assert refused(opened, OFFICE_A, MEASURE, "MeasureLifted", **fields) == {"IG6"}
    other = branch(opened)
    decision = confirmed(opened, "lift")
    opened.append(OFFICE_A, MEASURE, "MeasureLifted", decision=decision, **fields)
    other.append(AGENCY_HEAD, MEASURE, "MeasureLifted", **fields)
    assert not in_force(opened)
    assert not in_force(other)


def test_a_return_after_integrity_is_the_bodys_to_decide(opened: Registry) -> None:
    """RI1, RI6: not before a year, not refused by offices, and granted by the body that removed."""
    decided = rulings.rule(later(opened, 32), "remove")
    removals.remove(later(opened, 32), decided, ground="integrity")
    stream = f"{PARTNERSHIP}/reinstatement/b1"
    asked = {"recommitment": text("A new board, and a code")}
    assert refused(opened, SECRETARIAT, stream, "ReinstatementRequested", **asked) == {"RI1"}
    later(opened, 367)
    request = opened.append(SECRETARIAT, stream, "ReinstatementRequested", **asked)
    terms = stories.listing(opened) | {"request": ref(request)}
    refusal = {"request": ref(request), "mandate": "A/1", "quorum": 2, "expires": opened.day(10),
               "reasons": text("Too early")}  # fmt: skip
    assert refused(opened, OFFICE_A, f"{PARTNERSHIP}/decision/x", "ReinstatementRefusalProposed",
                   **refusal) == {"RI6"}  # fmt: skip
    assert refused(opened, OFFICE_A, stream, "Reinstated", **terms) == {"RI6"}
    decision = bodies.decide(opened, "back", kind="reinstatement",
                             items=[bodies.item(result="reinstate")])  # fmt: skip
    opened.append(OFFICE_A, stream, "Reinstated", decision=ref(decision), **terms)
    assert listing(opened) == "listed"


def test_who_left_under_a_case_about_integrity_can_be_let_back(opened: Registry) -> None:
    """RI6: nobody has removed it, so that a body decides on its return that names the case."""
    opened.append(SECRETARIAT, f"{PARTNERSHIP}/registration", "PartnershipWithdrawn",
                  reason=text("We rest"), under_case=True)  # fmt: skip
    stream = f"{PARTNERSHIP}/reinstatement/b1"
    request = later(opened, 367).append(
        SECRETARIAT, stream, "ReinstatementRequested", recommitment=text("A new board")
    )
    terms = stories.listing(opened) | {"request": ref(request)}
    assert refused(opened, OFFICE_A, stream, "Reinstated", **terms) == {"RI6"}
    decision = bodies.decide(opened, "back", kind="reinstatement",
                             items=[bodies.item(result="reinstate")])  # fmt: skip
    opened.append(OFFICE_A, stream, "Reinstated", decision=ref(decision), **terms)
    assert listing(opened) == "listed"


def test_an_open_case_about_integrity_is_not_cured_by_a_report(opened: Registry) -> None:
    """CC1: an accepted report leaves the case as it is; the registry may withdraw it with a reason.

    The decision of a body to dismiss it gives no new due day.
    """
    stories.accepted_report(later(opened, 300))
    assert refused(opened, OFFICE_A, CASE, "CaseClosed", ground="cured") == {"CC1"}
    other = branch(opened)
    rulings.rule(other, "dismiss")
    assert removals.case(other).ground == "dismissed"
    opened.append(OFFICE_A, CASE, "CaseClosed", ground="withdrawn", text=text("Unfounded"))
    assert removals.case(opened).ground == "withdrawn"
