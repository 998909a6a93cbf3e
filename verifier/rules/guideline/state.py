"""What is known of guidelines, and which version of one is in force on a day.

A version never changes and never goes away; ``evolve`` may read one by its name.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from verifier.rules.authority.scope import Place, Scope
from verifier.rules.authority.state import office
from verifier.rules.book import Book, Entry
from verifier.rules.fields import Decimal, EventRef, Label, LocalId, Text, VersionRef
from verifier.rules.guideline import parameters
from verifier.rules.guideline.parameters import Cells, Profile

__all__ = [
    "GUIDELINES",
    "Base",
    "Clause",
    "GuidelineSet",
    "Instrument",
    "Issued",
    "Lineage",
    "applicable",
    "base_in_force",
    "guideline_set",
    "in_force",
    "instrument",
    "issued",
    "issuer",
    "key_of",
    "named",
    "profile_of",
    "profile_under",
]

GUIDELINES: Final = "guidelines"

T = TypeVar("T", bound="Issued")


class Lineage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a clause comes from: an instrument on record, and the paragraph of it."""

    instrument: LocalId
    paragraph: Label


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One clause of a guideline: its id, by which findings cite it, its text, and how it is met.

    ``checks`` names the numbered rules that check it; ``question`` is what is asked where no rule
    can tell, and ``burden_hours`` is the time that answering takes in a period.
    """

    id: LocalId
    text: Text
    checks: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Z]{2}[1-9][0-9]?\Z")], ...], Meta(max_length=20)
    ] = ()
    question: Text | None = None
    burden_hours: Decimal | None = None
    derived_from: Annotated[tuple[Lineage, ...], Meta(max_length=10)] = ()


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a document of this room, as it was issued. Days are ISO 8601."""

    ref: VersionRef
    event: EventRef
    mandate: str
    valid_from: str
    valid_until: str | None = None
    """The last day on which it counts, if it has one."""


class GuidelineSet(Issued, frozen=True, kw_only=True):
    """A version of a guideline set; the thing ``set:<id>:<version>``."""

    layer: str
    clauses: tuple[Clause, ...]
    profiles: tuple[Profile, ...] = ()
    """On a base set: every profile, with the overlays resolved."""
    reach: Scope = Scope()
    """Whom a further layer is for."""
    changes: tuple[Cells, ...] = ()
    """On a further layer: the parameters that it makes stricter."""


class Base(msgspec.Struct, frozen=True):
    """Which set is the base set (GU4)."""

    set: str


class Instrument(msgspec.Struct, frozen=True):
    """An instrument that guidelines build on; the thing ``instrument:<id>``."""

    ref: EventRef
    symbol: str
    adopted: str
    supersedes: str | None = None


def key_of(kind: str, ref: VersionRef) -> str:
    """Return the key of a version's thing; ``kind`` is the segment of its stream."""
    return f"{kind}:{ref.set}:{ref.version}"


def named(entry: Entry) -> str:
    """Return the id of the document that an event's stream holds."""
    return entry.event.stream.rpartition("/")[2]


def issued(kind: str, ref: VersionRef, of: type[T], book: Book) -> T | None:
    """Return a version of a document; it never changes, so ``evolve`` may read it by name."""
    return book.thing(GUIDELINES, key_of(kind, ref), of)


def guideline_set(ref: VersionRef, book: Book) -> GuidelineSet | None:
    """Return a version of a guideline set."""
    return issued("set", ref, GuidelineSet, book)


def instrument(name: str, book: Book) -> Instrument | None:
    """Return an instrument on record, or nothing."""
    return book.thing(GUIDELINES, f"instrument:{name}", Instrument)


def in_force(name: str, day: date, book: Book, *, kind: str = "set") -> VersionRef | None:
    """Return the version of a document that is in force on a day, or nothing."""
    subject = book.subject(GUIDELINES)
    head, wanted = subject.heads.get(f"{GUIDELINES}/{kind}/{name}"), day.isoformat()
    for version in range(head.seq + 1 if head else 0, 0, -1):
        found: Issued | None = subject.things.get(key_of(kind, VersionRef(name, version)))
        if found is not None and found.valid_from <= wanted:
            ended = found.valid_until is not None and found.valid_until < wanted
            return None if ended else found.ref
    return None


def base_in_force(day: date, book: Book) -> VersionRef | None:
    """Return the version of the base set that is in force on a day, or nothing (GU4)."""
    base = book.thing(GUIDELINES, "base", Base)
    return None if base is None else in_force(base.set, day, book)


def profile_of(ref: VersionRef, name: str, book: Book) -> Profile | None:
    """Return a profile of a version by its name, or nothing."""
    found = guideline_set(ref, book)
    return next((p for p in found.profiles if p.name == name), None) if found else None


def applicable(place: Place, day: date, book: Book) -> tuple[VersionRef, ...]:
    """Return the further layers in force that reach a place, in order of their ids.

    A layer for countries reaches what lies within them altogether; one for goals or entities, what
    has part in one of them.
    """
    found: list[VersionRef] = []
    for stream in book.subject(GUIDELINES).heads:
        kind, _, name = stream.partition("/")[2].partition("/")
        ref = in_force(name, day, book) if kind == "set" else None
        held = guideline_set(ref, book) if ref else None
        if held is not None and held.layer != "layer_1" and _reaches(held.reach, place):
            found.append(held.ref)
    return tuple(sorted(found, key=lambda ref: ref.set))


def _reaches(reach: Scope, place: Place) -> bool:
    countries, goals, entities = reach.countries, reach.goals, reach.entities
    return (
        (countries is None or (bool(place.countries) and set(place.countries) <= set(countries)))
        and (goals is None or not set(goals).isdisjoint(place.goals))
        and (entities is None or not set(entities).isdisjoint(place.entities))
    )


def profile_under(
    ref: VersionRef, further: tuple[VersionRef, ...], name: str, book: Book
) -> Profile | None:
    """Return a profile of a base version with all that further layers make stricter."""
    base = profile_of(ref, name, book)
    if base is None or not further:
        return base
    held = (guideline_set(layer, book) for layer in further)
    return _under(base, tuple(c for layer in held if layer for c in layer.changes))


@lru_cache(maxsize=512)
def _under(base: Profile, changes: tuple[Cells, ...]) -> Profile:
    for cells in changes:
        if cells.profile == base.name:
            base = parameters.joined(base, parameters.changed(base, cells))
    return base


issuer: Final = office("guideline_issuer")
"""Whoever issues guidelines; how far a scope reaches is the room's own rule (LY1, LY2)."""
