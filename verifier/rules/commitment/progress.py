"""Progress and deliverables: how far a commitment has come, by its own partners' word.

- CO20 Progress is reported while a commitment is open, as of a day that has come and is not before
       the last. [R7]
- CO21 Money is reported as disbursed in all, in the currency pledged, and only where some was.
- CO22 A deliverable is reported of what is active or was missed, on a day that has come, not
       before the commitment was made; its evidence is named. [R66]
- CO23 A milestone that a deliverable meets is an open one of its commitment.

After a removal the accountable organization reports like the partners: commitments outlive the
listing. Sources: R7, R66, R74; domain C2.3, C3; decision D3.23.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import partnership
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.commitment.state import (
    Commitment,
    Milestone,
    accountable,
    key_of,
    local_of,
    milestone_key,
    on_stream,
    unmet_day,
    unmet_state,
)
from verifier.rules.fields import Blob, Day, Decimal, LocalId, Texts

__all__ = ["EVENTS", "DeliverableReported", "ProgressReported", "Status"]

Status = Literal["on_track", "off_track", "financial_issues", "completed", "cancelled", "inactive"]
"""The codes of the register of 2018 (domain C9)."""


class ProgressReported(Body, frozen=True, kw_only=True):
    """A partner or the secretariat says how far a commitment has come (CO20, CO21)."""

    TYPE: ClassVar[str] = "ProgressReported/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        partnership.secretariat, partnership.partner, accountable,
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (7, 74)

    as_of: Day
    status: Status
    value: Decimal | None = None
    disbursed: Decimal | None = None
    """Of the money pledged, all that was paid until that day."""
    remarks: Texts | None = None
    evidence: Annotated[tuple[Blob, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO20 and CO21."""
        yield from unmet_state("CO20", ("claimed", "active"), entry, book)
        found = on_stream(entry, book)
        if found is not None and self.as_of < found.reported_as_of:
            yield Unmet(rule="CO20", reason=f"progress was reported as of {found.reported_as_of}")
        yield from unmet_day("CO20", self.as_of, entry)
        if self.disbursed is None or found is None:
            return
        if found.terms.money is None:
            yield Unmet(rule="CO21", reason="no money was pledged", who=accountable.name)
        if self.disbursed.startswith("-"):
            yield Unmet(rule="CO21", reason="what was paid in all is not negative")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note as of which day which progress was reported."""
        found: Commitment = subject.things[key_of(entry)]
        yield key_of(entry), msgspec.structs.replace(
            found, reported_as_of=self.as_of, status=self.status,
            disbursed=found.disbursed if self.disbursed is None else self.disbursed,
        )  # fmt: skip


class DeliverableReported(Body, frozen=True, kw_only=True):
    """A partner or the secretariat reports what was delivered, with its evidence (CO22, CO23)."""

    TYPE: ClassVar[str] = "DeliverableReported/1"
    STREAM: ClassVar[str] = "p-*/commitment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (
        partnership.secretariat, partnership.partner, accountable,
    )  # fmt: skip
    MISSION: ClassVar[tuple[int, ...]] = (66,)

    on: Day
    text: Texts
    evidence: Annotated[tuple[Blob, ...], Meta(min_length=1, max_length=50)]
    value: Decimal | None = None
    milestone: LocalId | None = None
    """The milestone that it meets."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO22 and CO23."""
        yield from unmet_state("CO22", ("active", "missed"), entry, book)
        yield from unmet_day("CO22", self.on, entry)
        found = on_stream(entry, book)
        if found is not None and self.on < found.made_on:
            yield Unmet(rule="CO22", reason=f"the commitment was made on {found.made_on}")
        if self.milestone is not None:
            milestone = book.thing(entry.event.subject, self._key(entry), Milestone)
            if milestone is None or not milestone.is_open:
                yield Unmet(rule="CO23", reason=f"no milestone {self.milestone} is open here")

    def _key(self, entry: Entry) -> str:
        return milestone_key(local_of(entry), self.milestone or "")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Count the deliverable; the milestone that it names is met."""
        found: Commitment = subject.things[key_of(entry)]
        yield key_of(entry), msgspec.structs.replace(found, deliverables=found.deliverables + 1)
        milestone = subject.get(self._key(entry), Milestone)
        if milestone is not None:
            yield self._key(entry), msgspec.structs.replace(milestone, met_on=self.on)


EVENTS: Final[tuple[type[Body], ...]] = (ProgressReported, DeliverableReported)
