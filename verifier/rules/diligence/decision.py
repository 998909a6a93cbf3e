"""Due diligence on a partner: its risk is rated, and an office decides.

- DD8 The risk is rated after that; where it is more than low, there is a plan to watch it.
- DD9 It is excluded where the screen found something, and only there; otherwise it is decided after
      the rating, by another than who rated.
- DD10 A substantial or high risk is decided by the executive head.
- DD11 A reservation names itself and the office that approves it: an executive head, or an officer
      of a lead entity, who has not rated it and does not decide it. The approval takes effect once
      that office has signed it itself, and what deciding asks is asked of it again.
- DD12 An approval counts for as long as the profile says, and states its last day.
- DD13 (whole log) A partner of what is listed, whose due diligence has expired or was decided
      against it, is examined anew or has its eligibility lapsed. What is reopened then is decided
      within P90D: to reopen a case and leave it open examines nobody.

Sources: R60, R61, R83; domain B6, C2.6; UNSDG Common Approach to Prospect Research and Due
Diligence (2020), whose four levels of risk these are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Literal

import msgspec

from verifier.event import Event
from verifier.rules import dates, partnership
from verifier.rules.authority.state import Grant, grant_in_force, role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.diligence.case import OfCase, case_of, officer, profile_for, unmet_state
from verifier.rules.diligence.state import Diligence, Lapse, adverse
from verifier.rules.fields import ActorId, Day, EventRef, Texts
from verifier.rules.partnership import UNDECIDED

__all__ = [
    "EVENTS",
    "DueDiligenceDecided",
    "ReservationApproved",
    "Reserved",
    "RiskRated",
    "whole_log",
]

REOPENED_FOR: Final = "P90D"
"""How long a case may be open that was reopened on what stood against its partner (DD13)."""

_HIGHER: Final = ("substantial", "high")
"""The risks that the higher office decides on (DD10)."""

_head: Final = role("executive_head")
_APPROVES: Final = ("executive_head", "lead_entity_officer")


class RiskRated(OfCase, frozen=True, kw_only=True):
    """The risk of the partner is rated (DD5, DD8)."""

    TYPE: ClassVar[str] = "RiskRated/1"
    MISSION: ClassVar[tuple[int, ...]] = (60, 61, 83)

    risk: Literal["low", "moderate", "substantial", "high"]
    text: Texts
    monitoring: Texts | None = None
    """What will be watched, by whom and how often."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DD5 and DD8."""
        yield from super().unmet(entry, book)
        case = case_of(entry, book)
        basic = case is not None and case.depth == "basic"
        yield from unmet_state("DD8", entry, book, *(["screened"] if basic else []), "researched")
        if self.risk != "low" and self.monitoring is None:
            yield Unmet(rule="DD8", reason=f"a {self.risk} risk is watched by a plan")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the rating and who rated."""
        yield self.changed(entry, subject, state="rated", risk=self.risk, rated_by=entry.signers)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the rating of each case that waits for it."""
        for case in subject.all(Diligence):
            ready = "screened" if case.depth == "basic" else "researched"
            if case.state == ready:
                yield case.ref.stream, cls(risk="low", text=UNDECIDED)


class Reserved(msgspec.Struct, frozen=True):
    """A decision that waits for its approving office; the thing ``reserved:<organization>``."""

    ref: EventRef
    body: DueDiligenceDecided
    by: tuple[str, ...]
    """Who decided."""


class DueDiligenceDecided(OfCase, frozen=True, kw_only=True):
    """An office decides whether the organization may be a partner (DD5, DD9 to DD12)."""

    TYPE: ClassVar[str] = "DueDiligenceDecided/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        officer, role("lead_entity_officer"), _head, role("registry"),
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (60, 61, 83)

    outcome: Literal["approved", "approved_with_reservation", "declined", "excluded"]
    reasons: Texts
    valid_until: Day | None = None
    reservation: Texts | None = None
    approving_office: ActorId | None = None

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the approving office."""
        return () if self.approving_office is None else (self.approving_office,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DD5 and DD9 to DD12."""
        yield from super().unmet(entry, book)
        case = case_of(entry, book)
        wanted = "excluded" if self.outcome == "excluded" else "rated"
        waits = ("reserved",) if self.outcome != "excluded" else ()
        yield from unmet_state("DD9", entry, book, wanted, *waits)
        if case is not None and not set(entry.signers).isdisjoint(case.rated_by):
            yield Unmet(rule="DD9", reason="who decides has rated it", hint="let another decide")
        if case is not None and case.risk in _HIGHER and not _head.holds(entry.actor, entry, book):
            yield Unmet(rule="DD10", reason=f"the risk is {case.risk}", who=_head.name)
        yield from self._unmet_reservation(case, entry, book)
        yield from self._unmet_validity(entry, book)

    def _unmet_reservation(
        self, case: Diligence | None, entry: Entry, book: Book
    ) -> Iterator[Unmet]:
        office = self.approving_office
        if self.outcome != "approved_with_reservation":
            if office is not None or self.reservation is not None:
                yield Unmet(rule="DD11", reason="only an approval with reservation has one")
            return
        if self.reservation is None or office is None:
            yield Unmet(rule="DD11", reason="a reservation says what it is, and who approves it")
        elif case is not None and office in case.rated_by:
            yield Unmet(rule="DD11", reason=f"{office} has rated it")
        elif office in entry.signers:
            yield Unmet(rule="DD11", reason=f"{office} decides it", hint="let another approve")
        elif not _may_approve(office, entry, book):
            yield Unmet(rule="DD11", reason=f"{office} may not approve a reservation")

    def _unmet_validity(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        profile = profile_for(book.subject(entry.event.subject), entry.at, book)
        if profile is None:
            return
        until = dates.add(dates.day_of(entry.at), profile.due_diligence_valid).isoformat()
        if self.valid_until != (until if self.outcome.startswith("approved") else None):
            yield Unmet(rule="DD12", reason=f"an approval counts until {until}, and nothing else "
                        "has a last day")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Decide the case, or let the decision wait for its approving office."""
        if self.outcome == "approved_with_reservation":
            key = "reserved:" + entry.event.stream.rpartition("/")[2]
            yield key, Reserved(entry.ref, self, entry.signers)
            yield self.changed(entry, subject, state="reserved")
            return
        yield self.changed(
            entry, subject, state="decided", outcome=self.outcome, valid_until=self.valid_until
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the decision of each case that waits for it."""
        for case in subject.all(Diligence):
            if case.state == "excluded":
                yield case.ref.stream, cls(outcome="excluded", reasons=UNDECIDED)
            elif case.state == "rated":
                yield case.ref.stream, cls(outcome="declined", reasons=UNDECIDED)


def _is_approving(actor: str, entry: Entry, book: Book) -> bool:
    found = _reserved(entry, book)
    return found is not None and found.body.approving_office == actor


def _reserved(entry: Entry, book: Book) -> Reserved | None:
    key = "reserved:" + entry.event.stream.rpartition("/")[2]
    return book.thing(entry.event.subject, key, Reserved)


approving: Final = Capacity("the approving office", _is_approving)


class ReservationApproved(OfCase, frozen=True, kw_only=True):
    """The approving office signs an approval with reservation, which takes effect (DD5, DD11)."""

    TYPE: ClassVar[str] = "ReservationApproved/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (approving,)
    MISSION: ClassVar[tuple[int, ...]] = (60, 61, 83)

    decision: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DD5 and DD11."""
        yield from super().unmet(entry, book)
        yield from unmet_state("DD11", entry, book, "reserved")
        found, case = _reserved(entry, book), case_of(entry, book)
        if found is None or found.ref != self.decision:
            yield Unmet(rule="DD11", reason="it does not name the decision that waits here",
                        who=officer.name)  # fmt: skip
            return
        concerned = {*found.by, *(case.rated_by if case is not None else ())}
        for signer in entry.signers:
            if signer in concerned:
                yield Unmet(rule="DD11", reason=f"{signer} has rated or decided it")
        if not _may_approve(entry.actor, entry, book):
            yield Unmet(rule="DD11", reason=f"{entry.actor} may not approve a reservation")
        until = found.body.valid_until
        if until is not None and until < dates.day_text(entry.at):
            yield Unmet(rule="DD11", reason=f"the approval would have counted until {until}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the approval take effect."""
        waits: Reserved = subject.things["reserved:" + entry.event.stream.rpartition("/")[2]]
        yield self.changed(
            entry, subject, state="decided", outcome=waits.body.outcome,
            valid_until=waits.body.valid_until,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the approval of each reservation that waits for it."""
        for waits in subject.all(Reserved):
            case = subject.get("diligence:" + waits.ref.stream.rpartition("/")[2], Diligence)
            if case is not None and case.state == "reserved":
                yield waits.ref.stream, cls(decision=waits.ref)


def _may_approve(office: str, entry: Entry, book: Book) -> bool:
    return any(
        grant.role in _APPROVES and grant_in_force(grant, entry.at)
        for grant in book.subject(office).all(Grant)
    )


def _left_open(case: Diligence, today: str) -> str:
    """Return what stood against a partner when its case was reopened, and left undecided since."""
    if case.outcome or not case.against:
        return ""
    last = dates.add(dates.parse_day(case.reopened_on), REOPENED_FOR).isoformat()
    return f"{case.against}, and not decided by {last}" if last < today else ""


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is not met of DD13."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        found = partnership.of(subject)
        if found is None or found.listing not in ("listed", "suspended"):
            continue
        for case in subject.all(Diligence):
            against = adverse(case, today) or _left_open(case, today)
            lapse = subject.get("lapse:" + case.organization, Lapse)
            if not against or (lapse is not None and not lapse.ended):
                continue
            if partnership.is_partner(found, case.organization):
                yield Broken(
                    rule="DD13", subject=subject.id, kind="omission", who=officer.name,
                    reason=f"the due diligence on {case.organization}: {against}",
                )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (RiskRated, DueDiligenceDecided, ReservationApproved)
