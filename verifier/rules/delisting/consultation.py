"""Who is heard before the United Nations are parted from a partnership: its entity, its board.

- OP1 An opinion is asked of a United Nations entity that is a partner: of the lead, if it is one.
      It is asked once, in the open case. [R93]
- OP2 The opinion is given by an office of the entity that was asked, once, in its time.
- OP3 A board that is informed is a registered body; it is informed of the open case. [R83, R93]

The entity and its board are consulted and have no veto: the decision answers the opinion (BD4).
Sources: domain C4.3; decision D2.13.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

import msgspec

from verifier.event import Event
from verifier.rules import dates, partnership
from verifier.rules.authority.state import Actor, organization_of, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import Opinion, RemovalCase, registry
from verifier.rules.fields import ActorId, LocalId, Texts
from verifier.rules.partnership import UNDECIDED, Partnership
from verifier.rules.partnership.state import entities
from verifier.rules.review.state import free_stream

__all__ = [
    "EVENTS",
    "BoardInformed",
    "OpinionGiven",
    "OpinionRequested",
    "consulted",
    "unmet_heard",
]


def consulted(found: Partnership) -> tuple[str, ...]:
    """Return the United Nations entities that may be asked: the lead, else every partner."""
    held = entities(found.partners)
    return (found.lead,) if found.lead in held else held


def unmet_heard(
    rule: str, case: RemovalCase, entry: Entry, book: Book, *, answered: bool
) -> Iterator[Unmet]:
    """Yield, under a rule, that the entity was not heard, or that its opinion is not answered."""
    subject = book.subject(entry.event.subject)
    found, rules = partnership.of(subject), cases.terms(subject, entry.at, book)
    if found is None or rules is None or not consulted(found):
        return
    opinion = case.opinion
    if opinion is None:
        yield Unmet(rule=rule, reason=f"no opinion was asked of {consulted(found)[0]}",
                    who=registry.name)  # fmt: skip
    elif opinion.given is None:
        last = cases.later(opinion.asked_on, rules.opinion_within)
        if dates.in_time(entry.at, last):
            yield Unmet(rule=rule, reason=f"{opinion.entity} may give its opinion until {last}",
                        earliest=dates.deadline(last))  # fmt: skip
    elif not answered:
        yield Unmet(rule=rule, reason=f"it does not answer the opinion of {opinion.entity}")


class OpinionRequested(Body, frozen=True, kw_only=True):
    """The registry asks a United Nations entity for its opinion on a case (OP1, CS1)."""

    TYPE: ClassVar[str] = "OpinionRequested/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (93,)

    entity: ActorId

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 and OP1."""
        subject = book.subject(entry.event.subject)
        yield from way.unmet_open(entry, book, entry.event.stream.rpartition("/")[2])
        found, case = partnership.of(subject), cases.open_case(subject)
        if found is not None and self.entity not in consulted(found):
            yield Unmet(rule="OP1", reason=f"{self.entity} is not the entity to be asked")
        if case is not None and case.opinion is not None:
            yield Unmet(rule="OP1", reason=f"{case.opinion.entity} was asked")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note who was asked, and when."""
        asked = Opinion(self.entity, dates.day_text(entry.at))
        yield "case", msgspec.structs.replace(subject.things["case"], opinion=asked)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the request where an entity is to be asked."""
        case, found = cases.open_case(subject), partnership.of(subject)
        if case is not None and found is not None and case.opinion is None and consulted(found):
            yield f"{subject.id}/case/{case.id}", cls(entity=consulted(found)[0])


class OpinionGiven(Body, frozen=True, kw_only=True):
    """The entity that was asked gives its opinion on a case (OP2, CS1)."""

    TYPE: ClassVar[str] = "OpinionGiven/1"
    STREAM: ClassVar[str] = "p-*/opinion/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("lead_entity_officer"), role("executive_head"))
    MISSION: ClassVar[tuple[int, ...]] = (32, 93)

    case: LocalId
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 and OP2."""
        subject = book.subject(entry.event.subject)
        yield from way.unmet_open(entry, book, self.case)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        opinion = case.opinion if case else None
        if opinion is None or opinion.entity != organization_of(entry.actor, book):
            yield Unmet(rule="OP2", reason=f"{entry.actor} was not asked for an opinion")
            return
        if opinion.given is not None:
            yield Unmet(rule="OP2", reason="the opinion is on record")
        last = cases.later(opinion.asked_on, rules.opinion_within) if rules else None
        if last is not None and not dates.in_time(entry.at, last):
            yield Unmet(rule="OP2", reason=f"the time for the opinion ended on {last}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the opinion on record."""
        case: RemovalCase = subject.things["case"]
        if case.opinion is not None:
            given = msgspec.structs.replace(case.opinion, given=entry.ref)
            yield "case", msgspec.structs.replace(case, opinion=given)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the opinion that was asked for."""
        case = cases.open_case(subject)
        if case is not None and case.opinion is not None and case.opinion.given is None:
            yield free_stream(subject, "opinion"), cls(case=case.id, text=UNDECIDED)


class BoardInformed(Body, frozen=True, kw_only=True):
    """The governing body of the entity that leads a partnership is informed of a case (OP3)."""

    TYPE: ClassVar[str] = "BoardInformed/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (83, 93)

    board: ActorId

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the board."""
        return (self.board,)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 and OP3."""
        yield from way.unmet_open(entry, book, entry.event.stream.rpartition("/")[2])
        known = book.thing(self.board, "actor", Actor)
        if known is None or known.kind != "body":
            yield Unmet(rule="OP3", reason=f"{self.board} is no registered body", who="registry")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note that the board knows."""
        yield "case", msgspec.structs.replace(subject.things["case"], board=entry.ref)


EVENTS: Final[tuple[type[Body], ...]] = (OpinionRequested, OpinionGiven, BoardInformed)
