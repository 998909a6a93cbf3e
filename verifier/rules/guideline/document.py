"""What every document of the room has in common: versions, days, a decision that adopted it.

- GU1 The versions of a document count up from one, each where its stream continues. [R12]
- GU2 A version counts from a day that exists, not before the day it is issued, and not before the
      version it follows; a last day, if it has one, is not before the first. [R12]
- GU11 Where it names a decision of a body, that decision is in effect and has adopted this version
      [R53].

A version never changes and never goes away; what applies at an event is found by lookup at its
place, and an event that names another version is refused (decision D1.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from verifier.event import Event
from verifier.rules import body, dates
from verifier.rules.book import Body, Book, Capacity, Entry, Unmet
from verifier.rules.fields import Day, EventRef, Symbol, VersionRef
from verifier.rules.guideline.state import GUIDELINES, Issued, issuer, key_of, named

__all__ = ["DECISION", "Document"]

DECISION: Final = "guideline"
"""The kind of a body's decision that adopts a document; the result is ``adopted``."""


class Document(Body, frozen=True, kw_only=True):
    """A version of a document is issued (GU1, GU2, GU11)."""

    SIGNERS: ClassVar[tuple[Capacity, ...]] = (issuer,)

    version: Annotated[int, Meta(ge=1, le=9999)]
    mandate: Symbol
    valid_from: Day
    valid_until: Day | None = None
    decision: EventRef | None = None
    """The decision of the body that adopted it, where the body is on record."""

    def touches(self, event: Event) -> Iterable[str]:
        """Look at the body that decided."""
        return (body.subject_of(self.decision),) if self.decision else ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GU1, GU2 and GU11."""
        if self.version != entry.event.seq + 1:
            yield Unmet(rule="GU1", reason=f"the next version is {entry.event.seq + 1}")
        yield from self._unmet_days(entry, book)
        if self.decision is not None:
            kind = self.STREAM.split("/")[1]
            yield from body.unmet_result(
                "GU11", self.decision, book, kind=DECISION,
                item=f"{GUIDELINES}/{kind}:{named(entry)}:{self.version}", result="adopted",
            )  # fmt: skip

    def _unmet_days(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        if not dates.is_day(self.valid_from):
            yield Unmet(rule="GU2", reason=f"{self.valid_from} is not a calendar day")
            return
        before: Issued | None = book.subject(GUIDELINES).things.get(
            key_of(self.STREAM.split("/")[1], VersionRef(named(entry), self.version - 1))
        )
        today = dates.day_text(entry.at)
        earliest = max(today, before.valid_from) if before else today
        if self.valid_from < earliest:
            yield Unmet(rule="GU2", reason=f"it counts from {earliest} on at the earliest",
                        hint="guidelines are never changed for the past")  # fmt: skip
        if self.valid_until is not None and not (
            dates.is_day(self.valid_until) and self.valid_from <= self.valid_until
        ):
            yield Unmet(rule="GU2", reason="its last day is no day after its first")

    def head(self, entry: Entry) -> dict[str, Any]:
        """Return what every version on record has."""
        return {
            "ref": VersionRef(named(entry), self.version), "event": entry.ref,
            "mandate": self.mandate, "valid_from": self.valid_from,
            "valid_until": self.valid_until,
        }  # fmt: skip
