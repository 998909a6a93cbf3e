"""The decision on a removal by two offices, the removal itself, and the closing of a case.

- RD1 A decision names the open case, which awaits one: not yet decided, sent back by the appeal
      panel, or lapsed to the offices with an appeal that was not decided in time.
- RD2 A removal asks the whole way to it (CS2 to CS9), at the proposal and again at each
      endorsement, so that a late report stops it at any moment; a dismissal does not.
- RD3 Its evidence list is complete (EV1 to EV4), and the appeal window it states is the one of the
      case's guideline version. [R89]
- RD4 It is decided by offices of the registry: distinct offices, distinct keys, no machine, none
      that is a party.
- RM1 A removal names the decision that stands, and asks the whole way (CS1 to CS11). [R86]
- RM2 It takes effect on the day on which it is recorded: an earlier day is back-dating, and nothing
      happens on a later day by itself. [R86]
- CC1 A case is closed as cured once the report was accepted, and then in no other way.
- CC2 The registry withdraws a case only while it awaits a decision.
- CC3 A dismissal gives a new due day for the report, the profile's time ahead, as a successful
      appeal does; a day that was moved further on stays.
- CC4 A case with a suspension ends with its lift, or by a decision.
- RD5 Offices decide on the light track alone; on the others a body does.

Sources: domain C4.3 steps 7 and 10; decisions D2.11, D3.18 to D3.21.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Final, Literal

import msgspec

from verifier.rules import dates, evidence, guideline, partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import RemovalCase, RemovalDecision, Signer, registry
from verifier.rules.evidence import Answer, Items, Parts
from verifier.rules.fields import Day, Duration, EventRef, LocalId, Symbol, Texts, VersionRef
from verifier.rules.partnership import UNDECIDED
from verifier.rules.proposal import Proposal, ProposalBody
from verifier.rules.review.state import free_stream
from verifier.rules.standing import DueMoved, standing_at

__all__ = [
    "EVENTS",
    "CaseClosed",
    "PartnershipRemoved",
    "RemovalDecisionProposed",
    "ended",
    "fresh",
    "listed_again",
]


def ended(case: RemovalCase, entry: Entry, ground: str) -> RemovalCase:
    """Return a case as it ends at an event, or the one that it had taken over, which goes on.

    A case that goes on without a suspension has a new final notice: the partnership could not reply
    in the meantime.
    """
    if case.before is not None and ground != "removed":
        return msgspec.structs.replace(
            case.before, resumed_on=dates.day_text(entry.at),
            final=case.before.final if case.before.suspension else None,
        )  # fmt: skip
    return msgspec.structs.replace(
        case, ended_on=dates.day_of(entry.at).isoformat(), ground=ground,
        signers=(*case.signers, *cases.signers_of(entry)),
    )  # fmt: skip


def fresh(case: RemovalCase, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
    """Yield the new due day of the report that a failed removal was about (CC3).

    A day that a decision moved further on stays.
    """
    found = partnership.of(subject)
    further = found.further if found else ()
    rules = guideline.profile_under(case.guideline, further, case.profile, book)
    if case.track == "integrity" or rules is None:
        return
    key = f"due:{case.clock_from}:{case.obligation}"
    moved = subject.get(key, DueMoved)
    day = dates.add(dates.day_of(entry.at), rules.due_after_overturn).isoformat()
    if moved is None or moved.due < day:
        yield key, DueMoved(case.clock_from, case.obligation, day, entry.ref)


def listed_again(subject: Subject, entry: Entry) -> Iterator[Change]:
    """Yield the listing of a partnership whose suspension ends with its case.

    None is ended by a case about integrity, which has none of its own.
    """
    found: partnership.Partnership = subject.things["partnership"]
    case = cases.open_case(subject)
    if found.listing == "suspended" and (case is None or case.track != "integrity"):
        yield "partnership", partnership.moved(found, "listed", entry)


class RemovalDecisionProposed(ProposalBody, frozen=True, kw_only=True):
    """The registry's decision on a case, put up for its offices' endorsement (RD1 to RD4)."""

    TYPE: ClassVar[str] = "RemovalDecisionProposed/1"
    STREAM: ClassVar[str] = "p-*/decision/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    COUNTS: ClassVar[str] = "offices"
    MISSION: ClassVar[tuple[int, ...]] = (19, 86)

    case: LocalId
    outcome: Literal["remove", "dismiss"]
    mandate: Symbol
    guideline: VersionRef
    appeal_window: Duration
    complements_governments: Answer
    complements_un: Answer
    reasons: Texts
    evidence: Items = ()
    evidence_parts: Parts = ()

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the number of offices of the case's guideline version."""
        rules = cases.terms(book.subject(entry.event.subject), entry.at, book)
        return 0 if rules is None else rules.decision_offices

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RD1 to RD3."""
        subject = book.subject(entry.event.subject)
        yield from self._unmet_way(entry, book)
        yield from evidence.unmet_evidence(self.evidence, self.evidence_parts, self.case, subject)
        rules, case = cases.terms(subject, entry.at, book), cases.open_case(subject)
        if rules is not None and self.appeal_window != rules.appeal_window:
            yield Unmet(rule="RD3", reason=f"the appeal window is {rules.appeal_window}")
        if case is not None and self.guideline != case.guideline:
            yield Unmet(rule="RD3", reason="the case began under another guideline version")

    def _unmet_way(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        subject = book.subject(entry.event.subject)
        yield from way.unmet_open(entry, book, self.case)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        if case is not None and case.track != "light":
            yield Unmet(rule="RD5", reason=f"on the {case.track} track a body decides")
        if (
            case is not None
            and rules is not None
            and not cases.is_undecided(case, rules, entry.at, book)
        ):
            yield Unmet(rule="RD1", reason="the case is decided", hint="appeal, or remove")
        if self.outcome == "remove":
            yield from way.unmet_adverse(entry, book)
            yield from way.unmet_until_decision(entry, book)
            return
        yield from way.unmet_signer(entry, book)
        if case is not None and cases.cured(case, standing_at(subject, entry.at, book)):
            yield Unmet(rule="CC1", reason="the report was accepted: only the closing remains",
                        hint="close the case as cured", who=registry.name)  # fmt: skip

    def in_time_until(self, entry: Entry, book: Book) -> date | None:
        """Return the last day for the decision."""
        subject = book.subject(entry.event.subject)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        return cases.decide_until(case, rules, subject, entry.at, book) if case and rules else None

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RD1, RD2 and RD4 at an endorsement."""
        yield from self._unmet_way(entry, book)
        yield from evidence.unmet_since(self.evidence, self.evidence_parts, entry, book)

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Record the removal, whose appeal window begins; or end the case by dismissal."""
        case: RemovalCase = subject.things["case"]
        local = proposal.ref.stream.rpartition("/")[2]
        yield (
            "considered:" + local,
            evidence.considered(self.evidence, self.evidence_parts, subject),
        )
        if self.outcome == "dismiss":
            yield from fresh(case, entry, subject, book)
            yield "case", ended(case, entry, "dismissed")
            return
        today = dates.day_of(entry.at)
        decision = RemovalDecision(
            proposal.ref, today.isoformat(), dates.add(today, self.appeal_window).isoformat(),
            entry.index, proposal.endorsements,
        )  # fmt: skip
        voices = (Signer(v.actor, v.kid) for v in proposal.endorsements)
        yield "case", msgspec.structs.replace(
            case, decision=decision, appeal=None, lapsed=cases.lapsed_with(case),
            signers=(*case.signers, Signer(proposal.by, b""), *voices),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a removal and a dismissal of the case that awaits a decision."""
        case, rules = cases.open_case(subject), cases.terms(subject, book.time, book)
        if case is None or rules is None or not cases.is_undecided(case, rules, book.time, book):
            return
        if case.track != "light":
            return
        outcomes: tuple[Literal["remove", "dismiss"], ...] = ("remove", "dismiss")
        for outcome in outcomes:
            yield free_stream(subject), cls(
                quorum=rules.decision_offices, case=case.id, outcome=outcome, mandate="…",
                expires=dates.add(dates.day_of(book.time), "P90D").isoformat(),
                guideline=case.guideline, appeal_window=rules.appeal_window,
                complements_governments=evidence.OPEN_ANSWER,
                complements_un=evidence.OPEN_ANSWER,
                reasons=UNDECIDED, evidence=evidence.everything(subject),
            )  # fmt: skip


class PartnershipRemoved(Body, frozen=True, kw_only=True):
    """The registry removes a partnership from the register, with ground and date (RM1, RM2)."""

    TYPE: ClassVar[str] = "PartnershipRemoved/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    decision: EventRef
    effective_on: Day
    ground: Literal["non_reporting", "integrity"] = "non_reporting"

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RM1, RM2 and CS1 to CS11."""
        subject, today = book.subject(entry.event.subject), dates.day_of(entry.at).isoformat()
        yield from way.unmet_open(entry, book, entry.event.stream.rpartition("/")[2])
        yield from way.unmet_adverse(entry, book)
        yield from way.unmet_until_removal(entry, book)
        case = cases.open_case(subject)
        if case is not None and (case.track == "integrity") != (self.ground == "integrity"):
            yield Unmet(rule="RM1", reason=f"the case is on the {case.track} track")
        if case is not None and case.decision is not None and case.decision.ref != self.decision:
            yield Unmet(rule="RM1", reason="another decision stands in this case")
        if self.effective_on != today:
            late = self.effective_on > today
            yield Unmet(
                rule="RM2",
                reason=f"it takes effect on {today}, the day of its record",
                hint="record it on that day" if late else "nothing is removed for the past",
            )

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Remove the partnership and end the case."""
        found: partnership.Partnership = subject.things["partnership"]
        yield "partnership", partnership.moved(found, "removed", entry)
        case = cases.of(subject)
        if case is not None:  # an operator may have forced it in: the audit goes on from here
            yield "case", ended(case, entry, "removed")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the removal that offices decided on."""
        case, rules = cases.open_case(subject), cases.terms(subject, book.time, book)
        if case is None or rules is None or case.decision is None:
            return
        if not cases.is_undecided(case, rules, book.time, book) and case.decision.kind == "remove":
            yield f"{subject.id}/case/{case.id}", cls(
                decision=case.decision.ref, effective_on=dates.day_text(book.time),
                ground="integrity" if case.track == "integrity" else "non_reporting",
            )  # fmt: skip


class CaseClosed(Body, frozen=True, kw_only=True):
    """The registry closes a case without a removal (CC1, CC2, CC4)."""

    TYPE: ClassVar[str] = "CaseClosed/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    ground: Literal["cured", "withdrawn"]
    text: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1, CC1, CC2 and CC4."""
        subject = book.subject(entry.event.subject)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        local = entry.event.stream.rpartition("/")[2]
        if case is None or case.id != local:
            yield Unmet(rule="CS1", reason="no such removal case is open")
            return
        cured = cases.cured(case, standing_at(subject, entry.at, book))
        if cured and self.ground != "cured":
            yield Unmet(rule="CC1", reason="the report was accepted", hint="close it as cured")
        elif self.ground == "cured" and not cured:
            yield Unmet(rule="CC1", reason=f"report {case.obligation} is not accepted",
                        who="screening_officer")  # fmt: skip
        found = partnership.of(subject)
        suspended = found is not None and found.listing == "suspended"
        if suspended and case.track != "integrity":
            yield Unmet(rule="CC4", reason="the partnership is suspended", hint="lift it",
                        who=registry.name)  # fmt: skip
        if self.ground == "withdrawn":
            if rules is not None and not cases.is_undecided(case, rules, entry.at, book):
                yield Unmet(rule="CC2", reason="the offices have decided the case")
            if self.text is None:
                yield Unmet(rule="CC2", reason="the withdrawal does not say why")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the case."""
        yield "case", ended(subject.things["case"], entry, self.ground)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the ways of closing the open case."""
        case = cases.open_case(subject)
        if case is not None:
            stream = f"{subject.id}/case/{case.id}"
            yield stream, cls(ground="cured")
            yield stream, cls(ground="withdrawn", text=UNDECIDED)


EVENTS: Final[tuple[type[Body], ...]] = (RemovalDecisionProposed, PartnershipRemoved, CaseClosed)
