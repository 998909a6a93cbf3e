"""Principles: what is not negotiable. No event waives one, and no set tailors one.

- PN1 No principle stands twice in a version, and each derives from instruments on record (GU9).
      [R62]
- PN2 A version keeps every principle of the one before it: principles are added, none is dropped.
      [R14, R57]
- PN3 A set of principles has no last day.

There is no type that could waive a principle: a waiver names a clause of a guideline set (WV1), and
what tailors names a guideline set (LY4). Sources: R14, R53, R57, R95; decisions D2.14, D3.28.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from verifier.rules.book import Body, Book, Change, Entry, Subject, Unmet
from verifier.rules.fields import LocalId, Text, VersionRef
from verifier.rules.guideline.document import Document
from verifier.rules.guideline.layers import unmet_issuer
from verifier.rules.guideline.state import Issued, Lineage, instrument, issued, key_of, named

__all__ = ["EVENTS", "Principle", "PrincipleSet", "PrincipleSetIssued", "principles"]


class Principle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One principle: its id, its text, and where it comes from."""

    id: LocalId
    text: Text
    derived_from: Annotated[tuple[Lineage, ...], Meta(max_length=10)] = ()


class PrincipleSet(Issued, frozen=True, kw_only=True):
    """A version of a set of principles; the thing ``principles:<id>:<version>``."""

    principles: tuple[Principle, ...]


class PrincipleSetIssued(Document, frozen=True, kw_only=True):
    """A version of a set of principles is issued (GU1, GU2, GU11, LY1, PN1 to PN3)."""

    TYPE: ClassVar[str] = "PrincipleSetIssued/1"
    STREAM: ClassVar[str] = "guidelines/principles/*"
    MISSION: ClassVar[tuple[int, ...]] = (14, 53, 57, 95)

    principles: Annotated[tuple[Principle, ...], Meta(min_length=1, max_length=60)]

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of GU1, GU2, GU11, LY1 and PN1 to PN3."""
        yield from super().unmet(entry, book)
        yield from unmet_issuer(None, entry, book, "LY1")
        ids = {principle.id for principle in self.principles}
        if len(ids) < len(self.principles):
            yield Unmet(rule="PN1", reason="a principle stands twice")
        for principle in self.principles:
            for lineage in principle.derived_from:
                if instrument(lineage.instrument, book) is None:
                    yield Unmet(rule="PN1", reason=f"{lineage.instrument} is not on record",
                                hint="register the instrument first")  # fmt: skip
        before = principles(VersionRef(named(entry), self.version - 1), book)
        for kept in before.principles if before else ():
            if kept.id not in ids:
                yield Unmet(rule="PN2", reason=f"principle {kept.id} would be dropped")
        if self.valid_until is not None:
            yield Unmet(rule="PN3", reason="principles do not end")

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the version on record."""
        held = PrincipleSet(**self.head(entry), principles=self.principles)
        yield key_of("principles", held.ref), held


def principles(ref: VersionRef, book: Book) -> PrincipleSet | None:
    """Return a version of a set of principles."""
    return issued("principles", ref, PrincipleSet, book)


EVENTS: Final[tuple[type[Body], ...]] = (PrincipleSetIssued,)
