"""The demonstration's actors: who they are, and which roles they are given."""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.founding import MANDATE, Founding
from ledger.stage import Stage

__all__ = ["PANEL", "REGISTRY", "REVIEWERS", "enter"]

REGISTRY: Final = "actor-demo-registry"
OFFICE_A: Final = f"{REGISTRY}-office-a"
OFFICE_B: Final = f"{REGISTRY}-office-b"
SCREENING: Final = f"{REGISTRY}-screening"
SERVICE: Final = f"{REGISTRY}-service"
SECRETARY: Final = "actor-demo-body-secretary"
ENTITY: Final = "actor-demo-un-entity"
EXECUTIVE_HEAD: Final = f"{ENTITY}-head"
FOCAL_POINT: Final = f"{ENTITY}-focal-point"
GOVERNMENT: Final = "actor-demo-government"
NGO: Final = "actor-demo-ngo"
COMPANY: Final = "actor-demo-company"
UNIVERSITY: Final = "actor-demo-university"
SECRETARIAT: Final = "actor-demo-water-secretariat"
SILENT: Final = "actor-demo-forest-secretariat"
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
    "reviewer": SECRETARY,
    "appeals_panel": SECRETARY,
}


async def enter(stage: Stage, founding: Founding) -> None:
    """Register every actor and give each its role."""
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
        if appointed := APPOINTED.get(part.actor):
            await stage.appoint(
                part.actor, appointed, roots=roots, quorum=founding.threshold, mandate=MANDATE
            )
        if part.role:
            giver = GIVEN_BY[part.role]
            await stage.grant(part.actor, part.role, by=giver, mandate=MANDATE)
