"""What a subject's record amounts to, at its end or as of a day.

Rules:

1. An event counts from the day on which it was recorded: the day of its log time, in UTC. What was
   observed in another register counts from the day that it is about (the last day that its date
   may mean; a date that cannot be read counts at the end alone), because the register here only
   repeats it.
2. Events are folded in the order of the record, so a later word on a thing stands before an
   earlier one; statuses of another register are ordered by their own days.
3. A commitment is *claimed* until the accountable organization has acknowledged it. An imported
   one is *observed*, last on a day, by an importer, and is never more.
4. A proposal has effect once its quorum of distinct organizations (or offices) has endorsed it.
5. An event of a type that is not known here changes nothing and hides nothing: the timeline has it.
"""

# ruff: noqa: ARG001, ARG005 - all folds have one shape, needed or not.
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from projections.reading import Recorded
from projections.views import registration
from projections.views.registration import texts
from projections.views.state import (
    Assessment,
    Commitment,
    Observed,
    Proposal,
    State,
    Status,
    StatusFact,
    Thing,
    Voice,
)
from projections.views.things import COURSES, Fold, day_of, local, moves, opens, step
from verifier.rules.imported import last_day
from verifier.rules.proposal import ProposalBody

__all__ = ["counts_from", "present"]

EVER: Final = "1900"
ALWAYS: Final = date(1900, 12, 31)  # the last day of EVER: older than anything that is imported
UNKNOWN_DAY: Final = date.max
"""A date that cannot be read counts as of no day; at the end of the record it counts."""


def present(subject: str, entries: Iterable[tuple[Recorded, Any]]) -> State:
    """Fold a subject's entries, with their decoded payloads, to its state."""
    kind = "imported" if subject.startswith("imported:") else subject.partition("-")[0]
    state = State(id=subject, kind={"p": "partnership"}.get(kind, kind))
    for entry, body in entries:
        fold = FOLDS.get(entry.type)
        if fold is not None:
            fold(state, entry, body)
        elif isinstance(body, ProposalBody):
            _proposed(state, entry, body)
    return state


def counts_from(entry: Recorded, body: Any) -> date:
    """Return the day from which an event counts (rule 1)."""
    about = ABOUT.get(entry.type)
    if about is None or isinstance(body, dict):
        return day_of(entry)
    stated = about(body)
    return last_day(stated) if stated is not None else UNKNOWN_DAY


def _value(stated: Any) -> str | None:
    return None if stated is None else stated.value


ABOUT: Final[dict[str, Callable[[Any], str | None]]] = {
    "ParticipantImported/1": lambda b: EVER,
    "CommitmentImported/1": lambda b: _value(b.start) or b.plan_end,
    "AssessmentImported/1": lambda b: _value(b.published),
    "StatusImported/1": lambda b: _value(b.on),
}
"""The date that an imported statement is about. A commitment whose start cannot be read was made
by the end of its plan at the latest; that a participant exists is about no day."""


def _withdrawn(state: State, entry: Recorded, body: Any) -> None:
    registration.listed(state, entry, body)
    cases = [thing for thing in state.things.values() if thing.kind == "case"]
    if body.under_case and cases:
        cases[-1].state = "left"
        cases[-1].steps.append(step(entry))


def _made(state: State, entry: Recorded, body: Any) -> None:
    made = Commitment(
        id=local(entry), state="claimed", text=texts(body.text), accountable=body.accountable,
        due=body.due, index=entry.index,
        contributors=[c.organization for c in body.contributors],
    )  # fmt: skip
    state.commitments.setdefault(made.id, made)  # a stream holds one, and the first stands


def _acknowledged(state: State, entry: Recorded, body: Any) -> None:
    found = state.commitments.get(local(entry))
    if found is not None:
        found.acknowledged_by.append(body.organization)
        if body.organization == found.accountable and found.state == "claimed":
            found.acknowledged, found.state = True, "active"


def _progressed(state: State, entry: Recorded, body: Any) -> None:
    found = state.commitments.get(local(entry))
    if found is not None:
        found.progress, found.progress_as_of = body.status, body.as_of


def _revised(state: State, entry: Recorded, body: Any) -> None:
    found = state.commitments.get(local(entry))
    if found is not None:
        found.due, found.acknowledged_by = body.after.due, [found.accountable or ""]


def _transferred(state: State, entry: Recorded, body: Any) -> None:
    found = state.commitments.get(local(entry))
    if found is not None:
        found.accountable, found.acknowledged_by = body.organization, [body.organization]
        found.contributors = [c for c in found.contributors if c != body.organization]


def _ended(how: str) -> Fold:
    def fold(state: State, entry: Recorded, body: Any) -> None:
        found = state.commitments.get(local(entry))
        if found is not None:
            found.state = how
            if how == "fulfilled":
                found.fulfilled_on, found.late = body.on, body.on > (found.due or body.on)

    return fold


def _report_submitted(state: State, entry: Recorded, body: Any) -> None:
    names = ("kind", "period_start", "period_end", "obligation", "due")
    opens("report", "unsigned" if body.awaits else "submitted", *names)(state, entry, body)
    state.things[f"report:{local(entry)}"].facts["awaits"] = " ".join(body.awaits) or None


def _report_cosigned(state: State, entry: Recorded, body: Any) -> None:
    found = state.things.get(f"report:{local(entry)}")
    if found is not None:
        _awaits(found, [s for s in str(found.facts["awaits"]).split() if s != body.slot], entry)


def _report_amended(state: State, entry: Recorded, body: Any) -> None:
    found = state.things.get(f"report:{local(entry)}")
    if found is not None:
        _awaits(found, body.awaits, entry)


def _awaits(report: Thing, slots: Sequence[str], entry: Recorded) -> None:
    report.facts["awaits"] = " ".join(slots) or None
    report.state = "unsigned" if slots else "submitted"
    report.steps.append(step(entry))


def _proposed(state: State, entry: Recorded, body: ProposalBody) -> None:
    facts: dict[str, str | int | None] = {}
    for name, value in msgspec.structs.asdict(body).items():
        if isinstance(value, tuple):
            facts[name] = len(value)
        elif isinstance(value, str | int) and name not in ("quorum", "expires"):
            facts[name] = value
    state.proposals[entry.local] = Proposal(
        id=entry.local, event=entry.name, by=entry.iss, quorum=body.quorum, expires=body.expires,
        counts=body.COUNTS, facts=facts, index=entry.index,
    )  # fmt: skip


def _endorsed(state: State, entry: Recorded, body: Any) -> None:
    found = state.proposals.get(body.proposal.stream.partition("/")[2])
    if found is None or found.effective is not None:
        return
    found.endorsements.append(Voice(entry.iss, body.organization, entry.index))
    by_office = found.counts == "offices"
    voices = {v.actor if by_office else v.organization for v in found.endorsements}
    if len(voices) >= found.quorum:
        found.effective = entry.index
        effect = EFFECTS.get(found.event)
        if effect is not None:
            effect(state, entry, found)


def _decided(state: State, entry: Recorded, found: Proposal) -> None:
    review = state.things.get(f"review:{found.facts.get('review')}")
    if review is not None:
        conditions = int(found.facts.get("conditions") or 0)
        review.state = "conditions_open" if conditions else "closed"
        review.facts |= {
            "outcome": found.facts.get("outcome"), "decision": found.id,
            "conditions_open": conditions,
        }  # fmt: skip
        review.steps.append(step(entry))


def _settled(state: State, entry: Recorded, body: Any) -> None:
    review = state.things.get(f"review:{local(entry)}")
    if review is not None:
        left = int(review.facts.get("conditions_open") or 0) - 1
        review.facts["conditions_open"] = max(0, left)
        review.state = "conditions_open" if left > 0 else "closed"
        review.steps.append(step(entry))


def _case_decided(states: dict[str, str]) -> Effect:
    """Return the effect of a decision in a removal case, by its outcome."""

    def effect(state: State, entry: Recorded, found: Proposal) -> None:
        case = state.things.get(f"case:{found.facts.get('case')}")
        if case is not None:
            case.state = states[str(found.facts["outcome"])]
            case.steps.append(step(entry))
            suspended = state.status is not None and state.status.state == "suspended"
            undone = case.state == "overturned" or _is_suspension_remitted(case)
            if suspended and undone and "ground" not in case.facts:
                registration.put_listing(state, "listed", entry)

    return effect


def _is_suspension_remitted(case: Thing) -> bool:
    """Say whether what a panel has sent back is the suspension itself, which then ends."""
    rulings = [s.event for s in case.steps if s.event in ("PartnershipSuspended", "RemovalDecided")]
    return case.state == "remitted" and rulings[-1:] == ["PartnershipSuspended"]


def _measure_confirmed(state: State, entry: Recorded, body: Any) -> None:
    moves("measure", "confirmed")(state, entry, body)
    found = state.things.get(f"measure:{local(entry)}")
    if found is not None:
        found.facts["until"] = body.until


def _refused(state: State, entry: Recorded, found: Proposal) -> None:
    for thing in state.things.values():
        if thing.kind == "reinstatement" and thing.state == "requested":
            thing.state = "refused"
            thing.steps.append(step(entry))


def _joins_case(state_after: str | None = None) -> Fold:
    """Return the fold of an event that names a removal case and stands on another stream."""

    def fold(state: State, entry: Recorded, body: Any) -> None:
        case = state.things.get(f"case:{body.case}")
        if case is not None:
            case.state = state_after or case.state
            case.steps.append(step(entry))

    return fold


def _removed(state: State, entry: Recorded, body: Any) -> None:
    moves("case", "removed")(state, entry, body)
    registration.listed(state, entry, body)


def _suspended(state: State, entry: Recorded, body: Any) -> None:
    moves("case", "suspended")(state, entry, body)
    registration.listed(state, entry, body)


def _lifted(state: State, entry: Recorded, body: Any) -> None:
    moves("case", body.ground)(state, entry, body)
    registration.listed(state, entry, body)


def _ruled(state: State, entry: Recorded, body: Any) -> None:
    decided = {"remove": "removal_decided"}.get(body.outcome, "dismissed")
    moves("case", decided)(state, entry, body)
    case = state.things.get(f"case:{local(entry)}")
    if case is None or "ground" not in case.facts:  # one about integrity ends no suspension
        registration.listed(state, entry, body)


def _closed(state: State, entry: Recorded, body: Any) -> None:
    moves("case", body.ground)(state, entry, body)


def _reinstated(state: State, entry: Recorded, body: Any) -> None:
    moves("reinstatement", "granted")(state, entry, body)
    registration.put_listing(state, "listed", entry)


def _observation(state: State, entry: Recorded, body: Any) -> Observed:
    source = body.source
    seen = Observed(
        source.observed or day_of(entry).isoformat(), entry.iss, entry.subject.split(":")[1],
        source.id, source.file, source.row.hex(), source.url,
    )  # fmt: skip
    if state.last_observed is None or seen.day >= state.last_observed.day:
        state.last_observed = seen
    return seen


def _participant(state: State, entry: Recorded, body: Any) -> None:
    seen = _observation(state, entry, body)
    state.title = {"und": body.name}
    state.registration = {
        "kind": body.kind, "cells": body.cells or {}, "observed": seen,
        "place": msgspec.to_builtins(body.place) if body.place is not None else None,
    }  # fmt: skip


def _imported(state: State, entry: Recorded, body: Any) -> None:
    before = state.commitments.get(local(entry))
    state.commitments[local(entry)] = Commitment(
        id=local(entry), state="observed", accountable=body.maker,
        text={"und": f"{body.title}\n{body.text}" if body.text else body.title},
        due=None if body.due is None else body.due.value or body.due.text,
        index=entry.index, cells=body.cells or {}, observed=_observation(state, entry, body),
        assessments=before.assessments if before is not None else [],
    )  # fmt: skip


def _assessed(state: State, entry: Recorded, body: Any) -> None:
    seen = _observation(state, entry, body)
    found = state.commitments.get(local(entry))
    if found is not None:
        published = body.published and (body.published.value or body.published.text)
        found.assessments = [a for a in found.assessments if a.point != body.point]
        found.assessments.append(
            Assessment(
                body.point, body.scale, body.code, body.reviewer, published, seen, entry.index
            )
        )


def _observed_status(state: State, entry: Recorded, body: Any) -> None:
    seen = _observation(state, entry, body)
    on = body.on
    state.status_facts.append(
        StatusFact(
            body.event, body.state, on.text, on.precision, on.value, body.ground, body.detail,
            seen, entry.index,
        )
    )  # fmt: skip
    if body.state is not None and on.value is not None:
        since = last_day(on.value).isoformat()
        if state.status is None or since >= state.status.since:
            state.status = Status(body.state, since, entry.index, seen)


def _claimed(state: State, entry: Recorded, body: Any) -> None:
    state.live = body.live


def _actor(state: State, entry: Recorded, body: Any) -> None:
    state.title = texts(body.name)
    state.registration = {
        "kind": body.kind, "principal": body.principal, "country": body.country,
        "stakeholder_type": body.stakeholder_type,
    }  # fmt: skip


Effect = Callable[[State, Recorded, Proposal], None]

EFFECTS: Final[dict[str, Effect]] = {
    "ReviewDecisionProposed": _decided,
    "RemovalDecisionProposed": _case_decided({"remove": "removal_decided", "dismiss": "dismissed"}),
    "AppealDecisionProposed": _case_decided(
        {"uphold": "removal_upheld", "overturn": "overturned", "remit": "remitted"}
    ),
    "ReinstatementRefusalProposed": _refused,
}

FOLDS: Final[dict[str, Fold]] = {
    "ActorRegistered/1": _actor,
    "Endorsed/1": _endorsed,
    **registration.FOLDS,
    "PartnershipWithdrawn/1": _withdrawn,
    "CommitmentMade/1": _made,
    "CommitmentAcknowledged/1": _acknowledged,
    "ProgressReported/1": _progressed,
    "CommitmentFulfilled/1": _ended("fulfilled"),
    "CommitmentMissed/1": _ended("missed"),
    "CommitmentWithdrawn/1": _ended("withdrawn"),
    "FailureReported/1": _ended("completed_with_lessons"),
    "CommitmentRevised/1": _revised,
    "CommitmentTransferred/1": _transferred,
    "ReportSubmitted/1": _report_submitted,
    "ReportCosigned/1": _report_cosigned,
    "ReportAmended/1": _report_amended,
    **{f"Report{s}/1": moves("report") for s in ("Corrected", "Withheld", "Considered")},
    "ReportAcceptedAsEquivalent/1": moves("report", "accepted"),
    "ExtensionGranted/1": opens("extension", "granted", "obligation", "duration"),
    "CycleAdjusted/1": opens("cycle", "moved", "obligation", "due"),
    "ReportAccepted/1": moves("report", "accepted"),
    "ReportReturned/1": moves("report", "returned"),
    "ReviewOpened/1": opens("review", "open", "kind", "reviewer_class", "mandate"),
    "FindingRecorded/1": moves("review"),
    "DraftShared/1": moves("review"),
    "ReviewDiscontinued/1": moves("review", "discontinued"),
    "ConditionMet/1": _settled,
    "ConditionMissed/1": _settled,
    "RemovalNoticeIssued/1": opens("case", "notice", "obligation", "due", "profile"),
    "NoticeDelivered/1": moves("case"),
    "NoticePublished/1": moves("case"),
    "FinalNoticeIssued/1": moves("case", "final_notice"),
    "ReplyFiled/1": _joins_case(),
    "AppealFiled/1": _joins_case("appealed"),
    "AppealPanelAnnounced/1": _joins_case(),
    "OpinionRequested/1": moves("case"),
    "OpinionGiven/1": _joins_case(),
    "BoardInformed/1": moves("case"),
    "PartnershipSuspended/1": _suspended,
    "SuspensionExtended/1": moves("case"),
    "SuspensionLifted/1": _lifted,
    "RemovalDecided/1": _ruled,
    "IntegrityCaseOpened/1": opens("case", "notice", "ground", "profile"),
    "InterimMeasureTaken/1": opens("measure", "in_force", "until"),
    "MeasureConfirmed/1": _measure_confirmed,
    "MeasureLifted/1": moves("measure", "lifted"),
    "PartnershipRemoved/1": _removed,
    "CaseClosed/1": _closed,
    "ReinstatementRequested/1": opens("reinstatement", "requested"),
    "ReinstatementRefused/1": moves("reinstatement", "refused"),
    "Reinstated/1": _reinstated,
    "ParticipantImported/1": _participant,
    "CommitmentImported/1": _imported,
    "AssessmentImported/1": _assessed,
    "StatusImported/1": _observed_status,
    "ImportClaimed/1": _claimed,
    **COURSES,
}
