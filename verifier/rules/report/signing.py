"""Further signatures of a report: it takes effect once all have signed whom its profile asks to.

- RE11 A signature is given to the newest submission, in its time, in a slot that it awaits; RE1 and
       RE4 hold still. [R80]
- RE12 Who signs is another than the author; a partner's or an auditor's
       is another than the one that submitted it, and an auditor's is no partner. [R84]

A report of the lead UN entity and the secretariat is signed by both, in either order: the second
signature makes it a submission. Sources: R80, R84; domain C4.2, C5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import ClassVar, Final, Literal

import msgspec

from verifier.event import Event
from verifier.rules import dates, partnership
from verifier.rules.authority.state import Actor, organization_of, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, EventRef
from verifier.rules.guideline import Profile
from verifier.rules.partnership import Partnership
from verifier.rules.report.state import (
    REPORTING,
    SIGNED,
    Report,
    Slot,
    clock_of,
    key_of,
    named,
    on_stream,
    unmet_named,
    unmet_once,
    within,
)

__all__ = ["EVENTS", "ReportCosigned", "awaited", "is_local", "state_office", "unmet_awaits"]

SLOTS: Final[dict[str, tuple[Slot, ...]]] = {
    "secretariat": ("secretariat",),
    "secretariat_and_partner": ("secretariat", "partner"),
    "secretariat_and_local_partner": ("secretariat", "local_partner"),
    "lead_un_entity_and_secretariat": ("lead_un_entity", "secretariat"),
    "lead_un_entity_secretariat_and_auditor": ("lead_un_entity", "secretariat", "auditor"),
}
"""Who signs a report, by the profile's ``report_signatures``."""

Author = Literal["secretariat", "lead", "state"]
"""Who submits a report of the partnership."""

state_office: Final = role("member_state_office")


def awaited(
    kind: str, profile: Profile, *, by: Author = "secretariat", local: bool = False
) -> tuple[Slot, ...]:
    """Return whose signatures a report still awaits after its author's (RE10).

    The author is the secretariat, or the lead: that one signs as the lead UN entity where one is to
    sign, and in the secretariat's place otherwise. An office of a State signs in no slot. Where the
    author is ``local`` itself, another partner signs beside it, from wherever it is.
    """
    if kind not in SIGNED:
        return ()
    slots = SLOTS.get(profile.report_signatures, ("secretariat",))
    if local:
        slots = tuple("partner" if slot == "local_partner" else slot for slot in slots)
    own = {"lead": slots[0], "state": None}.get(by, "secretariat")
    return tuple(slot for slot in slots if slot != own)


def unmet_awaits(
    stated: tuple[Slot, ...], kind: str, profile: Profile, entry: Entry, book: Book, *, local: bool
) -> Iterator[Unmet]:
    """Yield what is not met of RE10 by the signatures that a version states it awaits."""
    found = partnership.of(book.subject(entry.event.subject))
    if found is None:
        return
    awaits = awaited(kind, profile, by=_author(kind, entry, found, book), local=local)
    if sorted(stated) != sorted(awaits):
        yield Unmet(rule="RE10", reason=f"it awaits: {', '.join(awaits) or 'nobody'}")


def _author(kind: str, entry: Entry, found: Partnership, book: Book) -> Author:
    if entry.actor == found.secretariat:
        return "secretariat"
    if organization_of(entry.actor, book) == found.lead:
        return "lead"
    state = kind == "national" and state_office.holds(entry.actor, entry, book)
    return "state" if state else "secretariat"


def _in_slot(capacity: Capacity, slot: Slot) -> Capacity:
    """Narrow a capacity to signatures in a slot."""

    def holds(actor: str, entry: Entry, book: Book) -> bool:
        body = entry.body
        return (
            isinstance(body, ReportCosigned)
            and body.slot == slot
            and organization_of(actor, book) == body.organization
            and capacity.holds(actor, entry, book)
        )

    return Capacity(capacity.name, holds)


def _is_un_partner(actor: str, entry: Entry, book: Book) -> bool:
    """Say whether an actor acts for the UN entity that leads, or for one where none does."""
    found = partnership.of(book.subject(entry.event.subject))
    if found is None:
        return False
    entities = [p.organization for p in found.partners if p.stakeholder_type == "un_entity"]
    able = [found.lead] if found.lead in entities else entities
    return organization_of(actor, book) in able


def is_local(organization: str, found: Partnership, book: Book) -> bool:
    """Say whether an organization is a government, or of one of the countries."""
    whose = book.thing(organization, "actor", Actor)
    governs = ("government", "local_government")
    return whose is not None and (
        whose.stakeholder_type in governs or whose.country in found.countries
    )


def _is_local_partner(actor: str, entry: Entry, book: Book) -> bool:
    found = partnership.of(book.subject(entry.event.subject))
    organization = organization_of(actor, book)
    return (
        found is not None
        and partnership.is_partner(found, organization)
        and is_local(organization, found, book)
    )


un_partner = Capacity("the UN entity that leads, or one that takes part", _is_un_partner)
local_partner = Capacity("a local partner", _is_local_partner)


class ReportCosigned(Body, frozen=True, kw_only=True):
    """Another signs a report; with the last signature it is submitted (RE11, RE12)."""

    TYPE: ClassVar[str] = "ReportCosigned/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        _in_slot(partnership.secretariat, "secretariat"),
        _in_slot(un_partner, "lead_un_entity"),
        _in_slot(partnership.partner, "partner"),
        _in_slot(local_partner, "local_partner"),
        _in_slot(role("independent_auditor"), "auditor"),
    )
    MISSION: ClassVar[tuple[int, ...]] = (80, 84)

    report: EventRef
    slot: Slot
    organization: ActorId

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the organization that it is signed for."""
        return (self.organization,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE11 and RE12."""
        yield from unmet_named("RE11", self.report, ("unsigned",), entry, book)
        subject, report = book.subject(entry.event.subject), on_stream(entry, book)
        found = partnership.of(subject)
        profile = found and partnership.profile_of(found, book)
        if report is None or found is None or not profile:
            return
        if found.listing not in REPORTING:
            yield Unmet(rule="RE11", reason=f"the partnership is {found.listing}")
        if self.slot not in report.awaits:
            yield Unmet(rule="RE11", reason=f"it awaits: {', '.join(report.awaits) or 'nobody'}")
        if not report.is_to_be_signed(dates.day_of(entry.at), profile.cosign_within):
            yield Unmet(rule="RE11", reason=f"submitted on {report.filed_on}, it could be signed "
                        f"for {profile.cosign_within}", hint="submit it again")  # fmt: skip
        yield from self._unmet_another(report, found, entry)
        clock = clock_of(found, subject, profile)
        if report.obligation is not None and clock is not None:
            owed = clock.obligation(report.obligation)
            yield from unmet_once("RE11", owed, profile, entry, book)

    def _unmet_another(self, report: Report, found: Partnership, entry: Entry) -> Iterator[Unmet]:
        if entry.actor == report.author:
            yield Unmet(rule="RE12", reason=f"{entry.actor} submitted it", hint="let another sign")
        elif self.slot not in ("secretariat", "lead_un_entity") and (
            self.organization == report.organization
            or (self.slot == "auditor" and partnership.is_partner(found, self.organization))
        ):
            yield Unmet(rule="RE12", reason=f"{self.organization} is not another organization",
                        hint="let another sign")  # fmt: skip

    def in_time_until(self, entry: Entry, book: Book) -> date | None:
        """Return the last day on which it can be signed."""
        report = on_stream(entry, book)
        return within(entry, book, report.filed_on, "cosign_within") if report else None

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Count the signature; with the last one the report is submitted."""
        report = named(entry, subject)
        awaits = tuple(slot for slot in report.awaits if slot != self.slot)
        report = msgspec.structs.replace(report, awaits=awaits)
        if not awaits:
            report = msgspec.structs.replace(
                report, state="submitted", submitted_at=entry.at,
                submitted_on=dates.day_text(entry.at),
            )  # fmt: skip
        yield key_of(entry), report

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer every signature that a report awaits."""
        for report in subject.all(Report):
            for slot in report.awaits:
                yield report.ref.stream, cls(
                    report=report.ref, slot=slot, organization=report.organization  # type: ignore[arg-type]
                )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (ReportCosigned,)
