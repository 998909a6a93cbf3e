"""What is asked of partners, days and priorities, in a submission as in what changes it later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from verifier.rules import dates
from verifier.rules.authority.offices import PUBLIC
from verifier.rules.authority.scope import Place
from verifier.rules.authority.state import Actor, Grant, grant_in_force, is_registered
from verifier.rules.book import Book, Change, Entry, Subject, Unmet
from verifier.rules.fields import Texts
from verifier.rules.partnership.state import (
    NationalPriority,
    Partner,
    Partnership,
    entities,
    memberships,
    tied,
)

__all__ = [
    "SECTORS",
    "belongs",
    "un_role",
    "unmet_partner",
    "unmet_priorities",
    "unmet_secretariat",
    "unmet_sectors",
    "unmet_span",
]

AGENDA_ENDS: Final = "2030-12-31"
FEWEST: Final = 2

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


def unmet_secretariat(rule: str, actor: str, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield, under a rule, why an actor can be no secretariat.

    Whoever keeps the register or judges would be made a party, and barred, by being named.
    """
    if not is_registered(actor, book):
        yield Unmet(rule=rule, reason=f"{actor} is not registered", who="registry")
    for grant in book.subject(actor).all(Grant):
        if grant.role in PUBLIC and grant_in_force(grant, entry.at):
            yield Unmet(rule=rule, reason=f"{actor} is {grant.role}", hint="name another")


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


def unmet_span(rule: str, start: str, end: str, reason: Texts | None) -> Iterator[Unmet]:
    """Yield, under a rule, why the first and the last day of a partnership do not fit."""
    if not (dates.is_day(start) and dates.is_day(end)):
        yield Unmet(rule=rule, reason="a day does not exist")
    elif end <= start:
        yield Unmet(rule=rule, reason="the planned end lies after the start")
    elif end > AGENDA_ENDS and reason is None:
        yield Unmet(rule=rule, reason=f"an end after {AGENDA_ENDS} has a reason")


def unmet_priorities(
    rule: str, priorities: tuple[NationalPriority, ...], countries: tuple[str, ...]
) -> Iterator[Unmet]:
    """Yield, under a rule, why national priorities are not those of where it is at work."""
    for priority in priorities:
        if priority.country not in countries:
            yield Unmet(rule=rule, reason=f"it is not at work in {priority.country}")
    if len(set(priorities)) < len(priorities):
        yield Unmet(rule=rule, reason="a national priority stands twice")


def _is_short(found: Partnership) -> bool:
    """Say whether too few partners are there, or from too few sectors."""
    sectors = unmet_sectors("", found.partners) if found.initiative_kind == "msp" else ()
    return len(found.partners) < FEWEST or any(True for _ in sectors)


def belongs(
    partners: tuple[Partner, ...], lead: str, day: str, subject: Subject
) -> Iterator[Change]:
    """Yield what changes in a partnership whose partners or lead are others from now on.

    Where too few remain, the time to cure begins on this day.
    """
    found: Partnership = subject.things["partnership"]
    still = {p.organization for p in partners}
    left = [p.organization for p in found.partners if p.organization not in still]
    now = msgspec.structs.replace(
        found, partners=partners, lead=lead, un_role=un_role(lead, partners),
        former=(*(one for one in found.former if one not in still), *left),
    )  # fmt: skip
    since = (found.short_since or day) if _is_short(now) else None
    yield "partnership", msgspec.structs.replace(now, short_since=since)
    place: Place = subject.things["place"]
    yield "place", msgspec.structs.replace(place, entities=entities(partners))
    for organization in left:
        yield tied(organization, day, subject)
    yield from memberships(found.partners, partners, day, subject)
