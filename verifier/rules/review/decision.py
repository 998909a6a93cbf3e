"""A panel's decision on a review: proposed, endorsed, in effect by quorum.

- RV4 A decision names an open review, its mandate and its guideline version. [R1, R12]
- RV5 Where it answers «no» to one of the two standing questions, whether governments' and the
      United Nations' own tasks are left to them, it is not «satisfactory». [R19]
- RV6 It rests on every finding of the review that stands, at the proposal and again at each
      endorsement; what is not «satisfactory» rests on at least one.
- RV7 Conditions come with the outcome «conditions» and with no other; each has its own id, and a
      day that lies ahead.
- RV9 The voice that completes the quorum leaves no decision without a State: one of the voices is a
      Member State's that is neither partner nor contributor nor host (decision D2.15). [R43]
- RV24 What was on record when the decision took effect, and stands in no decision's list because it
       came while voices were collected and stopped none, is listed by a later decision (whole log;
       an omission of the reviewers'). [R89]

Its evidence list is complete (EV1 to EV4), at the proposal and again at each endorsement: what came
since then needs a new proposal. The quorum counts distinct organizations and is the profile's
``review_quorum``.
Sources: mission table R1, R19, R43; domain C4.2; decisions D1.1, D2.11, D2.15.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import calendar, dates, evidence, partnership
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.evidence import Answer, Considered, Items, Parts, asked
from verifier.rules.fields import EventRef, LocalId, Symbol, VersionRef
from verifier.rules.partnership import Partnership
from verifier.rules.proposal import Endorsed, Proposal, ProposalBody, proposal_key
from verifier.rules.review.state import (
    Condition,
    Question,
    Rebuttal,
    Review,
    ReviewDecided,
    Seat,
    Settled,
    comments_end,
    comments_over,
    free_stream,
    is_party,
    is_untied,
    of,
    open_reviews,
    reviewer,
    seat_key,
    terms_of,
    unmet_open,
    unmet_seat,
)

__all__ = ["EVENTS", "ReviewDecisionProposed", "whole_log"]


class ReviewDecisionProposed(ProposalBody, frozen=True, kw_only=True):
    """A panel's decision on a review, up for endorsement (RV2, RV4 to RV9, RV11, RV12, RV16)."""

    TYPE: ClassVar[str] = "ReviewDecisionProposed/1"
    STREAM: ClassVar[str] = "p-*/decision/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    MISSION: ClassVar[tuple[int, ...]] = (1, 19, 43)

    review: LocalId
    outcome: Literal["satisfactory", "conditions", "unsatisfactory"]
    mandate: Symbol
    guideline: VersionRef
    complements_governments: Answer
    complements_un: Answer
    evidence: Items = ()
    evidence_parts: Parts = ()
    findings: Annotated[tuple[EventRef, ...], Meta(max_length=20)] = ()
    conditions: Annotated[tuple[Condition, ...], Meta(max_length=10)] = ()

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the review quorum of the profile by which the review was opened."""
        review = of(book.subject(entry.event.subject), self.review)
        profile = terms_of(review, book) if review else None
        return 0 if profile is None else profile.review_quorum

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV4 to RV7, RV11, RV12 and RV16."""
        subject = book.subject(entry.event.subject)
        review = of(subject, self.review)
        yield from unmet_open(review)
        yield from unmet_seat(entry, self.review, subject)
        if review is not None:
            if (self.mandate, self.guideline) != (review.mandate, review.guideline):
                yield Unmet(rule="RV4", reason="the review's mandate or guideline is another")
            yield from self._unmet_findings(review)
            yield from self._unmet_heard(review, entry, book)
        yield from evidence.unmet_evidence(self.evidence, self.evidence_parts, self.review, subject)
        yield from self._unmet_conditions(entry)
        answers = (self.complements_governments, self.complements_un)
        if self.outcome == "satisfactory" and any(one.answer == "no" for one in answers):
            yield Unmet(rule="RV5", reason="it is «satisfactory», and a task is not left to whose "
                        "it is")  # fmt: skip

    def _unmet_findings(self, review: Review) -> Iterator[Unmet]:
        recorded = review.standing()
        if set(self.findings) != recorded:
            yield Unmet(rule="RV6", reason="it rests on other findings than those that stand",
                        hint="name every finding of the review")  # fmt: skip
        if self.outcome != "satisfactory" and not recorded:
            yield Unmet(rule="RV6", reason=f"no finding supports «{self.outcome}»",
                        who=reviewer.name)  # fmt: skip

    def _unmet_heard(self, review: Review, entry: Entry, book: Book) -> Iterator[Unmet]:
        draft = review.draft
        if draft is None or not review.standing() <= set(draft.findings):
            yield Unmet(rule="RV16", reason="no draft with every finding was shared",
                        who=reviewer.name)  # fmt: skip
        elif not comments_over(review, entry.at, book):
            until = comments_end(draft, book)
            yield Unmet(rule="RV16", reason=f"comments on the draft are taken until {until}",
                        earliest=dates.deadline(until), who=reviewer.name)  # fmt: skip
        subject = book.subject(entry.event.subject)
        for rebuttal in subject.all(Rebuttal):
            if rebuttal.review == self.review and not rebuttal.answered:
                yield Unmet(rule="RV16", reason=f"{rebuttal.ref.stream} is not answered",
                            who=reviewer.name)  # fmt: skip
        for question in subject.all(Question):
            if question.review == self.review and not question.answered:
                day = calendar.extended(dates.parse_day(question.answer_by), book)
                if dates.in_time(entry.at, day):
                    yield Unmet(rule="RV16", reason=f"{question.ref.stream} may be answered until "
                                f"{day}", earliest=dates.deadline(day))  # fmt: skip

    def _unmet_conditions(self, entry: Entry) -> Iterator[Unmet]:
        if bool(self.conditions) != (self.outcome == "conditions"):
            yield Unmet(rule="RV7", reason=f"the outcome is «{self.outcome}», "
                        f"with {len(self.conditions)} conditions")  # fmt: skip
        if len({condition.id for condition in self.conditions}) < len(self.conditions):
            yield Unmet(rule="RV7", reason="a condition id stands twice")
        today = dates.day_of(entry.at).isoformat()
        for condition in self.conditions:
            if not dates.is_day(condition.due) or condition.due <= today:
                yield Unmet(rule="RV7", reason=f"{condition.due} is no day ahead")

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV6, RV8, RV9, RV11 and RV12 at an endorsement."""
        subject = book.subject(entry.event.subject)
        review = of(subject, self.review)
        yield from unmet_open(review)
        if review is not None:
            yield from self._unmet_findings(review)
        yield from evidence.unmet_since(self.evidence, self.evidence_parts, entry, book)
        yield from unmet_seat(entry, self.review, subject)
        found = partnership.of(subject)
        seat = subject.get(seat_key(self.review, actor), Seat)
        if found is None or seat is None:
            return
        if is_party(actor, organization, found) and seat.interest != "disclosed":
            yield Unmet(
                rule="RV8",
                reason=f"{organization} is a party to the partnership",
                hint="a State discloses the tie; of the others another member decides",
            )
        yield from self._unmet_state(seat, entry, subject, found)

    def _unmet_state(
        self, seat: Seat, entry: Entry, subject: Subject, found: Partnership
    ) -> Iterator[Unmet]:
        voice = entry.body
        if not isinstance(voice, Endorsed):
            return
        proposal = subject.get(proposal_key(voice.proposal.stream), Proposal)
        if proposal is None or len(proposal.endorsements) + 1 < self.quorum:
            return
        heard = [subject.get(seat_key(self.review, v.actor), Seat) for v in proposal.endorsements]
        if not any(s is not None and is_untied(s, found) for s in (seat, *heard)):
            yield Unmet(rule="RV9", reason="the last voice is kept for a State that is neither "
                        "partner nor contributor nor host", who=reviewer.name)  # fmt: skip

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Decide the review; it stays open for its conditions, where there are any."""
        local = proposal.ref.stream.rpartition("/")[2]
        shown = evidence.considered(self.evidence, self.evidence_parts, subject)
        review = subject.things["review:" + self.review]
        yield "considered:" + local, shown
        yield "decision:" + local, ReviewDecided(
            ref=proposal.ref, review=self.review, outcome=self.outcome, mandate=self.mandate,
            guideline=self.guideline, evidence=shown, panel=proposal.endorsements,
            index=entry.index, decided_on=dates.day_text(entry.at), decided_at=entry.at,
            lead=subject.things["partnership"].lead,
        )  # fmt: skip
        yield "review:" + self.review, msgspec.structs.replace(
            review, state="conditions_open" if self.conditions else "closed", decision=local,
            conditions=tuple(Settled(c.id, c.due) for c in self.conditions),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the decision of each open review, with a list of all that is on record."""
        for local, review in open_reviews(subject):
            profile = terms_of(review, book)
            yield free_stream(subject), cls(
                quorum=profile.review_quorum if profile else 1,
                expires=dates.add(dates.day_of(book.time), "P90D").isoformat(),
                review=local, outcome="satisfactory", mandate=review.mandate,
                guideline=review.guideline,
                complements_governments=evidence.OPEN_ANSWER,
                complements_un=evidence.OPEN_ANSWER,
                evidence=evidence.everything(subject),
                findings=tuple(f.ref for f in review.findings if f.ref in review.standing()),
            )  # fmt: skip


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of RV24: what came before a decision, and no decision ever listed."""
    for subject in book.subjects.values():
        decided = [found.decided_at for found in subject.all(ReviewDecided)]
        if not decided:
            continue
        listed = {ref for earlier in subject.all(Considered) for ref in earlier.listed}
        for ref, at in asked(subject):
            if at < max(decided) and ref not in listed:
                yield Broken(rule="RV24", kind="omission", subject=subject.id, who=reviewer.name,
                             reason=f"{ref.stream} {ref.seq} came before a decision took effect, "
                             "and no decision lists it",
                             hint="list it in the next decision")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (ReviewDecisionProposed,)
