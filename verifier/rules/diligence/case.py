"""Due diligence on a partner: opened, screened, researched, reopened.

- DD1 It is about a partner, or one that asks to join, of a partnership that is submitted, listed or
      suspended; its stream is named for that organization.
- DD2 States and United Nations entities pass none.
- DD3 The kind of case is that of the stakeholder type, the depth at least what the profile
      asks. [R58, R61]
- DD4 An organization has one case at a time; a decided one is reopened, for a reason.
- DD5 Who takes part in it, or signs for one who does, belongs neither to the organization nor to
      the partnership's secretariat.
- DD6 The first layer is the exclusion screen, against lists of days that are past; whatever it
      finds excludes [R60].
- DD7 Beyond a basic case, controversies are researched after the screen; an enhanced one has heard
      the place where it is at work.

How it is rated and decided stands in ``decision``. Sources: R58, R60, R61; domain B6, C2.6; UNSDG
Common Approach to Prospect Research and Due Diligence (2020), whose two layers these are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates, guideline, partnership
from verifier.rules.authority.state import organization_of, role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.diligence.state import (
    DEPTHS,
    CaseType,
    Depth,
    Diligence,
    adverse,
    case_type,
    depth_asked,
    is_exempt,
)
from verifier.rules.fields import ActorId, Day, Label, Texts
from verifier.rules.guideline import Profile
from verifier.rules.partnership import UNDECIDED
from verifier.rules.partnership.members import Joining
from verifier.rules.partnership.terms import further_of, profile_name

__all__ = [
    "EVENTS",
    "ControversyResearched",
    "DueDiligenceOpened",
    "DueDiligenceReopened",
    "ExclusionScreened",
    "Exclusions",
    "ListSource",
    "OfCase",
    "case_of",
    "officer",
    "profile_for",
    "type_of",
    "unmet_state",
]

officer: Final = role("due_diligence_officer")
_officers: Final = (officer, role("screening_officer"))


class Exclusions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The eleven criteria that exclude; each is answered."""

    weapons: bool
    weapon_components: bool
    replica_weapons: bool
    tobacco: bool
    sanctions: bool
    """Sanctions and conventions of the United Nations, lists of the ineligible."""
    pornography: bool
    banned_substances_or_wildlife: bool
    gambling: bool
    human_rights_violations: bool
    forced_labour: bool
    child_labour: bool


class ListSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list that was consulted, in its state of a day."""

    name: Label
    as_of: Day


def profile_for(subject: Subject, at: int, book: Book) -> Profile | None:
    """Return the profile of a partnership, or the one that it would be listed by."""
    found = partnership.of(subject)
    listed = partnership.profile_of(found, book) if found is not None else None
    version = guideline.base_in_force(dates.day_of(at), book)
    if listed is not None or found is None or version is None:
        return listed
    further = further_of(subject, at, book)
    return guideline.profile_under(version, further, profile_name(found), book)


def type_of(organization: str, subject: Subject) -> str | None:
    """Return the stakeholder type of a partner, or of one that asks to join; nothing of others."""
    found = partnership.of(subject)
    joining = subject.get("joining:" + organization, Joining)
    asks = (joining.partner,) if joining is not None and joining.waits else ()
    known = (*found.partners, *asks) if found is not None else ()
    return next((p.stakeholder_type for p in known if p.organization == organization), None)


def _named(entry: Entry) -> str:
    return entry.event.stream.rpartition("/")[2]


def case_of(entry: Entry, book: Book) -> Diligence | None:
    """Return the case that a stream is about, or nothing."""
    return book.thing(entry.event.subject, "diligence:" + _named(entry), Diligence)


class OfCase(Body, frozen=True, kw_only=True):
    """What every step of a case has in common (DD5)."""

    STREAM: ClassVar[str] = "p-*/diligence/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = _officers
    MISSION: ClassVar[tuple[int, ...]] = (60, 61)

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DD5."""
        found = partnership.of(book.subject(entry.event.subject))
        for signer in entry.signers:
            if organization_of(signer, book) == _named(entry) or (
                found is not None and signer == found.secretariat
            ):
                yield Unmet(rule="DD5", reason=f"{signer} belongs to a party", hint="let another")

    def changed(self, entry: Entry, subject: Subject, **changes: object) -> Change:
        """Return the case with something changed."""
        key = "diligence:" + _named(entry)
        return key, msgspec.structs.replace(subject.things[key], **changes)


def unmet_state(rule: str, entry: Entry, book: Book, *states: str) -> Iterator[Unmet]:
    """Yield, under a rule, that the case is in none of these states."""
    case = case_of(entry, book)
    if case is None or case.state not in states:
        told = "not opened" if case is None else case.state
        yield Unmet(rule=rule, reason=f"the case is {told}, not {' or '.join(states)}")


def _unmet_depth(depth: Depth, type_: str, profile: Profile | None) -> Iterator[Unmet]:
    asked = depth_asked(profile, type_) if profile is not None else "basic"
    if DEPTHS.index(depth) < DEPTHS.index(asked):
        yield Unmet(rule="DD3", reason=f"the profile asks for a depth of {asked}")


class DueDiligenceOpened(OfCase, frozen=True, kw_only=True):
    """A due diligence on a partner is opened (DD1 to DD5)."""

    TYPE: ClassVar[str] = "DueDiligenceOpened/1"
    MISSION: ClassVar[tuple[int, ...]] = (58, 60, 61)

    organization: ActorId
    case_type: CaseType
    depth: Depth
    modality: Label
    """What the organization would do in the partnership."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DD1 to DD5."""
        yield from super().unmet(entry, book)
        if self.organization != _named(entry):
            yield Unmet(rule="DD1", reason=f"the stream is {_named(entry)}'s")
        if case_of(entry, book) is not None:
            yield Unmet(rule="DD4", reason="there is a case", hint="reopen it once it is decided")
        subject = book.subject(entry.event.subject)
        found = partnership.of(subject)
        if found is None or found.listing not in ("submitted", "listed", "suspended"):
            yield Unmet(rule="DD1", reason="the partnership is neither submitted nor listed")
            return
        type_ = type_of(self.organization, subject)
        if type_ is None:
            yield Unmet(rule="DD1", reason=f"{self.organization} is no partner")
        elif is_exempt(type_):
            yield Unmet(rule="DD2", reason=f"{self.organization} is {type_}: the Charter binds it")
        else:
            if self.case_type != case_type(type_):
                yield Unmet(rule="DD3", reason=f"the kind of case is {case_type(type_)}")
            yield from _unmet_depth(self.depth, type_, profile_for(subject, entry.at, book))

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Open the case."""
        yield (
            "diligence:" + self.organization,
            Diligence(ref=entry.ref, organization=self.organization, depth=self.depth),
        )

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer a case for each partner that has to pass one and has none."""
        found = partnership.of(subject)
        profile = profile_for(subject, book.time, book)
        for partner in found.partners if found is not None and profile is not None else ():
            name, type_ = partner.organization, partner.stakeholder_type
            if is_exempt(type_) or f"diligence:{name}" in subject.things or profile is None:
                continue
            asked = depth_asked(profile, type_)
            if asked != "basic":
                yield f"{subject.id}/diligence/{name}", cls(
                    organization=name, case_type=case_type(type_), depth=asked, modality="…"
                )  # fmt: skip


class ExclusionScreened(OfCase, frozen=True, kw_only=True):
    """The first layer: the organization is held against the criteria that exclude (DD5, DD6)."""

    TYPE: ClassVar[str] = "ExclusionScreened/1"

    criteria: Exclusions
    """True is what was found."""
    lists: Annotated[tuple[ListSource, ...], Meta(min_length=1, max_length=30)]
    remarks: Texts | None = None

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DD5 and DD6."""
        yield from super().unmet(entry, book)
        yield from unmet_state("DD6", entry, book, "opened")
        today = dates.day_text(entry.at)
        for source in self.lists:
            if not dates.is_day(source.as_of) or source.as_of > today:
                yield Unmet(rule="DD6", reason=f"{source.name}: {source.as_of} is no day past")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note whether something excludes."""
        found = any(msgspec.structs.astuple(self.criteria))
        yield self.changed(entry, subject, state="excluded" if found else "screened")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the screen of each open case."""
        nothing = Exclusions(**dict.fromkeys(Exclusions.__struct_fields__, False))
        for case in subject.all(Diligence):
            if case.state == "opened":
                source = ListSource("…", dates.day_text(book.time))
                yield case.ref.stream, cls(criteria=nothing, lists=(source,))


class ControversyResearched(OfCase, frozen=True, kw_only=True):
    """The second layer: what is said about the organization (DD5, DD7)."""

    TYPE: ClassVar[str] = "ControversyResearched/1"

    level: Literal["none", "low", "moderate", "high"]
    sources: Annotated[tuple[Label, ...], Meta(min_length=1, max_length=60)]
    text: Texts
    local_input: Texts | None = None
    """What was heard where it is at work."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DD5 and DD7."""
        yield from super().unmet(entry, book)
        yield from unmet_state("DD7", entry, book, "screened")
        case = case_of(entry, book)
        if case is not None and case.depth == "enhanced" and self.local_input is None:
            yield Unmet(rule="DD7", reason="an enhanced case has heard the place")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Note the research."""
        yield self.changed(entry, subject, state="researched")

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer the research of each case that was screened."""
        for case in subject.all(Diligence):
            if case.state == "screened" and case.depth != "basic":
                yield case.ref.stream, cls(
                    level="none", sources=("…",), text=UNDECIDED, local_input=UNDECIDED
                )  # fmt: skip


class DueDiligenceReopened(OfCase, frozen=True, kw_only=True):
    """A decided case is reopened: it has expired, or something came up (DD3 to DD5)."""

    TYPE: ClassVar[str] = "DueDiligenceReopened/1"

    trigger: Literal["expiry", "controversy", "new_facts", "change_of_owner", "request"]
    depth: Depth
    text: Texts

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of DD3 to DD5."""
        yield from super().unmet(entry, book)
        yield from unmet_state("DD4", entry, book, "decided")
        subject = book.subject(entry.event.subject)
        found = partnership.of(subject)
        if found is not None:
            type_ = type_of(_named(entry), subject) or ""
            yield from _unmet_depth(self.depth, type_, profile_for(subject, entry.at, book))

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Open the case anew; what was decided before counts no more."""
        key, today = "diligence:" + _named(entry), dates.day_text(entry.at)
        yield key, Diligence(
            ref=entry.ref, organization=_named(entry), depth=self.depth,
            against=adverse(subject.get(key, Diligence), today), reopened_on=today,
        )  # fmt: skip

    @classmethod
    def ahead(cls, subject: Subject, book: Book) -> Iterator[tuple[str, Body]]:
        """Offer to examine anew what was decided against a partner or has expired."""
        today = dates.day_text(book.time)
        for case in subject.all(Diligence):
            if adverse(case, today):
                yield case.ref.stream, cls(trigger="expiry", depth="enhanced", text=UNDECIDED)


EVENTS: Final[tuple[type[Body], ...]] = (
    DueDiligenceOpened,
    ExclusionScreened,
    ControversyResearched,
    DueDiligenceReopened,
)
