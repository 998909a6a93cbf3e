"""A partnership's registration: submitted, screened, listed; from then on its clock runs.

- PA1 A partnership is submitted once, and again only after it was returned.
- PA2 Its partners are registered organizations, none twice, each with the stakeholder type on
      record and the sector that follows from it; exactly one leads, and is named as the lead.
- PA3 A multi-stakeholder partnership has partners of at least two sectors, one of them public or
      civil society (decision D4.31). [R20]
- PA4 A UN role fits the partners: «led» if the lead is a UN entity, «participating» if another
      partner is, «none» otherwise; a UN role is claimed over a UN partner's signature. [R22]
- PA5 Its first and last day exist, in this order; a last day after 2030 has a reason.
- PA6 Its one to three priority goals are among the goals of its targets; no target twice.
      [R33, R34]
- PA7 Its secretariat is a registered actor.
- PS1 What is screened is submitted and not yet screened. [R87]
- PS2 The officer belongs to none of its partners, and neither does who signs for the officer. [R87]
- PS3 A return or a rejection says why. [R87]
- PS4 A submission is screened within the time of the profile of its UN role, in the version of the
      base set in force on the day of the submission (whole log; the registry's own omission). [R71]
- PL1 What is listed has passed the screening, and others screened it than act or sign here. [R87]
- PL2 The listing names the version of the base set that is in force, and the profile of the
      partnership's UN role in it. [R12, R24]

Only a multi-stakeholder partnership has a reporting clock. Sources: R17, R20 to R25, R33, R34, R65,
R87; domain C2.2; decisions D2.12, D3.26, D4.31, D4.33.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import calendar, dates, guideline
from verifier.rules.authority.scope import Place
from verifier.rules.authority.state import Actor, is_registered, organization_of, role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import (
    ActorId,
    Alpha3,
    Code,
    Day,
    Decimal,
    EventRef,
    LangText,
    SdgTarget,
    Symbol,
    Texts,
    VersionRef,
)
from verifier.rules.guideline import Profile

__all__ = [
    "EVENTS",
    "PROFILES",
    "SECTORS",
    "UNDECIDED",
    "Budget",
    "Partner",
    "Partnership",
    "PartnershipListed",
    "PartnershipScreened",
    "PartnershipSubmitted",
    "is_partner",
    "lead",
    "of",
    "partner",
    "profile_of",
    "secretariat",
]

AGENDA_ENDS: Final = "2030-12-31"

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

PROFILES: Final[dict[str, str]] = {
    "led": "un_led",
    "participating": "un_participating",
    "none": "light",
}
"""The base profile of a UN role (decision D3.26)."""

UNDECIDED: Final[Texts] = (LangText("und", "…"),)
"""Stands for a text that the author of a possible next event has yet to write."""

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
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    period: Literal["total", "yearly"]


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
    listing: str
    """submitted, returned, rejected, listed, suspended, removed, withdrawn or completed."""
    screened: EventRef | None = None
    """The screening that it has passed."""
    screened_by: tuple[str, ...] = ()
    listed_on: str | None = None
    guideline: VersionRef | None = None
    profile: str | None = None
    clock_from: str | None = None
    """The day from which its reporting periods are counted; a reinstatement restarts it."""


class Turn(msgspec.Struct, frozen=True):
    """A submission's turn in the screening; the thing ``turn:<seq>`` of its partnership."""

    un_role: str
    submitted_on: str
    screened_on: str | None = None


def of(subject: Subject) -> Partnership | None:
    """Return the partnership that a subject is, or nothing."""
    return subject.get("partnership", Partnership)


def is_partner(partnership: Partnership, organization: str) -> bool:
    """Say whether an organization is one of the partners."""
    return any(p.organization == organization for p in partnership.partners)


def profile_of(partnership: Partnership, book: Book) -> Profile | None:
    """Return the profile that a listed partnership reports by, or nothing."""
    if partnership.guideline is None or partnership.profile is None:
        return None
    return guideline.profile_of(partnership.guideline, partnership.profile, book)


def _is_secretariat(actor: str, entry: Entry, book: Book) -> bool:
    found = of(book.subject(entry.event.subject))
    return found is not None and actor == found.secretariat


def _is_lead(actor: str, entry: Entry, book: Book) -> bool:
    found = of(book.subject(entry.event.subject))
    return found is not None and organization_of(actor, book) == found.lead


def _is_partner(actor: str, entry: Entry, book: Book) -> bool:
    found = of(book.subject(entry.event.subject))
    return found is not None and is_partner(found, organization_of(actor, book))


def _is_submitter(actor: str, entry: Entry, book: Book) -> bool:
    body = entry.body
    if not isinstance(body, PartnershipSubmitted):
        return False
    before = of(book.subject(entry.event.subject))
    if before is not None and actor != before.secretariat:
        return organization_of(actor, book) == before.lead
    if actor == body.secretariat:
        return True
    organization = organization_of(actor, book)
    return any(
        p.organization == organization and (p.role == "lead" or p.stakeholder_type == "un_entity")
        for p in body.partners
    )


secretariat = Capacity("the partnership's secretariat", _is_secretariat)
lead = Capacity("the lead partner", _is_lead)
partner = Capacity("a partner", _is_partner)
submitter = Capacity("the secretariat, the lead or a UN partner that it names", _is_submitter)


class PartnershipSubmitted(Body, frozen=True, kw_only=True):
    """A partnership asks to be listed (PA1 to PA7)."""

    TYPE: ClassVar[str] = "PartnershipSubmitted/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (submitter,)
    MISSION: ClassVar[tuple[int, ...]] = (17, 20, 21, 22, 25, 33, 34, 40, 65)

    title: Texts
    purpose: Texts
    initiative_kind: Literal["msp", "ppp", "private_engagement", "voluntary_commitment"]
    un_role: Literal["led", "participating", "none"]
    scale: Literal["local", "national", "regional", "global"]
    lead: ActorId
    secretariat: ActorId
    partners: Annotated[tuple[Partner, ...], Meta(min_length=2, max_length=100)]
    countries: Annotated[tuple[Alpha3, ...], Meta(min_length=1, max_length=250)]
    sdg_targets: Annotated[tuple[SdgTarget, ...], Meta(min_length=1, max_length=60)]
    priority_goals: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=17)], ...], Meta(min_length=1, max_length=3)
    ]
    start: Day
    planned_end: Day
    planned_end_reason: Texts | None = None
    monitoring_plan: Texts
    governance: Texts
    complementarity_statement: Texts
    budget: Budget | None = None

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the partners and the secretariat."""
        return (self.lead, self.secretariat, *(p.organization for p in self.partners))

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PA1 to PA7."""
        before = of(book.subject(entry.event.subject))
        if before is not None and before.listing != "returned":
            yield Unmet(rule="PA1", reason=f"the partnership is {before.listing}")
        yield from self._unmet_partners(book)
        sectors = {p.sector for p in self.partners}
        if self.initiative_kind == "msp" and not (
            len(sectors) >= 2 and sectors & {"public", "civil_society"}
        ):
            yield Unmet(rule="PA3", reason="partners of two sectors are needed, "
                        "one of them public or civil society")  # fmt: skip
        yield from self._unmet_un_role(entry, book)
        yield from self._unmet_span()
        goals = {int(target.partition(".")[0]) for target in self.sdg_targets}
        if not goals.issuperset(self.priority_goals):
            yield Unmet(rule="PA6", reason="a priority goal has no target here")
        if len(set(self.sdg_targets)) < len(self.sdg_targets):
            yield Unmet(rule="PA6", reason="a target stands twice")
        if not is_registered(self.secretariat, book):
            yield Unmet(rule="PA7", reason=f"{self.secretariat} is not registered", who="registry")

    def _unmet_partners(self, book: Book) -> Iterator[Unmet]:
        for p in self.partners:
            actor = book.thing(p.organization, "actor", Actor)
            if actor is None or actor.kind != "organization":
                yield Unmet(rule="PA2", reason=f"{p.organization} is no registered organization",
                            who="registry")  # fmt: skip
            elif actor.stakeholder_type != p.stakeholder_type:
                yield Unmet(rule="PA2", reason=f"{p.organization} is {actor.stakeholder_type}")
            if SECTORS.get(p.stakeholder_type, p.sector) != p.sector:
                yield Unmet(rule="PA2", reason=f"the sector of {p.stakeholder_type} is "
                            f"{SECTORS[p.stakeholder_type]}")  # fmt: skip
        if len({p.organization for p in self.partners}) < len(self.partners):
            yield Unmet(rule="PA2", reason="an organization stands twice")
        if [p.organization for p in self.partners if p.role == "lead"] != [self.lead]:
            yield Unmet(rule="PA2", reason=f"{self.lead} is not the one partner that leads")

    def _unmet_un_role(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        entities = {p.organization for p in self.partners if p.stakeholder_type == "un_entity"}
        fits = "led" if self.lead in entities else "participating" if entities else "none"
        if self.un_role != fits:
            yield Unmet(rule="PA4", reason=f"the partners make it {fits}, not {self.un_role}")
        elif entities and organization_of(entry.actor, book) not in entities:
            yield Unmet(rule="PA4", reason="a UN role is claimed over a UN partner's signature",
                        who="a UN partner")  # fmt: skip

    def _unmet_span(self) -> Iterator[Unmet]:
        if not (dates.is_day(self.start) and dates.is_day(self.planned_end)):
            yield Unmet(rule="PA5", reason="a day does not exist")
        elif self.planned_end <= self.start:
            yield Unmet(rule="PA5", reason="the planned end lies after the start")
        elif self.planned_end > AGENDA_ENDS and self.planned_end_reason is None:
            yield Unmet(rule="PA5", reason=f"an end after {AGENDA_ENDS} has a reason")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the partnership on record, and what it is about."""
        yield "partnership", Partnership(
            ref=entry.ref, title=self.title, lead=self.lead, partners=self.partners,
            secretariat=self.secretariat, un_role=self.un_role, scale=self.scale,
            countries=self.countries, sdg_targets=self.sdg_targets,
            initiative_kind=self.initiative_kind, planned_end=self.planned_end,
            listing="submitted",
        )  # fmt: skip
        goals = tuple(sorted({int(target.partition(".")[0]) for target in self.sdg_targets}))
        entities = (p.organization for p in self.partners if p.stakeholder_type == "un_entity")
        yield "place", Place(self.countries, goals, tuple(entities))
        turn = Turn(self.un_role, dates.day_text(entry.at))
        yield f"turn:{entry.event.seq}", turn


class PartnershipScreened(Body, frozen=True, kw_only=True):
    """An officer screens a submission and lets it pass, returns it or rejects it (PS1 to PS3)."""

    TYPE: ClassVar[str] = "PartnershipScreened/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("screening_officer"),)
    MISSION: ClassVar[tuple[int, ...]] = (71, 87)

    outcome: Literal["pass", "return", "reject"]
    method: Literal["desk", "call", "site"]
    minutes: Annotated[int, Meta(ge=1, le=100_000)]
    findings: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PS1 to PS3."""
        found = of(book.subject(entry.event.subject))
        if found is None or found.listing != "submitted" or found.screened is not None:
            state = "not submitted" if found is None else found.listing
            yield Unmet(rule="PS1", reason=f"nothing waits for screening: {state}",
                        who=submitter.name)  # fmt: skip
        if found is not None and any(
            is_partner(found, organization_of(signer, book)) for signer in entry.signers
        ):
            yield Unmet(rule="PS2", reason="the officer belongs to a partner", hint="let another")
        if self.outcome != "pass" and self.findings is None:
            yield Unmet(rule="PS3", reason=f"the {self.outcome} does not say why")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the screening that was passed, or the return, or the rejection."""
        found = subject.things["partnership"]
        turn = f"turn:{found.ref.seq}"
        today = dates.day_text(entry.at)
        yield turn, msgspec.structs.replace(subject.things[turn], screened_on=today)
        if self.outcome == "pass":
            yield (
                "partnership",
                msgspec.structs.replace(found, screened=entry.ref, screened_by=entry.signers),
            )
        else:
            listing = "returned" if self.outcome == "return" else "rejected"
            yield "partnership", msgspec.structs.replace(found, listing=listing)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the screening of what is submitted."""
        found = of(subject)
        if found is not None and found.listing == "submitted" and found.screened is None:
            yield f"{subject.id}/registration", cls(outcome="pass", method="desk", minutes=1)


class PartnershipListed(Body, frozen=True, kw_only=True):
    """The registry lists a partnership; its clock runs from this day (PL1, PL2)."""

    TYPE: ClassVar[str] = "PartnershipListed/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry"),)
    MISSION: ClassVar[tuple[int, ...]] = (12, 24)

    guideline: VersionRef
    profile: Code
    mandate: Symbol

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PL1 and PL2."""
        found = of(book.subject(entry.event.subject))
        if found is None or found.listing != "submitted" or found.screened is None:
            yield Unmet(rule="PL1", reason="there is no submission that has passed the screening",
                        who="screening_officer")  # fmt: skip
        elif not set(entry.signers).isdisjoint(found.screened_by):
            yield Unmet(
                rule="PL1", reason="who lists it has screened it", hint="let another list it"
            )
        version = guideline.base_in_force(dates.day_of(entry.at), book)
        if version is None or version != self.guideline:
            named = "none" if version is None else f"{version.set} version {version.version}"
            yield Unmet(rule="PL2", reason=f"the base guideline in force is {named}")
        elif found is not None and (
            self.profile != PROFILES[found.un_role]
            or guideline.profile_of(version, self.profile, book) is None
        ):
            yield Unmet(rule="PL2", reason=f"its profile is {PROFILES[found.un_role]}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """List the partnership and start its clock."""
        found = subject.things["partnership"]
        today = dates.day_of(entry.at).isoformat()
        yield "partnership", msgspec.structs.replace(
            found, listing="listed", listed_on=today, guideline=self.guideline,
            profile=self.profile, clock_from=today if found.initiative_kind == "msp" else None,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the listing of what is submitted."""
        found = of(subject)
        if found is not None and found.listing == "submitted":
            version = guideline.base_in_force(dates.day_of(book.time), book)
            yield (
                f"{subject.id}/registration",
                cls(
                    guideline=version or VersionRef("none", 1),
                    profile=PROFILES[found.un_role],
                    mandate="…",
                ),
            )


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of PS4: submissions screened late, or not yet and the time is over."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        for turn in subject.all(Turn):
            submitted = dates.parse_day(turn.submitted_on)
            version = guideline.base_in_force(submitted, book)
            rules = guideline.profile_of(version, PROFILES[turn.un_role], book) if version else None
            if rules is None:
                continue
            due = calendar.extended(dates.add(submitted, rules.screening_within), book).isoformat()
            if (turn.screened_on or today) > due:
                state = f"on {turn.screened_on}" if turn.screened_on else f"not by {today}"
                yield Broken(rule="PS4", kind="omission", subject=subject.id, who="registry",
                             reason=f"submitted on {turn.submitted_on}, to be screened by {due}, "
                             f"screened {state}")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    PartnershipSubmitted,
    PartnershipScreened,
    PartnershipListed,
)
