"""The things of a subject that have a course of their own: begun, moved on, ended.

Support, lessons, links, concerns, risks, due diligence and simple filings are told alike: a thing
begins with an event on a stream of its own, and later events of that stream move it on.
"""

# ruff: noqa: ARG001 - all folds have one shape, needed or not.
from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from projections.reading import Recorded
from projections.views.state import State, Step, Thing
from verifier.rules import filing

__all__ = ["COURSES", "Fold", "day_of", "local", "moves", "opens", "step"]

Fold = Callable[[State, Recorded, Any], None]


def day_of(entry: Recorded) -> date:
    """Return the day on which an event was recorded, in UTC."""
    return datetime.fromtimestamp(entry.at, UTC).date()


def local(entry: Recorded) -> str:
    """Return the last segment of an event's stream."""
    return entry.stream.rpartition("/")[2]


def step(entry: Recorded) -> Step:
    """Return the step that an event is in the course of a thing."""
    return Step(entry.index, day_of(entry).isoformat(), entry.name, entry.iss)


def opens(kind: str, state_after: str, *names: str) -> Fold:
    """Return the fold of an event that begins a thing; *names* are the facts that it keeps."""

    def fold(state: State, entry: Recorded, body: Any) -> None:
        facts = {name: getattr(body, name) for name in names}
        state.things[f"{kind}:{local(entry)}"] = Thing(
            id=local(entry), kind=kind, state=state_after, facts=facts, steps=[step(entry)]
        )

    return fold


def moves(kind: str, state_after: str | None = None) -> Fold:
    """Return the fold of an event that moves a thing on, on the thing's own stream."""

    def fold(state: State, entry: Recorded, body: Any) -> None:
        found = state.things.get(f"{kind}:{local(entry)}")
        if found is not None:
            found.state = state_after or found.state
            found.steps.append(step(entry))

    return fold


def _ends_by_outcome(kind: str) -> Fold:
    return lambda state, entry, body: moves(kind, body.outcome)(state, entry, body)


RESERVED: Final = "approved_with_reservation"


def _diligence_decided(state: State, entry: Recorded, body: Any) -> None:
    after = "reserved" if body.outcome == RESERVED else body.outcome  # it waits for its approval
    moves("diligence", after)(state, entry, body)


def _partner_out(state: State, entry: Recorded, body: Any) -> None:
    moves("eligibility", "removed")(state, entry, body)
    partners = state.registration.get("partners", [])
    state.registration["partners"] = [p for p in partners if p["organization"] != local(entry)]


def _says(state_after: str, *names: str) -> Fold:
    """Return the fold of a word on a matter that may be the first one or a later one."""

    def fold(state: State, entry: Recorded, body: Any) -> None:
        before = state.things.get(f"host:{local(entry)}")
        opens("host", state_after, *names)(state, entry, body)
        if before is not None:
            state.things[f"host:{local(entry)}"].steps[:0] = before.steps

    return fold


def _eligibility(state: State, entry: Recorded, body: Any) -> None:
    moves("concern", "eligible" if body.eligible else "not_eligible")(state, entry, body)


def _filed(state: State, entry: Recorded, body: Any) -> None:
    kind = entry.stream.split("/")[1]
    fold = moves(kind, "answered") if body.ROW.answers else opens(kind, "filed")
    fold(state, entry, body)


COURSES: Final[dict[str, Fold]] = {
    "SupportRequested/1": opens("support-request", "open", "kind"),
    "SupportClosed/1": _ends_by_outcome("support-request"),
    "LessonPublished/1": opens("lesson", "published", "kind"),
    "PartnershipLinked/1": opens("link", "proposed", "to", "kind"),
    "PartnershipLinkAgreed/1": moves("link", "agreed"),
    "PartnershipUnlinked/1": moves("link", "ended"),
    "EndorsementRecorded/1": opens("leadership", "endorsed"),
    "EndorsementRevoked/1": moves("leadership", "revoked"),
    "ChampionNominated/1": opens("champion", "nominated"),
    "ChampionSelected/1": moves("champion", "selected"),
    "ChampionWithdrawn/1": moves("champion", "withdrawn"),
    "ConcernFiled/1": opens("concern", "filed", "ground", "until"),
    "StakeholderObservationFiled/1": opens("concern", "observation", "until"),
    "MemberStateConcernRaised/1": opens("concern", "raised", "country", "until"),
    "MemberStateConcernAnswered/1": moves("concern", "answered"),
    "PartnershipReplied/1": moves("concern"),
    "ConcernEligibilityDecided/1": _eligibility,
    "ConcernClosed/1": moves("concern", "closed"),
    "HostGovernmentNotified/1": _says("notified", "country", "respond_by"),
    "GovernmentAcknowledged/1": _says("acknowledged", "country"),
    "GovernmentObjectionRecorded/1": _says("objected", "country", "take_up_by"),
    "ObjectionTakenUp/1": moves("host", "taken_up"),
    "IntegrityRiskRaised/1": opens("risk", "open", "severity", "kind"),
    "SubstitutionRiskRaised/1": opens("risk", "open", "severity"),
    "RiskOwnerDesignated/1": moves("risk"),
    "IntegrityRiskEscalated/1": moves("risk"),
    "IntegrityRiskAssessed/1": moves("risk", "assessed"),
    "IntegrityRiskMitigated/1": moves("risk", "mitigated"),
    "IntegrityRiskClosed/1": moves("risk", "closed"),
    "DueDiligenceOpened/1": opens("diligence", "opened", "organization", "case_type", "depth"),
    "ExclusionScreened/1": moves("diligence", "screened"),
    "ControversyResearched/1": moves("diligence", "researched"),
    "RiskRated/1": moves("diligence", "rated"),
    "DueDiligenceDecided/1": _diligence_decided,
    "ReservationApproved/1": moves("diligence", RESERVED),
    "DueDiligenceReopened/1": moves("diligence", "opened"),
    "PrincipleAttested/1": opens("attestation", "attested"),
    "PartnerEligibilityLapsed/1": opens("eligibility", "lapsed", "ground", "cure_until"),
    "PartnerEligibilityRestored/1": moves("eligibility", "restored"),
    "PartnerEligibilityEnded/1": _partner_out,
    "SupportOffered/1": opens("support", "offered", "kind", "obligation"),
    "SupportAccepted/1": moves("support", "accepted"),
    "SupportDelivered/1": moves("support", "delivered"),
    "SupportEnded/1": _ends_by_outcome("support"),
    **{event.TYPE: _filed for event in filing.EVENTS},
}
"""The folds of these, by event type."""
