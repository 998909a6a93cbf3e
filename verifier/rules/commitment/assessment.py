"""Assessments: how complete a commitment is, by a reviewer's word beside the partners' own.

- CO50 What is assessed is a commitment on record; a stream holds one assessment.
- CO51 The reviewer belongs to none of the partners, nor does one who signs for it.
- CO52 It is as of a day that has come, not before the commitment was made; an assessment at the end
       of term follows the due day or the commitment's own end.
- CO53 «Withdrawn» is said of what was withdrawn, and of nothing else.

The codes are those of the Open Government Partnership. Sources: R7, R66; domain C2.3, C3, B4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import partnership
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.commitment.state import of, unmet_day
from verifier.rules.fields import Blob, Day, EventRef, LocalId, Texts

__all__ = ["EVENTS", "Assessment", "CompletionAssessed"]


class Assessment(msgspec.Struct, frozen=True):
    """The newest assessment of a commitment; the thing ``assessment:<commitment>``."""

    ref: EventRef
    code: str
    as_of: str


class CompletionAssessed(Body, frozen=True, kw_only=True):
    """A reviewer says how complete a commitment is, and on which basis (CO50 to CO53)."""

    TYPE: ClassVar[str] = "CompletionAssessed/1"
    STREAM: ClassVar[str] = "p-*/assessment/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("reviewer"), role("independent_auditor"))
    MISSION: ClassVar[tuple[int, ...]] = (7, 66)

    commitment: LocalId
    point: Literal["mid_term", "end_of_term"]
    as_of: Day
    code: Literal["not_started", "limited", "substantial", "complete", "unclear", "withdrawn"]
    basis: Texts
    evidence: Annotated[tuple[Blob, ...], Meta(max_length=50)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of CO50 to CO53."""
        subject = book.subject(entry.event.subject)
        found, whole = of(subject, self.commitment), partnership.of(subject)
        if entry.event.seq != 0:
            yield Unmet(rule="CO50", reason="this stream holds an assessment", hint="name another")
        for signer in entry.signers:
            if whole is not None and (
                signer == whole.secretariat
                or partnership.is_partner(whole, organization_of(signer, book))
            ):
                yield Unmet(
                    rule="CO51", reason=f"{signer} belongs to a partner", hint="let another"
                )
        yield from unmet_day("CO52", self.as_of, entry)
        if found is None:
            yield Unmet(rule="CO50", reason=f"there is no commitment {self.commitment} here")
            return
        if self.as_of < found.made_on:
            yield Unmet(rule="CO52", reason=f"the commitment was made on {found.made_on}")
        if self.point == "end_of_term" and found.is_open and self.as_of <= found.due:
            yield Unmet(rule="CO52", reason=f"its term ends on {found.due}")
        if (self.code == "withdrawn") != (found.state == "withdrawn"):
            yield Unmet(rule="CO53", reason=f"the commitment is {found.state}")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the assessment, unless one as of a later day stands."""
        key = "assessment:" + self.commitment
        before = subject.get(key, Assessment)
        if before is None or before.as_of <= self.as_of:
            yield key, Assessment(entry.ref, self.code, self.as_of)


EVENTS: Final[tuple[type[Body], ...]] = (CompletionAssessed,)
