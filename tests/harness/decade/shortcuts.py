"""Moves against the procedure: promises, reports and removals without their conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.harness import stories
from tests.harness.decade.cast import COMPANIES, NGOS
from tests.harness.decade.scene import Move, NotNow, Scene
from tests.harness.lots import WITNESS, seed_of, witnessed
from tests.harness.registry import body_fields
from tests.harness.removals import fields_of
from tests.harness.stories import (
    APPEALS_PANEL,
    BODY_SECRETARY,
    FOCAL_POINT,
    MACHINE,
    OFFICE_A,
    text,
)
from verifier.event import Event
from verifier.rules.delisting import case as cases
from verifier.rules.delisting.judges import Judges, judges_of, seated
from verifier.rules.lot import in_order

if TYPE_CHECKING:
    from tests.harness.decade.lives import Life

__all__ = ["MOVES"]

A_DAY_S = 86_400


def _may_appeal(scene: Scene, case: cases.RemovalCase) -> bool:
    if case.decision is None or case.appeal is not None or case.track != "light":
        return False
    return case.decision.appeal_until > scene.day(1)


def _was_proposed(case: cases.RemovalCase) -> bool:
    return case.decision is not None and "/decision/" in case.decision.ref.stream


def _late_voice(scene: Scene) -> Event:
    life, case = scene.troubled(_was_proposed)
    assert case.decision is not None
    ref = case.decision.ref
    local = ref.stream.partition("/")[2].replace("/", ":")
    return scene.sign(OFFICE_A, f"{life.name}/endorsement/{local}/{OFFICE_A}", "Endorsed",
                      proposal=fields_of(ref), organization="actor-registry-org")  # fmt: skip


def _stranger_voice(scene: Scene) -> Event:
    life, case = scene.troubled(_was_proposed)
    assert case.decision is not None
    ref = case.decision.ref
    local = ref.stream.partition("/")[2].replace("/", ":")
    return scene.sign(NGOS[5], f"{life.name}/endorsement/{local}/{NGOS[5]}", "Endorsed",
                      proposal=fields_of(ref), organization=NGOS[5])  # fmt: skip


def _notice_too_early(scene: Scene) -> Event:
    return scene.changed(OFFICE_A, scene.untroubled().name, "RemovalNoticeIssued")


def _final_too_early(scene: Scene) -> Event:
    life, _ = scene.troubled(
        lambda case: case.final is None and (case.notice.counts_from or "") > scene.day(-60)
    )
    return scene.changed(OFFICE_A, life.name, "FinalNoticeIssued")


def _decision_without_final(scene: Scene) -> Event:
    life, case = scene.troubled(lambda case: case.final is None)
    return _decision(scene, life, case)


def _decision(scene: Scene, life: Life, case: cases.RemovalCase, **changes: Any) -> Event:
    fields = {
        "case": case.id, "outcome": "remove", "mandate": "A/1", "quorum": 2,
        "expires": scene.registry.day(30), "guideline": body_fields(case.guideline),  # type: ignore[arg-type]
        "appeal_window": "P30D", "reasons": text("None"),
        "complements_governments": {"answer": "yes", "reason": "…"},
        "complements_un": {"answer": "yes", "reason": "…"},
    }  # fmt: skip
    stream = f"{life.name}/decision/x{len(scene.registry.events)}"
    return scene.sign(OFFICE_A, stream, "RemovalDecisionProposed", **(fields | changes))


def _removal(scene: Scene, fits: Callable[[cases.RemovalCase], object], **changes: Any) -> Event:
    life, case = scene.troubled(fits)
    named = fields_of(case.decision.ref) if case.decision else {
        "stream": f"{life.name}/decision/none", "seq": 0, "id": bytes(32)}  # fmt: skip
    fields = {"decision": named, "effective_on": scene.registry.day()} | changes
    return scene.sign(OFFICE_A, f"{life.name}/case/{case.id}", "PartnershipRemoved", **fields)


def _ended_case(scene: Scene) -> Event:
    life = scene.at("removed")
    case = scene.registry.subject(life.name).get("case", cases.RemovalCase)
    if case is None:
        raise NotNow
    return scene.sign(life.members.secretariat, f"{life.name}/reply/late", "ReplyFiled",
                      case=case.id, text=text("We were away"))  # fmt: skip


def _appealed(scene: Scene, *, drawn: bool = True) -> tuple[Life, cases.RemovalCase, Judges]:
    """Return a pending appeal whose judges are announced, or drawn as well."""
    life, case = scene.troubled(lambda case: case.appeal and not case.appeal.outcome)
    found = judges_of(case.appeal.ref, scene.registry.subject(life.name)) if case.appeal else None
    if found is None or (found.draw is None) == drawn:
        raise NotNow
    return life, case, found


def _undrawn_judge(scene: Scene) -> Event:
    life, case, found = _appealed(scene)
    assert case.appeal is not None
    judge = next(m for m in found.draw.drawn if m not in seated(found))  # type: ignore[union-attr]
    answers = [{"ground": ground, "founded": True, "reason": "…"} for ground in case.appeal.grounds]
    return scene.changed(judge, life.name, "AppealDecisionProposed", outcome="overturn",
                         answers=answers)  # fmt: skip


def _second_roster(scene: Scene) -> Event:
    life, case, found = _appealed(scene)
    members = [body_fields(one) for one in found.roster]  # type: ignore[arg-type]
    return scene.sign(BODY_SECRETARY, f"{life.name}/judges/again", "AppealPanelAnnounced",
                      case=case.id, appeal=fields_of(found.appeal), seats=3, roster=members,
                      witnesses=[str(WITNESS)])  # fmt: skip


def _other_order(scene: Scene) -> Event:
    _, _, found = _appealed(scene, drawn=False)
    checkpoint = witnessed(scene.registry, scene.registry.now)
    order = in_order(seed_of(checkpoint), (one.member for one in found.roster))
    return scene.sign(BODY_SECRETARY, found.ref.stream, "AppealPanelDrawn", checkpoint=checkpoint,
                      drawn=[*order[1:], order[0]])  # fmt: skip


def _pushed_out(scene: Scene) -> Event:
    _, _, found = _appealed(scene)
    stream = f"{found.ref.stream.replace('/judges/', '/vacancy/')}/{OFFICE_A}"
    return scene.sign(OFFICE_A, stream, "JudgeReplaced", member=seated(found)[0], ground="gone",
                      reason=text("She is said to have moved"))  # fmt: skip


def _acknowledge(scene: Scene, state: str, who: str = "") -> Event:
    life, found = scene.commitment(state)
    by = who or life.members.company
    return scene.sign(by, found.ref.stream, "CommitmentAcknowledged", organization=by)


def _on_commitment(scene: Scene, state: str, type_: str, **fields: Any) -> Event:
    life, found = scene.commitment(state)
    return scene.sign(life.members.company, found.ref.stream, type_, **fields)


def _commit(scene: Scene, listing: str = "listed", **changes: Any) -> Event:
    life = scene.at(listing)
    fields = stories.commitment(scene.registry, **(
        {"accountable": life.members.company, "contributors": []} | changes))  # fmt: skip
    if not fields["contributors"]:
        del fields["contributors"]
    return scene.sign(life.members.secretariat, f"{life.name}/commitment/x", "CommitmentMade",
                      **fields)  # fmt: skip


def _screen(scene: Scene, state: str, type_: str, actor: str = "") -> Event:
    found = scene.report(state)
    extra = {"deficiencies": text("None")} if type_ == "ReportReturned" else {}
    return scene.sign(actor or scene.player.on_duty, found.ref.stream, type_,
                      report=fields_of(found.ref), **extra)  # fmt: skip


def _report(scene: Scene, **changes: Any) -> Event:
    life = scene.untroubled()
    return scene.changed(life.members.secretariat, life.name, "ReportSubmitted", **changes)


MOVES: tuple[Move, ...] = (
    # Partnerships.
    Move(
        "a listed partnership is submitted anew",
        "PA1",
        lambda s: s.sign(
            (life := s.at("listed")).members.secretariat,
            f"{life.name}/registration",
            "PartnershipSubmitted",
            **s.submission(),
        ),
    ),
    Move(
        "partners are said to be what they are not",
        "PA2",
        lambda s: s.submit(
            partners=[
                {
                    "organization": NGOS[0],
                    "role": "lead",
                    "sector": "civil_society",
                    "stakeholder_type": "ngo",
                },
                {
                    "organization": COMPANIES[0],
                    "role": "partner",
                    "sector": "public",
                    "stakeholder_type": "government",
                },
            ]
        ),
    ),
    Move(
        "one sector calls itself a partnership of many",
        "PA3",
        lambda s: s.submit(
            partners=[
                {
                    "organization": NGOS[0],
                    "role": "lead",
                    "sector": "civil_society",
                    "stakeholder_type": "ngo",
                },
                {
                    "organization": NGOS[1],
                    "role": "partner",
                    "sector": "civil_society",
                    "stakeholder_type": "ngo",
                },
            ]
        ),
    ),
    Move("a United Nations role is claimed without one", "PA4", lambda s: s.submit(un_role="led")),
    Move("a partnership ends before it begins", "PA5", lambda s: s.submit(planned_end=s.day(-9))),
    Move("a priority has no target", "PA6", lambda s: s.submit(priority_goals=[17])),
    Move(
        "a listed partnership is screened again",
        "PS1",
        lambda s: s.sign(
            s.player.on_duty,
            f"{s.at('listed').name}/registration",
            "PartnershipScreened",
            outcome="pass",
            method="desk",
            minutes=1,
        ),
    ),
    Move(
        "a partnership is listed unscreened",
        "PL1",
        lambda s: s.changed(
            OFFICE_A,
            s.some(
                lambda life: (
                    (found := s.subject(life)) is not None
                    and found.listing == "submitted"
                    and found.screened is None
                )
            ).name,
            "PartnershipListed",
        ),
    ),
    # Commitments.
    Move("a removed partnership makes a promise", "CO1", lambda s: _commit(s, "removed")),
    Move(
        "a promise is put in a stranger's mouth",
        "CO2",
        lambda s: _commit(s, accountable="actor-university-none"),
    ),
    Move("a promise is due in the past", "CO3", lambda s: _commit(s, due=s.day(-1))),
    Move("a promise is acknowledged twice", "CO5", lambda s: _acknowledge(s, "active")),
    Move(
        "a promise is withdrawn after it was missed",
        "CO6",
        lambda s: _on_commitment(
            s, "completed_with_lessons", "CommitmentWithdrawn", reason=text("None")
        ),
    ),
    Move(
        "progress is told of what has ended",
        "CO20",
        lambda s: _on_commitment(
            s, "fulfilled", "ProgressReported", as_of=s.day(0), status="on_track"
        ),
    ),
    Move(
        "a milestone lies beyond the promise",
        "CO31",
        lambda s: _on_commitment(
            s, "active", "MilestoneSet", milestone="beyond", due="2090-01-01", text=text("Never")
        ),
    ),
    Move(
        "a miss is told before its day",
        "CO41",
        lambda s: _on_commitment(s, "active", "CommitmentMissed", what=text("…"), why=text("…")),
    ),
    # Reports.
    Move("a report covers days to come", "RE2", lambda s: _report(s, period_end=s.day(40))),
    Move("a report names another obligation", "RE3", lambda s: _report(s, obligation=9)),
    Move("a report is accepted twice", "RE8", lambda s: _screen(s, "accepted", "ReportAccepted")),
    Move(
        "an accepted report is sent back", "RE8", lambda s: _screen(s, "accepted", "ReportReturned")
    ),
    Move(
        "a report is accepted by its own partner",
        "AD10",
        lambda s: _screen(s, "submitted", "ReportAccepted", NGOS[0]),
    ),
    # Removal.
    Move("a notice comes before anything is owed", "CS3", _notice_too_early),
    Move(
        "a machine gives notice",
        "AD10",
        lambda s: s.changed(MACHINE, s.untroubled().name, "RemovalNoticeIssued"),
    ),
    Move(
        "a case is opened for another report",
        "NT1",
        lambda s: s.changed(OFFICE_A, s.untroubled().name, "RemovalNoticeIssued", obligation=40),
    ),
    Move("the final notice comes too early", "NT5", _final_too_early),
    Move("a removal is decided without its notices", "CS7", _decision_without_final),
    Move(
        "one office decides alone",
        "PR1",
        lambda s: _decision(s, *s.troubled(lambda case: case.final is not None), quorum=1),
    ),
    Move(
        "a partnership is removed without a decision",
        "CS10",
        lambda s: _removal(s, lambda case: case.decision is None),
    ),
    Move(
        "a partnership is removed while it may appeal",
        "CS11",
        lambda s: _removal(s, lambda case: _may_appeal(s, case)),
    ),
    Move(
        "a removal is dated back",
        "RM2",
        lambda s: _removal(s, lambda case: case.decision, effective_on=s.day(-20)),
    ),
    Move("a judge decides who was not drawn", "AP10", _undrawn_judge),
    Move("a second roster of judges is announced", "AJ1", _second_roster),
    Move("judges are put in another order than drawn", "AJ5", _other_order),
    Move("a judge is pushed out who can hear the appeal", "AJ7", _pushed_out),
    Move("a voice is added to what is decided", "PR4", _late_voice),
    Move("a stranger's voice is added", "PR5", _stranger_voice),
    Move("a reply is filed when the case is over", "CS1", _ended_case),
    Move(
        "support is offered to what was removed",
        "SP1",
        lambda s: s.sign(
            FOCAL_POINT,
            f"{s.at('removed').name}/support/x",
            "SupportOffered",
            kind="reporting",
            text=text("Too late"),
        ),
    ),
    Move(
        "a body's secretary removes a partnership",
        "AD10",
        lambda s: s.sign(
            BODY_SECRETARY,
            f"{s.at('listed').name}/case/x",
            "PartnershipRemoved",
            decision={"stream": "p/decision/x", "seq": 0, "id": bytes(32)},
            effective_on=s.day(0),
        ),
    ),
    Move("a judge of appeals issues a guideline", "AD10", lambda s: s.guideline(APPEALS_PANEL[0])),
)
