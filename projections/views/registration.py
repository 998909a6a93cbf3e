"""What becomes of a partnership's registration: its listing, its partners, its details.

``LISTING`` says which listing an event leads to; the directory and the subject's page share it.
"""

# ruff: noqa: ARG001, ARG005 - all folds have one shape, needed or not.
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from projections.reading import Recorded
from projections.views.state import State, Status
from projections.views.things import Fold, day_of

__all__ = ["FOLDS", "LISTING", "listed", "put_listing", "texts"]


def _screened(body: Any) -> str | None:
    return {"return": "returned", "reject": "rejected"}.get(body.outcome)


LISTING: Final[dict[str, Callable[[Any], str | None]]] = {
    "PartnershipScreened/1": _screened,
    "SubmissionLapsed/1": lambda b: "lapsed",
    "PartnershipListed/1": lambda b: "listed",
    "PartnershipLapsed/1": lambda b: "lapsed",
    "PartnershipSuspended/1": lambda b: "suspended",
    "SuspensionLifted/1": lambda b: "listed",
    "RemovalDecided/1": lambda b: "listed" if b.outcome == "dismiss" else None,
    "PartnershipRemoved/1": lambda b: "removed",
    "Reinstated/1": lambda b: "listed",
    "PartnershipWithdrawn/1": lambda b: "withdrawn_under_case" if b.under_case else "withdrawn",
    "PartnershipCompleted/1": lambda b: "completed_with_lessons" if b.lessons else "completed",
    "CompletionCorrected/1": lambda b: "listed",
    "MergerConcluded/1": lambda b: "merged",
}
"""The listing that an event leads to; nothing where it stays as it was."""


def texts(texts: Any) -> dict[str, str]:
    """Return texts by language."""
    return {text.lang: text.text for text in texts or ()}


def _submitted(state: State, entry: Recorded, body: Any) -> None:
    state.title = texts(body.title)
    state.registration = {
        "purpose": texts(body.purpose), "lead": body.lead, "secretariat": body.secretariat,
        "partners": [msgspec.to_builtins(partner) for partner in body.partners],
        "un_role": body.un_role, "scale": body.scale, "countries": list(body.countries),
        "sdg_targets": list(body.sdg_targets), "initiative_kind": body.initiative_kind,
        "start": body.start, "planned_end": body.planned_end,
        "confirmed_on": day_of(entry).isoformat(),
    }  # fmt: skip
    put_listing(state, "submitted", entry)


def put_listing(state: State, listing: str, entry: Recorded) -> None:
    """Note the listing and since when."""
    state.status = Status(listing, day_of(entry).isoformat(), entry.index)


def listed(state: State, entry: Recorded, body: Any) -> None:
    """Note the listing that an event leads to."""
    listing = LISTING[entry.type](body)
    if listing is not None:
        put_listing(state, listing, entry)


def _joining(state: State, entry: Recorded, body: Any) -> None:
    asked = state.registration.setdefault("asks_to_join", {})
    asked[entry.stream.rpartition("/")[2]] = {
        "organization": body.organization, "role": body.role, "sector": body.sector,
        "stakeholder_type": body.stakeholder_type,
    }  # fmt: skip


def _joined(state: State, entry: Recorded, body: Any) -> None:
    asked = state.registration.get("asks_to_join", {})
    partner = asked.pop(entry.stream.rpartition("/")[2], None)
    if partner is not None:
        state.registration["partners"] = [*state.registration.get("partners", ()), partner]


def _left(state: State, entry: Recorded, body: Any) -> None:
    partners = state.registration.get("partners", ())
    state.registration["partners"] = [p for p in partners if p["organization"] != body.organization]


def _next(office: str) -> Fold:
    def fold(state: State, entry: Recorded, body: Any) -> None:
        state.registration[f"next_{office}"] = body.to

    return fold


def _takes_office(office: str) -> Fold:
    def fold(state: State, entry: Recorded, body: Any) -> None:
        to = state.registration.pop(f"next_{office}", None)
        if to is not None:
            state.registration[office] = to

    return fold


def _leads(state: State, entry: Recorded, body: Any) -> None:
    before = state.registration.get("lead")
    _takes_office("lead")(state, entry, body)
    parts = {before: "partner", state.registration.get("lead"): "lead"}
    state.registration["partners"] = [
        p | {"role": parts.get(p["organization"], p["role"])}
        for p in state.registration.get("partners", ())
    ]


def _amended(state: State, entry: Recorded, body: Any) -> None:
    after = body.after
    if after.title is not None:
        state.title = texts(after.title)
    if after.purpose is not None:
        state.registration["purpose"] = texts(after.purpose)
    if after.planned_end is not None:
        state.registration["planned_end"] = after.planned_end
    _confirmed(state, entry, body)


def _confirmed(state: State, entry: Recorded, body: Any) -> None:
    state.registration["confirmed_on"] = day_of(entry).isoformat()


def _merged(state: State, entry: Recorded, body: Any) -> None:
    partners = state.registration.get("partners", [])
    before = state.registration.get("lead")
    parts = {before: "partner", body.lead: "lead"}
    partners = [p | {"role": parts.get(p["organization"], p["role"])} for p in partners]
    if all(p["organization"] != body.lead for p in partners):
        partners.append({"organization": body.lead, "role": "lead", "sector": body.sector,
                         "stakeholder_type": body.stakeholder_type})  # fmt: skip
    state.registration |= {
        "secretariat": body.secretariat, "lead": body.lead, "merged_into": body.survivor,
        "partners": partners,
    }  # fmt: skip


FOLDS: Final[dict[str, Fold]] = {
    "PartnershipSubmitted/1": _submitted,
    **dict.fromkeys(LISTING, listed),
    "PartnerJoined/1": _joining,
    "PartnerConfirmed/1": _joined,
    "PartnerLeft/1": _left,
    "LeadHandedOver/1": _next("lead"),
    "LeadTakenOver/1": _leads,
    "SecretariatReplaced/1": _next("secretariat"),
    "SecretariatReplacementConfirmed/1": _takes_office("secretariat"),
    "DetailsAmended/1": _amended,
    "DetailsConfirmed/1": _confirmed,
    "MergerAccepted/1": _merged,
}
