"""What is known of guideline sets, and which version of one is in force on a day.

A version never changes and never goes away; ``evolve`` may read one by its name.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from verifier.rules.book import Book
from verifier.rules.fields import LocalId, Text, VersionRef
from verifier.rules.guideline.parameters import Profile

__all__ = [
    "GUIDELINES",
    "Base",
    "Clause",
    "GuidelineSet",
    "base_in_force",
    "guideline_set",
    "in_force",
    "key_of",
    "profile_of",
]

GUIDELINES: Final = "guidelines"


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One clause of a guideline: its id, by which findings cite it, and its text."""

    id: LocalId
    text: Text


class GuidelineSet(msgspec.Struct, frozen=True):
    """A version of a guideline set, as it was issued."""

    ref: VersionRef
    layer: str
    mandate: str
    valid_from: str
    clauses: tuple[Clause, ...]
    profiles: tuple[Profile, ...]


class Base(msgspec.Struct, frozen=True):
    """Which set is the base set (GU4)."""

    set: str


def key_of(ref: VersionRef) -> str:
    """Return the key of a version's thing."""
    return f"set:{ref.set}:{ref.version}"


def guideline_set(ref: VersionRef, book: Book) -> GuidelineSet | None:
    """Return a version of a guideline set; it never changes, so ``evolve`` may read it by name."""
    return book.thing(GUIDELINES, key_of(ref), GuidelineSet)


def in_force(set_id: str, day: date, book: Book) -> VersionRef | None:
    """Return the version of a set that is in force on a day, or nothing."""
    head = book.subject(GUIDELINES).heads.get(f"{GUIDELINES}/set/{set_id}")
    wanted = day.isoformat()
    for version in range(head.seq + 1 if head else 0, 0, -1):
        found = guideline_set(VersionRef(set_id, version), book)
        if found is not None and found.valid_from <= wanted:
            return found.ref
    return None


def base_in_force(day: date, book: Book) -> VersionRef | None:
    """Return the version of the base set that is in force on a day, or nothing (GU4)."""
    base = book.thing(GUIDELINES, "base", Base)
    return None if base is None else in_force(base.set, day, book)


def profile_of(ref: VersionRef, name: str, book: Book) -> Profile | None:
    """Return a profile of a version by its name, or nothing."""
    found = guideline_set(ref, book)
    return next((p for p in found.profiles if p.name == name), None) if found else None
