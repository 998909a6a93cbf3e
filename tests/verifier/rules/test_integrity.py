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
from verifier.rules.book import Entry
from verifier.rules.delisting.duties import whole_log as cases_late
from verifier.rules.delisting.integrity import measure_in_force
from verifier.rules.delisting.reinstatement import Reinstatement

MEASURE = f"{PARTNERSHIP}/measure/m1"
AGENCY_HEAD = "actor-agency-head"
ASSEMBLY = "actor-assembly"


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
    registry = bodies.seat(stories.listed_partnership(), ASSEMBLY)
    registry.append("actor-root-a", f"{ASSEMBLY}/profile", "ActorRegistered", kind="body",
                    name=text("Assembly"), principal=ASSEMBLY, stakeholder_type="igo")  # fmt: skip
    registry.enlist("actor-appeals-d", stakeholder_type="ngo")
    return later(enter(registry), 20)


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
    """IG1, CS2: a second one while one is open, and one that a party opens."""
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


def test_a_further_layer_gives_more_time_for_a_reply() -> None:
    """IG3: the reply is awaited for the layer's time, where that is longer."""
    layered = removals.layered(integrity_reply="P60D")
    registry = enter(stories.listed_partnership(layered))
    stream = (registry, AGENCY_HEAD, CASE, "IntegrityCaseOpened")
    assert refused(*stream, **opening(registry)) == {"IG3"}
    registry.append(*stream[1:], **opening(registry, reply_by=registry.day(60)))


OTHER = f"{PARTNERSHIP}/case/c2"


def enter(registry: Registry) -> Registry:
    """Let the executive head of an entity come that is no party."""
    registry.enlist("actor-agency").enlist(AGENCY_HEAD, kind="office", principal="actor-agency")
    registry.appoint(AGENCY_HEAD, "executive_head")
    return registry


def test_a_late_report_shields_nobody_from_a_case_about_integrity() -> None:
    """IG1: it takes over a case about a report, which goes on with a final notice of its own."""
    registry = enter(bodies.seat(removals.finally_noticed()))
    registry.append(AGENCY_HEAD, OTHER, "IntegrityCaseOpened", **opening(registry))
    assert removals.case(registry).track == "integrity"
    later(registry, 31)
    fields = removals.decision_fields(registry)
    stream = f"{PARTNERSHIP}/decision/d1"
    rules = refused(registry, OFFICE_A, stream, "RemovalDecisionProposed", **fields)
    assert rules == {"CS1", "RD5"}
    rulings.rule(later(registry, 1), "dismiss", case=OTHER)
    again = removals.case(registry)
    assert (again.id, again.final, again.ended_on) == ("c1", None, None)
    fields = removals.decision_fields(registry)
    rules = refused(registry, OFFICE_A, stream, "RemovalDecisionProposed", **fields)
    assert rules == {"CS7", "CS8"}
    removals.give_final_notice(registry)
    decision = removals.decide(later(registry, 31))
    removals.remove(later(registry, 31), decision)
    assert listing(registry) == "removed"


def test_what_is_decided_already_is_not_taken_over() -> None:
    """IG1: not a removal that is decided, nor a suspension while it may be appealed against."""
    for registry, _ in (removals.decided(), removals.appealed()):
        enter(registry)
        fields = opening(registry)
        assert refused(registry, AGENCY_HEAD, OTHER, "IntegrityCaseOpened", **fields) == {"IG1"}
        assert removals.next_steps(registry, "IntegrityCaseOpened") == []
    suspended = enter(rulings.full_track())
    rulings.suspend(suspended)
    fields = opening(suspended, profile="un_led")
    assert refused(suspended, AGENCY_HEAD, OTHER, "IntegrityCaseOpened", **fields) == {"IG1"}
    later(suspended, 31)
    fields = opening(suspended, profile="un_led")
    suspended.append(AGENCY_HEAD, OTHER, "IntegrityCaseOpened", **fields)


@pytest.fixture
def both() -> Registry:
    """A suspended partnership with a case about integrity besides."""
    registry = enter(rulings.full_track())
    rulings.suspend(registry)
    fields = opening(later(registry, 31), profile="un_led")
    registry.append(AGENCY_HEAD, OTHER, "IntegrityCaseOpened", **fields)
    return registry


def test_a_suspension_outlasts_a_case_about_integrity(both: Registry) -> None:
    """CC4: closed or dismissed it leaves the suspension, which the report then ends."""
    other = branch(both)
    both.append(OFFICE_A, OTHER, "CaseClosed", ground="withdrawn", text=text("Unfounded"))
    rulings.rule(later(other, 32), "dismiss", case=OTHER)
    for registry in (both, other):
        assert (listing(registry), removals.case(registry).id) == ("suspended", "c1")
        stories.accepted_report(registry)
        cured = {"ground": "cured"}
        assert refused(registry, OFFICE_A, CASE, "CaseClosed", **cured) == {"CC4"}
        registry.append(OFFICE_A, CASE, "SuspensionLifted", obligation=1)
        assert (listing(registry), removals.case(registry).ground) == ("listed", "cured")


def test_a_report_ends_a_suspension_under_a_case_about_integrity(both: Registry) -> None:
    """SU2, CS1: on the stream of its own case; the one about integrity goes on."""
    stories.accepted_report(both)
    assert refused(both, OFFICE_A, OTHER, "SuspensionLifted", obligation=1) == {"CS1"}
    both.append(OFFICE_A, CASE, "SuspensionLifted", obligation=1)
    held = removals.case(both)
    assert (listing(both), held.id, held.ended_on, held.before) == ("listed", "c2", None, None)
    both.append(OFFICE_A, OTHER, "CaseClosed", ground="withdrawn", text=text("Unfounded"))
    assert removals.case(both).ground == "withdrawn"


def test_a_case_about_integrity_that_nobody_decides_is_told(opened: Registry) -> None:
    """CD3: the days for the reply, and P90D; then the silence is the registry's omission."""
    for days, told in ((120, []), (1, ["CD3"])):
        opened.book.time = later(opened, days).now
        assert [b.rule for b in cases_late(opened.book)] == told
    (late,) = cases_late(opened.book)
    assert (late.kind, late.who) == ("omission", "registry")
    opened.append(OFFICE_A, CASE, "CaseClosed", ground="withdrawn", text=text("Unfounded"))
    assert list(cases_late(opened.book)) == []


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


def test_no_name_is_lent_while_a_measure_lasts(opened: Registry) -> None:
    """AA4: refused whatever the measure hides, on its last day too; the day after it is lent."""
    opened.enlist("actor-counsel", kind="office", principal="actor-agency")
    opened.grant("actor-counsel", "legal_affairs", AGENCY_HEAD)
    fields = measure(opened, what=["listing_hidden"])
    opened.append(AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **fields)
    lend = ("actor-counsel", f"{PARTNERSHIP}/association/emblem", "AssociationAuthorised")
    use = {"use": text("The emblem on wells"), "until": opened.day(90)}
    assert refused(later(opened, 60), *lend, **use) == {"AA4"}
    later(opened, 1).append(*lend, **use)


def test_what_a_body_confirmed_the_body_lifts(opened: Registry) -> None:
    """IG6, CS2: not the executive head, not another body, and nobody who is a party."""
    taken = ref(opened.append(AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **measure(opened)))
    opened.append(OFFICE_A, MEASURE, "MeasureConfirmed", measure=taken, until=year(opened),
                  decision=confirmed(opened))  # fmt: skip
    fields = {"measure": taken, "reasons": text("The emblem is gone")}
    assert refused(opened, AGENCY_HEAD, MEASURE, "MeasureLifted", **fields) == {"IG6"}
    others = by_the_assembly(opened, "lift", "m1", "integrity_measure")
    wrong = fields | {"decision": others}
    assert refused(opened, AGENCY_HEAD, MEASURE, "MeasureLifted", **wrong) == {"IG6"}
    (step,) = removals.next_steps(opened, "MeasureLifted")
    assert {unmet.rule for unmet in step.unmet} == {"IG6"}
    lifted = fields | {"decision": confirmed(opened, "lift", "off")}
    opened.enlist("actor-of-the-ngo", kind="office", principal=stories.NGO)
    opened.appoint("actor-of-the-ngo", "executive_head")
    assert refused(opened, "actor-of-the-ngo", MEASURE, "MeasureLifted", **lifted) == {"CS2"}
    opened.append(OFFICE_A, MEASURE, "MeasureLifted", **lifted)
    assert not in_force(opened)


def test_a_measure_is_confirmed_by_the_body_that_the_profile_names(opened: Registry) -> None:
    """IG5, IG6: another body confirms nothing and lifts nothing."""
    taken = ref(opened.append(AGENCY_HEAD, MEASURE, "InterimMeasureTaken", **measure(opened)))
    fields = {"measure": taken, "until": year(opened)}
    bodies.seat_another(opened, "actor-board", bodies.UN_SECRETARIAT)
    told = {"kind": "integrity_measure", "items": [bodies.item(matter="m1", result="confirm")]}
    wrong = fields | {"decision": ref(bodies.decide_another(opened, "actor-board", **told))}
    assert refused(opened, OFFICE_A, MEASURE, "MeasureConfirmed", **wrong) == {"IG5"}
    told["items"] = [bodies.item(matter="m1", result="lift")]
    other = ref(bodies.decide_another(opened, "actor-board", "d2", **told))
    lifted = {"measure": taken, "reasons": text("It is gone"), "decision": other}
    assert refused(opened, AGENCY_HEAD, MEASURE, "MeasureLifted", **lifted) == {"IG6"}
    opened.append(OFFICE_A, MEASURE, "MeasureConfirmed", decision=confirmed(opened), **fields)


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
               "reasons": text("Too early"), **removals.ANSWERS}  # fmt: skip
    assert refused(opened, OFFICE_A, f"{PARTNERSHIP}/decision/x", "ReinstatementRefusalProposed",
                   **refusal) == {"RI6"}  # fmt: skip
    assert refused(opened, OFFICE_A, stream, "Reinstated", **terms) == {"RI6"}
    decision = bodies.decide(opened, "back", kind="reinstatement",
                             items=[bodies.item(result="reinstate")])  # fmt: skip
    opened.append(OFFICE_A, stream, "Reinstated", decision=ref(decision), **terms)
    assert listing(opened) == "listed"


@pytest.fixture
def asking(opened: Registry) -> Registry:
    """A branch in which it was removed for integrity and asks to return, more than a year on."""
    decided = rulings.rule(later(opened, 32), "remove")
    removals.remove(later(opened, 32), decided, ground="integrity")
    ask(later(opened, 367), "b1")
    return opened


def ask(registry: Registry, local: str) -> Entry:
    """Ask to return."""
    return registry.append(SECRETARIAT, back(local), "ReinstatementRequested",
                           recommitment=text("A new board, and a code"))  # fmt: skip


def back(local: str) -> str:
    """Return the stream of a request to return."""
    return f"{PARTNERSHIP}/reinstatement/{local}"


def request_of(registry: Registry) -> dict[str, Any]:
    """Return the reference to the newest request to return."""
    found = registry.subject(PARTNERSHIP).get("reinstatement", Reinstatement)
    assert found is not None
    return removals.fields_of(found.ref)


def on_return(registry: Registry, result: str, local: str, **changes: Any) -> dict[str, Any]:
    """Let the council decide on the return; return the reference to its decision."""
    fields = {"kind": "reinstatement", "items": [bodies.item(result=result)]} | changes
    return ref(bodies.decide(registry, local, **fields))


def by_the_assembly(
    registry: Registry, result: str, matter: str = "c1", kind: str = "reinstatement"
) -> dict[str, Any]:
    """Let another body decide on the matter; return the reference to its decision."""
    days = {"first_day": registry.day(), "last_day": registry.day(9)}
    session = f"{ASSEMBLY}/session/s1"
    registry.append(bodies.SECRETARY, session, "SessionScheduled", name="A session", **days)
    stream = f"{ASSEMBLY}/decision/d1"
    item = bodies.item(matter=matter, result=result)
    fields = bodies.adopted(registry, kind=kind, items=[item], session="s1")
    certified = registry.append(bodies.SECRETARY, stream, "DecisionCertified", **fields)
    registry.append(bodies.PRESIDENT, stream, "DecisionCosigned", decision=ref(certified))
    return ref(certified)


def refusal(registry: Registry, result: str = "refuse", local: str = "no") -> dict[str, Any]:
    """Return the fields of a refusal that the council decided on today."""
    return {"request": request_of(registry), "reasons": text("Too early"),
            "decision": on_return(registry, result, local), **removals.ANSWERS}  # fmt: skip


def test_a_body_refuses_a_return_after_integrity(asking: Registry) -> None:
    """RI7, RI1: the request ends, and the next one waits for the profile's P3Y."""
    fields = refusal(asking)
    (step,) = removals.next_steps(asking, "ReinstatementRefused")
    assert {unmet.rule for unmet in step.unmet} == {"RI6"}
    asking.append(OFFICE_A, back("b1"), "ReinstatementRefused", **fields)
    assert listing(asking) == "removed"
    assert removals.next_steps(asking, "ReinstatementRefused") == []
    assert removals.next_steps(asking, "Reinstated") == []
    waits = {"recommitment": text("Once more")}
    assert refused(asking, SECRETARIAT, back("b2"), "ReinstatementRequested", **waits) == {"RI1"}
    (step,) = removals.next_steps(asking, "ReinstatementRequested")
    day = dates.add(date.fromisoformat(asking.day()), "P3Y").isoformat()
    assert removals.day_of(step.earliest) == day
    ask(asking.on(day), "b2")
    stale = fields | {"request": request_of(asking)}
    assert refused(asking, OFFICE_A, back("b2"), "ReinstatementRefused", **stale) == {"RI6"}
    asking.append(OFFICE_A, back("b2"), "ReinstatementRefused", **refusal(asking, local="no2"))


def test_a_refusal_rests_on_what_the_body_decided(asking: Registry) -> None:
    """RI6: another result, another kind, another case, and a body that did not remove it."""
    fields = refusal(asking)
    for wrong in (
        on_return(asking, "reinstate", "yes"),
        on_return(asking, "refuse", "kind", kind="appointment"),
        on_return(asking, "refuse", "case", items=[bodies.item(matter="c9", result="refuse")]),
        by_the_assembly(asking, "refuse"),
    ):
        other = fields | {"decision": wrong}
        assert refused(asking, OFFICE_A, back("b1"), "ReinstatementRefused", **other) == {"RI6"}
    terms = stories.listing(asking) | {"request": fields["request"]}
    no = terms | {"decision": fields["decision"]}
    assert refused(asking, OFFICE_A, back("b1"), "Reinstated", **no) == {"RI6"}


def test_a_refusal_names_the_pending_request(asking: Registry) -> None:
    """RI7, AD10: another request, another stream, an office of another house, and a second time."""
    fields = refusal(asking)
    other = fields | {"request": fields["request"] | {"id": bytes(32)}}
    assert refused(asking, OFFICE_A, back("b1"), "ReinstatementRefused", **other) == {"RI7"}
    assert refused(asking, OFFICE_A, back("b2"), "ReinstatementRefused", **fields) == {"RI7"}
    assert refused(asking, AGENCY_HEAD, back("b1"), "ReinstatementRefused", **fields) == {"AD10"}
    asking.append(OFFICE_A, back("b1"), "ReinstatementRefused", **fields)
    assert refused(asking, OFFICE_A, back("b1"), "ReinstatementRefused", **fields) == {"RI7"}


def test_a_return_is_not_granted_on_what_was_decided_before_it(asking: Registry) -> None:
    """RI6: the body decides on the request that is pending, not on one that it refused since."""
    early = on_return(asking, "reinstate", "early")
    asking.append(OFFICE_A, back("b1"), "ReinstatementRefused", **refusal(later(asking, 1)))
    ask(later(asking, 3 * 366), "b2")
    terms = stories.listing(asking) | {"request": request_of(asking)}
    stale = terms | {"decision": early}
    assert refused(asking, OFFICE_A, back("b2"), "Reinstated", **stale) == {"RI6"}
    asking.append(OFFICE_A, back("b2"), "Reinstated",
                  decision=on_return(asking, "reinstate", "late"), **terms)  # fmt: skip
    assert listing(asking) == "listed"


def test_no_body_refuses_a_return_after_missing_reports() -> None:
    """RI7: there the two offices object (RI5)."""
    registry = bodies.seat(removals.removed())
    ask(registry, "b1")
    rules = refused(registry, OFFICE_A, back("b1"), "ReinstatementRefused", **refusal(registry))
    assert rules == {"RI7"}
    assert removals.next_steps(registry, "ReinstatementRefused") == []


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
    wrong = terms | {"decision": by_the_assembly(opened, "reinstate")}
    assert refused(opened, OFFICE_A, stream, "Reinstated", **wrong) == {"RI6"}
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
