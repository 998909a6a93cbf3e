"""Guideline sets: the procedure's parameters as versioned data, so that no rule holds a number.

- GU3 No clause id, no profile, no overlay and no parameter of one stands twice in a version.
- GU4 Profiles and overlays stand in the base set, the one set of layer 1, and in no other; a base
      version has at least one profile, each under the name of a role of the United Nations, and
      keeps those of the version before it, so that nobody listed is left without. [R24]
- GU5 Within a profile, no second state and no removal begins before the grace has ended, support
      can be offered in time after the first notice, and a cycle lasts at least P30D and as long as
      the window.
- GU6 Every code of a profile is one that the table of parameters ranks.
- GU7 No protection falls short of its bound: a decision has at least two offices, a review at
      least two organizations, an appeal at least three.
- GU8 A clause is checked by numbered rules or asked as a question, and a question states how many
      hours its answer takes [R15, R59].
- GU9 A clause derives from instruments that are on record. [R4, R62]
- GU10 An overlay changes parameters that exist, to values that fit; the mega overlay takes nothing
      away [R80, R84].

- GU12 No window in which a partnership is heard or may cure, and none in which somebody decides on
      it, is shorter than P14D: a window that nobody can use is none.

GU5 to GU7 and GU12 hold for every profile with its overlays. Sources: R12, R15, R24, R53, R59, R60,
R62; domain C5; decisions D3.18, D3.26.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules.authority.scope import Scope
from verifier.rules.book import Body, Book, Change, Entry, Subject, Unmet
from verifier.rules.fields import VersionRef
from verifier.rules.guideline import layers, parameters
from verifier.rules.guideline.document import Document
from verifier.rules.guideline.parameters import PROFILES, Cells, Profile
from verifier.rules.guideline.state import (
    GUIDELINES,
    Base,
    Clause,
    GuidelineSet,
    guideline_set,
    instrument,
    key_of,
    named,
)

__all__ = ["EVENTS", "GuidelineSetIssued", "unmet_clauses"]

SHORTEST_CYCLE: Final = "P30D"  # bounds how many obligations a clock can hold
SHORTEST_WINDOW: Final = "P14D"

WINDOWS: Final = (
    "notice_to_final", "reply_window", "notice_lapses", "decision_window", "appeal_window",
    "appeal_decided_within", "review_comments", "reply_within", "partner_cure", "cosign_within",
)  # fmt: skip
"""In which a partnership is heard or may cure, or somebody decides on it (GU12)."""

Clauses = Annotated[tuple[Clause, ...], Meta(min_length=1, max_length=400)]


class GuidelineSetIssued(Document, frozen=True, kw_only=True):
    """A version of a guideline set is issued (GU1 to GU12, LY1 to LY6)."""

    TYPE: ClassVar[str] = "GuidelineSetIssued/1"
    STREAM: ClassVar[str] = "guidelines/set/*"
    MISSION: ClassVar[tuple[int, ...]] = (
        4, 12, 15, 24, 44, 53, 56, 57, 59, 60, 61, 62, 64, 80, 84, 85,
    )  # fmt: skip

    layer: Literal["layer_1", "qcpr", "layer_2", "national", "tailored"]
    clauses: Clauses
    profiles: Annotated[tuple[Profile, ...], Meta(max_length=3)] = ()
    overlays: Annotated[tuple[Cells, ...], Meta(max_length=2)] = ()
    reach: Scope | None = None
    """Whom a further layer is for."""
    tailors: VersionRef | None = None
    """The version that a tailored set adds to."""
    changes: Annotated[tuple[Cells, ...], Meta(max_length=20)] = ()
    """What a further layer makes stricter, by profile."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GU1 to GU12 and LY1 to LY6."""
        yield from super().unmet(entry, book)
        yield from unmet_clauses(self.clauses, book)
        for cells in (self.overlays, self.changes):
            yield from _unmet_twice(cells)
        yield from self._unmet_base(entry, book)
        yield from layers.unmet_layer(self, entry, book)

    def _unmet_base(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        base = book.thing(GUIDELINES, "base", Base)
        if self.layer != "layer_1":
            if self.profiles or self.overlays:
                yield Unmet(rule="GU4", reason="profiles stand in the base set alone")
            return
        if base is not None and base.set != named(entry):
            yield Unmet(rule="GU4", reason=f"the set of layer 1 is {base.set}",
                        hint="issue its next version")  # fmt: skip
        names = [profile.name for profile in self.profiles]
        if not names or not set(names) <= set(PROFILES.values()):
            yield Unmet(rule="GU4", reason=f"a base version has profiles of {[*PROFILES.values()]}")
        if len(set(names)) < len(names):
            yield Unmet(rule="GU3", reason="a profile name stands twice")
        before = guideline_set(VersionRef(named(entry), self.version - 1), book)
        for kept in before.profiles if before else ():
            if kept.name in PROFILES.values() and kept.name not in names:
                yield Unmet(rule="GU4", reason=f"the profile {kept.name} would be dropped")
        yield from self._unmet_profiles()

    def _unmet_profiles(self) -> Iterator[Unmet]:
        mega, profiles = self._overlay("mega"), self.profiles
        if not {cells.profile for cells in self.overlays} <= {"country", "mega"}:
            yield Unmet(rule="GU10", reason="the overlays are country and mega")
        try:
            profiles = self.resolved()
        except msgspec.ValidationError as error:
            yield Unmet(rule="GU10", reason=f"an overlay does not fit: {error}")
            mega = None
        for profile in profiles:
            yield from _unmet_profile(profile)
        for base in self.profiles if mega else ():
            if base.name != PROFILES["none"] and mega is not None:
                for name in parameters.weaker(base, parameters.changed(base, mega), fixed=False):
                    yield Unmet(rule="GU10", reason=f"mega takes away from {base.name}: {name}")

    def _overlay(self, name: str) -> Cells | None:
        return next((cells for cells in self.overlays if cells.profile == name), None)

    def resolved(self) -> tuple[Profile, ...]:
        """Return every profile, with the overlays laid upon it."""
        return parameters.overlaid(self.profiles, self._overlay("country"), self._overlay("mega"))

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the version on record, with its overlays resolved."""
        held = GuidelineSet(
            **self.head(entry), layer=self.layer, clauses=self.clauses, profiles=self.resolved(),
            reach=self.reach or Scope(), changes=self.changes,
        )  # fmt: skip
        yield key_of("set", held.ref), held
        if self.layer == "layer_1":
            yield "base", Base(held.ref.set)


def unmet_clauses(clauses: tuple[Clause, ...], book: Book) -> Iterator[Unmet]:
    """Yield what is not met of GU3, GU8 and GU9 by clauses."""
    if len({clause.id for clause in clauses}) < len(clauses):
        yield Unmet(rule="GU3", reason="a clause id stands twice")
    for clause in clauses:
        if not clause.checks and clause.question is None:
            yield Unmet(rule="GU8", reason=f"{clause.id} has neither a check nor a question")
        if (clause.question is None) != (clause.burden_hours is None):
            yield Unmet(rule="GU8", reason=f"{clause.id}: a question states its burden_hours")
        for lineage in clause.derived_from:
            if instrument(lineage.instrument, book) is None:
                yield Unmet(rule="GU9", reason=f"{clause.id}: {lineage.instrument} is not on "
                            "record", hint="register the instrument first")  # fmt: skip


def _unmet_twice(changes: tuple[Cells, ...]) -> Iterator[Unmet]:
    if len({cells.profile for cells in changes}) < len(changes):
        yield Unmet(rule="GU3", reason="an overlay or a profile stands twice")
    for cells in changes:
        if len({cell.name for cell in cells.cells}) < len(cells.cells):
            yield Unmet(rule="GU3", reason=f"{cells.profile}: a parameter stands twice")


def _unmet_profile(profile: Profile) -> Iterator[Unmet]:
    grace = parameters.length(profile.grace)
    for name in ("second_state", "removal_eligible_after"):
        if parameters.length(getattr(profile, name)) < grace:
            yield Unmet(rule="GU5", reason=f"{profile.name}: {name} ends before the grace")
    if parameters.length(profile.cycle) < max(
        parameters.length(profile.window), parameters.length(SHORTEST_CYCLE)
    ):
        yield Unmet(rule="GU5", reason=f"{profile.name}: the cycle is shorter than its window "
                    f"or than {SHORTEST_CYCLE}")  # fmt: skip
    if parameters.length(profile.support_before_final) > parameters.length(profile.notice_to_final):
        yield Unmet(rule="GU5", reason=f"{profile.name}: support_before_final > notice_to_final",
                    hint="an offer made with the notice is in time for the final one")  # fmt: skip
    for name in WINDOWS:
        if parameters.length(getattr(profile, name)) < parameters.length(SHORTEST_WINDOW):
            yield Unmet(rule="GU12", reason=f"{profile.name}: {name} is at least "
                        f"{SHORTEST_WINDOW}")  # fmt: skip
    for name in parameters.unranked(profile):
        yield Unmet(rule="GU6", reason=f"{profile.name}: {getattr(profile, name)} is no {name}")
    for name in parameters.below_bounds(profile):
        bound = parameters.PARAMETERS[name].bound
        yield Unmet(rule="GU7", reason=f"{profile.name}: {name} falls short of {bound}")


EVENTS: Final[tuple[type[Body], ...]] = (GuidelineSetIssued,)
