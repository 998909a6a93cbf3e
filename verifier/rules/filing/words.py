"""The fields that simple filings are made of: each has one name and one meaning in every row."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from verifier.rules.fields import (
    ActorId,
    Alpha3,
    Code,
    Day,
    Decimal,
    EventRef,
    Hash,
    Label,
    LocalId,
    Symbol,
    Texts,
    VersionRef,
)

__all__ = ["Contribution", "Participation", "RowStatus", "Words"]

Category = Literal[
    "government", "local_government", "parliament", "un_entity", "igo", "ngo", "cso",
    "philanthropy", "academia", "scientific_community", "business", "sme", "business_association",
    "labour", "media", "other",
]  # fmt: skip

PartnershipId = Annotated[str, Meta(pattern=r"^p-[a-z0-9][a-z0-9._:-]{0,61}\Z")]


class Participation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many took part from one category of stakeholders; never who."""

    category: Category
    count: Annotated[int, Meta(ge=1, le=100_000)]


class Contribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an organization gave to a partnership (A/RES/70/224, paragraph 14)."""

    partnership: PartnershipId
    organization: ActorId
    kind: Literal["cash", "in_kind", "staff", "other"]
    amount: Decimal
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    matching: bool = False
    country: Alpha3 | None = None
    """Where it was given at the country level."""


class RowStatus(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How far one row of the mission table has come."""

    row: Annotated[int, Meta(ge=1, le=100)]
    status: Literal["met", "partly_met", "not_met", "not_assessed"]
    remarks: Texts | None = None


class Words(msgspec.Struct, kw_only=True):
    """The fields by their names; a row says which of them it needs and which it may have."""

    text: Texts
    title: Texts
    to: ActorId
    """Whom it is addressed to; an office of it answers."""
    owner: ActorId
    """Who has to see to it; an office of it answers."""
    entity: ActorId
    """The entity or body that it is about."""
    organization: ActorId
    """For which its author files it: the author's own."""
    office: ActorId
    """The office that spoke, never a person."""
    due: Day
    held_on: Day
    sources: Annotated[tuple[EventRef, ...], Meta(min_length=1, max_length=100)]
    """The events on record that it rests on."""
    participants: Annotated[tuple[Participation, ...], Meta(min_length=1, max_length=16)]
    statuses: Annotated[tuple[RowStatus, ...], Meta(min_length=1, max_length=100)]
    contributions: Annotated[tuple[Contribution, ...], Meta(min_length=1, max_length=300)]
    partnerships: Annotated[tuple[PartnershipId, ...], Meta(min_length=1, max_length=100)]
    due_diligence: Texts
    """What was done to know the partners, and what came of it."""
    risk_measures: Texts
    decision: EventRef
    """The decision of a body by which it was adopted."""
    purpose: Label
    document: Symbol
    item: Symbol
    """The agenda item or mandate that it serves."""
    digest: Hash
    """Of the document itself, which is kept elsewhere."""
    year: Annotated[int, Meta(ge=2016, le=2199)]
    goals: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=17)], ...], Meta(min_length=1, max_length=17)
    ]
    tags: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=12)]
    outcome: Literal["done", "partly_done", "not_done"]
    guideline: VersionRef
    clause: LocalId
    result: Literal["met", "partly_met", "not_met", "not_applicable"]
    for_body: ActorId
    """The body that a secretary without a limited grant answers for."""
    waiver: EventRef
    """The waiver that sets the clause aside for the partnership on this day."""
    local_need: Texts
    """Which need of the place it serves, as those who live there see it."""
    mechanism: Label
    """A partnership's own mechanism of monitoring, reporting or review."""
    maturity: Annotated[int, Meta(ge=0, le=4)]
    """0: there is none; 1: begun; 2: defined; 3: practised; 4: practised, checked and improved."""
    hours: Annotated[int, Meta(ge=0, le=1_000_000)]
    """What it takes in a year, in hours of work of all who are asked."""
