"""A panel reviews a partnership: opened, findings, a decision by quorum, and its conditions.

- RV1 A review is opened of a partnership that is or was listed, by the version of the base set
      that is in force on that day; its stream holds this one review.
- RV2 Findings are recorded, conditions settled and a review discontinued only while it is open.
- RV3 A finding cites a clause of that version and events that stand in this partnership's record.
- RV4 A decision names an open review, its mandate and its guideline version.
- RV5 Its evidence list is complete (EV1 to EV4), at the proposal and again at each endorsement:
      what came since then needs a new proposal.
- RV6 It rests on every finding of the review; what is not «satisfactory» rests on at least one.
- RV7 Conditions come with the outcome «conditions» and with no other; each has its own id, and a
      day that lies ahead.
- RV8 A panel member whose organization is the secretariat's, the lead or a partner does not count;
      a State does, if it discloses the tie in its opinion (recusal, decision D2.15).
- RV9 A decision's stream holds one proposal, so that nobody replaces it under its endorsers.
- RV10 A condition is met or missed once; it is missed only after its day has ended everywhere.

The quorum counts distinct organizations and is the profile's ``review_quorum``. A review that is
decided with conditions closes when each is settled; a missed one is a ground for the next review.
Sources: R1, R19, R24, R43; domain C2.5, C3, C4.2; decisions D1.1, D2.11, D2.15, D3.25.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import calendar, dates, evidence, guideline, partnership
from verifier.rules.authority.state import Actor, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.evidence import Answer, Considered, Items, Parts
from verifier.rules.fields import Day, EventRef, LocalId, Symbol, Texts, VersionRef
from verifier.rules.partnership import UNDECIDED
from verifier.rules.proposal import Endorsed, Endorsement, Proposal, ProposalBody

__all__ = [
    "EVENTS",
    "Condition",
    "ConditionMet",
    "ConditionMissed",
    "Finding",
    "FindingRecorded",
    "Review",
    "ReviewDecided",
    "ReviewDecisionProposed",
    "ReviewDiscontinued",
    "ReviewOpened",
]

REVIEWABLE: Final = ("listed", "suspended", "removed", "withdrawn", "completed")
reviewer: Final = role("reviewer")


class Finding(msgspec.Struct, frozen=True):
    """A finding on record: its event, the clause it is about, its severity from 1 to 4."""

    ref: EventRef
    clause: str
    severity: int


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a decision asks of the partnership, and by which day."""

    id: LocalId
    text: Texts
    due: Day


class Settled(msgspec.Struct, frozen=True):
    """A condition, its day, and how it ended: open, met or missed."""

    id: str
    due: str
    state: str = "open"


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A review on record; the thing ``review:<id>`` of its partnership."""

    ref: EventRef
    kind: str
    reviewer_class: str
    mandate: str
    guideline: VersionRef
    profile: str
    state: str = "open"
    """open, discontinued, conditions_open or closed."""
    findings: tuple[Finding, ...] = ()
    decision: str | None = None
    conditions: tuple[Settled, ...] = ()


class ReviewDecided(msgspec.Struct, frozen=True, kw_only=True):
    """A panel's decision that took effect; the thing ``decision:<id>`` of its partnership."""

    ref: EventRef
    review: str
    outcome: str
    mandate: str
    guideline: VersionRef
    evidence: Considered
    panel: tuple[Endorsement, ...]
    index: int
    decided_on: str


def of(subject: Subject, review: str) -> Review | None:
    """Return a review of a partnership by its id, or nothing."""
    return subject.get("review:" + review, Review)


def _here(entry: Entry, book: Book) -> tuple[str, Review | None]:
    local = entry.event.stream.rpartition("/")[2]
    return local, of(book.subject(entry.event.subject), local)


def _unmet_open(review: Review | None, state: str = "open") -> Iterator[Unmet]:
    if review is None:
        yield Unmet(rule="RV2", reason="there is no such review", who=reviewer.name)
    elif review.state != state:
        yield Unmet(rule="RV2", reason=f"the review is {review.state}, not {state}")


def _open_reviews(subject: Subject, state: str = "open") -> Iterator[tuple[str, Review]]:
    for key, thing in subject.things.items():
        if type(thing) is Review and thing.state == state:
            yield key.partition(":")[2], thing


class ReviewOpened(Body, frozen=True, kw_only=True):
    """A reviewer opens a review of a partnership (RV1)."""

    TYPE: ClassVar[str] = "ReviewOpened/1"
    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)

    kind: Literal["desk", "peer", "independent", "audit", "integrity"]
    reviewer_class: Literal["member_state", "un", "independent"]
    mandate: Symbol
    guideline: VersionRef
    profile: Literal["un_led", "un_participating", "light", "mega", "country"]
    terms: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV1."""
        if entry.event.seq != 0:
            yield Unmet(rule="RV1", reason="this review is opened already", hint="name another")
        found = partnership.of(book.subject(entry.event.subject))
        if found is None or found.listing not in REVIEWABLE:
            state = "not on record" if found is None else found.listing
            yield Unmet(rule="RV1", reason=f"the partnership is {state}", who="registry")
        elif found.profile != self.profile:
            yield Unmet(rule="RV1", reason=f"the partnership's profile is {found.profile}")
        version = guideline.base_in_force(dates.day_of(entry.at), book)
        if version is None or version != self.guideline:
            named = "none" if version is None else f"{version.set} version {version.version}"
            yield Unmet(rule="RV1", reason=f"the base guideline in force is {named}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the review on record."""
        yield "review:" + entry.event.stream.rpartition("/")[2], Review(
            ref=entry.ref, kind=self.kind, reviewer_class=self.reviewer_class,
            mandate=self.mandate, guideline=self.guideline, profile=self.profile,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a review where none is open."""
        found = partnership.of(subject)
        version = guideline.base_in_force(dates.day_of(book.time), book)
        if found is None or found.profile is None or version is None:
            return
        if not any(_open_reviews(subject)):
            count = sum(1 for _ in subject.all(Review))
            yield f"{subject.id}/review/r{count + 1}", cls(
                kind="desk", reviewer_class="member_state", mandate="…", guideline=version,
                profile=found.profile, terms=UNDECIDED,  # type: ignore[arg-type]  # names agree
            )  # fmt: skip


class FindingRecorded(Body, frozen=True, kw_only=True):
    """A reviewer records what was found on one clause (RV2, RV3)."""

    TYPE: ClassVar[str] = "FindingRecorded/1"
    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)

    clause: LocalId
    severity: Annotated[int, Meta(ge=1, le=4)]
    text: Texts
    evidence: Annotated[tuple[EventRef, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2 and RV3."""
        subject = book.subject(entry.event.subject)
        _, review = _here(entry, book)
        yield from _unmet_open(review)
        version = guideline.guideline_set(review.guideline, book) if review else None
        if version is not None and not any(c.id == self.clause for c in version.clauses):
            yield Unmet(rule="RV3", reason=f"{self.clause} is no clause of this guideline version")
        for ref in self.evidence:
            head = subject.heads.get(ref.stream)
            if head is None or ref.seq > head.seq or (ref.seq == head.seq and ref.id != head.id):
                yield Unmet(rule="RV3", reason=f"{ref.stream} {ref.seq} is not in this record")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Add the finding to the review."""
        key = "review:" + entry.event.stream.rpartition("/")[2]
        review = subject.things[key]
        finding = Finding(entry.ref, self.clause, self.severity)
        yield key, msgspec.structs.replace(review, findings=(*review.findings, finding))

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a finding in each open review."""
        for local, review in _open_reviews(subject):
            version = guideline.guideline_set(review.guideline, book)
            if version is not None:
                yield f"{subject.id}/review/{local}", cls(
                    clause=version.clauses[0].id, severity=1, text=UNDECIDED
                )


class ReviewDiscontinued(Body, frozen=True, kw_only=True):
    """A reviewer ends a review without a decision, and says why (RV2)."""

    TYPE: ClassVar[str] = "ReviewDiscontinued/1"
    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)

    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2."""
        yield from _unmet_open(_here(entry, book)[1])

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the review."""
        key = "review:" + entry.event.stream.rpartition("/")[2]
        yield key, msgspec.structs.replace(subject.things[key], state="discontinued")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the end of each open review."""
        for local, _ in _open_reviews(subject):
            yield f"{subject.id}/review/{local}", cls(reason=UNDECIDED)


class ReviewDecisionProposed(ProposalBody, frozen=True, kw_only=True):
    """A panel's decision on a review, put up for endorsement (RV4 to RV9)."""

    TYPE: ClassVar[str] = "ReviewDecisionProposed/1"
    STREAM: ClassVar[str] = "p-*/decision/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)

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
        profile = guideline.profile_of(review.guideline, review.profile, book) if review else None
        return 0 if profile is None else profile.review_quorum

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV4 to RV7 and RV9."""
        if entry.event.seq != 0:
            yield Unmet(rule="RV9", reason="this stream holds a proposal", hint="name another")
        subject = book.subject(entry.event.subject)
        review = of(subject, self.review)
        yield from _unmet_open(review)
        if review is not None:
            if (self.mandate, self.guideline) != (review.mandate, review.guideline):
                yield Unmet(rule="RV4", reason="the review's mandate or guideline is another")
            yield from self._unmet_findings(review)
        yield from evidence.unmet_evidence(
            self.evidence, self.evidence_parts, self.review, subject
        )
        yield from self._unmet_conditions(entry)

    def _unmet_findings(self, review: Review) -> Iterator[Unmet]:
        recorded = {finding.ref for finding in review.findings}
        if set(self.findings) != recorded:
            yield Unmet(rule="RV6", reason="it rests on other findings than the review recorded",
                        hint="name every finding of the review")  # fmt: skip
        if self.outcome != "satisfactory" and not recorded:
            yield Unmet(rule="RV6", reason=f"no finding supports «{self.outcome}»",
                        who=reviewer.name)  # fmt: skip

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
        """Yield what is not met of RV2, RV5 and RV8 at an endorsement."""
        subject = book.subject(entry.event.subject)
        yield from _unmet_open(of(subject, self.review))
        yield from evidence.unmet_since(self.evidence, self.evidence_parts, subject)
        found = partnership.of(subject)
        if found is not None and is_party(actor, organization, found):
            known = book.thing(organization, "actor", Actor)
            state = known is not None and known.stakeholder_type == "government"
            disclosed = isinstance(entry.body, Endorsed) and entry.body.opinion is not None
            if not (state and disclosed):
                yield Unmet(
                    rule="RV8",
                    reason=f"{organization} is a party to the partnership",
                    hint="disclose the tie in the opinion" if state else "another member decides",
                )

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
            index=entry.index, decided_on=dates.day_of(entry.at).isoformat(),
        )  # fmt: skip
        yield "review:" + self.review, msgspec.structs.replace(
            review, state="conditions_open" if self.conditions else "closed", decision=local,
            conditions=tuple(Settled(c.id, c.due) for c in self.conditions),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the decision of each open review, with a list of all that is on record."""
        for local, review in _open_reviews(subject):
            profile = guideline.profile_of(review.guideline, review.profile, book)
            yield free_stream(subject), cls(
                quorum=profile.review_quorum if profile else 1,
                expires=dates.add(dates.day_of(book.time), "P90D").isoformat(),
                review=local, outcome="satisfactory", mandate=review.mandate,
                guideline=review.guideline,
                complements_governments=evidence.OPEN_ANSWER,
                complements_un=evidence.OPEN_ANSWER,
                evidence=evidence.everything(subject),
                findings=tuple(finding.ref for finding in review.findings),
            )  # fmt: skip


def free_stream(subject: Subject) -> str:
    """Return a decision stream of a partnership that holds no proposal yet."""
    count = sum(1 for stream in subject.heads if stream.startswith(f"{subject.id}/decision/"))
    return f"{subject.id}/decision/d{count + 1}"


def is_party(actor: str, organization: str, found: partnership.Partnership) -> bool:
    """Say whether an actor or its organization belongs to a partnership (decision D2.15)."""
    return actor == found.secretariat or partnership.is_partner(found, organization)


class _Settles(Body, frozen=True, kw_only=True):
    """What settles a condition of a decided review (RV2, RV10)."""

    STREAM: ClassVar[str] = "p-*/review/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer,)
    AS: ClassVar[str]

    condition: LocalId
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2 and RV10."""
        _, review = _here(entry, book)
        yield from _unmet_open(review, "conditions_open")
        conditions = review.conditions if review else ()
        found = next((c for c in conditions if c.id == self.condition), None)
        if found is None or found.state != "open":
            yield Unmet(rule="RV10", reason=f"{self.condition} is no open condition")
        elif self.AS == "missed":
            due = calendar.extended(dates.parse_day(found.due), book)
            if dates.in_time(entry.at, due):
                yield Unmet(rule="RV10", reason=f"there is time until {due}",
                            earliest=dates.deadline(due), who=reviewer.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Settle the condition; the last one closes the review."""
        key = "review:" + entry.event.stream.rpartition("/")[2]
        review = subject.things[key]
        settled = tuple(
            msgspec.structs.replace(c, state=self.AS) if c.id == self.condition else c
            for c in review.conditions
        )
        open_ = any(c.state == "open" for c in settled)
        yield key, msgspec.structs.replace(
            review, conditions=settled, state="conditions_open" if open_ else "closed"
        )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer to settle each open condition."""
        for local, review in _open_reviews(subject, "conditions_open"):
            for condition in review.conditions:
                if condition.state == "open":
                    yield f"{subject.id}/review/{local}", cls(
                        condition=condition.id, text=UNDECIDED
                    )


class ConditionMet(_Settles, frozen=True, kw_only=True):
    """A reviewer finds a condition met (RV2, RV10)."""

    TYPE: ClassVar[str] = "ConditionMet/1"
    AS: ClassVar[str] = "met"


class ConditionMissed(_Settles, frozen=True, kw_only=True):
    """A reviewer finds a condition missed, after its day (RV2, RV10)."""

    TYPE: ClassVar[str] = "ConditionMissed/1"
    AS: ClassVar[str] = "missed"


EVENTS: Final[tuple[type[Body], ...]] = (
    ReviewOpened,
    FindingRecorded,
    ReviewDiscontinued,
    ReviewDecisionProposed,
    ConditionMet,
    ConditionMissed,
)
