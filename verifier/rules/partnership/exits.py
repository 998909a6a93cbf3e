"""How a partnership leaves the register by its own word, and what stays open then.

- LV1 A partnership withdraws while it is submitted, returned, listed or suspended. With an open
      removal case, while it is suspended or while a report is overdue, and only then, it is
      «withdrawn under case»: a case ends, and the way back is the one after a removal, so that
      nobody leaves on the eve of a notice and comes back the same day without its debts.
- LV2 It is completed when it is listed, no removal case is open, and every commitment
      has its end, with its lesson where it failed; but for those of an organization that is a
      partner no more: they stay its own, and count as failed here. [R29]
- LV3 Completion names its final report: accepted, of its own kind, and its period ends on the day
      on which the work ended. No other report waits.
- LV4 Where a commitment failed or was withdrawn it is «completed with lessons», and says what was
      learned; elsewhere it is «completed». [R29]
- LV5 A completion is corrected by the registry within P1Y, where what it rests on was wrong: the
      partnership is listed again and its clock starts anew. Later it stands.
- LV6 (whole log) Where the planned end has passed, the partnership is completed, put off by an
      amendment, or withdrawn within the time of its profile; silence is its own omission.

Commitments outlive every exit: the accountable organizations own them. Sources: R29; domain C2.2,
C3; decisions D3.23, D3.25.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec

from verifier.rules import calendar, dates, partnership
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.commitment import Commitment, unsettled
from verifier.rules.delisting import case as cases
from verifier.rules.fields import Day, EventRef, Texts
from verifier.rules.partnership.state import (
    COMPLETED,
    ON_THE_REGISTER,
    UNDECIDED,
    moved,
    of,
    profile_of,
)
from verifier.rules.report import OWN, Report
from verifier.rules.standing import LATE, standing_at

__all__ = [
    "EVENTS",
    "Completion",
    "CompletionCorrected",
    "PartnershipCompleted",
    "PartnershipWithdrawn",
    "whole_log",
]

CORRECTED_WITHIN: Final = "P1Y"
"""How long a completion may be corrected (domain C3)."""

FAILED: Final = ("missed", "withdrawn", "completed_with_lessons")
LEAVING: Final = ("submitted", "returned", *ON_THE_REGISTER)

registry: Final = role("registry")
_ours: Final = (partnership.secretariat, partnership.lead)


class Completion(msgspec.Struct, frozen=True):
    """The newest completion of a partnership; the thing ``completion``. Days are ISO 8601."""

    ref: EventRef
    report: EventRef
    ended_on: str
    completed_on: str


def _unmet_listing(rule: str, wanted: tuple[str, ...], subject: Subject) -> Iterator[Unmet]:
    found = of(subject)
    if found is None or found.listing not in wanted:
        state = "not on record" if found is None else found.listing.replace("_", " ")
        yield Unmet(rule=rule, reason=f"the partnership is {state}")


def _is_under_case(subject: Subject, at: int, book: Book) -> bool:
    found = of(subject)
    suspended = found is not None and found.listing == "suspended"
    late = standing_at(subject, at, book).state in LATE
    return suspended or late or cases.open_case(subject) is not None


class PartnershipWithdrawn(Body, frozen=True, kw_only=True):
    """A partnership leaves the register (LV1)."""

    TYPE: ClassVar[str] = "PartnershipWithdrawn/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _ours
    MISSION: ClassVar[tuple[int, ...]] = (29,)

    reason: Texts
    under_case: bool
    """Whether a removal case is open, the partnership is suspended, or a report is overdue."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of LV1."""
        subject = book.subject(entry.event.subject)
        yield from _unmet_listing("LV1", LEAVING, subject)
        if self.under_case != _is_under_case(subject, entry.at, book):
            told = "is no" if self.under_case else "is a"
            yield Unmet(rule="LV1", reason=f"there {told} removal case, suspension or late report")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Take the partnership off the register; an open case ends with it."""
        case, today = cases.open_case(subject), dates.day_text(entry.at)
        listing = "withdrawn_under_case" if self.under_case else "withdrawn"
        found = subject.things["partnership"]
        yield "partnership", moved(found, listing, entry)
        yield "left", cases.Left(today)
        if case is not None:
            yield "case", msgspec.structs.replace(case, ended_on=today, ground="left")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the way out."""
        found = of(subject)
        if found is not None and found.listing in LEAVING:
            under_case = _is_under_case(subject, book.time, book)
            yield f"{subject.id}/registration", cls(reason=UNDECIDED, under_case=under_case)


def _orphaned(subject: Subject) -> Iterator[EventRef]:
    """Yield the unsettled commitments whose owner is a partner no more (LV2)."""
    found = of(subject)
    for one in unsettled(subject):
        if found is not None and not partnership.is_partner(found, one.accountable):
            yield one.ref


def _has_failed(subject: Subject) -> bool:
    failed = any(found.state in FAILED for found in subject.all(Commitment))
    return failed or any(True for _ in _orphaned(subject))


class PartnershipCompleted(Body, frozen=True, kw_only=True):
    """A partnership has done its work, and says what became of it (LV2 to LV4)."""

    TYPE: ClassVar[str] = "PartnershipCompleted/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _ours
    MISSION: ClassVar[tuple[int, ...]] = (29,)

    report: EventRef
    ended_on: Day
    lessons: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of LV2 to LV4."""
        subject = book.subject(entry.event.subject)
        yield from _unmet_listing("LV2", ("listed",), subject)
        if cases.open_case(subject) is not None:
            yield Unmet(rule="LV2", reason="a removal case is open", who=registry.name)
        gone = set(_orphaned(subject))
        for found in unsettled(subject):
            if found.ref not in gone:
                yield Unmet(rule="LV2", reason=f"{found.ref.stream} is {found.state}",
                            who=found.accountable)  # fmt: skip
        yield from self._unmet_report(subject)
        if _has_failed(subject) != (self.lessons is not None):
            told = "does not tell its lessons" if self.lessons is None else "had no failure"
            yield Unmet(rule="LV4", reason=f"the partnership {told}")

    def _unmet_report(self, subject: Subject) -> Iterator[Unmet]:
        final = subject.get("report:" + self.report.stream.rpartition("/")[2], Report)
        if final is None or final.ref != self.report or final.state != "accepted":
            yield Unmet(rule="LV3", reason="the final report is not accepted",
                        who="screening_officer")  # fmt: skip
        elif final.kind not in OWN or final.period_end != self.ended_on:
            yield Unmet(rule="LV3", reason=f"this {final.kind} report ends on {final.period_end}",
                        hint="name the partnership's own report up to the last day")  # fmt: skip
        for other in subject.all(Report):
            if other.kind in OWN and other.state in ("submitted", "unsigned"):
                yield Unmet(rule="LV3", reason=f"{other.ref.stream} is {other.state}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Complete the partnership."""
        listing = "completed_with_lessons" if self.lessons else "completed"
        found = subject.things["partnership"]
        yield "partnership", moved(found, listing, entry)
        today = dates.day_text(entry.at)
        yield "completion", Completion(entry.ref, self.report, self.ended_on, today)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the completion by the newest accepted report."""
        found = of(subject)
        accepted = [r for r in subject.all(Report) if r.kind in OWN and r.state == "accepted"]
        if found is not None and found.listing == "listed" and accepted:
            last = max(accepted, key=lambda r: r.period_end)
            yield f"{subject.id}/registration", cls(
                report=last.ref, ended_on=last.period_end,
                lessons=UNDECIDED if _has_failed(subject) else None,
            )  # fmt: skip


class CompletionCorrected(Body, frozen=True, kw_only=True):
    """The registry takes back a completion that rests on what was wrong (LV5)."""

    TYPE: ClassVar[str] = "CompletionCorrected/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (registry,)
    MISSION: ClassVar[tuple[int, ...]] = (29,)

    completion: EventRef
    wrong: Texts
    """What the completion says that was not so."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of LV5."""
        subject = book.subject(entry.event.subject)
        yield from _unmet_listing("LV5", COMPLETED, subject)
        found = subject.get("completion", Completion)
        if found is None or found.ref != self.completion:
            yield Unmet(rule="LV5", reason="it names another completion than the newest")
            return
        last = dates.add(dates.parse_day(found.completed_on), CORRECTED_WITHIN)
        if not dates.in_time(entry.at, last):
            yield Unmet(rule="LV5", reason=f"it could be corrected until {last}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """List the partnership again; its clock starts anew."""
        found = subject.things["partnership"]
        today = dates.day_text(entry.at)
        yield (
            "partnership",
            moved(found, "listed", entry, clock_from=today if found.clock_from else None),
        )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the correction of a completion."""
        found, completion = of(subject), subject.get("completion", Completion)
        if found is not None and found.listing in COMPLETED and completion is not None:
            yield (
                f"{subject.id}/registration",
                cls(completion=completion.ref, wrong=UNDECIDED),
            )


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of LV6: a planned end that passed, and nothing was said."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        found = of(subject)
        profile = profile_of(found, book) if found else None
        if found is None or profile is None or found.listing not in ON_THE_REGISTER:
            continue
        end = dates.add(dates.parse_day(found.planned_end), profile.conclude_within)
        last = calendar.extended(end, book).isoformat()
        if last < today and cases.open_case(subject) is None:
            yield Broken(rule="LV6", kind="omission", subject=subject.id, who=found.secretariat,
                         reason=f"its end was planned for {found.planned_end}, and by {last} it "
                         "was neither concluded nor put off")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    PartnershipWithdrawn,
    PartnershipCompleted,
    CompletionCorrected,
)
