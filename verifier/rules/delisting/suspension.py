"""The course of a suspension: one extension, and its lift once the report is accepted.

- SU1 A suspension is extended once, before its last day has passed, by a body's decision and by the
      profile's time.
- SU2 It is lifted once the report is accepted, which ends the case as cured; nothing else does.
- SU3 (whole log) The registry lifts it within the profile's time after the acceptance; later is the
      registry's own omission.

While a partnership is suspended its obligations go on, and it may appeal (AP1). Sources: domain
C4.3 step 6; decision D3.20.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import body, dates, partnership
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import RemovalCase, registry
from verifier.rules.delisting.decision import ended, listed_again
from verifier.rules.delisting.ruling import KIND, NO_DECISION
from verifier.rules.fields import Day, EventRef
from verifier.rules.standing import standing_at

__all__ = ["EVENTS", "SuspensionExtended", "SuspensionLifted", "whole_log"]


class SuspensionExtended(Body, frozen=True, kw_only=True):
    """A body extends a suspension, once (SU1, CS1 to CS4)."""

    TYPE: ClassVar[str] = "SuspensionExtended/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    DECISION: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    decision: EventRef
    until: Day

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided."""
        return (body.subject_of(self.decision),)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 to CS4 and SU1."""
        subject, local = book.subject(entry.event.subject), entry.event.stream.rpartition("/")[2]
        yield from way.unmet_open(entry, book, local)
        yield from way.unmet_adverse(entry, book)
        case, rules = cases.open_case(subject), cases.terms(subject, entry.at, book)
        held = case.suspension if case else None
        if case is None or rules is None or held is None:
            yield Unmet(rule="SU1", reason="no suspension stands")
            return
        item = f"{subject.id}/{case.id}"
        yield from body.unmet_result(
            "SU1", self.decision, book, kind=KIND, item=item, result="extend"
        )
        if held.extended:
            yield Unmet(rule="SU1", reason="the suspension was extended once")
        if cases.is_over(held, entry.at):
            yield Unmet(rule="SU1", reason=f"the suspension ended on {held.until}")
        last = cases.later(held.until, rules.extension).isoformat()
        if self.until != last:
            yield Unmet(rule="SU1", reason=f"extended, it lasts until {last}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the later last day."""
        case: RemovalCase = subject.things["case"]
        if case.suspension is not None:
            held = msgspec.structs.replace(case.suspension, until=self.until, extended=True)
            yield (
                "case",
                msgspec.structs.replace(
                    case, suspension=held, signers=(*case.signers, *cases.signers_of(entry))
                ),
            )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the extension of a suspension that had none."""
        case, rules = cases.open_case(subject), cases.terms(subject, book.time, book)
        held = case.suspension if case else None
        if case is not None and rules is not None and held is not None and not held.extended:
            last = cases.later(held.until, rules.extension).isoformat()
            yield f"{subject.id}/case/{case.id}", cls(decision=NO_DECISION, until=last)


class SuspensionLifted(Body, frozen=True, kw_only=True):
    """The registry lifts a suspension, as the report was accepted (SU2)."""

    TYPE: ClassVar[str] = "SuspensionLifted/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    obligation: Annotated[int, Meta(ge=1, le=200)]
    """The number of the report that was accepted."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1 and SU2."""
        subject, local = book.subject(entry.event.subject), entry.event.stream.rpartition("/")[2]
        yield from way.unmet_open(entry, book, local)
        case, found = cases.open_case(subject), partnership.of(subject)
        if found is not None and found.listing != "suspended":
            yield Unmet(rule="SU2", reason=f"the partnership is {found.listing}, not suspended")
        if case is not None and case.obligation != self.obligation:
            yield Unmet(rule="SU2", reason=f"the case is about report {case.obligation}")
        if case is not None and not cases.cured(case, standing_at(subject, entry.at, book)):
            yield Unmet(rule="SU2", reason=f"report {case.obligation} is not accepted",
                        who="screening_officer")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """List the partnership again and end the case as cured."""
        yield from listed_again(subject, entry)
        yield "case", ended(subject.things["case"], entry, "cured")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the lift of a suspension."""
        case = cases.open_case(subject)
        if case is not None and case.suspension is not None:
            yield f"{subject.id}/case/{case.id}", cls(obligation=case.obligation)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of SU3: a suspension that outlasts the acceptance of its report."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        case = cases.of(subject)
        rules = cases.terms(subject, book.time, book) if case and case.suspension else None
        accepted = cases.cured_on(case, subject) if case and rules else None
        if case is None or rules is None or accepted is None:
            continue
        due = cases.later(accepted, rules.suspension_lifted_within).isoformat()
        if (case.ended_on or today) > due:
            lifted = f"on {case.ended_on}" if case.ended_on else f"not by {today}"
            yield Broken(rule="SU3", kind="omission", subject=subject.id, who=registry.name,
                         reason=f"the report was accepted on {accepted}; the suspension was to be "
                         f"lifted by {due}, and was {lifted}")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (SuspensionExtended, SuspensionLifted)
