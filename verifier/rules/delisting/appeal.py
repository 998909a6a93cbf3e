"""The appeal against a removal, and the panel that decides on it.

- AP1 An appeal names the decision that stands, and its grounds; there is one for each decision.
- AP2 It is filed within the appeal window; until it is decided the removal has no effect.
- AP3 The panel's decision names the pending appeal and answers each of its grounds.
- AP4 It is made within its time after the filing; later, the matter is the offices' again.
- AP5 No voice counts of anyone who signed before in the case, by actor, key or deciding
      organization, of whoever is or was an office of the body that decided, nor of a party to the
      partnership. Nor may such a one propose.
- AP6 The decision is sent back to the offices once in a case.
- AP7 An upholding asks what every adverse step asks (CS2 to CS4): a late report stops it too.
- AP8 Its evidence list is complete (EV1 to EV4).
- AP9 The roster is the one that stood when the decision appealed against was taken: who was given
      the role later does not count, and whom another dismissed since still does, unless its days
      are over or it took a role that excludes this one. So nobody picks the judges of a case.

The quorum counts distinct organizations. Overturned, the case ends, a suspension with it, and the
report has a new due day (CC3). Sources: domain C4.3 steps 8 and 9; decision D3.21.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates, evidence, partnership
from verifier.rules.authority.offices import INCOMPATIBLE
from verifier.rules.authority.scope import covers
from verifier.rules.authority.state import Grant, grant_in_force, organization_of
from verifier.rules.body import presiding_officer, secretary
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import Appeal, RemovalCase
from verifier.rules.delisting.decision import RemovalDecisionProposed, ended, fresh, listed_again
from verifier.rules.evidence import Answer, Items, Parts
from verifier.rules.fields import EventRef, LocalId, ShortText, Symbol, Texts
from verifier.rules.partnership import UNDECIDED
from verifier.rules.proposal import Proposal, ProposalBody
from verifier.rules.review.state import free_stream, is_party
from verifier.rules.standing import standing_at

__all__ = ["EVENTS", "AppealDecisionProposed", "AppealFiled", "GroundAnswered", "unmet_fresh_eyes"]

PANEL: Final = "appeals_panel"


def _seats(actor: str, entry: Entry, book: Book) -> Iterator[Grant]:
    """Yield an actor's seats on the roster whose days run, also those that another withdrew."""
    if _sits_elsewhere(actor, entry, book):
        return
    for grant in book.subject(actor).all(Grant):
        if grant.role != PANEL or grant.laid_down or not covers(grant.scope, entry, book):
            continue
        if grant_in_force(msgspec.structs.replace(grant, withdrawn=None), entry.at):
            yield grant


def _sits_elsewhere(actor: str, entry: Entry, book: Book) -> bool:
    return any(
        frozenset((own.role, PANEL)) in INCOMPATIBLE and grant_in_force(own, entry.at)
        for own in book.subject(actor).all(Grant)
    )


panel: Final = Capacity(PANEL, lambda actor, entry, book: any(_seats(actor, entry, book)))

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
    """The appeal panel's decision, put up for endorsement (AP3 to AP9)."""

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
        """Ask the appeal quorum of the case's guideline version."""
        rules = cases.terms(book.subject(entry.event.subject), entry.at, book)
        return 0 if rules is None else rules.appeal_quorum

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of AP3 to AP9."""
        subject = book.subject(entry.event.subject)
        yield from self._unmet_pending(entry, book)
        yield from evidence.unmet_evidence(self.evidence, self.evidence_parts, self.case, subject)
        organization = organization_of(entry.actor, book)
        yield from unmet_fresh_eyes(entry.actor, organization, entry, book)

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
        """Yield what is not met of AP3 to AP7 and AP9 at an endorsement."""
        yield from self._unmet_pending(entry, book)
        yield from unmet_fresh_eyes(actor, organization, entry, book)
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
                quorum=rules.appeal_quorum, case=case.id, appeal=case.appeal.ref, outcome=outcome,
                expires=dates.add(dates.day_of(book.time), "P90D").isoformat(), mandate="…",
                answers=answers, complements_governments=evidence.OPEN_ANSWER,
                complements_un=evidence.OPEN_ANSWER, evidence=evidence.everything(subject),
            )  # fmt: skip


def unmet_fresh_eyes(actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of AP5 and AP9: who signed before in a case, or came to the roster
    after the decision, does not decide its appeal.
    """
    subject = book.subject(entry.event.subject)
    case, found = cases.open_case(subject), partnership.of(subject)
    since = case.decision.index if case and case.decision else entry.index
    seats = tuple(_seats(actor, entry, book))
    if seats and not any(
        seat.given < since and (seat.withdrawn is None or seat.withdrawn > since) for seat in seats
    ):
        yield Unmet(rule="AP9", reason=f"{actor} was not on the roster at the decision",
                    hint="a member of that time decides", who=PANEL)  # fmt: skip
    signers = case.signers if case else ()
    if any(actor == s.actor or entry.event.kid == s.kid for s in signers) or any(
        actor == by for by in _deciders(subject, case)
    ):
        yield Unmet(rule="AP5", reason=f"{actor} signed before in this case",
                    hint="another member of the roster decides", who=panel.name)  # fmt: skip
    body = case.decision.body if case and case.decision else None
    if body is not None and body in _bodies_of(actor, book):
        yield Unmet(rule="AP5", reason=f"{actor} certifies, or did, for {body}",
                    hint="another member of the roster decides", who=panel.name)  # fmt: skip
    decided = case.decision.offices if case and case.decision else ()
    if any(voice.organization == organization for voice in decided):
        yield Unmet(rule="AP5", reason=f"{organization} took the decision appealed against",
                    hint="another member of the roster decides", who=panel.name)  # fmt: skip
    if found is not None and is_party(actor, organization, found):
        yield Unmet(rule="AP5", reason=f"{organization} is a party to the partnership",
                    hint="another member of the roster decides", who=panel.name)  # fmt: skip


def _bodies_of(actor: str, book: Book) -> Iterator[str]:
    """Yield every body whose decisions an actor may certify or cosign, or once might."""
    for grant in book.subject(actor).all(Grant):
        if grant.role in (secretary.name, presiding_officer.name) and grant.scope:
            yield from grant.scope.subjects or ()


def _deciders(subject: Subject, case: RemovalCase | None) -> Iterator[str]:
    """Yield who proposed or endorsed a decision in the case, whether or not it took effect."""
    for proposal in subject.all(Proposal):
        body = proposal.body
        if case and isinstance(body, RemovalDecisionProposed) and body.case == case.id:
            yield proposal.by
            yield from (voice.actor for voice in proposal.endorsements)


EVENTS: Final[tuple[type[Body], ...]] = (AppealFiled, AppealDecisionProposed)
