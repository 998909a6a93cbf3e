"""Guideline sets: the procedure's parameters as versioned data, so that no rule holds a number.

- GU1 The versions of a set count up from one, each where its stream continues.
- GU2 A version counts from a day that exists, not before the day it is issued, and not before the
      version it follows.
- GU3 No clause id and no profile name stands twice in a version.
- GU4 Profiles stand in the base set, the one set of layer 1, and in no other; a base version has
      at least one.
- GU5 Within a profile, no second state and no removal begins before the grace has ended, support
      can be offered in time after the first notice, and a cycle lasts at least P30D and as long as
      the window.
- GU6 Every code of a profile is one that the table of parameters ranks.
- GU7 No protection falls short of its bound: a decision has at least two offices, a review at
      least two organizations, an appeal at least three.

A version never changes and never goes away; what applies at an event is found by lookup at its
place, and an event that names another version is refused (decision D1.1). Sources: R12, R24, R53,
R56, R57, R60; domain C5 and D3.18 for the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.fields import Day, Symbol, VersionRef
from verifier.rules.guideline import parameters
from verifier.rules.guideline.parameters import A_DAY, Profile
from verifier.rules.guideline.state import (
    GUIDELINES,
    Base,
    Clause,
    GuidelineSet,
    guideline_set,
    key_of,
)

__all__ = ["EVENTS", "GuidelineSetIssued"]

SHORTEST_CYCLE: Final = "P30D"  # bounds how many obligations a clock can hold


class GuidelineSetIssued(Body, frozen=True, kw_only=True):
    """A version of a guideline set is issued (GU1 to GU7)."""

    TYPE: ClassVar[str] = "GuidelineSetIssued/1"
    STREAM: ClassVar[str] = "guidelines/set/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("guideline_issuer"),)

    version: Annotated[int, Meta(ge=1, le=9999)]
    layer: Literal["layer_1", "qcpr", "layer_2", "national", "tailored"]
    mandate: Symbol
    valid_from: Day
    clauses: Annotated[tuple[Clause, ...], Meta(min_length=1, max_length=400)]
    profiles: Annotated[tuple[Profile, ...], Meta(max_length=5)] = ()

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GU1 to GU7."""
        if self.version != entry.event.seq + 1:
            yield Unmet(rule="GU1", reason=f"the next version is {entry.event.seq + 1}")
        yield from self._unmet_day(entry, book)
        clauses = {clause.id for clause in self.clauses}
        if len(clauses) < len(self.clauses):
            yield Unmet(rule="GU3", reason="a clause id stands twice")
        if len({profile.name for profile in self.profiles}) < len(self.profiles):
            yield Unmet(rule="GU3", reason="a profile name stands twice")
        yield from self._unmet_base(entry, book)
        for profile in self.profiles:
            yield from _unmet_profile(profile)

    def _unmet_day(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        if not dates.is_day(self.valid_from):
            yield Unmet(rule="GU2", reason=f"{self.valid_from} is not a calendar day")
            return
        before = guideline_set(VersionRef(_set_id(entry), self.version - 1), book)
        today = dates.day_of(entry.at).isoformat()
        earliest = max(today, before.valid_from) if before else today
        if self.valid_from < earliest:
            yield Unmet(rule="GU2", reason=f"it counts from {earliest} on at the earliest",
                        hint="guidelines are never changed for the past")  # fmt: skip

    def _unmet_base(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        base = book.thing(GUIDELINES, "base", Base)
        if self.layer != "layer_1":
            if self.profiles:
                yield Unmet(rule="GU4", reason="profiles stand in the base set alone")
        elif base is not None and base.set != _set_id(entry):
            yield Unmet(rule="GU4", reason=f"the set of layer 1 is {base.set}",
                        hint="issue its next version")  # fmt: skip
        elif not self.profiles:
            yield Unmet(rule="GU4", reason="a version of the base set has at least one profile")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the version on record."""
        ref = VersionRef(_set_id(entry), self.version)
        yield (
            key_of(ref),
            GuidelineSet(
                ref, self.layer, self.mandate, self.valid_from, self.clauses, self.profiles
            ),
        )
        if self.layer == "layer_1":
            yield "base", Base(ref.set)


def _unmet_profile(profile: Profile) -> Iterator[Unmet]:
    grace = dates.add(A_DAY, profile.grace)
    for name in ("second_state", "removal_eligible_after"):
        if dates.add(A_DAY, getattr(profile, name)) < grace:
            yield Unmet(rule="GU5", reason=f"{profile.name}: {name} ends before the grace")
    if dates.add(A_DAY, profile.cycle) < max(
        dates.add(A_DAY, profile.window), dates.add(A_DAY, SHORTEST_CYCLE)
    ):
        yield Unmet(rule="GU5", reason=f"{profile.name}: the cycle is shorter than its window "
                    f"or than {SHORTEST_CYCLE}")  # fmt: skip
    if dates.add(A_DAY, profile.support_before_final) > dates.add(A_DAY, profile.notice_to_final):
        yield Unmet(rule="GU5", reason=f"{profile.name}: support_before_final > notice_to_final",
                    hint="an offer made with the notice is in time for the final one")  # fmt: skip
    for name in parameters.unranked(profile):
        yield Unmet(rule="GU6", reason=f"{profile.name}: {getattr(profile, name)} is no {name}")
    for name in parameters.below_bounds(profile):
        bound = parameters.PARAMETERS[name].bound
        yield Unmet(rule="GU7", reason=f"{profile.name}: {name} is at least {bound}")


def _set_id(entry: Entry) -> str:
    return entry.event.stream.rpartition("/")[2]


EVENTS: Final[tuple[type[Body], ...]] = (GuidelineSetIssued,)
