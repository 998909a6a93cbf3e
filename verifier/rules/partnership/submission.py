"""A partnership asks to be listed: who stands in it, what it is for, who signs for the UN in it.

- PA1 A partnership is submitted once, and again only after it was returned, lapsed or was
      withdrawn, or while its submission waits for a UN partner's signature.
- PA2 Its partners are registered organizations that count for themselves, none twice, each with the
      stakeholder type on record and the sector that follows from it; exactly one leads, and is
      named as the lead.
- PA3 A multi-stakeholder partnership has partners of at least two sectors, one of them public or
      civil society (decision D4.31). [R20]
- PA4 A UN role fits the partners: «led» if the lead is a UN entity, «participating» if another
      partner is, «none» otherwise. It counts over the own signature of the UN entity that leads, or
      of one that takes part: on the submission, or beside it as a cosignature. [R22]
- PA5 Its first and last day exist, in this order; a last day after 2030 has a reason.
- PA6 Its one to three priority goals are among the goals of its targets; no target twice.
      [R33, R34]
- PA7 Its secretariat is a registered actor that neither keeps the register nor reviews, decides or
      hears appeals.
- PA8 A national priority that it names is of a country where it is at work, and none stands twice.
      [R95]
- PA9 What is cosigned is the newest submission, and waits for just that. [R22]

A submission takes effect once it is signed as PA4 asks; nothing is screened before. Sources: R17,
R20 to R22, R25, R33, R34, R40, R65, R95; domain C2.2; decision D4.31.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import dates
from verifier.rules.authority.scope import Place
from verifier.rules.authority.state import organization_of
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Alpha3, Day, EventRef, SdgTarget, Texts
from verifier.rules.partnership.partners import (
    un_role,
    unmet_partner,
    unmet_priorities,
    unmet_secretariat,
    unmet_sectors,
    unmet_span,
)
from verifier.rules.partnership.state import (
    Budget,
    Confirmed,
    Details,
    Governance,
    MonitoringPlan,
    NationalPriority,
    Partner,
    Partnership,
    entities,
    memberships,
    of,
)
from verifier.rules.partnership.terms import profile_name

__all__ = ["EVENTS", "PartnershipSubmitted", "SubmissionCosigned", "Turn", "submitter"]

AGAIN: Final = ("returned", "lapsed", "withdrawn")
"""After which of these a partnership may be submitted again."""


class Turn(msgspec.Struct, frozen=True):
    """A submission's turn in the screening; the thing ``turn:<seq>`` of its partnership.

    It begins when the submission takes effect.
    """

    profile: str
    submitted_on: str
    screened_on: str | None = None


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


submitter = Capacity("the secretariat, the lead or a UN partner that it names", _is_submitter)


class PartnershipSubmitted(Body, frozen=True, kw_only=True):
    """A partnership asks to be listed (PA1 to PA8)."""

    TYPE: ClassVar[str] = "PartnershipSubmitted/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (submitter,)
    MISSION: ClassVar[tuple[int, ...]] = (17, 20, 21, 22, 25, 33, 34, 40, 65, 95)

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
    monitoring_plan: MonitoringPlan
    governance: Governance
    complementarity_statement: Texts
    national_priorities: (
        Annotated[tuple[NationalPriority, ...], Meta(min_length=1, max_length=60)] | None
    ) = None
    un_signature: ActorId | None = None
    """The UN partner that signs this itself; without it a UN role waits for a cosignature."""
    budget: Budget | None = None

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the partners and the secretariat."""
        return (self.lead, self.secretariat, *(p.organization for p in self.partners))

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PA1 to PA8."""
        before = of(book.subject(entry.event.subject))
        if before is not None and before.listing not in AGAIN and not before.waits_for_un:
            yield Unmet(rule="PA1", reason=f"the partnership is {before.listing}")
        yield from self._unmet_partners(book)
        if self.initiative_kind == "msp":
            yield from unmet_sectors("PA3", self.partners)
        yield from self._unmet_un_role(entry, book)
        yield from unmet_span("PA5", self.start, self.planned_end, self.planned_end_reason)
        goals = {int(target.partition(".")[0]) for target in self.sdg_targets}
        if not goals.issuperset(self.priority_goals):
            yield Unmet(rule="PA6", reason="a priority goal has no target here")
        if len(set(self.sdg_targets)) < len(self.sdg_targets):
            yield Unmet(rule="PA6", reason="a target stands twice")
        yield from unmet_secretariat("PA7", self.secretariat, entry, book)
        yield from unmet_priorities("PA8", self.national_priorities or (), self.countries)

    def _unmet_partners(self, book: Book) -> Iterator[Unmet]:
        for p in self.partners:
            yield from unmet_partner("PA2", p, book)
        if len({p.organization for p in self.partners}) < len(self.partners):
            yield Unmet(rule="PA2", reason="an organization stands twice")
        if [p.organization for p in self.partners if p.role == "lead"] != [self.lead]:
            yield Unmet(rule="PA2", reason=f"{self.lead} is not the one partner that leads")

    def _unmet_un_role(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        fits = un_role(self.lead, self.partners)
        if self.un_role != fits:
            yield Unmet(rule="PA4", reason=f"the partners make it {fits}, not {self.un_role}")
        if self.un_signature is not None:
            yield from _unmet_signature("PA4", self.un_signature, self, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the partnership on record, and what it is about; its earlier moves stay."""
        before = of(subject)
        found = Partnership(
            ref=entry.ref, title=self.title, lead=self.lead, partners=self.partners,
            secretariat=self.secretariat, un_role=self.un_role, scale=self.scale,
            countries=self.countries, sdg_targets=self.sdg_targets,
            initiative_kind=self.initiative_kind, start=self.start, planned_end=self.planned_end,
            budget=self.budget, listing="submitted", un_signature=self.un_signature,
            moves=before.moves if before is not None else (),
        )  # fmt: skip
        yield "partnership", found
        if before is not None:
            today = dates.day_text(entry.at)
            yield from memberships(before.partners, self.partners, today, subject)
        yield "confirmed", Confirmed(entry.ref, dates.day_text(entry.at))
        yield "details", Details(**{n: getattr(self, n) for n in Details.__struct_fields__})
        goals = tuple(sorted({int(target.partition(".")[0]) for target in self.sdg_targets}))
        yield "place", Place(self.countries, goals, entities(self.partners))
        if not found.waits_for_un:
            yield _turn(found, entry)


def _turn(found: Partnership, entry: Entry) -> Change:
    return f"turn:{found.ref.seq}", Turn(profile_name(found), dates.day_text(entry.at))


def _unmet_signature(
    rule: str, signature: str, of_: PartnershipSubmitted | Partnership, entry: Entry, book: Book
) -> Iterator[Unmet]:
    """Yield, under a rule, why an event does not bear the own signature of the UN entity asked."""
    if organization_of(entry.event.iss, book) != signature:
        yield Unmet(rule=rule, reason=f"{signature} did not sign this itself", who=signature)
    if of_.un_role == "led" and signature != of_.lead:
        yield Unmet(rule=rule, reason=f"{signature} does not lead", who=of_.lead)
    elif signature not in entities(of_.partners):
        yield Unmet(rule=rule, reason=f"{signature} is no UN partner", who=un_partner.name)


def _is_un_partner(actor: str, entry: Entry, book: Book) -> bool:
    found = of(book.subject(entry.event.subject))
    return found is not None and organization_of(actor, book) in entities(found.partners)


un_partner = Capacity("a UN partner", _is_un_partner)


class SubmissionCosigned(Body, frozen=True, kw_only=True):
    """A UN partner signs the submission that it stands in; now it takes effect (PA4, PA9)."""

    TYPE: ClassVar[str] = "SubmissionCosigned/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (un_partner,)
    MISSION: ClassVar[tuple[int, ...]] = (22,)

    submission: EventRef
    un_signature: ActorId

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PA4 and PA9."""
        found = of(book.subject(entry.event.subject))
        if found is None or not found.waits_for_un:
            yield Unmet(rule="PA9", reason="no submission waits for a UN partner's signature")
        elif found.ref != self.submission:
            yield Unmet(rule="PA9", reason="it names another submission than the newest",
                        hint="read the newest, then sign that")  # fmt: skip
        else:
            yield from _unmet_signature("PA4", self.un_signature, found, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the submission take effect; its turn in the screening begins."""
        found = subject.things["partnership"]
        yield "partnership", msgspec.structs.replace(found, un_signature=self.un_signature)
        yield _turn(found, entry)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the cosignature to the UN partner that is asked."""
        found = of(subject)
        if found is not None and found.waits_for_un:
            signature = found.lead if found.un_role == "led" else entities(found.partners)[0]
            yield f"{subject.id}/registration", cls(submission=found.ref, un_signature=signature)


EVENTS: Final[tuple[type[Body], ...]] = (PartnershipSubmitted, SubmissionCosigned)
