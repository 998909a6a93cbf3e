"""The rows of the one filing rule: what fora, boards, bodies and partnerships put on record.

What needs no more than a place, a signer, its fields and what it rests on is a row here. Fora, the
high-level political forum and boards file on ``forum-<id>``; one forum's cycle is one subject. A
forum is at no place: who speaks for an entity, a country or a group there does so whatever the
scope of its role; who keeps the record of a forum has it in its scope.
"""

from __future__ import annotations

from typing import Final

from verifier.rules import partnership
from verifier.rules.authority.scope import Place
from verifier.rules.authority.state import Actor, office, organization_of, role
from verifier.rules.book import Body, Book, Capacity, Entry
from verifier.rules.filing.rule import Row, addressee, anyone, event_of, whole_log

__all__ = ["EVENTS", "ROWS", "whole_log"]

_secretary: Final = role("body_secretary")
_convenor: Final = office("stakeholder_convenor")
_registry: Final = role("registry")
_executive: Final = (office("executive_head"), office("lead_entity_officer"))
_partnership: Final = (partnership.secretariat, partnership.lead)
_BORNE_OUT: Final = ("report", "review")
_SHOWN: Final = ("lesson", *_BORNE_OUT, "BestPracticePublished")


def _is_local(actor: str, entry: Entry, book: Book) -> bool:
    organization = organization_of(actor, book)
    known = book.thing(actor, "actor", Actor)
    place = book.thing(entry.event.subject, "place", Place)
    found = partnership.of(book.subject(entry.event.subject))
    return (
        known is not None and place is not None and found is not None
        and known.country in place.countries
        and known.stakeholder_type != "un_entity"
        and actor != found.secretariat and organization != found.lead
    )  # fmt: skip


local_stakeholder: Final = Capacity(
    "a stakeholder of a country where it is at work, who does not lead it", _is_local
)

_assessors: Final = (role("reviewer"), role("independent_auditor"), role("expert_body"))


def _is_apart(actor: str, entry: Entry, book: Book) -> bool:
    found = partnership.of(book.subject(entry.event.subject))
    return (
        found is not None
        and any(capacity.holds(actor, entry, book) for capacity in _assessors)
        and not any(
            partnership.is_partner(found, organization_of(signer, book)) for signer in entry.signers
        )
    )


assessor: Final = Capacity(
    "a reviewer, auditor or expert body that is none of its partners", _is_apart
)

ROWS: Final = (
    # Fora: inputs, ideas, outcomes.
    Row(
        name="ForumInputSubmitted", told="An input to a forum is handed in.",
        stream="forum-*/input/*",
        signers=(office("focal_point"), office("major_group"), _convenor, _secretary),
        needs=("title", "text"), may=("goals", "sources"),
        rests_on=_SHOWN, mission=(52, 98),
    ),
    Row(
        name="IdeaSubmitted", told="Anyone who is registered shares an idea or a trend.",
        stream="forum-*/idea/*", signers=(anyone,),
        needs=("text", "organization"), may=("tags", "goals"), mission=(94,),
    ),
    Row(
        name="IdeaTakenUp", told="Another organization takes an idea up.",
        stream="forum-*/uptake/*", signers=(anyone,),
        needs=("text", "organization", "sources"), rests_on=("IdeaSubmitted",), by_another=True,
        mission=(94,),
    ),
    Row(
        name="ForumOutcomeRecorded",
        told="A concrete action that a forum agreed, with its owner and its due day.",
        stream="forum-*/outcome/*", signers=(_secretary,),
        needs=("text", "owner", "due"), may=("sources", "decision"),
        rests_on=("ForumInputSubmitted", "IdeaSubmitted", "IdeaTakenUp"), mission=(96,),
    ),
    Row(
        name="ForumOutcomeFollowedUp", told="The owner of an outcome says what came of it.",
        stream="forum-*/outcome/*", signers=(addressee,), answers="ForumOutcomeRecorded",
        needs=("outcome", "text"), mission=(96,),
    ),
    Row(
        name="StatementRecorded", told="A statement of an office is put on record.",
        stream="forum-*/statement/*", signers=(_secretary,),
        needs=("office", "text"), may=("held_on", "partnerships"), mission=(39,),
    ),
    Row(
        name="MeetingSummaryRecorded",
        told="What a meeting under the Chatham House Rule came to: who took part is told in "
        "categories, and nobody is named.",
        stream="forum-*/meeting/*", signers=(_convenor, _secretary),
        needs=("held_on", "participants", "text"), mission=(3, 98, 100),
    ),
    Row(
        name="ParticipationRecorded",
        told="How many took part in a consultation or review, by category of stakeholder.",
        stream="forum-*/participation/*", signers=(_convenor, _secretary),
        needs=("title", "held_on", "participants"), mission=(98, 100),
    ),
    # Documents between bodies.
    Row(
        name="DocumentTransmitted",
        told="A document goes to a body or organization, for a purpose.",
        stream="forum-*/transmission/*", signers=(_secretary, _convenor),
        needs=("to", "document", "purpose"), may=("digest", "due"), mission=(48, 97),
    ),
    Row(
        name="DocumentReceived", told="The one whom a document went to says that it has come.",
        stream="forum-*/transmission/*", signers=(addressee,), answers="DocumentTransmitted",
        needs=("document",), may=("text",), mission=(48, 97),
    ),
    Row(
        name="HlpfThemeSet",
        told="The theme of a year's high-level political forum and its goals.",
        stream="forum-*/theme/*", signers=(_secretary,),
        needs=("year", "title", "goals"), may=("document", "decision"), mission=(47,),
    ),
    Row(
        name="DossierCompiled",
        told="What the record holds on an agenda item is put together for a body.",
        stream="forum-*/dossier/*", signers=(_secretary, _registry),
        needs=("entity", "item", "title", "sources"), may=("digest",),
        rests_on=(
            *_SHOWN, "ForumInputSubmitted", "PolicyIssueRaised", "BoardReportTabled",
        ),
        mission=(44, 46, 47),
    ),
    Row(
        name="PolicyIssueRaised",
        told="What several lessons or reports have shown calls for policy guidance.",
        stream="forum-*/issue/*", signers=(_secretary, *_executive),
        needs=("title", "text", "sources"), rests_on=_SHOWN,
        mission=(46,),
    ),
    Row(
        name="FollowUpReviewHeld", told="A follow-up meeting says how far each row has come.",
        stream="forum-*/follow-up/*", signers=(_secretary, _registry),
        needs=("held_on", "statuses"), may=("text", "participants"), mission=(99,),
    ),
    # Governing bodies and guidance.
    Row(
        name="BoardReportTabled",
        told="An entity reports on its partnerships to its governing body.",
        stream="forum-*/board-report/*", signers=_executive,
        needs=("to", "organization", "contributions", "due_diligence", "risk_measures"),
        may=("text", "document", "digest"), mission=(83,),
    ),
    Row(
        name="BoardGuidanceIssued",
        told="A governing body guides the partnerships of the entity that it oversees.",
        stream="forum-*/board-guidance/*", signers=(_secretary,),
        needs=("entity", "decision", "text"), may=("partnerships", "sources"),
        rests_on=("BoardReportTabled",), mission=(93,),
    ),
    Row(
        name="GuidanceRequested", told="A partnership asks a body or entity for guidance.",
        stream="p-*/guidance/*", signers=_partnership,
        needs=("to", "text"), may=("due",), mission=(10,),
    ),
    Row(
        name="GuidanceIssued", told="The one who was asked gives guidance.",
        stream="p-*/guidance/*", signers=(addressee,), answers="GuidanceRequested",
        needs=("text",), may=("document",), mission=(10,),
    ),
    # Of a partnership.
    Row(
        name="BestPracticePublished",
        told="A partnership publishes a good practice that a report or review bears out.",
        stream="p-*/practice/*", signers=_partnership,
        needs=("title", "text", "sources"), may=("tags", "goals"), rests_on=_BORNE_OUT,
        mission=(2,),
    ),
    Row(
        name="ConsultationHeld",
        told="A partnership heard those whom it concerns, told by category.",
        stream="p-*/consultation/*", signers=_partnership, mix=True,
        needs=("held_on", "participants", "text"), mission=(38, 100),
    ),
    Row(
        name="LocalOwnershipAttested",
        told="A local stakeholder attests that a partnership is the place's own.",
        stream="p-*/ownership/*", signers=(local_stakeholder,),
        needs=("organization", "text", "local_need"), mission=(38,),
    ),
    Row(
        name="ComplianceChecked",
        told="A United Nations entity checks a partnership against one clause.",
        stream="p-*/compliance/*",
        signers=(
            role("lead_entity_officer"), role("focal_point", partly=True),
            role("un_country_team", partly=True),
            role("due_diligence_officer"),
        ),
        needs=("guideline", "clause", "result", "text"), may=("sources", "waiver"),
        rests_on=_BORNE_OUT,
        mission=(55,),
    ),
    Row(
        name="MechanismAssessed",
        told="One who is no partner says how far a partnership's own monitoring, reporting or "
        "review has come, what should improve, and what it costs in a year.",
        stream="p-*/mechanism/*", signers=(assessor,),
        needs=("mechanism", "maturity", "text"), may=("hours", "sources"), rests_on=_BORNE_OUT,
        mission=(77,),
    ),
)  # fmt: skip

EVENTS: Final[tuple[type[Body], ...]] = tuple(event_of(row) for row in ROWS)
