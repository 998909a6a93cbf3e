"""Who sits on the panel of a review: seats, what each member declares, and who may not sit.

- RV8 An independent or UN reviewer whose organization is the secretariat's, the lead or a partner
      is neither seated nor heard; a State that is one is heard once it has disclosed the tie, and
      alone ends no review, settles no condition and answers no rebuttal. [R43]
- RV11 A seat is given once, while the review is open or its conditions are, to a holder of the
       role; it states the organization, its class by stakeholder type, and the country on record.
       Who acts in a review, and who signs for it, has a seat.
- RV12 A member declares its interest before it acts: none, one that it discloses, or one for which
       it recuses itself. Only a State stays with an interest, none declares «none» against the
       record, and a recusal is final. An expert body and an auditor declare in a matter of theirs,
       by the same rule, without a seat. [R49]
- RV13 A review is led by, and seats go to, the classes of reviewers that the profile allows. [R43]
- RV19 A member that declared «none» and was heard had no tie on record elsewhere on the day of the
       decision: no other listed partnership in which both its organization and this one's lead are
       partners (whole log). [R43]

Sources: mission table R43, R49; decisions D1.8, D2.11, D2.12, D2.15.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Literal

import msgspec

from verifier.event import Event
from verifier.rules import partnership
from verifier.rules.authority.state import Actor, organization_of, role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Alpha3, Texts
from verifier.rules.guideline import ReviewerClass
from verifier.rules.partnership import UNDECIDED, Partnership
from verifier.rules.partnership.state import belonged, everybody
from verifier.rules.review.state import (
    Declared,
    ReviewDecided,
    Seat,
    class_of,
    declared_key,
    is_party,
    of,
    open_reviews,
    reviewer,
    seat_key,
    seats,
    unmet_class,
    unmet_open,
)

__all__ = ["ACROSS", "EVENTS", "ConflictOfInterestDeclared", "ReviewerAssigned", "across"]

SEATED: Final = ("open", "conditions_open")

OUTSIDE: Final = (role("expert_body"), role("independent_auditor"))
"""Who declares an interest without a seat."""

UNNAMED: Final = "actor-x"
"""Stands for a member that the secretary has yet to name."""


class ReviewerAssigned(Body, frozen=True, kw_only=True):
    """A body's secretary seats a reviewer on the panel of a review (RV2, RV8, RV11, RV13)."""

    TYPE: ClassVar[str] = "ReviewerAssigned/1"
    STREAM: ClassVar[str] = "p-*/panel/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("body_secretary"),)
    MISSION: ClassVar[tuple[int, ...]] = (43,)

    member: ActorId
    organization: ActorId
    reviewer_class: ReviewerClass
    country: Alpha3 | None = None
    """The organization's country on record, by which a host of the partnership is told apart."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the member and its organization."""
        return (self.member, self.organization)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV8, RV11 and RV13."""
        subject = book.subject(entry.event.subject)
        local = entry.event.stream.rpartition("/")[2]
        review, found = of(subject, local), partnership.of(subject)
        yield from unmet_open(review, *SEATED)
        if review is not None:
            yield from unmet_class(review.guideline, review.profile, self.reviewer_class, book)
        if seat_key(local, self.member) in subject.things:
            yield Unmet(rule="RV11", reason=f"{self.member} has a seat on this panel")
        yield from self._unmet_member(entry, book)
        if (
            found is not None
            and self.reviewer_class != "member_state"
            and is_party(self.member, self.organization, found)
        ):
            yield Unmet(rule="RV8", reason=f"{self.organization} is a party to the partnership",
                        hint="seat another organization")  # fmt: skip

    def _unmet_member(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        known = book.thing(self.member, "actor", Actor)
        behind = book.thing(self.organization, "actor", Actor)
        if known is None or behind is None or known.principal != self.organization:
            yield Unmet(rule="RV11", reason=f"{self.member} does not belong to {self.organization}")
            return
        if not reviewer.holds(self.member, entry, book):
            yield Unmet(rule="RV11", reason=f"{self.member} is no reviewer here",
                        who="body_secretary")  # fmt: skip
        if (self.reviewer_class, self.country) != (class_of(behind), behind.country):
            yield Unmet(rule="RV11", reason=f"on record it is of the class {class_of(behind)} and "
                        f"of the country {behind.country or '(none)'}")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the seat on record."""
        yield seat_key(entry.event.stream.rpartition("/")[2], self.member), Seat(
            actor=self.member, organization=self.organization,
            reviewer_class=self.reviewer_class, country=self.country,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a seat on the panel of each open review."""
        for local, review in open_reviews(subject):
            yield f"{subject.id}/panel/{local}", cls(
                member=UNNAMED, organization=UNNAMED, reviewer_class=review.reviewer_class,
            )  # fmt: skip


class ConflictOfInterestDeclared(Body, frozen=True, kw_only=True):
    """A member of a panel, an expert or an auditor declares its interest (RV2, RV11, RV12)."""

    TYPE: ClassVar[str] = "ConflictOfInterestDeclared/1"
    STREAM: ClassVar[str] = "p-*/declaration/*/@"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (reviewer, *OUTSIDE)
    MISSION: ClassVar[tuple[int, ...]] = (43, 49)

    interest: Literal["none", "disclosed", "recused"]
    statement: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RV2, RV11 and RV12."""
        subject = book.subject(entry.event.subject)
        local, author = entry.event.stream.split("/")[2], entry.event.iss
        seat = subject.get(seat_key(local, author), Seat)
        if seat is not None:
            yield from unmet_open(of(subject, local), *SEATED)
        elif any(capacity.holds(author, entry, book) for capacity in OUTSIDE):
            before = subject.get(declared_key(local, author), Declared)
            seat = Seat(actor=author, organization=organization_of(author, book),
                        reviewer_class="independent",
                        interest=before.interest if before else "")  # fmt: skip
        elif author:
            yield Unmet(rule="RV11", reason=f"{author} has no seat on the panel",
                        who="body_secretary")  # fmt: skip
        if seat is None:
            return
        if self.on_behalf_of is not None:
            yield Unmet(rule="RV12", reason="nobody declares another's interest")
        if seat.interest == "recused":
            yield Unmet(rule="RV12", reason="it has recused itself")
        yield from self._unmet_interest(seat, partnership.of(subject))

    def _unmet_interest(self, seat: Seat, found: Partnership | None) -> Iterator[Unmet]:
        if self.interest == "disclosed" and seat.reviewer_class != "member_state":
            yield Unmet(rule="RV12", reason="an independent or UN reviewer with an interest leaves",
                        hint="declare «recused»")  # fmt: skip
        party = found is not None and is_party(seat.actor, seat.organization, found)
        if self.interest == "none" and party:
            yield Unmet(rule="RV12", reason=f"{seat.organization} is a party to the partnership",
                        hint="disclose it, or recuse yourself")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the declaration on record."""
        local, author = entry.event.stream.split("/")[2:]
        key = seat_key(local, author)
        if key in subject.things:
            yield key, msgspec.structs.replace(subject.things[key], interest=self.interest)
        else:
            yield declared_key(local, author), Declared(entry.ref, self.interest)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the declaration of each member that has not made it."""
        for local, _ in open_reviews(subject):
            for seat in seats(subject, local):
                if not seat.interest:
                    stream = f"{subject.id}/declaration/{local}/{seat.actor}"
                    yield stream, cls(interest="none", statement=UNDECIDED)


ACROSS: Final = (ReviewDecided,)


def across(book: Book) -> Iterator[Broken]:
    """Yield what is broken of RV19: who was heard without disclosing a tie on record elsewhere."""
    listed: dict[str, dict[str, Partnership]] = defaultdict(dict)
    for subject in book.subjects.values():
        found = partnership.of(subject)
        if found is not None and found.moves:
            for organization in everybody(found, subject):
                listed[organization][subject.id] = found
    for subject in book.subjects.values():
        for decided in subject.all(ReviewDecided):
            yield from _undisclosed(decided, subject, listed, book)


def _undisclosed(
    decided: ReviewDecided, subject: Subject, listed: dict[str, dict[str, Partnership]],
    book: Book,
) -> Iterator[Broken]:  # fmt: skip
    with_lead = listed.get(decided.lead, {})
    for voice in decided.panel:
        seat = subject.get(seat_key(decided.review, voice.actor), Seat)
        if seat is None or seat.interest != "none":
            continue
        for other, theirs in listed.get(voice.organization, {}).items():
            if other == subject.id or other not in with_lead:
                continue
            both = (voice.organization, decided.lead)
            if _together(both, theirs, book.subject(other), decided):
                yield Broken(rule="RV19", subject=subject.id, who="reviewer",
                             reason=f"{voice.actor} declared no interest and decided; "
                             f"{voice.organization} and the lead {decided.lead} were both partners "
                             f"in {other}", hint="disclose the tie and decide anew")  # fmt: skip


def _together(
    both: tuple[str, str], theirs: Partnership, other: Subject, decided: ReviewDecided
) -> bool:
    """Say whether two were partners in what was on the register when a decision took effect."""
    day = decided.decided_on
    return partnership.profile_at(theirs, decided.index) is not None and all(
        belonged(theirs, organization, other, day, day) for organization in both
    )


EVENTS: Final[tuple[type[Body], ...]] = (ReviewerAssigned, ConflictOfInterestDeclared)
