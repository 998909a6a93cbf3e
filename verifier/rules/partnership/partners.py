"""What is asked of partners, whether they submit together or one joins later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verifier.rules.authority.state import Actor
from verifier.rules.book import Book, Unmet
from verifier.rules.partnership.state import Partner, entities

__all__ = ["SECTORS", "un_role", "unmet_partner", "unmet_sectors"]

SECTORS: Final[dict[str, str]] = {
    "government": "public",
    "local_government": "public",
    "parliament": "public",
    "un_entity": "public",
    "igo": "public",
    "ngo": "civil_society",
    "cso": "civil_society",
    "labour": "civil_society",
    "media": "civil_society",
    "philanthropy": "philanthropy",
    "academia": "knowledge",
    "scientific_community": "knowledge",
    "business": "business",
    "sme": "business",
    "business_association": "business",
}
"""Which sector a stakeholder type belongs to; the types left out may state any."""


def unmet_partner(rule: str, partner: Partner, book: Book) -> Iterator[Unmet]:
    """Yield, under a rule, why a partner is none: no organization of its own, type or sector."""
    organization, type_ = partner.organization, partner.stakeholder_type
    actor = book.thing(organization, "actor", Actor)
    if actor is None or actor.kind != "organization":
        yield Unmet(rule=rule, reason=f"{organization} is no registered organization",
                    who="registry")  # fmt: skip
        return
    if actor.principal != organization:
        yield Unmet(rule=rule, reason=f"{organization} counts for {actor.principal}",
                    hint=f"name {actor.principal}")  # fmt: skip
    if actor.stakeholder_type != type_:
        yield Unmet(rule=rule, reason=f"{organization} is {actor.stakeholder_type}")
    if SECTORS.get(type_, partner.sector) != partner.sector:
        yield Unmet(rule=rule, reason=f"the sector of {type_} is {SECTORS[type_]}")


def unmet_sectors(rule: str, partners: tuple[Partner, ...]) -> Iterator[Unmet]:
    """Yield, under a rule, that partners do not come from as many sectors as is asked."""
    sectors = {partner.sector for partner in partners}
    if len(sectors) < 2 or sectors.isdisjoint({"public", "civil_society"}):
        yield Unmet(rule=rule, reason="partners of two sectors are needed, "
                    "one of them public or civil society")  # fmt: skip


def un_role(lead: str, partners: tuple[Partner, ...]) -> str:
    """Return the role of the United Nations that follows from the partners."""
    un = entities(partners)
    return "led" if lead in un else "participating" if un else "none"
