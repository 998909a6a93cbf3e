"""A partnership goes on in another, which takes over its case and its dues.

- MG1 A partnership is merged into another that is listed; it is itself listed or suspended, and no
      merger waits.
- MG2 The survivor signs for itself: its secretariat or lead accepts the newest proposal and takes
      over as secretariat and lead whatever is still owed, the case included. A lead that is no
      partner here signs itself, and becomes one, as what the survivor's record has it.
- MG3 While a removal case is open or a report is owed, the partnership stays as it is, led by the
      survivor; the registry concludes the merger once neither is so.

Commitments stay with the organizations that made them. Sources: R28; domain C2.2, C3; decision
D3.23.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import dates, partnership
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.fields import ActorId, Code, EventRef, Texts
from verifier.rules.partnership.partners import belongs
from verifier.rules.partnership.state import (
    ON_THE_REGISTER,
    Partner,
    Partnership,
    Sector,
    is_partner,
    moved,
    of,
    profile_of,
)
from verifier.rules.standing import owed

__all__ = ["EVENTS", "MergedInto", "Merger", "MergerAccepted", "MergerConcluded"]

PartnershipId = Annotated[str, Meta(pattern=r"^p-[a-z0-9][a-z0-9._:-]{0,61}\Z")]

registry: Final = role("registry")


class Merger(msgspec.Struct, frozen=True):
    """The newest merger of a partnership into another; the thing ``merger`` of what is merged."""

    ref: EventRef
    into: str
    state: str = "proposed"
    """proposed, accepted or concluded."""


def _merger(entry: Entry, book: Book) -> Merger | None:
    return book.thing(entry.event.subject, "merger", Merger)


class MergedInto(Body, frozen=True, kw_only=True):
    """A partnership asks to go on in another; it does once that accepts (MG1)."""

    TYPE: ClassVar[str] = "MergedInto/1"
    STREAM: ClassVar[str] = "p-*/merger"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.lead)
    MISSION: ClassVar[tuple[int, ...]] = (28,)

    survivor: PartnershipId
    reason: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the survivor."""
        return (self.survivor,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MG1."""
        yield from _unmet_pair(entry.event.subject, self.survivor, book)
        before = _merger(entry, book)
        if before is not None and before.state == "accepted":
            yield Unmet(rule="MG1", reason=f"it is being merged into {before.into}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the proposal on record, in place of an earlier one."""
        yield "merger", Merger(entry.ref, self.survivor)


def _unmet_pair(own: str, survivor: str, book: Book) -> Iterator[Unmet]:
    here, there = of(book.subject(own)), of(book.subject(survivor))
    if here is None or here.listing not in ON_THE_REGISTER:
        yield Unmet(rule="MG1", reason=f"{own} is not on the register")
    if there is None or there.listing != "listed" or own == survivor:
        yield Unmet(rule="MG1", reason=f"{survivor} is no other partnership that is listed")


def _acts_for_survivor(actor: str, entry: Entry, book: Book) -> bool:
    body, merger = entry.body, _merger(entry, book)
    if not isinstance(body, MergerAccepted) or merger is None or merger.into != body.survivor:
        return False
    there = of(book.subject(body.survivor))
    return there is not None and (
        actor == there.secretariat or organization_of(actor, book) == there.lead
    )


survivor: Final = Capacity("secretariat or lead of the survivor", _acts_for_survivor)


class MergerAccepted(Body, frozen=True, kw_only=True):
    """The survivor takes the partnership over, with its case and its dues (MG1, MG2)."""

    TYPE: ClassVar[str] = "MergerAccepted/1"
    STREAM: ClassVar[str] = "p-*/merger"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (survivor,)
    MISSION: ClassVar[tuple[int, ...]] = (28,)

    merger: EventRef
    survivor: PartnershipId
    secretariat: ActorId
    """The survivor's, which acts for what is merged from now on."""
    lead: ActorId
    sector: Sector
    """The lead's, as the next one: as the survivor's record has it."""
    stakeholder_type: Code

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the survivor."""
        return (self.survivor,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MG1 and MG2."""
        yield from _unmet_pair(entry.event.subject, self.survivor, book)
        merger, there = _merger(entry, book), of(book.subject(self.survivor))
        if merger is None or merger.state != "proposed" or merger.ref != self.merger:
            yield Unmet(rule="MG2", reason="no such merger is proposed",
                        who=partnership.secretariat.name)  # fmt: skip
        if there is not None and (there.secretariat, there.lead) != (self.secretariat, self.lead):
            yield Unmet(rule="MG2", reason=f"{there.secretariat} acts for the survivor, "
                        f"{there.lead} leads it")  # fmt: skip
        elif there is not None:
            yield from self._unmet_lead(there, entry, book)

    def _unmet_lead(self, there: Partnership, entry: Entry, book: Book) -> Iterator[Unmet]:
        known = _leading(there)
        if (known.sector, known.stakeholder_type) != (self.sector, self.stakeholder_type):
            yield Unmet(rule="MG2", reason=f"{self.lead} is {known.stakeholder_type} there, of the "
                        f"sector {known.sector}")  # fmt: skip
        here = of(book.subject(entry.event.subject))
        itself = organization_of(entry.event.iss, book) == self.lead
        if here is not None and not is_partner(here, self.lead) and not itself:
            yield Unmet(rule="MG2", reason=f"{self.lead} is no partner here and did not sign "
                        "this itself", who=self.lead)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the survivor act for what is merged, and its lead lead it."""
        yield "merger", msgspec.structs.replace(subject.things["merger"], state="accepted")
        found: Partnership = subject.things["partnership"]
        parts = {found.lead: "partner", self.lead: "lead"}
        partners = tuple(
            msgspec.structs.replace(p, role=parts.get(p.organization, p.role))
            for p in found.partners
        )
        if not is_partner(found, self.lead):
            joins = Partner(self.lead, "lead", self.sector, self.stakeholder_type)
            partners = (*partners, joins)
        for key, thing in belongs(partners, self.lead, dates.day_text(entry.at), subject):
            if key == "partnership":
                yield key, msgspec.structs.replace(thing, secretariat=self.secretariat)
            else:
                yield key, thing

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the acceptance to the survivor."""
        merger = subject.get("merger", Merger)
        there = of(book.subject(merger.into)) if merger is not None else None
        if merger is not None and merger.state == "proposed" and there is not None:
            known = _leading(there)
            yield merger.ref.stream, cls(
                merger=merger.ref, survivor=merger.into, secretariat=there.secretariat,
                lead=there.lead, sector=known.sector, stakeholder_type=known.stakeholder_type,
            )  # fmt: skip


def _leading(there: Partnership) -> Partner:
    """Return the partner that leads a partnership."""
    return next(p for p in there.partners if p.organization == there.lead)


class MergerConcluded(Body, frozen=True, kw_only=True):
    """The registry takes off the register what goes on in another (MG3)."""

    TYPE: ClassVar[str] = "MergerConcluded/1"
    STREAM: ClassVar[str] = "p-*/merger"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (28,)

    merger: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MG3."""
        subject = book.subject(entry.event.subject)
        merger, found = subject.get("merger", Merger), of(subject)
        if merger is None or merger.state != "accepted" or merger.ref != self.merger:
            yield Unmet(rule="MG3", reason="the survivor has not accepted", who=survivor.name)
        if found is None or found.listing not in ON_THE_REGISTER:
            yield Unmet(rule="MG3", reason="the partnership is not on the register")
            return
        if cases.open_case(subject) is not None:
            yield Unmet(rule="MG3", reason="a removal case is open", who=registry.name)
        profile = profile_of(found, book)
        due = owed(found, subject, profile, dates.day_of(entry.at), book) if profile else ()
        for one in due:
            yield Unmet(rule="MG3", reason=f"report {one.k}, due on {one.due}, is not accepted",
                        who=found.secretariat)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the listing."""
        yield "merger", msgspec.structs.replace(subject.things["merger"], state="concluded")
        found = subject.things["partnership"]
        yield "partnership", moved(found, "merged", entry)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the conclusion of an accepted merger."""
        merger = subject.get("merger", Merger)
        if merger is not None and merger.state == "accepted":
            yield merger.ref.stream, cls(merger=merger.ref)


EVENTS: Final[tuple[type[Body], ...]] = (MergedInto, MergerAccepted, MergerConcluded)
