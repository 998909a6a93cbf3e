"""Classification: what kind of initiative a partnership is, and by which profile it reports.

- CL1 A classification names the version of the criteria that is in force. [R23]
- CL2 It answers every criterion of that version once, as met or as not met. [R13]
- CL3 Its result is what the version makes of the answers, for whoever asks. [R21, R23]
- CL4 It is given to a partnership that is submitted, listed or suspended.
- CL5 A reclassification names the terms that are the partnership's today, and they are others than
      those it reports by; it rests on a classification that another made. [R23]
- CL6 It takes effect with a reporting period that began after that classification: while a case is
      open, a report waits, or one is owed from before, nothing changes. The clock runs from the
      first day of the period, so that none is judged by two profiles. What had no clock changes at
      once (decisions D3.17, D3.26). [R24]
- CL7 Where criteria are in force, what is listed was classified by them since its newest
      submission, by another than who lists it. [R13, R21]
- CL8 (whole log) Where what is on record makes another profile than the one by which a partnership
      reports, it is reclassified; leaving that is the registry's own omission. [R24]
- MZ1 A mega partnership has a role of the United Nations, and is designated once. [R84]
- MZ2 Its yearly amount, at the rate that is stated, reaches the threshold of the criteria in force,
      or a body has designated it. [R84]

What kind it is before the listing follows from the classification at once; later it is on record,
and the reclassification follows. Sources: R13, R21, R23, R84; domain C2.2, C5; decision D3.26.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal as Number
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.event import Event
from verifier.rules import body, calendar, dates, partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.clock import Obligation
from verifier.rules.delisting import case as cases
from verifier.rules.fields import Code, Day, Decimal, EventRef, LocalId, Texts, VersionRef
from verifier.rules.guideline.criteria import Criteria, Kind, classify, criteria
from verifier.rules.guideline.state import GUIDELINES, base_in_force, in_force, profile_of
from verifier.rules.partnership import UNDECIDED, Further
from verifier.rules.report import clock_of, first_open, own_reports
from verifier.rules.standing import standing_at

__all__ = [
    "EVENTS",
    "Classification",
    "ClassificationAssigned",
    "MegaDesignated",
    "Reclassified",
    "unmet_classified",
    "whole_log",
]

DESIGNATION: Final = "mega_designation"
"""The kind of a body's decision on a mega partnership; the result is ``designated``."""

Ids = Annotated[tuple[LocalId, ...], Meta(max_length=30)]
_registry: Final = role("registry")


class Classification(msgspec.Struct, frozen=True):
    """A classification on record; the thing ``classification`` is the newest."""

    ref: EventRef
    criteria: VersionRef
    met: tuple[str, ...]
    result: str
    submission: EventRef
    """The newest submission when it was made."""
    on: str
    by: tuple[str, ...]
    before: EventRef | None = None


def _unmet_version(ref: VersionRef, rule: str, entry: Entry, book: Book) -> Iterator[Unmet]:
    if in_force(ref.set, dates.day_of(entry.at), book, kind="criteria") != ref:
        yield Unmet(rule=rule, reason=f"{ref.set} version {ref.version} is not in force")


class ClassificationAssigned(Body, frozen=True, kw_only=True):
    """A partnership is classified by its answers (CL1 to CL4)."""

    TYPE: ClassVar[str] = "ClassificationAssigned/1"
    STREAM: ClassVar[str] = "p-*/classification"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("screening_officer"), _registry)
    MISSION: ClassVar[tuple[int, ...]] = (13, 21, 23)

    criteria: VersionRef
    met: Ids = ()
    not_met: Ids = ()
    result: Kind
    reasons: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CL1 to CL4."""
        found, version = partnership.of(book.subject(entry.event.subject)), self._version(book)
        if found is None or found.listing not in ("submitted", "listed", "suspended"):
            state = "not on record" if found is None else found.listing
            yield Unmet(rule="CL4", reason=f"the partnership is {state}")
        yield from _unmet_version(self.criteria, "CL1", entry, book)
        if version is None:
            return
        answered = sorted((*self.met, *self.not_met))
        if answered != sorted(criterion.id for criterion in version.criteria):
            yield Unmet(rule="CL2", reason="it does not answer every criterion once")
        result = classify(version, frozenset(self.met))
        if self.result != result:
            yield Unmet(rule="CL3", reason=f"these answers make it {result}")

    def _version(self, book: Book) -> Criteria | None:
        return criteria(self.criteria, book)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the classification on record; before the listing the kind follows from it."""
        before = subject.get("classification", Classification)
        found: partnership.Partnership = subject.things["partnership"]
        yield "classification", Classification(
            entry.ref, self.criteria, self.met, self.result, found.ref, dates.day_text(entry.at),
            entry.signers, before.ref if before else None,
        )  # fmt: skip
        if found.listing == "submitted":
            yield "partnership", msgspec.structs.replace(found, initiative_kind=self.result)


class Reclassified(Body, frozen=True, kw_only=True):
    """A partnership reports by another profile from here on (CL5, CL6)."""

    TYPE: ClassVar[str] = "Reclassified/1"
    STREAM: ClassVar[str] = "p-*/classification"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_registry,)
    MISSION: ClassVar[tuple[int, ...]] = (23, 24)

    guideline: VersionRef
    further: Further = ()
    profile: Code
    profile_from: Day
    """The first day of the period with which it takes effect."""
    reasons: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CL5 and CL6."""
        subject = book.subject(entry.event.subject)
        found, known = partnership.of(subject), subject.get("classification", Classification)
        yield from partnership.unmet_terms(
            self.guideline, self.profile, self.further, entry, book, rules=("CL5", "CL5")
        )
        if found is None or found.listing != "listed":
            yield Unmet(rule="CL5", reason="the partnership is not listed")
            return
        same_kind = known is None or known.result == found.initiative_kind
        if (self.profile, self.further) == (found.profile, found.further) and same_kind:
            yield Unmet(rule="CL5", reason=f"it reports by {found.profile} already")
        if known is None or not set(entry.signers).isdisjoint(known.by):
            yield Unmet(rule="CL5", reason="it rests on no classification that another made",
                        who="screening_officer")  # fmt: skip
        else:
            yield from self._unmet_period(found, known, entry, book)

    def _unmet_period(
        self, found: partnership.Partnership, known: Classification, entry: Entry, book: Book
    ) -> Iterator[Unmet]:
        subject, today = book.subject(entry.event.subject), dates.day_of(entry.at)
        if cases.open_case(subject) is not None:
            yield Unmet(rule="CL6", reason="a removal case is open", who=_registry.name)
        period = _open_period(found, subject, book)
        begins = period.start.isoformat() if period else today.isoformat()
        if self.profile_from != begins:
            yield Unmet(rule="CL6", reason=f"the period began on {begins}")
        if period is None:
            return
        now = standing_at(subject, entry.at, book)
        if now.state not in ("not_due", "due_soon", "exempt"):
            yield Unmet(rule="CL6", reason=f"the standing is «{now.state}»",
                        hint="what is owed comes first", who=found.secretariat)  # fmt: skip
        elif begins <= known.on or today < period.start:
            day = period.start if today < period.start else period.due
            yield Unmet(rule="CL6", reason=f"the next period begins on {day}",
                        earliest=calendar.opens(day))  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Change the terms; the clock runs from the period's first day."""
        found: partnership.Partnership = subject.things["partnership"]
        kind = subject.things["classification"].result
        yield "partnership", partnership.moved(
            found, found.listing, entry, guideline=self.guideline, further=self.further,
            profile=self.profile, initiative_kind=kind,
            clock_from=self.profile_from if kind == "msp" else None,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the reclassification of what was classified since it was listed."""
        found, known = partnership.of(subject), subject.get("classification", Classification)
        version = base_in_force(dates.day_of(book.time), book)
        if found is None or found.listing != "listed" or known is None or version is None:
            return
        name, further = partnership.profile_name(found), _further(subject, book)
        if (name, further, known.result) != (found.profile, found.further, found.initiative_kind):
            period = _open_period(found, subject, book)
            yield f"{subject.id}/classification", cls(
                guideline=version, further=further, profile=name, reasons=UNDECIDED,
                profile_from=period.start.isoformat() if period else dates.day_text(book.time),
            )  # fmt: skip


def _further(subject: Subject, book: Book) -> tuple[VersionRef, ...]:
    return partnership.further_of(subject, book.time, book)


def _open_period(found: partnership.Partnership, subject: Subject, book: Book) -> Obligation | None:
    """Return the first obligation that is open, or nothing without a clock."""
    profile = partnership.profile_of(found, book)
    clock = clock_of(found, subject, profile) if profile else None
    if clock is None or found.clock_from is None:
        return None
    return first_open(own_reports(subject, found.clock_from), clock, subject, book)


def unmet_classified(entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of CL7 by a listing."""
    subject, today = book.subject(entry.event.subject), dates.day_of(entry.at)
    found, made = partnership.of(subject), subject.get("classification", Classification)
    streams = (stream.split("/") for stream in book.subject(GUIDELINES).heads)
    named = (parts[2] for parts in streams if parts[1] == "criteria")
    if found is None or not any(in_force(name, today, book, kind="criteria") for name in named):
        return
    if made is None or made.submission != found.ref:
        yield Unmet(rule="CL7", reason="the submission is not classified", who="screening_officer")
    elif not set(entry.signers).isdisjoint(made.by):
        yield Unmet(rule="CL7", reason="who lists it has classified it", hint="let another list it")


class MegaDesignated(Body, frozen=True, kw_only=True):
    """A partnership is designated a mega partnership (MZ1, MZ2)."""

    TYPE: ClassVar[str] = "MegaDesignated/1"
    STREAM: ClassVar[str] = "p-*/mega"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (_registry,)
    MISSION: ClassVar[tuple[int, ...]] = (84,)

    criteria: VersionRef
    yearly_amount: Decimal | None = None
    rate: Decimal | None = None
    """How much of the threshold's currency one unit of the amount is."""
    decision: EventRef | None = None
    reasons: Texts

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided, where one did."""
        return (body.subject_of(self.decision),) if self.decision else ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of MZ1 and MZ2."""
        found = partnership.of(book.subject(entry.event.subject))
        if found is None or found.un_role == "none":
            yield Unmet(rule="MZ1", reason="the partnership has no role of the United Nations")
        if found is not None and found.mega:
            yield Unmet(rule="MZ1", reason="the partnership is designated")
        yield from _unmet_version(self.criteria, "MZ2", entry, book)
        if self.decision is not None:
            yield from body.unmet_result(
                "MZ2", self.decision, book, kind=DESIGNATION,
                item=f"{entry.event.subject}/mega", result="designated",
            )  # fmt: skip
            return
        version = criteria(self.criteria, book)
        threshold = version.mega if version else None
        amount = Number(self.yearly_amount or 0) * Number(self.rate or 0)
        if threshold is None or amount < Number(threshold.amount):
            asked = f"{threshold.amount} {threshold.currency}" if threshold else "no threshold"
            yield Unmet(rule="MZ2", reason=f"{amount} a year; the threshold is {asked}",
                        hint="a body may designate it")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Designate the partnership; its profile follows at the listing or a reclassification."""
        found: partnership.Partnership = subject.things["partnership"]
        yield "partnership", msgspec.structs.replace(found, mega=True)


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of CL8: profiles that follow from the facts no longer."""
    version = base_in_force(dates.day_of(book.time), book)
    for subject in book.subjects.values():
        found = partnership.of(subject)
        if found is None or found.listing != "listed" or version is None:
            continue
        name = partnership.profile_name(found)
        if name != found.profile and profile_of(version, name, book) is not None:
            yield Broken(
                rule="CL8", kind="omission", subject=subject.id, who=_registry.name,
                reason=f"it reports by {found.profile}, and its facts make {name}",
            )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (ClassificationAssigned, Reclassified, MegaDesignated)
