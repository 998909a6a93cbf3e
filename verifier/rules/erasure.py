"""Erasure of attachments: who had them erased, on which ground, by which authority.

- ER1 It names an event on record about the same subject, whose attachments they are.
- ER2 An attachment is erased once, and each stands once.
- ER3 While a removal case is open here nothing is erased but what it is unlawful to hold, so that
      no evidence disappears before it is weighed.
- ER4 The event that it names does refer to these attachments (whole log).

The record says that they were erased and why; the log stays whole, and the names in it are proof of
nothing any more. Our copy is deleted once this event is durable; of others' copies it says nothing.
Source: record format §6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from verifier.rules import dates
from verifier.rules.authority.state import role
from verifier.rules.book import Body, Book, Capacity, Change, Entry, Subject, Unmet
from verifier.rules.delisting.case import open_case
from verifier.rules.fields import Blob, EventRef, Symbol

__all__ = ["EVENTS", "UNLAWFUL", "Erased", "ErasureRecorded"]

UNLAWFUL: Final = ("unlawful_content", "court_order")


class Erased(msgspec.Struct, frozen=True):
    """An erased attachment; the thing ``erased:<name>`` of its subject."""

    ref: EventRef
    ground: str
    authority: str
    on: str


class ErasureRecorded(Body, frozen=True, kw_only=True):
    """The data protection officer has attachments erased (ER1 to ER3)."""

    TYPE: ClassVar[str] = "ErasureRecorded/1"
    STREAM: ClassVar[str] = "*/erasure/*"
    SIGNERS: ClassVar[tuple[Capacity, ...]] = (role("data_protection_officer"),)

    named_by: EventRef
    """The event that refers to them."""
    blobs: Annotated[tuple[Blob, ...], Meta(min_length=1, max_length=50)]
    ground: Literal[
        "request_of_the_person", "consent_withdrawn", "no_longer_needed", "published_in_error",
        "unlawful_content", "court_order",
    ]  # fmt: skip
    authority: Symbol
    """The decision, order or policy by which it is done."""

    def unmet(self, entry: Entry, book: Book) -> Iterator[Unmet]:
        """Yield what is not met of ER1 to ER3."""
        subject = book.subject(entry.event.subject)
        named = self.named_by
        head = subject.heads.get(named.stream)
        if head is None or named.seq > head.seq or (named.seq == head.seq and named.id != head.id):
            yield Unmet(rule="ER1", reason=f"no such event is on record about {subject.id}",
                        hint="name one that refers to them, about this subject")  # fmt: skip
        twice = len(set(self.blobs)) < len(self.blobs)
        if twice or any(_key(name) in subject.things for name in self.blobs):
            yield Unmet(rule="ER2", reason="one of them is erased already, or stands twice")
        if open_case(subject) is not None and self.ground not in UNLAWFUL:
            yield Unmet(rule="ER3", reason="a removal case is open here",
                        hint="wait for its end, or say why it is unlawful")  # fmt: skip

    def evolve(self, entry: Entry, subject: Subject, book: Book) -> Iterator[Change]:
        """Put the erasure of each on record."""
        erased = Erased(entry.ref, self.ground, self.authority, dates.day_text(entry.at))
        for name in self.blobs:
            yield _key(name), erased


def _key(name: bytes) -> str:
    return "erased:" + name.hex()


EVENTS: Final[tuple[type[Body], ...]] = (ErasureRecorded,)
