"""Adopted decisions that two offices of a body certify.

The secretary certifies what was adopted, the presiding officer cosigns, and only then does the
decision take effect. One decision may settle many cases: other events refer to it and ask for the
result of their item.

- BO3 A decision is adopted on a day that is not in the future: in a session of the body and on one
      of its days, or by silence, between sessions and without one. [R44, R45]
- BO4 A recorded vote is stated, on the whole or on every item, and with no other way of adoption;
      it carries by the majority of those present and voting: abstentions do not count, and a tie is
      no majority. [R1]
- BO6 A mission that breaks the silence ends the procedure: the matter needs a session.
- BO8 A decision is certified once more, or differently, only until it is cosigned.
- BO9 Who cosigns is another office than the one that certified, and names the newest certification;
      what certifying asks is asked again. [R1]

Sources: R1, R44, R45, R53; decisions D2.10, D2.11; rules of procedure of the General Assembly,
rules 86 and 87, for what BO4 counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.body.sessions import Decides
from verifier.rules.body.state import (
    Announced,
    Decision,
    DecisionItem,
    OfBody,
    Session,
    Votes,
    carries,
    own_presiding_officer,
    secretary,
    thing_key,
    whole,
)
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import ActorId, Day, EventRef, LangText, LocalId, Symbol, Texts

__all__ = ["EVENTS", "Certified", "DecisionCertified", "DecisionCosigned", "Explanation"]


class Explanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member said of its position, in the record of the meeting."""

    of: ActorId
    text: Texts


class DecisionCertified(Decides, frozen=True, kw_only=True):
    """A body's secretary certifies what the body adopted (BO1, BO3 to BO8)."""

    TYPE: ClassVar[str] = "DecisionCertified/1"
    MISSION: ClassVar[tuple[int, ...]] = (1, 44, 45)

    symbol: Symbol
    adoption: Literal["without_vote", "silence", "recorded_vote"]
    adopted_on: Day
    session: LocalId | None = None
    votes: Votes | None = None
    explanations: Annotated[tuple[Explanation, ...], Meta(max_length=10)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO1 and BO3 to BO8."""
        yield from super().unmet(entry, book)
        yield from self.unmet_adoption(entry, book)
        before = book.thing(
            entry.event.subject, thing_key("decision", entry.event.stream), Decision
        )
        if before is not None and before.effective is not None:
            yield Unmet(rule="BO8", reason=f"{before.symbol} is cosigned and in effect",
                        hint="another decision can follow it")  # fmt: skip

    def unmet_adoption(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO3 to BO6; asked again when it is cosigned."""
        subject = book.subject(entry.event.subject)
        if not dates.is_day(self.adopted_on) or self.adopted_on > dates.day_text(entry.at):
            yield Unmet(rule="BO3", reason=f"{self.adopted_on} is no day up to today")
        yield from self._unmet_vote(whole(self.items, self.annexes, subject))
        if self.adoption == "silence":
            yield from self._unmet_silence(entry, subject)
        else:
            yield from self._unmet_session(subject)

    def _unmet_vote(self, items: tuple[DecisionItem, ...]) -> Iterator[Unmet]:
        by_item = [item.votes is not None for item in items]
        if self.adoption != "recorded_vote":
            if self.votes is not None or any(by_item):
                yield Unmet(rule="BO4", reason=f"adopted by {self.adoption}, with a vote stated")
        elif self.votes is None and not all(by_item):
            yield Unmet(rule="BO4", reason="a vote is missing, on the whole or on an item")
        elif self.votes is not None and not carries(self.votes):
            yield Unmet(rule="BO4", reason=f"{self.votes.in_favour} in favour and "
                        f"{self.votes.against} against are no majority")  # fmt: skip

    def _unmet_session(self, subject: Subject) -> Iterator[Unmet]:
        session = None if self.session is None else subject.get(f"session:{self.session}", Session)
        if session is None:
            yield Unmet(rule="BO3", reason="it names no session of the body", who=secretary.name)
        elif not session.first_day <= self.adopted_on <= session.last_day:
            yield Unmet(rule="BO3", reason=f"the session sat from {session.first_day} to "
                        f"{session.last_day}")  # fmt: skip

    def _unmet_silence(self, entry: Entry, subject: Subject) -> Iterator[Unmet]:
        if self.session is not None:
            yield Unmet(rule="BO3", reason="a decision by silence names no session")
        found = subject.get(thing_key("silence", entry.event.stream), Announced)
        if found is None:
            yield Unmet(rule="BO5", reason="no silence was announced on this stream",
                        who=secretary.name)  # fmt: skip
            return
        if (self.kind, self.items, self.annexes) != (found.kind, found.items, found.annexes):
            yield Unmet(rule="BO5", reason="what was announced is something else")
        if entry.at < found.ends or self.adopted_on < dates.day_text(found.ends):
            yield Unmet(rule="BO5", reason="the silence has not lasted to its end",
                        earliest=found.ends)  # fmt: skip
        if found.broken_by is not None:
            yield Unmet(rule="BO6", reason=f"{found.broken_by} broke the silence",
                        hint="put the matter to a session")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the decision on record; it waits for the cosignature."""
        settled = whole(self.items, self.annexes, subject)
        yield thing_key("decision", entry.event.stream), Decision(
            ref=entry.ref, body=subject.id, symbol=self.symbol, kind=self.kind,
            adopted_on=self.adopted_on, adoption=self.adoption,
            results={f"{item.subject}/{item.matter}": item.result for item in settled},
            terms={f"{i.subject}/{i.matter}": i.terms for i in settled if i.terms is not None},
            certified_by=entry.signers,
        )  # fmt: skip
        yield thing_key("certified", entry.event.stream), Certified(self)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the certification of each silence that nobody broke."""
        for found in subject.all(Announced):
            key = thing_key("decision", found.ref.stream)
            if found.broken_by is None and key not in subject.things:
                yield found.ref.stream, cls(
                    symbol="…", kind=found.kind, title=(LangText("und", "…"),),
                    items=found.items, annexes=found.annexes, adoption="silence",
                    adopted_on=dates.day_text(max(book.time, found.ends)),
                )  # fmt: skip


class Certified(msgspec.Struct, frozen=True):
    """A certification as it was signed; the thing ``certified:<id>``, for the cosignature."""

    body: DecisionCertified


class DecisionCosigned(OfBody, frozen=True, kw_only=True):
    """The presiding officer cosigns a certified decision, which takes effect (BO1, BO3 to BO9)."""

    TYPE: ClassVar[str] = "DecisionCosigned/1"
    STREAM: ClassVar[str] = "actor-*/decision/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (own_presiding_officer,)
    DECISION: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (1, 44, 45)

    decision: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of BO1 and BO3 to BO9."""
        subject, stream = book.subject(entry.event.subject), entry.event.stream
        found = subject.get(thing_key("decision", stream), Decision)
        certified = subject.get(thing_key("certified", stream), Certified)
        if found is None or certified is None or found.ref != self.decision:
            yield from super().unmet(entry, book)
            yield Unmet(rule="BO9", reason="it does not name the newest certification here",
                        who=secretary.name)  # fmt: skip
            return
        yield from certified.body.unmet(entry, book)
        if not set(entry.signers).isdisjoint(found.certified_by):
            yield Unmet(rule="BO9", reason="who cosigns has certified it", hint="another office")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the decision take effect."""
        key = thing_key("decision", entry.event.stream)
        yield (
            key,
            msgspec.structs.replace(
                subject.things[key],
                cosigned_by=entry.signers,
                effective=entry.index,
                effective_on=dates.day_text(entry.at),
            ),
        )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the cosignature of each decision that waits for it."""
        for found in subject.all(Decision):
            if found.effective is None:
                yield found.ref.stream, cls(decision=found.ref)


EVENTS: Final[tuple[type[Body], ...]] = (DecisionCertified, DecisionCosigned)
