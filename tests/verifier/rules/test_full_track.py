"""The full track: the United Nations are heard, a body suspends, and only then it removes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.harness import bodies, removals, rulings, stories
from tests.harness.registry import Registry, ref
from tests.harness.removals import CASE, branch, later, listing, refused
from tests.harness.rulings import UN_HEAD
from tests.harness.stories import OFFICE_A, OFFICE_B, PARTNERSHIP, SECRETARIAT, text
from verifier.rules.delisting import case as cases
from verifier.rules.delisting.suspension import whole_log
from verifier.rules.standing import standing_at

OPINION = f"{PARTNERSHIP}/opinion/o1"
BOARD, ASSEMBLY = "actor-board", "actor-assembly"
AGAIN = f"{PARTNERSHIP}/case/c2"


@pytest.fixture(scope="module")
def told() -> Registry:
    """The story up to the end of the replies, on the full track."""
    return rulings.full_track()


@pytest.fixture
def registry(told: Registry) -> Registry:
    """A branch at the end of the replies."""
    return branch(told)


@pytest.fixture
def suspended(registry: Registry) -> Registry:
    """A branch in which the council has suspended the partnership."""
    rulings.suspend(registry)
    return registry


def report(registry: Registry) -> Registry:
    """Let the partnership report, and accept it."""
    stories.accepted_report(registry)
    return registry


def test_a_removal_on_the_full_track_takes_every_step(suspended: Registry) -> None:
    """Suspension, a year, a second decision, an appeal window: then it is removed (BD1, BD2)."""
    assert listing(suspended) == "suspended"
    later(suspended, 367)
    decided = rulings.rule(suspended, "remove")
    removals.remove(later(suspended, 32), decided)
    assert (listing(suspended), removals.case(suspended).ground) == ("removed", "removed")


def test_a_body_decides_what_the_case_awaits(registry: Registry) -> None:
    """BD1: no removal before a suspension, none while it lasts, no second suspension."""
    fields = rulings.ruling(registry, "remove", outcome="remove")
    assert refused(registry, OFFICE_A, CASE, "RemovalDecided", **fields) == {"BD1"}
    rulings.suspend(registry)
    again = rulings.ruling(registry, "suspend", "again", until=rulings.anniversary(registry))
    assert refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **again) == {"BD1"}
    fields = rulings.ruling(registry, "remove", "early", outcome="remove")
    assert refused(registry, OFFICE_A, CASE, "RemovalDecided", **fields) == {"BD1"}
    removed = {"decision": fields["decision"], "effective_on": registry.day()}
    rules = refused(later(registry, 40), OFFICE_B, CASE, "PartnershipRemoved",
                    **(removed | {"effective_on": registry.day()}))  # fmt: skip
    assert rules == {"CS10", "CS11", "RM1"}


def test_a_light_case_is_not_for_a_body() -> None:
    """BD1: on the light track a body's removal is refused."""
    registry = bodies.seat(later(removals.finally_noticed(), 32))
    fields = rulings.ruling(registry, "remove", outcome="remove")
    assert refused(registry, OFFICE_A, CASE, "RemovalDecided", **fields) == {"BD1"}


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "appointment"},
        {"items": [bodies.item(result="dismiss")]},
        {"items": [bodies.item(matter="c9", result="suspend")]},
    ],
)
def test_the_decision_settles_this_case_so(registry: Registry, changes: dict[str, object]) -> None:
    """BD2: a decision on another kind, with another result or on another case is refused."""
    fields = rulings.ruling(registry, "suspend", until=rulings.anniversary(registry))
    items: dict[str, object] = {"items": [bodies.item(result="suspend")]}
    other = bodies.decide(registry, "other", **(items | changes))
    wrong = fields | {"decision": ref(other)}
    assert refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **wrong) == {"BD2"}


def test_a_body_hears_the_replies_first(registry: Registry) -> None:
    """BD2: a decision that was adopted while replies were open is refused, however late."""
    registry = rulings.full_track()
    early = later(branch(registry), -10)
    early.book.time = early.now
    adopted = bodies.decide(early, "early", items=[bodies.item(result="suspend")])
    later(early, 10)
    fields = rulings.ruling(early, "suspend", until=rulings.anniversary(early))
    wrong = fields | {"decision": ref(adopted)}
    assert refused(early, OFFICE_A, CASE, "PartnershipSuspended", **wrong) == {"BD2"}
    early.append(OFFICE_A, CASE, "PartnershipSuspended", **fields)


def anothers(registry: Registry, body: str, result: str) -> dict[str, object]:
    """Let another body decide on the case; return the reference to its decision."""
    items = [bodies.item(result=result)]
    return ref(bodies.decide_another(registry, body, result, items=items))


def test_the_body_that_decides_is_the_one_that_the_profile_names(suspended: Registry) -> None:
    """BD8, SU1: a decision of another, complete in all else, neither removes nor extends."""
    bodies.seat_another(suspended, BOARD, bodies.UN_SECRETARIAT)
    fields = extension(suspended) | {"decision": anothers(suspended, BOARD, "extend")}
    assert refused(suspended, OFFICE_A, CASE, "SuspensionExtended", **fields) == {"SU1"}
    bodies.seat_another(later(suspended, 367), ASSEMBLY, bodies.UN_SECRETARIAT)
    fields = rulings.ruling(suspended, "remove", outcome="remove")
    wrong = fields | {"decision": anothers(suspended, ASSEMBLY, "remove")}
    assert refused(suspended, OFFICE_A, CASE, "RemovalDecided", **wrong) == {"BD8"}
    suspended.append(OFFICE_A, CASE, "RemovalDecided", **fields)


def test_no_board_decides_about_its_own_entity() -> None:
    """BD8: where the profile names none, a body is heard that no party's office certified."""
    told = stories.guidelines(stories.cast(Registry()), removal_body=None)
    registry = rulings.full_track(registry=told)
    bodies.seat_another(registry, BOARD, stories.UN_AGENCY)
    bodies.seat_another(registry, ASSEMBLY, bodies.UN_SECRETARIAT)
    fields = rulings.ruling(registry, "suspend", until=rulings.anniversary(registry))
    own = fields | {"decision": anothers(registry, BOARD, "suspend")}
    assert refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **own) == {"BD8"}
    other = fields | {"decision": anothers(registry, ASSEMBLY, "suspend")}
    registry.append(OFFICE_A, CASE, "PartnershipSuspended", **other)


def test_evidence_and_window_are_those_of_the_case(registry: Registry) -> None:
    """BD3: another appeal window or another guideline version is refused."""
    fields = rulings.ruling(registry, "suspend", until=rulings.anniversary(registry))
    for change in ({"appeal_window": "P10D"}, {"guideline": {"set": "default", "version": 2}}):
        wrong = fields | change
        assert refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **wrong) == {"BD3"}


def test_an_opinion_has_its_time_and_its_answer() -> None:
    """BD4, OP1, OP2: a second request, a stranger's opinion, a late one, one left unanswered."""
    registry = removals.overdue(profile="un_participating")
    bodies.seat(registry).enlist(UN_HEAD, kind="office", principal=stories.UN_AGENCY)
    registry.appoint(UN_HEAD, "executive_head")
    registry.enlist("actor-other-head").appoint("actor-other-head", "executive_head")
    removals.offer_support(registry)
    fields = removals.notice_fields(registry) | {"profile": "un_participating"}
    notice = registry.append(OFFICE_A, CASE, "RemovalNoticeIssued", **fields)
    removals.deliver(registry, notice)
    removals.give_final_notice(later(registry, 90))
    later(registry, 32)
    fields = rulings.ruling(registry, "suspend", until=rulings.anniversary(registry))
    assert refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **fields) == {"BD4"}
    assert refused(registry, OFFICE_A, CASE, "OpinionRequested", entity=stories.NGO) == {"OP1"}
    registry.append(OFFICE_A, CASE, "OpinionRequested", entity=stories.UN_AGENCY)
    assert refused(registry, OFFICE_A, CASE, "OpinionRequested", entity=stories.UN_AGENCY) == {
        "OP1"
    }
    assert refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **fields) == {"BD4"}
    given = {"case": "c1", "text": text("It has moved, and will report")}
    assert refused(registry, "actor-other-head", OPINION, "OpinionGiven", **given) == {"OP2"}
    late = later(branch(registry), 62)
    assert refused(late, UN_HEAD, OPINION, "OpinionGiven", **given) == {"OP2"}
    registry.append(UN_HEAD, OPINION, "OpinionGiven", **given)
    assert refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **fields) == {"BD4"}
    registry.append(OFFICE_A, CASE, "PartnershipSuspended",
                    opinion_answered=text("It had a year"), **fields)  # fmt: skip
    assert listing(registry) == "suspended"


def test_a_board_knows_of_a_case_against_what_its_entity_leads() -> None:
    """BD5, OP3: without it no suspension; a company is no board; once informed it goes on."""
    registry = rulings.full_track("un_participating")
    fields = rulings.ruling(registry, "suspend", until=rulings.anniversary(registry))
    assert refused(registry, OFFICE_A, CASE, "BoardInformed", board=stories.COMPANY) == {"OP3"}
    registry.append(OFFICE_A, CASE, "PartnershipSuspended", **fields)
    led = removals.overdue(profile="un_led")
    bodies.seat(led)
    removals.offer_support(led)
    notice = removals.notice_fields(led) | {"profile": "un_led"}
    removals.deliver(led, led.append(OFFICE_A, CASE, "RemovalNoticeIssued", **notice))
    led.append(OFFICE_A, CASE, "OpinionRequested", entity=stories.UN_AGENCY)
    removals.give_final_notice(later(led, 90))
    later(led, 32)
    fields = rulings.ruling(led, "suspend", until=rulings.anniversary(led))
    assert refused(led, OFFICE_A, CASE, "PartnershipSuspended", **fields) == {"BD5"}
    led.append(OFFICE_A, CASE, "BoardInformed", board=bodies.COUNCIL)
    led.append(OFFICE_A, CASE, "PartnershipSuspended", **fields)


def test_a_suspension_out_of_nothing_names_all_that_is_missing() -> None:
    """BD6: right after the first notice, every step to come is named (CS6 to CS8, BD4, BD5)."""
    registry = bodies.seat(removals.overdue(profile="un_led"))
    notice = removals.notice_fields(registry) | {"profile": "un_led"}
    registry.append(OFFICE_A, CASE, "RemovalNoticeIssued", **notice)
    fields = rulings.ruling(registry, "suspend", until=registry.day(1))
    rules = refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **fields)
    assert rules == {"CS5", "CS6", "CS7", "CS8", "BD4", "BD5", "BD7"}


def test_a_suspension_lasts_as_long_as_the_profile_says(registry: Registry) -> None:
    """BD7: a day less or more than a year is refused."""
    for days in (364, 367):
        fields = rulings.ruling(registry, "suspend", f"d{days}", until=registry.day(days))
        assert refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **fields) == {"BD7"}


def extension(registry: Registry, local: str = "more", days: int = 90) -> dict[str, object]:
    """Let the council extend the suspension; return the fields of the extension."""
    case = removals.case(registry)
    assert case.suspension is not None
    until = date.fromisoformat(case.suspension.until).toordinal() + days
    decided = bodies.decide(registry, local, items=[bodies.item(result="extend")])
    return {"decision": ref(decided), "until": date.fromordinal(until).isoformat()}


def test_a_suspension_is_extended_once(suspended: Registry) -> None:
    """SU1: by the profile's time, before it ends, by a decision that says so, and only once."""
    assert refused(suspended, OFFICE_A, CASE, "SuspensionExtended",
                   **extension(suspended, "long", 91)) == {"SU1"}  # fmt: skip
    over = later(branch(suspended), 367)
    assert refused(over, OFFICE_A, CASE, "SuspensionExtended", **extension(over)) == {"SU1"}
    suspended.append(OFFICE_A, CASE, "SuspensionExtended", **extension(suspended))
    assert refused(suspended, OFFICE_A, CASE, "SuspensionExtended",
                   **extension(suspended, "again")) == {"SU1"}  # fmt: skip
    later(suspended, 367)
    fields = rulings.ruling(suspended, "remove", outcome="remove")
    assert refused(suspended, OFFICE_A, CASE, "RemovalDecided", **fields) == {"BD1"}


def test_a_late_report_lifts_a_suspension(suspended: Registry) -> None:
    """SU2, CC4: not before it is accepted; then the lift is the one step, and ends the case."""
    assert refused(suspended, OFFICE_A, CASE, "SuspensionLifted", obligation=1) == {"SU2"}
    report(suspended)
    assert refused(suspended, OFFICE_A, CASE, "SuspensionLifted", obligation=2) == {"SU2"}
    assert refused(suspended, OFFICE_A, CASE, "CaseClosed", ground="cured") == {"CC4"}
    assert removals.next_step(suspended, "SuspensionLifted").lawful
    suspended.append(OFFICE_A, CASE, "SuspensionLifted", obligation=1)
    assert (listing(suspended), removals.case(suspended).ground) == ("listed", "cured")


@pytest.mark.parametrize(("days", "told_late"), [(14, False), (15, True)])
def test_a_lift_that_is_late_is_the_registrys_omission(
    suspended: Registry, days: int, told_late: bool
) -> None:
    """SU3: lifted on the fourteenth day it is in time; a day later it is told, and stays told."""
    report(suspended)
    suspended.book.time = later(suspended, days).now
    assert [b.rule for b in whole_log(suspended.book)] == (["SU3"] if told_late else [])
    suspended.append(OFFICE_A, CASE, "SuspensionLifted", obligation=1)
    assert [b.kind for b in whole_log(suspended.book)] == (["omission"] if told_late else [])


@pytest.mark.parametrize(
    ("outcome", "where"), [("overturn", "listed"), ("remit", "listed"), ("uphold", "suspended")]
)
def test_a_suspension_can_be_appealed(suspended: Registry, outcome: str, where: str) -> None:
    """Overturned or sent back it ends at once; upheld it goes on."""
    decided = removals.case(suspended).decision
    assert decided is not None
    filed = suspended.append(
        SECRETARIAT, f"{PARTNERSHIP}/appeal/a1", "AppealFiled", case="c1",
        decision=removals.fields_of(decided.ref), grounds=["procedure", "fact"],
        text=text("We had moved"),
    )  # fmt: skip
    removals.decide_appeal(suspended, filed, outcome)
    assert listing(suspended) == where
    assert removals.case(suspended).ground == ("overturned" if outcome == "overturn" else "")
    if outcome == "remit":
        later(suspended, 10)
        rulings.suspend(suspended)
        assert listing(suspended) == "suspended"


def test_what_was_sent_back_is_decided_anew(registry: Registry) -> None:
    """BD2: the decision that the appeal panel sent back is not put into effect a second time."""
    fields = rulings.ruling(registry, "suspend", until=rulings.anniversary(registry))
    suspended = registry.append(OFFICE_A, CASE, "PartnershipSuspended", **fields)
    removals.decide_appeal(registry, removals.appeal(registry, suspended), "remit")
    again = fields | {"evidence": removals.treated(registry)}
    rules = refused(registry, OFFICE_A, CASE, "PartnershipSuspended", **removals.stated(again))
    assert rules == {"BD2"}
    rulings.suspend(later(registry, 1))


def test_a_case_that_no_body_decides_does_not_end_in_nothing(suspended: Registry) -> None:
    """CS9, NT7, SU4: P90D after the suspension it has lapsed: it is lifted, a new case opens."""
    later(suspended, 365 + 95)
    fields = rulings.ruling(suspended, "remove", outcome="remove")
    assert refused(suspended, OFFICE_A, CASE, "RemovalDecided", **fields) == {"CS9"}
    assert removals.next_steps(suspended, "FinalNoticeIssued") == []
    final = {"decision_day": suspended.day(30), "text": text("Last call")}
    assert refused(suspended, OFFICE_A, CASE, "FinalNoticeIssued", **final) == {"NT7"}
    suspended.append(SECRETARIAT, CASE, "SuspensionLifted", obligation=1, ground="lapsed")
    assert (listing(suspended), removals.case(suspended).ground) == ("listed", "lapsed")
    removals.offer_support(suspended, "s2")
    fields = removals.notice_fields(suspended) | {"profile": "un_led"}
    suspended.append(OFFICE_A, AGAIN, "RemovalNoticeIssued", **fields)
    assert removals.case(suspended).ended_on is None


def test_a_suspension_lapses_once_the_time_to_decide_after_it_is_over(suspended: Registry) -> None:
    """SU4: not while it lasts, not while a decision may follow; and not once the report is in."""
    lapsed = {"obligation": 1, "ground": "lapsed"}
    for days in (30, 365):
        assert refused(later(suspended, days), OFFICE_A, CASE, "SuspensionLifted", **lapsed) == {
            "SU4"
        }
    (step,) = removals.next_steps(suspended, "SuspensionLifted")
    assert {unmet.rule for unmet in step.unmet} == {"SU2"}
    later(suspended, 65)
    assert removals.next_step(suspended, "SuspensionLifted").lawful
    reported = report(branch(suspended))
    assert refused(reported, OFFICE_A, CASE, "SuspensionLifted", **lapsed) == {"SU4"}
    reported.append(OFFICE_A, CASE, "SuspensionLifted", obligation=1)
    assert refused(suspended, stories.COMPANY, CASE, "SuspensionLifted", **lapsed) == {"AD10"}
    suspended.append(OFFICE_A, CASE, "SuspensionLifted", **lapsed)
    assert listing(suspended) == "listed"


def test_a_suspension_that_lapsed_is_lifted_in_time(suspended: Registry) -> None:
    """SU3: P14D after it lapsed the registry has left it standing, and it is told so."""
    case = removals.case(suspended)
    rules = cases.terms(suspended.subject(PARTNERSHIP), suspended.now, suspended.book)
    assert case.suspension is not None
    assert rules is not None
    last = cases.later(case.suspension.until, rules.notice_lapses)
    for days, told in ((14, []), (15, ["SU3"])):
        suspended.book.time = later(suspended.on((last + timedelta(days)).isoformat()), 0).now
        assert [b.rule for b in whole_log(suspended.book)] == told


def test_an_appeal_against_a_suspension_lapses_once(suspended: Registry) -> None:
    """CS11, BD1: the council suspends anew; where the panel is silent again, that stands."""
    appeal(suspended)
    later(suspended, 91)
    (step,) = removals.next_steps(suspended, "PartnershipSuspended")
    assert {unmet.rule for unmet in step.unmet} <= {"BD2", "BD4"}
    rulings.suspend(suspended)
    appeal(suspended, "a2")
    later(suspended, 91)
    assert removals.next_steps(suspended, "PartnershipSuspended") == []
    fields = rulings.ruling(suspended, "suspend", until=rulings.anniversary(suspended))
    assert refused(suspended, OFFICE_A, CASE, "PartnershipSuspended", **fields) == {"BD1"}
    assert listing(suspended) == "suspended"
    rulings.rule(later(suspended, 276), "remove")


def appeal(registry: Registry, local: str = "a1") -> None:
    """Appeal against what stands in the case."""
    decided = removals.case(registry).decision
    assert decided is not None
    registry.append(SECRETARIAT, f"{PARTNERSHIP}/appeal/{local}", "AppealFiled", case="c1",
                    decision=removals.fields_of(decided.ref), grounds=["fact"],
                    text=text("We had moved"))  # fmt: skip


def test_a_dismissal_ends_the_suspension(suspended: Registry) -> None:
    """CC3: the partnership is listed again, and its report is due P60D later."""
    later(suspended, 367)
    rulings.rule(suspended, "dismiss")
    assert (listing(suspended), removals.case(suspended).ground) == ("listed", "dismissed")
    now = standing_at(suspended.subject(PARTNERSHIP), suspended.now, suspended.book)
    assert now.due is not None
    assert now.due.isoformat() == suspended.day(60)
