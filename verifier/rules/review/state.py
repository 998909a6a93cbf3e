"""What is known of reviews: findings, conditions, and decisions that took effect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from verifier.rules import body, calendar, dates, guideline, partnership
from verifier.rules.authority.state import Actor, organization_of, role
from verifier.rules.book import Book, Entry, Subject, Unmet
from verifier.rules.evidence import Considered
from verifier.rules.fields import Day, EventRef, LocalId, Texts, VersionRef
from verifier.rules.guideline import ReviewerClass
from verifier.rules.lot import Lot
from verifier.rules.proposal import Endorsement

__all__ = [
    "Comment",
    "Condition",
    "Cycle",
    "Declared",
    "Draft",
    "Finding",
    "Question",
    "Rebuttal",
    "Review",
    "ReviewDecided",
    "Sample",
    "Seat",
    "Settled",
    "citable",
    "class_of",
    "comments_end",
    "comments_over",
    "cycle_of",
    "decided_reviews",
    "declared_key",
    "free_stream",
    "is_party",
    "is_second_round",
    "is_untied",
    "key_of",
    "local_of",
    "of",
    "open_reviews",
    "reviewer",
    "seat_key",
    "seats",
    "terms_of",
    "unmet_alone",
    "unmet_apart",
    "unmet_class",
    "unmet_open",
    "unmet_seat",
]

reviewer: Final = role("reviewer")

CLASSES: Final[dict[str, str]] = {
    "government": "member_state",
    "un_entity": "un",
}
"""The class of an organization's reviewers; every other stakeholder type is independent."""


class Finding(msgspec.Struct, frozen=True):
    """A finding on record: its event, the clause it is about, its severity from 1 to 4."""

    ref: EventRef
    clause: str
    severity: int
    state: str = "recorded"
    """recorded, rebutted; and after a rebuttal is answered: maintained, revised, withdrawn."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a decision asks of the partnership, and by which day."""

    id: LocalId
    text: Texts
    due: Day


class Settled(msgspec.Struct, frozen=True):
    """A condition, its day, and how and when it ended: open, met or missed."""

    id: str
    due: str
    state: str = "open"
    on: str | None = None


class Draft(msgspec.Struct, frozen=True):
    """The draft of a review as it was shared: its findings, and the last day for comments."""

    ref: EventRef
    findings: tuple[EventRef, ...]
    comments_by: str
    first_by: str
    """The last day for comments on the first draft of the review."""
    is_last: bool = False
    """Whether it was shared after that day: no draft and no finding follows it."""


class Cycle(msgspec.Struct, frozen=True):
    """A review cycle; the thing ``cycle`` of its subject. Days are ISO 8601."""

    ref: EventRef
    body: str
    """Whose cycle it is."""
    index: int
    last_day: str
    closed_on: str | None = None


class Sample(Lot, frozen=True, kw_only=True):
    """A sample as it was announced; the thing ``sample:<id>`` of its cycle."""

    profile: str
    share: int
    size: int
    """The size of the log at which the register is drawn from."""


class Question(msgspec.Struct, frozen=True):
    """A question to the partnership; the thing ``question:<id>``."""

    ref: EventRef
    review: str
    answer_by: str
    answered: bool = False


class Rebuttal(msgspec.Struct, frozen=True):
    """A rebuttal of a finding; the thing ``rebuttal:<id>``."""

    ref: EventRef
    review: str
    finding: EventRef
    answered: bool = False


class Comment(msgspec.Struct, frozen=True):
    """An author's newest comment in a review; the thing ``comment:<review>/<author>``."""

    ref: EventRef
    draft: EventRef


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a review's panel; the thing ``seat:<review>/<actor>`` of its partnership."""

    actor: str
    organization: str
    reviewer_class: str
    country: str | None = None
    interest: str = ""
    """Empty until it is declared; then none, disclosed or recused (RV12)."""


class Declared(msgspec.Struct, frozen=True):
    """What an expert body or an auditor declared; the thing ``declared:<matter>/<actor>``."""

    ref: EventRef
    interest: str


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A review on record; the thing ``review:<id>`` of its partnership."""

    ref: EventRef
    kind: str
    reviewer_class: ReviewerClass
    mandate: str
    guideline: VersionRef
    profile: str
    opened_on: str
    state: str = "open"
    """open, discontinued, conditions_open or closed."""
    findings: tuple[Finding, ...] = ()
    draft: Draft | None = None
    """The newest draft that was shared."""
    decision: str | None = None
    conditions: tuple[Settled, ...] = ()
    cycle: str | None = None
    further: tuple[VersionRef, ...] = ()
    """The further layers that applied to the partnership when it was opened."""
    follows: str | None = None
    """The review of which a condition was missed, where this one follows it."""
    followed_by: str | None = None
    """The review that follows a missed condition of this one."""

    def standing(self) -> set[EventRef]:
        """Return the findings that stand: all that were not withdrawn after a rebuttal."""
        return {finding.ref for finding in self.findings if finding.state != "withdrawn"}

    def missed(self) -> list[Settled]:
        """Return the conditions that were missed."""
        return [condition for condition in self.conditions if condition.state == "missed"]


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
    decided_at: int
    """Log time in seconds."""
    lead: str
    """Who led the partnership then."""


def of(subject: Subject, review: str) -> Review | None:
    """Return a review of a partnership by its id, or nothing."""
    return subject.get(key_of(review), Review)


def terms_of(review: Review, book: Book) -> guideline.Profile | None:
    """Return the parameters of a review: those of its guideline version and further layers."""
    return guideline.profile_under(review.guideline, review.further, review.profile, book)


def unmet_open(review: Review | None, *states: str) -> Iterator[Unmet]:
    """Yield what is not met of RV2: the review exists and is open, or in one of these states."""
    if review is None:
        yield Unmet(rule="RV2", reason="there is no such review", who=reviewer.name)
    elif review.state not in (states or ("open",)):
        yield Unmet(rule="RV2", reason=f"the review is {review.state}")


def unmet_class(version: VersionRef, profile: str, stated: str, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of RV13 by a class of reviewers."""
    found = guideline.profile_of(version, profile, book)
    if found is not None and stated not in found.reviewer_classes:
        allowed = ", ".join(found.reviewer_classes)
        yield Unmet(rule="RV13", reason=f"the profile {profile} allows {allowed}; not {stated}")


def cycle_of(subject: str, book: Book) -> Cycle | None:
    """Return the review cycle that a subject is, or nothing."""
    return book.thing(subject, "cycle", Cycle)


def comments_over(review: Review, at: int, book: Book) -> bool:
    """Say whether a draft was shared and its last day for comments has ended (RV16)."""
    if review.draft is None:
        return False
    return not dates.in_time(at, comments_end(review.draft, book))


def is_second_round(draft: Draft | None, at: int, book: Book) -> bool:
    """Say whether the last day for comments on the first draft has ended (RV25)."""
    if draft is None:
        return False
    return not dates.in_time(at, calendar.extended(dates.parse_day(draft.first_by), book))


def comments_end(draft: Draft, book: Book) -> date:
    """Return the last day for comments on a draft, after the general extensions."""
    return calendar.extended(dates.parse_day(draft.comments_by), book)


def open_reviews(subject: Subject, state: str = "open") -> Iterator[tuple[str, Review]]:
    """Yield the id and the record of every review in this state."""
    for key, review in subject.by_key(Review).items():
        if review.state == state:
            yield key.partition(":")[2], review


def decided_reviews(subject: Subject) -> Iterator[tuple[str, Review]]:
    """Yield the id and the record of every review that was decided."""
    for key, review in subject.by_key(Review).items():
        if review.decision is not None:
            yield key.partition(":")[2], review


def free_stream(subject: Subject, kind: str = "decision") -> str:
    """Return the first stream of a kind that holds nothing yet, such as ``p-x/decision/d2``."""
    n = 1
    while (stream := f"{subject.id}/{kind}/{kind[0]}{n}") in subject.heads:
        n += 1
    return stream


def is_party(actor: str, organization: str, found: partnership.Partnership) -> bool:
    """Say whether an actor or its organization belongs or belonged to a partnership (D2.15)."""
    return (
        actor == found.secretariat
        or partnership.is_partner(found, organization)
        or organization in found.former
    )


def unmet_apart(
    rule: str, ref: EventRef, found: partnership.Partnership, book: Book
) -> Iterator[Unmet]:
    """Yield, under a rule of the asker's, that the body that decided is a party's (D2.13).

    It is a party's where it is a partner itself, or an office of one certified or cosigned.
    """
    decided = body.decision(ref, book)
    if decided is None:
        return
    for actor in (decided.body, *decided.certified_by, *decided.cosigned_by):
        organization = organization_of(actor, book)
        if is_party(actor, organization, found):
            yield Unmet(rule=rule, reason=f"{decided.symbol} is of a party's: {organization}",
                        hint="another body decides")  # fmt: skip
            return


def class_of(organization: Actor) -> str:
    """Return the class of the reviewers of an organization, by its stakeholder type."""
    return CLASSES.get(organization.stakeholder_type, "independent")


def key_of(review: str) -> str:
    """Return the key of a review."""
    return "review:" + review


def local_of(entry: Entry) -> str:
    """Return the last segment of the stream an entry stands on."""
    return entry.event.stream.rpartition("/")[2]


def seat_key(review: str, actor: str) -> str:
    """Return the key of an actor's seat; neither part can hold the stroke between them."""
    return f"seat:{review}/{actor}"


def declared_key(matter: str, actor: str) -> str:
    """Return the key of what an actor without a seat declared in a matter."""
    return f"declared:{matter}/{actor}"


def seats(subject: Subject, review: str) -> Iterator[Seat]:
    """Yield every seat on the panel of a review."""
    prefix = seat_key(review, "")
    return (seat for key, seat in subject.by_key(Seat).items() if key.startswith(prefix))


def is_untied(seat: Seat, found: partnership.Partnership) -> bool:
    """Say whether a seat is a State's that is neither partner nor contributor nor host (RV9)."""
    return (
        seat.reviewer_class == "member_state"
        and seat.country is not None
        and seat.country not in found.countries
        and not is_party(seat.actor, seat.organization, found)
    )


def unmet_seat(entry: Entry, review: str, subject: Subject) -> Iterator[Unmet]:
    """Yield what is not met of RV11 and RV12: whoever acts and whoever signs sits and declared."""
    for actor in entry.signers:
        if not actor:
            return  # a possible next event, by nobody yet
        seat = subject.get(seat_key(review, actor), Seat)
        if seat is None:
            yield Unmet(rule="RV11", reason=f"{actor} has no seat on the panel",
                        who="body_secretary")  # fmt: skip
        elif seat.interest not in ("none", "disclosed"):
            state = "has recused itself" if seat.interest else "has not declared its interest"
            yield Unmet(rule="RV12", reason=f"{actor} {state}", who=reviewer.name)


def unmet_alone(entry: Entry, subject: Subject, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of RV8 by what one member does alone: no party does it."""
    found = partnership.of(subject)
    for signer in entry.signers:
        if found is not None and is_party(signer, organization_of(signer, book), found):
            yield Unmet(rule="RV8", reason=f"{signer} belongs to a party", who=reviewer.name,
                        hint="let another member do it")  # fmt: skip


def citable(subject: Subject) -> set[EventRef]:
    """Return what can be cited of a record: the head of each stream, and what its things record.

    A head commits to everything before it on its stream; an earlier event is cited through it.
    """
    heads = {EventRef(stream, head.seq, head.id) for stream, head in subject.heads.items()}
    own = subject.id + "/"
    recorded = (getattr(thing, "ref", None) for thing in subject.things.values())
    return heads | {r for r in recorded if type(r) is EventRef and r.stream.startswith(own)}
