"""What a body decides in a case: the suspension, and the removal or its dismissal.

A body's certified decision settles the case under the item ``<partnership>/<case>``; the registry
puts it into effect here, where every condition is asked again.

- BD1 A body decides on the full track and about integrity, on what the case awaits: first a
      suspension on the full track, then the removal; a dismissal at any time while undecided. [R86]
- BD2 The decision is in effect, is one on ``removal``, and settles this case so; it is put into
      effect once, so that what an appeal sent back is decided anew; a suspension or a removal was
      adopted after the days for replies were over [R44].
- BD3 The evidence list is complete (EV1 to EV4), and the appeal window is the one of the terms.
      [R89]
- BD4 The entity of the United Nations that takes part was asked for its opinion, and gave it or let
      its time pass; the decision answers what it said [R93].
- BD5 Where the United Nations lead, the entity's board was informed of the case.
- BD6 A suspension or a removal asks the whole way to it (CS2 to CS9). [R86]
- BD7 A suspension lasts from the day of its record for the profile's time, no more and no less.
- BD8 The body is the one that the profile names; where it names none, neither the body nor an
      office that certified its decision is a party's, so that no board decides about its own
      entity.

Sources: domain C4.3 steps 6 and 7; decisions D2.10, D2.13, D3.18 to D3.21.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final, Literal

import msgspec

from verifier.event import Event
from verifier.rules import body, dates, evidence, partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import RemovalCase, RemovalDecision, Suspension, registry
from verifier.rules.delisting.consultation import unmet_heard
from verifier.rules.delisting.decision import ended, fresh, listed_again
from verifier.rules.evidence import Answer, Items, Parts
from verifier.rules.fields import Day, Duration, EventRef, Texts, VersionRef
from verifier.rules.partnership import UNDECIDED
from verifier.rules.standing import standing_at

__all__ = ["EVENTS", "KIND", "PartnershipSuspended", "RemovalDecided"]

KIND: Final = "removal"
"""The kind of a body's decision on a case."""

NO_DECISION: Final = EventRef("actor-undecided/decision/undecided", 0, bytes(32))
"""Stands for the decision that a body has yet to take."""


class _Ruling(Body, frozen=True, kw_only=True):
    """What every ruling states (BD1 to BD6, BD8)."""

    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    DECISION: ClassVar[bool] = True

    decision: EventRef
    guideline: VersionRef
    appeal_window: Duration
    complements_governments: Answer
    complements_un: Answer
    reasons: Texts
    opinion_answered: Texts | None = None
    evidence: Items = ()
    evidence_parts: Parts = ()

    @property
    def result(self) -> str:
        """The result that the decision must have for the case."""
        raise NotImplementedError

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided."""
        return (body.subject_of(self.decision),)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 to CS9, BD1 to BD6 and BD8."""
        subject, local = book.subject(entry.event.subject), entry.event.stream.rpartition("/")[2]
        yield from way.unmet_open(entry, book, local)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        if case is None or rules is None:
            return
        awaited = cases.is_undecided(case, rules, entry.at, book) and cases.matter(
            case, rules, entry.at, book
        )
        if case.track == "light":
            yield Unmet(rule="BD1", reason="on the light track two offices decide")
        elif not awaited or self.result not in (awaited, "dismiss"):
            yield Unmet(rule="BD1", reason=f"the case awaits {awaited or 'no decision'}")
        yield from self._unmet_decision(case, entry, book)
        yield from evidence.unmet_evidence(self.evidence, self.evidence_parts, case.id, subject)
        if self.appeal_window != rules.appeal_window:
            yield Unmet(rule="BD3", reason=f"the appeal window is {rules.appeal_window}")
        if self.guideline != case.guideline:
            yield Unmet(rule="BD3", reason="the case began under another guideline version")
        if self.result == "dismiss":
            yield from way.unmet_signer(entry, book)
            if cases.cured(case, standing_at(subject, entry.at, book)):
                yield Unmet(rule="CC1", reason="the report was accepted: only the closing remains",
                            who=registry.name)  # fmt: skip
            return
        yield from way.unmet_adverse(entry, book)
        yield from way.unmet_until_decision(entry, book)
        answered = self.opinion_answered is not None
        yield from unmet_heard("BD4", case, entry, book, answered=answered)
        found = partnership.of(subject)
        if found is not None and found.un_role == "led" and case.board is None:
            yield Unmet(rule="BD5", reason=f"the board of {found.lead} was not informed",
                        who=registry.name)  # fmt: skip

    def _unmet_decision(self, case: RemovalCase, entry: Entry, book: Book) -> Iterator[Unmet]:
        item = f"{entry.event.subject}/{case.id}"
        yield from body.unmet_result(
            "BD2", self.decision, book, kind=KIND, item=item, result=self.result
        )
        yield from way.unmet_decider("BD8", self.decision, entry, book)
        if self.decision in case.rulings:
            yield Unmet(rule="BD2", reason="this decision was put into effect before",
                        hint="the body decides anew")  # fmt: skip
        subject, found = book.subject(entry.event.subject), body.decision(self.decision, book)
        rules = cases.terms(subject, entry.at, book)
        if found is None or rules is None or self.result == "dismiss":
            return
        replies = cases.reply_until(case, rules, subject, entry.at, book)
        if replies is not None and found.adopted_on <= replies.isoformat():
            yield Unmet(rule="BD2", reason=f"{found.symbol} was adopted on {found.adopted_on}, "
                        f"replies were open until {replies}")  # fmt: skip

    def decided(self, entry: Entry, kind: str) -> RemovalDecision:
        """Return the decision as it stands in the case from here on."""
        today = dates.day_of(entry.at)
        return RemovalDecision(
            entry.ref, today.isoformat(), dates.add(today, self.appeal_window).isoformat(),
            entry.index, kind=kind, body=body.subject_of(self.decision),
        )  # fmt: skip

    def _evolve_case(
        self, entry: Entry, subject: Subject, kind: str, **changes: Any
    ) -> Iterator[Change]:
        case: RemovalCase = subject.things["case"]
        yield (
            f"considered:{case.id}.{entry.event.seq}",
            evidence.considered(self.evidence, self.evidence_parts, subject),
        )
        yield "case", msgspec.structs.replace(
            case, decision=self.decided(entry, kind), appeal=None, lapsed=cases.lapsed_with(case),
            signers=(*case.signers, *cases.signers_of(entry)),
            rulings=(*case.rulings, self.decision), **changes,
        )  # fmt: skip


class PartnershipSuspended(_Ruling, frozen=True, kw_only=True):
    """A body suspends a partnership; its obligations go on (BD1 to BD8)."""

    TYPE: ClassVar[str] = "PartnershipSuspended/1"
    MISSION: ClassVar[tuple[int, ...]] = (19, 42, 86)

    until: Day

    @property
    def result(self) -> str:
        """The result that the decision must have for the case."""
        return "suspend"

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 to CS9 and BD1 to BD8."""
        yield from super().unmet(entry, book)
        rules = cases.terms(book.subject(entry.event.subject), entry.at, book)
        if rules is not None and rules.suspension is not None:
            last = dates.add(dates.day_of(entry.at), rules.suspension).isoformat()
            if self.until != last:
                yield Unmet(rule="BD7", reason=f"recorded today, it lasts until {last}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Suspend the partnership."""
        found: partnership.Partnership = subject.things["partnership"]
        yield "partnership", partnership.moved(found, "suspended", entry)
        held = Suspension(entry.ref, dates.day_text(entry.at), self.until)
        yield from self._evolve_case(entry, subject, "suspend", suspension=held)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the suspension that the case awaits."""
        rules = cases.terms(subject, book.time, book)
        for stream, case in _awaiting(subject, book, "suspend"):
            if rules is not None and rules.suspension is not None:
                last = dates.add(dates.day_of(book.time), rules.suspension).isoformat()
                yield stream, cls(until=last, **_undecided(case, subject, book))


class RemovalDecided(_Ruling, frozen=True, kw_only=True):
    """A body decides on a removal on the full track or about integrity (BD1 to BD6, BD8)."""

    TYPE: ClassVar[str] = "RemovalDecided/1"
    MISSION: ClassVar[tuple[int, ...]] = (19, 86, 91)

    outcome: Literal["remove", "dismiss"]

    @property
    def result(self) -> str:
        """The result that the decision must have for the case."""
        return self.outcome

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Record the removal, whose appeal window begins; or end the case by dismissal."""
        if self.outcome == "remove":
            yield from self._evolve_case(entry, subject, "remove")
            return
        case: RemovalCase = subject.things["case"]
        yield from fresh(case, entry, subject, book)
        yield from listed_again(subject, entry)
        yield "case", ended(case, entry, "dismissed")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the removal that the case awaits, and its dismissal."""
        for stream, case in _awaiting(subject, book, "remove"):
            yield stream, cls(outcome="remove", **_undecided(case, subject, book))
        for stream, case in _awaiting(subject, book):
            yield stream, cls(outcome="dismiss", **_undecided(case, subject, book))


def _awaiting(subject: Subject, book: Book, what: str = "") -> Iterator[tuple[str, RemovalCase]]:
    case, rules = cases.open_case(subject), cases.terms(subject, book.time, book)
    if case is None or rules is None or case.track == "light":
        return
    awaited = cases.matter(case, rules, book.time, book)
    if cases.is_undecided(case, rules, book.time, book) and what in ("", awaited):
        yield f"{subject.id}/case/{case.id}", case


def _undecided(case: RemovalCase, subject: Subject, book: Book) -> dict[str, Any]:
    rules = cases.terms(subject, book.time, book)
    return {
        "decision": NO_DECISION, "guideline": case.guideline, "reasons": UNDECIDED,
        "appeal_window": rules.appeal_window if rules else "P30D",
        "opinion_answered": UNDECIDED if case.opinion and case.opinion.given else None,
        "complements_governments": evidence.OPEN_ANSWER,
        "complements_un": evidence.OPEN_ANSWER, "evidence": evidence.everything(subject),
    }  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (PartnershipSuspended, RemovalDecided)
