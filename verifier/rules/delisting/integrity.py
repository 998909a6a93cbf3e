"""Cases about integrity: a statement of grounds, a reply, and at need a measure at once.

- IG1 A case about integrity is opened on a stream of its own, over a partnership that is listed or
      suspended, by none that is a party and by no machine. It takes over an open case about a
      report, unless a removal is decided there or an appeal is open: the suspension stands, and
      the case goes on when this one ends without a removal. [R32, R91]
- IG2 It names the base guideline version in force and the partnership's profile.
- IG3 The reply is awaited for the profile's time at least, P30D or more.
- IG4 An interim measure needs an open case about integrity; there is one in a case, on the day of
      its record, until the profile's time has passed. [R42]
- IG5 A body confirms a measure while it lasts; it then lasts until it is examined again, and each
      examination is such a confirmation. [R91]
- IG6 A measure that was not lifted and not confirmed has lapsed on its last day; one that lasts is
      lifted by none that is a party: by an executive head, by legal affairs, or by the registry on
      a body's decision; once a body has confirmed it, on that body's decision alone. A body that
      decides here, or under IG5, is one that may decide (BD8).

No support offer and no suspension comes before the decision, which a body takes (BD1). The end of
the case ends the measure. Sources: R32, R42, R91; domain C3, C4.3; decision D3.18.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import body, dates, guideline, partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting import case as cases
from verifier.rules.delisting import way
from verifier.rules.delisting.case import Notice, RemovalCase, registry
from verifier.rules.delisting.ruling import NO_DECISION
from verifier.rules.fields import Blob, Code, Day, EventRef, LocalId, Texts, VersionRef
from verifier.rules.partnership import UNDECIDED
from verifier.rules.review.state import free_stream

__all__ = [
    "EVENTS",
    "IntegrityCaseOpened",
    "InterimMeasureTaken",
    "Measure",
    "MeasureConfirmed",
    "MeasureLifted",
    "measure_in_force",
]

MEASURE: Final = "integrity_measure"
"""The kind of a body's decision on a measure; the results are ``confirm`` and ``lift``."""

executive: Final = (role("executive_head"), role("legal_affairs"))
What = Literal["listing_hidden", "un_name_withdrawn"]


class Measure(msgspec.Struct, frozen=True):
    """A measure on record; the thing ``measure`` of its partnership. Days are ISO 8601."""

    ref: EventRef
    case: str
    what: tuple[str, ...]
    taken_on: str
    until: str
    confirmed: EventRef | None = None
    lifted_on: str | None = None


def measure_in_force(subject: Subject, today: date) -> Measure | None:
    """Return the measure that lasts on a day, or nothing (IG6)."""
    found, case = subject.get("measure", Measure), cases.open_case(subject)
    if found is None or found.lifted_on is not None or found.until < today.isoformat():
        return None
    return found if case is not None and case.id == found.case else None


def _case(entry: Entry, book: Book) -> RemovalCase | None:
    case = cases.open_case(book.subject(entry.event.subject))
    return case if case is not None and case.track == "integrity" else None


class IntegrityCaseOpened(Body, frozen=True, kw_only=True):
    """A case about integrity is opened with a statement of its grounds (IG1 to IG3, CS2)."""

    TYPE: ClassVar[str] = "IntegrityCaseOpened/1"
    STREAM: ClassVar[str] = "p-*/case/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry, *executive)
    DECISION: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (32, 91)

    ground: Literal[
        "principle_breach", "human_rights", "labour", "environment", "corruption",
        "misuse_of_name", "false_report",
    ]  # fmt: skip
    statement: Texts
    documents: Annotated[tuple[Blob, ...], Meta(max_length=50)] = ()
    reply_by: Day
    guideline: VersionRef
    profile: Code

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS2 and IG1 to IG3."""
        subject, today = book.subject(entry.event.subject), dates.day_of(entry.at)
        found = partnership.of(subject)
        if found is None or found.listing not in ("listed", "suspended"):
            state = "not on record" if found is None else found.listing
            yield Unmet(rule="IG1", reason=f"the partnership is {state}, not listed")
        if entry.event.seq != 0:
            yield Unmet(rule="IG1", reason="this stream holds a case", hint="name another")
        yield from _unmet_taking_over(subject, entry.at, book)
        yield from way.unmet_signer(entry, book)
        version = guideline.base_in_force(today, book)
        if version is None or version != self.guideline:
            yield Unmet(rule="IG2", reason="another base guideline version is in force")
        if found is not None and found.profile != self.profile:
            yield Unmet(rule="IG2", reason=f"the partnership's profile is {found.profile}")
        further = found.further if found else ()
        rules = guideline.profile_under(self.guideline, further, self.profile, book)
        if rules is not None:
            ahead = dates.add(today, rules.integrity_reply).isoformat()
            if not dates.is_day(self.reply_by) or self.reply_by < ahead:
                yield Unmet(rule="IG3", reason=f"the reply is awaited until {ahead} at least")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Open the case; the statement of grounds counts from its record."""
        today = dates.day_text(entry.at)
        yield "case", RemovalCase(
            id=entry.event.stream.rpartition("/")[2], obligation=0, track="integrity",
            clock_from=subject.things["partnership"].clock_from or "", guideline=self.guideline,
            profile=self.profile, notice=Notice(entry.ref, today, today, self.reply_by),
            signers=cases.signers_of(entry), before=cases.open_case(subject),
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the opening of a case about integrity where nothing bars it."""
        found = partnership.of(subject)
        version = guideline.base_in_force(dates.day_of(book.time), book)
        rules = cases.terms(subject, book.time, book)
        if found is None or found.profile is None or version is None or rules is None:
            return
        bars = any(_unmet_taking_over(subject, book.time, book))
        if not bars and found.listing in ("listed", "suspended"):
            day = dates.add(dates.day_of(book.time), rules.integrity_reply).isoformat()
            yield free_stream(subject, "case"), cls(
                ground="principle_breach", statement=UNDECIDED, reply_by=day, guideline=version,
                profile=found.profile,
            )  # fmt: skip


def _unmet_taking_over(subject: Subject, at: int, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of IG1: no case is open, or one that this may take over."""
    case, rules = cases.open_case(subject), cases.terms(subject, at, book)
    if case is None or rules is None:
        return
    if case.track == "integrity":
        yield Unmet(rule="IG1", reason=f"{case.id} about integrity is open already")
    elif case.decision is not None and not cases.is_undecided(case, rules, at, book):
        last = cases.appeal_until(case.decision, subject, at, book)
        heard = case.appeal is not None and (
            case.appeal.outcome or cases.appeal_over(case, rules, at, book)
        )
        waits = not heard if case.appeal else dates.in_time(at, last)
        if case.decision.kind == "remove" or waits:
            yield Unmet(rule="IG1", reason=f"{case.id} is decided, and the removal or an appeal "
                        "against the suspension comes first")  # fmt: skip


class InterimMeasureTaken(Body, frozen=True, kw_only=True):
    """The listing is hidden or the name of the United Nations withdrawn, at once (IG4, CS2)."""

    TYPE: ClassVar[str] = "InterimMeasureTaken/1"
    STREAM: ClassVar[str] = "p-*/measure/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = executive
    DECISION: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (32, 42, 91)

    case: LocalId
    what: Annotated[tuple[What, ...], Meta(min_length=1, max_length=2)]
    reasons: Texts
    until: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS2 and IG4."""
        subject, case = book.subject(entry.event.subject), _case(entry, book)
        yield from way.unmet_signer(entry, book)
        if case is None or case.id != self.case:
            yield Unmet(rule="IG4", reason="no such case about integrity is open")
        held = subject.get("measure", Measure)
        if entry.event.seq != 0 or (held is not None and held.case == self.case):
            yield Unmet(rule="IG4", reason="a measure was taken in this case",
                        hint="a body confirms it")  # fmt: skip
        rules = cases.terms(subject, entry.at, book)
        last = dates.add(dates.day_of(entry.at), rules.interim_measure) if rules else None
        if last is not None and self.until != last.isoformat():
            yield Unmet(rule="IG4", reason=f"taken today, it lasts until {last}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the measure in force."""
        yield (
            "measure",
            Measure(entry.ref, self.case, self.what, dates.day_text(entry.at), self.until),
        )
        yield from _signed(entry, subject)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the measure where a case about integrity has none."""
        case, rules = cases.open_case(subject), cases.terms(subject, book.time, book)
        held = subject.get("measure", Measure)
        if case is None or rules is None or case.track != "integrity":
            return
        if held is None or held.case != case.id:
            until = dates.add(dates.day_of(book.time), rules.interim_measure).isoformat()
            yield (
                free_stream(subject, "measure"),
                cls(case=case.id, what=("listing_hidden",), reasons=UNDECIDED, until=until),
            )


class _OnMeasure(Body, frozen=True, kw_only=True):
    """What follows a measure (IG5, IG6)."""

    STREAM: ClassVar[str] = "p-*/measure/*"
    DECISION: ClassVar[bool] = True
    MISSION: ClassVar[tuple[int, ...]] = (91,)

    measure: EventRef

    def _unmet_measure(self, rule: str, entry: Entry, book: Book) -> Iterator[Unmet]:
        subject = book.subject(entry.event.subject)
        held = measure_in_force(subject, dates.day_of(entry.at))
        if held is None or held.ref != self.measure or held.ref.stream != entry.event.stream:
            yield Unmet(rule=rule, reason="no such measure lasts")

    def _unmet_body(
        self, rule: str, decision: EventRef, result: str, entry: Entry, book: Book
    ) -> Iterator[Unmet]:
        item = f"{entry.event.subject}/{entry.event.stream.rpartition('/')[2]}"
        yield from body.unmet_result(rule, decision, book, kind=MEASURE, item=item, result=result)
        yield from way.unmet_decider(rule, decision, entry, book)


class MeasureConfirmed(_OnMeasure, frozen=True, kw_only=True):
    """A body confirms a measure until its next examination (IG5)."""

    TYPE: ClassVar[str] = "MeasureConfirmed/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)

    decision: EventRef
    until: Day

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided."""
        return (body.subject_of(self.decision),)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of IG5."""
        yield from self._unmet_measure("IG5", entry, book)
        yield from self._unmet_body("IG5", self.decision, "confirm", entry, book)
        subject = book.subject(entry.event.subject)
        held, rules = subject.get("measure", Measure), cases.terms(subject, entry.at, book)
        if held is not None and held.confirmed == self.decision:
            yield Unmet(rule="IG5", reason="this decision has confirmed it", hint="examine it anew")
        last = dates.add(dates.day_of(entry.at), rules.measure_examined_every) if rules else None
        if last is not None and self.until != last.isoformat():
            yield Unmet(rule="IG5", reason=f"confirmed today, it is examined by {last}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the measure last until its examination."""
        held: Measure = subject.things["measure"]
        yield "measure", msgspec.structs.replace(held, confirmed=self.decision, until=self.until)
        yield from _signed(entry, subject)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the confirmation of a measure that lasts."""
        today = dates.day_of(book.time)
        held, rules = measure_in_force(subject, today), cases.terms(subject, book.time, book)
        if held is not None and rules is not None:
            until = dates.add(today, rules.measure_examined_every).isoformat()
            yield held.ref.stream, cls(measure=held.ref, decision=NO_DECISION, until=until)


class MeasureLifted(_OnMeasure, frozen=True, kw_only=True):
    """A measure is lifted (IG6)."""

    TYPE: ClassVar[str] = "MeasureLifted/1"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (*executive, registry)

    decision: EventRef | None = None
    reasons: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided, where one did."""
        return (body.subject_of(self.decision),) if self.decision else ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CS2 and IG6."""
        yield from way.unmet_signer(entry, book)
        yield from self._unmet_measure("IG6", entry, book)
        held = book.subject(entry.event.subject).get("measure", Measure)
        confirmed = held.confirmed if held is not None else None
        by = body.subject_of(self.decision) if self.decision is not None else None
        if confirmed is not None and by != body.subject_of(confirmed):
            yield Unmet(rule="IG6", reason=f"{body.subject_of(confirmed)} confirmed the measure",
                        hint="it decides on the lift", who="body_secretary")  # fmt: skip
        if self.decision is not None:
            yield from self._unmet_body("IG6", self.decision, "lift", entry, book)
        elif confirmed is None and not any(
            capacity.holds(entry.actor, entry, book) for capacity in executive
        ):
            yield Unmet(rule="IG6", reason="the registry lifts it on a body's decision alone",
                        who=executive[0].name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Lift the measure."""
        held: Measure = subject.things["measure"]
        yield "measure", msgspec.structs.replace(held, lifted_on=dates.day_text(entry.at))

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the lift of a measure that lasts."""
        held = measure_in_force(subject, dates.day_of(book.time))
        if held is not None:
            decision = NO_DECISION if held.confirmed else None
            yield held.ref.stream, cls(measure=held.ref, decision=decision, reasons=UNDECIDED)


def _signed(entry: Entry, subject: Subject) -> Iterator[Change]:
    """Note who signed in the case: they do not hear its appeal (AP5)."""
    case = cases.open_case(subject)
    if case is not None:
        signers = (*case.signers, *cases.signers_of(entry))
        yield "case", msgspec.structs.replace(case, signers=signers)


EVENTS: Final[tuple[type[Body], ...]] = (
    IntegrityCaseOpened,
    InterimMeasureTaken,
    MeasureConfirmed,
    MeasureLifted,
)
