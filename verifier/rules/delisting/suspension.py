"""The course of a suspension: one extension, and its end.

- SU1 A suspension is extended once, before its last day has passed, by a decision of the body that
      may decide (BD8) and by the profile's time.
- SU2 It is lifted once the report is accepted, by the registry or the partnership; the case ends as
      cured.
- SU3 (whole log) The registry lifts it within the profile's time after the acceptance, or after it
      has lapsed; later is the registry's own omission.
- SU4 It lapses where nobody decided on the removal in the time after its last day, and is lifted
      as lapsed by the registry or the partnership; the case ends, and no new final notice follows.

Under a case about integrity, too, a suspension is lifted, on the stream of its own case.

While a partnership is suspended its obligations go on, and it may appeal (AP1). Sources: domain
C4.3 step 6; decision D3.20.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import body, dates, partnership
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import RemovalCase, registry
from verifier.rules.delisting.decision import ended
from verifier.rules.delisting.ruling import KIND, NO_DECISION
from verifier.rules.fields import Day, EventRef
from verifier.rules.guideline import Profile
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
        yield from way.unmet_decider("SU1", self.decision, entry, book)
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
    """A suspension is lifted, as the report was accepted or nobody decided in time (SU2, SU4)."""

    TYPE: ClassVar[str] = "SuspensionLifted/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        registry, partnership.secretariat, partnership.lead,
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    obligation: Annotated[int, Meta(ge=1, le=200)]
    """The number of the report that the case is about."""
    ground: Literal["cured", "lapsed"] = "cured"

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS1, SU2 and SU4."""
        subject, local = book.subject(entry.event.subject), entry.event.stream.rpartition("/")[2]
        yield from way.unmet_open(entry, book)
        case, found = cases.about_report(subject), partnership.of(subject)
        if case is None or case.id != local:
            yield Unmet(rule="CS1", reason="no such case about a report is open")
            return
        if found is not None and found.listing != "suspended":
            yield Unmet(rule="SU2", reason=f"the partnership is {found.listing}, not suspended")
        if case.obligation != self.obligation:
            yield Unmet(rule="SU2", reason=f"the case is about report {case.obligation}")
        accepted = cases.cured(case, standing_at(subject, entry.at, book))
        if self.ground == "cured" and not accepted:
            yield Unmet(rule="SU2", reason=f"report {case.obligation} is not accepted",
                        who="screening_officer")  # fmt: skip
        elif self.ground == "lapsed" and accepted:
            yield Unmet(rule="SU4", reason="the report was accepted", hint="lift it as cured")
        elif self.ground == "lapsed":
            yield from _unmet_lapsed(case, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """List the partnership again and end the case; one about integrity goes on."""
        yield "partnership", partnership.moved(subject.things["partnership"], "listed", entry)
        case: RemovalCase = subject.things["case"]
        if case.track == "integrity":
            yield "case", msgspec.structs.replace(case, before=None)
        else:
            yield "case", ended(case, entry, self.ground)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the lift of a suspension."""
        case = cases.about_report(subject)
        if case is not None and case.suspension is not None:
            rules = cases.terms(subject, book.time, book)
            late = rules and cases.leads_no_further(case, rules, subject, book.time, book)
            cured = cases.cured(case, standing_at(subject, book.time, book))
            ground: Literal["cured", "lapsed"] = "lapsed" if late and not cured else "cured"
            yield (
                f"{subject.id}/case/{case.id}",
                cls(obligation=case.obligation, ground=ground),
            )


def _unmet_lapsed(case: RemovalCase, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of SU4 while the report is owed."""
    subject = book.subject(entry.event.subject)
    rules = cases.terms(subject, entry.at, book)
    if rules is None or cases.leads_no_further(case, rules, subject, entry.at, book):
        return
    last = cases.decide_until(case, rules, subject, entry.at, book)
    undecided = cases.is_undecided(case, rules, entry.at, book)
    yield Unmet(rule="SU4", reason="the suspension lasts, or the time to decide after it",
                earliest=dates.deadline(last) if last and undecided else None)  # fmt: skip


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of SU3: a suspension that outlasts its report's acceptance or itself."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        case = cases.about_report(subject) or cases.of(subject)
        rules = cases.terms(subject, book.time, book) if case and case.suspension else None
        if case is None or rules is None:
            continue
        since, why = cases.cured_on(case, subject), "the report was accepted"
        if since is None and case.ended_on is None:
            since, why = _lapsed_on(case, rules, subject, book), "the time to decide ended"
        due = cases.later(since, rules.suspension_lifted_within).isoformat() if since else None
        if due is not None and (case.ended_on or today) > due:
            lifted = f"on {case.ended_on}" if case.ended_on else f"not by {today}"
            yield Broken(rule="SU3", kind="omission", subject=subject.id, who=registry.name,
                         reason=f"{why} on {since}; the suspension was to be lifted by {due}, and "
                         f"was {lifted}")  # fmt: skip


def _lapsed_on(case: RemovalCase, rules: Profile, subject: Subject, book: Book) -> str | None:
    if not cases.leads_no_further(case, rules, subject, book.time, book):
        return None
    last = cases.decide_until(case, rules, subject, book.time, book)
    return last.isoformat() if last else None


EVENTS: Final[tuple[type[Body], ...]] = (SuspensionExtended, SuspensionLifted)
