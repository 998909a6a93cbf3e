"""The appeal against a removal, and the panel that decides on it.

- AP1 An appeal names the decision that stands, and its grounds; there is one for each decision.
- AP2 It is filed within the appeal window; until it is decided the removal has no effect.
- AP3 The panel's decision names the pending appeal and answers each of its grounds.
- AP4 It is made within its time after the filing; later, the matter is the offices' again.
- AP6 The decision is sent back to the offices once in a case.
- AP7 An upholding asks what every adverse step asks (CS2 to CS4): a late report stops it too.
- AP8 Its evidence list is complete (EV1 to EV4).
- AP10 It is proposed and endorsed by the judges that were drawn for the appeal (AJ7) alone, by more
       than half of them, and after the draw. Who hears no appeal (AP5, AP9) is none of them.

The judges are of distinct organizations. Overturned, the case ends, a suspension with it, and the
report has a new due day (CC3). Sources: domain C4.3 steps 8 and 9; decision D3.21.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates, evidence, lot, partnership
from verifier.rules.authority.state import organization_of
from verifier.rules.body import secretary
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import Appeal, RemovalCase
from verifier.rules.delisting.decision import ended, fresh, listed_again
from verifier.rules.delisting.judges import judges_of, seated
from verifier.rules.delisting.roster import PANEL, panel, unmet_fresh_eyes
from verifier.rules.evidence import Answer, Items, Parts
from verifier.rules.fields import EventRef, LocalId, ShortText, Symbol, Texts
from verifier.rules.partnership import UNDECIDED
from verifier.rules.proposal import Endorsed, Proposal, ProposalBody, proposal_key
from verifier.rules.review.state import free_stream
from verifier.rules.standing import standing_at

__all__ = ["EVENTS", "AppealDecisionProposed", "AppealFiled", "GroundAnswered"]

Ground = Literal["procedure", "fact", "proportionality", "new_report"]


class GroundAnswered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the panel finds on one ground of an appeal (AP3)."""

    ground: Ground
    founded: bool
    reason: ShortText


class AppealFiled(Body, frozen=True, kw_only=True):
    """The partnership appeals against its removal (AP1, AP2)."""

    TYPE: ClassVar[str] = "AppealFiled/1"
    STREAM: ClassVar[str] = "p-*/appeal/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.lead)
    DECISION: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    case: LocalId
    decision: EventRef
    grounds: Annotated[tuple[Ground, ...], Meta(min_length=1, max_length=4)]
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1, AP1 and AP2."""
        yield from way.unmet_open(entry, book, self.case)
        if entry.event.seq != 0:
            yield Unmet(rule="AP1", reason="this stream holds an appeal", hint="name another")
        if len(set(self.grounds)) < len(self.grounds):
            yield Unmet(rule="AP1", reason="a ground stands twice")
        case = cases.open_case(book.subject(entry.event.subject))
        decision = case.decision if case else None
        if case is None or decision is None or decision.ref != self.decision:
            yield Unmet(rule="AP1", reason="no such decision on removal stands")
            return
        if case.appeal is not None:
            yield Unmet(rule="AP1", reason="an appeal against this decision is on record")
        last = cases.appeal_until(decision, book.subject(entry.event.subject), entry.at, book)
        if not dates.in_time(entry.at, last):
            yield Unmet(rule="AP2", reason=f"the appeal window ended on {last}",
                        hint="reinstatement can be requested after the removal")  # fmt: skip

    def in_time_until(self, entry: Entry, book: Book) -> date | None:
        """Return the last day for an appeal."""
        subject = book.subject(entry.event.subject)
        case = cases.open_case(subject)
        decision = case.decision if case else None
        return cases.appeal_until(decision, subject, entry.at, book) if decision else None

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the appeal on record; the removal waits for it."""
        case: RemovalCase = subject.things["case"]
        today = dates.day_of(entry.at).isoformat()
        yield "case", msgspec.structs.replace(case, appeal=Appeal(entry.ref, today, self.grounds))

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the appeal against a removal that has none."""
        case = cases.open_case(subject)
        if case is not None and case.decision is not None and case.appeal is None:
            yield (
                free_stream(subject, "appeal"),
                cls(case=case.id, decision=case.decision.ref, grounds=("fact",), text=UNDECIDED),
            )


class AppealDecisionProposed(ProposalBody, frozen=True, kw_only=True):
    """The appeal panel's decision, put up for endorsement (AP3 to AP10)."""

    TYPE: ClassVar[str] = "AppealDecisionProposed/1"
    STREAM: ClassVar[str] = "p-*/decision/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (panel,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (panel,)
    MISSION: ClassVar[tuple[int, ...]] = (19, 86)

    case: LocalId
    appeal: EventRef
    outcome: Literal["uphold", "overturn", "remit"]
    mandate: Symbol
    answers: Annotated[tuple[GroundAnswered, ...], Meta(min_length=1, max_length=4)]
    complements_governments: Answer
    complements_un: Answer
    evidence: Items = ()
    evidence_parts: Parts = ()

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask for more than half of the judges."""
        return _majority(self.appeal, book.subject(entry.event.subject), entry.at, book)

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AP3 to AP10."""
        subject = book.subject(entry.event.subject)
        yield from self._unmet_pending(entry, book)
        yield from evidence.unmet_evidence(self.evidence, self.evidence_parts, self.case, subject)
        organization = organization_of(entry.actor, book)
        yield from unmet_fresh_eyes(entry.actor, organization, entry, book)
        yield from _unmet_judge(entry.actor, self.appeal, entry, book)

    def _unmet_pending(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        subject = book.subject(entry.event.subject)
        yield from way.unmet_open(entry, book, self.case)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        appeal = case.appeal if case else None
        if case is None or rules is None or appeal is None or appeal.ref != self.appeal:
            yield Unmet(rule="AP3", reason="the appeal named is not on record in an open case",
                        who=partnership.secretariat.name)  # fmt: skip
            return
        last = cases.appeal_lapses(case, rules, book)
        if last is None:
            yield Unmet(rule="AP3", reason="the appeal is decided")
        elif not dates.in_time(entry.at, last):
            yield Unmet(rule="AP4", reason=f"the appeal was to be decided by {last}",
                        hint="the offices decide anew", who=cases.registry.name)  # fmt: skip
        if sorted(answer.ground for answer in self.answers) != sorted(appeal.grounds):
            yield Unmet(rule="AP3", reason=f"it answers each ground once: {appeal.grounds}")
        yield from self._unmet_outcome(case, entry, book)

    def _unmet_outcome(self, case: RemovalCase, entry: Entry, book: Book) -> Iterator[Unmet]:
        if self.outcome == "remit" and case.remitted_on is not None:
            yield Unmet(rule="AP6", reason="the case was sent back once", hint="uphold or overturn")
        if self.outcome == "uphold":
            yield from way.unmet_adverse(entry, book)
        elif cases.cured(case, standing_at(book.subject(entry.event.subject), entry.at, book)):
            yield Unmet(rule="CC1", reason="the report was accepted: only the closing remains",
                        hint="close the case as cured", who=cases.registry.name)  # fmt: skip

    def in_time_until(self, entry: Entry, book: Book) -> date | None:
        """Return the day by which the appeal is to be decided."""
        subject = book.subject(entry.event.subject)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        return cases.appeal_lapses(case, rules, book) if case and rules else None

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AP3 to AP7, AP9 and AP10 at an endorsement."""
        yield from self._unmet_pending(entry, book)
        yield from unmet_fresh_eyes(actor, organization, entry, book)
        yield from _unmet_judge(actor, self.appeal, entry, book)
        yield from evidence.unmet_since(self.evidence, self.evidence_parts, entry, book)

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Uphold the removal, end the case, or send the decision back to the offices."""
        case: RemovalCase = subject.things["case"]
        local = proposal.ref.stream.rpartition("/")[2]
        yield (
            "considered:" + local,
            evidence.considered(self.evidence, self.evidence_parts, subject),
        )
        if self.outcome == "overturn":
            yield from fresh(case, entry, subject, book)
            yield from listed_again(subject, entry)
            yield "case", ended(case, entry, "overturned")
        elif self.outcome == "remit":
            suspended = case.suspension
            if case.decision is not None and case.decision.kind == "suspend":
                suspended = None
                yield from listed_again(subject, entry)
            yield "case", msgspec.structs.replace(
                case, decision=None, appeal=None, suspension=suspended,
                remitted_on=dates.day_text(entry.at),
            )  # fmt: skip
        elif case.appeal is not None:
            upheld = msgspec.structs.replace(case.appeal, outcome="upheld")
            yield "case", msgspec.structs.replace(case, appeal=upheld)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer each outcome of the pending appeal."""
        case, rules = cases.open_case(subject), cases.terms(subject, book.time, book)
        if case is None or rules is None or case.appeal is None or case.appeal.outcome:
            return
        answers = tuple(GroundAnswered(g, False, "…") for g in case.appeal.grounds)  # type: ignore[arg-type]
        outcomes: tuple[Literal["uphold", "overturn", "remit"], ...] = (
            "uphold", "overturn", "remit",
        )  # fmt: skip
        for outcome in outcomes:
            yield free_stream(subject), cls(
                quorum=_majority(case.appeal.ref, subject, book.time, book),
                case=case.id, appeal=case.appeal.ref, outcome=outcome,
                expires=dates.add(dates.day_of(book.time), "P90D").isoformat(), mandate="…",
                answers=answers, complements_governments=evidence.OPEN_ANSWER,
                complements_un=evidence.OPEN_ANSWER, evidence=evidence.everything(subject),
            )  # fmt: skip


def _majority(appeal: EventRef, subject: Subject, at: int, book: Book) -> int:
    """Return how many voices decide an appeal: more than half of its judges (AP10)."""
    found, rules = judges_of(appeal, subject), cases.terms(subject, at, book)
    seats = found.seats if found else rules.appeal_seats if rules else 0
    return seats // 2 + 1


def _unmet_judge(actor: str, appeal: EventRef, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of AP10 by who proposes or endorses a decision."""
    subject = book.subject(entry.event.subject)
    found = judges_of(appeal, subject)
    if found is None or found.draw is None:
        yield Unmet(rule="AP10", reason="no judges are drawn for this appeal", who=secretary.name)
        return
    shown = lot.shown_first(found.ref.stream.rpartition("/")[2], subject)
    if shown is not None and shown < found.draw.at:
        yield Unmet(rule="AP10", reason="an earlier cosignature was shown against the draw",
                    hint="draw again by the earliest", who=secretary.name)  # fmt: skip
    judges = seated(found)
    if actor and actor not in judges:
        yield Unmet(rule="AP10", reason=f"{actor} is not one of the judges: "
                    f"{', '.join(judges)}", who=PANEL)  # fmt: skip
    voted = entry.body.proposal.stream if isinstance(entry.body, Endorsed) else ""
    proposal = subject.get(proposal_key(voted), Proposal)
    if proposal is not None and proposal.index < found.draw.index:
        yield Unmet(rule="AP10", reason="it was proposed before the judges were drawn",
                    hint="propose it anew", who=PANEL)  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (AppealFiled, AppealDecisionProposed)
