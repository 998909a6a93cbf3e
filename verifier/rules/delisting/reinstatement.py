"""Return to the register after a removal: what was owed, a recommitment, a new clock.

- RI1 Reinstatement is requested of what was removed or withdrew under a case, by its secretariat
      or lead, with a recommitment; no other request is pending, and the profile's time has passed
      since a refusal, and since a removal for integrity.
- RI2 It is granted once every report that was due by the day of the removal, or of the withdrawal,
      is accepted,
- RI3 and once the time has passed in which the deciding offices may refuse.
- RI4 It names the base guideline version in force, the further layers and the profile; the clock
      starts anew. [R86]
- RI5 A refusal is decided by offices, four eyes, within that time, says why, and answers both
      questions (EV5).
- RI6 After a removal for integrity the body that removed it decides on the return, after a
      withdrawal under such a case one that may decide on removals (BD8), and no one else refuses
      it. It decides on the request that is pending: what it adopted before that was filed counts no
      more.
- RI7 Its refusal is put into effect by the registry, asks CS2, says why, and answers both
      questions (EV5); on any other return the offices decide (RI5).

Source: domain C4.3 step 11; decision D3.22.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import ClassVar, Final

import msgspec

from verifier.event import Event
from verifier.rules import body, calendar, dates, guideline, partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.clock import Obligation
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import RemovalCase, registry
from verifier.rules.delisting.ruling import NO_DECISION
from verifier.rules.evidence import OPEN_ANSWER, Answer
from verifier.rules.fields import Blob, Code, EventRef, Symbol, Texts, VersionRef
from verifier.rules.partnership import UNDECIDED, Further
from verifier.rules.proposal import Proposal, ProposalBody
from verifier.rules.review.state import free_stream
from verifier.rules.standing import owed

__all__ = [
    "EVENTS",
    "Reinstated",
    "Reinstatement",
    "ReinstatementRefusalProposed",
    "ReinstatementRefused",
    "ReinstatementRequested",
]

RETURN: Final = "reinstatement"
"""The kind of a body's decision on a return; the results are ``reinstate`` and ``refuse``."""


GONE: Final = ("removed", "withdrawn_under_case")
"""Which listings come back in this way (decision D3.23)."""


class Reinstatement(msgspec.Struct, frozen=True):
    """The newest request to return; the thing ``reinstatement`` of its partnership."""

    ref: EventRef
    requested_on: str
    state: str = "requested"
    """requested, granted or refused."""
    refused_on: str | None = None


def _pending(subject: Subject) -> Reinstatement | None:
    found = subject.get("reinstatement", Reinstatement)
    return found if found is not None and found.state == "requested" else None


def _unmet_pending(request: EventRef, rule: str, subject: Subject) -> Iterator[Unmet]:
    pending = _pending(subject)
    if pending is None or pending.ref != request:
        yield Unmet(rule=rule, reason="no such request is pending",
                    who=partnership.secretariat.name)  # fmt: skip


def _objection_ends(found: Reinstatement, entry_at: int, subject: Subject, book: Book) -> date:
    rules = cases.terms(subject, entry_at, book)
    begins = dates.parse_day(found.requested_on)
    return dates.add(begins, rules.objection_window) if rules else begins


def _removed_for_integrity(subject: Subject) -> RemovalCase | None:
    case = cases.of(subject)
    return case if case is not None and case.track == "integrity" else None


def _missing(subject: Subject, book: Book) -> list[Obligation]:
    """Return the reports that were due by the removal, or the withdrawal, and are not accepted."""
    found, case, left = partnership.of(subject), cases.of(subject), subject.get("left", cases.Left)
    profile = partnership.profile_of(found, book) if found else None
    ends = [*filter(None, (case.ended_on if case else None, left.on if left else None))]
    if found is None or profile is None or not ends:
        return []
    return owed(found, subject, profile, dates.parse_day(max(ends)), book)


def _unmet_body(
    decision: EventRef | None, result: str, case: RemovalCase, entry: Entry, book: Book
) -> Iterator[Unmet]:
    """Yield what is not met of RI6."""
    subject = book.subject(entry.event.subject)
    if decision is None:
        yield Unmet(rule="RI6", reason="the return after a removal for integrity is decided "
                    "by the body that removed it")  # fmt: skip
        return
    item = f"{subject.id}/{case.id}"
    yield from body.unmet_result("RI6", decision, book, kind=RETURN, item=item, result=result)
    decider = case.decision.body if case.decision else None
    if decider is None:
        yield from way.unmet_decider("RI6", decision, entry, book)
    elif body.subject_of(decision) != decider:
        yield Unmet(rule="RI6", reason=f"{decider} removed it, and decides on its return")
    pending, found = _pending(subject), body.decision(decision, book)
    if pending and found and found.adopted_on < pending.requested_on:
        yield Unmet(rule="RI6", reason=f"{found.symbol} was adopted on {found.adopted_on}, before "
                    "the request", hint="the body decides on this request")  # fmt: skip


def _refused(entry: Entry, subject: Subject) -> Iterator[Change]:
    """Refuse the pending request."""
    yield (
        "reinstatement",
        msgspec.structs.replace(
            subject.things["reinstatement"], state="refused", refused_on=dates.day_text(entry.at)
        ),
    )


class ReinstatementRequested(Body, frozen=True, kw_only=True):
    """A removed partnership asks to return and commits itself again (RI1)."""

    TYPE: ClassVar[str] = "ReinstatementRequested/1"
    STREAM: ClassVar[str] = "p-*/reinstatement/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (partnership.secretariat, partnership.lead)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    recommitment: Texts
    letter: Blob | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RI1."""
        subject = book.subject(entry.event.subject)
        found, last = partnership.of(subject), subject.get("reinstatement", Reinstatement)
        if found is None or found.listing not in GONE:
            state = "not on record" if found is None else found.listing.replace("_", " ")
            yield Unmet(rule="RI1", reason=f"the partnership is {state}, not removed")
        if entry.event.seq != 0:
            yield Unmet(rule="RI1", reason="this stream holds a request", hint="name another")
        if last is not None and last.state == "requested":
            yield Unmet(rule="RI1", reason="a request is pending")
        rules, case = cases.terms(subject, entry.at, book), _removed_for_integrity(subject)
        if rules is None:
            return
        if last is not None and last.refused_on is not None:
            day = cases.later(last.refused_on, rules.reapply_after)
            if dates.day_of(entry.at) < day:
                yield Unmet(rule="RI1", reason=f"a request was refused; the next waits until {day}",
                            earliest=calendar.opens(day))  # fmt: skip
        if case is not None and case.ended_on is not None:
            day = cases.later(case.ended_on, rules.integrity_return_after)
            if dates.day_of(entry.at) < day:
                yield Unmet(rule="RI1", reason=f"removed for integrity, it may ask from {day} on",
                            earliest=calendar.opens(day))  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the request on record."""
        today = dates.day_of(entry.at).isoformat()
        yield "reinstatement", Reinstatement(entry.ref, today)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the request to whoever was removed."""
        found = partnership.of(subject)
        if found is not None and found.listing in GONE and _pending(subject) is None:
            yield free_stream(subject, "reinstatement"), cls(recommitment=UNDECIDED)


class ReinstatementRefusalProposed(ProposalBody, frozen=True, kw_only=True):
    """The deciding offices object to a return, put up for their endorsement (RI5)."""

    TYPE: ClassVar[str] = "ReinstatementRefusalProposed/1"
    STREAM: ClassVar[str] = "p-*/decision/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    ENDORSERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    COUNTS: ClassVar[str] = "offices"
    MISSION: ClassVar[tuple[int, ...]] = (19, 86)

    request: EventRef
    mandate: Symbol
    complements_governments: Answer
    complements_un: Answer
    reasons: Texts

    def required_quorum(self, entry: Entry, book: Book) -> int:
        """Ask the number of offices of the guideline version in force."""
        rules = cases.terms(book.subject(entry.event.subject), entry.at, book)
        return 0 if rules is None else rules.decision_offices

    def unmet_here(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RI5."""
        yield from self._unmet_in_time(entry, book)

    def _unmet_in_time(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        subject = book.subject(entry.event.subject)
        yield from _unmet_pending(self.request, "RI5", subject)
        yield from way.unmet_signer(entry, book)
        pending = _pending(subject)
        if pending is not None:
            ends = _objection_ends(pending, entry.at, subject, book)
            if not dates.in_time(entry.at, ends):
                yield Unmet(rule="RI5", reason=f"objections ended on {ends}")
        if _removed_for_integrity(subject):
            yield Unmet(rule="RI6", reason="the body that removed it decides on its return")

    def bars(self, actor: str, organization: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RI5 at an endorsement."""
        yield from self._unmet_in_time(entry, book)

    def effect(
        self, proposal: Proposal, entry: Entry, subject: Subject, book: Book
    ) -> Iterator[Change]:
        """Refuse the request."""
        yield from _refused(entry, subject)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the refusal of a pending request."""
        pending, rules = _pending(subject), cases.terms(subject, book.time, book)
        if pending is not None and rules is not None:
            yield free_stream(subject), cls(
                quorum=rules.decision_offices, mandate="…", request=pending.ref,
                expires=dates.add(dates.day_of(book.time), rules.objection_window).isoformat(),
                complements_governments=OPEN_ANSWER, complements_un=OPEN_ANSWER,
                reasons=UNDECIDED,
            )  # fmt: skip


class ReinstatementRefused(Body, frozen=True, kw_only=True):
    """The refusal of a body after a removal for integrity is put into effect (RI6, RI7, CS2)."""

    TYPE: ClassVar[str] = "ReinstatementRefused/1"
    STREAM: ClassVar[str] = "p-*/reinstatement/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    DECISION: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (19, 86, 91)

    request: EventRef
    decision: EventRef
    complements_governments: Answer
    complements_un: Answer
    reasons: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided."""
        return (body.subject_of(self.decision),)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS2, RI6 and RI7."""
        subject = book.subject(entry.event.subject)
        yield from _unmet_pending(self.request, "RI7", subject)
        if self.request.stream != entry.event.stream:
            yield Unmet(rule="RI7", reason="the request stands on another stream")
        yield from way.unmet_signer(entry, book)
        case = _removed_for_integrity(subject)
        if case is None:
            yield Unmet(rule="RI7", reason="it did not go for integrity: the offices may object",
                        who=registry.name)  # fmt: skip
        else:
            yield from _unmet_body(self.decision, "refuse", case, entry, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Refuse the request."""
        yield from _refused(entry, subject)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the refusal of a request that a body decides on."""
        pending = _pending(subject)
        if pending is not None and _removed_for_integrity(subject) is not None:
            yield pending.ref.stream, cls(
                request=pending.ref, decision=NO_DECISION, reasons=UNDECIDED,
                complements_governments=OPEN_ANSWER, complements_un=OPEN_ANSWER,
            )  # fmt: skip


class Reinstated(Body, frozen=True, kw_only=True):
    """The registry puts a partnership back on the register; its clock starts anew (RI2 to RI4)."""

    TYPE: ClassVar[str] = "Reinstated/1"
    STREAM: ClassVar[str] = "p-*/reinstatement/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (86,)

    request: EventRef
    guideline: VersionRef
    further: Further = ()
    profile: Code
    mandate: Symbol
    decision: EventRef | None = None
    """After a removal for integrity: the decision of the body that removed it."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided."""
        return (body.subject_of(self.decision),) if self.decision else ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RI2 to RI4 and RI6."""
        subject = book.subject(entry.event.subject)
        yield from _unmet_pending(self.request, "RI2", subject)
        for one in _missing(subject, book):
            yield Unmet(rule="RI2", reason=f"report {one.k}, due on {one.due}, is not accepted",
                        who=partnership.secretariat.name)  # fmt: skip
        pending = _pending(subject)
        case = _removed_for_integrity(subject)
        day = _objection_ends(pending, entry.at, subject, book) if pending else None
        if case is not None:
            yield from _unmet_body(self.decision, "reinstate", case, entry, book)
        elif day is not None and dates.in_time(entry.at, day):
            yield Unmet(rule="RI3", reason=f"the deciders may object until {day}",
                        earliest=dates.deadline(day))  # fmt: skip
        yield from partnership.unmet_terms(
            self.guideline, self.profile, self.further, entry, book, rules=("RI4", "RI4")
        )

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """List the partnership again and start its clock anew."""
        yield "partnership", partnership.moved(
            subject.things["partnership"], "listed", entry,
            guideline=self.guideline, further=self.further, profile=self.profile,
            clock_from=dates.day_of(entry.at).isoformat(),
            listed_on=dates.day_of(entry.at).isoformat(),
        )  # fmt: skip
        yield (
            "reinstatement",
            msgspec.structs.replace(subject.things["reinstatement"], state="granted"),
        )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the return that was requested."""
        pending, found = _pending(subject), partnership.of(subject)
        version = guideline.base_in_force(dates.day_of(book.time), book)
        if pending is not None and found is not None and version is not None:
            yield (
                pending.ref.stream,
                cls(
                    request=pending.ref,
                    guideline=version,
                    further=partnership.further_of(subject, book.time, book),
                    profile=partnership.profile_name(found),
                    mandate="…",
                ),
            )


EVENTS: Final[tuple[type[Body], ...]] = (
    ReinstatementRequested,
    ReinstatementRefusalProposed,
    ReinstatementRefused,
    Reinstated,
)
