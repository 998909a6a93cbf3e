"""What is added to a report: an amendment in its first days, a correction later, and more.

- RE21 A report is amended by its author until its amendment window after the submission has ended,
       as long as it is neither screened nor a part of it withheld; what it then says is all of
       it, RE6, RE7, RE10 and RE13 to RE18 hold, and whoever is to sign it signs it anew. [R78]
- RE22 Later, or once accepted, it is corrected: what was wrong and what is right is said beside it;
       the version that was judged stays. [R78]
- RE23 A document of a report is withheld by the registry, on a ground and somebody's authority,
       until a day within the profile's limit, and not while it is withheld already. [R82]
- RE24 A report is considered by a reviewer in an open review of its partnership, once in each; it
       was accepted, or names no obligation. [R89]

Sources: R78, R82, R89; domain C2.4, C3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates, partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Blob, Day, EventRef, LocalId, Symbol, Texts
from verifier.rules.report.content import Content, unmet_content
from verifier.rules.report.signing import unmet_awaits
from verifier.rules.report.state import (
    OWN,
    Report,
    Slot,
    Withheld,
    author,
    key_of,
    named,
    on_stream,
    unmet_named,
    writer,
)

__all__ = ["EVENTS", "ReportAmended", "ReportConsidered", "ReportCorrected", "ReportWithheld"]


def _amendable_until(report: Report, within: str) -> str:
    return dates.add(dates.parse_day(report.filed_on), within).isoformat()


class ReportAmended(Content, frozen=True, kw_only=True):
    """The author replaces what a report says, in its first days (RE21)."""

    TYPE: ClassVar[str] = "ReportAmended/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (writer,)
    MISSION: ClassVar[tuple[int, ...]] = (74, 78)

    report: EventRef
    reason: Texts
    awaits: Annotated[tuple[Slot, ...], Meta(max_length=3)] = ()
    """Who else is to sign the amended version."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE21, RE6, RE7, RE10 and RE13 to RE18."""
        yield from unmet_named("RE21", self.report, ("unsigned", "submitted"), entry, book)
        subject, found = book.subject(entry.event.subject), on_stream(entry, book)
        whole = partnership.of(subject)
        profile = whole and partnership.profile_of(whole, book)
        if found is None or whole is None or not profile:
            return
        yield from unmet_awaits(self.awaits, found.kind, profile, entry, book,
                                local="partner" in found.slots)  # fmt: skip
        last = _amendable_until(found, profile.amend_within)
        if last < dates.day_text(entry.at):
            yield Unmet(rule="RE21", reason=f"it could be amended until {last}",
                        hint="correct it")  # fmt: skip
        if found.withheld:
            yield Unmet(rule="RE21", reason="a part of it is withheld", hint="correct it")
        yield from unmet_content(
            self, found.kind, (found.period_start, found.period_end), entry, book
        )

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Let the amended version be the one that is signed and judged; its first day stays."""
        report = named(entry, subject)
        yield key_of(entry), msgspec.structs.replace(
            report, ref=entry.ref, amended=report.amended + 1, documents=self.documents,
            mechanism=self.mechanism, awaits=self.awaits,
            state="unsigned" if self.awaits else "submitted",
        )  # fmt: skip


class ReportCorrected(Body, frozen=True, kw_only=True):
    """The author says what in a report was wrong; what was judged stays as it was (RE22)."""

    TYPE: ClassVar[str] = "ReportCorrected/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (author,)
    MISSION: ClassVar[tuple[int, ...]] = (78,)

    report: EventRef
    wrong: Texts
    right: Texts
    documents: Annotated[tuple[Blob, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE22."""
        yield from unmet_named("RE22", self.report, ("submitted", "accepted"), entry, book)
        subject, found = book.subject(entry.event.subject), on_stream(entry, book)
        whole = partnership.of(subject)
        profile = whole and partnership.profile_of(whole, book)
        if found is None or not profile or found.state != "submitted" or found.withheld:
            return
        last = _amendable_until(found, profile.amend_within)
        if dates.day_text(entry.at) <= last:
            yield Unmet(rule="RE22", reason=f"it can be amended until {last}", hint="amend it")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the correction beside the report."""
        report = named(entry, subject)
        yield key_of(entry), msgspec.structs.replace(
            report, corrections=(*report.corrections, entry.ref)
        )  # fmt: skip


class ReportWithheld(Body, frozen=True, kw_only=True):
    """The registry withholds a document of a report for a stated time (RE23)."""

    TYPE: ClassVar[str] = "ReportWithheld/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry"),)
    MISSION: ClassVar[tuple[int, ...]] = (82,)

    report: EventRef
    document: Blob
    ground: Literal["safety_of_persons", "personal_data", "trade_secret", "legal_proceedings"]
    explanation: Texts
    authority: Symbol
    """The rule or decision that allows it."""
    until: Day

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE23."""
        states = ("unsigned", "submitted", "returned", "accepted")
        yield from unmet_named("RE23", self.report, states, entry, book)
        found, today = on_stream(entry, book), dates.day_text(entry.at)
        whole = partnership.of(book.subject(entry.event.subject))
        profile = whole and partnership.profile_of(whole, book)
        if found is None or not profile:
            return
        if self.document not in found.documents:
            yield Unmet(rule="RE23", reason="the report has no such document")
        if any(w.document == self.document and today <= w.until for w in found.withheld):
            yield Unmet(rule="RE23", reason="the document is withheld already")
        last = dates.add(dates.day_of(entry.at), profile.withheld_at_most).isoformat()
        if not dates.is_day(self.until) or not today < self.until <= last:
            yield Unmet(rule="RE23", reason=f"it ends on a day after {today}, by {last}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note what is withheld until when; it ends by itself."""
        report = named(entry, subject)
        kept = (w for w in report.withheld if w.document != self.document)
        now = Withheld(self.document, self.until, self.authority)
        yield key_of(entry), msgspec.structs.replace(report, withheld=(*kept, now))


class ReportConsidered(Body, frozen=True, kw_only=True):
    """A review takes a report up and says what it learnt from it (RE24)."""

    TYPE: ClassVar[str] = "ReportConsidered/1"
    STREAM: ClassVar[str] = "p-*/report/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("reviewer"),)
    MISSION: ClassVar[tuple[int, ...]] = (89,)

    report: EventRef
    review: LocalId
    learnt: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of RE24."""
        yield from unmet_named("RE24", self.report, ("submitted", "accepted"), entry, book)
        found, subject = on_stream(entry, book), book.subject(entry.event.subject)
        if found is not None and found.kind in OWN and found.state != "accepted":
            yield Unmet(rule="RE24", reason=f"the report is {found.state}", who="screening_officer")
        if found is not None and self.review in found.considered_by:
            yield Unmet(rule="RE24", reason=f"review {self.review} has considered it")
        state = getattr(subject.things.get("review:" + self.review), "state", "not on record")
        if state != "open":
            yield Unmet(rule="RE24", reason=f"review {self.review} is {state}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the review."""
        report = named(entry, subject)
        yield key_of(entry), msgspec.structs.replace(
            report, considered_by=(*report.considered_by, self.review)
        )  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    ReportAmended,
    ReportCorrected,
    ReportWithheld,
    ReportConsidered,
)
