"""What is known of a partnership, who acts for it, and the questions asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import guideline
from verifier.rules.authority.state import organization_of
from verifier.rules.book import Book, Capacity, Entry, Subject, Unmet
from verifier.rules.fields import (
    ActorId,
    Alpha3,
    Code,
    Day,
    Decimal,
    EventRef,
    Label,
    LangText,
    Symbol,
    Texts,
    VersionRef,
)
from verifier.rules.guideline import Profile

__all__ = [
    "COMPLETED",
    "ON_THE_REGISTER",
    "UNDECIDED",
    "Budget",
    "Confirmed",
    "Currency",
    "Details",
    "Governance",
    "Membership",
    "MonitoringPlan",
    "Move",
    "NationalPriority",
    "Partner",
    "Partnership",
    "Sector",
    "Tie",
    "belonged",
    "entities",
    "everybody",
    "is_partner",
    "lead",
    "memberships",
    "moved",
    "of",
    "partner",
    "profile_at",
    "profile_of",
    "secretariat",
    "tie_key",
    "tied",
    "unmet_on_register",
]

UNDECIDED: Final[Texts] = (LangText("und", "…"),)
"""Stands for a text that the author of a possible next event has yet to write."""

ON_THE_REGISTER: Final = ("listed", "suspended")
COMPLETED: Final = ("completed", "completed_with_lessons")

Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Sector = Literal["public", "civil_society", "philanthropy", "knowledge", "business"]


class Partner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An organization in a partnership and its part there."""

    organization: ActorId
    role: Literal["lead", "partner", "contributor", "beneficiary"]
    sector: Sector
    stakeholder_type: Code


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in an ISO 4217 currency, for the whole life or for each year."""

    amount: Decimal
    currency: Currency
    period: Literal["total", "yearly"]


class MonitoringPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a partnership will know what it achieves: from where, by what, by when, and how."""

    baseline: Texts
    indicators: Texts
    milestones: Texts
    methods: Texts


class Governance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a partnership decides, how it settles disputes, and how it learns."""

    structure: Texts
    disputes: Texts
    learning: Texts


class NationalPriority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A priority of a country that a partnership serves: the plan that sets it, and where."""

    country: Alpha3
    document: Symbol
    reference: Label


class Details(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a partnership says of itself and may state anew; the thing ``details``."""

    title: Texts | None = None
    purpose: Texts | None = None
    planned_end: Day | None = None
    planned_end_reason: Texts | None = None
    monitoring_plan: MonitoringPlan | None = None
    governance: Governance | None = None
    complementarity_statement: Texts | None = None
    budget: Budget | None = None
    national_priorities: (
        Annotated[tuple[NationalPriority, ...], Meta(min_length=1, max_length=60)] | None
    ) = None


class Confirmed(msgspec.Struct, frozen=True):
    """When details were last stated or confirmed; the thing ``confirmed``."""

    stated: EventRef
    """The submission or amendment that last stated them."""
    on: str


class Tie(msgspec.Struct, frozen=True):
    """The last day on which an organization gave or belonged; the thing ``tie:<organization>``."""

    last_day: str


class Membership(msgspec.Struct, frozen=True):
    """From when until when an organization was a partner; the thing ``member:<organization>``.

    Who has always been one since the listing has none. A first day left empty is that of the
    listing, a last day left empty is still to come.
    """

    periods: tuple[tuple[str, str], ...]


class Move(msgspec.Struct, frozen=True):
    """From an index on, where a partnership stands on the register, and by which profile."""

    index: int
    listing: str
    profile: str | None


class Partnership(msgspec.Struct, frozen=True, kw_only=True):
    """A partnership on record; the thing ``partnership`` of its subject. Days are ISO 8601."""

    ref: EventRef
    """Its newest submission."""
    title: Texts
    lead: str
    """The organization that leads."""
    partners: tuple[Partner, ...]
    secretariat: str
    """The actor that acts for the partnership."""
    un_role: str
    scale: str
    countries: tuple[str, ...]
    sdg_targets: tuple[str, ...]
    initiative_kind: str
    planned_end: str
    start: str = ""
    budget: Budget | None = None
    listing: str
    """submitted, returned, rejected, listed, suspended, removed, lapsed, withdrawn,
    withdrawn_under_case, completed, completed_with_lessons or merged."""
    screened: EventRef | None = None
    """The screening that it has passed."""
    screened_by: tuple[str, ...] = ()
    listed_on: str | None = None
    guideline: VersionRef | None = None
    further: tuple[VersionRef, ...] = ()
    """The further layers that it was listed under."""
    profile: str | None = None
    mega: bool = False
    """Whether it is designated a mega partnership."""
    clock_from: str | None = None
    """The day from which its reporting periods are counted; a reinstatement restarts it."""
    former: tuple[str, ...] = ()
    """The partners that left."""
    short_since: str | None = None
    """The day since which it has too few partners."""
    un_signature: str | None = None
    """The UN partner that signed its newest submission itself."""
    moves: tuple[Move, ...] = ()
    """Every move on or off the register, by which it is known as of any size."""

    @property
    def waits_for_un(self) -> bool:
        """Say whether its submission waits for the signature of a UN partner (PA4)."""
        return self.listing == "submitted" and self.un_role != "none" and self.un_signature is None


def of(subject: Subject) -> Partnership | None:
    """Return the partnership that a subject is, or nothing."""
    return subject.get("partnership", Partnership)


def moved(found: Partnership, listing: str, entry: Entry, **changes: Any) -> Partnership:
    """Return a partnership as it stands on, or off, the register from an entry on."""
    after = msgspec.structs.replace(found, listing=listing, **changes)
    move = Move(entry.index, listing, after.profile)
    return msgspec.structs.replace(after, moves=(*found.moves, move))


def profile_at(found: Partnership, size: int) -> str | None:
    """Return the profile by which a partnership was on the register at a size, or nothing."""
    last = None
    for move in found.moves:
        if move.index < size:
            last = move
    return last.profile if last is not None and last.listing in ON_THE_REGISTER else None


def tie_key(organization: str) -> str:
    """Return the key of an organization's tie."""
    return "tie:" + organization


def tied(organization: str, last_day: str, subject: Subject) -> tuple[str, Tie]:
    """Return the change by which an organization is tied until a day, at least."""
    before = subject.get(tie_key(organization), Tie)
    return tie_key(organization), Tie(max(last_day, before.last_day if before else last_day))


def memberships(
    before: tuple[Partner, ...], after: tuple[Partner, ...], day: str, subject: Subject
) -> Iterator[tuple[str, Membership]]:
    """Yield what changes in the periods of those who are partners, or are none, from a day on."""
    old, new = ({p.organization for p in partners} for partners in (before, after))
    for organization in sorted(old ^ new):
        key = f"member:{organization}"
        held = subject.get(key, Membership)
        periods = held.periods if held is not None else ()
        if organization in new:
            yield key, Membership((*periods, (day, "")))
        else:
            first = periods[-1][0] if periods else ""
            yield key, Membership((*periods[:-1], (first, day)))


def belonged(
    found: Partnership, organization: str, subject: Subject, first: str, last: str
) -> bool:
    """Say whether an organization was a partner on one of these days."""
    held = subject.get(f"member:{organization}", Membership)
    if held is None:
        return is_partner(found, organization)
    return any(begun <= last and first <= (ended or last) for begun, ended in held.periods)


def everybody(found: Partnership, subject: Subject) -> set[str]:
    """Return every organization that is, or was, a partner."""
    former = (key.partition(":")[2] for key in subject.things if key.startswith("member:"))
    return {*(p.organization for p in found.partners), *former}


def is_partner(partnership: Partnership, organization: str) -> bool:
    """Say whether an organization is one of the partners."""
    return any(p.organization == organization for p in partnership.partners)


def profile_of(partnership: Partnership, book: Book) -> Profile | None:
    """Return the profile that a listed partnership reports by, or nothing."""
    if partnership.guideline is None or partnership.profile is None:
        return None
    return guideline.profile_under(
        partnership.guideline, partnership.further, partnership.profile, book
    )


def _is_secretariat(actor: str, entry: Entry, book: Book) -> bool:
    found = of(book.subject(entry.event.subject))
    return found is not None and actor == found.secretariat


def _is_lead(actor: str, entry: Entry, book: Book) -> bool:
    found = of(book.subject(entry.event.subject))
    return found is not None and organization_of(actor, book) == found.lead


def _is_partner(actor: str, entry: Entry, book: Book) -> bool:
    found = of(book.subject(entry.event.subject))
    return found is not None and is_partner(found, organization_of(actor, book))


def entities(partners: tuple[Partner, ...]) -> tuple[str, ...]:
    """Return the United Nations entities among partners."""
    return tuple(p.organization for p in partners if p.stakeholder_type == "un_entity")


secretariat = Capacity("the partnership's secretariat", _is_secretariat)
lead = Capacity("the lead partner", _is_lead)
partner = Capacity("a partner", _is_partner)


def unmet_on_register(rule: str, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield, under a rule, that an event's partnership is neither listed nor suspended."""
    found = of(book.subject(entry.event.subject))
    if found is None or found.listing not in ON_THE_REGISTER:
        state = "not on record" if found is None else found.listing.replace("_", " ")
        yield Unmet(rule=rule, reason=f"the partnership is {state}", who="registry")
