"""The draft of a review: shared, commented on, and only then decided; and separate opinions.

- RV16 A draft is shared with every finding that stands, and is open to comments until the day that
       `review_comments` gives. The secretariat and each partner comment once on each draft, in
       time. A decision is proposed when that day is over, every finding that stands was in the
       draft, every rebuttal is answered, and every question is answered or its day is over.
- RV25 After the last day for comments on the first draft one more is shared, with a finding that is
       new; then no draft and no finding follows, and what is found later waits for the next review.
- RV17 A separate opinion is a panel member's, on a decision of its panel that is proposed; each
       gives one.

So nothing of the partnership's can come between a proposal and its voices, and no finding reaches a
decision that the partnership could not answer. Sources: mission table R1, R43; domain C2.5, C3;
decision D4.33.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates, partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.evidence import Reply
from verifier.rules.fields import Day, EventRef, Texts
from verifier.rules.partnership import UNDECIDED
from verifier.rules.proposal import Proposal, proposal_key
from verifier.rules.review.decision import ReviewDecisionProposed
from verifier.rules.review.state import (
    Comment,
    Draft,
    Review,
    comments_over,
    is_second_round,
    key_of,
    local_of,
    of,
    open_reviews,
    reviewer,
    terms_of,
    unmet_open,
    unmet_seat,
)

__all__ = ["EVENTS", "CommentReceived", "DraftShared", "SeparateOpinionFiled"]


class DraftShared(Body, frozen=True, kw_only=True):
    """The panel shares the draft of its review (RV2, RV11, RV12, RV16, RV25)."""

    TYPE: ClassVar[str] = "DraftShared/1"
    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    MISSION: ClassVar[tuple[int, ...]] = (1, 43)

    text: Texts
    findings: Annotated[tuple[EventRef, ...], Meta(max_length=20)] = ()
    comments_by: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV11, RV12, RV16 and RV25."""
        subject, local = book.subject(entry.event.subject), local_of(entry)
        review = of(subject, local)
        yield from unmet_open(review)
        yield from unmet_seat(entry, local, subject)
        if review is None:
            return
        if set(self.findings) != review.standing():
            yield Unmet(rule="RV16", reason="the draft has other findings than those that stand")
        until = _comments_by(review, entry.at, book)
        if self.comments_by != until:
            yield Unmet(rule="RV16", reason=f"a draft of today is open to comments until {until}")
        yield from self._unmet_round(review.draft, entry, book)

    def _unmet_round(self, before: Draft | None, entry: Entry, book: Book) -> Iterator[Unmet]:
        if before is None or not is_second_round(before, entry.at, book):
            return
        if before.is_last:
            yield Unmet(rule="RV25", reason="the second draft was shared", hint="decide the review")
        elif set(self.findings) <= set(before.findings):
            yield Unmet(rule="RV25", reason="a further draft has a new finding, this has none",
                        hint="decide the review")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the draft on record; it replaces an earlier one."""
        key = key_of(local_of(entry))
        review: Review = subject.things[key]
        before = review.draft
        shared = Draft(
            entry.ref, self.findings, self.comments_by,
            first_by=before.first_by if before else self.comments_by,
            is_last=is_second_round(before, entry.at, book),
        )  # fmt: skip
        yield key, msgspec.structs.replace(review, draft=shared)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the draft of each open review, with the findings that stand."""
        for local, review in open_reviews(subject):
            if review.draft is not None and review.draft.is_last:
                continue
            yield f"{subject.id}/review/{local}", cls(
                text=UNDECIDED, comments_by=_comments_by(review, book.time, book),
                findings=tuple(f.ref for f in review.findings if f.ref in review.standing()),
            )  # fmt: skip


def _comments_by(review: Review, at: int, book: Book) -> str:
    rules = terms_of(review, book)
    window = rules.review_comments if rules is not None else "P0D"
    return dates.add(dates.day_of(at), window).isoformat()


class CommentReceived(Body, frozen=True, kw_only=True):
    """The secretariat or a partner comments on a draft (RV2, RV16)."""

    TYPE: ClassVar[str] = "CommentReceived/1"
    STREAM: ClassVar[str] = "p-*/comment/*/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.partner)
    MISSION: ClassVar[tuple[int, ...]] = (43,)

    draft: EventRef
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2 and RV16."""
        subject, local = book.subject(entry.event.subject), entry.event.stream.split("/")[2]
        review = of(subject, local)
        yield from unmet_open(review)
        draft = review.draft if review is not None else None
        if draft is None or draft.ref != self.draft:
            yield Unmet(rule="RV16", reason="it is not on the newest draft of this review",
                        who=reviewer.name)  # fmt: skip
        elif review is not None and comments_over(review, entry.at, book):
            yield Unmet(rule="RV16", reason=f"comments were taken until {draft.comments_by}")
        before = subject.get(f"comment:{local}/{entry.event.iss}", Comment)
        if before is not None and before.draft == self.draft:
            yield Unmet(rule="RV16", reason=f"{entry.event.iss} has commented on this draft")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the comment on record, as a reply that the decision answers."""
        local, author = entry.event.stream.split("/")[2:]
        yield f"comment:{local}/{author}", Comment(entry.ref, self.draft)
        yield f"reply:comment:{local}/{author}:{entry.event.seq}", Reply(entry.ref, local, entry.at)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer comments on each draft."""
        for local, review in open_reviews(subject):
            if review.draft is not None:
                yield (
                    f"{subject.id}/comment/{local}/*",
                    cls(draft=review.draft.ref, text=UNDECIDED),
                )


class SeparateOpinionFiled(Body, frozen=True, kw_only=True):
    """A member of a panel gives its own opinion on the panel's decision (RV11, RV12, RV17)."""

    TYPE: ClassVar[str] = "SeparateOpinionFiled/1"
    STREAM: ClassVar[str] = "p-*/opinion/*/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    MISSION: ClassVar[tuple[int, ...]] = (1,)
    DECISION: ClassVar[bool] = True

    decision: EventRef
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV11, RV12 and RV17."""
        subject = book.subject(entry.event.subject)
        proposal = subject.get(proposal_key(self.decision.stream), Proposal)
        here = f"{subject.id}/decision/{entry.event.stream.split('/')[2]}"
        if (
            proposal is None
            or (self.decision.stream, self.decision) != (here, proposal.ref)
            or not isinstance(proposal.body, ReviewDecisionProposed)
        ):
            yield Unmet(rule="RV17", reason="no such decision of a panel is proposed here")
            return
        yield from unmet_seat(entry, proposal.body.review, subject)
        if entry.event.seq != 0:
            yield Unmet(rule="RV17", reason=f"{entry.event.iss} has given its opinion")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer an opinion on each decision of a panel that waits for voices."""
        for proposal in subject.all(Proposal):
            if isinstance(proposal.body, ReviewDecisionProposed) and proposal.effective is None:
                stream = proposal.ref.stream.replace("/decision/", "/opinion/") + "/*"
                yield stream, cls(decision=proposal.ref, text=UNDECIDED)


EVENTS: Final[tuple[type[Body], ...]] = (DraftShared, CommentReceived, SeparateOpinionFiled)
