"""The demonstration's actors: who they are, and which roles they are given."""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.founding import MANDATE, Founding
from ledger.stage import Stage, english, ref
from verifier.rules.authority.actors import ActorRegistered
from verifier.rules.authority.seats import APPOINT, APPOINTMENT, BY_DECISION, matter
from verifier.rules.authority.state import Terms
from verifier.rules.body import DecisionItem
from verifier.rules.body.certified import DecisionCertified, DecisionCosigned
from verifier.rules.body.sessions import SessionScheduled

__all__ = ["PANEL", "REGISTRY", "REVIEWERS", "enter"]

REGISTRY: Final = "actor-demo-registry"
OFFICE_A: Final = f"{REGISTRY}-office-a"
OFFICE_B: Final = f"{REGISTRY}-office-b"
SCREENING: Final = f"{REGISTRY}-screening"
SERVICE: Final = f"{REGISTRY}-service"
BODY: Final = "actor-demo-body"
SECRETARY: Final = f"{BODY}-secretary"
PRESIDING: Final = f"{BODY}-presiding-officer"
ENTITY: Final = "actor-demo-un-entity"
EXECUTIVE_HEAD: Final = f"{ENTITY}-head"
FOCAL_POINT: Final = f"{ENTITY}-focal-point"
GOVERNMENT: Final = "actor-demo-government"
NGO: Final = "actor-demo-ngo"
COMPANY: Final = "actor-demo-company"
UNIVERSITY: Final = "actor-demo-university"
SECRETARIAT: Final = "actor-demo-water-secretariat"
SILENT: Final = "actor-demo-forest-secretariat"
WITNESS: Final = "witness.demonstration.pledgebook.example"
"""Whose cosignature draws lots; it signs nothing else."""
REVIEWERS: Final = ("actor-demo-reviewer-a", "actor-demo-reviewer-b", "actor-demo-reviewer-c")
PANEL: Final = ("actor-demo-panel-a", "actor-demo-panel-b", "actor-demo-panel-c")


class Part(NamedTuple):
    """One actor's part."""

    actor: str
    name: str
    kind: str
    principal: str
    stakeholder_type: str
    role: str = ""
    country: str | None = None


CLASSES: Final = (("government", "NOR"), ("un_entity", None), ("academia", None))
"""Of what kind the reviewers are; the State among them hosts nothing of what is reviewed."""

PARTS: Final = (
    Part(SECRETARY, "secretary of the reviewing body", "organization", SECRETARY, "un_entity"),
    Part(PRESIDING, "presiding officer of the reviewing body", "office", SECRETARY, "un_entity"),
    Part(
        SCREENING,
        "registry, screening office",
        "office",
        REGISTRY,
        "un_entity",
        "screening_officer",
    ),
    Part(SERVICE, "registry, import service", "machine", REGISTRY, "un_entity", "registry_service"),
    Part(ENTITY, "an entity of the United Nations", "organization", ENTITY, "un_entity"),
    Part(EXECUTIVE_HEAD, "executive head of the entity", "office", ENTITY, "un_entity"),
    Part(FOCAL_POINT, "focal point of the entity", "office", ENTITY, "un_entity", "focal_point"),
    Part(GOVERNMENT, "a government", "organization", GOVERNMENT, "government", country="KEN"),
    Part(NGO, "a non-governmental organization", "organization", NGO, "ngo"),
    Part(COMPANY, "a company", "organization", COMPANY, "business"),
    Part(UNIVERSITY, "a university", "organization", UNIVERSITY, "academia"),
    Part(SECRETARIAT, "secretariat of the water partnership", "office", NGO, "ngo"),
    Part(SILENT, "secretariat of the forest partnership", "office", UNIVERSITY, "academia"),
    *(
        Part(actor, f"reviewer {letter}", "organization", actor, type_, "reviewer", country)
        for actor, letter, (type_, country) in zip(REVIEWERS, "ABC", CLASSES, strict=True)
    ),
    *(
        Part(
            actor, f"appeals panel, member {letter}", "organization", actor, type_, "appeals_panel"
        )
        for actor, letter, type_ in zip(
            PANEL, "ABC", ("government", "un_entity", "academia"), strict=True
        )
    ),
)

APPOINTED: Final = {SECRETARY: "body_secretary", EXECUTIVE_HEAD: "executive_head"}
"""Who is appointed by the roots, beside the registry."""

GIVEN_BY: Final = {
    "screening_officer": OFFICE_A,
    "registry_service": OFFICE_A,
    "focal_point": EXECUTIVE_HEAD,
}

SEATS: Final = tuple(part for part in PARTS if part.role in BY_DECISION)
"""Who is seated by the body, on its own decision."""

SYMBOL: Final = "DEMO/DEC/1"


async def enter(stage: Stage, founding: Founding) -> None:
    """Register every actor and give each its role; a body decides who sits on its panels."""
    roots = founding.root_names()
    for part in PARTS:
        more = {} if part.country is None else {"country": part.country}
        await stage.register(
            part.actor,
            f"Demonstration: {part.name}",
            by=OFFICE_A,
            confirmed_by=OFFICE_B if part.principal == part.actor else part.principal,
            kind=part.kind,
            principal=part.principal,
            stakeholder_type=part.stakeholder_type,
            **more,
        )
    await _seat_body(stage, founding)
    for actor, role in APPOINTED.items():
        await stage.appoint(actor, role, roots=roots, quorum=founding.threshold, mandate=MANDATE)
    for part in PARTS:
        if part.role in GIVEN_BY:
            await stage.grant(part.actor, _terms(stage, part.role), by=GIVEN_BY[part.role])
    await _seat_panels(stage)


def _terms(stage: Stage, role: str) -> Terms:
    return Terms(role=role, mandate=MANDATE, first_day=stage.day())


async def _seat_body(stage: Stage, founding: Founding) -> None:
    """Register the body, which holds no key, and appoint the two offices that certify for it."""
    body = ActorRegistered(
        kind="body",
        name=english("Demonstration: the reviewing body"),
        principal=BODY,
        stakeholder_type="igo",
    )
    await stage.say(OFFICE_A, f"{BODY}/profile", body)
    for actor, role in ((SECRETARY, "body_secretary"), (PRESIDING, "presiding_officer")):
        await stage.appoint(
            actor,
            role,
            roots=founding.root_names(),
            quorum=founding.threshold,
            mandate=MANDATE,
            subject=BODY,
        )


async def _seat_panels(stage: Stage) -> None:
    """Let the body decide who reviews and who hears appeals, and put that into effect."""
    session = SessionScheduled(name="First", first_day=stage.day(), last_day=stage.day(5))
    await stage.say(SECRETARY, f"{BODY}/session/first", session)
    decided = DecisionCertified(
        symbol=SYMBOL,
        kind=APPOINTMENT,
        title=english("Who reviews, and who hears appeals"),
        items=tuple(
            DecisionItem(part.actor, matter(part.role), APPOINT, terms=_terms(stage, part.role))
            for part in SEATS
        ),
        adoption="without_vote",
        adopted_on=stage.day(),
        session="first",
    )
    certified = await stage.say(SECRETARY, f"{BODY}/decision/panels", decided)
    cosigned = DecisionCosigned(decision=ref(certified))
    await stage.say(PRESIDING, f"{BODY}/decision/panels", cosigned)
    for part in SEATS:
        await stage.grant(
            part.actor, _terms(stage, part.role), by=SECRETARY, decision=ref(certified)
        )
