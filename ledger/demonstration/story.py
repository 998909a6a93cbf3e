"""A short story by demonstration actors, told in stated time up to the moment it is run.

Two partnerships. *Water* makes a commitment, which its company acknowledges; reports late; is
reviewed, and a panel of three organizations decides. *Forest* never reports: support is offered,
two notices are given, two offices of the registry decide, the partnership appeals, the appeals
panel upholds, and the registry removes it from the register today.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from ledger.client import Recorded
from ledger.demonstration import cast
from ledger.founding import MANDATE
from ledger.stage import Stage, english, ref
from verifier import note
from verifier.rules import dates, lot
from verifier.rules.book import Body
from verifier.rules.fields import EventRef, VersionRef
from verifier.rules.table import EVENTS

__all__ = ["BEGINS", "FOREST", "WATER", "play"]

DAY_S: Final = 86_400
WATER: Final = "p-demo-water"
FOREST: Final = "p-demo-forest"
BASE: Final = VersionRef("default", 1)
PROFILE: Final = "light"
CRITERIA: Final = VersionRef("differentiation", 1)
LISTED: Final = {WATER: 940, FOREST: 927}
"""Days before the end on which each was listed."""
BEGINS: Final = 970
"""Days before the end on which the ledger opens."""


@dataclass
class Play:
    """The stage, and the moment at which the story ends."""

    stage: Stage
    ends: float
    reports: dict[str, EventRef] = field(default_factory=dict)

    def ago(self, days: int) -> None:
        """Move stated time to so many days before the end."""
        self.stage.state(self.ends - days * DAY_S)

    def listed_on(self, days: int) -> date:
        """Return the day so many days before the end."""
        return datetime.fromtimestamp(self.ends - days * DAY_S, UTC).date()

    async def say(self, actor: str, stream: str, name: str, **fields: Any) -> Recorded:
        """Let an actor say something."""
        return await self.stage.say(actor, stream, body(name, **fields))


def body(name: str, **fields: Any) -> Body:
    """Return a payload from plain fields, checked by its type."""
    plain = msgspec.to_builtins(fields, builtin_types=(bytes,))
    return msgspec.convert(plain, EVENTS[f"{name}/1"])


async def play(stage: Stage, *, ends: float) -> None:
    """Tell the story; every step is signed by its actor and admitted by the rules."""
    told = Play(stage, ends)
    await _register(told, WATER, cast.SECRETARIAT, "Clean water for coastal towns", "6.1", 6)
    await _register(told, FOREST, cast.SILENT, "A thousand school forests", "15.2", 15)
    await _commit(told)
    await _offer_support(told)
    await _report_late(told)
    await _review(told)
    await _second_report(told)
    await _final_notice(told)
    await _decide_and_remove(told)


async def _register(
    told: Play, name: str, secretariat: str, title: str, target: str, goal: int
) -> None:
    days = LISTED[name]
    told.ago(days + 10)
    lead = cast.NGO if name == WATER else cast.UNIVERSITY
    members = [(lead, "lead"), (cast.GOVERNMENT, "partner"), (cast.COMPANY, "partner")]
    sectors = {
        cast.NGO: ("civil_society", "ngo"),
        cast.UNIVERSITY: ("knowledge", "academia"),
        cast.GOVERNMENT: ("public", "government"),
        cast.COMPANY: ("business", "business"),
    }
    await told.say(
        secretariat,
        f"{name}/registration",
        "PartnershipSubmitted",
        title=english(f"Demonstration: {title}"),
        purpose=english(f"{title}, with local owners"),
        initiative_kind="msp",
        un_role="none",
        scale="regional",
        lead=lead,
        secretariat=secretariat,
        partners=[
            {
                "organization": o,
                "role": part,
                "sector": sectors[o][0],
                "stakeholder_type": sectors[o][1],
            }
            for o, part in members
        ],
        countries=["KEN"],
        sdg_targets=[target],
        priority_goals=[goal],
        start=told.stage.day(),
        planned_end="2030-12-31",
        monitoring_plan={
            "baseline": english("A count in the first year"),
            "indicators": english("What was built and still works"),
            "milestones": english("A third of it each year"),
            "methods": english("A count on site every year"),
        },
        governance={
            "structure": english("A board of the partners; the lead hosts the secretariat"),
            "disputes": english("The board names a mediator from outside"),
            "learning": english("A yearly meeting on what went wrong"),
        },
        complementarity_statement=english("Adds to the national plan and replaces no service"),
    )
    told.ago(days + 4)
    await told.say(
        cast.SCREENING,
        f"{name}/registration",
        "PartnershipScreened",
        outcome="pass",
        method="desk",
        minutes=45,
    )
    await told.say(
        cast.SCREENING,
        f"{name}/classification",
        "ClassificationAssigned",
        criteria=CRITERIA,
        met=["several-sectors", "shared-governance"],
        not_met=["public-service", "one-company"],
        result="msp",
        reasons=english("Partners of four sectors decide together, on a board"),
    )
    told.ago(days)
    await told.say(
        cast.OFFICE_A,
        f"{name}/registration",
        "PartnershipListed",
        guideline=BASE,
        profile=PROFILE,
        mandate=MANDATE,
    )


async def _commit(told: Play) -> None:
    told.ago(920)
    due = told.stage.day(900)
    stream = f"{WATER}/commitment/taps"
    await told.say(
        cast.SECRETARIAT,
        stream,
        "CommitmentMade",
        text=english("Thirty new taps with safe water"),
        accountable=cast.COMPANY,
        contributors=[{"organization": cast.GOVERNMENT, "share": 40}],
        due=due,
        sdg_target="6.1",
        indicator={
            "name": english("Taps that deliver safe water"),
            "unit": "{tap}",
            "direction": "increase",
            "baseline": {"value": "0", "day": told.stage.day()},
            "target": {"value": "30", "day": due},
        },
        horizon="medium",
        result_level="output",
    )
    told.ago(910)
    await told.say(cast.COMPANY, stream, "CommitmentAcknowledged", organization=cast.COMPANY)


async def _report_late(told: Play) -> None:
    """The first report was due a year after the listing; it comes 60 days late."""
    told.ago(LISTED[WATER] - 366 - 60)
    await _report(told, "first", obligation=1)


async def _second_report(told: Play) -> None:
    told.ago(212)
    await _report(told, "second", obligation=2)


ANSWERS: Final = {
    "1": "Twelve taps work; the pumps came late",
    "2": "Three taps are missing; two more pumps are ordered, from another maker",
    "3": "The towns own the taps and were trained to mend them",
    "4": "120,000 US dollars, all of it spent on pumps and pipes",
    "5": "Pumps are ordered a year ahead from now on",
}
"""What the partnership answers to the questions of the light template."""


async def _report(told: Play, local: str, *, obligation: int) -> None:
    stage, stream = told.stage, f"{WATER}/report/{local}"
    start = dates.add(told.listed_on(LISTED[WATER]), "P1Y", times=obligation - 1)
    due = dates.add(told.listed_on(LISTED[WATER]), "P1Y", times=obligation)
    report = await told.say(
        cast.SECRETARIAT,
        stream,
        "ReportSubmitted",
        kind="self",
        period_start=start.isoformat(),
        period_end=min(stage.today, due).isoformat(),
        obligation=obligation,
        due=due.isoformat(),
        template="light",
        organization=cast.NGO,
        answers=[{"question": q, "text": english(words)} for q, words in ANSWERS.items()],
        results=[
            {
                "commitment": "taps",
                "status": "off_track",
                "value": "12",
                "deviation": english("Twelve of fifteen taps that were to work by now"),
                "corrective_action": english("Two more pumps are ordered, from another maker"),
                "evidence": [hashlib.sha256(b"The count of taps, " + local.encode()).digest()],
            }
        ],
        finances={"total": {"amount": "120000", "currency": "USD"}},
    )
    told.reports[local] = ref(report)
    stage.state(stage.now + 8 * DAY_S)
    await told.say(cast.SCREENING, stream, "ReportAccepted", report=ref(report))


async def _offer_support(told: Play) -> None:
    """Support is offered to the silent partnership when its first report is late."""
    told.ago(LISTED[FOREST] - 366 - 20)
    await told.say(
        cast.FOCAL_POINT,
        f"{FOREST}/support/first",
        "SupportOffered",
        kind="reporting",
        obligation=1,
        text=english("Two days of help with the first report"),
    )


async def _review(told: Play) -> None:
    told.ago(380)
    stream = f"{WATER}/review/first"
    await told.say(
        cast.REVIEWERS[0],
        stream,
        "ReviewOpened",
        kind="peer",
        reviewer_class="member_state",
        mandate=MANDATE,
        guideline=BASE,
        profile=PROFILE,
        terms=english("Progress on every commitment"),
    )
    await _panel(told)
    told.ago(370)
    report = told.reports["first"]
    finding = await told.say(
        cast.REVIEWERS[0],
        stream,
        "FindingRecorded",
        clause="2.1",
        severity=2,
        text=english("The first report came two months late"),
        evidence=[report],
    )
    told.ago(365)
    await told.say(
        cast.REVIEWERS[0],
        stream,
        "DraftShared",
        text=english("One finding; progress on every commitment"),
        findings=[ref(finding)],
        comments_by=told.stage.day(30),
    )
    told.ago(330)
    answer = {"answer": "yes", "reason": "It adds to the national plan"}
    proposal = await told.say(
        cast.REVIEWERS[0],
        f"{WATER}/decision/first-review",
        "ReviewDecisionProposed",
        review="first",
        outcome="conditions",
        mandate=MANDATE,
        guideline=BASE,
        complements_governments=answer,
        complements_un=answer,
        evidence=[{"ref": report, "treatment": "considered"}],
        findings=[ref(finding)],
        conditions=[
            {
                "id": "on-time",
                "text": english("The next report comes in time"),
                "due": told.stage.day(160),
            }
        ],
        quorum=3,
        expires=told.stage.day(60),
    )
    for number, reviewer in enumerate(cast.REVIEWERS):
        told.ago(328 - number)
        await told.stage.endorse(reviewer, proposal, reviewer)


async def _panel(told: Play) -> None:
    sits = zip(cast.REVIEWERS, ("member_state", "un", "independent"), cast.CLASSES, strict=True)
    for reviewer, reviewer_class, (_, country) in sits:
        seat = {"country": country} if country else {}
        await told.say(
            cast.SECRETARY,
            f"{WATER}/panel/first",
            "ReviewerAssigned",
            member=reviewer,
            organization=reviewer,
            reviewer_class=reviewer_class,
            **seat,
        )
        await told.say(
            reviewer,
            f"{WATER}/declaration/first/{reviewer}",
            "ConflictOfInterestDeclared",
            interest="none",
            statement=english("No tie to any partner"),
        )


async def _final_notice(told: Play) -> None:
    case = f"{FOREST}/case/first"
    told.ago(190)
    due = dates.add(told.listed_on(LISTED[FOREST]), "P1Y").isoformat()
    notice = await told.say(
        cast.OFFICE_A,
        case,
        "RemovalNoticeIssued",
        obligation=1,
        due=due,
        guideline=BASE,
        profile=PROFILE,
        text=english("No report was filed; please report"),
    )
    told.ago(187)
    await _deliver(told, case, notice)
    told.ago(96)
    final = await told.say(
        cast.OFFICE_B,
        case,
        "FinalNoticeIssued",
        decision_day=told.stage.day(32),
        text=english("A decision follows on the day named"),
    )
    told.ago(95)
    await _deliver(told, case, final)


async def _deliver(told: Play, case: str, notice: Recorded) -> None:
    await told.say(
        cast.OFFICE_A,
        case,
        "NoticeDelivered",
        notice=ref(notice),
        channels=["email", "post"],
        copy_to=cast.FOCAL_POINT,
        delivered_on=told.stage.day(),
    )


async def _draw_judges(told: Play, appeal: Recorded) -> None:
    """Draw the judges of an appeal by a checkpoint that the demonstration's witness cosigned."""
    told.ago(25)
    signer = told.stage.signer(cast.WITNESS)
    witness = note.VerifierKey(cast.WITNESS, note.COSIGNATURE, signer.public_key())
    roster = sorted(cast.PANEL)
    announced = await told.say(
        cast.SECRETARY,
        f"{FOREST}/judges/first",
        "AppealPanelAnnounced",
        case="first",
        appeal=ref(appeal),
        seats=3,
        roster=[{"member": member, "organization": member} for member in roster],
        witnesses=[str(witness)],
    )
    told.ago(24)
    seen = announced.checkpoint.checkpoint.text()
    line = note.cosignature_line(witness, seen, timestamp=int(told.stage.now), sign=signer.sign)
    checkpoint = note.format_note(seen, [line])
    _, seed = lot.earliest(checkpoint, (str(witness),))
    await told.say(
        cast.SECRETARY,
        f"{FOREST}/judges/first",
        "AppealPanelDrawn",
        checkpoint=checkpoint,
        drawn=lot.in_order(seed, roster),
    )


async def _decide_and_remove(told: Play) -> None:
    told.ago(60)
    answer = {"answer": "not_applicable", "reason": "Nothing was ever reported"}
    decision = await told.say(
        cast.OFFICE_A,
        f"{FOREST}/decision/removal",
        "RemovalDecisionProposed",
        case="first",
        outcome="remove",
        mandate=MANDATE,
        guideline=BASE,
        appeal_window="P30D",
        complements_governments=answer,
        complements_un=answer,
        reasons=english("Two notices and an offer of support brought no report"),
        quorum=2,
        expires=told.stage.day(30),
    )
    for office in (cast.OFFICE_A, cast.OFFICE_B):
        await told.stage.endorse(office, decision, cast.REGISTRY)
    told.ago(40)
    appeal = await told.say(
        cast.SILENT,
        f"{FOREST}/appeal/first",
        "AppealFiled",
        case="first",
        decision=ref(decision),
        grounds=["proportionality"],
        text=english("The trees grow slower than the deadlines"),
    )
    await _draw_judges(told, appeal)
    told.ago(12)
    ruling = await told.say(
        cast.PANEL[0],
        f"{FOREST}/decision/appeal",
        "AppealDecisionProposed",
        case="first",
        appeal=ref(appeal),
        outcome="uphold",
        mandate=MANDATE,
        answers=[
            {
                "ground": "proportionality",
                "founded": False,
                "reason": "A report needs no grown trees",
            }
        ],
        complements_governments=answer,
        complements_un=answer,
        quorum=2,
        expires=told.stage.day(30),
    )
    for number, member in enumerate(cast.PANEL[:2]):
        told.ago(11 - number)
        await told.stage.endorse(member, ruling, member)
    told.ago(0)
    await told.say(
        cast.OFFICE_B,
        f"{FOREST}/case/first",
        "PartnershipRemoved",
        decision=ref(decision),
        effective_on=told.stage.day(),
    )
