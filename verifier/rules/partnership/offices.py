"""Who leads a partnership and who is its secretariat, and how each is replaced.

- SE1 The lead and the secretariat change while the partnership is listed or suspended, or was
      removed or withdrew under a case: it owes reports then, and may come back, so its offices are
      not left orphaned.
- SE2 The lead is handed on by the lead or the secretariat to another partner, which takes it over
      itself; so a UN entity leads by its own signature alone. [R22]
- SE3 The secretariat is replaced by the lead and a partner of another organization together, so
      that an orphaned one is no dead end; the new one neither keeps the register nor reviews,
      decides or hears appeals, so that no partnership bars its judges by naming them. [R41]

Sources: R22, R41; domain C2.2; decisions D2.12, D3.25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

import msgspec

from verifier.event import Event
from verifier.rules import dates
from verifier.rules.authority.state import organization_of
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, EventRef, Texts
from verifier.rules.partnership import state
from verifier.rules.partnership.partners import belongs, unmet_secretariat
from verifier.rules.partnership.state import ON_THE_REGISTER, Partnership, is_partner, of

__all__ = [
    "EVENTS",
    "LeadHandedOver",
    "LeadTakenOver",
    "SecretariatReplaced",
    "SecretariatReplacementConfirmed",
]


REPLACED: Final = (*ON_THE_REGISTER, "removed", "withdrawn_under_case")
"""In which of these a partnership's offices are replaced."""


def _unmet_standing(entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of SE1."""
    found = of(book.subject(entry.event.subject))
    if found is None or found.listing not in REPLACED:
        state = "not on record" if found is None else found.listing.replace("_", " ")
        yield Unmet(rule="SE1", reason=f"the partnership is {state}", who="registry")


class Replacement(msgspec.Struct, frozen=True):
    """Who is to take an office of the partnership; the things ``next:lead``, ``next:secretariat``.

    It waits for the word that completes it.
    """

    ref: EventRef
    to: str
    waits: bool = True


class LeadHandedOver(Body, frozen=True, kw_only=True):
    """The lead is to be another partner's; it is once that takes it over (SE1, SE2)."""

    TYPE: ClassVar[str] = "LeadHandedOver/1"
    STREAM: ClassVar[str] = "p-*/lead"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (state.lead, state.secretariat)
    MISSION: ClassVar[tuple[int, ...]] = (22,)

    to: ActorId
    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SE1 and SE2."""
        yield from _unmet_standing(entry, book)
        found = of(book.subject(entry.event.subject))
        if found is not None and (found.lead == self.to or not is_partner(found, self.to)):
            yield Unmet(rule="SE2", reason=f"{self.to} is no other partner")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note who is to lead."""
        yield "next:lead", Replacement(entry.ref, self.to)


def _is_next_lead(actor: str, entry: Entry, book: Book) -> bool:
    found = book.thing(entry.event.subject, "next:lead", Replacement)
    return found is not None and organization_of(actor, book) == found.to


next_lead: Final = Capacity("the partner that is to lead", _is_next_lead)


class LeadTakenOver(Body, frozen=True, kw_only=True):
    """The partner that is to lead takes the lead over (SE1, SE2)."""

    TYPE: ClassVar[str] = "LeadTakenOver/1"
    STREAM: ClassVar[str] = "p-*/lead"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (next_lead,)
    MISSION: ClassVar[tuple[int, ...]] = (22,)

    handover: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SE1 and SE2."""
        yield from _unmet_standing(entry, book)
        subject = book.subject(entry.event.subject)
        wanted, found = subject.get("next:lead", Replacement), of(subject)
        if wanted is None or not wanted.waits or wanted.ref != self.handover:
            yield Unmet(rule="SE2", reason="no such handing over waits", who=state.lead.name)
            return
        if found is not None and not is_partner(found, wanted.to):
            yield Unmet(rule="SE2", reason=f"{wanted.to} is no partner any more")
        if organization_of(entry.event.iss, book) != wanted.to:
            yield Unmet(rule="SE2", reason=f"{wanted.to} did not sign this itself", who=wanted.to)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the partner lead."""
        wanted: Replacement = subject.things["next:lead"]
        yield "next:lead", msgspec.structs.replace(wanted, waits=False)
        found: Partnership = subject.things["partnership"]
        parts = {found.lead: "partner", wanted.to: "lead"}
        partners = tuple(
            msgspec.structs.replace(p, role=parts.get(p.organization, p.role))
            for p in found.partners
        )
        yield from belongs(partners, wanted.to, dates.day_text(entry.at), subject)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the lead to the partner that is to have it."""
        wanted = subject.get("next:lead", Replacement)
        if wanted is not None and wanted.waits:
            yield wanted.ref.stream, cls(handover=wanted.ref)


class SecretariatReplaced(Body, frozen=True, kw_only=True):
    """The lead names another secretariat; it acts once another partner confirms (SE1, SE3)."""

    TYPE: ClassVar[str] = "SecretariatReplaced/1"
    STREAM: ClassVar[str] = "p-*/secretariat"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (state.lead,)
    MISSION: ClassVar[tuple[int, ...]] = (41,)

    to: ActorId
    reason: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the new secretariat."""
        return (self.to,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SE1 and SE3."""
        yield from _unmet_standing(entry, book)
        found = of(book.subject(entry.event.subject))
        yield from unmet_secretariat("SE3", self.to, entry, book)
        if found is not None and found.secretariat == self.to:
            yield Unmet(rule="SE3", reason=f"{self.to} is the secretariat")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note who is to be the secretariat."""
        yield "next:secretariat", Replacement(entry.ref, self.to)


class SecretariatReplacementConfirmed(Body, frozen=True, kw_only=True):
    """A further partner confirms the new secretariat, which acts from now on (SE1, SE3)."""

    TYPE: ClassVar[str] = "SecretariatReplacementConfirmed/1"
    STREAM: ClassVar[str] = "p-*/secretariat"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (state.partner,)
    MISSION: ClassVar[tuple[int, ...]] = (41,)

    replacement: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of SE1 and SE3."""
        yield from _unmet_standing(entry, book)
        subject = book.subject(entry.event.subject)
        wanted, found = subject.get("next:secretariat", Replacement), of(subject)
        if wanted is None or not wanted.waits or wanted.ref != self.replacement:
            yield Unmet(rule="SE3", reason="no such replacement waits", who=state.lead.name)
        if found is not None and any(
            organization_of(signer, book) == found.lead for signer in entry.signers
        ):
            yield Unmet(rule="SE3", reason="the lead does not confirm its own choice",
                        who=state.partner.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the new secretariat act."""
        wanted: Replacement = subject.things["next:secretariat"]
        yield "next:secretariat", msgspec.structs.replace(wanted, waits=False)
        found = subject.things["partnership"]
        yield "partnership", msgspec.structs.replace(found, secretariat=wanted.to)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the confirmation of the secretariat that is to act."""
        wanted = subject.get("next:secretariat", Replacement)
        if wanted is not None and wanted.waits:
            yield wanted.ref.stream, cls(replacement=wanted.ref)


EVENTS: Final[tuple[type[Body], ...]] = (
    LeadHandedOver,
    LeadTakenOver,
    SecretariatReplaced,
    SecretariatReplacementConfirmed,
)
