"""What is known of reviews: findings, conditions, and decisions that took effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from verifier.rules import partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Subject, Unmet
from verifier.rules.evidence import Considered
from verifier.rules.fields import Day, EventRef, LocalId, Texts, VersionRef
from verifier.rules.proposal import Endorsement

__all__ = [
    "Condition",
    "Finding",
    "Review",
    "ReviewDecided",
    "Settled",
    "free_stream",
    "is_party",
    "of",
    "open_reviews",
    "reviewer",
    "unmet_open",
]

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


def unmet_open(review: Review | None, state: str = "open") -> Iterator[Unmet]:
    """Yield what is not met of RV2: the review exists and is in this state."""
    if review is None:
        yield Unmet(rule="RV2", reason="there is no such review", who=reviewer.name)
    elif review.state != state:
        yield Unmet(rule="RV2", reason=f"the review is {review.state}, not {state}")


def open_reviews(subject: Subject, state: str = "open") -> Iterator[tuple[str, Review]]:
    """Yield the id and the record of every review in this state."""
    for key, thing in subject.things.items():
        if type(thing) is Review and thing.state == state:
            yield key.partition(":")[2], thing


def free_stream(subject: Subject, kind: str = "decision") -> str:
    """Return the first stream of a kind that holds nothing yet, such as ``p-x/decision/d2``."""
    n = 1
    while (stream := f"{subject.id}/{kind}/{kind[0]}{n}") in subject.heads:
        n += 1
    return stream


def is_party(actor: str, organization: str, found: partnership.Partnership) -> bool:
    """Say whether an actor or its organization belongs to a partnership (decision D2.15)."""
    return actor == found.secretariat or partnership.is_partner(found, organization)
