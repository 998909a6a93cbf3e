"""The screening of a submission, and the listing; from then on the clock runs.

- PS1 What is screened is submitted, signed as its UN role asks (PA4), and not yet screened. [R87]
- PS2 The officer belongs to none of its partners, and neither does who signs for the officer. [R87]
- PS3 A return or a rejection says why. [R87]
- PS4 A submission is screened within the time of the profile of its UN role, in the version of the
      base set in force on the day it took effect (whole log; the registry's own omission). [R71]
- PS5 A submission that was returned, or waits for a UN partner's signature, lapses when nothing
      follows within the time of its profile; the registry ends it, and it may be put anew.
- PL1 What is listed has passed the screening, and others screened it than act or sign here. [R87]
- PL2 The listing names the version of the base set that is in force, and the profile of the
      partnership in it: of its UN role, with the country overlay where it is local or national.
      [R12, R24, R25]
- PL3 The listing names the further layers in force that reach it, each in its version in force, and
      no other [R26, R56, R64].

Only a multi-stakeholder partnership has a reporting clock. Sources: R17, R21, R24, R87; domain
C2.2; decisions D2.12, D3.26, D4.33.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import calendar, dates, guideline
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Broken, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.classification import unmet_classified
from verifier.rules.diligence import unmet_partners
from verifier.rules.fields import Code, EventRef, Symbol, Texts, VersionRef
from verifier.rules.partnership.state import Confirmed, is_partner, moved, of
from verifier.rules.partnership.submission import Turn, submitter, un_partner
from verifier.rules.partnership.terms import Further, further_of, profile_name, unmet_terms

__all__ = ["EVENTS", "PartnershipListed", "PartnershipScreened", "SubmissionLapsed", "whole_log"]


class PartnershipScreened(Body, frozen=True, kw_only=True):
    """An officer screens a submission and lets it pass, returns it or rejects it (PS1 to PS3)."""

    TYPE: ClassVar[str] = "PartnershipScreened/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("screening_officer"),)
    MISSION: ClassVar[tuple[int, ...]] = (71, 87)

    outcome: Literal["pass", "return", "reject"]
    method: Literal["desk", "call", "site"]
    minutes: Annotated[int, Meta(ge=1, le=100_000)]
    findings: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PS1 to PS3."""
        found = of(book.subject(entry.event.subject))
        if found is None or found.listing != "submitted" or found.screened is not None:
            state = "not submitted" if found is None else found.listing
            yield Unmet(rule="PS1", reason=f"nothing waits for screening: {state}",
                        who=submitter.name)  # fmt: skip
        elif found.waits_for_un:
            yield Unmet(rule="PS1", reason="a UN role is claimed without a UN partner's signature",
                        who=un_partner.name)  # fmt: skip
        if found is not None and any(
            is_partner(found, organization_of(signer, book)) for signer in entry.signers
        ):
            yield Unmet(rule="PS2", reason="the officer belongs to a partner", hint="let another")
        if self.outcome != "pass" and self.findings is None:
            yield Unmet(rule="PS3", reason=f"the {self.outcome} does not say why")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the screening that was passed, or the return, or the rejection."""
        found = subject.things["partnership"]
        turn = f"turn:{found.ref.seq}"
        today = dates.day_text(entry.at)
        yield turn, msgspec.structs.replace(subject.things[turn], screened_on=today)
        if self.outcome == "pass":
            yield (
                "partnership",
                msgspec.structs.replace(found, screened=entry.ref, screened_by=entry.signers),
            )
        else:
            listing = "returned" if self.outcome == "return" else "rejected"
            yield "partnership", msgspec.structs.replace(found, listing=listing)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the screening of what is submitted."""
        found = of(subject)
        if found is not None and found.listing == "submitted" and found.screened is None:
            yield f"{subject.id}/registration", cls(outcome="pass", method="desk", minutes=1)


def _lapses_on(subject: Subject, book: Book) -> date | None:
    """Return the last day for what a submission waits for by its own, or nothing (PS5)."""
    found, stated = of(subject), subject.get("confirmed", Confirmed)
    if found is None or stated is None:
        return None
    since = stated.on if found.waits_for_un else None
    turn = subject.get(f"turn:{found.ref.seq}", Turn)
    if found.listing == "returned" and turn is not None:
        since = turn.screened_on
    if since is None:
        return None
    begun = dates.parse_day(since)
    version = guideline.base_in_force(begun, book)
    rules = guideline.profile_of(version, profile_name(found), book) if version else None
    return calendar.extended(dates.add(begun, rules.return_lapses), book) if rules else None


class SubmissionLapsed(Body, frozen=True, kw_only=True):
    """The registry ends a submission that nobody follows up (PS5)."""

    TYPE: ClassVar[str] = "SubmissionLapsed/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry"),)
    MISSION: ClassVar[tuple[int, ...]] = (72,)

    submission: EventRef

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PS5."""
        subject = book.subject(entry.event.subject)
        found, last = of(subject), _lapses_on(subject, book)
        if found is None or found.ref != self.submission or last is None:
            yield Unmet(rule="PS5", reason="no such submission waits for who made it")
        elif dates.in_time(entry.at, last):
            yield Unmet(rule="PS5", reason=f"it lapses after {last}",
                        earliest=dates.deadline(last), who=submitter.name)  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """End the submission."""
        yield "partnership", moved(subject.things["partnership"], "lapsed", entry)

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the end of what nobody follows up."""
        found = of(subject)
        if found is not None and _lapses_on(subject, book) is not None:
            yield f"{subject.id}/registration", cls(submission=found.ref)


class PartnershipListed(Body, frozen=True, kw_only=True):
    """The registry lists a partnership; its clock runs from this day (PL1 to PL5, CL7)."""

    TYPE: ClassVar[str] = "PartnershipListed/1"
    STREAM: ClassVar[str] = "p-*/registration"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("registry"),)
    MISSION: ClassVar[tuple[int, ...]] = (12, 13, 21, 24, 25, 26, 56, 64)

    guideline: VersionRef
    further: Further = ()
    profile: Code
    mandate: Symbol

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of PL1 to PL5 and CL7."""
        found = of(book.subject(entry.event.subject))
        if found is None or found.listing != "submitted" or found.screened is None:
            yield Unmet(rule="PL1", reason="there is no submission that has passed the screening",
                        who="screening_officer")  # fmt: skip
        elif not set(entry.signers).isdisjoint(found.screened_by):
            yield Unmet(
                rule="PL1", reason="who lists it has screened it", hint="let another list it"
            )
        yield from unmet_classified(entry, book)
        yield from unmet_terms(
            self.guideline, self.profile, self.further, entry, book, rules=("PL2", "PL3")
        )
        if found is not None and self.profile == profile_name(found):
            profile = guideline.profile_under(self.guideline, self.further, self.profile, book)
            subject, today = book.subject(entry.event.subject), dates.day_text(entry.at)
            if profile is not None:
                yield from unmet_partners(subject, found.partners, found.un_role, profile, today)

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """List the partnership and start its clock."""
        found = subject.things["partnership"]
        today = dates.day_of(entry.at).isoformat()
        yield "partnership", moved(
            found, "listed", entry, listed_on=today, guideline=self.guideline,
            further=self.further, profile=self.profile,
            clock_from=today if found.initiative_kind == "msp" else None,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the listing of what is submitted."""
        found = of(subject)
        if found is not None and found.listing == "submitted":
            version = guideline.base_in_force(dates.day_of(book.time), book)
            yield (
                f"{subject.id}/registration",
                cls(
                    guideline=version or VersionRef("none", 1),
                    further=further_of(subject, book.time, book),
                    profile=profile_name(found),
                    mandate="…",
                ),
            )


def whole_log(book: Book) -> Iterator[Broken]:
    """Yield what is broken of PS4: submissions screened late, or not yet and the time is over."""
    today = dates.day_text(book.time)
    for subject in book.subjects.values():
        for turn in subject.all(Turn):
            submitted = dates.parse_day(turn.submitted_on)
            version = guideline.base_in_force(submitted, book)
            rules = guideline.profile_of(version, turn.profile, book) if version else None
            if rules is None:
                continue
            due = calendar.extended(dates.add(submitted, rules.screening_within), book).isoformat()
            if (turn.screened_on or today) > due:
                state = f"on {turn.screened_on}" if turn.screened_on else f"not by {today}"
                yield Broken(rule="PS4", kind="omission", subject=subject.id, who="registry",
                             reason=f"submitted on {turn.submitted_on}, to be screened by {due}, "
                             f"screened {state}")  # fmt: skip


EVENTS: Final[tuple[type[Body], ...]] = (
    PartnershipScreened,
    SubmissionLapsed,
    PartnershipListed,
)
