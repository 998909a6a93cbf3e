"""Layers: who may add to the base set, for whom, for how long, and that nothing is taken away.

- LY1 The base set, the minimum of the quadrennial review, principles, criteria, templates and the
      gold standard are issued by an issuer whom the roots appointed, and whose grant is not
      limited to countries, goals or entities: who may issue for its own house does not thereby
      issue for all [R44, R53, R56].
- LY2 A set of layer 2 is for goals or entities, a national one for countries, and each reaches no
      further than the grant of its issuer; a base set reaches everyone [R64].
- LY3 A set of the quadrennial review has a last day, at most P4Y after its first [R56].
- LY4 A tailored set adds to a version in force that it names, and repeats no clause id of it;
      no other set tailors [R56, R57].
- LY5 A further layer makes parameters of the base stricter, or guards more, and nothing else
      [R57, R61].
- LY6 A set stays in its layer from version to version.

Where layers meet, the stricter demand and the milder protection count (``parameters.joined``).
Sources: R53, R56, R57, R61, R64; domain C2.7, C5; decision D4.31.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from verifier.rules import dates
from verifier.rules.authority.scope import Scope, widens
from verifier.rules.authority.state import grants
from verifier.rules.book import Book, Entry, Unmet
from verifier.rules.fields import VersionRef
from verifier.rules.guideline import parameters
from verifier.rules.guideline.state import (
    base_in_force,
    guideline_set,
    in_force,
    issuer,
    named,
    profile_of,
)

if TYPE_CHECKING:
    from verifier.rules.guideline.sets import GuidelineSetIssued

__all__ = ["unmet_issuer", "unmet_layer"]

QCPR_LASTS: Final = "P4Y"


def unmet_issuer(reach: Scope | None, entry: Entry, book: Book, rule: str) -> Iterator[Unmet]:
    """Yield, under a rule, that no grant of the author to issue guidelines reaches so far."""
    held = [*grants(entry.actor, issuer.name, entry, book)]
    able = [g for g in held if g.giver == "root"] if reach is None else held
    if held and all(_beyond(reach, grant.scope) for grant in able):
        yield Unmet(rule=rule, reason=f"it reaches further than the grant of {entry.actor}",
                    who=issuer.name)  # fmt: skip


def _beyond(reach: Scope | None, scope: Scope | None) -> bool:
    """Say whether a reach lies beyond a scope; where an issuer's subjects end is another matter."""
    return widens(reach, msgspec.structs.replace(scope, subjects=None) if scope else None)


def unmet_layer(issued: GuidelineSetIssued, entry: Entry, book: Book) -> Iterator[Unmet]:
    """Yield what is not met of LY1 to LY6."""
    reach, layer = issued.reach, issued.layer
    overall = layer in {"layer_1", "qcpr"}
    yield from unmet_issuer(None if overall else reach, entry, book, "LY1" if overall else "LY2")
    if not _fits(layer, reach):
        yield Unmet(rule="LY2", reason=f"a set of {layer} does not reach just this")
    yield from _unmet_end(issued)
    yield from _unmet_tailoring(issued, entry, book)
    yield from _unmet_changes(issued, entry, book)
    before = guideline_set(VersionRef(named(entry), issued.version - 1), book)
    if before is not None and before.layer != layer:
        yield Unmet(rule="LY6", reason=f"{named(entry)} is a set of {before.layer}")


def _fits(layer: str, reach: Scope | None) -> bool:
    if reach is not None and reach.subjects is not None:
        return False
    match layer:
        case "layer_1":
            return reach is None
        case "layer_2":
            return reach is not None and (reach.goals or reach.entities) is not None
        case "national":
            return reach is not None and reach.countries is not None
    return True


def _unmet_end(issued: GuidelineSetIssued) -> Iterator[Unmet]:
    if issued.layer != "qcpr" or not dates.is_day(issued.valid_from):
        return
    last = dates.add(dates.parse_day(issued.valid_from), QCPR_LASTS).isoformat()
    if issued.valid_until is None or issued.valid_until > last:
        yield Unmet(rule="LY3", reason=f"it counts until {last} at most",
                    hint="the next review sets the next minimum")  # fmt: skip


def _unmet_tailoring(issued: GuidelineSetIssued, entry: Entry, book: Book) -> Iterator[Unmet]:
    base = issued.tailors
    if (issued.layer == "tailored") != (base is not None):
        yield Unmet(rule="LY4", reason="a tailored set names what it adds to, and no other does")
    if base is None:
        return
    if base.set == named(entry) or in_force(base.set, dates.day_of(entry.at), book) != base:
        yield Unmet(rule="LY4", reason=f"{base.set} version {base.version} is not in force")
        return
    held = guideline_set(base, book)
    kept = {clause.id for clause in held.clauses} if held else set()
    for clause in issued.clauses:
        if clause.id in kept:
            yield Unmet(rule="LY4", reason=f"{clause.id} is a clause of {base.set}",
                        hint="tailoring adds and never replaces")  # fmt: skip


def _unmet_changes(issued: GuidelineSetIssued, entry: Entry, book: Book) -> Iterator[Unmet]:
    version = base_in_force(dates.day_of(entry.at), book)
    if issued.changes and (issued.layer == "layer_1" or version is None):
        yield Unmet(rule="LY5", reason="there is no base version in force to change")
        return
    for cells in issued.changes:
        base = profile_of(version, cells.profile, book) if version else None
        if base is None:
            yield Unmet(rule="LY5", reason=f"the base has no profile {cells.profile}")
            continue
        try:
            changed = parameters.changed(base, cells)
        except msgspec.ValidationError as error:
            yield Unmet(rule="LY5", reason=f"{cells.profile}: {error}")
            continue
        for name in parameters.weaker(base, changed):
            yield Unmet(rule="LY5", reason=f"{cells.profile}: {name} would be weaker")
