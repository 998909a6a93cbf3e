"""What a listed partnership says of itself: amended, confirmed, and stale after a time.

- DT1 Details are amended or confirmed while the partnership is listed or suspended.
- DT2 An amendment states at least one detail anew, and what stood there before; the two differ.
      What needs a new submission, such as kind, partners, countries or targets, is no detail. [R72]
- DT3 A planned end that is moved lies after the start, and has a reason where it lies after 2030;
      a national priority is of a country where the partnership is at work. [R95]
- DT4 A confirmation names the submission or amendment that last stated the details.
- DT5 (whole log) Details are amended or confirmed within the time of the profile; after it they are
      stale, an omission of the secretariat. [R72]

The record keeps every earlier wording. Sources: R72, R95; domain C2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar, Final

import msgspec

from verifier.rules import calendar, dates
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import EventRef, Texts
from verifier.rules.partnership.partners import unmet_priorities, unmet_span
from verifier.rules.partnership.state import (
    ON_THE_REGISTER,
    Confirmed,
    Details,
    Partnership,
    lead,
    of,
    profile_of,
    secretariat,
    unmet_on_register,
)

__all__ = ["EVENTS", "DetailsAmended", "DetailsConfirmed", "stale_from", "whole_log"]


def stale_from(subject: Subject, book: Book) -> date | None:
    """Return the first day on which a partnership's details are stale, or nothing."""
    found, last = of(subject), subject.get("confirmed", Confirmed)
    profile = profile_of(found, book) if found else None
    if found is None or profile is None or found.listing not in ON_THE_REGISTER:
        return None
    since = max(found.listed_on or "", last.on if last else "")
    fresh = dates.add(dates.parse_day(since), profile.details_fresh_for)
    return dates.add(calendar.extended(fresh, book), "P1D")


def _last_stated(subject: Subject) -> EventRef | None:
    last = subject.get("confirmed", Confirmed)
    return last.stated if last else None


class DetailsAmended(Body, frozen=True, kw_only=True):
    """A partnership states details anew, beside what stood there before (DT1 to DT3)."""

    TYPE: ClassVar[str] = "DetailsAmended/1"
    STREAM: ClassVar[str] = "p-*/details"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (secretariat, lead)
    MISSION: ClassVar[tuple[int, ...]] = (72, 95)

    before: Details = Details()
    """What stood where something stands anew; left out where nothing did."""
    after: Details
    reason: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DT1 to DT3."""
        yield from unmet_on_register("DT1", entry, book)
        subject = book.subject(entry.event.subject)
        known, found = subject.get("details", Details), of(subject)
        anew = _stated(self.after)
        stood = {name: getattr(known, name) for name in anew} if known else {}
        if _stated(self.before) != {name: old for name, old in stood.items() if old is not None}:
            yield Unmet(rule="DT2", reason="something else stood there before",
                        hint="read what stands there now")  # fmt: skip
        for name, value in anew.items():
            if stood.get(name) == value:
                yield Unmet(rule="DT2", reason=f"the {name.replace('_', ' ')} stands there already")
        if found is not None:
            yield from self._unmet_values(found, known)

    def _unmet_values(self, found: Partnership, known: Details | None) -> Iterator[Unmet]:
        after = self.after
        if after.planned_end is not None:
            reason = after.planned_end_reason or (known.planned_end_reason if known else None)
            yield from unmet_span("DT3", found.start, after.planned_end, reason)
        yield from unmet_priorities("DT3", after.national_priorities or (), found.countries)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """State the details anew; they are fresh."""
        anew = _stated(self.after)
        yield "details", msgspec.structs.replace(subject.things["details"], **anew)
        kept = {name: anew[name] for name in ("title", "planned_end", "budget") if name in anew}
        if kept:
            yield "partnership", msgspec.structs.replace(subject.things["partnership"], **kept)
        yield "confirmed", Confirmed(entry.ref, dates.day_text(entry.at))


class DetailsConfirmed(Body, frozen=True, kw_only=True):
    """A partnership says that its details are still as they stand (DT1, DT4)."""

    TYPE: ClassVar[str] = "DetailsConfirmed/1"
    STREAM: ClassVar[str] = "p-*/details"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (secretariat, lead)
    MISSION: ClassVar[tuple[int, ...]] = (72,)

    details: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DT1 and DT4."""
        yield from unmet_on_register("DT1", entry, book)
        if self.details != _last_stated(book.subject(entry.event.subject)):
            yield Unmet(rule="DT4", reason="the details were stated anew since",
                        hint="read the newest, then confirm that")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the day."""
        yield "confirmed", Confirmed(self.details, dates.day_text(entry.at))

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the confirmation of what is on the register."""
        found, stated = of(subject), _last_stated(subject)
        if found is not None and found.listing in ON_THE_REGISTER and stated is not None:
            yield f"{subject.id}/details", cls(details=stated)


def _stated(details: Details) -> dict[str, Any]:
    fields = msgspec.structs.asdict(details)
    return {name: value for name, value in fields.items() if value is not None}


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of DT5: details that nobody has confirmed for too long."""
    today = dates.day_of(book.time)
    for subject in book.subjects.values():
        stale, found = stale_from(subject, book), of(subject)
        if stale is not None and found is not None and stale <= today:
            yield Broken(rule="DT5", kind="omission", subject=subject.id, who=found.secretariat,
                         reason=f"its details are stale since {stale}")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (DetailsAmended, DetailsConfirmed)
