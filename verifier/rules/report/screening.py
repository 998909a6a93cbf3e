"""Screening: a submitted report is accepted, accepted as equivalent, or returned.

- RE8 What is screened is submitted and not yet screened, and named by its newest version. [R87]
- RE9 The screening officer belongs to none of the partners, nor does one who signs for it. [R87]
- RE20 An equivalent report is accepted as such, by the mechanism that it was made for; no other
      report is. [R88]

Sources: R82, R87, R88; domain C2.4; decisions D3.17, D3.19.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules import dates, partnership
from verifier.rules.authority.state import organization_of
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import EventRef, LocalId, Symbol, Texts
from verifier.rules.partnership import UNDECIDED
from verifier.rules.report.state import (
    Report,
    Return,
    key_of,
    named,
    officer,
    on_stream,
    unmet_named,
    within,
)

__all__ = ["EVENTS", "ReportAccepted", "ReportAcceptedAsEquivalent", "ReportReturned"]


class _Screening(Body, frozen=True, kw_only=True):
    """What acceptance and return have in common (RE8, RE9)."""

    SIGNERS: ClassVar[tuple[Capacity, ...]] = officer

    report: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE8 and RE9."""
        yield from unmet_named("RE8", self.report, ("submitted",), entry, book)
        whole = partnership.of(book.subject(entry.event.subject))
        if whole is not None and any(
            partnership.is_partner(whole, organization_of(signer, book)) for signer in entry.signers
        ):
            yield Unmet(rule="RE9", reason="the officer belongs to a partner", hint="let another")

    def in_time_until(self, entry: Entry, book: Book) -> date | None:
        """Return the day by which the registry owes it."""
        report = on_stream(entry, book)
        return within(entry, book, report.submitted_on, "screening_within") if report else None

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the screening of every report that waits."""
        for waiting in subject.all(Report):
            if waiting.state == "submitted":
                yield from ((waiting.ref.stream, body) for body in cls._offers(waiting))

    @classmethod
    def _offers(cls, waiting: Report) -> Iterator[Body]:
        if waiting.kind != "equivalent":
            yield cls(report=waiting.ref)


class ReportAccepted(_Screening, frozen=True, kw_only=True):
    """A report is complete; what it covers is satisfied (RE8, RE9, RE20)."""

    TYPE: ClassVar[str] = "ReportAccepted/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    MISSION: ClassVar[tuple[int, ...]] = (78, 87)

    remarks: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE8, RE9 and RE20."""
        yield from super().unmet(entry, book)
        found = on_stream(entry, book)
        if found is not None and found.kind == "equivalent":
            yield Unmet(rule="RE20", reason="the report was made for another mechanism",
                        hint="accept it as equivalent")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Accept the report."""
        yield key_of(entry), _screened(subject, entry, "accepted")


class ReportAcceptedAsEquivalent(_Screening, frozen=True, kw_only=True):
    """A report for another mechanism satisfies what it covers (RE8, RE9, RE20)."""

    TYPE: ClassVar[str] = "ReportAcceptedAsEquivalent/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    MISSION: ClassVar[tuple[int, ...]] = (88,)

    mechanism: Symbol
    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE8, RE9 and RE20."""
        yield from super().unmet(entry, book)
        found = on_stream(entry, book)
        if found is not None and found.kind != "equivalent":
            yield Unmet(rule="RE20", reason=f"it is a {found.kind} report", hint="accept it")
        elif found is not None and found.mechanism != self.mechanism:
            yield Unmet(rule="RE20", reason=f"it was made for {found.mechanism}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Accept the report."""
        yield key_of(entry), _screened(subject, entry, "accepted")

    @classmethod
    def _offers(cls, waiting: Report) -> Iterator[Body]:
        if waiting.kind == "equivalent":
            yield cls(
                report=waiting.ref, mechanism=waiting.mechanism or "…", reason=UNDECIDED
            )  # fmt: skip


class ReportReturned(_Screening, frozen=True, kw_only=True):
    """A report is incomplete; it says what is missing, and the time to cure runs (RE8, RE9)."""

    TYPE: ClassVar[str] = "ReportReturned/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    MISSION: ClassVar[tuple[int, ...]] = (87,)

    deficiencies: Texts
    clauses: Annotated[tuple[LocalId, ...], Meta(max_length=100)] = ()

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Return the report and note for how long the clock stood still."""
        report = _screened(subject, entry, "returned")
        stop = Return(report.filed_on, report.screened_on or report.filed_on)
        yield key_of(entry), msgspec.structs.replace(report, returns=(*report.returns, stop))

    @classmethod
    def _offers(cls, waiting: Report) -> Iterator[Body]:
        yield cls(report=waiting.ref, deficiencies=UNDECIDED)


def _screened(subject: Subject, entry: Entry, state: str) -> Report:
    return msgspec.structs.replace(
        named(entry, subject), state=state,
        screened_at=entry.at, screened_on=dates.day_text(entry.at),
    )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    ReportAccepted,
    ReportAcceptedAsEquivalent,
    ReportReturned,
)
