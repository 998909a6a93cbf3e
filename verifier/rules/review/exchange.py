"""What a panel and a partnership say to each other while a review is open.

- RV14 A question names a day ahead, within the `review_within` of its review: no member puts a
       decision off for ever by one question. It is answered once, by the secretariat or a
       partner, until that day has ended; later the panel can ask anew.
- RV15 A finding is rebutted once, by the secretariat or a partner, with evidence that the record
       holds; not after the last day for comments on a draft. The panel answers each rebuttal once:
       the finding is maintained, or revised to a stated severity, or withdrawn.

An answer and a rebuttal are replies: the decision's evidence list says what became of each (EV3).
Sources: mission table R1, R43; domain C2.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import calendar, dates, partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.evidence import Reply
from verifier.rules.fields import Day, EventRef, LocalId, Texts
from verifier.rules.partnership import UNDECIDED
from verifier.rules.review.state import (
    Finding,
    Question,
    Rebuttal,
    Review,
    citable,
    comments_over,
    free_stream,
    key_of,
    local_of,
    of,
    open_reviews,
    reviewer,
    terms_of,
    unmet_alone,
    unmet_open,
    unmet_seat,
)

__all__ = [
    "EVENTS",
    "FindingRebutted",
    "QuestionAnswered",
    "QuestionAsked",
    "RebuttalAnswered",
]

A_WEEK: Final = "P7D"

Severity = Annotated[int, Meta(ge=1, le=4)]


class QuestionAsked(Body, frozen=True, kw_only=True):
    """A member of the panel asks the partnership (RV2, RV11, RV12, RV14)."""

    TYPE: ClassVar[str] = "QuestionAsked/1"
    STREAM: ClassVar[str] = "p-*/question/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    MISSION: ClassVar[tuple[int, ...]] = (1,)

    review: LocalId
    text: Texts
    answer_by: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV11, RV12 and RV14."""
        subject = book.subject(entry.event.subject)
        yield from unmet_open(of(subject, self.review))
        yield from unmet_seat(entry, self.review, subject)
        if entry.event.seq != 0:
            yield Unmet(rule="RV14", reason="this stream holds a question", hint="name another")
        today, review = dates.day_of(entry.at), of(subject, self.review)
        rules = terms_of(review, book) if review else None
        since = dates.parse_day(review.opened_on) if review else today
        last = dates.add(since, rules.review_within if rules is not None else A_WEEK)
        if not dates.is_day(self.answer_by) or not (
            today.isoformat() < self.answer_by <= last.isoformat()
        ):
            yield Unmet(rule="RV14", reason=f"{self.answer_by} is no day ahead, by {last}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the question on record."""
        yield "question:" + local_of(entry), Question(entry.ref, self.review, self.answer_by)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a question in each open review."""
        day = dates.add(dates.day_of(book.time), A_WEEK).isoformat()
        for local, _ in open_reviews(subject):
            stream = free_stream(subject, "question")
            yield stream, cls(review=local, text=UNDECIDED, answer_by=day)


class QuestionAnswered(Body, frozen=True, kw_only=True):
    """The partnership answers a question of the panel (RV2, RV14)."""

    TYPE: ClassVar[str] = "QuestionAnswered/1"
    STREAM: ClassVar[str] = "p-*/question/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.partner)
    MISSION: ClassVar[tuple[int, ...]] = (1,)

    question: EventRef
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2 and RV14."""
        subject = book.subject(entry.event.subject)
        found = subject.get("question:" + local_of(entry), Question)
        if found is None or found.ref != self.question:
            yield Unmet(rule="RV14", reason="no such question stands here", who=reviewer.name)
            return
        yield from unmet_open(of(subject, found.review))
        if found.answered:
            yield Unmet(rule="RV14", reason="the question is answered")
        if question_over(found, entry.at, book):
            yield Unmet(rule="RV14", reason=f"it was to be answered by {found.answer_by}",
                        hint="the panel can ask anew", who=reviewer.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the answer on record."""
        key = "question:" + local_of(entry)
        found = subject.things[key]
        yield key, msgspec.structs.replace(found, answered=True)
        yield "reply:answer:" + local_of(entry), Reply(entry.ref, found.review, entry.at)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the answer to each question."""
        for found in subject.all(Question):
            if not found.answered:
                yield found.ref.stream, cls(question=found.ref, text=UNDECIDED)


def question_over(found: Question, at: int, book: Book) -> bool:
    """Say whether the day of a question has ended."""
    return not dates.in_time(at, calendar.extended(dates.parse_day(found.answer_by), book))


class FindingRebutted(Body, frozen=True, kw_only=True):
    """The partnership rebuts a finding (RV2, RV15)."""

    TYPE: ClassVar[str] = "FindingRebutted/1"
    STREAM: ClassVar[str] = "p-*/rebuttal/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.partner)
    MISSION: ClassVar[tuple[int, ...]] = (43,)

    review: LocalId
    finding: EventRef
    text: Texts
    evidence: Annotated[tuple[EventRef, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2 and RV15."""
        subject = book.subject(entry.event.subject)
        review = of(subject, self.review)
        yield from unmet_open(review)
        if entry.event.seq != 0:
            yield Unmet(rule="RV15", reason="this stream holds a rebuttal", hint="name another")
        found = _finding(review, self.finding)
        if found is None or found.state != "recorded":
            state = "no finding of this review" if found is None else found.state
            yield Unmet(rule="RV15", reason=f"what it rebuts is {state}")
        if review is not None and comments_over(review, entry.at, book):
            yield Unmet(rule="RV15", reason="the last day for comments is over")
        known = citable(subject) if self.evidence else set()
        for ref in self.evidence:
            if ref not in known:
                yield Unmet(rule="RV15", reason=f"{ref.stream} {ref.seq} is not in this record")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the rebuttal on record; the finding is contested until the panel answers."""
        local = local_of(entry)
        yield "rebuttal:" + local, Rebuttal(entry.ref, self.review, self.finding)
        yield "reply:rebuttal:" + local, Reply(entry.ref, self.review, entry.at)
        yield key_of(self.review), _with(subject.things[key_of(self.review)], self.finding,
                                         state="rebutted")  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the rebuttal of each finding that nobody contests."""
        for local, review in open_reviews(subject):
            for finding in review.findings:
                if finding.state == "recorded":
                    stream = free_stream(subject, "rebuttal")
                    yield stream, cls(review=local, finding=finding.ref, text=UNDECIDED)


class RebuttalAnswered(Body, frozen=True, kw_only=True):
    """The panel answers a rebuttal: what becomes of the finding (RV2, RV8, RV11, RV12, RV15)."""

    TYPE: ClassVar[str] = "RebuttalAnswered/1"
    STREAM: ClassVar[str] = "p-*/rebuttal/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    MISSION: ClassVar[tuple[int, ...]] = (43,)

    rebuttal: EventRef
    outcome: Literal["maintained", "revised", "withdrawn"]
    severity: Severity | None = None
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV8, RV11, RV12 and RV15."""
        subject = book.subject(entry.event.subject)
        found = subject.get("rebuttal:" + local_of(entry), Rebuttal)
        if found is None or found.ref != self.rebuttal:
            yield Unmet(rule="RV15", reason="no such rebuttal stands here")
            return
        yield from unmet_open(of(subject, found.review))
        yield from unmet_seat(entry, found.review, subject)
        yield from unmet_alone(entry, subject, book)
        if found.answered:
            yield Unmet(rule="RV15", reason="the rebuttal is answered")
        if (self.severity is not None) != (self.outcome == "revised"):
            yield Unmet(rule="RV15", reason="a severity is stated where the finding is revised, "
                        "and only there")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Say what becomes of the finding."""
        key = "rebuttal:" + local_of(entry)
        found = subject.things[key]
        yield key, msgspec.structs.replace(found, answered=True)
        review = subject.things[key_of(found.review)]
        changes = {"state": self.outcome} | ({"severity": self.severity} if self.severity else {})
        yield key_of(found.review), _with(review, found.finding, **changes)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the answer to each rebuttal."""
        for found in subject.all(Rebuttal):
            if not found.answered:
                yield (
                    found.ref.stream,
                    cls(rebuttal=found.ref, outcome="maintained", text=UNDECIDED),
                )


def _finding(review: Review | None, ref: EventRef) -> Finding | None:
    found = review.findings if review is not None else ()
    return next((finding for finding in found if finding.ref == ref), None)


def _with(review: Review, ref: EventRef, **changes: object) -> Review:
    """Return a review with one finding changed."""
    findings = tuple(
        msgspec.structs.replace(finding, **changes) if finding.ref == ref else finding
        for finding in review.findings
    )
    return msgspec.structs.replace(review, findings=findings)


EVENTS: Final[tuple[type[Body], ...]] = (
    QuestionAsked,
    QuestionAnswered,
    FindingRebutted,
    RebuttalAnswered,
)
